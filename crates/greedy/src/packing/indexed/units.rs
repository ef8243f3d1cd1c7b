//! What is placed at once: single VMs, and groups that stay together.

use vmpack_model::packing::{Demand, Instance, Level, Strength};

use super::super::sequence::Sequence;

/// VMs that go on one host together: jobs of a sequence and how many VMs of each.
pub(super) type Part = Vec<(usize, u64)>;

/// VMs that are placed one after the other, all of them or none.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// What goes on one host each, and how often.
    pub(super) parts: Vec<(Part, u64)>,
    /// The largest extent of a domain in which hard rules keep parts together, beyond the single host.
    pub(super) within: Option<Level>,
    /// How much hard rules ask of it: those of groups, of single VMs, none.
    pub(super) rank: u8,
}

/// The units of an instance, those that hard rules ask most of first, else in the order of the sequence.
pub(super) fn units(instance: &Instance, sequence: &Sequence) -> Vec<Unit> {
    let vm = |job: usize| instance.type_of_row(sequence.rows(job)[0]);
    let jobs = sequence.len();
    let mut concerned = vec![false; instance.vms().len()];
    let mut on_one_host: Vec<&[usize]> = Vec::new();
    let mut in_one_place: Vec<(&[usize], Level)> = Vec::new();
    for rule in &instance.rules().rules {
        if rule.strength != Strength::Hard {
            continue;
        }
        let mut concern = |vms: &[usize]| vms.iter().for_each(|&vm| concerned[vm] = true);
        match &rule.demand {
            Demand::Together { vms, within: Level::Host } => on_one_host.push(vms),
            Demand::Together { vms, within } => in_one_place.push((vms, *within)),
            Demand::Restrict { vms, .. }
            | Demand::AtMost { vms, .. }
            | Demand::Spread { vms, .. } => concern(vms),
            Demand::Separate { classes, .. } => classes.iter().for_each(|class| concern(class)),
            Demand::Survive { .. } => {}
        }
    }
    let together = |groups: &mut dyn Iterator<Item = &[usize]>| {
        let mut sets = Sets::new(instance.vms().len());
        groups.for_each(|vms| vms.windows(2).for_each(|pair| sets.join(pair[0], pair[1])));
        sets
    };
    let mut hosts = together(&mut on_one_host.iter().copied());
    let mut places =
        together(&mut on_one_host.iter().copied().chain(in_one_place.iter().map(|of| of.0)));
    let mut grouped = vec![false; instance.vms().len()];
    on_one_host.iter().flat_map(|vms| vms.iter()).for_each(|&vm| grouped[vm] = true);

    let mut unit_of = vec![None; instance.vms().len()];
    let mut part_of = vec![None; instance.vms().len()];
    let mut units: Vec<Unit> = Vec::new();
    for job in 0..jobs {
        let vm = vm(job);
        let unit = *unit_of[places.find(vm)].get_or_insert_with(|| {
            units.push(Unit { parts: Vec::new(), within: None, rank: 0 });
            units.len() - 1
        });
        let unit = &mut units[unit];
        unit.rank = unit.rank.max(u8::from(concerned[vm]));
        if grouped[vm] {
            let part = *part_of[hosts.find(vm)].get_or_insert_with(|| {
                unit.parts.push((Vec::new(), 1));
                unit.parts.len() - 1
            });
            unit.parts[part].0.push((job, sequence.count(job)));
            unit.rank = 2;
        } else {
            unit.parts.push((vec![(job, 1)], sequence.count(job)));
        }
    }
    for (vms, level) in in_one_place {
        // Types without VMs are in no unit.
        let placed = vms.iter().find_map(|&vm| unit_of[places.find(vm)]);
        if let Some(unit) = placed {
            units[unit].within = units[unit].within.max(Some(level));
            units[unit].rank = 2;
        }
    }
    units.sort_by_key(|unit| std::cmp::Reverse(unit.rank));
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

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.0[one.max(other)] = one.min(other);
    }
}
