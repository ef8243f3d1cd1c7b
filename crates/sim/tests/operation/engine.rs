//! The loop, its sums, and what it keeps true.

use proptest::prelude::*;
use vmpack_sim::arrivals::Admission;
use vmpack_sim::faults::Incidents;
use vmpack_sim::operation::{Action, Event, Incident, Ledger, Setting, Time, Vm, What};

use crate::support::{Log, MINUTE, Script, demand, engine, hosts, run, totals, varying};

#[test]
fn energy_of_one_host_by_hand() {
    // One VM uses half a host for ten minutes; the host is off before and after.
    let (hosts, request) = (hosts(2, 1000, 4096), demand(500, 1024));
    let vms = [Vm::steady("a", MINUTE, Some(11 * MINUTE), request)];
    let (totals, events) = totals(Setting::until(60 * MINUTE), &hosts, &vms);
    assert_eq!(totals.energy, 102_000 * 10 * u128::from(MINUTE), "102 W at 50 %");
    assert_eq!((totals.host_time, totals.peak_hosts), (10 * u128::from(MINUTE), 1));
    let what: Vec<What> = events.iter().map(|event| event.what).collect();
    let expected = [
        What::Arrived { vm: 0 },
        What::HostWakes { host: 0 },
        What::HostOn { host: 0 },
        What::Placed { vm: 0, host: 0 },
        What::Left { vm: 0, host: 0 },
        What::HostOff { host: 0 },
    ];
    assert_eq!(what, expected);
}

#[test]
fn halving_the_step_leaves_everything_as_it_is() {
    let hosts = hosts(3, 1000, 4096);
    let load = [100, 900, 300, 700, 0, 500];
    let halved: Vec<u32> = load.iter().flat_map(|&load| [load, load]).collect();
    let vm = |step: u64, load: &[u32]| varying(0, 30 * MINUTE, demand(900, 1000), step, load);
    let both = [5 * MINUTE, 5 * MINUTE / 2].map(|step| {
        let load = if step == 5 * MINUTE { &load[..] } else { &halved };
        let vms = [vm(step, load), vm(step, load), vm(step, load)];
        totals(Setting::until(40 * MINUTE), &hosts, &vms).0
    });
    assert!(both[0].energy > 0);
    assert_eq!(both[0], both[1]);
}

#[test]
fn hosts_and_vms_take_their_time_to_start() {
    let (hosts, request) = (hosts(1, 1000, 4096), demand(500, 1024));
    let vms = [Vm::steady("a", 0, Some(10 * MINUTE), request)];
    let setting = Setting { host_boot: MINUTE, vm_boot: 2 * MINUTE, ..Setting::until(60 * MINUTE) };
    let (totals, _) = totals(setting, &hosts, &vms);
    assert_eq!(totals.down_time, 3 * u128::from(MINUTE));
    assert_eq!(totals.vm_time, 10 * u128::from(MINUTE));
    assert_eq!(totals.wanted, 500 * 7 * u128::from(MINUTE));
}

#[test]
fn who_waits_gets_in_when_room_is_made() {
    let (hosts, all) = (hosts(1, 1000, 4096), demand(1000, 1024));
    let vms = [
        Vm::steady("a", 0, Some(10 * MINUTE), all),
        Vm::steady("b", MINUTE, Some(6 * MINUTE), all),
        Vm::steady("too large", MINUTE, None, demand(1001, 1)),
    ];
    let setting = Setting { admission: Admission::Fcfs, ..Setting::until(60 * MINUTE) };
    let (totals, events) = totals(setting, &hosts, &vms);
    let at = |what: What| events.iter().find(|event| event.what == what).map(|event| event.time);
    assert_eq!(at(What::Placed { vm: 1, host: 0 }), Some(10 * MINUTE));
    assert_eq!(at(What::Left { vm: 1, host: 0 }), Some(15 * MINUTE), "it lives its five minutes");
    assert_eq!((totals.refused, at(What::Refused { vm: 2 })), (1, Some(MINUTE)));
}

#[test]
fn a_migration_takes_time_and_room_on_both_hosts() {
    let (hosts, request) = (hosts(2, 1000, 4096), demand(600, 1000));
    let vms = [Vm::steady("a", 0, None, request), Vm::steady("b", 5 * MINUTE, None, request)];
    let script = Script(vec![
        (0, Action::Wake { host: 1 }),
        (MINUTE, Action::Migrate { vm: 0, to: 1 }),
        (MINUTE, Action::Migrate { vm: 0, to: 1 }),
    ]);
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let engine = engine(Setting::until(60 * MINUTE), &hosts, &vms);
    run(|engine| engine.controlled(Box::new(script)), engine, &mut ledger, &mut log);
    // 1000 MiB over 62.5 MB/s.
    let ended = log.0.iter().find(|event| matches!(event.what, What::Migrated { .. }));
    assert_eq!(ended.map(|event| event.time), Some(MINUTE + 16_777));
    let totals = ledger.totals();
    assert_eq!((totals.migrations, totals.declined), (1, 1), "it moves already");
    let placed = What::Placed { vm: 1, host: 0 };
    assert!(log.0.iter().any(|event| event.what == placed), "the host that it left has room");
}

