//! The family of rules by weights of resources.

use vmpack_bounds::{finish, give_up};
use vmpack_cluster::{Measure, Scale};
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use super::best_fit::BestFitRule;
use super::dot_product::DotProduct;
use super::first_fit::FirstFitRule;
use super::item_centric::Rule;
use super::l2_norm::L2NormGreedy;
use super::open_hosts::OpenHosts;
use super::right_size::right_size;
use super::sequence::Sequence;
use super::stock::Stock;
use super::tight_fill::TightFill;
use super::weights::Weights::{Average, Exponential, Reciprocal, Unit};
use super::weights::{Bias, Weighing, Weights};
use super::{bin_centric, item_centric};
use Norm::{L1, L2, Linf};
use Way::{Best, Dot, First, Gap, Tight};

/// How often the weights of a rule that takes one VM type after the other follow those that remain.
const UPDATES: usize = 64;

/// How weighted entries become a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Norm {
    /// Their sum.
    L1,
    /// The weighted sum of squares.
    L2,
    /// The greatest of them.
    Linf,
}

impl Norm {
    fn measure(self) -> Measure {
        match self {
            Self::L1 => Measure::AverageSum,
            Self::L2 => Measure::WeightedL2,
            Self::Linf => Measure::WeightedLinf,
        }
    }
}

/// The rule that weights go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// First fit by decreasing size.
    First(Norm),
    /// Best fit by decreasing size, on the host with the least measure of free capacity.
    Best(Norm),
    /// Host after host, the VM of the greatest dot product with what is free.
    Dot,
    /// Host after host, the VM that leaves the shortest vector free.
    Gap,
    /// Host after host, the VM that takes the greatest shares of what is free.
    Tight,
}

/// A rule with its weights.
#[derive(Debug)]
pub(super) struct Weighted {
    pub(super) name: &'static str,
    pub(super) way: Way,
    pub(super) weighing: Weighing,
}

const fn fixed(name: &'static str, way: Way, weights: Weights) -> Weighted {
    Weighted { name, way, weighing: Weighing { weights, dynamic: false } }
}

const fn dynamic(name: &'static str, way: Way, weights: Weights) -> Weighted {
    Weighted { name, way, weighing: Weighing { weights, dynamic: true } }
}

/// The family, but for members that have a file of their own.
pub(super) const FAMILY: &[Weighted] = &[
    fixed("ffd-l1-exp", First(L1), Exponential),
    fixed("ffd-l2-exp", First(L2), Exponential),
    fixed("ffd-linf-exp", First(Linf), Exponential),
    fixed("ffd-l1-rec", First(L1), Reciprocal),
    fixed("ffd-l2-rec", First(L2), Reciprocal),
    fixed("ffd-linf-rec", First(Linf), Reciprocal),
    dynamic("ffd-l1-avg-dyn", First(L1), Average),
    dynamic("ffd-l2-avg-dyn", First(L2), Average),
    dynamic("ffd-linf-avg-dyn", First(Linf), Average),
    fixed("bfd-l1-exp", Best(L1), Exponential),
    fixed("bfd-l2-exp", Best(L2), Exponential),
    fixed("bfd-linf-exp", Best(Linf), Exponential),
    fixed("bfd-l1-rec", Best(L1), Reciprocal),
    fixed("bfd-l2-rec", Best(L2), Reciprocal),
    fixed("bfd-linf-rec", Best(Linf), Reciprocal),
    dynamic("bfd-l1-avg-dyn", Best(L1), Average),
    dynamic("bfd-l2-avg-dyn", Best(L2), Average),
    dynamic("bfd-linf-avg-dyn", Best(Linf), Average),
    fixed("dot-product-unit", Dot, Unit),
    fixed("dot-product-exp", Dot, Exponential),
    fixed("dot-product-rec", Dot, Reciprocal),
    dynamic("dot-product-avg-dyn", Dot, Average),
    fixed("l2-norm-greedy-unit", Gap, Unit),
    fixed("l2-norm-greedy-exp", Gap, Exponential),
    fixed("l2-norm-greedy-rec", Gap, Reciprocal),
    dynamic("l2-norm-greedy-avg-dyn", Gap, Average),
    fixed("tight-fill-unit", Tight, Unit),
    fixed("tight-fill-avg", Tight, Average),
    fixed("tight-fill-exp", Tight, Exponential),
    fixed("tight-fill-rec", Tight, Reciprocal),
    dynamic("tight-fill-avg-dyn", Tight, Average),
];

