//! Several methods on one instance, within one limit of time, and the best of what they find.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use vmpack_datasets::Source;
use vmpack_harness::{AnyOutcome, Interrupt, Launcher, MeasureError, Methods, measure_one};
use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Kind, Method, Outcome, Registry, Status, Value};
use vmpack_results::{Limits, Record};

/// Rules of thumb: an answer at once, at any size.
const QUICK: [&str; 7] =
    ["portfolio", "bfd-indexed", "ff-indexed", "bfd-l2", "dot-product", "ffd-l2", "wfd-l2"];
/// How many of them are tried.
const QUICK_ONES: usize = 3;
/// Methods that prove or improve, the preferred first.
const STRONG: [&str; 5] = ["branch-price", "assignment-highs", "lns", "flavour-lp", "cns"];
/// How many of them are tried.
const STRONG_ONES: usize = 3;
/// The share of the time that all quick methods may take together.
const QUICK_SHARE: f64 = 0.4;

/// No run is given less than this, in seconds.
const SHORTEST: f64 = 0.05;

/// What one method made of the instance.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    method: String,
    status: Status,
    /// What the judge found it to cost, in the cost unit of the instance.
    #[serde(skip)]
    pub(super) cost: Option<Value>,
    verdict: &'static str,
    termination: &'static str,
    wall_s: f64,
}

/// The best answer to an instance.
#[derive(Debug, Default)]
pub(crate) struct Best {
    /// The placement and its method.
    pub(crate) placed: Option<(Outcome<Packing>, Record)>,
    /// The greatest lower bound that any method claimed, and whether the judge derived it again.
    pub(crate) bound: Option<(Value, bool)>,
    /// Whether a method showed that there is no placement.
    pub(crate) infeasible: bool,
    /// What was tried.
    pub(crate) attempts: Vec<Attempt>,
    /// Why methods that would be preferred do not take the instance.
    pub(crate) refusals: Vec<String>,
}

impl Attempt {
    /// What came of it, for people.
    pub(crate) fn sentence(&self) -> String {
        let Self { method, status, termination, wall_s, .. } = self;
        format!("{method}: {status} after {wall_s:.2} s ({termination})")
    }
}

impl Best {
    fn cost(&self) -> Option<Value> {
        let (_, record) = self.placed.as_ref()?;
        record.verified_cost()
    }

    /// Whether nothing better can be found.
    pub(crate) fn is_proved(&self) -> bool {
        let meets = self.cost().zip(self.bound).is_some_and(|(cost, (bound, _))| bound >= cost);
        meets || self.infeasible
    }

    fn take(&mut self, record: Record, outcome: Option<AnyOutcome>) {
        let cost = record.verified_cost();
        let answer = record.answer.as_ref();
        self.attempts.push(Attempt {
            method: record.method.clone(),
            status: answer.map_or(Status::Unknown, |answer| answer.status),
            cost,
            verdict: answer.map_or("NoAnswer", |answer| answer.judgement.verdict.name()),
            termination: record.termination.name(),
            wall_s: record.measurement.wall_s,
        });
        // What the judge found wrong counts for nothing.
        let Some(answer) = answer.filter(|_| record.is_correct()) else { return };
        self.infeasible |= answer.status == Status::Infeasible;
        let optimal = cost.filter(|_| answer.status == Status::Optimal);
        if let Some(bound) = answer.lower_bound.max(optimal) {
            let certified = answer.judgement.certified && answer.lower_bound == Some(bound);
            self.bound = self.bound.max(Some((bound, certified)));
        }
        if let (Some(cost), Some(AnyOutcome::Packing(outcome))) = (cost, outcome)
            && self.cost().is_none_or(|best| cost < best)
        {
            self.placed = Some((outcome, record));
        }
    }
}

/// Solves the instance, which `file` holds as JSON, with the named method, or with several that take it one after
/// the other, until one proves its answer or the time is over. Every answer is judged.
///
/// # Errors
/// The named method does not exist or does not take the instance; a process cannot be started; somebody interrupts.
pub(crate) fn best(
    instance: &Instance,
    file: &Path,
    methods: &Methods<'_>,
    named: Option<&str>,
    (time, threads): (f64, u64),
) -> anyhow::Result<Best> {
    let interrupt = Interrupt::on_signals()?;
    let source = Source::File { path: file.to_owned(), format: Some("json".to_owned()) };
    let start = Instant::now();
    let left = || (time - start.elapsed().as_secs_f64()).max(0.0);
    let mut best = Best::default();
    let run = |best: &mut Best, method: &str, wall_s: f64| -> Result<(), MeasureError> {
        let limits = Limits { wall_s, cpu_s: None, memory_bytes: None, work: None, threads };
        let launcher = Launcher::this_program();
        let measured = measure_one(&launcher, methods, &source, method, 0, limits, &interrupt)?;
        best.take(measured.record, measured.outcome);
        Ok(())
    };
    if let Some(method) = named {
        run(&mut best, method, time)?;
        return Ok(best);
    }
    let (quick, strong) = willing(methods.registry, instance, &mut best.refusals);
    for (index, method) in quick.iter().enumerate() {
        let share = time * QUICK_SHARE / (quick.len() - index) as f64;
        run(&mut best, method, share.min(left()).max(SHORTEST))?;
        if best.is_proved() {
            return Ok(best);
        }
    }
    for (index, method) in strong.iter().enumerate() {
        let share = left() / (strong.len() - index) as f64;
        if share < SHORTEST {
            break;
        }
        run(&mut best, method, share)?;
        if best.is_proved() {
            break;
        }
    }
    Ok(best)
}

/// The quick and the strong methods that take the instance, the preferred first, and why others do not.
fn willing(
    registry: &Registry,
    instance: &Instance,
    refusals: &mut Vec<String>,
) -> (Vec<&'static str>, Vec<&'static str>) {
    let packing = &registry.packing;
    let mut of = |names: &[&'static str], kinds: &[Kind], most: usize| -> Vec<&'static str> {
        let preferred = names.iter().filter_map(|name| packing.iter().find(|m| m.name() == *name));
        let others =
            packing.iter().filter(|m| kinds.contains(&m.kind()) && !names.contains(&m.name()));
        let takes = |method: &&&dyn Method<Packing>| match method.accepts(instance) {
            Ok(()) => true,
            Err(reason) => {
                if names.contains(&method.name()) {
                    refusals.push(format!("{}: {reason}", method.name()));
                }
                false
            }
        };
        preferred.chain(others).filter(takes).take(most).map(|method| method.name()).collect()
    };
    let exact = [Kind::LocalSearch, Kind::ColumnGeneration, Kind::LinearProgramming];
    (of(&QUICK, &[Kind::Greedy], QUICK_ONES), of(&STRONG, &exact, STRONG_ONES))
}
