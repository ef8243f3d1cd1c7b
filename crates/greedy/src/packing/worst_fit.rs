//! Worst fit: the emptiest host.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::item_centric::{Rule, solve};
use super::open_hosts::{Deal, OpenHosts, fill};
use super::sequence::{Order, Sequence};
use vmpack_cluster::{Measure, Scale};

/// Each VM goes on the host with the greatest measure of free capacity that it fits, the first of equals.
///
/// Equal VMs spread: the hosts take turns. On one host the measure falls with every VM that it takes (or
/// stays), so the VMs placed are those of the greatest measures *before* placement among all VMs that
/// could be placed: a level in the measure, found by bisection, above which every host takes all of its
/// VMs, while those exactly on it go to the first hosts.
#[derive(Debug)]
pub(crate) struct WorstFitRule<'a> {
    /// The instance.
    pub(crate) instance: &'a Instance,
    /// How free capacities are measured.
    pub(crate) measure: Measure,
    /// The scale of the instance.
    pub(crate) scale: &'a Scale,
}

/// A group of hosts that takes part.
#[derive(Debug)]
struct Candidate {
    group: usize,
    hosts: u128,
    /// How many VMs one host takes while its measure is above, and at least at, the level sought.
    above: u64,
    at_least: u64,
}

impl Rule for WorstFitRule<'_> {
    fn place(&mut self, open: &mut OpenHosts, rows: &[usize], vms: u64) -> u64 {
        let fitting = (0..open.len()).filter(|&group| open.fits(group, rows));
        let mut emptiest: BinaryHeap<_> = fitting
            .map(|group| (self.scale.measure(self.measure, open.free(group)), Reverse(group)))
            .collect();
        let Some(&(highest, _)) = emptiest.peek() else { return vms };

        // As soon as there is a host for every VM, groups emptier than these get none.
        let mut candidates = Vec::new();
        let (mut hosts, mut lowest) = (0, 0);
        while hosts < u128::from(vms)
            && let Some((measure, Reverse(group))) = emptiest.pop()
        {
            let room = open.room(group, rows);
            let of_group = u128::from(open.hosts(group));
            candidates.push(Candidate { group, hosts: of_group, above: 0, at_least: room });
            hosts += of_group;
            lowest = measure;
        }
        if hosts < u128::from(vms) {
            lowest = 0;
        }

        let room: u128 = candidates.iter().map(|c| c.hosts * u128::from(c.at_least)).sum();
        let placed = room.min(u128::from(vms)) as u64;
        self.find_level(open, rows, &mut candidates, u128::from(placed), lowest, highest);
        deal(open, rows, candidates, placed);
        vms - placed
    }
}

impl WorstFitRule<'_> {
    /// Bisects for the highest level at which all candidates together take at least `vms` VMs. It is at
    /// least `low` and at most `high`.
    fn find_level(
        &self,
        open: &OpenHosts,
        rows: &[usize],
        candidates: &mut [Candidate],
        vms: u128,
        mut low: u128,
        high: u128,
    ) {
        let mut scratch = vec![0; self.instance.dimensions()];
        // Number of VMs that one host takes while its measure is at least the level.
        let mut taken = |c: &Candidate, level: u128| {
            let (mut few, mut many) = (c.above, c.at_least);
            while few < many {
                let middle = few + (many - few) / 2;
                scratch.copy_from_slice(open.free(c.group));
                fill(self.instance, &mut scratch, rows, middle, |_, _| {});
                if self.scale.measure(self.measure, &scratch) >= level {
                    few = middle + 1;
                } else {
                    many = middle;
                }
            }
            few
        };
        for c in candidates.iter_mut() {
            c.at_least = taken(c, low);
        }
        let mut above = high + 1;
        let mut counts = vec![0; candidates.len()];
        while above - low > 1 {
            let level = low + (above - low) / 2;
            let mut total = 0;
            for (count, c) in counts.iter_mut().zip(candidates.iter()) {
                *count = taken(c, level);
                total += c.hosts * u128::from(*count);
            }
            let enough = total >= vms;
            for (&count, c) in counts.iter().zip(candidates.iter_mut()) {
                *(if enough { &mut c.at_least } else { &mut c.above }) = count;
            }
            *(if enough { &mut low } else { &mut above }) = level;
        }
    }
}

/// Gives every host what it takes above the level, and the first hosts what they take at the level.
fn deal(open: &mut OpenHosts, rows: &[usize], mut candidates: Vec<Candidate>, vms: u64) {
    candidates.sort_unstable_by_key(|c| c.group);
    let above: u128 = candidates.iter().map(|c| c.hosts * u128::from(c.above)).sum();
    let mut left = u128::from(vms) - above;
    let mut deals = Vec::with_capacity(candidates.len());
    for c in &candidates {
        let level = u128::from(c.at_least - c.above);
        let here = left.min(c.hosts * level);
        left -= here;
        let full = here.checked_div(level).unwrap_or(0);
        let over = here - full * level;
        deals.push(Deal {
            full: full as u64,
            most: c.at_least,
            some: c.above + over as u64,
            few: c.above,
        });
    }
    // From the back, because a group that splits moves those behind it.
    for (c, deal_out) in candidates.iter().zip(deals).rev() {
        open.deal(c.group, rows, deal_out);
    }
}

/// [`WorstFitRule`] on VM types in some order; the measure of the order says which host is emptiest.
#[derive(Debug)]
pub(crate) struct WorstFit(pub(crate) Order);

impl Method<Packing> for WorstFit {
    fn name(&self) -> &'static str {
        match self.0 {
            Order::Given => "wf",
            Order::Decreasing(Measure::L1) => "wfd-l1",
            Order::Decreasing(Measure::L2) => "wfd-l2",
            Order::Decreasing(Measure::Linf) => "wfd-linf",
            Order::Decreasing(Measure::Product) => "wfd-prod",
            Order::Decreasing(Measure::AverageSum) => "wfd-avg-sum",
            Order::Decreasing(Measure::WeightedL2) => "wfd-l2-avg",
            Order::Decreasing(Measure::WeightedLinf) => "wfd-linf-avg",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        match self.0 {
            Order::Given => "each VM goes on the emptiest host that it fits",
            Order::Decreasing(_) => "worst fit on VM types by decreasing size",
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
            WorstFitRule { instance, measure: self.0.measure(), scale: &scale },
            budget,
            observer,
        )
    }
}
