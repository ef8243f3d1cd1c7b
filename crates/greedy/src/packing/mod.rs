//! Constructive rules for packing.
//!
//! *Item-centric* rules take one VM type after the other and choose a host for each VM; *bin-centric*
//! rules take one host after the other and choose VMs for it. Both work on counts, see [`open_hosts`] and
//! [`bin_centric`]; [`indexed`] rules place single VMs, and keep placement rules. [`start`] runs the best of
//! them for exact methods, [`complete`] fills up what those have placed.

mod best_fit;
mod bin_centric;
mod complete;
mod dot_product;
mod first_fit;
mod indexed;
mod item_centric;
mod l2_norm;
mod next_fit;
mod open_hosts;
mod portfolio;
mod right_size;
mod sequence;
mod start;
mod stock;
mod survive;
mod tight_fill;
mod weighted;
mod weights;
mod worst_fit;

#[cfg(test)]
mod one_by_one;

pub use complete::complete;
pub use start::start;
pub use survive::survive;

use best_fit::BestFit;
use dot_product::DotProduct;
use first_fit::FirstFit;
use l2_norm::L2NormGreedy;
use next_fit::NextFit;
use sequence::Order::{Decreasing, Given};
use vmpack_cluster::Measure::{AverageSum, L1, L2, Linf, Product, WeightedL2, WeightedLinf};
use vmpack_model::Method;
use vmpack_model::packing::Packing;
use worst_fit::WorstFit;

/// The rules for packing.
pub const PACKING: &[&dyn Method<Packing>] = &family();

/// Rules with a file of their own.
const NAMED: [&dyn Method<Packing>; 35] = [
    &NextFit(Given),
    &NextFit(Decreasing(L1)),
    &FirstFit(Given),
    &FirstFit(Decreasing(L1)),
    &FirstFit(Decreasing(L2)),
    &FirstFit(Decreasing(Linf)),
    &FirstFit(Decreasing(Product)),
    &FirstFit(Decreasing(AverageSum)),
    &FirstFit(Decreasing(WeightedL2)),
    &FirstFit(Decreasing(WeightedLinf)),
    &BestFit(Given),
    &BestFit(Decreasing(L1)),
    &BestFit(Decreasing(L2)),
    &BestFit(Decreasing(Linf)),
    &BestFit(Decreasing(Product)),
    &BestFit(Decreasing(AverageSum)),
    &BestFit(Decreasing(WeightedL2)),
    &BestFit(Decreasing(WeightedLinf)),
    &WorstFit(Given),
    &WorstFit(Decreasing(L1)),
    &WorstFit(Decreasing(L2)),
    &WorstFit(Decreasing(Linf)),
    &WorstFit(Decreasing(Product)),
    &WorstFit(Decreasing(AverageSum)),
    &WorstFit(Decreasing(WeightedL2)),
    &WorstFit(Decreasing(WeightedLinf)),
    &DotProduct,
    &L2NormGreedy,
    &indexed::FF,
    &indexed::FFD,
    &indexed::BF,
    &indexed::BFD,
    &indexed::WF,
    &indexed::DOT,
    &portfolio::Portfolio,
];

/// Those rules, and the weighted ones.
const fn family() -> [&'static dyn Method<Packing>; NAMED.len() + weighted::FAMILY.len()] {
    let mut all = [NAMED[0]; NAMED.len() + weighted::FAMILY.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < NAMED.len() { NAMED[at] } else { &weighted::FAMILY[at - NAMED.len()] };
        at += 1;
    }
    all
}
