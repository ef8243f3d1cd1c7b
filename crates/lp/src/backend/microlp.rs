//! microlp: simplex and branch and bound in Rust, reached through `good_lp`.

use good_lp::solvers::{MipGapError, SolutionStatus};
use good_lp::{
    Expression, ResolutionError, Solution as _, SolverModel, WithInitialSolution, WithMipGap,
    WithTimeLimit, constraint, variable, variables,
};

use super::{Backend, BackendError, Capabilities, Limits, Progress, Solution, Status, trivial};
use crate::model::{Model, Sense};

/// The microlp backend.
#[derive(Clone, Copy, Debug)]
pub struct Microlp;

/// The release that `Cargo.lock` names; a test compares the two.
const VERSION: &str = "0.6.0";

impl Backend for Microlp {
    fn name(&self) -> &'static str {
        "microlp"
    }

    fn version(&self) -> String {
        VERSION.to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            integers: true,
            duals: false,
            start: true,
            deadline: true,
            work_limit: false,
        }
    }

    fn solve_observed(
        &self,
        model: &Model,
        limits: &Limits,
        _on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Solution, BackendError> {
        if let Some(solution) = trivial(model, limits) {
            return Ok(solution);
        }
        let mut all = variables!();
        let handles: Vec<good_lp::Variable> = model
            .columns()
            .iter()
            .map(|column| {
                let definition = variable().clamp(column.lower, column.upper);
                all.add(if column.integer { definition.integer() } else { definition })
            })
            .collect();
        let objective: Expression =
            handles.iter().zip(model.columns()).map(|(&x, column)| x * column.cost).sum();
        let mut problem = all.minimise(objective).using(good_lp::microlp);
        for (row, coefficients) in model.rows().iter().zip(model.by_rows()) {
            let mut sum = Expression::with_capacity(coefficients.len());
            for (column, a) in coefficients {
                sum.add_mul(a, handles[column]);
            }
            problem = problem.with(match row.sense {
                Sense::Ge => constraint::geq(sum, row.rhs),
                Sense::Le => constraint::leq(sum, row.rhs),
                Sense::Eq => constraint::eq(sum, row.rhs),
            });
        }
        // It hears no request to stop, which is how CPU time ends otherwise.
        if let Some(time) = limits.remaining().into_iter().chain(limits.cpu_left).min() {
            problem = problem.with_time_limit(time.as_secs_f64());
        }
        if model.has_integers()
            && let Some(start) = &limits.start
        {
            problem = problem.with_initial_solution(handles.iter().copied().zip(start.clone()));
            problem = problem
                .with_mip_gap(relative_gap(limits.absolute_gap, model.objective(start)))
                .map_err(|error| match error {
                    MipGapError::Negative => failed("negative gap"),
                    _ => failed("gap out of range"),
                })?;
        }
        match problem.solve() {
            Ok(solved) => {
                // How far below the solution the optimum may be. The bound of a search that ran out of time is no bound:
                // release 0.6 gave 20151, the cost of its best point, for a fleet to be spread over racks that costs
                // 18024.
                let (status, below) = match solved.status() {
                    SolutionStatus::Optimal => (Status::Optimal, Some(0.0)),
                    SolutionStatus::GapLimit => (Status::Feasible, Some(limits.absolute_gap)),
                    SolutionStatus::TimeLimit => (Status::Feasible, None),
                };
                let values: Vec<f64> = handles.iter().map(|&x| solved.value(x)).collect();
                let stats = solved.into_inner().stats();
                let objective = model.objective(&values);
                Ok(Solution {
                    objective: Some(objective),
                    best_bound: below.map(|below| objective - below),
                    values,
                    iterations: stats.lp_iterations,
                    nodes: stats.nodes_solved,
                    ..Solution::without_values(status)
                })
            }
            Err(ResolutionError::Infeasible) => Ok(Solution::without_values(Status::Infeasible)),
            Err(ResolutionError::Unbounded) => Ok(Solution::without_values(Status::Unbounded)),
            // The only message of this variant: the limit came before a feasible point.
            Err(ResolutionError::Other(_)) => Ok(Solution::without_values(Status::LimitReached)),
            Err(error) => Err(failed(&error.to_string())),
        }
    }
}

fn failed(message: &str) -> BackendError {
    BackendError::Failed { backend: "microlp", message: message.to_owned() }
}

/// microlp knows relative gaps alone. No optimum costs more than the start, so this gap is never wider
/// than the absolute one.
fn relative_gap(absolute: f64, start: f64) -> f32 {
    (absolute / start.abs().max(1.0)) as f32
}
