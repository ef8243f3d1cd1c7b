//! Replays against a simulator that scans everything, and what holds for every replay.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use vmpack_cluster::{Measure, Scale};
use vmpack_model::packing::Instance;
use vmpack_sim::arrivals::policy::{POLICIES, Setting, named};
use vmpack_sim::arrivals::{
    Admission, Arrival, Demand, Fleet, Kind, Outcome, Predictor, Replay, What,
};

/// What happened, in order: time, VM, what.
type Log = Vec<(u64, u64, What)>;

const RESOURCES: usize = 2;

fn demand(cpu: u64, memory: u64) -> Demand {
    [cpu, memory, 0, 0, 0]
}

fn replay(
    policy: &str,
    fleet: &Fleet,
    trace: &[Arrival],
    end: Option<u64>,
    sigma: f64,
) -> (Outcome, Log) {
    replay_admitting(policy, fleet, trace, end, sigma, Admission::Reject)
}

fn replay_admitting(
    policy: &str,
    fleet: &Fleet,
    trace: &[Arrival],
    end: Option<u64>,
    sigma: f64,
    admission: Admission,
) -> (Outcome, Log) {
    let mut log = Log::new();
    let predictor = Predictor::new(sigma, 3);
    let least = std::array::from_fn(|k| {
        trace.iter().map(|arrival| arrival.demand[k]).min().unwrap_or_default()
    });
    let setting =
        Setting { fleet, least: &least, predictor: &predictor, ticks_per_day: 1000, seed: 5 };
    let policy = (named(policy).unwrap().build)(setting);
    let mut replay = Replay::new(fleet, policy, predictor.clone(), end)
        .admitting(admission)
        .watched(|event| log.push((event.time, event.vm.id, event.what)));
    for arrival in trace {
        replay.arrive(arrival);
    }
    (replay.finish(), log)
}

/// Hosts of two kinds and VMs that come in order of time; small numbers, so that ties abound.
fn worlds() -> impl Strategy<Value = (Fleet, Vec<Arrival>, Option<u64>)> {
    let kind = (1_usize..4, 1_u64..12, 1_u64..12)
        .prop_map(|(count, cpu, memory)| Kind { count, capacity: demand(cpu, memory) });
    let fleet = prop::collection::vec(kind, 1..3).prop_map(|kinds| Fleet::new(kinds, RESOURCES));
    let vm = (0_u64..4, 0_u64..7, 0_u64..7, prop::option::weighted(0.9, 0_u64..20));
    let trace = prop::collection::vec(vm, 0..60).prop_map(|vms| {
        let mut time = 0;
        let arrive = |(gap, cpu, memory, lifetime): (u64, u64, u64, Option<u64>)| {
            time += gap / 2;
            let end = lifetime.map(|lifetime| time + lifetime);
            Arrival { time, end, demand: demand(cpu, memory) }
        };
        vms.into_iter().map(arrive).collect::<Vec<_>>()
    });
    (fleet, trace, prop::option::of(0_u64..40)).prop_map(|(fleet, trace, end)| {
        let last = trace.last().map_or(0, |arrival| arrival.time);
        (fleet, trace, end.map(|end| last + end))
    })
}

/// When a VM leaves, if before the trace ends.
fn leaves(arrival: &Arrival, end: Option<u64>) -> Option<u64> {
    arrival.end.filter(|&at| end.is_none_or(|end| at <= end))
}

/// The rule by name, as a scan: the greatest key wins, the first of equals.
fn scan(
    policy: &str,
    fleet: &Fleet,
    free: &[Vec<u64>],
    on: &[usize],
    vm: &Arrival,
) -> Option<usize> {
    let fits = |&host: &usize| free[host].iter().zip(&vm.demand).all(|(f, d)| f >= d);
    let largest = fleet.largest();
    let scale = Scale::new(&Instance::identical_hosts("", &largest, &[]).unwrap());
    let left = |host: usize| scale.measure(Measure::L2, &free[host]);
    let key = |host: usize| -> u128 {
        match policy {
            "first-fit" => 0,
            "best-fit" => u128::MAX - left(host),
            "worst-fit" => left(host),
            "dot-product" => (0..RESOURCES)
                .map(|k| {
                    u128::from(scale.fraction(k, vm.demand[k]))
                        * u128::from(scale.fraction(k, free[host][k]))
                })
                .sum(),
            _ => panic!("no scan of {policy}"),
        }
    };
    let mut best: Option<usize> = None;
    for host in on.iter().copied().filter(|host| fits(host)) {
        if best.is_none_or(|best| key(host) > key(best)) {
            best = Some(host);
        }
    }
    best
}

