//! Checks that both families make of their parts.

use std::collections::HashSet;

use ndarray::Array2;

/// A matrix or list has another shape than names and resources ask for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected_rows} x {expected_columns} entries, found {rows} x {columns}")]
pub struct ShapeError {
    /// Which matrix.
    pub what: &'static str,
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
    /// Rows that the names ask for.
    pub expected_rows: usize,
    /// Columns that the resources ask for.
    pub expected_columns: usize,
}

/// The same name twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} is named twice")]
pub struct DuplicateName {
    /// What bears the name.
    pub what: &'static str,
    /// The name.
    pub name: String,
}

pub(crate) fn check_shape(
    what: &'static str,
    (rows, columns): (usize, usize),
    (expected_rows, expected_columns): (usize, usize),
) -> Result<(), ShapeError> {
    if (rows, columns) == (expected_rows, expected_columns) {
        return Ok(());
    }
    Err(ShapeError { what, rows, columns, expected_rows, expected_columns })
}

pub(crate) fn check_unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), DuplicateName> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(DuplicateName { what, name: name.to_owned() });
        }
    }
    Ok(())
}

/// The same matrix in row-major order, so that rows are slices; moved, not copied, if it is already.
pub(crate) fn row_major<T: Clone>(matrix: Array2<T>) -> Array2<T> {
    if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() }
}
