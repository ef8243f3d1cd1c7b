//! A linear program that grows: columns and rows are added to a live HiGHS model, and every solve starts
//! from the basis of the last one.
//!
//! This is the restricted master problem of column generation: covering rows, columns that come in batches,
//! bounds that change from node to node. HiGHS keeps basis and factor when columns are added, so a solve
//! after a batch is a handful of primal simplex steps. Presolve would throw the basis away and is off.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use highs::{ColProblem, HighsModelStatus, Model};

use crate::backend::BackendError;

/// Which simplex method continues from the present basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simplex {
    /// After columns were added: the basis is still primal feasible.
    Primal,
    /// After bounds were changed or rows added: reduced costs are still right.
    Dual,
}

/// How a solve ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Values and duals are optimal within tolerances.
    Optimal,
    /// No point satisfies all rows.
    Infeasible,
    /// The deadline passed, or somebody asked to stop.
    Late,
}

/// Feasibility tolerances: the smallest that are safe for HiGHS.
const TOLERANCE: f64 = 1e-9;

/// A live linear program `min c.x` with ranges on rows and columns.
#[derive(Debug)]
pub struct Master {
    model: Model,
    rows: usize,
    columns: usize,
    /// Scratch of one call of [`Master::add_columns`].
    starts: Vec<i32>,
    values: Vec<f64>,
    duals: Vec<f64>,
    reduced_costs: Vec<f64>,
    iterations: u64,
    /// HiGHS reads it by address.
    stop: Option<Arc<AtomicBool>>,
}

/// A column to add.
#[derive(Clone, Copy, Debug)]
pub struct NewColumn<'a> {
    /// Cost per unit.
    pub cost: f64,
    /// Greatest value; the least is zero.
    pub upper: f64,
    /// Rows and coefficients, each row once.
    pub entries: &'a [(usize, f64)],
}

impl Master {
    /// A program without rows and columns.
    ///
    /// # Errors
    /// If HiGHS refuses an option.
    pub fn new(seed: u64) -> Result<Self, BackendError> {
        let mut model = ColProblem::default()
            .try_optimise(highs::Sense::Minimise)
            .map_err(|status| failed(format!("empty model refused with {status:?}")))?;
        model.make_quiet();
        let option = |name: &str| failed(format!("option {name} refused"));
        for (name, value) in [("presolve", "off"), ("solver", "simplex"), ("parallel", "off")] {
            model.try_set_option(name, value).map_err(|_| option(name))?;
        }
        for name in ["primal_feasibility_tolerance", "dual_feasibility_tolerance"] {
            model.try_set_option(name, TOLERANCE).map_err(|_| option(name))?;
        }
        // Degenerate programs at the bound: perturbed costs take more steps to clean up than they save.
        model
            .try_set_option("dual_simplex_cost_perturbation_multiplier", 0.0)
            .map_err(|_| option("perturbation"))?;
        let seed = (seed % (1 << 31)) as i32;
        for (name, value) in [("threads", 1), ("random_seed", seed), ("simplex_scale_strategy", 0)]
        {
            model.try_set_option(name, value).map_err(|_| option(name))?;
        }
        Ok(Self {
            model,
            rows: 0,
            columns: 0,
            starts: Vec::new(),
            values: Vec::new(),
            duals: Vec::new(),
            reduced_costs: Vec::new(),
            iterations: 0,
            stop: None,
        })
    }

