//! The restricted master problem by a first-order method: not to the last digit, in a hundredth of the time.

use std::collections::HashSet;

use crate::columns::Columns;
use crate::restricted::Relaxed;

/// Values below this count as none.
const USED: f64 = 1e-3;
/// What columns that come with a placement start from: it is not the last word.
const FIRST: f64 = 0.5;
/// Steps of the dual values over those of the columns: covering everything matters more than feasible duals.
const BALANCE: f64 = 3.0;

/// `min c.x` such that `A x >= d` and `x >= 0`, by the primal-dual hybrid gradient method with steps that suit each
/// row and column, restarted from the average of its points.
///
/// # References
/// Pock, Chambolle, *Diagonal preconditioning for first order primal-dual algorithms in convex optimization*,
/// International Conference on Computer Vision, 2011; for the restarts, Applegate and others, *Practical large-scale
/// linear programming using primal-dual hybrid gradient*, Advances in Neural Information Processing Systems 34 (2021).
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstOrder {
    demand: Vec<f64>,
    /// Columns by number, with their values, costs, sums of entries, and the ends of these.
    columns: Vec<u32>,
    known: HashSet<u32>,
    values: Vec<f64>,
    costs: Vec<f64>,
    sums: Vec<f64>,
    ends: Vec<usize>,
    entries: Vec<(u32, f64)>,
    /// Per row, its dual value and the sum of its entries.
    duals: Vec<f64>,
    row_sums: Vec<f64>,
    /// What the dearest host costs, which is 1 in the program.
    unit: f64,
    /// Scratch: the sums of the points since the last restart, and what columns cover.
    points: [Vec<f64>; 2],
    covered: Vec<f64>,
}

impl FirstOrder {
    /// A program without columns.
    pub(crate) fn new(demand: &[u64], unit: u64) -> Self {
        Self {
            demand: demand.iter().map(|&demand| demand as f64).collect(),
            duals: vec![0.0; demand.len()],
            row_sums: vec![0.0; demand.len()],
            covered: vec![0.0; demand.len()],
            unit: unit as f64,
            ..Self::default()
        }
    }

    /// Adds a column that costs so much, unless it is in.
    pub(crate) fn add(&mut self, columns: &Columns, column: u32, cost: u64) {
        self.add_with_value(columns, column, cost as f64 / self.unit, 0.0);
    }

    /// Adds a column of a placement, and has its items share what it costs.
    pub(crate) fn add_placed(&mut self, columns: &Columns, column: u32, cost: u64) {
        let cost = cost as f64 / self.unit;
        self.add_with_value(columns, column, cost, FIRST);
        let content = &columns.get(column).items;
        let items: u32 = content.iter().map(|&(_, count)| count).sum();
        for &(item, _) in content {
            self.duals[item as usize] = cost / f64::from(items);
        }
    }

    fn add_with_value(&mut self, columns: &Columns, column: u32, cost: f64, value: f64) {
        if !self.known.insert(column) {
            return;
        }
        let mut sum = 0.0;
        for &(item, count) in &columns.get(column).items {
            let count = f64::from(count);
            self.entries.push((item, count));
            self.row_sums[item as usize] += count;
            sum += count;
        }
        self.ends.push(self.entries.len());
        self.columns.push(column);
        self.values.push(value);
        self.costs.push(cost);
        self.sums.push(sum);
    }

    /// The program of what is left to demand. `left` says what is left of a column that is used and no longer fits;
    /// others like it are dropped.
    pub(crate) fn of_rest(
        &self,
        demand: &[u64],
        columns: &mut Columns,
        mut left: impl FnMut(&mut Columns, u32) -> Option<u32>,
    ) -> Self {
        let mut rest = Self { duals: self.duals.clone(), ..Self::new(demand, 1) };
        rest.unit = self.unit;
        for (at, &column) in self.columns.iter().enumerate() {
            let fits = |&(item, count): &(u32, u32)| demand[item as usize] >= u64::from(count);
            let column = if columns.get(column).items.iter().all(fits) {
                Some(column)
            } else if self.values[at] > USED {
                left(columns, column)
            } else {
                None
            };
            if let Some(column) = column {
                rest.add_with_value(columns, column, self.costs[at], self.values[at]);
            }
        }
        rest
    }

    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// What the demand is worth: about what covering it costs.
    pub(crate) fn value(&self) -> f64 {
        let worth: f64 =
            self.duals.iter().zip(&self.demand).map(|(dual, demand)| dual * demand).sum();
        worth * self.unit
    }

