//! minilp: the simplex method in Rust; unmaintained since 2020 and kept as a contender.
//!
//! It knows no limits and may panic on a singular basis, so it runs on a thread of its own: a panic
//! becomes an error, and at the deadline the thread is left behind (it ends with the process).

use std::time::Duration;

use minilp::{ComparisonOp, OptimizationDirection, Problem};

use super::watch::{Watched, watch};
use super::{Backend, BackendError, Capabilities, Limits, Progress, Solution, Status, trivial};
use crate::model::{Model, Sense};

/// The minilp backend.
#[derive(Clone, Copy, Debug)]
pub struct Minilp;

/// The release that `Cargo.lock` names; a test compares the two.
const VERSION: &str = "0.2.2";

impl Backend for Minilp {
    fn name(&self) -> &'static str {
        "minilp"
    }

    fn version(&self) -> String {
        VERSION.to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            integers: false,
            duals: false,
            start: false,
            deadline: false,
            work_limit: false,
        }
    }

    fn solve_observed(
        &self,
        model: &Model,
        limits: &Limits,
        _on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Solution, BackendError> {
        if model.has_integers() {
            return Err(BackendError::Integers("minilp"));
        }
        if let Some(solution) = trivial(model, limits) {
            return Ok(solution);
        }
        let failed =
            |message: &str| BackendError::Failed { backend: "minilp", message: message.to_owned() };
        let (problem, handles) = load(model);
        let solve = move |_report| {
            let values = |solved: minilp::Solution| {
                handles.iter().map(|&x| *solved.var_value(x)).collect::<Vec<_>>()
            };
            problem.solve().map(values)
        };
        let watched = watch(limits, Duration::ZERO, &mut |_| {}, solve);
        match watched.map_err(|error| failed(&error.to_string()))? {
            // Its primal simplex takes a step of infinite length along an unbounded ray and calls the end
            // of it optimal.
            Watched::Done(Ok(values)) if values.iter().any(|value| !value.is_finite()) => {
                Ok(Solution::without_values(Status::Unbounded))
            }
            Watched::Done(Ok(values)) => {
                let objective = model.objective(&values);
                Ok(Solution {
                    objective: Some(objective),
                    best_bound: Some(objective),
                    values,
                    ..Solution::without_values(Status::Optimal)
                })
            }
            Watched::Done(Err(minilp::Error::Infeasible)) => {
                Ok(Solution::without_values(Status::Infeasible))
            }
            Watched::Done(Err(minilp::Error::Unbounded)) => {
                Ok(Solution::without_values(Status::Unbounded))
            }
            Watched::Late => Ok(Solution::without_values(Status::LimitReached)),
            Watched::Panicked => Err(failed("it panicked")),
        }
    }
}

fn load(model: &Model) -> (Problem, Vec<minilp::Variable>) {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let handles: Vec<minilp::Variable> = model
        .columns()
        .iter()
        .map(|column| problem.add_var(column.cost, (column.lower, column.upper)))
        .collect();
    for (row, coefficients) in model.rows().iter().zip(model.by_rows()) {
        let sum: Vec<(minilp::Variable, f64)> =
            coefficients.into_iter().map(|(column, a)| (handles[column], a)).collect();
        let sense = match row.sense {
            Sense::Ge => ComparisonOp::Ge,
            Sense::Le => ComparisonOp::Le,
            Sense::Eq => ComparisonOp::Eq,
        };
        problem.add_constraint(sum, sense, row.rhs);
    }
    (problem, handles)
}