/// The least number of hosts by volume, and by dual feasible functions where all hosts are equal.
fn needed(sizes: &[u64], mut capacities: Vec<u64>) -> usize {
    capacities.sort_unstable();
    let load: u64 = sizes.iter().sum();
    let mut held = 0;
    let by_volume = capacities.iter().rev().take_while(|&&capacity| {
        let more = held < load;
        held += capacity;
        more
    });
    let by_volume = by_volume.count();
    let c = capacities[0];
    if capacities.iter().any(|&other| other != c) {
        return by_volume;
    }
    let by_function = (1..=3).map(|k: u64| {
        let share = |x: u64| {
            // Of k c.
            if ((k + 1) * x).is_multiple_of(c) { k * x } else { (k + 1) * x / c * c }
        };
        sizes.iter().map(|&x| share(x)).sum::<u64>().div_ceil(k * c) as usize
    });
    by_function.max().unwrap().max(by_volume)
}

/// The whole simulation by scans, one tick after the other, with the bound as the definition says.
fn oracle(policy: &str, fleet: &Fleet, trace: &[Arrival], end: Option<u64>) -> (Outcome, Log) {
    let mut free: Vec<Vec<u64>> = fleet.capacities().map(<[u64]>::to_vec).collect();
    let capacity = free.clone();
    let mut on_host: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut log, mut outcome) = (Log::new(), Outcome::default());
    let last_event = trace.iter().map(|vm| leaves(vm, end).unwrap_or(vm.time)).max().unwrap_or(0);
    let last = end.unwrap_or(0).max(last_event);
    let mut ticks = Vec::new();
    for now in 0..=last {
        // Those that came before leave; then some come; then those leave that came just now.
        for round in 0..2 {
            for (id, vm) in trace.iter().enumerate() {
                if leaves(vm, end) == Some(now)
                    && let Some(host) = on_host.remove(&id)
                {
                    free[host].iter_mut().zip(&vm.demand).for_each(|(f, d)| *f += d);
                    log.push((now, id as u64, What::Left(host)));
                    outcome.departures += 1;
                }
            }
            for (id, vm) in trace.iter().enumerate().filter(|(_, vm)| round == 0 && vm.time == now)
            {
                outcome.arrivals += 1;
                let on: Vec<usize> =
                    (0..free.len()).filter(|host| on_host.values().any(|on| on == host)).collect();
                let off = (0..free.len()).filter(|host| !on.contains(host));
                let host = scan(policy, fleet, &free, &on, vm).or_else(|| {
                    off.into_iter().find(|&h| free[h].iter().zip(&vm.demand).all(|(f, d)| f >= d))
                });
                if let Some(host) = host {
                    on_host.insert(id, host);
                    free[host].iter_mut().zip(&vm.demand).for_each(|(f, d)| *f -= d);
                } else {
                    outcome.rejected += 1;
                }
                log.push((now, id as u64, host.map_or(What::Rejected, What::Placed)));
                let mut on: Vec<usize> = on_host.values().copied().collect();
                on.sort_unstable();
                on.dedup();
                outcome.peak_hosts = outcome.peak_hosts.max(on.len() as u64);
            }
        }
        let hosts_on = (0..free.len()).filter(|host| on_host.values().any(|on| on == host)).count();
        let needed = (0..RESOURCES).map(|k| {
            let sizes: Vec<u64> = on_host.keys().map(|&id| trace[id].demand[k]).collect();
            needed(&sizes, capacity.iter().map(|capacity| capacity[k]).collect())
        });
        let needed = needed.max().unwrap();
        ticks.push((hosts_on, needed));
    }
    // Whom nobody had room for does not prolong the trace.
    let last = log.last().map_or(0, |&(time, ..)| time).max(end.unwrap_or(0));
    for &(hosts_on, needed) in &ticks[..last as usize] {
        outcome.server_time += hosts_on as u128;
        outcome.server_time_lower_bound += needed as u128;
        outcome.peak_hosts_lower_bound = outcome.peak_hosts_lower_bound.max(needed as u64);
    }
    (outcome, log)
}

