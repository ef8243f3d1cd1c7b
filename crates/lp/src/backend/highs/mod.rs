//! HiGHS: simplex, presolve, and branch and cut in C++ (Huangfu and Hall, Parallelizing the dual revised
//! simplex method, 2018).
//!
//! The `highs` crate is used directly: `good_lp` hides the best bound, most statuses and the limits.

mod callback;

use std::ffi::CStr;
use std::time::Duration;

use highs::{ColProblem, HighsModelStatus, HighsSolutionStatus, Sense as Direction, SolvedModel};

use super::watch::{Report, Watched, watch};
use super::{Backend, BackendError, Capabilities, Limits, Progress, Solution, Status, trivial};
use crate::model::{Model, Sense};
use callback::Listener;

/// The HiGHS backend.
#[derive(Clone, Copy, Debug)]
pub struct Highs;

impl Backend for Highs {
    fn name(&self) -> &'static str {
        "highs"
    }

    #[expect(unsafe_code, reason = "the safe wrapper does not tell the version of the library")]
    fn version(&self) -> String {
        // SAFETY: these functions take nothing and return constants of the linked library.
        let (major, minor, patch) = unsafe {
            (
                highs_sys::Highs_versionMajor(),
                highs_sys::Highs_versionMinor(),
                highs_sys::Highs_versionPatch(),
            )
        };
        format!("{major}.{minor}.{patch}")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { integers: true, duals: true, start: true, deadline: true, work_limit: true }
    }

    fn solve_observed(
        &self,
        model: &Model,
        limits: &Limits,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Solution, BackendError> {
        if let Some(solution) = trivial(model, limits) {
            return Ok(solution);
        }
        // What HiGHS has said when it is late.
        let mut known = Solution::without_values(Status::LimitReached);
        let mut note = |news: Progress| {
            match &news {
                Progress::Incumbent(values) => {
                    known.status = Status::Feasible;
                    known.objective = Some(model.objective(values));
                    known.values.clone_from(values);
                }
                Progress::Bound(bound) => known.best_bound = Some(*bound),
            }
            on_progress(news);
        };
        let (owned, own) = (model.clone(), limits.clone());
        match watch(limits, GRACE, &mut note, move |report| attempts(&owned, &own, &report)) {
            Ok(Watched::Done(answer)) => answer,
            Ok(Watched::Late) => Ok(known),
            Ok(Watched::Panicked) => Err(failed("it panicked")),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

/// HiGHS looks at its clock between steps, and a round of cut separation on an integer program with
/// thousands of columns may take seconds. It is left behind when it is late by this much, with what it
/// has said so far for an answer.
const GRACE: Duration = Duration::from_millis(250);

fn attempts(model: &Model, limits: &Limits, report: &Report) -> Result<Solution, BackendError> {
    let start = limits.start.as_deref().filter(|_| model.has_integers());
    match run(model, limits, start, "on", report) {
        // HiGHS 1.16 returns the start beside the objective of a better point when its presolve solves
        // the model. Such models are easy: solve it again without the start.
        Ok(solution) if start.is_some() && !tells_its_objective(model, &solution) => {
            run(model, limits, None, "on", report)
        }
        // Status `Unknown` comes out of postsolve now and then.
        Err(_) => run(model, limits, start, "off", report),
        answer => answer,
    }
}

fn failed(message: impl Into<String>) -> BackendError {
    BackendError::Failed { backend: "highs", message: message.into() }
}

/// Whether the objective of the values is the one that came with them.
fn tells_its_objective(model: &Model, solution: &Solution) -> bool {
    solution.objective.is_none_or(|objective| {
        let apart = (model.objective(&solution.values) - objective).abs();
        apart <= 1e-6 * objective.abs().max(1.0)
    })
}

fn run(
    model: &Model,
    limits: &Limits,
    start: Option<&[f64]>,
    presolve: &str,
    report: &Report,
) -> Result<Solution, BackendError> {
    let remaining = limits.remaining();
    if remaining.is_some_and(|time| time.is_zero()) || limits.is_stopped() {
        return Ok(Solution::without_values(Status::LimitReached));
    }
    let listener = Listener::new(report, limits.stop.clone(), model.offset());
    let mut highs = load(model)
        .try_optimise(Direction::Minimise)
        .map_err(|status| failed(format!("model refused with {status:?}")))?;
    let option = |name: &str| failed(format!("option {name} refused"));
    highs.try_set_option("presolve", presolve).map_err(|_| option("presolve"))?;
    if let Some(time) = remaining {
        highs.try_set_option("time_limit", time.as_secs_f64()).map_err(|_| option("time"))?;
    }
    let threads = i32::try_from(limits.threads).unwrap_or(i32::MAX);
    highs.try_set_option("threads", threads).map_err(|_| option("threads"))?;
    let parallel = if threads > 1 { "on" } else { "off" };
    highs.try_set_option("parallel", parallel).map_err(|_| option("parallel"))?;
    let seed = (limits.seed % (1 << 31)) as i32;
    highs.try_set_option("random_seed", seed).map_err(|_| option("random_seed"))?;
    if let Some(work) = limits.work {
        let name = if model.has_integers() { "mip_max_nodes" } else { "simplex_iteration_limit" };
        let work = i32::try_from(work).unwrap_or(i32::MAX);
        highs.try_set_option(name, work).map_err(|_| option(name))?;
    }
    if model.has_integers() {
        highs.try_set_option("mip_rel_gap", 0.0).map_err(|_| option("mip_rel_gap"))?;
        let gap = limits.absolute_gap;
        highs.try_set_option("mip_abs_gap", gap).map_err(|_| option("mip_abs_gap"))?;
        if let Some(start) = start {
            highs
                .try_set_solution(Some(start), None, None, None)
                .map_err(|_| failed("start refused"))?;
        }
    }
    if !listener.attach(&mut highs) {
        return Err(failed("callback refused"));
    }
    let solved = highs.try_solve().map_err(|_| failed("error while solving"))?;
    read(model, &solved)
}

fn load(model: &Model) -> ColProblem {
    let mut problem = ColProblem::new();
    let rows: Vec<highs::Row> = model
        .rows()
        .iter()
        .map(|row| match row.sense {
            Sense::Ge => problem.add_row(row.rhs..),
            Sense::Le => problem.add_row(..=row.rhs),
            Sense::Eq => problem.add_row(row.rhs..=row.rhs),
        })
        .collect();
    for (index, column) in model.columns().iter().enumerate() {
        let coefficients = model.coefficients(index).iter().map(|&(row, a)| (rows[row], a));
        let range = column.lower..=column.upper;
        problem.add_column_with_integrality(column.cost, range, coefficients, column.integer);
    }
    problem
}

fn read(model: &Model, solved: &SolvedModel) -> Result<Solution, BackendError> {
    let feasible = solved.primal_solution_status() == HighsSolutionStatus::Feasible;
    let status = match solved.status() {
        HighsModelStatus::Optimal => Status::Optimal,
        HighsModelStatus::Infeasible => Status::Infeasible,
        HighsModelStatus::Unbounded => Status::Unbounded,
        HighsModelStatus::UnboundedOrInfeasible => Status::InfeasibleOrUnbounded,
        HighsModelStatus::ReachedTimeLimit
        | HighsModelStatus::ReachedIterationLimit
        | HighsModelStatus::ReachedSolutionLimit
        | HighsModelStatus::ReachedMemoryLimit
        | HighsModelStatus::ReachedInterrupt => {
            if feasible {
                Status::Feasible
            } else {
                Status::LimitReached
            }
        }
        other => return Err(failed(format!("status {other:?}"))),
    };
    let integers = model.has_integers();
    let mut solution = Solution::without_values(status);
    solution.iterations = u64::try_from(solved.simplex_iteration_count()).unwrap_or(0);
    if integers {
        solution.nodes = nodes(solved);
        let bound = solved.double_info_value(c"mip_dual_bound").ok();
        solution.best_bound =
            bound.filter(|bound| bound.is_finite()).map(|bound| bound + model.offset());
    }
    if matches!(status, Status::Optimal | Status::Feasible) {
        let point = solved.get_solution();
        solution.values = point.columns().to_vec();
        let objective = solved.objective_value() + model.offset();
        solution.objective = Some(objective);
        if status == Status::Optimal && !integers {
            solution.duals = Some(point.dual_rows().to_vec());
            solution.best_bound = Some(objective);
        }
    }
    Ok(solution)
}

#[expect(unsafe_code, reason = "the safe wrapper reads no 64-bit counts")]
fn nodes(solved: &SolvedModel) -> u64 {
    const NAME: &CStr = c"mip_node_count";
    let mut count: i64 = 0;
    // SAFETY: the handle lives as long as `solved`, the name ends in NUL, and `count` is the 64-bit
    // integer that the function documents for this name.
    let status = unsafe {
        highs_sys::Highs_getInt64InfoValue(solved.as_ptr(), NAME.as_ptr(), &raw mut count)
    };
    if status == highs_sys::STATUS_OK { u64::try_from(count).unwrap_or(0) } else { 0 }
}
