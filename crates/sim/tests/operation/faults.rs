//! Failures, their detection and recovery, in a cluster in operation.

use proptest::prelude::*;
use vmpack_sim::arrivals::Admission;
use vmpack_sim::faults::{
    Chronicle, Detection, Detector, Failures, Incidents, Outcome, Process, Recovery,
    RecoveryPolicy, Scope, Spare, Watchdog,
};
use vmpack_sim::operation::{
    Action, Allotment, Event, Hosts, Incident, Ledger, Setting, Time, Totals, Vm, What,
};

use crate::support::{Log, MINUTE, Script, demand, engine, hosts};

const DAY: Time = 24 * 60 * MINUTE;

/// How a cluster fails and is looked after.
struct Care<'a> {
    detector: &'a str,
    recovery: &'a str,
    spare: Option<Scope>,
    setting: Setting,
}

impl Care<'_> {
    /// Runs a cluster, all hosts kept at their number, under incidents.
    fn run(
        &self,
        hosts: &Hosts,
        vms: &[Vm],
        incidents: impl Iterator<Item = (Time, Incident)> + Clone,
    ) -> (Outcome, Totals, Vec<Event>) {
        let detector = Detector::parse(self.detector).expect("a detector");
        let policy = RecoveryPolicy::parse(self.recovery).expect("a policy");
        let end = self.setting.end;
        let detection = Detection::new(incidents.clone(), hosts.len(), detector, 5, end);
        let every = (end <= DAY).then_some(10 * MINUTE);
        let mut chronicle =
            Chronicle::new(hosts, vms.len(), Scope::Hosts(1), every).expect("one is left");
        let (mut ledger, mut log) = (Ledger::default(), Log::default());
        let spare = self.spare.map(|scope| Spare::new(hosts, scope).expect("few cases"));
        let mut watcher = spare.clone();
        let mut engine = engine(self.setting, hosts, vms)
            .struck(Box::new(Incidents::new(incidents)))
            .controlled(Box::new(Watchdog::new(detection)))
            .controlled(Box::new(Recovery::new(policy)))
            .observed(&mut ledger)
            .observed(&mut log)
            .observed(&mut chronicle);
        if let (Some(guard), Some(watcher)) = (spare, &mut watcher) {
            engine = engine.guarded(Box::new(guard)).observed(watcher);
        }
        engine.run();
        (chronicle.outcome(end), *ledger.totals(), log.0)
    }
}

fn drawn(failures: &str, hosts: &Hosts, seed: u64) -> Process {
    let racks: Vec<u32> = hosts.all().iter().map(|host| host.rack).collect();
    Process::new(&Failures::parse(failures).expect("failures"), &racks, seed)
}

fn steady(count: usize, cpu: u64) -> Vec<Vm> {
    (0..count).map(|vm| Vm::steady(format!("{vm}"), 0, None, demand(cpu, 100))).collect()
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected}");
}

#[test]
fn a_vm_that_waits_is_up_as_long_as_its_host() {
    let hosts = hosts(1, 1000, 4096);
    let end = 20_000 * DAY;
    for (failures, up) in [
        ("host:up=exponential:1d,down=exponential:2h", 24.0 / 26.0),
        ("host:up=weibull:1d:0.7,down=log-normal:2h:1", 24.0 / 26.0),
        ("rack:up=exponential:1d,down=fixed:2h", 24.0 / 26.0),
    ] {
        let care = Care {
            detector: "timeout:after=10s",
            recovery: "wait",
            spare: None,
            setting: Setting::until(end),
        };
        let (outcome, totals, _) = care.run(&hosts, &steady(1, 500), drawn(failures, &hosts, 3));
        // 18,500 cycles: one standard deviation is 0.0013 at most.
        close(outcome.availability(), up, 0.006);
        close(outcome.availability(), totals.availability(), 1e-12);
        close(outcome.repair.mean / 3.6e6, 2.0, 0.12);
        close(outcome.time_between_failures().expect("it failed") / DAY as f64, 1.0, 0.05);
        assert_eq!((outcome.vms, outcome.lost, outcome.fenced), (1, 0, 0));
        assert_eq!(outcome.mistakes, 0);
        assert!(outcome.failures > 18_000 && outcome.noticed + 1 >= outcome.failures);
        assert!(outcome.detection.max <= 10_001.0 && outcome.detection.p50 > 9000.0);
    }
}

