//! What a replay claims, derived again: where VMs were at every instant, and the metrics that follow from it.
//!
//! A replay hands over a log of what it did. [`Audit`] follows it step by step in exact integers: no host ever holds more
//! than it has, no VM is in two places or lost. [`arrivals`], [`load`], [`jobs`] and [`operation`] say what the log of each kind of replay
//! must agree with, and which of the claimed metrics follow from it; these are compared with what was claimed.

pub mod arrivals;
mod audit;
mod bound;
pub mod isolation;
pub mod jobs;
pub mod load;
pub mod operation;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vmpack_model::Value;

use crate::{Judgement, Verdict};

pub use audit::{Audit, Matrix};

/// How far a claimed metric may be from the derived one, relatively: both are rounded to floating point in the end.
const ROUNDING: f64 = 1e-9;

/// A step of a log: what happened to a VM. Written as `[time, vm, what]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64, Deed)", into = "(u64, u64, Deed)")]
pub struct Step {
    /// When, in ticks of the trace.
    pub time: u64,
    /// The number of the VM in the trace.
    pub vm: u64,
    /// What.
    pub what: Deed,
}

/// What happens to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It is placed on this host.
    Placed(u64),
    /// It begins to move to this host, and takes room on both from now on.
    Moves(u64),
    /// The move is over: it is on the new host alone.
    Moved,
    /// The move came to nothing: it is on the old host alone.
    Stays,
    /// It leaves the cluster.
    Left,
    /// From now on so much CPU and memory is set aside for it, wherever it is.
    Reserves(u64, u64),
    /// Its host has failed, or its power was cut: it stands still there.
    Down,
    /// Its host works again: it starts there.
    Returns,
    /// It was down: it starts anew on this host.
    Restarts(u64),
}

impl From<(u64, u64, Deed)> for Step {
    fn from((time, vm, what): (u64, u64, Deed)) -> Self {
        Self { time, vm, what }
    }
}

impl From<Step> for (u64, u64, Deed) {
    fn from(step: Step) -> Self {
        (step.time, step.vm, step.what)
    }
}

/// What is derived from a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derived {
    /// Metrics that follow from it, by name.
    metrics: BTreeMap<&'static str, f64>,
    /// What metrics must lie between, where no more follows.
    ranges: BTreeMap<&'static str, (f64, f64)>,
    notes: Vec<String>,
}

/// A judgement, and the metrics that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What was found.
    pub judgement: Judgement,
    /// The claimed metrics that were derived again, sorted.
    pub derived: Vec<String>,
}

impl Derived {
    fn metric(&mut self, name: &'static str, value: f64) {
        self.metrics.insert(name, value);
    }

    fn range(&mut self, name: &'static str, least: f64, most: f64) {
        self.ranges.insert(name, (least, most));
    }

    /// Compares what was claimed with it. A metric that was not claimed is not asked for.
    pub fn judge(self, claimed: &BTreeMap<String, f64>) -> Judged {
        let mut verdict = Verdict::Correct;
        let wrong = |name: &str, claimed: f64, actual: String| Verdict::WrongMetric {
            metric: name.to_owned(),
            claimed: claimed.to_string(),
            actual,
        };
        let mut derived = Vec::new();
        for (name, actual) in self.metrics {
            let Some(&said) = claimed.get(name) else { continue };
            derived.push(name.to_owned());
            let differs = (said - actual).abs() > ROUNDING * said.abs().max(actual.abs());
            if (differs || said.is_nan()) && verdict == Verdict::Correct {
                verdict = wrong(name, said, actual.to_string());
            }
        }
        for (name, (least, most)) in self.ranges {
            let Some(&said) = claimed.get(name) else { continue };
            let margin = ROUNDING * said.abs();
            let is_within = said + margin >= least && said - margin <= most;
            if !is_within && verdict == Verdict::Correct {
                verdict = wrong(name, said, format!("from {least} to {most}"));
            }
        }
        let judgement = Judgement {
            verdict,
            cost: None,
            certified: false,
            notes: self.notes,
            violation: Value::ZERO,
        };
        Judged { judgement, derived }
    }
}

/// The judgement of a log that cannot be true.
pub fn refuted(fault: Fault) -> Judged {
    let judgement = Judgement {
        verdict: Verdict::Infeasible { violations: vec![fault.0] },
        cost: None,
        certified: false,
        notes: Vec::new(),
        violation: Value::ZERO,
    };
    Judged { judgement, derived: Vec::new() }
}

/// What is impossible in a log, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

/// A fault unless it is so.
fn ensure(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), Fault> {
    if is_so { Ok(()) } else { Err(Fault(otherwise())) }
}
