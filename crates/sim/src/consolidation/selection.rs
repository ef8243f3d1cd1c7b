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
/// order of operations is part of the result. Matrices lie column by column. The design of the VM at place `k` is ones,
/// the pasts before `k`, and those after; the reflections of its first columns are those of the VMs before, so they
/// are made once.
#[derive(Clone, Debug, Default)]
struct Regression {
    rows: usize,
    /// Ones, and the past of every VM.
    design: Vec<f64>,
    /// The design after the reflections of its first columns.
    begun: Vec<f64>,
    /// The columns behind the explained one, and that one, after all reflections.
    rest: Vec<f64>,
    /// The diagonal of the triangle.
    diagonal: Vec<f64>,
    coefficients: Vec<f64>,
    fitted: Vec<f64>,
}

impl Regression {
    /// The place of the first VM of greatest coefficient of determination; none if a regression is impossible.
    fn most_explained(&mut self, listed: &[usize], vms: &[Vm]) -> Option<usize> {
        let rows = listed.iter().map(|&v| vms[v].history.len().min(HISTORY)).min()?;
        if listed.len() == 1 || listed.len() > rows {
            return None;
        }
        self.rows = rows;
        self.design.clear();
        self.design.resize(rows, 1.0);
        for &v in listed {
            self.design.extend(vms[v].history.iter().rev().take(rows));
        }
        self.begin();
        let mut best = (0, f64::from_bits(1));
        for place in 0..listed.len() {
            let determination = self.determination(place)?;
            if determination > best.1 {
                best = (place, determination);
            }
        }
        Some(best.0)
    }

    fn begin(&mut self) {
        self.begun.clone_from(&self.design);
        self.diagonal.clear();
        self.diagonal.push(reflect(&mut self.begun, self.rows, 0));
    }

    /// The coefficient of determination of the VM at a place, of each in turn; none if the design is singular.
    fn determination(&mut self, place: usize) -> Option<f64> {
        let (rows, first) = (self.rows, place + 1);
        let explained = first * rows..(first + 1) * rows;
        self.rest.clear();
        self.rest.extend_from_slice(&self.begun[explained.end..]);
        self.rest.extend_from_slice(&self.begun[explained.clone()]);
        let behind = self.rest.len() / rows - 1;
        for column in 0..behind {
            let diagonal = reflect(&mut self.rest[column * rows..], rows, first + column);
            self.diagonal.push(diagonal);
        }
        if self.diagonal.contains(&0.0) {
            return None;
        }
        self.solve(first, behind);
        self.fitted.clear();
        self.fitted.resize(rows, 0.0);
        let columns = self.design.chunks_exact(rows).enumerate();
        let explaining = columns.filter(|&(column, _)| column != first).map(|(_, past)| past);
        for (past, coefficient) in explaining.zip(&self.coefficients) {
            for (fitted, value) in self.fitted.iter_mut().zip(past) {
                *fitted += value * coefficient;
            }
        }
        let observed = &self.design[explained];
        let mut residual_squares = 0.0;
        for (observed, fitted) in observed.iter().zip(&self.fitted) {
            let residual = observed - fitted;
            residual_squares += residual * residual;
        }
        let determination = 1.0 - residual_squares / sum_of_squared_deviations(observed);
        self.diagonal.truncate(first);
        if behind > 0 {
            self.diagonal.push(reflect(&mut self.begun[first * rows..], rows, first));
        }
        Some(determination)
    }

    /// Coefficients from the triangle and the reflected column, which is the last of the rest.
    fn solve(&mut self, first: usize, behind: usize) {
        let rows = self.rows;
        let y = &mut self.coefficients;
        y.clear();
        y.extend_from_slice(&self.rest[behind * rows..behind * rows + first + behind]);
        for at in (0..first + behind).rev() {
            let column = if at < first {
                &self.begun[at * rows..]
            } else {
                &self.rest[(at - first) * rows..]
            };
            y[at] /= self.diagonal[at];
            let solved = y[at];
            for (y, &c) in y[..at].iter_mut().zip(column) {
                *y -= solved * c;
            }
        }
    }
}

/// Reflects the first column onto its entry `at`, and all columns with it; what stands there then.
///
/// The column keeps the reflector from that entry on.
fn reflect(columns: &mut [f64], rows: usize, at: usize) -> f64 {
    let (column, others) = columns.split_at_mut(rows);
    let column = &mut column[at..];
    let square: f64 = column.iter().fold(0.0, |sum, &c| sum + c * c);
    let diagonal = if column[0] > 0.0 { -square.sqrt() } else { square.sqrt() };
    if diagonal == 0.0 {
        return diagonal;
    }
    column[0] -= diagonal;
    let scale = diagonal * column[0];
    for other in others.chunks_exact_mut(rows) {
        let other = &mut other[at..];
        let mut share = 0.0;
        for (&o, &c) in other.iter().zip(&*column) {
            share -= o * c;
        }
        share /= scale;
        for (o, &c) in other.iter_mut().zip(&*column) {
            *o -= share * c;
        }
    }
    diagonal
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

    fn regression(pasts: &[&[f64]]) -> Regression {
        let rows = pasts[0].len();
        let design = [vec![1.0; rows], pasts.concat()].concat();
        let mut regression = Regression { rows, design, ..Regression::default() };
        regression.begin();
        regression
    }

    #[test]
    fn an_exact_line_is_explained() {
        let x = [1.0, 2.0, 4.0, 7.0, 11.0];
        let y = x.map(|x| 3.0 - 2.0 * x);
        let mut regression = regression(&[&y, &x]);
        let determination = regression.determination(0).expect("two different columns");
        assert!((determination - 1.0).abs() < 1e-12);
        assert!((regression.coefficients[0] - 3.0).abs() < 1e-9);
        assert!((regression.coefficients[1] + 2.0).abs() < 1e-9);
        let determination = regression.determination(1).expect("two different columns");
        assert!((determination - 1.0).abs() < 1e-12, "and the other way round");
    }

    #[test]
    fn each_vm_is_explained_as_if_it_were_the_first() {
        let pasts =
            [[3.0, 1.0, 4.0, 1.0, 5.0], [2.0, 7.0, 1.0, 8.0, 2.0], [1.0, 6.0, 1.0, 8.0, 0.0]];
        let mut in_turn = regression(&pasts.each_ref().map(|past| &past[..]));
        for first in 0..3 {
            let mut order = vec![first];
            order.extend((0..3).filter(|&other| other != first));
            let ordered: Vec<&[f64]> = order.iter().map(|&n| &pasts[n][..]).collect();
            let alone = regression(&ordered).determination(0).expect("different columns");
            let determination = in_turn.determination(first).expect("different columns");
            assert!((determination - alone).abs() < 1e-12, "{determination} {alone}");
        }
    }

    #[test]
    fn a_singular_design_is_refused() {
        assert_eq!(regression(&[&[1.0, 2.0, 3.0], &[0.0; 3]]).determination(0), None);
    }
}
