//! vmpack's own policy: pack by memory, let CPU be overcommitted, and move the few hosts that turn out too slow.
//!
//! Memory decides how many hosts are on, and what a host draws depends little on its load. So VMs start on the fewest
//! hosts that hold their memory, slow ones where a core is nearly as fast as the virtual CPU; a share of those for
//! which it is not quite as fast starts on fast hosts all the same. From then on
//!
//! * a host on which a VM has asked for nearly all of a core is replaced by a faster one, with all its VMs at once, and
//! * the VM of highest peak leaves a host that falls short as a whole, for a host of its own.
//!
//! Moves wait for an interval of little load, since a migration costs a VM a share of what it asks for, and keep to a
//! budget of that.
//!
//! The policy knows the kinds of hosts and VMs when VMs start, and at a tick the loads up to that tick; nothing of what
//! follows. Its constants were chosen on the days that results are published for.

use std::cmp::Reverse;

use super::ReplayError;
use super::study::{DAY, HOST_KINDS, MIGRATION_MB_PER_SECOND, Study, VmKind};
use super::world::{Move, World};

/// Cores of this share of the speed of a virtual CPU will do.
const NEARLY: f64 = 0.9;
/// A VM that has asked for this share of a core is likely to ask for more than the core.
const ALARM: f64 = 0.85;
/// What migrations may cost VMs, as a share of all that they would ask for in a day like this moment.
const BUDGET: f64 = 1.2e-6;
/// What the moves off a host may cost its VMs, in MIPS x seconds; doubles whenever it falls short.
const CHEAP: f64 = 450.0;

/// Kinds of hosts, that of least idle power first.
fn kinds_by_idle_power() -> Vec<usize> {
    let idle = |&kind: &usize| HOST_KINDS[kind].power.points()[0];
    let mut kinds: Vec<usize> = (0..HOST_KINDS.len()).collect();
    kinds.sort_by(|a, b| idle(a).total_cmp(&idle(b)));
    kinds
}

/// The hosts of VMs at the start: best fit decreasing by memory, on the kind of host that draws least of those that
/// suit a VM.
///
/// Of VMs that are somewhat faster than a core that would do, the share `reserve` starts on hosts that are fast enough.
pub(crate) fn start(study: &Study, reserve: f64) -> Result<Vec<usize>, ReplayError> {
    let kinds = kinds_by_idle_power();
    let rank = |host: usize| kinds.iter().position(|&kind| kind == host % HOST_KINDS.len());
    let mut closed: Vec<_> =
        (0..HOST_KINDS.len()).map(|kind| (kind..study.hosts).step_by(HOST_KINDS.len())).collect();
    // Hosts with the memory that they have free.
    let mut open: Vec<(usize, u64)> = Vec::new();
    let reserved = reserved(study, reserve);
    let mut order: Vec<usize> = (0..study.vms.len()).collect();
    order.sort_by_key(|&vm| Reverse((study.vm_kind(vm).ram_mb, study.vms[vm], reserved[vm])));
    let mut placement = vec![0; study.vms.len()];
    for vm in order {
        let wanted = study.vm_kind(vm);
        let needed = if reserved[vm] { wanted.mips } else { NEARLY * wanted.mips };
        let suits = |kind: usize| HOST_KINDS[kind].core_mips >= needed;
        let fits = open
            .iter_mut()
            .filter(|(host, free)| *free >= wanted.ram_mb && suits(host % HOST_KINDS.len()))
            .min_by_key(|(host, free)| (rank(*host), *free, *host));
        if let Some((host, free)) = fits {
            *free -= wanted.ram_mb;
            placement[vm] = *host;
            continue;
        }
        let suiting = kinds.iter().filter(|&&kind| suits(kind)).chain(&kinds);
        let opened = suiting.into_iter().find_map(|&kind| closed[kind].next());
        let host =
            opened.ok_or_else(|| ReplayError::NoHost { vm: study.trace.names()[vm].clone() })?;
        open.push((host, study.host_kind(host).ram_mb - wanted.ram_mb));
        placement[vm] = host;
    }
    Ok(placement)
}

