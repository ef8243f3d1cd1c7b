//! A program in the making: rows and columns in any order.

use crate::model::{Column, Model, Sense};

/// A program to which rows over present columns are added.
#[derive(Debug, Default)]
pub(super) struct Draft {
    rows: Vec<(Sense, f64)>,
    columns: Vec<(Column, Vec<(usize, f64)>)>,
}

impl Draft {
    /// Adds a column and returns its index.
    pub(super) fn column(&mut self, column: Column) -> usize {
        self.columns.push((column, Vec::new()));
        self.columns.len() - 1
    }

    /// Adds a row over distinct columns.
    pub(super) fn row(
        &mut self,
        sense: Sense,
        rhs: f64,
        terms: impl IntoIterator<Item = (usize, f64)>,
    ) {
        let row = self.rows.len();
        self.rows.push((sense, rhs));
        for (column, coefficient) in terms {
            self.columns[column].1.push((row, coefficient));
        }
    }

    /// The program, and the rows that bound its cost from below and from above; they bound nothing yet.
    pub(super) fn finish(self) -> (Model, [usize; 2]) {
        let mut model = Model::default();
        for (sense, rhs) in self.rows {
            model.add_row(sense, rhs);
        }
        let cost =
            [model.add_row(Sense::Ge, f64::NEG_INFINITY), model.add_row(Sense::Le, f64::INFINITY)];
        for (column, entries) in self.columns {
            let priced = cost.map(|row| (row, column.cost));
            model.add_column(column, entries.into_iter().chain(priced));
        }
        (model, cost)
    }
}
