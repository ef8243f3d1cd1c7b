//! Every statistic of a report, as pure functions with worked examples.
//!
//! Two rules hold throughout. The sampling unit is the *instance*: repeated runs of a method on an
//! instance (seeds) are averaged first, into a [`Cell`]. And only answers in which the judge found
//! nothing wrong enter; whoever did not answer is a `None` that every function says how it counts,
//! never a row left out.

mod bootstrap;
mod cell;
mod classes;
mod counts;
mod curves;
mod gap;
mod growth;
mod integral;
mod known;
mod means;
mod paired;
mod pairwise;
mod pareto;
mod portfolio;
mod student;

pub use bootstrap::{Interval, Resampling, bootstrap};
pub use cell::{Cell, Clock, Table, over_runs, tabulate};
pub use classes::{ClassFigures, Spread, class_figures};
pub use counts::{Counts, count};
pub use curves::{cactus, performance_profile, virtual_best};
pub use gap::gap;
pub use growth::{Misfit, PowerLaw, power_law};
pub use integral::{GapSteps, gap_integral, mean_gap_steps, primal_dual_gaps, primal_gaps};
pub use known::{Known, best_known};
pub use means::{geometric_mean, mean, penalised_average, quantile, shifted_geometric_mean};
pub use paired::{holm, wilcoxon};
pub use pairwise::{Reversal, Wins, rank_reversals, wins};
pub use pareto::pareto_front;
pub use portfolio::{Contribution, contributions, marginal};
