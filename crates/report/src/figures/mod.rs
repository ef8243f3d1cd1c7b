//! The figures of a report: one file each, one line in [`FIGURES`].

mod cactus;
mod contribution;
mod cost_vs_time;
mod curves;
mod energy_violation;
mod front;
mod gap_by_size;
mod gap_map;
mod gap_over_time;
mod growth;
mod load_map;
mod noise;
mod over_time;
mod policies;
mod profile;
mod rule_prices;
mod waiting;
mod wins;

use std::fmt;

use vmpack_model::Family;

use crate::Data;
use crate::draw::{DrawError, Svg};

/// Every figure, in the order of the report.
pub const FIGURES: &[&dyn Figure] = &[
    &cost_vs_time::CostVsTime,
    &cactus::Cactus,
    &cactus::ProofCactus,
    &profile::CostProfile,
    &profile::TimeProfile,
    &wins::Wins,
    &gap_over_time::GapOverTime,
    &contribution::Contribution,
    &gap_by_size::GapBySize,
    &gap_map::GapMap,
    &growth::GrowthBySize,
    &rule_prices::RulePrices,
    &policies::Policies,
    &energy_violation::EnergyViolation,
    &noise::Noise,
    &waiting::Waiting,
    &over_time::OverTime::POWER,
    &over_time::OverTime::HOSTS,
    &over_time::OverTime::MIGRATIONS,
    &over_time::OverTime::ALARMS,
    &load_map::LoadMap,
];

/// A figure, drawn once per problem family.
pub trait Figure: fmt::Debug + Sync {
    /// The name of its files, lower case, words joined by `-`.
    fn name(&self) -> &'static str;

    /// The heading above it.
    fn title(&self) -> &'static str;

    /// How to read it.
    fn caption(&self) -> &'static str;

    /// What must be said of these very records beside the caption, if anything.
    fn note(&self, _data: &Data<'_>) -> Option<String> {
        None
    }

    /// Whether it can have something to show of a family; of others it is not drawn.
    fn is_about(&self, family: Family) -> bool {
        family != Family::Replay
    }

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

/// What a replay's trace is called in a figure: with its group, unless that is the trace itself.
fn trace_title(group: &str, trace: &str) -> String {
    if group == trace { trace.to_owned() } else { format!("{group}: {trace}") }
}