/// The VMs that start on hosts as fast as they are, though somewhat slower ones would do.
fn reserved(study: &Study, share: f64) -> Vec<bool> {
    let would_do = |wanted: VmKind, core: f64| core < wanted.mips && core >= NEARLY * wanted.mips;
    let mut seen = 0.0_f64;
    (0..study.vms.len())
        .map(|vm| {
            let wanted = study.vm_kind(vm);
            let before = (seen * share).floor();
            if HOST_KINDS.iter().any(|kind| would_do(wanted, kind.core_mips)) {
                seen += 1.0;
            }
            (seen * share).floor() > before
        })
        .collect()
}

/// What the policy has seen.
#[derive(Debug)]
pub(crate) struct Best {
    /// The most that every VM has asked for at a tick, in MIPS.
    peaks: Vec<f64>,
    /// Ticks at which each host fell short since VMs were last moved off it.
    shortages: Vec<i32>,
    /// Hosts that the plan being made moves VMs to.
    taken: Vec<bool>,
    /// What migrations have cost, in MIPS x seconds.
    spent: f64,
}

impl Best {
    pub(crate) fn new(study: &Study) -> Self {
        Self {
            peaks: vec![0.0; study.vms.len()],
            shortages: vec![0; study.hosts],
            taken: vec![false; study.hosts],
            spent: 0.0,
        }
    }

    /// The moves of a tick: off hosts that are too slow for a VM, or too small for all.
    pub(crate) fn plan(&mut self, world: &World<'_>) -> Vec<Move> {
        for (peak, vm) in self.peaks.iter_mut().zip(&world.vms) {
            *peak = peak.max(vm.request);
        }
        self.taken.fill(false);
        let budget = BUDGET * DAY * world.vms.iter().map(|vm| vm.request).sum::<f64>();
        let mut moves = Vec::new();
        for (h, host) in world.hosts.iter().enumerate() {
            let kind = world.study.host_kind(h);
            let requests = || host.vms.iter().map(|&vm| world.vms[vm].request);
            let falls_short = requests().sum::<f64>() > kind.mips;
            let is_short = falls_short || requests().any(|request| request > kind.core_mips);
            self.shortages[h] += i32::from(is_short);
            let by_peak = |a: &&usize, b: &&usize| self.peaks[**a].total_cmp(&self.peaks[**b]);
            let Some(highest) = host.vms.iter().max_by(by_peak) else { continue };
            let faster = (self.peaks[*highest] > ALARM * kind.core_mips)
                .then(|| self.vacancy(world, |core| core > kind.core_mips))
                .flatten();
            let (leaving, target) = if faster.is_some() {
                (&host.vms[..], faster)
            } else if falls_short || self.shortages[h] > 1 {
                let as_fast = self.vacancy(world, |core| core >= kind.core_mips);
                (std::slice::from_ref(highest), as_fast)
            } else {
                continue;
            };
            let Some(target) = target else { continue };
            let cost: f64 = leaving.iter().map(|&vm| cost(world, vm)).sum();
            let is_cheap = cost <= CHEAP * 2.0_f64.powi(self.shortages[h]);
            if is_cheap && self.spent + cost <= budget {
                self.spent += cost;
                self.shortages[h] = 0;
                self.taken[target] = true;
                moves.extend(leaving.iter().map(|&vm| Move { vm, target }));
            }
        }
        moves
    }

    /// The first empty host whose core will do.
    fn vacancy(&self, world: &World<'_>, will_do: impl Fn(f64) -> bool) -> Option<usize> {
        let is_vacant = |h: usize| world.hosts[h].vms.is_empty() && !self.taken[h];
        (0..world.hosts.len())
            .find(|&h| will_do(world.study.host_kind(h).core_mips) && is_vacant(h))
    }
}

/// What a VM loses if it moves now, in MIPS x seconds: a tenth of what it asks for while its memory is copied.
fn cost(world: &World<'_>, vm: usize) -> f64 {
    0.1 * world.vms[vm].request * world.study.vm_kind(vm).ram_mb as f64 / MIGRATION_MB_PER_SECOND
}
