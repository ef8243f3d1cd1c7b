//! Fixed, dynamic and hybrid allotments.

use proptest::prelude::*;
use vmpack_model::allocation::Allocation;
use vmpack_model::{Budget, Method};
use vmpack_sim::allocation::{
    Adjuster, Adjustment, Forecast, POLICIES, Policy, Relief, Scope, Shortfalls, Tally,
};
use vmpack_sim::operation::{
    CPU, Event, Hosts, Ledger, Observer, Setting, State, Time, Totals, Usage, Vm, What,
};

use crate::support::{Log, MINUTE, demand, engine, hosts, varying};

/// Greedy, dynamic program, linear program.
fn methods() -> [&'static dyn Method<Allocation>; 3] {
    let lp = vmpack_lp::ALLOCATION.iter().find(|method| method.name() == "alloc-lp-microlp");
    [vmpack_greedy::ALLOCATION[0], vmpack_dp::ALLOCATION[0], *lp.expect("in every build")]
}

/// What a run came to.
#[derive(Debug, PartialEq)]
struct Ran {
    totals: Totals,
    tally: Tally,
    shortfalls: Shortfalls,
    events: Vec<Event>,
}

fn ran(
    policy: Policy,
    method: &'static dyn Method<Allocation>,
    hosts: &Hosts,
    vms: &[Vm],
    also: &mut dyn Observer,
) -> Ran {
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let (mut tally, mut shortfalls) = (Tally::default(), Shortfalls::default());
    let setting = Setting { first: policy.first, ..Setting::until(60 * MINUTE) };
    let mut engine = engine(setting, hosts, vms).observed(&mut shortfalls).observed(also);
    if let Some(adjustment) = policy.adjustment {
        let adjuster = Adjuster::new(adjustment, method, Budget::default(), &mut tally);
        engine = engine.controlled(Box::new(adjuster.expect("it takes programs")));
    }
    engine.observed(&mut ledger).observed(&mut log).run();
    let tally = Tally { wall: <_>::default(), ..tally };
    Ran { totals: *ledger.totals(), tally, shortfalls, events: log.0 }
}

/// Sees nothing.
struct Blind;

impl Observer for Blind {}

fn adjusted(policy: Policy, change: impl FnOnce(&mut Adjustment)) -> Policy {
    let mut adjustment = policy.adjustment.expect("a policy that adjusts");
    change(&mut adjustment);
    Policy { adjustment: Some(adjustment), ..policy }
}

/// A VM of which CPU and memory vary.
fn vm(request: (u64, u64), step: Time, used: &[(u32, u32)]) -> Vm {
    let amounts = used.iter().flat_map(|&(cpu, memory)| [cpu, memory]).collect();
    let usage = Some(Usage::new(step, 2, amounts));
    Vm { usage, ..Vm::steady("vm", 0, None, demand(request.0, request.1)) }
}

#[test]
fn constant_use_is_served_by_all() {
    let hosts = hosts(2, 2000, 4096);
    let vms = vec![vm((1000, 1000), MINUTE, &[(300, 400)]); 4];
    for named in POLICIES {
        for method in methods() {
            let Ran { totals, .. } = ran(named.policy, method, &hosts, &vms, &mut Blind);
            let lacks = (totals.short, totals.memory_short, totals.memory_over);
            assert_eq!(lacks, (0, 0, 0), "{}", named.name);
            assert_eq!(totals.wanted, 4 * 300 * 60 * u128::from(MINUTE));
            let reserved = match named.name {
                "fixed" => 1000,
                "dynamic" => 330,
                _ => 500,
            };
            let expected = 4 * reserved * 60 * u128::from(MINUTE);
            assert_eq!(totals.reserved, expected, "{} by {}", named.name, method.name());
            let once = if named.name == "dynamic" { 4 } else { 0 };
            assert_eq!(totals.allotments, once, "{}: nothing changes after that", named.name);
        }
    }
}

