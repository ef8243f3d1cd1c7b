//! The dual of a linear program as another linear program.
//!
//! Backends that return no dual values can still price every constraint: solve the dual on the same
//! backend and read its variables. In the notation of Schrijver (1986, section 7.4): the dual of
//! `min c.x, A x >= b, x >= 0` is `max b.y, A^T y <= c, y >= 0`, here written as a minimisation.

use crate::model::{Column, Model, Sense};

/// The dual of the continuous relaxation, as a minimisation: its optimal objective is the negative of
/// the primal's, and its first columns are the dual values of the primal's rows, in order and with the
/// sign of the rate at which the optimum grows with the right-hand side.
///
/// Every column is first moved to start at zero (from its lower end, or mirrored at its upper end; free
/// ones stay free). A remaining finite range `0 <= x <= u` puts one more column at the end of the dual.
pub fn dual(primal: &Model) -> Model {
    let mut rhs: Vec<f64> = primal.rows().iter().map(|row| row.rhs).collect();
    let mut constant = primal.offset();
    // The sign of each moved column: -1 where it is measured down from its upper end.
    let mut signs = Vec::with_capacity(primal.columns().len());
    for (index, column) in primal.columns().iter().enumerate() {
        let (anchor, sign) = if column.lower.is_finite() {
            (column.lower, 1.0)
        } else if column.upper.is_finite() {
            (column.upper, -1.0)
        } else {
            (0.0, 1.0)
        };
        signs.push(sign);
        constant += column.cost * anchor;
        for &(row, coefficient) in primal.coefficients(index) {
            rhs[row] -= coefficient * anchor;
        }
    }
    let mut model = Model::default();
    for (column, sign) in primal.columns().iter().zip(&signs) {
        let free = !column.lower.is_finite() && !column.upper.is_finite();
        model.add_row(if free { Sense::Eq } else { Sense::Le }, sign * column.cost);
    }
    for ((row, coefficients), rhs) in primal.rows().iter().zip(primal.by_rows()).zip(&rhs) {
        let (lower, upper) = match row.sense {
            Sense::Ge => (0.0, f64::INFINITY),
            Sense::Le => (f64::NEG_INFINITY, 0.0),
            Sense::Eq => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let entries = coefficients.into_iter().map(|(column, a)| (column, signs[column] * a));
        model.add_column(Column::continuous(-rhs, lower, upper), entries);
    }
    for (index, column) in primal.columns().iter().enumerate() {
        let range = column.upper - column.lower;
        if range.is_finite() {
            model.add_column(Column::continuous(range, 0.0, f64::INFINITY), [(index, -1.0)]);
        }
    }
    model.add_offset(-constant);
    model
}