#[test]
fn a_restart_takes_detection_fence_and_boot() {
    let hosts = hosts(2, 1000, 4096);
    let setting = Setting { vm_boot: 20_000, ..Setting::until(60 * MINUTE) };
    let care =
        Care { detector: "timeout:after=10s", recovery: "restart:fence=30s", spare: None, setting };
    let incidents =
        [(10 * MINUTE, Incident::Fail { host: 0 }), (50 * MINUTE, Incident::Repair { host: 0 })];
    let (outcome, _, events) = care.run(&hosts, &steady(1, 500), incidents.into_iter());
    let at = |wanted: fn(&What) -> bool| {
        let event = events.iter().find(|event| wanted(&event.what));
        event.map(|event| event.time).expect("it happened")
    };
    let suspected = at(|what| matches!(what, What::Suspected { .. }));
    assert!((10 * MINUTE + 9000..10 * MINUTE + 10_002).contains(&suspected), "{suspected}");
    assert_eq!(at(|what| matches!(what, What::Fenced { .. })), suspected + 30_000);
    assert_eq!(at(|what| matches!(what, What::Restarted { host: 1, .. })), suspected + 30_000);
    assert_eq!(at(|what| matches!(what, What::VmUp { .. })), suspected + 50_000);
    let delay = (suspected - 10 * MINUTE) as f64;
    close(outcome.detection.mean, delay, 0.0);
    close(outcome.recovery.mean, delay + 50_000.0, 0.0);
    close(outcome.downtime as f64, delay + 50_000.0, 0.0);
    assert_eq!((outcome.fenced, outcome.fenced_sound, outcome.ended_down), (1, 0, 0));
    close(outcome.availability(), 1.0 - (delay + 50_000.0) / (60 * MINUTE) as f64, 1e-12);
}

#[test]
fn a_wrong_suspicion_costs_a_fence_unless_trust_comes_first() {
    let hosts = hosts(2, 1000, 4096);
    // Nothing ever fails; silences of three periods and more come every few minutes.
    let of = |recovery| Care {
        detector: "timeout:after=2500ms,loss=0.2",
        recovery,
        spare: None,
        setting: Setting { vm_boot: 5000, ..Setting::until(DAY) },
    };
    let vms = steady(2, 400);
    let run = |recovery| of(recovery).run(&hosts, &vms, std::iter::empty());
    let (hasty, totals, events) = run("restart:fence=0");
    assert_eq!(totals.peak_hosts, 1, "a host that starts anew is counted once");
    assert!(hasty.mistakes > 100 && hasty.fenced_sound == hasty.fenced, "{hasty:?}");
    assert_eq!(hasty.failures, 0);
    assert!(hasty.killed > 100 && hasty.killed_downtime == hasty.downtime);
    assert!(hasty.availability() < 0.999);
    // Whoever starts anew was down.
    let mut down = [false; 2];
    for event in events {
        match event.what {
            What::VmDown { vm, .. } => down[vm] = true,
            What::Restarted { vm, .. } => assert!(down[vm]),
            What::VmUp { vm, .. } => assert!(std::mem::replace(&mut down[vm], false)),
            _ => {}
        }
    }
    let (patient, ..) = run("restart:fence=30s");
    // A suspicion survives 30 s with probability 0.2^30.
    assert_eq!((patient.fenced, patient.downtime), (0, 0));
    assert!(patient.mistakes > 100);
    close(patient.mistakes_per_host_day(), patient.mistakes as f64, 1e-9);
}

#[test]
fn the_most_urgent_start_first_and_few_at_once() {
    let hosts = hosts(3, 1000, 4096);
    let mut vms = steady(6, 150);
    for (vm, priority) in [1, 5, 0, 3, 4, 2].into_iter().enumerate() {
        vms[vm].priority = priority;
    }
    let setting = Setting { vm_boot: MINUTE, ..Setting::until(60 * MINUTE) };
    let recovery = "restart:fence=0,at-once=2";
    let care = Care { detector: "timeout:after=10s", recovery, spare: None, setting };
    let incidents = [(10 * MINUTE, Incident::Fail { host: 0 })];
    let (outcome, _, events) = care.run(&hosts, &vms, incidents.into_iter());
    let up: Vec<(Time, usize)> = events
        .iter()
        .filter_map(|event| match event.what {
            What::VmUp { vm, .. } => Some((event.time, vm)),
            _ => None,
        })
        .collect();
    let mut pairs: Vec<Vec<usize>> = up.chunks(2).map(|pair| vec![pair[0].1, pair[1].1]).collect();
    for pair in &mut pairs {
        pair.sort_unstable();
    }
    assert_eq!(pairs, [[1, 4], [3, 5], [0, 2]], "by priority 5 4, 3 2, 1 0");
    assert_eq!(up[5].0 - up[0].0, 2 * MINUTE);
    close(outcome.queue.max, 2.0 * MINUTE as f64, 0.0);
    close(outcome.queue.p95, 2.0 * MINUTE as f64, 0.0);
}

