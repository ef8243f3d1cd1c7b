//! Placement rules: what a placement breaks, and what it pays for that.
//!
//! Every form comes down to how many VMs of which class each domain holds ([`domain`]), but for surviving
//! failures, which is shown by who goes where ([`evacuation`]). Capacities that overcommit and reserve leave are
//! derived from the hardware ([`capacity`]). None of this uses what the model offers methods for the same purpose.
//!
//! Time is linear in the entries of the patterns times the rules that touch their VM types (times a logarithm),
//! and in the evacuations.

mod capacity;
mod domain;
mod evacuation;

use vmpack_model::packing::{Demand, Instance, Level, Placement, Rule, Strength};

pub(super) use self::capacity::{usable, usable_of};
use self::domain::{Holding, Occupancy};
use crate::violations::Violations;

/// What a placement pays beyond its hosts.
#[derive(Debug, Default)]
pub(super) struct Paid {
    /// Prices of VMs on their hosts and of broken soft rules. Saturates: costs beyond 127 bits are refused.
    pub(super) cost: u128,
    /// The soft rules that are broken, for people.
    pub(super) notes: Vec<String>,
}

/// Derives which hard rules a placement breaks, and what it pays. All its host types and demand rows must be
/// known.
pub(super) fn judge(
    instance: &Instance,
    placement: &Placement,
    violations: &mut Violations,
) -> Paid {
    let mut paid = Paid { cost: running_cost(instance, placement), notes: Vec::new() };
    let rules = &instance.rules().rules;
    if rules.is_empty() && placement.evacuations.is_empty() {
        return paid;
    }
    let touching = Touching::new(instance);
    for (rule, occupancy) in rules.iter().zip(occupancies(instance, placement, &touching)) {
        let broken = broken(instance, placement, rule, occupancy, violations);
        if let Strength::Soft { price } = rule.strength
            && broken > 0
        {
            let due = broken.saturating_mul(u128::from(price));
            paid.cost = paid.cost.saturating_add(due);
            let times = if broken == 1 { "once" } else { &format!("{broken} times") };
            paid.notes.push(format!(
                "rule {:?} ({}) is broken {times} at {price} each: {due}",
                rule.name,
                rule.demand.name()
            ));
        }
    }
    evacuation::judge(instance, placement, &touching, violations);
    paid
}

/// What running the VMs on their hosts costs.
fn running_cost(instance: &Instance, placement: &Placement) -> u128 {
    let Some(prices) = &instance.rules().prices else { return 0 };
    let mut cost: u128 = 0;
    for (pattern, hosts) in &placement.patterns {
        for &(row, count) in &pattern.vms {
            let price = u128::from(prices[[instance.type_of_row(row), pattern.host]]);
            let vms = u128::from(count) * u128::from(*hosts);
            cost = cost.saturating_add(price.saturating_mul(vms));
        }
    }
    cost
}

/// The rules that concern each VM type: the index of the rule, and the class that the type is of.
struct Touching(Vec<Vec<(usize, usize)>>);

impl Touching {
    fn new(instance: &Instance) -> Self {
        let mut touching = vec![Vec::new(); instance.vms().len()];
        let mut touch = |rule: usize, class: usize, vms: &[usize]| {
            for &vm in vms {
                touching[vm].push((rule, class));
            }
        };
        for (index, rule) in instance.rules().rules.iter().enumerate() {
            match &rule.demand {
                Demand::Restrict { vms, .. }
                | Demand::AtMost { vms, .. }
                | Demand::Together { vms, .. }
                | Demand::Spread { vms, .. } => touch(index, 0, vms),
                Demand::Separate { classes, .. } => {
                    for (class, vms) in classes.iter().enumerate() {
                        touch(index, class, vms);
                    }
                }
                Demand::Survive { .. } => {}
            }
        }
        Self(touching)
    }

    /// The rules that concern VMs of a demand row, with the class.
    fn row(&self, instance: &Instance, row: usize) -> &[(usize, usize)] {
        &self.0[instance.type_of_row(row)]
    }
}