/// Follows a log with its own books: every VM once, no host beyond its capacity, nobody left behind; the outcome again.
fn audit(fleet: &Fleet, trace: &[Arrival], end: Option<u64>, log: &Log) -> Outcome {
    let capacity: Vec<&[u64]> = fleet.capacities().collect();
    let mut used = vec![[0_u64; RESOURCES]; fleet.len()];
    let mut place: BTreeMap<u64, usize> = BTreeMap::new();
    let mut since: BTreeMap<usize, u64> = BTreeMap::new();
    let mut outcome = Outcome::default();
    let mut seen = vec![false; trace.len()];
    let mut now = 0;
    for &(time, id, what) in log {
        assert!(time >= now, "time goes on");
        now = time;
        let vm = &trace[id as usize];
        match what {
            What::Placed(host) => {
                assert!(!std::mem::replace(&mut seen[id as usize], true), "VM {id} comes once");
                assert_eq!(time, vm.time);
                outcome.arrivals += 1;
                place.insert(id, host);
                since.entry(host).or_insert(time);
                for k in 0..RESOURCES {
                    used[host][k] += vm.demand[k];
                    assert!(used[host][k] <= capacity[host][k], "host {host} is full");
                }
                outcome.peak_hosts = outcome.peak_hosts.max(since.len() as u64);
            }
            What::Rejected => {
                assert!(!std::mem::replace(&mut seen[id as usize], true), "VM {id} comes once");
                outcome.arrivals += 1;
                outcome.rejected += 1;
                // Rejected only if nobody has room.
                let room = |host: usize| {
                    (0..RESOURCES).all(|k| used[host][k] + vm.demand[k] <= capacity[host][k])
                };
                assert!(!(0..fleet.len()).any(room), "VM {id} had room");
            }
            What::Waits => panic!("nobody waits unless that is asked for"),
            What::Left(host) => {
                assert_eq!(place.remove(&id), Some(host), "VM {id} leaves where it was");
                assert_eq!(Some(time), vm.end);
                outcome.departures += 1;
                (0..RESOURCES).for_each(|k| used[host][k] -= vm.demand[k]);
                if !place.values().any(|&other| other == host) {
                    outcome.server_time += u128::from(time - since.remove(&host).unwrap());
                }
            }
        }
    }
    assert!(seen.iter().all(|&seen| seen), "every VM came");
    for id in place.keys() {
        assert_eq!(leaves(&trace[*id as usize], end), None, "VM {id} stays to the end");
    }
    let last = now.max(end.unwrap_or(0));
    outcome.server_time += since.values().map(|&since| u128::from(last - since)).sum::<u128>();
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn indexed_replays_equal_scans((fleet, trace, end) in worlds()) {
        for policy in ["first-fit", "best-fit", "worst-fit", "dot-product"] {
            let (outcome, log) = replay(policy, &fleet, &trace, end, 0.0);
            let (expected, expected_log) = oracle(policy, &fleet, &trace, end);
            prop_assert_eq!(log, expected_log, "{}", policy);
            prop_assert_eq!(outcome, expected, "{}", policy);
        }
    }

    #[test]
    fn every_replay_keeps_its_books((fleet, trace, end) in worlds(), sigma in 0.0..3.0_f64) {
        for policy in POLICIES {
            let (outcome, log) = replay(policy.name, &fleet, &trace, end, sigma);
            let audited = audit(&fleet, &trace, end, &log);
            prop_assert!(outcome.server_time_lower_bound <= outcome.server_time);
            prop_assert!(outcome.peak_hosts_lower_bound <= outcome.peak_hosts);
            let expected = Outcome {
                server_time_lower_bound: outcome.server_time_lower_bound,
                peak_hosts_lower_bound: outcome.peak_hosts_lower_bound,
                ..audited
            };
            prop_assert_eq!(&outcome, &expected, "{}", policy.name);
            let again = replay(policy.name, &fleet, &trace, end, sigma);
            prop_assert_eq!((outcome, log), again, "{} twice", policy.name);
        }
    }

    /// A finer clock changes nothing but the unit.
    #[test]
    fn time_has_no_step((fleet, trace, end) in worlds(), factor in 2_u64..50) {
        let stretched: Vec<Arrival> = trace
            .iter()
            .map(|vm| Arrival {
                time: vm.time * factor,
                end: vm.end.map(|end| end * factor),
                ..*vm
            })
            .collect();
        for policy in POLICIES {
            let (outcome, log) = replay(policy.name, &fleet, &trace, end, 0.0);
            let end = end.map(|end| end * factor);
            let (fine, fine_log) = replay(policy.name, &fleet, &stretched, end, 0.0);
            let times = |log: Log, by: u64| -> Log {
                log.into_iter().map(|(time, id, what)| (time * by, id, what)).collect()
            };
            prop_assert_eq!(times(log, factor), fine_log);
            let factor = u128::from(factor);
            prop_assert_eq!(outcome.server_time * factor, fine.server_time);
            prop_assert_eq!(outcome.server_time_lower_bound * factor, fine.server_time_lower_bound);
        }
    }
}