#[test]
fn a_forecast_too_low_means_a_shortfall() {
    // Ten minutes of 100, then 200: until the next period CPU is cut to 100 and memory is 100 MiB short.
    let vms = [vm((1000, 1000), 12 * MINUTE, &[(100, 100), (200, 200)])];
    let policy = adjusted(Policy::DYNAMIC, |adjustment| {
        adjustment.forecast = [Forecast::Last; _];
        adjustment.margin = 0;
    });
    let ran = ran(policy, methods()[0], &hosts(1, 1000, 1000), &vms, &mut Blind);
    let lacks = u128::from(3 * MINUTE) * 100;
    assert_eq!((ran.totals.short, ran.totals.memory_short), (lacks, lacks));
    assert_eq!(ran.totals.memory_over, 0, "the host has it");
    assert_eq!((ran.totals.allotments, ran.tally.pressed), (2, 0));
    assert!((ran.shortfalls.worst_quantile(950) - 0.5).abs() < 1e-9);
}

/// Two VMs that found room because the first used little; then both use more than their host has.
fn crowd(priorities: [u32; 2]) -> Vec<Vm> {
    let first = varying(0, 90 * MINUTE, demand(800, 100), 20 * MINUTE, &[100, 800]);
    let second = varying(10 * MINUTE, 90 * MINUTE, demand(800, 200), 20 * MINUTE, &[400]);
    let [a, b] = priorities;
    vec![Vm { priority: a, ..first }, Vm { priority: b, ..second }]
}

#[test]
fn an_overcommitted_host_cuts_by_priority() {
    let policy = adjusted(Policy::DYNAMIC, |adjustment| {
        adjustment.relief = Relief::Cut;
        adjustment.margin = 0;
    });
    let lacks = |priorities| {
        let hosts = hosts(1, 1000, 4096);
        let [a, b, c] = methods().map(|method| {
            let ran = ran(policy, method, &hosts, &crowd(priorities), &mut Blind);
            ran.shortfalls.vms().iter().map(|lack| lack.short).collect::<Vec<_>>()
        });
        assert_eq!((&a, &a), (&b, &c));
        a
    };
    let minutes = |amount: u64, minutes: u64| u128::from(amount * minutes * MINUTE);
    // 800 and 400 of 1000 from minute 20 on, but for nothing new in the minute in which it changes.
    assert_eq!(lacks([1, 0]), [0, minutes(200, 40)]);
    assert_eq!(lacks([0, 1]), [minutes(200, 40), 0]);
}

#[test]
fn an_overcommitted_host_has_vms_moved() {
    let hosts = hosts(2, 1000, 4096);
    let ran = ran(Policy::DYNAMIC, methods()[0], &hosts, &crowd([0, 0]), &mut Blind);
    let moves: Vec<(Time, usize, usize)> = ran
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::MigrationStarted { vm, to, .. } => Some((event.time / MINUTE, vm, to)),
            _ => None,
        })
        .collect();
    // Either would do; the first has less memory. The other host is on a period later.
    assert_eq!(moves, [(25, 0, 1)]);
    assert_eq!(ran.totals.declined, 0);
    let last = ran.events.iter().rposition(|event| matches!(event.what, What::HostOff { .. }));
    assert_eq!(last, None, "both are in use until the end");
}

#[test]
fn a_quota_binds_a_tenant_across_hosts() {
    let hosts = hosts(2, 1000, 4096);
    let vms = vec![vm((1000, 1000), MINUTE, &[(800, 100)]); 2];
    let policy = adjusted(Policy::DYNAMIC, |adjustment| {
        adjustment.scope = Scope::Cluster { quota: Some(500) };
    });
    let [greedy, dp, lp] = methods();
    for method in [greedy, lp] {
        let Ran { totals, .. } = ran(policy, method, &hosts, &vms, &mut Blind);
        assert_eq!(totals.reserved, 1000 * 60 * u128::from(MINUTE), "{}", method.name());
    }
    let mut tally = Tally::default();
    let adjustment = policy.adjustment.expect("it adjusts");
    let refused = Adjuster::new(adjustment, dp, Budget::default(), &mut tally);
    assert!(refused.expect_err("services").0.contains("services"));
}

/// That every VM gets its floor if it wants it.
struct Floor;

impl Observer for Floor {
    fn held(&mut self, host: usize, _: Time, _: Time, state: &State<'_>) {
        for &vm in &state.host(host).vms {
            let floor = state.asked()[vm].request[CPU].div_ceil(2);
            let now = state.vm(vm);
            assert!(now.granted >= now.wanted[CPU].min(floor), "VM {vm}: {now:?}");
            assert!(now.allotment.reserved[CPU] >= floor);
        }
    }
}

