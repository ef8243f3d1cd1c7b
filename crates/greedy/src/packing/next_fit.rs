//! Next fit: the host that was opened last.

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::item_centric::{Rule, solve};
use super::open_hosts::{Deal, OpenHosts};
use super::sequence::{Order, Sequence};
use vmpack_cluster::Scale;

/// Each VM goes on the host that was opened last, if it fits.
#[derive(Debug)]
pub(crate) struct NextFitRule;

impl Rule for NextFitRule {
    fn place(&mut self, open: &mut OpenHosts, rows: &[usize], vms: u64) -> u64 {
        let Some(last) = open.len().checked_sub(1) else { return vms };
        if !open.fits(last, rows) {
            return vms;
        }
        let placed = open.room(last, rows).min(vms);
        let before = open.hosts(last) - 1;
        open.deal(last, rows, Deal { full: before, most: 0, some: placed, few: 0 });
        vms - placed
    }

    fn retire(&mut self, open: &mut OpenHosts, _least: &[u64]) {
        open.retire_all_but_last();
    }
}

/// [`NextFitRule`] on VM types in some order.
#[derive(Debug)]
pub(crate) struct NextFit(pub(crate) Order);

impl Method<Packing> for NextFit {
    fn name(&self) -> &'static str {
        match self.0 {
            Order::Given => "nf",
            Order::Decreasing(_) => "nfd",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        match self.0 {
            Order::Given => "each VM goes on the host opened last if it fits, else on a new one",
            Order::Decreasing(_) => "next fit on VM types by decreasing size",
        }
    }

    fn reference(&self) -> &'static str {
        match self.0 {
            Order::Given => "Johnson: Near-optimal Bin Packing Algorithms (1973)",
            Order::Decreasing(_) => {
                "Baker, Coffman: A Tight Asymptotic Bound for Next-Fit-Decreasing Bin-Packing (1981)"
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
        solve(instance, &sequence, NextFitRule, budget, observer)
    }
}
