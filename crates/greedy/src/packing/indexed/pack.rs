//! Unit after unit, and again from the start with those first that found no host.

use vmpack_cluster::Index;
use vmpack_model::Budget;
use vmpack_model::packing::{Demand, Instance, Level, Placement, Rule, Strength};

use super::super::right_size::right_size;
use super::super::sequence::Sequence;
use super::super::survive::{Lost, stand_by};
use super::Preference;
use super::fleet::Fleet;
use super::right_size::right_size_ruled;
use super::settle::{Chooser, Within};
use super::units::{Unit, has_soft_groups, units};

/// How many VMs are placed between two looks at the clock.
const STEPS: usize = 256;

/// Why packing ends without a placement.
enum Stuck {
    /// No host for a unit, by position.
    Unit(usize),
    /// No host for a VM of a type when hosts that a rule is about fail.
    Failure { vm: usize, rule: usize },
    /// No time, or no way out.
    End,
}

/// Places all VMs, in the order of the sequence if there are no rules; `None` if the budget is spent or the VMs
/// do not find hosts.
///
/// With rules, units of which much is asked come first. One that finds no host nevertheless comes before all others
/// in the next round (squeaky wheel optimisation: Joslin and Clements 1999), and VMs that find none when hosts fail
/// keep off such hosts then. Where soft rules keep VMs together, groups are placed at once and VM by VM, and the
/// cheaper placement counts.
pub(super) fn pack<I: Index>(
    instance: &Instance,
    sequence: &Sequence,
    preference: Preference<'_>,
    index: &dyn Fn() -> I,
    rounds: usize,
    budget: &Budget,
) -> Option<Placement> {
    let grouped: &[bool] = if has_soft_groups(instance) { &[true, false] } else { &[false] };
    let placements = grouped.iter().filter_map(|&soft| {
        let units = units(instance, sequence, soft);
        pack_units(instance, sequence, units, preference, (index, rounds), budget)
    });
    placements.min_by_key(|placement| placement.cost(instance))
}

fn pack_units<I: Index>(
    instance: &Instance,
    sequence: &Sequence,
    mut units: Vec<Unit>,
    preference: Preference<'_>,
    (index, rounds): (&dyn Fn() -> I, usize),
    budget: &Budget,
) -> Option<Placement> {
    let mut confined: Option<Instance> = None;
    for _ in 0..rounds {
        let instance = confined.as_ref().unwrap_or(instance);
        let mut fleet = Fleet::new(instance, sequence, index());
        let mut chooser = Chooser::new(instance, preference);
        let placed = place(&mut fleet, &mut chooser, &units, budget);
        match placed.and_then(|()| finish(fleet, budget)) {
            Ok(placement) => return Some(placement),
            Err(Stuck::Unit(at)) if at > 0 => units[..=at].rotate_right(1),
            Err(Stuck::Failure { vm, rule }) => confined = Some(keep_off(instance, vm, rule)?),
            Err(Stuck::Unit(_) | Stuck::End) => return None,
        }
    }
    None
}

/// The instance with VMs of a type kept off the hosts that a rule is about; `None` if they are already.
fn keep_off(instance: &Instance, vm: usize, rule: usize) -> Option<Instance> {
    let mut rules = instance.rules().clone();
    let Demand::Survive { hosts: among, .. } = &rules.rules[rule].demand else { return None };
    let others = (0..instance.hosts().len()).filter(|t| among.binary_search(t).is_err());
    let demand = Demand::Restrict { vms: vec![vm], hosts: others.collect() };
    let name = format!("{}: not {vm}", rules.rules[rule].name);
    if rules.rules.iter().any(|rule| rule.demand == demand) {
        return None;
    }
    rules.rules.push(Rule { name, demand, strength: Strength::Hard });
    instance.clone().with_rules(rules).ok()
}

