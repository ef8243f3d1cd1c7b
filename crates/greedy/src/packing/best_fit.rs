//! Best fit: the fullest host.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::item_centric::{Rule, solve};
use super::open_hosts::{Deal, OpenHosts};
use super::sequence::{Order, Sequence};
use vmpack_cluster::{Measure, Scale};

/// Each VM goes on the host with the least measure of free capacity that it fits, the first of equals.
///
/// A host that was the fullest is so with one more VM on it: equal VMs fill it up before they go
/// elsewhere, so groups are taken in order of measure and filled host by host.
#[derive(Debug)]
pub(crate) struct BestFitRule<'a> {
    /// How free capacities are measured.
    pub(crate) measure: Measure,
    /// The scale of the instance.
    pub(crate) scale: &'a Scale,
}

impl Rule for BestFitRule<'_> {
    fn place(&mut self, open: &mut OpenHosts, rows: &[usize], vms: u64) -> u64 {
        let fitting = (0..open.len()).filter(|&group| open.fits(group, rows));
        let mut fullest: BinaryHeap<_> = fitting
            .map(|group| Reverse((self.scale.measure(self.measure, open.free(group)), group)))
            .collect();
        let mut left = vms;
        // Only the last group dealt to can split, so indices stay valid.
        while left > 0
            && let Some(Reverse((_, group))) = fullest.pop()
        {
            let room = open.room(group, rows);
            let (deal, placed) = Deal::one_by_one(open.hosts(group), room, left);
            open.deal(group, rows, deal);
            left -= placed;
        }
        left
    }
}

/// [`BestFitRule`] on VM types in some order; the measure of the order says which host is fullest.
#[derive(Debug)]
pub(crate) struct BestFit(pub(crate) Order);

impl Method<Packing> for BestFit {
    fn name(&self) -> &'static str {
        match self.0 {
            Order::Given => "bf",
            Order::Decreasing(Measure::L1) => "bfd-l1",
            Order::Decreasing(Measure::L2) => "bfd-l2",
            Order::Decreasing(Measure::Linf) => "bfd-linf",
            Order::Decreasing(Measure::Product) => "bfd-prod",
            Order::Decreasing(Measure::AverageSum) => "bfd-avg-sum",
            Order::Decreasing(Measure::WeightedL2) => "bfd-l2-avg",
            Order::Decreasing(Measure::WeightedLinf) => "bfd-linf-avg",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        match self.0 {
            Order::Given => "each VM goes on the fullest host that it fits",
            Order::Decreasing(_) => "best fit on VM types by decreasing size",
        }
    }

    fn reference(&self) -> &'static str {
        match self.0 {
            Order::Given => "Johnson: Near-optimal Bin Packing Algorithms (1973)",
            Order::Decreasing(_) => {
                "Kou, Markowsky: Multidimensional Bin Packing Algorithms (1977)"
            }
        }
    }

    fn supports(&self, _: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let scale = Scale::new(instance);
        let sequence = Sequence::new(instance, &scale, self.0);
        solve(
            instance,
            &sequence,
            BestFitRule { measure: self.0.measure(), scale: &scale },
            budget,
            observer,
        )
    }
}
