//! Monitoring: what an operator sees of a cluster in operation, and what it is worth.
//!
//! A [`Monitor`] observes an engine. Every period it measures every one of the [`METRICS`], of hosts, VMs and the
//! cluster; an operator sees that after a delay. [`Rule`]s, from a file or built in, raise and clear [`Alarm`]s on it, by
//! thresholds, EWMA or CUSUM charts ([`Statistic`]). Meanwhile the monitor writes down what really happens, without period
//! or delay ([`Episode`]), against which every rule is scored: precision, recall, lead time, false alarms per host and
//! day, each also as it were at longer periods. The [`Report`] holds all this and the incidents, the worst first, and goes
//! to [`Files`]: series, OpenMetrics text, alarms, summary.

mod alarm;
mod configuration;
mod detect;
mod incident;
mod metric;
mod monitor;
mod openmetrics;
mod report;
mod rule;
mod score;
mod tally;
mod truth;
mod unit;

pub use alarm::{Alarm, Subject, Watch};
pub(crate) use configuration::Form;
pub use configuration::{Configuration, ConfigurationError};
pub use detect::{Baseline, Detector, Side, Statistic};
pub use incident::{Incident, incidents};
pub use metric::{METRICS, Metric};
pub use monitor::Monitor;
pub use report::{Files, Reach, Report, Sensitivity};
pub use rule::Rule;
pub use score::{Score, Window, score};
pub use truth::{Episode, Trouble, Truth};
pub use unit::Unit;
