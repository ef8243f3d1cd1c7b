//! A linear or mixed-integer program as every formulation builds it and every backend reads it.

/// How a row compares its left-hand side with its right-hand side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// At least.
    Ge,
    /// At most.
    Le,
    /// Equal.
    Eq,
}

/// A constraint without its coefficients, which the columns hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The comparison.
    pub sense: Sense,
    /// The right-hand side.
    pub rhs: f64,
}

/// A variable: its cost and its range. Ranges may be infinite on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Cost per unit.
    pub cost: f64,
    /// Least value, or negative infinity.
    pub lower: f64,
    /// Greatest value, or infinity.
    pub upper: f64,
    /// Whether only integers are allowed.
    pub integer: bool,
}

impl Column {
    /// A continuous variable.
    pub fn continuous(cost: f64, lower: f64, upper: f64) -> Self {
        Self { cost, lower, upper, integer: false }
    }

    /// An integer variable.
    pub fn integer(cost: f64, lower: f64, upper: f64) -> Self {
        Self { cost, lower, upper, integer: true }
    }
}

/// `min offset + c.x` subject to rows and ranges, stored sparsely by column.
///
/// Rows are added first, then columns with their coefficients:
///
/// ```
/// use vmpack_lp::model::{Column, Model, Sense};
///
/// // min x + 2 y with x + y >= 3 and x <= 2
/// let mut model = Model::default();
/// let row = model.add_row(Sense::Ge, 3.0);
/// model.add_column(Column::continuous(1.0, 0.0, 2.0), [(row, 1.0)]);
/// model.add_column(Column::continuous(2.0, 0.0, f64::INFINITY), [(row, 1.0)]);
/// assert_eq!(model.objective(&[2.0, 1.0]), 4.0);
/// assert_eq!(model.violation(&[2.0, 0.5]), 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    rows: Vec<Row>,
    columns: Vec<Column>,
    /// Where the entries of each column end.
    ends: Vec<usize>,
    entries: Vec<(usize, f64)>,
    offset: f64,
}

impl Model {
    /// Adds a row and returns its index.
    pub fn add_row(&mut self, sense: Sense, rhs: f64) -> usize {
        self.rows.push(Row { sense, rhs });
        self.rows.len() - 1
    }

    /// Adds a column with its non-zero coefficients, at most one per row, and returns its index.
    ///
    /// # Panics
    /// If a coefficient names a row that does not exist yet.
    pub fn add_column(
        &mut self,
        column: Column,
        coefficients: impl IntoIterator<Item = (usize, f64)>,
    ) -> usize {
        for (row, coefficient) in coefficients {
            assert!(row < self.rows.len(), "rows are added before the columns that use them");
            if coefficient != 0.0 {
                self.entries.push((row, coefficient));
            }
        }
        self.ends.push(self.entries.len());
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// Adds a constant to the objective.
    pub fn add_offset(&mut self, constant: f64) {
        self.offset += constant;
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The non-zero coefficients of a column, with their rows.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn coefficients(&self, column: usize) -> &[(usize, f64)] {
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start..self.ends[column]]
    }

    /// The number of non-zero coefficients.
    pub fn nonzeros(&self) -> usize {
        self.entries.len()
    }

    /// The constant part of the objective.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// Whether some column must be integer.
    pub fn has_integers(&self) -> bool {
        self.columns.iter().any(|column| column.integer)
    }

    /// Whether some range is empty, so that nothing can be feasible.
    pub fn has_empty_range(&self) -> bool {
        self.columns.iter().any(|column| column.lower > column.upper)
    }

    /// The same program with every integer column made continuous.
    #[must_use]
    pub fn relaxed(&self) -> Self {
        let mut relaxation = self.clone();
        for column in &mut relaxation.columns {
            column.integer = false;
        }
        relaxation
    }

    /// Replaces the range of a column.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn set_range(&mut self, column: usize, lower: f64, upper: f64) {
        self.columns[column].lower = lower;
        self.columns[column].upper = upper;
    }

    /// Replaces the right-hand side of a row; an infinite one switches an inequality off.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn set_rhs(&mut self, row: usize, rhs: f64) {
        self.rows[row].rhs = rhs;
    }

    /// The coefficients of every row, by ascending column: the transpose, for backends that read rows.
    pub fn by_rows(&self) -> Vec<Vec<(usize, f64)>> {
        let mut rows = vec![Vec::new(); self.rows.len()];
        for column in 0..self.columns.len() {
            for &(row, coefficient) in self.coefficients(column) {
                rows[row].push((column, coefficient));
            }
        }
        rows
    }

    /// The objective at a point, in floating point.
    pub fn objective(&self, values: &[f64]) -> f64 {
        self.columns.iter().zip(values).map(|(column, x)| column.cost * x).sum::<f64>()
            + self.offset
    }

    /// The greatest amount by which a point misses a row or a range, in floating point.
    pub fn violation(&self, values: &[f64]) -> f64 {
        let mut sums = vec![0.0; self.rows.len()];
        let mut worst: f64 = 0.0;
        for (index, (column, &x)) in self.columns.iter().zip(values).enumerate() {
            worst = worst.max(column.lower - x).max(x - column.upper);
            for &(row, coefficient) in self.coefficients(index) {
                sums[row] += coefficient * x;
            }
        }
        for (row, sum) in self.rows.iter().zip(sums) {
            let miss = row.rhs - sum;
            worst = worst.max(match row.sense {
                Sense::Ge => miss,
                Sense::Le => -miss,
                Sense::Eq => miss.abs(),
            });
        }
        worst
    }
}
