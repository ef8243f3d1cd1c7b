//! Replays of running VMs that are moved between hosts.

use super::{Audit, Deed, Derived, Fault, Matrix, Step, ensure};

/// What a host draws, in tenths of a watt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Power {
    /// Without load.
    pub idle: u64,
    /// At full load.
    pub full: u64,
}

/// What the study says of hosts and VMs, and what of it the replay is to keep.
#[derive(Clone, Debug)]
pub struct Study {
    /// The memory of each host.
    pub hosts: Matrix,
    /// What each host draws.
    pub power: Vec<Power>,
    /// The memory of each VM.
    pub vms: Matrix,
    /// When the replay ends, in milliseconds.
    pub end: u64,
    /// Whether no host may hold more memory than it has.
    pub keeps_memory: bool,
    /// Whether all VMs live to the end.
    pub keeps_vms: bool,
    /// Whether a host draws at least its idle power as long as it has VMs, over the whole time, and nothing without.
    pub charges_all: bool,
}

/// Follows the log of a replay, with times in milliseconds, and derives its metrics.
///
/// The energy follows only within limits: between idle and full power of every host over the time in which it had VMs,
/// and not below the bound that is claimed.
///
/// # Errors
/// If the log cannot be true: see [`Audit::step`]; a VM is not placed at the start, or is lost.
pub fn derive(
    study: &Study,
    claimed_bound_kwh: Option<f64>,
    log: &[Step],
) -> Result<Derived, Fault> {
    let mut audit = Audit::new(&study.hosts, &study.vms);
    if !study.keeps_memory || !study.keeps_vms {
        audit = audit.lenient();
    }
    let mut placed = 0;
    for step in log {
        match step.what {
            Deed::Placed(_) => {
                placed += 1;
                let at = (step.vm, step.time);
                ensure(step.time == 0, || {
                    format!("VM {} is placed at {}, not at the start", at.0, at.1)
                })?;
            }
            Deed::Left => {
                let at = (step.vm, step.time);
                ensure(!study.keeps_vms, || format!("VM {} is lost at {}", at.0, at.1))?;
            }
            Deed::Moves(_) | Deed::Moved => {}
            Deed::Stays | Deed::Reserves(..) | Deed::Down | Deed::Returns | Deed::Restarts(_) => {
                return Err(Fault(format!(
                    "VM {}: {:?} is nothing that this replay does",
                    step.vm, step.what
                )));
            }
        }
        audit.step(step)?;
    }
    let vms = study.vms.len();
    ensure(placed == vms, || format!("{placed} of {vms} VMs are placed"))?;
    let totals = audit.finish(study.end)?;
    let mut derived = Derived::default();
    derived.metric("vms", vms as f64);
    derived.metric("migrations", totals.moves as f64);
    let lost = vms as u64 - totals.inside;
    derived.metric("vms_lost", lost as f64);
    if lost > 0 {
        derived.notes.push(format!("{lost} of {vms} VMs are lost, as the mode has it"));
    }
    if totals.overfull > 0 {
        let times = totals.overfull;
        derived.notes.push(format!(
            "hosts are given more memory than they have {times} times, as the mode has it"
        ));
    }
    if totals.twice > 0 {
        let times = totals.twice;
        let note = format!("VMs that move are sent elsewhere {times} times, as the mode has it");
        derived.notes.push(note);
    }
    if study.charges_all {
        // Tenths of a watt x milliseconds.
        let energy = |of: fn(&Power) -> u64| -> u128 {
            let times = study.power.iter().zip(&totals.on_time);
            times.map(|(power, &time)| u128::from(of(power)) * u128::from(time)).sum()
        };
        let kwh = |energy: u128| energy as f64 / 3.6e10;
        let idle = kwh(energy(|power| power.idle));
        let least = claimed_bound_kwh.filter(|_| study.keeps_memory && study.keeps_vms);
        derived.range(
            "energy_kwh",
            idle.max(least.unwrap_or(0.0)),
            kwh(energy(|power| power.full)),
        );
    }
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use std::collections::BTreeMap;

    /// Two hosts, two VMs of which each fills most of one.
    fn study() -> Study {
        let (mut hosts, mut vms) = (Matrix::new(1), Matrix::new(1));
        for host in [10, 10] {
            hosts.push(&[host]);
        }
        for vm in [6, 6] {
            vms.push(&[vm]);
        }
        let power = vec![Power { idle: 860, full: 1170 }; 2];
        let end = 3_600_000;
        Study { hosts, power, vms, end, keeps_memory: true, keeps_vms: true, charges_all: true }
    }

    fn verdict(study: &Study, log: &[(u64, u64, Deed)], claimed: &[(&str, f64)]) -> Verdict {
        let log: Vec<Step> = log.iter().map(|&step| step.into()).collect();
        let claimed: BTreeMap<String, f64> =
            claimed.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        match derive(study, claimed.get("energy_lower_bound_kwh").copied(), &log) {
            Ok(derived) => derived.judge(&claimed).judgement.verdict,
            Err(fault) => super::super::refuted(fault).judgement.verdict,
        }
    }

    #[test]
    fn planted_faults_are_found() {
        use Deed::{Left, Placed};
        let honest = [(0, 0, Placed(0)), (0, 1, Placed(1))];
        let of = |claimed: &[(&str, f64)]| verdict(&study(), &honest, claimed);
        // Two hosts of 86 to 117 W for an hour.
        assert_eq!(of(&[("energy_kwh", 0.18), ("migrations", 0.0)]), Verdict::Correct);
        for (name, value) in [("energy_kwh", 0.17), ("energy_kwh", 0.24), ("migrations", 1.0)] {
            let found = of(&[(name, value)]);
            assert!(
                matches!(&found, Verdict::WrongMetric { metric, .. } if metric == name),
                "{found}"
            );
        }
        let above = [("energy_kwh", 0.18), ("energy_lower_bound_kwh", 0.19)];
        assert!(of(&above).is_wrong(), "the bound is above the energy");
        let together = [(0, 0, Placed(0)), (0, 1, Placed(0))];
        assert!(verdict(&study(), &together, &[]).is_wrong(), "no memory");
        assert!(verdict(&study(), &honest[..1], &[]).is_wrong(), "one is not placed");
        let lost = [honest[0], honest[1], (5, 1, Left)];
        assert!(verdict(&study(), &lost, &[]).is_wrong(), "one is lost");
        let shipped =
            Study { keeps_memory: false, keeps_vms: false, charges_all: false, ..study() };
        assert_eq!(verdict(&shipped, &lost, &[("vms_lost", 1.0)]), Verdict::Correct);
    }
}