    /// The columns that are used, with their values.
    pub(crate) fn used(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        let all = self.columns.iter().copied().zip(self.values.iter().copied());
        all.filter(|&(_, value)| value > USED)
    }

    /// The solution in the form of an exact one. Hosts of `types` types are not scarce.
    pub(crate) fn relaxed(&self, types: usize) -> Relaxed {
        Relaxed {
            value: self.value(),
            columns: self.used().collect(),
            duals: self.duals.iter().map(|dual| dual * self.unit).collect(),
            prices: vec![0.0; types],
            ..Relaxed::default()
        }
    }

    /// Takes so many steps and goes to the average of where they led. Returns how many entries were looked at.
    pub(crate) fn run(&mut self, steps: u32) -> u64 {
        let [of_values, of_duals] = &mut self.points;
        of_values.clear();
        of_values.resize(self.values.len(), 0.0);
        of_duals.clear();
        of_duals.resize(self.duals.len(), 0.0);
        for _ in 0..steps {
            self.covered.fill(0.0);
            let mut from = 0;
            for (p, &end) in self.ends.iter().enumerate() {
                let entries = &self.entries[from..end];
                from = end;
                let worth: f64 =
                    entries.iter().map(|&(row, count)| count * self.duals[row as usize]).sum();
                let before = self.values[p];
                let step = (worth - self.costs[p]) / (BALANCE * self.sums[p]);
                let after = (before + step).max(0.0);
                self.values[p] = after;
                of_values[p] += after;
                let ahead = 2.0 * after - before;
                if ahead != 0.0 {
                    for &(row, count) in entries {
                        self.covered[row as usize] += count * ahead;
                    }
                }
            }
            for (row, sum) in of_duals.iter_mut().enumerate() {
                let lacking = self.demand[row] - self.covered[row];
                let step = lacking * BALANCE / self.row_sums[row].max(1.0);
                self.duals[row] = (self.duals[row] + step).max(0.0);
                *sum += self.duals[row];
            }
        }
        let share = 1.0 / f64::from(steps.max(1));
        let average = |at: &mut Vec<f64>, sums: &[f64]| {
            at.iter_mut().zip(sums).for_each(|(at, sum)| *at = sum * share);
        };
        average(&mut self.values, of_values);
        average(&mut self.duals, of_duals);
        u64::from(steps) * self.entries.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use vmpack_model::packing::Instance;

    use super::*;
    use crate::columns::Column;
    use crate::residual::Items;

    /// Three items of which every two fit a host: half a host of each pair, and half a host per item.
    #[test]
    fn the_relaxation_of_pairs_is_found() {
        let items = [(vec![4], 1), (vec![5], 1), (vec![3], 1)];
        let instance = Instance::identical_hosts("pairs", &[9], &items).expect("valid");
        let items = Items::new(&instance);
        let mut columns = Columns::default();
        let mut program = FirstOrder::new(&[1, 1, 1], 7);
        for single in 0..3 {
            let column = columns.insert(Column::new(&items, 0, vec![(single, 1)]));
            program.add_placed(&columns, column, 7);
        }
        for pair in [(0, 1), (0, 2), (1, 2)] {
            let pair = Column::new(&items, 0, vec![(pair.0, 1), (pair.1, 1)]);
            let column = columns.insert(pair);
            program.add(&columns, column, 7);
            program.add(&columns, column, 7);
        }
        assert_eq!(program.len(), 6, "each column once");
        for _ in 0..20 {
            program.run(100);
        }
        let relaxed = program.relaxed(1);
        assert!((relaxed.value - 10.5).abs() < 0.01, "{relaxed:?}");
        assert!(relaxed.duals.iter().all(|dual| (dual - 3.5).abs() < 0.01), "{relaxed:?}");
        assert!(relaxed.columns.iter().all(|&(column, x)| column > 2 && (x - 0.5).abs() < 0.01));

        // The first item is gone: half of two pairs is left, and the third pair will do.
        let left = |columns: &mut Columns, column: u32| {
            let rest = columns.get(column).items.iter().copied().filter(|&(item, _)| item > 0);
            Some(columns.insert(Column::new(&items, 0, rest.collect())))
        };
        let mut rest = program.of_rest(&[0, 1, 1], &mut columns, left);
        assert_eq!(rest.len(), 3);
        for _ in 0..20 {
            rest.run(100);
        }
        assert!((rest.value() - 7.0).abs() < 0.01, "{}", rest.value());
    }
}
