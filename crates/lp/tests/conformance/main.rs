//! One suite for every backend: small models with known answers, and random ones on which all backends
//! must agree. What a backend is known to get wrong is asserted as such, so that a release that repairs
//! or worsens it is noticed.

mod agreement;
#[path = "../../../../tests/clock.rs"]
mod clock;
mod known;
mod limits;
mod starts;
mod versions;

use std::time::{Duration, Instant};

use Sense::{Eq, Ge, Le};
use vmpack_lp::backend::Limits;
use vmpack_lp::model::{Column, Model, Sense};

const INF: f64 = f64::INFINITY;
const TOLERANCE: f64 = 1e-6;

/// A model from rows `(sense, rhs)` and columns `(cost, lower, upper, integer, coefficients)`.
type Columns<'a> = &'a [(f64, f64, f64, bool, &'a [(usize, f64)])];

fn model(rows: &[(Sense, f64)], columns: Columns<'_>) -> Model {
    let mut model = Model::default();
    for &(sense, rhs) in rows {
        model.add_row(sense, rhs);
    }
    for &(cost, lower, upper, integer, coefficients) in columns {
        let column = Column { cost, lower, upper, integer };
        model.add_column(column, coefficients.iter().copied());
    }
    model
}

/// Far more than any of these models needs, so that a backend that cycles fails instead of hanging.
fn patience() -> Limits {
    Limits { deadline: Some(Instant::now() + Duration::from_mins(1)), ..Limits::default() }
}
