//! vmpack's own policy: pack by memory, let CPU be overcommitted, and move the few hosts that turn out too small.
//!
//! Memory decides how many hosts are on, and what a host draws depends little on its load. So VMs start on the fewest
//! hosts that hold their memory, of the kind that draws least; those with a virtual CPU much faster than a core
//! of that kind start on faster hosts. From then on a host is replaced by a faster one, all VMs at once, when a VM
//! on it has asked for nearly all of a core, and a VM moves out of a host whose CPU falls short as a whole. Moves wait
//! for an interval of little load, as what a migration costs a VM is a share of what it asks for, and keep to a budget.
//!
//! The policy knows the kinds of hosts and VMs when VMs start, and at a tick the loads up to that tick.

use super::ReplayError;
use super::study::{DAY, HOST_KINDS, MIGRATION_MB_PER_SECOND, Study};
use super::world::{Move, World};

/// A VM may start on a core of this share of the speed of its virtual CPU.
const TALL: f64 = 0.9;
/// A VM that has asked for this share of a core is likely to ask for more than the core.
const ALARM: f64 = 0.95;
/// What VMs may lose to migrations, as a share of what they ask for in a day.
const BUDGET: f64 = 1.2e-6;
/// What VMs of one host may lose to its replacement at once, in MIPS x seconds; doubles with every shortage.
const CHEAP: f64 = 300.0;

/// The hosts of VMs at the start: the fewest by memory, of kinds by need and idle power.
pub(crate) fn start(study: &Study) -> Result<Vec<usize>, ReplayError> {
    let mut order: Vec<usize> = (0..study.vms.len()).collect();
    order.sort_by_key(|&vm| std::cmp::Reverse((study.vm_kind(vm).ram_mb, study.vms[vm])));
    // Hosts by number as they are opened, with what they have free; and those not yet opened, by kind.
    let mut open: Vec<(usize, u64)> = Vec::new();
    let mut closed: Vec<std::iter::Peekable<_>> = (0..HOST_KINDS.len())
        .map(|kind| (kind..study.hosts).step_by(HOST_KINDS.len()).peekable())
        .collect();
    let mut kinds: Vec<usize> = (0..HOST_KINDS.len()).collect();
    kinds.sort_by(|&a, &b| {
        let idle = |kind: usize| HOST_KINDS[kind].power.points()[0];
        idle(a).total_cmp(&idle(b))
    });
    let mut placement = vec![0; study.vms.len()];
    for vm in order {
        let wanted = study.vm_kind(vm);
        let suits = |kind: usize| HOST_KINDS[kind].core_mips >= TALL * wanted.mips;
        // A fast VM keeps to fast hosts; others fill what is open, slow hosts first.
        let best = open
            .iter_mut()
            .filter(|(host, free)| *free >= wanted.ram_mb && suits(host % HOST_KINDS.len()))
            .min_by_key(|(host, free)| {
                (kinds.iter().position(|&kind| kind == host % HOST_KINDS.len()), *free, *host)
            });
        if let Some((host, free)) = best {
            *free -= wanted.ram_mb;
            placement[vm] = *host;
            continue;
        }
        let opened =
            kinds.iter().filter(|&&kind| suits(kind)).find_map(|&kind| closed[kind].next());
        let host = opened
            .or_else(|| kinds.iter().find_map(|&kind| closed[kind].next()))
            .ok_or(ReplayError::NoHost { vm })?;
        open.push((host, study.host_kind(host).ram_mb - wanted.ram_mb));
        placement[vm] = host;
    }
    Ok(placement)
}

/// What the policy has seen.
#[derive(Debug)]
pub(crate) struct Best {
    /// The most that every VM has asked for at a tick, in MIPS.
    peaks: Vec<f64>,
    /// Ticks at which each host fell short since its VMs last changed.
    shortages: Vec<i32>,
    /// MIPS x seconds lost to migrations.
    spent: f64,
}

impl Best {
    pub(crate) fn new(study: &Study) -> Self {
        Self { peaks: vec![0.0; study.vms.len()], shortages: vec![0; study.hosts], spent: 0.0 }
    }

    pub(crate) fn plan(&mut self, world: &World<'_>) -> Vec<Move> {
        for (peak, vm) in self.peaks.iter_mut().zip(&world.vms) {
            *peak = peak.max(vm.request);
        }
        let asked: f64 = world.vms.iter().map(|vm| vm.request).sum();
        let budget = BUDGET * asked * DAY;
        let mut moves = Vec::new();
        let mut taken = vec![false; world.hosts.len()];
        for h in 0..world.hosts.len() {
            let host = &world.hosts[h];
            if host.vms.is_empty() {
                continue;
            }
            let kind = world.study.host_kind(h);
            let tallest = host.vms.iter().map(|&vm| self.peaks[vm]).fold(0.0, f64::max);
            let total: f64 = host.vms.iter().map(|&vm| world.vms[vm].request).sum();
            let short = total > kind.mips
                || host.vms.iter().any(|&vm| world.vms[vm].request > kind.core_mips);
            self.shortages[h] += i32::from(short);
            let leaving: Vec<usize> = if tallest > ALARM * kind.core_mips
                && HOST_KINDS.iter().any(|faster| faster.core_mips > kind.core_mips)
            {
                host.vms.clone()
            } else if total > kind.mips || self.shortages[h] > 1 {
                host.vms
                    .iter()
                    .copied()
                    .max_by(|&a, &b| self.peaks[a].total_cmp(&self.peaks[b]))
                    .into_iter()
                    .collect()
            } else {
                continue;
            };
            let cost: f64 = leaving.iter().map(|&vm| loss(world, vm)).sum();
            if cost > CHEAP * 2.0_f64.powi(self.shortages[h]) || self.spent + cost > budget {
                continue;
            }
            let fastest = (0..world.hosts.len()).find(|&to| {
                !taken[to]
                    && world.hosts[to].vms.is_empty()
                    && world.study.host_kind(to).core_mips >= kind.core_mips
                    && world.study.host_kind(to).core_mips > HOST_KINDS[0].core_mips
            });
            let Some(target) = fastest else { continue };
            taken[target] = true;
            self.spent += cost;
            self.shortages[h] = 0;
            moves.extend(leaving.into_iter().map(|vm| Move { vm, target }));
        }
        moves
    }
}

/// What a VM loses if it moves now, in MIPS x seconds: a tenth of what it asks for while its memory is copied.
fn loss(world: &World<'_>, vm: usize) -> f64 {
    0.1 * world.vms[vm].request * world.study.vm_kind(vm).ram_mb as f64 / MIGRATION_MB_PER_SECOND
}