/// The level at which a rule looks at domains; that of hosts for rules about single VMs.
fn level(demand: &Demand) -> Level {
    match demand {
        Demand::AtMost { within, .. }
        | Demand::Together { within, .. }
        | Demand::Separate { within, .. } => *within,
        Demand::Spread { over, .. } => *over,
        Demand::Restrict { .. } | Demand::Survive { .. } => Level::Host,
    }
}

/// What each rule finds where: of [`Demand::Restrict`] only the VMs that are where they may not be.
fn occupancies(instance: &Instance, placement: &Placement, touching: &Touching) -> Vec<Occupancy> {
    let rules = &instance.rules().rules;
    let mut found: Vec<_> = rules.iter().map(|rule| Occupancy::new(level(&rule.demand))).collect();
    for (index, (pattern, hosts)) in placement.patterns.iter().enumerate() {
        for &(row, count) in &pattern.vms {
            for &(rule, class) in touching.row(instance, row) {
                if let Demand::Restrict { hosts: allowed, .. } = &rules[rule].demand
                    && allowed.binary_search(&pattern.host).is_ok()
                {
                    continue;
                }
                found[rule].add(instance, (index, pattern, *hosts), class, count);
            }
        }
    }
    found
}

/// How often a rule is broken. If it is hard, the places are told.
fn broken(
    instance: &Instance,
    placement: &Placement,
    rule: &Rule,
    found: Occupancy,
    violations: &mut Violations,
) -> u128 {
    let level = found.level();
    let holdings = found.holdings(|pattern| placement.patterns[pattern].1);
    let mut total: u128 = 0;
    let mut count = |broken: u128, sentence: &dyn Fn() -> String| {
        total = total.saturating_add(broken);
        if broken > 0 && rule.is_hard() {
            let (name, form) = (&rule.name, rule.demand.name());
            violations.push(|| format!("rule {name:?} ({form}): {}", sentence()));
        }
    };
    let place = |holding: &Holding| holding.domain.show(instance, level);
    let domains = || holdings.iter().fold(0, |sum: u128, held| sum.saturating_add(held.times));
    match &rule.demand {
        Demand::Restrict { .. } => {
            for held in &holdings {
                count(held.vms.saturating_mul(held.times), &|| {
                    format!("{} holds {} of its VMs, which may not be there", place(held), held.vms)
                });
            }
        }
        Demand::AtMost { most, .. } => {
            for held in &holdings {
                let over = held.vms.saturating_sub(u128::from(*most));
                count(over.saturating_mul(held.times), &|| {
                    let vms = held.vms;
                    format!("{} holds {vms} of its VMs, {over} more than {most}", place(held))
                });
            }
        }
        Demand::Separate { .. } => {
            for held in &holdings {
                count((held.classes - 1).saturating_mul(held.times), &|| {
                    format!("{} holds VMs of {} classes, not of one", place(held), held.classes)
                });
            }
        }
        Demand::Together { .. } => count(domains().saturating_sub(1), &|| {
            format!("its VMs are in {} {} instead of one", domains(), plural(level))
        }),
        Demand::Spread { least, .. } => {
            count(u128::from(*least).saturating_sub(domains()), &|| {
                format!("its VMs are in {} {} instead of {least}", domains(), plural(level))
            });
        }
        Demand::Survive { .. } => {}
    }
    total
}

fn plural(level: Level) -> &'static str {
    match level {
        Level::Host => "hosts",
        Level::Rack => "racks",
        Level::Site => "sites",
    }
}

/// The name of a hard rule that keeps VMs of a type from hosts of a type, if there is one.
pub(super) fn forbidding(instance: &Instance, vm: usize, host: usize) -> Option<&str> {
    let mut hard = instance.rules().rules.iter().filter(|rule| rule.is_hard());
    let keeps_away = |rule: &&Rule| match &rule.demand {
        Demand::Restrict { vms, hosts } => {
            vms.binary_search(&vm).is_ok() && hosts.binary_search(&host).is_err()
        }
        _ => false,
    };
    hard.find(keeps_away).map(|rule| rule.name.as_str())
}
