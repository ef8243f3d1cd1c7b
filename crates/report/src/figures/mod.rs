//! The figures of a report: one file each, one line in [`FIGURES`].

mod cactus;
mod cost_vs_time;
mod curves;
mod gap_by_size;
mod gap_map;
mod growth;
mod profile;
mod rule_prices;

use std::fmt;

use crate::Data;
use crate::draw::{DrawError, Svg};

/// Every figure, in the order of the report.
pub const FIGURES: &[&dyn Figure] = &[
    &cost_vs_time::CostVsTime,
    &cactus::Cactus,
    &cactus::ProofCactus,
    &profile::CostProfile,
    &profile::TimeProfile,
    &gap_by_size::GapBySize,
    &gap_map::GapMap,
    &growth::GrowthBySize,
    &rule_prices::RulePrices,
];

/// A figure, drawn once per problem family.
pub trait Figure: fmt::Debug + Sync {
    /// The name of its files, lower case, words joined by `-`.
    fn name(&self) -> &'static str;

    /// The heading above it.
    fn title(&self) -> &'static str;

    /// How to read it.
    fn caption(&self) -> &'static str;

    /// Draws it.
    ///
    /// # Errors
    /// [`NoFigure`]: there is nothing to draw, or drawing failed.
    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure>;
}

/// Why there is no figure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoFigure {
    /// The records have nothing to show: the reason, shown in its place.
    #[error("nothing to draw: {0}")]
    Nothing(&'static str),
    /// Drawing failed.
    #[error(transparent)]
    Failed(#[from] DrawError),
}

/// The width of every figure in pixels.
const WIDTH: f64 = 900.0;