fn one_kind(count: usize) -> Fleet {
    Fleet::new(vec![Kind { count, capacity: demand(10, 10) }], RESOURCES)
}

fn vm(time: u64, end: u64, cpu: u64) -> Arrival {
    Arrival { time, end: Some(end), demand: demand(cpu, 1) }
}

/// The hosts of the VMs, by number.
fn hosts(log: &Log) -> Vec<Option<usize>> {
    let mut hosts: Vec<(u64, Option<usize>)> = log
        .iter()
        .filter_map(|&(_, id, what)| match what {
            What::Placed(host) => Some((id, Some(host))),
            What::Rejected => Some((id, None)),
            What::Left(_) | What::Waits => None,
        })
        .collect();
    hosts.sort_unstable();
    hosts.into_iter().map(|(_, host)| host).collect()
}

#[test]
fn a_schedule_worked_by_hand() {
    let trace =
        [vm(0, 10, 6), vm(1, 100, 6), vm(2, 90, 3), vm(3, 8, 3), vm(10, 20, 9), vm(10, 12, 9)];
    let fleet = one_kind(3);
    // First fit keeps host 0 on with the small VM that lives to 90.
    let (outcome, log) = replay("first-fit", &fleet, &trace, None, 0.0);
    assert_eq!(hosts(&log), [Some(0), Some(1), Some(0), Some(1), Some(2), None]);
    assert_eq!(outcome.server_time, 90 + 99 + 10);
    assert_eq!((outcome.rejected, outcome.peak_hosts), (1, 3));
    assert_eq!(outcome.events(), 11);
    // Load: 6 until 1, 12, 15, 18 until 8, 15 until 10, then 18 until 20, 9 until 90, 6 until 100.
    assert_eq!(outcome.server_time_lower_bound, 1 + 2 * 19 + 80);
    // By lifetime the small VM goes where a host outlives it, and host 0 serves both large ones.
    let (outcome, log) = replay("lifetime", &fleet, &trace, None, 0.0);
    assert_eq!(hosts(&log), [Some(0), Some(1), Some(1), Some(0), Some(0), Some(2)]);
    assert_eq!(outcome.server_time, 20 + 99 + 2);
}

#[test]
fn rules_differ_where_they_should() {
    // Hosts 0 and 1 get 7 and 5 cores, then the VM of 2 cores.
    let trace = [vm(0, 9, 7), vm(1, 9, 5), vm(2, 9, 2), vm(3, 9, 1)];
    let last = |policy| hosts(&replay(policy, &one_kind(2), &trace, None, 0.0).1)[2];
    assert_eq!(last("first-fit"), Some(0));
    assert_eq!(last("best-fit"), Some(0));
    assert_eq!(last("worst-fit"), Some(1));
    assert_eq!(last("dot-product"), Some(1));
    assert_eq!(last("next-fit"), Some(1));
}

