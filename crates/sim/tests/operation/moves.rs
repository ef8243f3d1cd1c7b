//! Migrations that share links, and load balancing, in a cluster in operation.

use vmpack_sim::balancing::{Balancer, Evenness, Goal, Habits, Objective, Trigger};
use vmpack_sim::migration::{Dirtying, Limits, LiveMover, PreCopy, Settings, Spent};
use vmpack_sim::operation::{Action, Event, Incident, Ledger, Setting, Time, Usage, Vm, What};

use crate::support::{Fate, Log, MINUTE, Script, demand, engine, hosts, run};

const GIGABIT: u64 = 125_000_000;
const MIB: u64 = 1 << 20;
const HOUR: u64 = 60 * MINUTE;

const OBJECTIVES: [Objective; 2] = [Objective::Deviation, Objective::Maximum];

fn live(limits: Limits) -> LiveMover {
    let settings = Settings { limits, ..Settings::default() };
    let dirtying = Dirtying { bytes_per_s: 10 * MIB, permille_per_s: 0 };
    LiveMover::new(&[GIGABIT; 8], settings, dirtying, 100).expect("links")
}

/// When migrations ended.
fn ends(log: &Log) -> Vec<(usize, Time)> {
    let end = |event: &Event| match event.what {
        What::Migrated { vm, .. } => Some((vm, event.time)),
        _ => None,
    };
    log.0.iter().filter_map(end).collect()
}

#[test]
fn those_that_wait_take_room_but_no_cpu() {
    let cluster = hosts(4, 1000, 4096);
    let request = demand(500, 2048);
    // First fit puts two VMs on host 0 and two on host 1.
    let vms: Vec<_> = (0..4).map(|vm| Vm::steady(vm.to_string(), vm, None, request)).collect();
    let alone = PreCopy::default().alone(2048 * MIB, 10 * MIB, GIGABIT);
    for (in_all, rounds) in [(1, 2), (2, 1)] {
        let script = Script(vec![
            (1000, Action::Wake { host: 2 }),
            (1000, Action::Wake { host: 3 }),
            (MINUTE, Action::Migrate { vm: 0, to: 2 }),
            (MINUTE, Action::Migrate { vm: 2, to: 3 }),
        ]);
        let (mut ledger, mut log, mut spent) =
            (Ledger::default(), Log::default(), Spent::default());
        let mover = live(Limits { per_host: 1, in_all });
        let engine = engine(Setting::until(HOUR), &cluster, &vms).moved_by(Box::new(mover));
        run(
            |engine| engine.controlled(Box::new(script)).observed(&mut spent),
            engine,
            &mut ledger,
            &mut log,
        );
        let last = MINUTE + rounds * alone.duration;
        let (vm, time) = *ends(&log).last().expect("two migrations");
        assert!(vm == 2 && last.abs_diff(time) <= 1, "{time} {last}");
        let totals = ledger.totals();
        assert_eq!(totals.migrations, 2);
        assert_eq!(totals.bytes, 2 * u128::from(alone.bytes));
        assert_eq!(totals.migration_downtime, 2 * u128::from(alone.downtime));
        assert_eq!((spent.bytes, spent.downtime), (totals.bytes, totals.migration_downtime));
        // A tenth of half a core each, while it is copied.
        let expected = 2 * u128::from(alone.duration) * 50;
        assert!(spent.degradation.abs_diff(expected) <= 100, "{}", spent.degradation);
    }
}

#[test]
fn a_host_that_fails_calls_its_migrations_off_and_lets_others_start() {
    let cluster = hosts(4, 1000, 4096);
    let request = demand(500, 2048);
    let vms: Vec<_> = (0..4).map(|vm| Vm::steady(vm.to_string(), vm, None, request)).collect();
    let script = Script(vec![
        (1000, Action::Wake { host: 2 }),
        (1000, Action::Wake { host: 3 }),
        (MINUTE, Action::Migrate { vm: 0, to: 2 }),
        (MINUTE, Action::Migrate { vm: 2, to: 3 }),
    ]);
    let fate = Fate(vec![(MINUTE + 5000, Incident::Fail { host: 2 })]);
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let mover = live(Limits { per_host: 1, in_all: 1 });
    let engine = engine(Setting::until(HOUR), &cluster, &vms).moved_by(Box::new(mover));
    run(
        |engine| engine.controlled(Box::new(script)).struck(Box::new(fate)),
        engine,
        &mut ledger,
        &mut log,
    );
    let alone = PreCopy::default().alone(2048 * MIB, 10 * MIB, GIGABIT);
    assert_eq!(ends(&log), [(2, MINUTE + 5000 + alone.duration)]);
    assert_eq!(ledger.totals().migrations_failed, 1);
}