/// VMs that come over half an hour, with use in steps of five minutes.
fn some_vms(most: usize) -> impl Strategy<Value = Vec<Vm>> {
    let used = prop::collection::vec((0_u32..900, 0_u32..1500), 1..12);
    let one = (0_u64..30, 0_u32..3, 1_u64..900, 1_u64..1500, used);
    prop::collection::vec(one, 1..most).prop_map(|all| {
        let one = |(start, priority, cpu, memory, used): (u64, u32, u64, u64, Vec<(u32, u32)>)| {
            let within = |&(c, m): &(u32, u32)| (c % (cpu as u32 + 1), m % (memory as u32 + 1));
            let used: Vec<(u32, u32)> = used.iter().map(within).collect();
            let start = start * MINUTE;
            Vm { start, priority, ..vm((cpu, memory), 5 * MINUTE, &used) }
        };
        all.into_iter().map(one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_perfect_forecast_lacks_nothing_and_reserves_what_is_used(
        vms in some_vms(8),
        every in 1_u32..4,
    ) {
        let vms: Vec<Vm> = vms.into_iter().map(|vm| Vm { start: 0, ..vm }).collect();
        let policy = adjusted(Policy::DYNAMIC, |adjustment| {
            adjustment.forecast = [Forecast::Perfect; _];
            adjustment.margin = 0;
            adjustment.every = every;
        });
        let hosts = hosts(8, 1000, 2000);
        for method in methods() {
            let Ran { totals, tally, .. } = ran(policy, method, &hosts, &vms, &mut Blind);
            prop_assert_eq!((totals.short, totals.memory_short), (0, 0));
            prop_assert_eq!((tally.unsolved, tally.forgone, tally.pressed), (0, 0, 0));
            if every == 1 {
                prop_assert_eq!(totals.reserved, totals.wanted);
            }
        }
    }

    /// VMs that all come at once are placed by what they are promised, so that all methods meet the same programs: where
    /// optima are not unique, where later VMs fit would depend on the method.
    #[test]
    fn methods_forgo_the_same_utility(vms in some_vms(20), every in 1_u32..3) {
        let vms: Vec<Vm> = vms.into_iter().map(|vm| Vm { start: 0, ..vm }).collect();
        let mut policy = adjusted(Policy::DYNAMIC, |adjustment| {
            adjustment.relief = Relief::Cut;
            adjustment.every = every;
        });
        policy.first.floor = [300; _];
        let hosts = hosts(3, 1000, 2000);
        let tallies = methods().map(|method| ran(policy, method, &hosts, &vms, &mut Blind).tally);
        prop_assert_eq!(tallies[0].unsolved, 0);
        prop_assert_eq!(tallies[0], tallies[1], "greedy and the dynamic program");
        prop_assert_eq!(tallies[0], tallies[2], "greedy and the linear program");
        let whole = adjusted(policy, |adjustment| {
            adjustment.scope = Scope::Cluster { quota: None };
        });
        for method in methods() {
            let tally = ran(whole, method, &hosts, &vms, &mut Blind).tally;
            prop_assert_eq!(tally.forgone, tallies[0].forgone, "hosts are independent");
            prop_assert!(tally.programs <= tallies[0].programs);
        }
    }

    #[test]
    fn hybrid_is_never_below_its_floor(vms in some_vms(16)) {
        let policy = adjusted(Policy::HYBRID, |adjustment| adjustment.relief = Relief::Cut);
        let hosts = hosts(3, 1000, 2000);
        let ran = ran(policy, methods()[0], &hosts, &vms, &mut Floor);
        prop_assert_eq!((ran.tally.unsolved, ran.totals.declined), (0, 0));
    }

    /// The engine counts everything again at every instant; nothing that is asked for is declined, and all is the same
    /// the second time.
    #[test]
    fn relief_keeps_to_what_hosts_have(vms in some_vms(16), hybrid in any::<bool>()) {
        let policy = if hybrid { Policy::HYBRID } else { Policy::DYNAMIC };
        let hosts = hosts(4, 1000, 2000);
        let first = ran(policy, methods()[0], &hosts, &vms, &mut Blind);
        let declined: Vec<&Event> =
            first.events.iter().filter(|event| matches!(event.what, What::Declined { .. })).collect();
        prop_assert_eq!(declined, Vec::<&Event>::new());
        prop_assert_eq!(&first, &ran(policy, methods()[0], &hosts, &vms, &mut Blind));
    }
}
