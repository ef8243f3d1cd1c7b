//! Which VM leaves an over-loaded host.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::study::Study;
use super::world::{HISTORY, Vm};

/// A rule that picks a VM of an over-loaded host; ties go to the first in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Minimum migration time: the least memory.
    MinimumMigrationTime,
    /// Minimum utilisation.
    MinimumUtilisation,
    /// At random.
    Random,
    /// Maximum correlation: the VM whose past the pasts of the others explain best.
    MaximumCorrelation,
}

/// Picks VMs by a rule.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    rule: Selection,
    rng: ChaCha8Rng,
    regression: Regression,
}

impl Selector {
    pub(crate) fn new(rule: Selection, rng: ChaCha8Rng) -> Self {
        Self { rule, rng, regression: Regression::default() }
    }

    /// The place in the list of the VM that leaves; none of no VMs.
    pub(crate) fn pick(&mut self, listed: &[usize], vms: &[Vm], study: &Study) -> Option<usize> {
        if listed.is_empty() {
            return None;
        }
        let least_memory = || first_least(listed.iter().map(|&v| study.vm_kind(v).ram_mb as f64));
        match self.rule {
            Selection::MinimumMigrationTime => least_memory(),
            Selection::MinimumUtilisation => first_least(listed.iter().map(|&v| {
                // As CloudSim does, by way of MIPS: the last bit may differ.
                let mips = study.vm_kind(v).mips;
                vms[v].load * mips / mips
            })),
            Selection::Random => Some(self.rng.random_range(0..listed.len())),
            Selection::MaximumCorrelation => {
                self.regression.most_explained(listed, vms).or_else(least_memory)
            }
        }
    }
}

/// The place of the first of the least values.
fn first_least(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut least: Option<(usize, f64)> = None;
    for (at, value) in values.enumerate() {
        if least.is_none_or(|(_, before)| value < before) {
            least = Some((at, value));
        }
    }
    least.map(|(at, _)| at)
}

/// Linear regression of the past of one VM on those of others, by Householder's QR decomposition.
///
/// Pasts that are constant or collinear leave a coefficient of determination that consists of rounding errors, so the
/// order of operations is part of the result.
#[derive(Clone, Debug, Default)]
struct Regression {
    /// Columns of the design, each a past, one after the other.
    design: Vec<f64>,
    /// The same, reflected: below the diagonal the reflectors.
    reflected: Vec<f64>,
    diagonal: Vec<f64>,
    observed: Vec<f64>,
    solution: Vec<f64>,
}

impl Regression {
    /// The place of the first VM of greatest coefficient of determination; none if a regression is impossible.
    fn most_explained(&mut self, listed: &[usize], vms: &[Vm]) -> Option<usize> {
        let rows = listed.iter().map(|&v| vms[v].history.len().min(HISTORY)).min()?;
        if listed.len() == 1 || listed.len() > rows {
            return None;
        }
        let past = |v: usize| vms[v].history.iter().rev().take(rows);
        let mut best = (0, f64::from_bits(1));
        for (at, &explained) in listed.iter().enumerate() {
            self.design.clear();
            self.design.resize(rows, 1.0);
            for &other in listed.iter().filter(|&&other| other != explained) {
                self.design.extend(past(other));
            }
            self.observed.clear();
            self.observed.extend(past(explained));
            let determination = self.determination(rows)?;
            if determination > best.1 {
                best = (at, determination);
            }
        }
        Some(best.0)
    }

    /// The coefficient of determination; none if the design is singular.
    fn determination(&mut self, rows: usize) -> Option<f64> {
        self.decompose(rows);
        if self.diagonal.contains(&0.0) {
            return None;
        }
        let total = sum_of_squared_deviations(&self.observed);
        self.solve(rows);
        let mut residual_squares = 0.0;
        for (row, &observed) in self.observed.iter().enumerate() {
            let mut fitted = 0.0;
            for (column, coefficient) in self.design.chunks_exact(rows).zip(&self.solution) {
                fitted += column[row] * coefficient;
            }
            let residual = observed - fitted;
            residual_squares += residual * residual;
        }
        Some(1.0 - residual_squares / total)
    }

    fn decompose(&mut self, rows: usize) {
        self.reflected.clear();
        self.reflected.extend_from_slice(&self.design);
        self.diagonal.clear();
        let columns = self.design.len() / rows;
        for at in 0..columns {
            let (left, right) = self.reflected.split_at_mut((at + 1) * rows);
            let column = &mut left[at * rows + at..];
            let square: f64 = column.iter().fold(0.0, |sum, &c| sum + c * c);
            let diagonal = if column[0] > 0.0 { -square.sqrt() } else { square.sqrt() };
            self.diagonal.push(diagonal);
            if diagonal != 0.0 {
                column[0] -= diagonal;
                for other in right.chunks_exact_mut(rows) {
                    let other = &mut other[at..];
                    let mut alpha = 0.0;
                    for (&o, &c) in other.iter().zip(&*column) {
                        alpha -= o * c;
                    }
                    alpha /= diagonal * column[0];
                    for (o, &c) in other.iter_mut().zip(&*column) {
                        *o -= alpha * c;
                    }
                }
            }
        }
    }

    /// Least squares from the decomposition.
    fn solve(&mut self, rows: usize) {
        let columns = self.diagonal.len();
        self.solution.clear();
        self.solution.extend_from_slice(&self.observed);
        let y = &mut self.solution;
        for (at, &diagonal) in self.diagonal.iter().enumerate() {
            let column = &self.reflected[at * rows + at..(at + 1) * rows];
            let mut dot = 0.0;
            for (&y, &c) in y[at..].iter().zip(column) {
                dot += y * c;
            }
            dot /= diagonal * column[0];
            for (y, &c) in y[at..].iter_mut().zip(column) {
                *y += dot * c;
            }
        }
        for at in (0..columns).rev() {
            y[at] /= self.diagonal[at];
            let solved = y[at];
            let column = &self.reflected[at * rows..(at + 1) * rows];
            for (y, &c) in y[..at].iter_mut().zip(column) {
                *y -= solved * c;
            }
        }
        y.truncate(columns);
    }
}

fn sum_of_squared_deviations(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (before, &value) in values.iter().enumerate() {
        let deviation = value - mean;
        let step = deviation / (before + 1) as f64;
        mean += step;
        squares += before as f64 * deviation * step;
    }
    squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_line_is_explained() {
        let x = [1.0, 2.0, 4.0, 7.0, 11.0];
        let mut regression = Regression {
            design: [[1.0; 5], x].concat(),
            observed: x.iter().map(|x| 3.0 - 2.0 * x).collect(),
            ..Regression::default()
        };
        let determination = regression.determination(5).expect("two different columns");
        assert!((determination - 1.0).abs() < 1e-12);
        assert!((regression.solution[0] - 3.0).abs() < 1e-9);
        assert!((regression.solution[1] + 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_singular_design_is_refused() {
        let mut regression = Regression {
            design: [[1.0; 3], [0.0; 3]].concat(),
            observed: vec![1.0, 2.0, 3.0],
            ..Regression::default()
        };
        assert_eq!(regression.determination(3), None);
    }
}
