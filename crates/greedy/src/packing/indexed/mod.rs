//! Rules on single hosts, found by an index, with placement rules.
//!
//! Where the other methods of this crate count equal VMs on equal hosts, these place every VM by itself on a host
//! of its own, which an index finds ([`vmpack_cluster`]): `n` different VMs on `h` hosts take about `n log h`
//! steps instead of `n h`, and memory linear in both. On instances without placement rules they answer exactly as
//! the methods on counts. And hosts of their own can be told apart by placement rules, all of which they keep.
//!
//! Rules add the time of asking the hosts that a VM fits in the order of preference until one takes it. A host that has
//! said no is not asked again ([`refusals`]): with `r` rules, prices that hosts ask for included, and `q` of them about
//! a VM, all VMs take about `n (q + log h) + r h log h` steps as long as no more than some sixty of the rules refuse
//! many hosts in turns; rules about few VMs each hardly count.

mod classes;
mod fleet;
mod pack;
mod refusals;
mod right_size;
#[cfg(test)]
mod scan;
mod settle;
mod tenants;
mod units;

use vmpack_bounds::{finish, give_up};
use vmpack_cluster::{FirstFit, GreatestScore, LeastCost, Measure, Scale};
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::sequence::{Order, Sequence};

/// How often packing begins anew at most.
const ROUNDS: usize = 32;

/// The most VMs that are placed one by one.
pub(super) const MOST_VMS: u64 = 1 << 27;

/// The forms of rules, and prices: all of them.
pub(super) const FORMS: &[&str] =
    &["restrict", "at-most", "together", "spread", "separate", "survive", "prices"];

/// Which of the hosts that a VM fits is preferred; of equals the one that was opened first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The one that was opened first.
    First,
    /// The one with the least measure of what is free.
    Fullest(Measure),
    /// The one with the greatest measure of what is free.
    Emptiest(Measure),
    /// The one whose free capacities have the greatest dot product with the demand.
    Aligned,
}

/// A choice by the scale of an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preference<'a> {
    choice: Choice,
    scale: &'a Scale,
}

impl Preference<'_> {
    /// The least is preferred.
    fn rank(self, demand: &[u64], free: &[u64]) -> u128 {
        match self.choice {
            Choice::First => 0,
            Choice::Fullest(measure) => self.scale.measure(measure, free),
            Choice::Emptiest(measure) => !self.scale.measure(measure, free),
            Choice::Aligned => !self.scale.dot(demand, free),
        }
    }
}

/// One VM after the other on the host that an index finds.
#[derive(Debug)]
pub(super) struct Indexed {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) reference: &'static str,
    pub(super) order: Order,
    pub(super) choice: Choice,
}

/// The rules of the family.
pub(super) const FF: Indexed = Indexed {
    name: "ff-indexed",
    summary: "first fit on single hosts, found by an index; keeps placement rules",
    reference: "Johnson: Near-optimal Bin Packing Algorithms (1973)",
    order: Order::Given,
    choice: Choice::First,
};
/// First fit decreasing.
pub(super) const FFD: Indexed = Indexed {
    name: "ffd-indexed",
    summary: "first fit by decreasing square norm on single hosts, found by an index; keeps placement rules",
    order: Order::Decreasing(Measure::L2),
    ..FF
};
/// Best fit.
pub(super) const BF: Indexed = Indexed {
    name: "bf-indexed",
    summary: "best fit on single hosts, found by an index; keeps placement rules",
    choice: Choice::Fullest(Measure::L1),
    ..FF
};
/// Best fit decreasing.
pub(super) const BFD: Indexed = Indexed {
    name: "bfd-indexed",
    summary: "best fit by decreasing square norm on single hosts, found by an index; keeps placement rules",
    order: Order::Decreasing(Measure::L2),
    choice: Choice::Fullest(Measure::L2),
    ..FF
};
/// Worst fit.
pub(super) const WF: Indexed = Indexed {
    name: "wf-indexed",
    summary: "worst fit on single hosts, found by an index; keeps placement rules",
    choice: Choice::Emptiest(Measure::L1),
    ..FF
};
/// Dot product.
pub(super) const DOT: Indexed = Indexed {
    name: "dot-indexed",
    summary: "each VM on the host whose free capacities have the greatest dot product with it; keeps placement rules",
    reference: "Panigrahy, Talwar, Uyeda, Wieder: Heuristics for Vector Bin Packing (2011), DotProduct",
    choice: Choice::Aligned,
    ..FF
};

impl Method<Packing> for Indexed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn reference(&self) -> &'static str {
        self.reference
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let vms = instance.total_vms();
        if vms > MOST_VMS {
            return Err(Unsupported(format!(
                "places VMs one by one, at most {MOST_VMS}, the instance has {vms}"
            )));
        }
        Ok(())
    }

    fn keeps(&self) -> &'static [&'static str] {
        FORMS
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let scale = Scale::new(instance);
        let sequence = Sequence::new(instance, &scale, self.order);
        let insist = !instance.rules().only_capacity();
        match construct(instance, &scale, &sequence, self.choice, insist, budget) {
            Some(placement) => finish(instance, placement, observer),
            None => give_up(instance, observer),
        }
    }
}

/// The placement; `None` if the budget is spent or some VM finds no host: at once, or after some new beginnings with
/// other VMs first if it is to `insist`.
pub(super) fn construct(
    instance: &Instance,
    scale: &Scale,
    sequence: &Sequence,
    choice: Choice,
    insist: bool,
    budget: &Budget,
) -> Option<Placement> {
    let largest = |k: usize| instance.capacities().column(k).iter().copied().max().unwrap_or(0);
    let largest: Vec<u64> = (0..instance.dimensions()).map(largest).collect();
    let preference = Preference { choice, scale };
    let rounds = if insist { ROUNDS } else { 1 };
    match choice {
        Choice::First => {
            let index = || FirstFit::new(&largest);
            pack::pack(instance, sequence, preference, &index, rounds, budget)
        }
        Choice::Fullest(_) | Choice::Emptiest(_) => {
            let rank = |free: &[u64]| preference.rank(&[], free);
            let index = || LeastCost::new(&largest, rank);
            pack::pack(instance, sequence, preference, &index, rounds, budget)
        }
        Choice::Aligned => {
            let score = |demand: &[u64], free: &[u64]| scale.dot(demand, free);
            let index = || GreatestScore::new(&largest, score);
            pack::pack(instance, sequence, preference, &index, rounds, budget)
        }
    }
}
