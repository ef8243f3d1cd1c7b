//! Replays of made-up days: nothing gets lost, nothing is given twice, no policy undercuts the bound.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;

/// VMs that idle, spike and work in turns.
fn made_up_day(vms: usize, seed: u64) -> Trace {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Trace::new((0..vms).map(|vm| {
        let mut day = [0; SAMPLES];
        let mut level = rng.random_range(0..30_u8);
        for sample in &mut day {
            if rng.random_ratio(1, 12) {
                level = rng.random_range(0..=100);
            } else if rng.random_ratio(1, 3) {
                level /= 2;
            }
            *sample = level;
        }
        (format!("vm-{vm:03}"), day)
    }))
}

fn policies() -> impl Iterator<Item = Policy> {
    Policy::names().into_iter().map(|name| Policy::named(&name).expect("a known name"))
}

/// The replay itself checks in tests that VMs and resources are conserved.
#[test]
fn every_policy_conserves_vms_and_resources() {
    for changes in [
        Changes::CLOUDSIM303,
        Changes::corrected(),
        Changes::CLOUDSIM303.with(Change::RamEnforced),
        Changes::corrected().with(Change::OwnHistory).with(Change::RequestCapped),
    ] {
        let study = Study::new(made_up_day(48, 1), 40, changes);
        for policy in policies() {
            let report = replay(&study, policy, changes, 7, |_| ()).expect("hosts enough");
            assert!(report.energy_kwh > 0.0, "{policy}");
            let service = report.service;
            for share in [service.slatah_pooled, service.slatah_mean, service.pdm] {
                assert!((0.0..=1.0).contains(&share), "{policy}: {share}");
            }
        }
    }
}

#[test]
fn no_policy_undercuts_the_bound_in_corrected_mode() {
    let changes = Changes::corrected();
    for seed in 0..3 {
        let study = Study::new(made_up_day(40, seed), 60, changes);
        let bound = certify(&study, &energy_bound(&study)).expect("a bound of our own");
        for policy in policies() {
            let report = replay(&study, policy, changes, 0, |_| ()).expect("hosts enough");
            // The bound is on serving all VMs; what is not served costs nothing.
            let served = 1.0 - report.service.overall_sla_violation;
            assert!(
                report.energy_kwh >= bound * served,
                "{policy}: {} < {bound}",
                report.energy_kwh
            );
        }
    }
}

#[test]
fn vms_that_vanish_cost_less_than_the_bound() {
    let study = Study::new(made_up_day(40, 0), 60, Changes::CLOUDSIM303);
    let bound = certify(&study, &energy_bound(&study)).expect("a bound of our own");
    let policy = Policy::named("thr-mmt-0.8").expect("a known name");
    let shipped = replay(&study, policy, Changes::CLOUDSIM303, 0, |_| ()).expect("hosts enough");
    assert!(shipped.energy_kwh < bound, "the quirks are what makes the famous savings");
}

#[test]
fn a_replay_repeats_for_its_seed() {
    let changes = Changes::CLOUDSIM303;
    let study = Study::new(made_up_day(60, 3), 60, changes);
    let policy = Policy::named("thr-rs-0.8").expect("a known name");
    let run = |seed| replay(&study, policy, changes, seed, |_| ()).expect("hosts enough");
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2), "random selection depends on the seed");
}

#[test]
fn best_starts_on_the_fewest_hosts() {
    for vms in [1, 7, 40, 263, 526] {
        let study = Study::new(made_up_day(vms, 0), 800, Changes::corrected());
        let mut hosts = best::start(&study, 0.1).expect("hosts enough");
        hosts.sort_unstable();
        hosts.dedup();
        let fewest = energy_bound(&study).hosts as usize;
        assert!((fewest..=fewest + 1).contains(&hosts.len()), "{vms}: {} {fewest}", hosts.len());
    }
}

#[test]
fn a_steady_day_moves_nothing_twice() {
    let steady = Trace::new((0..40).map(|vm| (vm.to_string(), [20; SAMPLES])));
    let changes = Changes::corrected();
    let study = Study::new(steady, 60, changes);
    for policy in policies() {
        let mut first = 0;
        let report = replay(&study, policy, changes, 0, |tick: super::Tick| {
            if tick.number == 20 {
                first = tick.migrations;
            }
        });
        let report = report.expect("hosts enough");
        assert_eq!(report.migrations, first, "{policy} settles");
    }
}

#[test]
fn constant_load_costs_what_the_table_says() {
    // One VM of the first kind at 50 %: 1250 MIPS on the first fast host, all day.
    let study = Study::new(Trace::new([("a".to_owned(), [50; SAMPLES])]), 4, Changes::corrected());
    let report =
        replay(&study, Policy::Dvfs, Changes::corrected(), 0, |_: super::Tick| ()).expect("a host");
    let kwh = HOST_KINDS[1].power.watts(1250.0 / 5320.0) * 24.0 / 1000.0;
    assert!((report.energy_kwh - kwh).abs() < 1e-9);
}

#[test]
fn a_vm_that_fits_nowhere_is_an_error() {
    let study = Study::new(made_up_day(40, 0), 3, Changes::corrected());
    for policy in policies() {
        let refused = replay(&study, policy, Changes::corrected(), 0, |_| ());
        assert!(matches!(refused, Err(ReplayError::NoHost { .. })), "{policy}");
    }
}

/// Energy is an integral, not a sum over plans: without moves, and with hosts that stay between two points of their
/// tables, another update halfway changes nothing.
#[test]
fn energy_does_not_change_when_the_step_is_halved() {
    let changes = Changes::corrected();
    let energy = |trace: Trace, step: f64| {
        let study = Study::new(trace, 2, changes);
        let placement = start::first_fit(&study).expect("hosts enough");
        let mut world = World::new(&study, changes, &placement);
        for number in 0..=(DAY / step) as usize {
            world.update(number as f64 * step, true).expect("no host is overused");
        }
        kwh(world.energy)
    };
    let day = |percent: fn(usize, usize) -> u8| {
        let vm = |vm: usize| (vm.to_string(), std::array::from_fn(|at| percent(vm, at)));
        Trace::new((0..4).map(vm))
    };
    // At most 11 % of 4500 MIPS on 5320, and of 1500 on 3720: below the first tenth.
    for trace in [day(|vm, _| 7 + vm as u8), day(|vm, at| ((vm * 5 + at * 7) % 12) as u8)] {
        let whole = energy(trace.clone(), INTERVAL);
        assert!(whole > 4.0, "two hosts are on all day: {whole} kWh");
        for parts in [2.0, 4.0] {
            let halved = energy(trace.clone(), INTERVAL / parts);
            assert!((halved / whole - 1.0).abs() < 1e-12, "{halved} kWh, {whole} at once");
        }
    }
    // Across points of a table the chord is not the curve, but close.
    let trace = made_up_day(4, 2);
    let (whole, halved) = (energy(trace.clone(), INTERVAL), energy(trace, INTERVAL / 2.0));
    assert!((halved / whole - 1.0).abs() < 1e-3, "{halved} kWh, {whole} at once");
}
