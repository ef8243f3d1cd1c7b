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
    if !study.keeps_memory {
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
            Deed::Stays | Deed::Reserves(..) | Deed::Restarts(_) => {
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
