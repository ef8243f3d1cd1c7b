//! First fit: the host that was opened first.

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::item_centric::{Rule, solve};
use super::open_hosts::{Deal, OpenHosts};
use super::sequence::{Order, Sequence};
use vmpack_cluster::{Measure, Scale};

/// Each VM goes on the first host, in order of opening, that it fits.
#[derive(Debug)]
pub(crate) struct FirstFitRule;

impl Rule for FirstFitRule {
    fn place(&mut self, open: &mut OpenHosts, rows: &[usize], vms: u64) -> u64 {
        let mut left = vms;
        // A split leaves behind it only hosts that the remaining VMs do not need to look at.
        for group in 0..open.len() {
            if left == 0 {
                break;
            }
            if open.fits(group, rows) {
                let room = open.room(group, rows);
                let (deal, placed) = Deal::one_by_one(open.hosts(group), room, left);
                open.deal(group, rows, deal);
                left -= placed;
            }
        }
        left
    }
}

/// [`FirstFitRule`] on VM types in some order.
#[derive(Debug)]
pub(crate) struct FirstFit(pub(crate) Order);

impl Method<Packing> for FirstFit {
    fn name(&self) -> &'static str {
        match self.0 {
            Order::Given => "ff",
            Order::Decreasing(Measure::L1) => "ffd-l1",
            Order::Decreasing(Measure::L2) => "ffd-l2",
            Order::Decreasing(Measure::Linf) => "ffd-linf",
            Order::Decreasing(Measure::Product) => "ffd-prod",
            Order::Decreasing(Measure::AverageSum) => "ffd-avg-sum",
            Order::Decreasing(Measure::WeightedL2) => "ffd-l2-avg",
            Order::Decreasing(Measure::WeightedLinf) => "ffd-linf-avg",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        match self.0 {
            Order::Given => "each VM goes on the first host that it fits, in order of opening",
            Order::Decreasing(_) => "first fit on VM types by decreasing size",
        }
    }

    fn reference(&self) -> &'static str {
        match self.0 {
            Order::Given => "Johnson: Near-optimal Bin Packing Algorithms (1973)",
            Order::Decreasing(_) => {
                "Panigrahy, Talwar, Uyeda, Wieder: Heuristics for Vector Bin Packing (2011), section 3"
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
        solve(instance, &sequence, FirstFitRule, budget, observer)
    }
}
