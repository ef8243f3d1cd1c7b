//! A placement against its instance.

use num_bigint::BigInt;
use vmpack_model::Value;
use vmpack_model::packing::{Instance, Pattern, Placement};

use super::rules::{self, usable};
use crate::claim::Feasible;
use crate::exact::{Interval, integer};
use crate::violations::Violations;

/// Derives that every VM runs exactly once, that no host is loaded beyond its capacity in any
/// dimension, that stock and the rules are kept, and what hosts, VMs on them and broken soft rules cost. A
/// host that holds nothing is allowed; it costs like any other.
///
/// Time is linear in the entries of the patterns times the resources and the rules that concern them,
/// memory in the types of VMs and hosts and in what rules concern.
pub(crate) fn judge(instance: &Instance, placement: &Placement) -> Result<Feasible, Vec<String>> {
    let mut violations = Violations::default();
    let mut tally = Tally::new(instance);
    for (index, (pattern, hosts)) in placement.patterns.iter().enumerate() {
        tally.add(index, pattern, *hosts, &mut violations);
    }
    tally.compare(&mut violations);
    let mut cost = tally.cost;
    let mut notes = Vec::new();
    if tally.known {
        let paid = rules::judge(instance, placement, &mut violations);
        cost = cost.and_then(|cost| cost.checked_add(i128::try_from(paid.cost).ok()?));
        notes = paid.notes;
    }
    let cost = cost.unwrap_or_else(|| {
        violations.push(|| "the cost exceeds 128 bits".to_owned());
        0
    });
    violations.into_result()?;
    Ok(Feasible {
        cost: Interval::exact(integer(BigInt::from(cost))),
        value: Value::from(cost),
        violation: Value::ZERO,
        approximate: false,
        notes,
    })
}

/// What the patterns add up to. Sums saturate: counts of an instance fit 64 bits, so a saturated sum is
/// still different from them.
struct Tally<'a> {
    instance: &'a Instance,
    /// VMs placed of each type.
    placed: Vec<u128>,
    /// Hosts opened of each type.
    opened: Vec<u128>,
    /// The pattern that named a row last, to find rows named twice without a set per pattern.
    named_by: Vec<Option<usize>>,
    /// What the pattern at hand demands of each resource.
    load: Vec<u128>,
    /// What the opened hosts cost; `None` beyond 128 bits.
    cost: Option<i128>,
    /// Whether all host types and demand rows are those of the instance.
    known: bool,
}

impl<'a> Tally<'a> {
    fn new(instance: &'a Instance) -> Self {
        Self {
            instance,
            placed: vec![0; instance.vms().len()],
            opened: vec![0; instance.hosts().len()],
            named_by: vec![None; instance.rows()],
            load: vec![0; instance.dimensions()],
            cost: Some(0),
            known: true,
        }
    }

    fn add(&mut self, index: usize, pattern: &Pattern, hosts: u64, violations: &mut Violations) {
        // People count from one.
        let number = index + 1;
        if hosts == 0 {
            violations.push(|| format!("pattern {number} is used by no host"));
        }
        self.load.fill(0);
        for &(row, count) in &pattern.vms {
            if row >= self.instance.rows() {
                self.known = false;
                violations
                    .push(|| format!("pattern {number} holds VMs of unknown demand row {row}"));
                continue;
            }
            let vm = self.instance.type_of_row(row);
            let name = || &self.instance.vms()[vm].name;
            if self.named_by[row].replace(index) == Some(index) {
                violations
                    .push(|| format!("pattern {number} names row {row} ({:?}) twice", name()));
            }
            if count == 0 {
                violations
                    .push(|| format!("pattern {number} holds 0 VMs of row {row} ({:?})", name()));
            }
            let placed = u128::from(count) * u128::from(hosts);
            self.placed[vm] = self.placed[vm].saturating_add(placed);
            for (load, &demand) in self.load.iter_mut().zip(self.instance.demand(row)) {
                *load = load.saturating_add(u128::from(count) * u128::from(demand));
            }
        }
        let Some(host) = self.instance.hosts().get(pattern.host) else {
            self.known = false;
            violations
                .push(|| format!("pattern {number} is on unknown host type {}", pattern.host));
            return;
        };
        self.opened[pattern.host] = self.opened[pattern.host].saturating_add(u128::from(hosts));
        self.cost = self.cost.and_then(|cost| {
            let more = i128::try_from(u128::from(host.cost) * u128::from(hosts)).ok()?;
            cost.checked_add(more)
        });
        let capacities = usable(self.instance, pattern.host);
        for (k, (&load, &capacity)) in self.load.iter().zip(&*capacities).enumerate() {
            let capacity = u128::from(capacity);
            if load > capacity {
                violations.push(|| {
                    let (resource, over) = (&self.instance.resources()[k].name, load - capacity);
                    format!(
                        "pattern {number} on host type {:?} demands {load} of {resource:?}, \
                         {over} more than its {capacity}",
                        host.name
                    )
                });
            }
        }
    }

    fn compare(&self, violations: &mut Violations) {
        for (vm, &placed) in self.instance.vms().iter().zip(&self.placed) {
            let count = u128::from(vm.count);
            if placed < count {
                violations.push(|| {
                    let missing = count - placed;
                    format!("VM type {:?}: {placed} of {count} placed, {missing} dropped", vm.name)
                });
            } else if placed > count {
                violations.push(|| {
                    let surplus = placed - count;
                    format!(
                        "VM type {:?}: {placed} placed, {surplus} more than its {count}",
                        vm.name
                    )
                });
            }
        }
        for (host, &opened) in self.instance.hosts().iter().zip(&self.opened) {
            if let Some(stock) = host.stock
                && opened > u128::from(stock)
            {
                violations.push(|| {
                    format!("host type {:?}: {opened} opened, but only {stock} in stock", host.name)
                });
            }
        }
    }
}