#[test]
fn vms_that_find_no_host_are_tried_again_or_given_up() {
    let hosts = hosts(2, 1000, 4096);
    let vms = [
        Vm::steady("small", 0, None, demand(400, 100)),
        Vm::steady("large", 0, None, demand(600, 100)),
        Vm::steady("other", 0, Some(30 * MINUTE), demand(500, 100)),
    ];
    let run = |recovery| {
        let setting = Setting::until(60 * MINUTE);
        let care = Care { detector: "timeout:after=10s", recovery, spare: None, setting };
        care.run(&hosts, &vms, [(10 * MINUTE, Incident::Fail { host: 0 })].into_iter())
    };
    let (outcome, _, events) = run("restart:fence=0,retry=1m");
    // The small one fits beside the other at once, the large one when that has left.
    let up = |vm| {
        events.iter().find(|event| matches!(event.what, What::VmUp { vm: of, .. } if of == vm))
    };
    assert!(up(0).expect("it is up").time < 11 * MINUTE);
    let large = up(1).expect("it is up").time;
    assert!((30 * MINUTE..31 * MINUTE).contains(&large), "{large}");
    assert_eq!((outcome.lost, outcome.ended_down), (0, 0));
    let (outcome, ..) = run("restart:fence=0,retry=1m,give-up=5m");
    assert_eq!((outcome.lost, outcome.downs), (1, 2));
    assert!(outcome.downtime >= 50 * u128::from(MINUTE), "who is given up stays down");
    let (outcome, ..) = run("wait");
    assert_eq!((outcome.lost, outcome.ended_down), (0, 2));
    assert_eq!(outcome.downtime, 100 * u128::from(MINUTE));
}

#[test]
fn a_degraded_host_is_evacuated_before_it_fails() {
    let hosts = hosts(3, 1000, 4096);
    let incidents = [
        (10 * MINUTE, Incident::Slow { host: 0, permille: 500 }),
        (30 * MINUTE, Incident::Fail { host: 0 }),
        (40 * MINUTE, Incident::Repair { host: 0 }),
        (40 * MINUTE, Incident::Slow { host: 0, permille: 1000 }),
    ];
    let run = |recovery| {
        let setting = Setting { vm_boot: MINUTE, host_boot: MINUTE, ..Setting::until(60 * MINUTE) };
        let care = Care { detector: "timeout:after=10s", recovery, spare: None, setting };
        care.run(&hosts, &steady(5, 190), incidents.into_iter())
    };
    let (evacuated, totals, events) = run("evacuate:check=1m,at-once=2");
    assert_eq!((evacuated.downs, evacuated.downtime, totals.migrations), (0, 0, 5));
    let most = events.iter().fold((0_i32, 0), |(under_way, most), event| {
        let under_way = match event.what {
            What::MigrationStarted { .. } => under_way + 1,
            What::Migrated { .. } | What::MigrationFailed { .. } => under_way - 1,
            _ => under_way,
        };
        (under_way, most.max(under_way))
    });
    assert_eq!(most.1, 2);
    let off = events.iter().filter(|event| matches!(event.what, What::HostOff { host: 0 })).count();
    assert_eq!(off, 1, "the empty host is switched off, and does not fail");
    let (restarted, ..) = run("restart:fence=0");
    assert_eq!(restarted.downs, 5);
}

#[test]
fn room_for_one_failure_lets_every_vm_come_back() {
    let hosts = hosts(6, 1000, 4096);
    let vms = steady(40, 150);
    let run = |spare, recovery, incidents: &[(Time, Incident)]| {
        let setting = Setting::until(60 * MINUTE);
        let care = Care { detector: "timeout:after=10s", recovery, spare, setting };
        care.run(&hosts, &vms, incidents.iter().copied())
    };
    let (free, totals, _) = run(None, "wait", &[]);
    assert_eq!((totals.refused, free.vms), (4, 36), "six VMs to a host");
    close(free.survivability(), 0.0, 0.0);
    let (kept, totals, _) = run(Some(Scope::Hosts(1)), "wait", &[]);
    assert_eq!((totals.refused, kept.vms), (10, 30), "as many as five hosts take");
    close(kept.survivability(), 1.0, 0.0);
    for host in 0..6 {
        let incidents = [(20 * MINUTE, Incident::Fail { host })];
        let (kept, ..) = run(Some(Scope::Hosts(1)), "restart:fence=0", &incidents);
        assert_eq!((kept.ended_down, kept.lost), (0, 0));
        let (free, ..) = run(None, "restart:fence=0", &incidents);
        assert_eq!(free.ended_down, 6, "all hosts are full");
    }
    // Two hosts to a rack: room for a rack is that of two hosts.
    let (kept, totals, _) = run(Some(Scope::Racks(1)), "wait", &[]);
    assert_eq!((totals.refused, kept.vms), (16, 24));
}