/// How VMs of host `host` of three use their core: `load` of a thousand in every period, with noise of so much.
fn wobbling(hosts: usize, load: impl Fn(usize) -> u32, noise: u32) -> Vec<Vm> {
    let request = demand(1000, 1024);
    let mut state = 5_u64;
    let mut random = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if below == 0 { 0 } else { ((state >> 33) % u64::from(below)) as u32 }
    };
    let vm = |number: usize| {
        let amounts = (0..300).map(|_| load(number / 8) + random(noise)).collect();
        // Half of the eight that fill a host leave soon, so that there is room to move.
        let end = if number.is_multiple_of(2) { 24 * HOUR } else { 1 };
        Vm {
            usage: Some(Usage::new(5 * MINUTE, 1, amounts)),
            ..Vm::steady(number.to_string(), 0, Some(end), request)
        }
    };
    (0..8 * hosts).map(vm).collect()
}

/// A day of balancing; the log, and how evenly hosts were loaded.
fn balance(vms: &[Vm], habits: Habits) -> (Log, Evenness) {
    let cluster = hosts(3, 8000, 8192);
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let mut evenness = Evenness::new(habits.goal, 5 * MINUTE, HOUR);
    let balancer = Balancer::new(habits, cluster.len(), vms.len());
    let mover = Box::new(live(Limits::default()));
    run(
        |engine| engine.moved_by(mover).controlled(Box::new(balancer)).observed(&mut evenness),
        engine(Setting::until(24 * HOUR), &cluster, vms),
        &mut ledger,
        &mut log,
    );
    (log, evenness)
}

fn habits(objective: Objective) -> Habits {
    Habits {
        goal: Goal { objective, margin: 30_000, budget: 4, ..Goal::cpu() },
        trigger: Trigger::new(50_000, 20_000, 2),
        period: 5 * MINUTE,
        hold: HOUR,
        smoothing: 300,
    }
}

#[test]
fn a_balanced_cluster_sees_no_migration_all_day() {
    let vms = wobbling(3, |_| 400, 50);
    for objective in OBJECTIVES {
        let mut habits = habits(objective);
        if objective == Objective::Maximum {
            // Hosts are at 21 % all the time.
            habits.trigger = Trigger::new(250_000, 220_000, 2);
        }
        let (log, evenness) = balance(&vms, habits);
        assert!(ends(&log).is_empty() && evenness.mean() > 0.0);
    }
}

#[test]
fn a_packed_cluster_has_no_room_for_moves_and_none_is_asked_for() {
    let mut vms = wobbling(3, |host| 100 + 300 * host as u32, 50);
    for vm in &mut vms {
        vm.end = Some(24 * HOUR);
    }
    let (log, evenness) = balance(&vms, habits(Objective::Deviation));
    assert!(evenness.mean() > 0.2, "it is far from even");
    let asked =
        |event: &Event| matches!(event.what, What::MigrationStarted { .. } | What::Declined { .. });
    assert!(!log.0.iter().any(asked));
}

#[test]
fn an_uneven_cluster_is_evened_out_once_and_then_left_alone() {
    let vms = wobbling(3, |host| [900, 200, 100][host], 50);
    for objective in OBJECTIVES {
        let mut habits = habits(objective);
        if objective == Objective::Maximum {
            habits.trigger = Trigger::new(300_000, 210_000, 2);
        }
        let (log, evenness) = balance(&vms, habits);
        let ends = ends(&log);
        assert!((2..=6).contains(&ends.len()), "{objective:?}: {ends:?}");
        assert!(ends.iter().all(|&(_, time)| time < HOUR), "{ends:?}");
        assert_eq!(evenness.returns(), 0);
        if objective == Objective::Maximum {
            assert!(evenness.bound() > 0.15 && evenness.bound() <= evenness.mean());
            assert!(evenness.mean() < 1.5 * evenness.bound(), "{evenness:?}");
        } else {
            assert!(evenness.most() > 0.15 && evenness.mean() < 0.05, "{evenness:?}");
        }
    }
}

/// Loads that jump about by more than differences between hosts.
#[test]
fn noise_makes_vms_flap_without_hysteresis_only() {
    let vms = wobbling(3, |host| 200 + 20 * host as u32, 700);
    let careless = Habits {
        goal: Goal { budget: 4, ..Goal::cpu() },
        trigger: Trigger::new(0, 0, 1),
        hold: 0,
        smoothing: 1000,
        ..habits(Objective::Deviation)
    };
    let (log, evenness) = balance(&vms, careless);
    assert!(evenness.returns() > 100, "{} of {}", evenness.returns(), ends(&log).len());
    // A hold alone keeps VMs from coming back while it lasts.
    let (log, evenness) = balance(&vms, Habits { hold: HOUR, ..careless });
    assert!(ends(&log).len() > 30);
    assert_eq!(evenness.returns(), 0);
    // With threshold, margin and smoothing little is moved at all.
    let (log, evenness) = balance(&vms, habits(Objective::Deviation));
    assert!(ends(&log).len() <= 12, "{}", ends(&log).len());
    assert_eq!(evenness.returns(), 0);
}