/// Who stays has nothing to do with whether the end is given by the trace or reached.
#[test]
fn vms_that_stay_count_to_the_end() {
    let stay = Arrival { time: 5, end: None, demand: demand(1, 1) };
    let late = vm(7, 50, 1);
    let fleet = one_kind(1);
    let (outcome, _) = replay("first-fit", &fleet, &[stay, late], Some(40), 0.0);
    assert_eq!((outcome.server_time, outcome.departures), (35, 0));
    let (outcome, _) = replay("first-fit", &fleet, &[stay, late], None, 0.0);
    assert_eq!((outcome.server_time, outcome.departures), (45, 1));
}

/// Memory is bounded by the VMs that live at once, not by events.
#[test]
fn long_traces_reuse_their_slots() {
    let fleet = one_kind(2);
    let predictor = Predictor::new(0.0, 0);
    let least = demand(1, 1);
    let setting =
        Setting { fleet: &fleet, least: &least, predictor: &predictor, ticks_per_day: 1, seed: 0 };
    let policy = (named("first-fit").unwrap().build)(setting);
    let mut replay = Replay::new(&fleet, policy, predictor.clone(), None);
    for time in 0..200_000 {
        replay.arrive(&vm(time, time + 7, 1));
    }
    assert_eq!(replay.slots(), 7);
    let outcome = replay.finish();
    assert_eq!((outcome.events(), outcome.rejected), (400_000, 0));
}

#[test]
fn queues_worked_by_hand() {
    // One host of 10 cores: 6 until 10; then 6 that wait, 3 that would fit, 3 more, and one that never fits.
    let trace = [vm(0, 10, 6), vm(1, 5, 6), vm(2, 30, 3), vm(3, 13, 3), vm(4, 9, 11)];
    let starts = |admission| {
        let (outcome, log) =
            replay_admitting("first-fit", &one_kind(1), &trace, None, 0.0, admission);
        let mut starts = [None; 5];
        for (time, id, what) in log {
            if matches!(what, What::Placed(_)) {
                starts[id as usize] = Some(time);
            }
        }
        assert_eq!((outcome.rejected, outcome.still_waiting), (1, 0));
        (starts, outcome)
    };
    let (fcfs, outcome) = starts(Admission::Fcfs);
    // The second is let in at 10 and the third with it; the fourth waits for the second, which lives 4.
    assert_eq!(fcfs, [Some(0), Some(10), Some(10), Some(14), None]);
    assert_eq!((outcome.waited, outcome.waiting_time, outcome.longest_wait), (3, 9 + 8 + 11, 11));
    assert_eq!(outcome.server_time, 38, "the third lives 28 from 10 on");
    let (backfill, outcome) = starts(Admission::Backfill);
    // The third goes ahead; the fourth waits behind the second, which is let in at 10.
    assert_eq!(backfill, [Some(0), Some(10), Some(2), Some(14), None]);
    assert_eq!((outcome.waited, outcome.waiting_time), (2, 9 + 11));
}

/// Poisson arrivals, exponential lifetimes, one at a time: the mean wait of M/M/1 is `rho / (mu - lambda)`.
#[test]
fn waits_are_those_of_a_single_server() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
    let mut generator = ChaCha8Rng::seed_from_u64(11);
    let mut exponential = |mean: f64| {
        let unit = (generator.next_u64() >> 11) as f64 + 0.5;
        -mean * libm::log(unit / (1_u64 << 53) as f64)
    };
    let (mut clock, mut trace) = (0.0, Vec::new());
    for _ in 0..400_000 {
        clock += exponential(2000.0);
        let time = clock as u64;
        trace.push(vm(time, time + exponential(1000.0) as u64, 10));
    }
    let (outcome, _) =
        replay_admitting("first-fit", &one_kind(1), &trace, None, 0.0, Admission::Fcfs);
    let mean = outcome.waiting_time as f64 / trace.len() as f64;
    assert!((mean / 1000.0 - 1.0).abs() < 0.03, "{mean}");
    // Whoever comes finds the server in use half of the time.
    let waited = outcome.waited as f64 / trace.len() as f64;
    assert!((waited - 0.5).abs() < 0.01, "{waited}");
}

