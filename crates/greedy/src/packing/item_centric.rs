//! The loop that all rules share which place one VM type after the other.

use vmpack_bounds::{finish, give_up};
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Observer, Outcome};

use super::open_hosts::{Deal, OpenHosts, room};
use super::right_size::right_size;
use super::sequence::Sequence;
use super::stock::Stock;

/// On which of the open hosts a VM goes.
pub(crate) trait Rule {
    /// Places up to `vms` VMs with the alternatives `rows` on open hosts, one after the other, as long as
    /// one of the hosts that the rule looks at takes them. Returns how many are left.
    fn place(&mut self, open: &mut OpenHosts, rows: &[usize], vms: u64) -> u64;

    /// Called after all VMs of a type are placed. `least` bounds the demands of all VMs to come from
    /// below: hosts that have less free may be set aside.
    fn retire(&mut self, open: &mut OpenHosts, least: &[u64]) {
        open.retire(least);
    }
}

/// Places the VM types of the sequence one after the other, each VM where the rule wants it, or on a new
/// host if the rule finds none; then moves contents to cheaper host types.
///
/// The type of new hosts is chosen when the first VM of its type needs one, and again when its stock is
/// used up.
pub(crate) fn solve(
    instance: &Instance,
    sequence: &Sequence,
    mut rule: impl Rule,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Outcome<Packing> {
    let mut stock = Stock::new(instance);
    match construct(instance, sequence, &mut stock, &mut rule, budget) {
        Some(placement) => finish(instance, right_size(instance, placement, &mut stock), observer),
        None => give_up(instance, observer),
    }
}

/// The placement before hosts are right-sized; `None` if the budget is spent or no host in stock takes
/// a VM.
pub(crate) fn construct(
    instance: &Instance,
    sequence: &Sequence,
    stock: &mut Stock,
    rule: &mut impl Rule,
    budget: &Budget,
) -> Option<Placement> {
    let mut open = OpenHosts::new(instance);
    extend(instance, &mut open, sequence, stock, rule, budget)?;
    Some(open.into_placement())
}

/// Places the VM types of the sequence on hosts that are open and on new ones; `None` as in
/// [`construct`].
pub(crate) fn extend(
    instance: &Instance,
    open: &mut OpenHosts,
    sequence: &Sequence,
    stock: &mut Stock,
    rule: &mut impl Rule,
    budget: &Budget,
) -> Option<()> {
    let mut remaining = vec![0; instance.dimensions()];
    for job in 0..sequence.len() {
        if budget.exhausted() {
            return None;
        }
        let rows = sequence.rows(job);
        let mut left = rule.place(open, rows, sequence.count(job));
        while left > 0 {
            remaining.copy_from_slice(sequence.demand_after(job));
            let demand = instance.demand(rows[0]);
            remaining.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += left * demand);
            let host = stock.cheapest_for(rows, &remaining)?;
            let room = room(instance, instance.capacity(host), rows);
            let (Deal { full, some, .. }, placed) = Deal::one_by_one(stock.left(host), room, left);
            if full > 0 {
                open.open(host, full, rows, room);
            }
            if some > 0 {
                open.open(host, 1, rows, some);
            }
            stock.take(host, full + u64::from(some > 0));
            left -= placed;
        }
        rule.retire(open, sequence.least_after(job));
    }
    Some(())
}
