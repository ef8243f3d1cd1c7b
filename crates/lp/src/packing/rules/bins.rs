//! How many hosts of each type a placement with rules may need, and what may run on them.

use vmpack_model::packing::{Demand, Instance, Rule};

use crate::packing::claim::copies;

/// The host copies of a program.
#[derive(Debug)]
pub(super) struct Bins {
    /// The demand rows that VMs may run by on hosts of each type: they fit, and no hard rule forbids it.
    pub(super) rows: Vec<Vec<usize>>,
    /// How many copies there are of each host type.
    pub(super) copies: Vec<u64>,
}

impl Bins {
    /// Some placement of least cost needs no more copies than these: of each type what is in stock, what
    /// the `ceiling` on the cost pays for, and one for each VM that may run on it, with the standby hosts that
    /// [`Demand::Survive`] may ask for.
    ///
    /// A type needs no more than `s + k` standby hosts where any `k` hosts that fail hold at most `s` VMs: if
    /// there are more, at least `s` of them are left when hosts fail, and each VM that moves uses one.
    pub(super) fn new(instance: &Instance, ceiling: Option<u64>) -> Self {
        let hosts = instance.hosts();
        let rows: Vec<Vec<usize>> = (0..hosts.len())
            .map(|t| (0..instance.rows()).filter(|&row| may_run(instance, row, t)).collect())
            .collect();
        // Asked for by every host type of a rule, of every host type of it.
        let survives = |rule: &Rule| matches!(rule.demand, Demand::Survive { .. });
        let fills: Vec<u64> = if instance.rules().rules.iter().any(survives) {
            (0..hosts.len()).map(|t| fill(instance, &rows[t], t)).collect()
        } else {
            Vec::new()
        };
        let copies = (0..hosts.len()).map(|t| {
            let affordable = ceiling.and_then(|cost| cost.checked_div(hosts[t].cost));
            let most = members(instance, &rows[t]).saturating_add(standby(instance, &fills, t));
            most.min(affordable.unwrap_or(u64::MAX)).min(hosts[t].stock.unwrap_or(u64::MAX))
        });
        Self { copies: copies.collect(), rows }
    }

    /// From which copy on hosts of type `t` hold none of a VM type, for every row of the host type.
    ///
    /// Copies are put in order of the first VM type that they hold, so those that hold a type or one before it
    /// come first, and are no more than these VMs.
    pub(super) fn ends(&self, instance: &Instance, t: usize) -> Vec<u64> {
        let mut end: u64 = 0;
        let mut last = None;
        let rows = self.rows[t].iter().map(|&row| {
            let vm = instance.type_of_row(row);
            if last.replace(vm) != Some(vm) {
                end = end.saturating_add(instance.vms()[vm].count);
            }
            end
        });
        rows.collect()
    }

    /// How many columns the program has at most.
    pub(super) fn columns(&self, instance: &Instance) -> u128 {
        let count = |t: usize| u128::from(self.copies[t]);
        let types = 0..self.copies.len();
        let all: u128 = types.clone().map(count).sum();
        let placed: u128 = types.map(|t| count(t) * (self.rows[t].len() as u128 + 1)).sum();
        let rules = instance.rules().rules.iter().map(|rule| match &rule.demand {
            Demand::Restrict { .. } => 0,
            Demand::AtMost { .. } | Demand::Together { .. } | Demand::Spread { .. } => all + 1,
            Demand::Separate { classes, .. } => all.saturating_mul(classes.len() as u128 + 1),
            Demand::Survive { hosts, failures } => {
                let standing: u128 = hosts.iter().map(|&t| count(t)).sum();
                let classes = instance.rules().rules.iter().map(|rule| match &rule.demand {
                    Demand::Separate { classes, .. } => classes.len() as u128,
                    _ => 0,
                });
                let classes: u128 = classes.sum();
                let each = hosts.iter().map(|&t| count(t) * (self.rows[t].len() as u128 + classes));
                subsets(standing, (*failures).into()).saturating_mul(each.sum())
            }
        });
        rules.fold(placed, u128::saturating_add)
    }
}

/// Whether VMs by a row may run on hosts of type `t`.
fn may_run(instance: &Instance, row: usize, t: usize) -> bool {
    let vm = instance.type_of_row(row);
    let forbidden = instance.rules().rules.iter().any(|rule| match &rule.demand {
        Demand::Restrict { vms, hosts } => {
            rule.is_hard() && vms.binary_search(&vm).is_ok() && hosts.binary_search(&t).is_err()
        }
        _ => false,
    });
    instance.vms()[vm].count > 0 && instance.fits(row, t) && !forbidden
}

/// How many VMs the types of these rows have.
fn members(instance: &Instance, rows: &[usize]) -> u64 {
    let mut types: Vec<usize> = rows.iter().map(|&row| instance.type_of_row(row)).collect();
    types.dedup();
    types.iter().map(|&vm| instance.vms()[vm].count).sum()
}

/// How many standby hosts of type `t` a placement needs at most, where a host of each type holds at most `fills` VMs.
fn standby(instance: &Instance, fills: &[u64], t: usize) -> u64 {
    let rules = instance.rules().rules.iter();
    let standby = rules.map(|rule| match &rule.demand {
        Demand::Survive { hosts, failures } if hosts.binary_search(&t).is_ok() => {
            let fullest = hosts.iter().map(|&host| fills[host]).max();
            let moving = fullest.unwrap_or(0).saturating_mul(*failures);
            moving.min(instance.total_vms()).saturating_add(*failures)
        }
        _ => 0,
    });
    standby.max().unwrap_or(0)
}

/// How many VMs a host of type `t` holds at most.
fn fill(instance: &Instance, rows: &[usize], t: usize) -> u64 {
    let by_resource = (0..instance.dimensions()).filter_map(|k| {
        let least = rows.iter().map(|&row| instance.demand(row)[k]).min()?;
        instance.capacity(t)[k].checked_div(least)
    });
    let alone = rows.iter().map(|&row| copies(instance, row, t)).fold(0, u64::saturating_add);
    by_resource.min().unwrap_or(u64::MAX).min(alone)
}

/// How many ways there are to choose `k` of `n`.
fn subsets(n: u128, k: u128) -> u128 {
    let k = k.min(n);
    let mut ways: u128 = 1;
    for i in 0..k.min(n - k) {
        let Some(next) = ways.checked_mul(n - i) else { return u128::MAX };
        ways = next / (i + 1);
    }
    ways
}
