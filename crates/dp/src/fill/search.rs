//! A good fill, by a bounded search in lexicographic order.

use ndarray::Array2;
use vmpack_model::packing::Instance;

use super::Contents;
use crate::worth::Worth;

/// How many demand rows one fill may look at beyond its first candidate. At a few nanoseconds per
/// resource each, a fill takes a millisecond or two.
const ROWS: u64 = 200_000;

/// The minimum bin slack search of Gupta and Ho (1999) for any number of resources: candidates in
/// lexicographic order, as many copies as fit of the largest VM first, with two prunings: by the
/// worth that the capacity left and the VMs left allow, and by the smallest demands left. It ends
/// with the best candidate so far after [`ROWS`] rows.
///
/// The first candidate holds the largest VMs that fit, one after the other.
pub(super) struct Search<'a> {
    instance: &'a Instance,
    /// Demand rows by falling worth; positions below are positions in it.
    order: Vec<usize>,
    worth_of_row: Vec<u128>,
    per_unit: Vec<u64>,
    /// The smallest demand per resource from a position on.
    least: Array2<u64>,
    /// What VMs that remain demand per resource from a position on, at most.
    demanded: Array2<u64>,
    remaining: Vec<u64>,
    free: Vec<u64>,
    /// Positions, rising, and copies taken of each.
    taken: Vec<(usize, u64)>,
    best: Vec<(usize, u64)>,
}

impl<'a> Search<'a> {
    pub(super) fn new(instance: &'a Instance, order: Vec<usize>, worth: &Worth) -> Self {
        let d = instance.dimensions();
        let n = order.len();
        let mut least = Array2::from_elem((n + 1, d), u64::MAX);
        for position in (0..n).rev() {
            for (k, &demand) in instance.demand(order[position]).iter().enumerate() {
                least[[position, k]] = demand.min(least[[position + 1, k]]);
            }
        }
        Self {
            instance,
            worth_of_row: order.iter().map(|&row| worth.of(instance.demand(row))).collect(),
            per_unit: worth.per_unit.clone(),
            order,
            least,
            demanded: Array2::zeros((n + 1, d)),
            remaining: Vec::with_capacity(instance.vms().len()),
            free: Vec::with_capacity(d),
            taken: Vec::new(),
            best: Vec::new(),
        }
    }

    pub(super) fn fill(
        &mut self,
        host: usize,
        seed: usize,
        remaining: &[u64],
        first_only: bool,
    ) -> Contents {
        self.remaining.clear();
        self.remaining.extend_from_slice(remaining);
        self.remaining[self.instance.type_of_row(seed)] -= 1;
        let capacity = self.instance.capacity(host).iter();
        let free =
            capacity.zip(self.instance.demand(seed)).map(|(capacity, demand)| capacity - demand);
        self.free.clear();
        self.free.extend(free);
        self.taken.clear();
        self.best.clear();
        self.search(first_only);
        let mut contents: Contents =
            self.best.iter().map(|&(position, copies)| (self.order[position], copies)).collect();
        contents.push((seed, 1));
        contents.sort_unstable();
        if let Some(at) = contents.windows(2).position(|pair| pair[0].0 == pair[1].0) {
            contents[at].1 += contents[at + 1].1;
            contents.remove(at + 1);
        }
        contents
    }

    fn search(&mut self, first_only: bool) {
        let mut rows = 0;
        let mut worth = self.descend(0, &mut rows);
        self.best.clone_from(&self.taken);
        if first_only {
            return;
        }
        self.sum_demands();
        let mut best = worth;
        let start = rows;
        while rows - start < ROWS && self.free.iter().any(|&free| free > 0) {
            let Some((position, copies)) = self.taken.pop() else { return };
            worth -= self.worth_of_row[position];
            self.give_back(position);
            if copies > 1 {
                self.taken.push((position, copies - 1));
            }
            rows += 1;
            if worth + self.hope(position + 1) <= best {
                continue;
            }
            worth += self.descend(position + 1, &mut rows);
            if worth > best {
                best = worth;
                self.best.clone_from(&self.taken);
            }
        }
    }

    /// Takes as many copies as fit of each row from a position on; returns their worth.
    fn descend(&mut self, from: usize, rows: &mut u64) -> u128 {
        let mut worth = 0;
        for position in from..self.order.len() {
            *rows += 1;
            let row = self.order[position];
            let vm = self.instance.type_of_row(row);
            let demand = self.instance.demand(row);
            if self.remaining[vm] == 0 || !fits(demand, &self.free) {
                let least = self.least.row(position);
                if !fits(least.as_slice().expect("rows are contiguous"), &self.free) {
                    break;
                }
                continue;
            }
            let copies = self
                .free
                .iter()
                .zip(demand)
                .filter_map(|(free, &demand)| free.checked_div(demand))
                .fold(self.remaining[vm], u64::min);
            for (free, demand) in self.free.iter_mut().zip(demand) {
                *free -= demand * copies;
            }
            self.remaining[vm] -= copies;
            self.taken.push((position, copies));
            worth += self.worth_of_row[position] * u128::from(copies);
        }
        worth
    }

    fn give_back(&mut self, position: usize) {
        let row = self.order[position];
        self.remaining[self.instance.type_of_row(row)] += 1;
        for (free, demand) in self.free.iter_mut().zip(self.instance.demand(row)) {
            *free += demand;
        }
    }

    /// At most this worth can be added from a position on.
    fn hope(&self, position: usize) -> u128 {
        let demanded = self.demanded.row(position);
        let add =
            |k: usize| u128::from(self.free[k].min(demanded[k])) * u128::from(self.per_unit[k]);
        (0..self.free.len()).map(add).sum()
    }

    /// Sums up what VMs demand that remain before anything but the seed is taken.
    fn sum_demands(&mut self) {
        for &(position, copies) in &self.taken {
            self.remaining[self.instance.type_of_row(self.order[position])] += copies;
        }
        for position in (0..self.order.len()).rev() {
            let row = self.order[position];
            let count = self.remaining[self.instance.type_of_row(row)];
            for (k, demand) in self.instance.demand(row).iter().enumerate() {
                let after = self.demanded[[position + 1, k]];
                self.demanded[[position, k]] = after.saturating_add(demand.saturating_mul(count));
            }
        }
        for &(position, copies) in &self.taken {
            self.remaining[self.instance.type_of_row(self.order[position])] -= copies;
        }
    }
}

fn fits(demand: &[u64], free: &[u64]) -> bool {
    demand.iter().zip(free).all(|(demand, free)| demand <= free)
}