    /// Has every solve end once the flag is set, which is looked at after each step.
    ///
    /// # Errors
    /// If HiGHS refuses to ask.
    #[expect(unsafe_code, reason = "the safe wrapper has no callbacks")]
    pub fn stop_on(&mut self, flag: Arc<AtomicBool>) -> Result<(), BackendError> {
        let address = Arc::as_ptr(&flag).cast_mut().cast::<c_void>();
        self.stop = Some(flag);
        // SAFETY: a live model. The flag lives as long as `self`, and so at least as long as any solve.
        let set =
            unsafe { highs_sys::Highs_setCallback(self.model.as_mut_ptr(), Some(ask), address) };
        accepted(set, "a callback")?;
        // SAFETY: a live model.
        let started = unsafe {
            highs_sys::Highs_startCallback(
                self.model.as_mut_ptr(),
                highs_sys::kHighsCallbackSimplexInterrupt,
            )
        };
        accepted(started, "a callback")
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Simplex steps of all solves.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Adds a row `lower <= entries . x <= upper` and returns its index.
    ///
    /// # Errors
    /// If HiGHS refuses it.
    #[expect(unsafe_code, reason = "the safe wrapper takes bounds as generic ranges of columns")]
    pub fn add_row(
        &mut self,
        lower: f64,
        upper: f64,
        entries: &[(usize, f64)],
    ) -> Result<usize, BackendError> {
        let (index, value) = split(entries, self.columns)?;
        // SAFETY: the pointer is that of a live model; index and value have the stated length, and HiGHS
        // copies them.
        let status = unsafe {
            highs_sys::Highs_addRow(
                self.model.as_mut_ptr(),
                lower,
                upper,
                index.len() as i32,
                index.as_ptr(),
                value.as_ptr(),
            )
        };
        accepted(status, "a row")?;
        self.rows += 1;
        Ok(self.rows - 1)
    }

    /// Adds rows without entries, given by their ranges, and returns the index of the first.
    ///
    /// # Errors
    /// If HiGHS refuses them.
    #[expect(unsafe_code, reason = "the safe wrapper adds rows one by one, which is slow")]
    pub fn add_rows(&mut self, ranges: &[(f64, f64)]) -> Result<usize, BackendError> {
        let first = self.rows;
        if ranges.is_empty() {
            return Ok(first);
        }
        let (lower, upper): (Vec<f64>, Vec<f64>) = ranges.iter().copied().unzip();
        let starts = vec![0; ranges.len()];
        // SAFETY: a live model; bounds and starts have one entry per row, and there are no entries to read.
        let status = unsafe {
            highs_sys::Highs_addRows(
                self.model.as_mut_ptr(),
                ranges.len() as i32,
                lower.as_ptr(),
                upper.as_ptr(),
                0,
                starts.as_ptr(),
                std::ptr::null(),
                std::ptr::null(),
            )
        };
        accepted(status, "rows")?;
        self.rows += ranges.len();
        Ok(first)
    }

    /// Adds columns; they are nonbasic at zero, and the basis is kept. Returns the index of the first.
    ///
    /// # Errors
    /// If an entry names a row that does not exist, or HiGHS refuses the columns.
    #[expect(unsafe_code, reason = "the safe wrapper adds columns one by one, which is slow")]
    pub fn add_columns(&mut self, columns: &[NewColumn<'_>]) -> Result<usize, BackendError> {
        let first = self.columns;
        if columns.is_empty() {
            return Ok(first);
        }
        let nonzeros = columns.iter().map(|column| column.entries.len()).sum();
        let mut index = Vec::with_capacity(nonzeros);
        let mut value = Vec::with_capacity(nonzeros);
        self.starts.clear();
        for column in columns {
            self.starts.push(index.len() as i32);
            for &(row, coefficient) in column.entries {
                if row >= self.rows {
                    return Err(failed(format!("there is no row {row}")));
                }
                index.push(row as i32);
                value.push(coefficient);
            }
        }
        let costs: Vec<f64> = columns.iter().map(|column| column.cost).collect();
        let lower = vec![0.0; columns.len()];
        let upper: Vec<f64> = columns.iter().map(|column| column.upper).collect();
        // SAFETY: as above; starts, costs and bounds have one entry per column.
        let status = unsafe {
            highs_sys::Highs_addCols(
                self.model.as_mut_ptr(),
                columns.len() as i32,
                costs.as_ptr(),
                lower.as_ptr(),
                upper.as_ptr(),
                index.len() as i32,
                self.starts.as_ptr(),
                index.as_ptr(),
                value.as_ptr(),
            )
        };
        accepted(status, "columns")?;
        self.columns += columns.len();
        Ok(first)
    }

    /// Replaces the range of a row.
    ///
    /// # Errors
    /// If there is no such row.
    #[expect(unsafe_code, reason = "the safe wrapper cannot change rows")]
    pub fn set_row(&mut self, row: usize, lower: f64, upper: f64) -> Result<(), BackendError> {
        // SAFETY: a live model; HiGHS checks the index.
        let status = unsafe {
            highs_sys::Highs_changeRowBounds(self.model.as_mut_ptr(), row as i32, lower, upper)
        };
        accepted(status, "the range of a row")
    }

    /// Replaces the greatest values of columns, given by index.
    ///
    /// # Errors
    /// If there is no such column.
    #[expect(unsafe_code, reason = "the safe wrapper changes columns one by one")]
    pub fn set_uppers(&mut self, changes: &[(usize, f64)]) -> Result<(), BackendError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut changes = changes.to_vec();
        changes.sort_unstable_by_key(|&(column, _)| column);
        let (index, upper) = split(&changes, self.columns)?;
        let lower = vec![0.0; upper.len()];
        // SAFETY: a live model; the arrays have the stated length and HiGHS copies them.
        let status = unsafe {
            highs_sys::Highs_changeColsBoundsBySet(
                self.model.as_mut_ptr(),
                index.len() as i32,
                index.as_ptr(),
                lower.as_ptr(),
                upper.as_ptr(),
            )
        };
        accepted(status, "ranges of columns")
    }

    /// Replaces the cost of a column.
    ///
    /// # Errors
    /// If there is no such column.
    #[expect(unsafe_code, reason = "the safe wrapper names columns by a type that it alone makes")]
    pub fn set_cost(&mut self, column: usize, cost: f64) -> Result<(), BackendError> {
        // SAFETY: a live model; HiGHS checks the index.
        let status =
            unsafe { highs_sys::Highs_changeColCost(self.model.as_mut_ptr(), column as i32, cost) };
        accepted(status, "the cost of a column")
    }

    /// Which columns are in the present basis.
    ///
    /// # Errors
    /// If HiGHS has no basis.
    #[expect(unsafe_code, reason = "the safe wrapper does not know bases")]
    pub fn basic(&self) -> Result<Vec<bool>, BackendError> {
        let mut columns = vec![0; self.columns];
        let mut rows = vec![0; self.rows];
        // SAFETY: a live model, and arrays of one entry per column and row.
        let status = unsafe {
            highs_sys::Highs_getBasis(self.model.as_ptr(), columns.as_mut_ptr(), rows.as_mut_ptr())
        };
        accepted(status, "reading the basis")?;
        Ok(columns.iter().map(|&status| status == highs_sys::kHighsBasisStatusBasic).collect())
    }

    /// Deletes columns, given by ascending index; those that follow move up. The basis is kept if none of
    /// them is in it, and its factor is made anew.
    ///
    /// # Errors
    /// If there is no such column.
    #[expect(unsafe_code, reason = "the safe wrapper cannot delete columns")]
    pub fn delete_columns(&mut self, columns: &[usize]) -> Result<(), BackendError> {
        if columns.is_empty() {
            return Ok(());
        }
        let entries: Vec<(usize, f64)> = columns.iter().map(|&column| (column, 0.0)).collect();
        let (index, _) = split(&entries, self.columns)?;
        // SAFETY: a live model; HiGHS copies the indices.
        let status = unsafe {
            highs_sys::Highs_deleteColsBySet(
                self.model.as_mut_ptr(),
                index.len() as i32,
                index.as_ptr(),
            )
        };
        accepted(status, "deleting columns")?;
        self.columns -= columns.len();
        Ok(())
    }

    /// Solves from the present basis.
    ///
    /// # Errors
    /// If HiGHS fails twice, the second time from scratch.
    #[expect(unsafe_code, reason = "the safe wrapper consumes the model to solve it")]
    pub fn solve(
        &mut self,
        simplex: Simplex,
        deadline: Option<Instant>,
    ) -> Result<Ended, BackendError> {
        let strategy = match simplex {
            Simplex::Primal => 4,
            Simplex::Dual => 1,
        };
        let option = |name: &str| failed(format!("option {name} refused"));
        self.model.try_set_option("simplex_strategy", strategy).map_err(|_| option("simplex"))?;
        for from_scratch in [false, true] {
            if from_scratch {
                // SAFETY: a live model.
                unsafe { highs_sys::Highs_clearSolver(self.model.as_mut_ptr()) };
            }
            let limit = match deadline {
                Some(deadline) => {
                    let remaining = deadline.saturating_duration_since(Instant::now());
                    if remaining.is_zero() {
                        return Ok(Ended::Late);
                    }
                    // The clock of HiGHS runs on from solve to solve.
                    // SAFETY: a live model.
                    let spent = unsafe { highs_sys::Highs_getRunTime(self.model.as_ptr()) };
                    spent + remaining.as_secs_f64()
                }
                None => f64::INFINITY,
            };
            self.model.try_set_option("time_limit", limit).map_err(|_| option("time_limit"))?;
            // SAFETY: a live model.
            let status = unsafe { highs_sys::Highs_run(self.model.as_mut_ptr()) };
            if status == highs_sys::STATUS_ERROR {
                continue;
            }
            self.iterations += self.last_iterations();
            // SAFETY: a live model.
            let model_status = unsafe { highs_sys::Highs_getModelStatus(self.model.as_ptr()) };
            match HighsModelStatus::try_from(model_status) {
                Ok(HighsModelStatus::Optimal) => {
                    self.read_solution()?;
                    return Ok(Ended::Optimal);
                }
                Ok(HighsModelStatus::Infeasible) if from_scratch => return Ok(Ended::Infeasible),
                Ok(HighsModelStatus::ReachedTimeLimit | HighsModelStatus::ReachedInterrupt) => {
                    return Ok(Ended::Late);
                }
                _ => {}
            }
        }
        Err(failed("no answer, not even from scratch"))
    }

    #[expect(unsafe_code, reason = "the safe wrapper reads from consumed models only")]
    fn last_iterations(&self) -> u64 {
        let mut iterations = 0;
        // SAFETY: a live model, a static name, and a place for one integer.
        unsafe {
            highs_sys::Highs_getIntInfoValue(
                self.model.as_ptr(),
                c"simplex_iteration_count".as_ptr(),
                &raw mut iterations,
            )
        };
        u64::try_from(iterations).unwrap_or(0)
    }

    #[expect(unsafe_code, reason = "the safe wrapper reads from consumed models only")]
    fn read_solution(&mut self) -> Result<(), BackendError> {
        self.values.resize(self.columns, 0.0);
        self.duals.resize(self.rows, 0.0);
        self.reduced_costs.resize(self.columns, 0.0);
        // SAFETY: the vectors have one entry per column and row; null asks for nothing.
        let status = unsafe {
            highs_sys::Highs_getSolution(
                self.model.as_ptr(),
                self.values.as_mut_ptr(),
                self.reduced_costs.as_mut_ptr(),
                std::ptr::null_mut(),
                self.duals.as_mut_ptr(),
            )
        };
        accepted(status, "reading the solution")
    }

    /// One value per column, of the last optimal solve.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// What one unit more of each column would cost, of the last optimal solve.
    pub fn reduced_costs(&self) -> &[f64] {
        &self.reduced_costs
    }

    /// One dual value per row, of the last optimal solve.
    pub fn duals(&self) -> &[f64] {
        &self.duals
    }
}

/// Tells HiGHS whether to stop.
#[expect(unsafe_code, reason = "called by HiGHS")]
unsafe extern "C" fn ask(
    _kind: c_int,
    _message: *const c_char,
    _said: *const highs_sys::HighsCallbackDataOut,
    answer: *mut highs_sys::HighsCallbackDataIn,
    flag: *mut c_void,
) {
    // SAFETY: `flag` is the address of the flag of a living `Master`, which HiGHS hands back, and `answer`
    // is null or a struct of HiGHS that waits for the answer.
    unsafe {
        if let (Some(flag), Some(answer)) = (flag.cast::<AtomicBool>().as_ref(), answer.as_mut()) {
            // HiGHS keeps the answer of before, so a no is said as well.
            answer.user_interrupt = c_int::from(flag.load(Ordering::Relaxed));
        }
    }
}

fn split(entries: &[(usize, f64)], most: usize) -> Result<(Vec<i32>, Vec<f64>), BackendError> {
    if let Some(&(index, _)) = entries.iter().find(|&&(index, _)| index >= most) {
        return Err(failed(format!("there is no column {index}")));
    }
    Ok(entries.iter().map(|&(index, value)| (index as i32, value)).unzip())
}

fn accepted(status: i32, what: &str) -> Result<(), BackendError> {
    if status == highs_sys::STATUS_ERROR {
        return Err(failed(format!("{what} refused")));
    }
    Ok(())
}

fn failed(message: impl Into<String>) -> BackendError {
    BackendError::Failed { backend: "highs", message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sizes, 5 and 3 in hosts of 10: patterns are added until the LP cannot improve.
    #[test]
    fn grows_by_columns_and_keeps_its_answer() {
        let mut master = Master::new(0).expect("options");
        let demand = [4.0, 6.0];
        let first = master.add_rows(&demand.map(|d| (d, f64::INFINITY))).expect("rows");
        assert_eq!((first, master.rows()), (0, 2));
        let single = |row: usize| [(row, 1.0)];
        let (first, second) = (single(0), single(1));
        let column = |entries| NewColumn { cost: 1.0, upper: f64::INFINITY, entries };
        master.add_columns(&[column(&first), column(&second)]).expect("columns");
        assert_eq!(master.solve(Simplex::Primal, None), Ok(Ended::Optimal));
        assert!((master.duals()[0] - 1.0).abs() < 1e-9);
        let (pair, mixed) = ([(0, 2.0)], [(0, 1.0), (1, 1.0)]);
        let triple = [(1, 3.0)];
        master.add_columns(&[column(&pair), column(&mixed), column(&triple)]).expect("columns");
        assert_eq!(master.solve(Simplex::Primal, None), Ok(Ended::Optimal));
        let total: f64 = master.values().iter().sum();
        assert!((total - 4.0).abs() < 1e-9, "{total}");
        // Without the triples, two of the mixed ones help no more.
        master.set_uppers(&[(4, 0.0)]).expect("bounds");
        assert_eq!(master.solve(Simplex::Dual, None), Ok(Ended::Optimal));
        let total: f64 = master.values().iter().sum();
        assert!((total - 6.0).abs() < 1e-9, "{total}");
        master.set_row(1, 3.0, f64::INFINITY).expect("row");
        assert_eq!(master.solve(Simplex::Dual, None), Ok(Ended::Optimal));
        let total: f64 = master.values().iter().sum();
        assert!((total - 3.5).abs() < 1e-9, "{total}");
    }

    #[test]
    fn stops_when_asked() {
        let mut master = Master::new(0).expect("options");
        let rows: Vec<usize> =
            (0..50).map(|_| master.add_row(1.0, f64::INFINITY, &[]).expect("row")).collect();
        for pair in rows.windows(2) {
            let entries = [(pair[0], 1.0), (pair[1], 0.5)];
            let column = NewColumn { cost: 1.0, upper: f64::INFINITY, entries: &entries };
            master.add_columns(&[column]).expect("columns");
        }
        let last = [(rows[49], 1.0)];
        let column = NewColumn { cost: 1.0, upper: f64::INFINITY, entries: &last };
        master.add_columns(&[column]).expect("columns");
        let flag = Arc::new(AtomicBool::new(true));
        master.stop_on(Arc::clone(&flag)).expect("accepted");
        assert_eq!(master.solve(Simplex::Dual, None), Ok(Ended::Late));
        flag.store(false, Ordering::Relaxed);
        assert_eq!(master.solve(Simplex::Dual, None), Ok(Ended::Optimal));
    }

    #[test]
    fn deletes_columns_beside_the_basis() {
        let mut master = Master::new(0).expect("options");
        master.add_row(6.0, f64::INFINITY, &[]).expect("row");
        for worth in [1.0, 3.0, 2.0] {
            let entries = [(0, worth)];
            let column = NewColumn { cost: 1.0, upper: f64::INFINITY, entries: &entries };
            master.add_columns(&[column]).expect("columns");
        }
        assert_eq!(master.solve(Simplex::Primal, None), Ok(Ended::Optimal));
        assert_eq!(master.basic(), Ok(vec![false, true, false]));
        let reduced = [2.0 / 3.0, 0.0, 1.0 / 3.0];
        assert!(master.reduced_costs().iter().zip(reduced).all(|(a, b)| (a - b).abs() < 1e-9));
        master.delete_columns(&[0, 2]).expect("there");
        assert_eq!(master.columns(), 1);
        let before = master.iterations();
        assert_eq!(master.solve(Simplex::Primal, None), Ok(Ended::Optimal));
        assert_eq!(master.iterations(), before, "the basis is kept");
        assert!((master.values()[0] - 2.0).abs() < 1e-9);
        assert!(master.delete_columns(&[1]).is_err());
    }

    #[test]
    fn tells_infeasible_programs_and_bad_indices() {
        let mut master = Master::new(0).expect("options");
        master.add_row(1.0, f64::INFINITY, &[]).expect("row");
        let half = [(0, 0.5)];
        let column = NewColumn { cost: 1.0, upper: 1.0, entries: &half };
        master.add_columns(&[column]).expect("columns");
        assert_eq!(master.solve(Simplex::Dual, None), Ok(Ended::Infeasible));
        let nowhere = [(7, 1.0)];
        let column = NewColumn { cost: 1.0, upper: 1.0, entries: &nowhere };
        assert!(master.add_columns(&[column]).is_err());
        assert!(master.set_uppers(&[(3, 1.0)]).is_err());
    }
}
