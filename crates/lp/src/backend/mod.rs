//! The solvers behind one trait, so that a formulation is written once and compared on all of them.

#[cfg(feature = "highs")]
mod highs;
mod microlp;
mod minilp;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vmpack_model::Budget;

use crate::dual::dual;
use crate::model::Model;

#[cfg(feature = "highs")]
pub use highs::Highs;
pub use microlp::Microlp;
pub use minilp::Minilp;

/// Every backend of this build.
#[cfg(feature = "highs")]
pub const BACKENDS: &[&dyn Backend] = &[&Highs, &Microlp, &Minilp];
/// Every backend of this build.
#[cfg(not(feature = "highs"))]
pub const BACKENDS: &[&dyn Backend] = &[&Microlp, &Minilp];

/// What a backend can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, shown as a table")]
pub struct Capabilities {
    /// Integer columns.
    pub integers: bool,
    /// Dual values of the rows of a linear program.
    pub duals: bool,
    /// A feasible point to start from.
    pub start: bool,
    /// It stops at a deadline by itself and returns what it has.
    pub deadline: bool,
    /// It stops after a number of simplex iterations (linear) or nodes (integer).
    pub work_limit: bool,
}

/// How far a backend may go.
#[derive(Clone, Debug)]
pub struct Limits {
    /// When to stop.
    pub deadline: Option<Instant>,
    /// The CPU time that is left as the solve begins, for solvers that nobody can ask to stop.
    pub cpu_left: Option<Duration>,
    /// The greatest number of simplex iterations of a linear program, or of nodes of an integer one.
    pub work: Option<u64>,
    /// Threads that may be used.
    pub threads: usize,
    /// The seed of the backend's random choices.
    pub seed: u64,
    /// Integer programs: an incumbent this close to the bound counts as optimal.
    pub absolute_gap: f64,
    /// Integer programs: a feasible point to start from.
    pub start: Option<Vec<f64>>,
    /// Set by whoever wants the solve to end early.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: None,
            cpu_left: None,
            work: None,
            threads: 1,
            seed: 0,
            absolute_gap: 1e-9,
            start: None,
            stop: None,
        }
    }
}

impl From<&Budget> for Limits {
    fn from(budget: &Budget) -> Self {
        Self {
            deadline: budget.deadline(),
            cpu_left: budget.cpu_remaining(),
            work: budget.work_limit(),
            threads: budget.threads(),
            seed: budget.seed(),
            stop: Some(budget.stop_flag()),
            ..Self::default()
        }
    }
}

impl Limits {
    /// The time that remains; `None` without a deadline.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether somebody asked to stop.
    fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// What a backend says of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The values are optimal.
    Optimal,
    /// The values are feasible; a limit ended the search.
    Feasible,
    /// No point is feasible.
    Infeasible,
    /// The objective falls without end.
    Unbounded,
    /// One of the two above; the backend does not know which.
    InfeasibleOrUnbounded,
    /// A limit ended the search before a feasible point was found.
    LimitReached,
}

impl Status {
    /// Whether no point is feasible, for a program whose objective cannot fall without end.
    pub fn is_infeasible(self) -> bool {
        matches!(self, Self::Infeasible | Self::InfeasibleOrUnbounded)
    }
}

/// What a backend returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// What it says.
    pub status: Status,
    /// The objective at the values; `None` without values.
    pub objective: Option<f64>,
    /// One value per column for `Optimal` and `Feasible`, else empty.
    pub values: Vec<f64>,
    /// One dual value per row, where the backend has them: the rate at which the optimum grows with the
    /// right-hand side.
    pub duals: Option<Vec<f64>>,
    /// A number that the backend holds to be no greater than the optimum.
    pub best_bound: Option<f64>,
    /// Simplex iterations.
    pub iterations: u64,
    /// Nodes of the search tree.
    pub nodes: u64,
}

impl Solution {
    /// Whether there is a point; its values are empty if there are no columns.
    pub fn has_point(&self) -> bool {
        matches!(self.status, Status::Optimal | Status::Feasible)
    }

    /// A status without values.
    fn without_values(status: Status) -> Self {
        Self {
            status,
            objective: None,
            values: Vec::new(),
            duals: None,
            best_bound: None,
            iterations: 0,
            nodes: 0,
        }
    }
}

/// What a backend finds while it searches for an integer solution.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A better feasible point.
    Incumbent(Vec<f64>),
    /// A greater number that it holds to be no greater than the optimum.
    Bound(f64),
}

/// Why a backend returned nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The backend solves linear programs only.
    #[error("{0} takes no integer variables")]
    Integers(&'static str),
    /// The backend gave up, or refused the model.
    #[error("{backend} failed: {message}")]
    Failed {
        /// Which backend.
        backend: &'static str,
        /// What it said.
        message: String,
    },
}

/// A solver of [`Model`]s.
pub trait Backend: Sync {
    /// Its name, as the ids of methods end.
    fn name(&self) -> &'static str;

    /// The version of the library in use.
    fn version(&self) -> String;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Solves a model within limits.
    ///
    /// # Errors
    /// When the backend gives up without any of the answers of [`Status`]: see [`BackendError`].
    fn solve(&self, model: &Model, limits: &Limits) -> Result<Solution, BackendError> {
        self.solve_observed(model, limits, &mut |_| {})
    }

    /// The same, telling of progress while an integer program is solved, where the backend does.
    ///
    /// # Errors
    /// See [`Backend::solve`].
    fn solve_observed(
        &self,
        model: &Model,
        limits: &Limits,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Solution, BackendError>;
}

impl fmt::Debug for dyn Backend + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Solves the continuous relaxation with one dual value per row on any backend: where the backend has
/// none, its [`dual`] is solved as another linear program. Dual values are missing only when a limit
/// ended either solve or there is no optimum.
///
/// # Errors
/// See [`Backend::solve`].
pub fn solve_with_duals(
    backend: &dyn Backend,
    model: &Model,
    limits: &Limits,
) -> Result<Solution, BackendError> {
    let relaxation = model.has_integers().then(|| model.relaxed());
    let model = relaxation.as_ref().unwrap_or(model);
    let mut solution = backend.solve(model, limits)?;
    if solution.status == Status::Optimal && solution.duals.is_none() {
        // The primal answer stands whatever becomes of the dual.
        if let Ok(mut prices) = backend.solve(&dual(model), limits) {
            solution.iterations += prices.iterations;
            if prices.status == Status::Optimal {
                prices.values.truncate(model.rows().len());
                solution.duals = Some(prices.values);
            }
        }
    }
    Ok(solution)
}

/// The answer where no solver is needed: the deadline has passed, a range is empty, or there is no column
/// at all.
fn trivial(model: &Model, limits: &Limits) -> Option<Solution> {
    if limits.remaining().is_some_and(|time| time.is_zero()) || limits.is_stopped() {
        return Some(Solution::without_values(Status::LimitReached));
    }
    if model.has_empty_range() {
        return Some(Solution::without_values(Status::Infeasible));
    }
    if !model.columns().is_empty() {
        return None;
    }
    if model.violation(&[]) > 0.0 {
        return Some(Solution::without_values(Status::Infeasible));
    }
    Some(Solution {
        objective: Some(model.offset()),
        duals: Some(vec![0.0; model.rows().len()]),
        best_bound: Some(model.offset()),
        ..Solution::without_values(Status::Optimal)
    })
}