#[test]
fn room_is_kept_for_what_is_reserved_now() {
    let hosts = hosts(2, 1000, 4096);
    let vms = [
        Vm::steady("first", 0, None, demand(600, 100)),
        Vm::steady("second", 10 * MINUTE, None, demand(600, 100)),
    ];
    let refused = |reserved| {
        let allotment = Allotment { reserved: demand(reserved, 100), limit: 600, weight: 1 };
        let script = Script(vec![(5 * MINUTE, Action::Allot { vm: 0, allotment })]);
        let spare = Spare::new(&hosts, Scope::Hosts(1)).expect("two cases");
        let (mut watcher, mut ledger) = (spare.clone(), Ledger::default());
        engine(Setting::until(20 * MINUTE), &hosts, &vms)
            .guarded(Box::new(spare))
            .controlled(Box::new(script))
            .observed(&mut watcher)
            .observed(&mut ledger)
            .run();
        ledger.totals().refused
    };
    assert_eq!((refused(600), refused(401)), (1, 1), "one host cannot hold both");
    assert_eq!(refused(400), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The engine counts everything again at every event; the chronicle agrees with its ledger and with itself.
    #[test]
    fn nothing_runs_twice_whatever_fails(
        vms in prop::collection::vec((0_u64..300, 1_u64..300, 50_u64..900, 0_u32..3), 1..25),
        seed in 0_u64..1000,
        recovery in prop::sample::select(vec!["wait", "restart:fence=0", "restart:fence=10s,at-once=1,give-up=10m", "evacuate:check=2m"]),
        detector in prop::sample::select(vec!["timeout:after=3s,loss=0.1", "phi:loss=0.01,window=10"]),
        spare in prop::sample::select(vec![None, Some(Scope::Hosts(1)), Some(Scope::Racks(1))]),
        boots in prop::sample::select(vec![(0, 0), (30_000, 20_000)]),
    ) {
        let hosts = hosts(5, 1000, 4096);
        let vms: Vec<Vm> = vms
            .iter()
            .map(|&(start, life, cpu, priority)| Vm {
                priority,
                ..Vm::steady("vm", start * MINUTE, Some((start + life) * MINUTE), demand(cpu, 300))
            })
            .collect();
        let failures = "host:up=exponential:2h,down=log-normal:10m:1+rack:up=exponential:8h,down=exponential:10m\
                        +degrade:every=exponential:1h,lasts=exponential:10m,fails=0.5,down=exponential:10m\
                        +shock:every=exponential:5h,hit=0.5,down=exponential:5m";
        let setting = Setting {
            host_boot: boots.0,
            vm_boot: boots.1,
            admission: Admission::Backfill,
            ..Setting::until(600 * MINUTE)
        };
        let care = Care { detector, recovery, spare, setting };
        let run = || care.run(&hosts, &vms, drawn(failures, &hosts, seed));
        let (outcome, totals, events) = run();
        prop_assert_eq!(&outcome, &run().0, "the same again");
        prop_assert!(outcome.downtime <= outcome.lifetime);
        prop_assert!(outcome.noticed <= outcome.failures);
        prop_assert!(outcome.fenced_sound <= outcome.fenced);
        if boots == (0, 0) && outcome.lost == 0 {
            prop_assert_eq!(outcome.downtime, totals.down_time);
            prop_assert_eq!(outcome.lifetime, totals.vm_time);
        }
        // Down and up alternate, and only who is down starts anew.
        let mut down = vec![false; vms.len()];
        for event in &events {
            match event.what {
                What::VmDown { vm, .. } => down[vm] = true,
                What::VmUp { vm, .. } => down[vm] = false,
                What::Restarted { vm, .. } => prop_assert!(down[vm]),
                What::MigrationStarted { vm, .. } => prop_assert!(!down[vm]),
                _ => {}
            }
        }
    }
}
