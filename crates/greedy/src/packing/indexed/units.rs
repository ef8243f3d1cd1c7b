//! What is placed at once: single VMs, and groups that stay together.

use vmpack_model::packing::{Demand, Instance, Level};

use super::super::sequence::Sequence;
use super::tenants::Tenants;

/// VMs that go on one host together: jobs of a sequence and how many VMs of each.
pub(super) type Part = Vec<(usize, u64)>;

/// VMs that are placed one after the other, all of them or none.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// What goes on one host each, and how often.
    pub(super) parts: Vec<(Part, u64)>,
    /// The largest extent of a domain in which rules keep parts together, beyond the single host.
    pub(super) within: Option<Level>,
    /// The same VMs in the units that only hard rules make of them, if these are others.
    pub(super) apart: Vec<Unit>,
    /// How much hard rules ask of it: those of groups, of single VMs, none.
    rank: u8,
}

/// The units of an instance, those that hard rules ask most of first, then class by class where hard rules
/// give every host to one class, then in the order of the sequence. Groups that
/// only soft rules keep together are units if `soft`.
pub(super) fn units(instance: &Instance, sequence: &Sequence, soft: bool) -> Vec<Unit> {
    let mut units = joined(instance, sequence, soft);
    if soft {
        let mut unit_of = vec![0; sequence.len()];
        for (at, unit) in units.iter().enumerate() {
            unit.jobs().for_each(|job| unit_of[job] = at);
        }
        for hard in joined(instance, sequence, false) {
            let job = hard.jobs().next();
            units[unit_of[job.expect("units hold VMs")]].apart.push(hard);
        }
        units.iter_mut().filter(|unit| unit.apart.len() == 1).for_each(|unit| unit.apart.clear());
    }
    // Units of a class one after the other, so that hosts of others stay out of sight for long.
    let tenants = Tenants::new(instance);
    let class = |job: usize| tenants.class(instance.type_of_row(sequence.rows(job)[0]));
    units.sort_by_cached_key(|unit| (std::cmp::Reverse(unit.rank), unit.jobs().map(class).min()));
    units
}

/// Whether some soft rule keeps VMs together.
pub(super) fn has_soft_groups(instance: &Instance) -> bool {
    let together = |demand: &Demand| matches!(demand, Demand::Together { .. });
    instance.rules().rules.iter().any(|rule| !rule.is_hard() && together(&rule.demand))
}

impl Unit {
    /// The jobs whose VMs it places.
    fn jobs(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().flat_map(|(part, _)| part.iter().map(|&(job, _)| job))
    }
}

/// The units in the order of their first jobs.
fn joined(instance: &Instance, sequence: &Sequence, soft: bool) -> Vec<Unit> {
    let types = instance.vms().len();
    let mut ranks = vec![0; types];
    let (mut hosts, mut places) = (Sets::new(types), Sets::new(types));
    let mut on_one_host = vec![false; types];
    let mut levels: Vec<(usize, Level)> = Vec::new();
    for rule in &instance.rules().rules {
        let mut concern = |vms: &[usize], rank: u8| {
            for &vm in vms.iter().filter(|_| rule.is_hard()) {
                ranks[vm] = ranks[vm].max(rank);
            }
        };
        match &rule.demand {
            Demand::Together { vms, within } if soft || rule.is_hard() => {
                concern(vms, 2);
                places.join(vms);
                if *within == Level::Host {
                    hosts.join(vms);
                    for &vm in vms {
                        on_one_host[vm] = true;
                    }
                } else {
                    levels.extend(vms.iter().map(|&vm| (vm, *within)));
                }
            }
            Demand::Restrict { vms, .. }
            | Demand::AtMost { vms, .. }
            | Demand::Spread { vms, .. } => concern(vms, 1),
            Demand::Separate { classes, .. } => classes.iter().for_each(|class| concern(class, 1)),
            Demand::Together { .. } | Demand::Survive { .. } => {}
        }
    }
    let (mut unit_of, mut part_of) = (vec![None; types], vec![None; types]);
    let mut units: Vec<Unit> = Vec::new();
    for job in 0..sequence.len() {
        let vm = instance.type_of_row(sequence.rows(job)[0]);
        let unit = *unit_of[places.find(vm)].get_or_insert_with(|| {
            units.push(Unit { parts: Vec::new(), within: None, apart: Vec::new(), rank: 0 });
            units.len() - 1
        });
        let unit = &mut units[unit];
        unit.rank = unit.rank.max(ranks[vm]);
        if on_one_host[vm] {
            let part = *part_of[hosts.find(vm)].get_or_insert_with(|| {
                unit.parts.push((Vec::new(), 1));
                unit.parts.len() - 1
            });
            unit.parts[part].0.push((job, sequence.count(job)));
        } else {
            unit.parts.push((vec![(job, 1)], sequence.count(job)));
        }
    }
    for (vm, level) in levels {
        // Types without VMs may be in no unit.
        if let Some(unit) = unit_of[places.find(vm)] {
            units[unit].within = units[unit].within.max(Some(level));
        }
    }
    units
}

/// Disjoint sets of VM types (Tarjan 1975, by path halving).
struct Sets(Vec<usize>);

impl Sets {
    fn new(types: usize) -> Self {
        Self((0..types).collect())
    }

    fn find(&mut self, mut of: usize) -> usize {
        while self.0[of] != of {
            self.0[of] = self.0[self.0[of]];
            of = self.0[of];
        }
        of
    }

    /// Makes one set of all that have a member among these.
    fn join(&mut self, types: &[usize]) {
        for pair in types.windows(2) {
            let (one, other) = (self.find(pair[0]), self.find(pair[1]));
            self.0[one.max(other)] = one.min(other);
        }
    }
}
