//! Every statistic of a report, as pure functions with worked examples.
//!
//! Two rules hold throughout. The sampling unit is the *instance*: repeated runs of a method on an
//! instance (seeds) are averaged first, into a [`Cell`]. And only answers in which the judge found
//! nothing wrong enter; whoever did not answer is a `None` that every function says how it counts,
//! never a row left out.

mod cell;
mod classes;
mod counts;
mod curves;
mod gap;
mod growth;
mod known;
mod means;
mod paired;

pub use cell::{Cell, Clock, Table, tabulate};
pub use classes::{ClassFigures, Spread, class_figures};
pub use counts::{Counts, count};
pub use curves::{cactus, performance_profile, virtual_best};
pub use gap::gap;
pub use growth::growth_exponent;
pub use known::{Known, best_known};
pub use means::{geometric_mean, mean, penalised_average, quantile, shifted_geometric_mean};
pub use paired::{holm, wilcoxon};