#[test]
fn vms_of_a_failed_host_wait_for_its_repair_or_start_elsewhere() {
    let (hosts, request) = (hosts(2, 1000, 4096), demand(400, 1000));
    let vms = [Vm::steady("a", 0, None, request), Vm::steady("b", 0, None, request)];
    let fate = Incidents::new(
        vec![
            (10 * MINUTE, Incident::Fail { host: 0 }),
            (30 * MINUTE, Incident::Repair { host: 0 }),
        ]
        .into_iter(),
    );
    let script = Script(vec![(15 * MINUTE, Action::Restart { vm: 0, to: None })]);
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let engine = engine(Setting::until(60 * MINUTE), &hosts, &vms);
    run(
        |engine| engine.struck(Box::new(fate)).controlled(Box::new(script)),
        engine,
        &mut ledger,
        &mut log,
    );
    let up: Vec<Event> =
        log.0.iter().copied().filter(|event| matches!(event.what, What::VmUp { .. })).collect();
    assert_eq!(up.iter().map(|event| event.time).collect::<Vec<_>>(), [15 * MINUTE, 30 * MINUTE]);
    assert_eq!(ledger.totals().down_time, u128::from((5 + 20) * MINUTE));
    assert!((ledger.totals().availability() - (1.0 - 25.0 / 120.0)).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is asked for and whatever fails, nothing is lost and nothing is granted twice: the engine checks itself.
    #[test]
    fn nothing_is_lost_under_random_actions(
        vms in prop::collection::vec((0_u64..50, 1_u64..50, 1_u64..900, 1_u64..3000, prop::collection::vec(0_u32..900, 1..5)), 1..12),
        actions in prop::collection::vec((0_u64..60, 0_u8..10, 0_usize..12, 0_usize..4), 0..25),
        fate in prop::collection::vec((0_u64..60, 0_u8..3, 0_usize..4), 0..8),
        boots in (0_u64..3, 0_u64..3),
        waits in any::<bool>(),
    ) {
        let there = hosts(4, 1000, 4096);
        let n = vms.len();
        let vms: Vec<Vm> = vms
            .iter()
            .map(|(start, life, cpu, memory, load)| {
                let (start, end) = (start * MINUTE, (start + life) * MINUTE);
                varying(start, end, demand(*cpu, *memory), 5 * MINUTE, load)
            })
            .collect();
        let mut script: Vec<(Time, Action)> = actions
            .iter()
            .map(|&(time, kind, vm, host)| {
                let vm = vm % n;
                let allotment = vmpack_sim::operation::Allotment {
                    reserved: demand(100 * host as u64, 100),
                    limit: 500,
                    weight: 1,
                };
                let action = match kind {
                    0 | 1 => Action::Migrate { vm, to: host },
                    2 => Action::Restart { vm, to: None },
                    3 => Action::Restart { vm, to: Some(host) },
                    4 => Action::Wake { host },
                    5 => Action::Sleep { host },
                    6 => Action::Cordon { host },
                    7 => Action::Uncordon { host },
                    8 => Action::Fence { host },
                    _ => Action::Allot { vm, allotment },
                };
                (time * MINUTE, action)
            })
            .collect();
        script.sort_by_key(|&(time, _)| time);
        let mut fate: Vec<(Time, Incident)> = fate
            .iter()
            .map(|&(time, kind, host)| {
                let incident = match kind {
                    0 => Incident::Fail { host },
                    1 => Incident::Repair { host },
                    _ => Incident::Slow { host, permille: 500 },
                };
                (time * MINUTE + 30_000, incident)
            })
            .collect();
        fate.sort_by_key(|&(time, _)| time);
        let setting = Setting {
            host_boot: boots.0 * MINUTE,
            vm_boot: boots.1 * MINUTE,
            admission: if waits { Admission::Backfill } else { Admission::Reject },
            ..Setting::until(100 * MINUTE)
        };
        let (mut ledger, mut log) = (Ledger::default(), Log::default());
        let engine = engine(setting, &there, &vms);
        run(
            |engine| engine.struck(Box::new(Incidents::new(fate.into_iter()))).controlled(Box::new(Script(script))),
            engine,
            &mut ledger,
            &mut log,
        );
        let totals = ledger.totals();
        prop_assert!(totals.short <= totals.wanted && totals.down_time <= totals.vm_time);
        prop_assert_eq!(totals.arrived, n as u64);
        let left = log.0.iter().filter(|event| matches!(event.what, What::Left { .. })).count();
        let placed = log.0.iter().filter(|event| matches!(event.what, What::Placed { .. })).count();
        prop_assert!(left <= placed);
    }
}