impl Method<Packing> for Weighted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        match (self.way, self.weighing.dynamic) {
            (First(_), false) => "first fit on VM types by decreasing weighted size",
            (First(_), true) => {
                "first fit on VM types by decreasing size, weighted by those that remain"
            }
            (Best(_), false) => "best fit on VM types by decreasing weighted size",
            (Best(_), true) => {
                "best fit on VM types by decreasing size, weighted by those that remain"
            }
            (Dot, false) => "the dot-product rule with other weights of the resources",
            (Dot, true) => "the dot-product rule, weighted by the VMs that remain",
            (Gap, false) => "the norm-based greedy rule with other weights of the resources",
            (Gap, true) => "the norm-based greedy rule, weighted by the VMs that remain",
            (Tight, false) => {
                "fills host after host with the VM that takes the greatest shares of what is free"
            }
            (Tight, true) => "the tight-fill rule, weighted by the VMs that remain",
        }
    }

    fn reference(&self) -> &'static str {
        "Mommessin, Erlebach, Shakhlevich: Classification and evaluation of the algorithms for vector bin packing (2025)"
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
        let (scale, bias) = (Scale::new(instance), Bias::new(self.weighing));
        let mut stock = Stock::new(instance);
        match construct(instance, &scale, self.way, &bias, &mut stock, budget) {
            Some(placement) => {
                finish(instance, right_size(instance, placement, &mut stock), observer)
            }
            None => give_up(instance, observer),
        }
    }
}

/// The placement before hosts are right-sized; `None` if the budget is spent or no host in stock takes a VM.
pub(super) fn construct(
    instance: &Instance,
    scale: &Scale,
    way: Way,
    bias: &Bias,
    stock: &mut Stock,
    budget: &Budget,
) -> Option<Placement> {
    match way {
        First(norm) => {
            let order = Weighed::new(instance, scale, norm, bias);
            let mut rule = FirstFitRule;
            item_centric::construct(instance, &order.sequence, stock, &mut rule, budget)
        }
        Best(norm) => {
            let order = Weighed::new(instance, scale, norm, bias);
            let mut rule =
                WeighedBestFit { measure: norm.measure(), scales: &order.scales, job: 0 };
            item_centric::construct(instance, &order.sequence, stock, &mut rule, budget)
        }
        Dot => bin_centric::construct::<DotProduct>(instance, stock, bias, budget),
        Gap => bin_centric::construct::<L2NormGreedy>(instance, stock, bias, budget),
        Tight => bin_centric::construct::<TightFill>(instance, stock, bias, budget),
    }
}

/// VM types by decreasing weighted size.
pub(super) struct Weighed {
    pub(super) sequence: Sequence,
    /// The first job from which on a scale holds, and the scale.
    scales: Vec<(usize, Scale)>,
}

impl Weighed {
    /// The order of the VM types. Dynamic weights do not depend on where VMs go, only on which are left: after every
    /// 64th part of the types those left are sorted anew.
    pub(super) fn new(instance: &Instance, scale: &Scale, norm: Norm, bias: &Bias) -> Self {
        let counts: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let mut left = counts.clone();
        let mut rest: Vec<usize> = (0..counts.len()).filter(|&i| counts[i] > 0).collect();
        let batch =
            if bias.weighing.dynamic { rest.len().div_ceil(UPDATES) } else { rest.len() }.max(1);
        let (mut types, mut scales) = (Vec::with_capacity(rest.len()), Vec::new());
        while !rest.is_empty() || scales.is_empty() {
            let scale = bias.scale(instance, scale, &left);
            let size = |row: usize| {
                let size = scale.measure(norm.measure(), instance.demand(row));
                size.saturating_mul(bias.rows.get(row).map_or(1, |&factor| factor.into()))
            };
            rest.sort_by_cached_key(|&vm| {
                std::cmp::Reverse(instance.vms()[vm].rows.clone().map(size).min())
            });
            scales.push((types.len(), scale));
            for vm in rest.drain(..batch.min(rest.len())) {
                left[vm] = 0;
                types.push(vm);
            }
        }
        let first = scales[0].1.clone();
        let size = |&row: &usize| first.measure(norm.measure(), instance.demand(row));
        Self { sequence: Sequence::of_types(instance, types, &counts, size), scales }
    }
}

/// [`BestFitRule`] with weights that change on the way.
struct WeighedBestFit<'a> {
    measure: Measure,
    scales: &'a [(usize, Scale)],
    job: usize,
}

impl Rule for WeighedBestFit<'_> {
    fn place(&mut self, open: &mut OpenHosts, rows: &[usize], vms: u64) -> u64 {
        let held = self.scales.partition_point(|&(first, _)| first <= self.job);
        let scale = &self.scales[held - 1].1;
        BestFitRule { measure: self.measure, scale }.place(open, rows, vms)
    }

    fn retire(&mut self, open: &mut OpenHosts, least: &[u64]) {
        self.job += 1;
        open.retire(least);
    }
}