proptest! {
    /// Nobody is lost in a queue, nobody overtakes in one of first come, first served, hosts are never overfull.
    #[test]
    fn queues_keep_their_books((fleet, trace, end) in worlds(), sigma in 0.0..2.0_f64) {
        for admission in [Admission::Fcfs, Admission::Backfill] {
            for policy in POLICIES {
                let (outcome, log) =
                    replay_admitting(policy.name, &fleet, &trace, end, sigma, admission);
                let capacity: Vec<&[u64]> = fleet.capacities().collect();
                let mut used = vec![[0; RESOURCES]; fleet.len()];
                let (mut started, mut left, mut rejected) = (BTreeMap::new(), 0, 0);
                let mut waits: Vec<u64> = Vec::new();
                for (at, &(time, id, what)) in log.iter().enumerate() {
                    let vm = &trace[id as usize];
                    match what {
                        What::Placed(host) => {
                            prop_assert!(started.insert(id, time).is_none());
                            for k in 0..RESOURCES {
                                used[host][k] += vm.demand[k];
                                prop_assert!(used[host][k] <= capacity[host][k]);
                            }
                            if admission == Admission::Fcfs && !waits.is_empty() {
                                prop_assert_eq!(waits[0], id, "the first that waits comes first");
                            }
                            waits.retain(|&other| other != id);
                        }
                        What::Waits => waits.push(id),
                        What::Rejected => {
                            let holds = |c: &&[u64]| c.iter().zip(&vm.demand).all(|(c, d)| c >= d);
                            prop_assert!(!capacity.iter().any(holds));
                            rejected += 1;
                        }
                        What::Left(host) => {
                            let lived = vm.end.unwrap() - vm.time;
                            prop_assert_eq!(time - started[&id], lived, "its whole life");
                            (0..RESOURCES).for_each(|k| used[host][k] -= vm.demand[k]);
                            left += 1;
                        }
                    }
                    if log.get(at + 1).is_some_and(|&(next, ..)| next == time) {
                        continue;
                    }
                    // Nobody waits for nothing: the first has no room, and under backfilling nobody has.
                    let tried = if admission == Admission::Fcfs { 1 } else { waits.len() };
                    for id in waits.iter().take(tried) {
                        let demand = &trace[*id as usize].demand;
                        let room = |host: usize| {
                            (0..RESOURCES).all(|k| used[host][k] + demand[k] <= capacity[host][k])
                        };
                        prop_assert!(!(0..fleet.len()).any(room), "VM {} had room", id);
                    }
                }
                prop_assert_eq!(outcome.departures, left);
                prop_assert_eq!(outcome.still_waiting, waits.len() as u64);
                prop_assert_eq!(outcome.rejected, rejected);
                prop_assert_eq!(started.len() + waits.len() + rejected as usize, trace.len());
                let waited = |(&id, &time): (&u64, &u64)| u128::from(time - trace[id as usize].time);
                prop_assert_eq!(outcome.waiting_time, started.iter().map(waited).sum::<u128>());
                prop_assert!(outcome.server_time_lower_bound <= outcome.server_time);
            }
        }
    }
}

/// The same result on any number of threads.
#[test]
fn threads_change_nothing() {
    use rayon::prelude::*;
    let trace: Vec<Arrival> =
        (0..3000_u64).map(|i| vm(i / 7, i / 7 + 1 + i * i % 97, 1 + i * 31 % 6)).collect();
    let cells: Vec<(&str, f64)> = POLICIES
        .iter()
        .flat_map(|policy| [0.0, 0.5, 3.0].map(|sigma| (policy.name, sigma)))
        .collect();
    let run = |&(policy, sigma): &(&str, f64)| replay(policy, &one_kind(400), &trace, None, sigma);
    let alone: Vec<_> = cells.iter().map(run).collect();
    let together: Vec<_> = cells.par_iter().map(run).collect();
    assert!(alone == together);
}
