//! Where VMs start.

use super::ReplayError;
use super::changes::{Change, Changes};
use super::study::Study;

/// What a host has left while VMs are created, each of which reserves all of its CPU and memory.
#[derive(Clone, Copy, Debug, Default)]
struct Reserved {
    mips: f64,
    ram_mb: u64,
}

/// The hosts of VMs, each the first that it fits.
pub(crate) fn first_fit(study: &Study) -> Result<Vec<usize>, ReplayError> {
    place(study, |_, _, _| 0.0)
}

/// The hosts of VMs, each that whose power it raises least.
pub(crate) fn power_aware(study: &Study, changes: Changes) -> Result<Vec<usize>, ReplayError> {
    place(study, |h, before, added| {
        let kind = study.host_kind(h);
        let known = if changes.has(Change::PowerFromPlan) { before } else { 0.0 };
        let draws = known > 0.0 || !changes.has(Change::OffHostDrawsNothing);
        let baseline = if draws { kind.power.watts(known / kind.mips) } else { 0.0 };
        kind.power.watts((before + added) / kind.mips) - baseline
    })
}

/// Places VMs in order on the first host of least cost (of host, reserved and added MIPS).
fn place(study: &Study, cost: impl Fn(usize, f64, f64) -> f64) -> Result<Vec<usize>, ReplayError> {
    let mut hosts = vec![Reserved::default(); study.hosts];
    let mut placement = Vec::with_capacity(study.vms.len());
    for vm in 0..study.vms.len() {
        let wanted = study.vm_kind(vm);
        let mut best: Option<(usize, f64)> = None;
        for (h, reserved) in hosts.iter().enumerate() {
            let kind = study.host_kind(h);
            let fits = kind.core_mips >= wanted.mips
                && kind.mips - reserved.mips >= wanted.mips
                && kind.ram_mb - reserved.ram_mb >= wanted.ram_mb;
            if fits {
                let cost = cost(h, reserved.mips, wanted.mips);
                if best.is_none_or(|(_, least)| cost < least) {
                    best = Some((h, cost));
                }
            }
        }
        let (host, _) =
            best.ok_or_else(|| ReplayError::NoHost { vm: study.trace.names()[vm].clone() })?;
        hosts[host].mips += wanted.mips;
        hosts[host].ram_mb += wanted.ram_mb;
        placement.push(host);
    }
    Ok(placement)
}