/// Cheaper hosts, and hosts that stand by for failures.
fn finish<I: Index>(mut fleet: Fleet<'_, I>, budget: &Budget) -> Result<Placement, Stuck> {
    let instance = fleet.instance;
    if instance.rules().only_capacity() {
        let patterns = fleet.contents().into_iter().map(|(_, pattern)| (pattern, 1));
        let placement = Placement::from_patterns(patterns);
        return Ok(right_size(instance, placement, &mut fleet.stock));
    }
    if fleet.state.broken() > 0 {
        return Err(Stuck::End);
    }
    let placement = right_size_ruled(&mut fleet);
    stand_by(instance, placement, budget).map_err(|lost| match lost {
        Lost::Vm { vm, rule } => Stuck::Failure { vm, rule },
        Lost::Effort => Stuck::End,
    })
}

fn place<I: Index>(
    fleet: &mut Fleet<'_, I>,
    chooser: &mut Chooser<'_>,
    units: &[Unit],
    budget: &Budget,
) -> Result<(), Stuck> {
    let mut clock = Clock { steps: 0, budget };
    for (at, unit) in units.iter().enumerate() {
        let mark = fleet.mark();
        if place_unit(fleet, chooser, unit, &mut clock)? {
            continue;
        }
        fleet.return_to(mark);
        let mut apart = unit.apart.iter();
        if unit.apart.is_empty()
            || !apart.try_fold(true, |all, unit| {
                Ok(all && place_unit(fleet, chooser, unit, &mut clock)?)
            })?
        {
            return Err(Stuck::Unit(at));
        }
    }
    Ok(())
}

/// Looks at the budget now and then.
struct Clock<'a> {
    steps: usize,
    budget: &'a Budget,
}

impl Clock<'_> {
    fn tick(&mut self) -> Result<(), Stuck> {
        let over = self.steps.is_multiple_of(STEPS) && self.budget.exhausted();
        self.steps += 1;
        if over { Err(Stuck::End) } else { Ok(()) }
    }
}

/// Places a unit; whether all its parts found hosts.
fn place_unit<I: Index>(
    fleet: &mut Fleet<'_, I>,
    chooser: &mut Chooser<'_>,
    unit: &Unit,
    clock: &mut Clock<'_>,
) -> Result<bool, Stuck> {
    if let Some(level) = unit.within {
        return place_in_one_domain(fleet, chooser, unit, level, clock);
    }
    for (part, copies) in &unit.parts {
        fleet.turn_to(part);
        let mut kind = None;
        for _ in 0..*copies {
            clock.tick()?;
            let placed = match part[..] {
                [(job, 1)] if fleet.is_free(job) => chooser.settle_free(fleet, job, &mut kind),
                _ => chooser.settle(fleet, part, None).is_some(),
            };
            if !placed {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Places a unit whose parts stay in one domain: that of the host that the first part finds, or the first one that
/// has room for all.
fn place_in_one_domain<I: Index>(
    fleet: &mut Fleet<'_, I>,
    chooser: &mut Chooser<'_>,
    unit: &Unit,
    level: Level,
    clock: &mut Clock<'_>,
) -> Result<bool, Stuck> {
    let topology = &fleet.instance.rules().topology;
    let domain = |kind: usize| topology.domain(level, kind).map(|domain| (level, domain));
    let mut domains: Vec<Within> = (0..fleet.instance.hosts().len()).map(domain).collect();
    domains.sort_unstable();
    domains.dedup();
    let mark = fleet.mark();
    for wanted in std::iter::once(None).chain(domains) {
        let mut within = wanted;
        let mut all = true;
        for part in unit.parts.iter().flat_map(|(part, n)| (0..*n).map(move |_| part)) {
            clock.tick()?;
            fleet.turn_to(part);
            let Some(host) = chooser.settle(fleet, part, within) else {
                all = false;
                break;
            };
            within = within.or_else(|| domain(fleet.state.kind(host)));
        }
        if all {
            return Ok(true);
        }
        fleet.return_to(mark);
    }
    Ok(false)
}
