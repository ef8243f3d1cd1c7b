//! Maximal host patterns.

use vmpack_model::packing::Instance;

/// What a host may hold, such that no further VM fits.
pub(crate) struct MaximalPattern {
    /// Index of the host type.
    pub(crate) host: usize,
    /// Demand rows, grouped by type, with positive counts.
    pub(crate) rows: Vec<(usize, u64)>,
}

/// The maximal patterns of a host type that hold at least one VM of the first of `types`, from the
/// VMs of `types`, or `None` if the search for them takes more than `steps` steps.
///
/// Depth-first over the demand rows: as many copies as fit first, then fewer. The last row takes
/// what fits, since a pattern with less of it is not maximal.
pub(crate) fn maximal_patterns(
    instance: &Instance,
    host: usize,
    types: &[usize],
    steps: &mut u64,
) -> Option<Vec<MaximalPattern>> {
    let rows: Vec<usize> = types.iter().flat_map(|&vm| instance.vms()[vm].rows.clone()).collect();
    let mut search = Search {
        instance,
        host,
        must: *types.first()?,
        fits: rows.iter().map(|&row| instance.fits(row, host)).collect(),
        rows,
        remaining: instance.vms().iter().map(|vm| vm.count).collect(),
        free: instance.capacity(host).to_vec(),
        taken: Vec::new(),
        found: Vec::new(),
        steps,
    };
    search.descend(0).then_some(search.found)
}

struct Search<'a> {
    instance: &'a Instance,
    host: usize,
    must: usize,
    rows: Vec<usize>,
    /// Per position in `rows`, whether one copy fits an empty host.
    fits: Vec<bool>,
    /// VMs left per type.
    remaining: Vec<u64>,
    free: Vec<u64>,
    taken: Vec<(usize, u64)>,
    found: Vec<MaximalPattern>,
    steps: &'a mut u64,
}

impl Search<'_> {
    /// Whether the search ended within its steps.
    fn descend(&mut self, position: usize) -> bool {
        if *self.steps == 0 {
            return false;
        }
        *self.steps -= 1;
        if position == self.rows.len() {
            self.keep();
            return true;
        }
        let row = self.rows[position];
        let most = if self.fits[position] { self.copies(row) } else { 0 };
        let last = position + 1 == self.rows.len();
        let least = if last { most } else { 0 };
        for copies in (least..=most).rev() {
            self.take(row, copies);
            let within = self.descend(position + 1);
            self.give_back(row, copies);
            if !within {
                return false;
            }
        }
        true
    }

    /// How many copies of a row fit and remain.
    fn copies(&self, row: usize) -> u64 {
        let demand = self.instance.demand(row).iter();
        let fitting = self.free.iter().zip(demand).filter_map(|(free, &x)| free.checked_div(x));
        fitting.fold(self.remaining[self.instance.type_of_row(row)], u64::min)
    }

    fn take(&mut self, row: usize, copies: u64) {
        for (free, demand) in self.free.iter_mut().zip(self.instance.demand(row)) {
            *free -= demand * copies;
        }
        self.remaining[self.instance.type_of_row(row)] -= copies;
        if copies > 0 {
            self.taken.push((row, copies));
        }
    }

    fn give_back(&mut self, row: usize, copies: u64) {
        for (free, demand) in self.free.iter_mut().zip(self.instance.demand(row)) {
            *free += demand * copies;
        }
        self.remaining[self.instance.type_of_row(row)] += copies;
        if copies > 0 {
            self.taken.pop();
        }
    }

    /// Remembers what is taken if it is maximal and holds the type that it must.
    fn keep(&mut self) {
        let has = self.taken.iter().any(|&(row, _)| self.instance.type_of_row(row) == self.must);
        if has && self.rows.iter().all(|&row| self.copies(row) == 0) {
            self.found.push(MaximalPattern { host: self.host, rows: self.taken.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_maximal_patterns_and_no_others() {
        let items = [(vec![5], 2), (vec![3], 2), (vec![2], 9)];
        let instance = Instance::identical_hosts("tiny", &[10], &items).expect("valid");
        let rows = |types: &[usize]| -> Vec<Vec<(usize, u64)>> {
            let patterns = maximal_patterns(&instance, 0, types, &mut 1000).expect("few");
            patterns.into_iter().map(|pattern| pattern.rows).collect()
        };
        let of_five = [vec![(0, 2)], vec![(0, 1), (1, 1), (2, 1)], vec![(0, 1), (2, 2)]];
        assert_eq!(rows(&[0, 1, 2]), of_five);
        assert_eq!(rows(&[1, 2]), [vec![(1, 2), (2, 2)], vec![(1, 1), (2, 3)]]);
        assert_eq!(rows(&[2]), [vec![(2, 5)]]);
        assert!(maximal_patterns(&instance, 0, &[0, 1, 2], &mut 5).is_none(), "out of steps");
    }
}
