//! The working state of a cluster: single hosts, what each has free, and an index that answers one placement
//! rule exactly as a scan of all hosts would.
//!
//! A [`Cluster`] takes VMs on and off hosts, opens and closes hosts, and asks its [`Index`] where a VM goes:
//! [`FirstFit`] by the order of hosts, [`LeastCost`] (best fit, worst fit) by a [`Measure`] of what is free,
//! [`GreatestScore`] (dot product) by a score of demand and free capacities. Rules beyond capacity are a
//! predicate that a query is given and asks of hosts that the VM fits; a [`RuleState`] is the placement rules of
//! an instance as such a predicate. Memory is linear in hosts, and no query allocates.

mod curve;
mod index;
mod measure;
mod rules;
mod tree;

pub use index::{FirstFit, GreatestScore, Index, LeastCost};
pub use measure::{Measure, Scale};
pub use rules::{Change, RuleState};

/// Whether every entry of `free` is at least that of `demand`.
pub fn covers(free: &[u64], demand: &[u64]) -> bool {
    free.iter().zip(demand).all(|(free, demand)| free >= demand)
}

/// Hosts by number, what each has free, and an index of those that are open.
///
/// # Examples
/// ```
/// use vmpack_cluster::{Cluster, FirstFit};
///
/// let mut cluster = Cluster::new(2, FirstFit::new(&[8, 32]));
/// let (small, large) = (cluster.add(&[4, 16]), cluster.add(&[8, 32]));
/// assert_eq!(cluster.find(&[4, 8]), Some(small));
/// cluster.place(small, &[4, 8], 1);
/// assert_eq!(cluster.find(&[1, 8]), Some(large), "no core is left on the small host");
/// assert_eq!(cluster.find_admitted(&[1, 8], |host| host != large), None);
/// cluster.take_off(small, &[4, 8], 1);
/// assert_eq!(cluster.free(small), [4, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct Cluster<I> {
    dimensions: usize,
    /// Hosts x resources.
    free: Vec<u64>,
    open: Vec<bool>,
    /// A bit for each mark that a host carries.
    marks: Vec<u64>,
    /// The hosts that are open and cover `least`.
    index: I,
    /// What every VM demands at least.
    least: Vec<u64>,
    /// What a host had free before a change.
    before: Vec<u64>,
}

impl<I: Index> Cluster<I> {
    /// No hosts, with so many resources; the index must be new.
    pub fn new(dimensions: usize, index: I) -> Self {
        let (least, before) = (vec![0; dimensions], vec![0; dimensions]);
        Self {
            dimensions,
            free: Vec::new(),
            open: Vec::new(),
            marks: Vec::new(),
            index,
            least,
            before,
        }
    }

    /// Promises that no VM asked for demands less of any resource: hosts that have less free are full, and kept out
    /// of the index until VMs leave them. Only for a cluster that has no hosts yet.
    ///
    /// # Panics
    /// If there are hosts, or `least` has not one entry per resource.
    #[must_use]
    pub fn with_least(mut self, least: &[u64]) -> Self {
        assert!(self.is_empty(), "before the first host");
        assert_eq!(least.len(), self.dimensions, "one entry per resource");
        self.least.copy_from_slice(least);
        self
    }

    /// The number of hosts, closed ones included.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are no hosts.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Adds an open host with so much free; its number, which follows that of the host before.
    ///
    /// # Panics
    /// If `free` has not one entry per resource.
    pub fn add(&mut self, free: &[u64]) -> usize {
        assert_eq!(free.len(), self.dimensions, "one entry per resource");
        let host = self.len();
        self.free.extend_from_slice(free);
        self.open.push(true);
        self.marks.push(0);
        self.show(host);
        host
    }

    /// What a host has free, be it open or closed.
    pub fn free(&self, host: usize) -> &[u64] {
        &self.free[host * self.dimensions..(host + 1) * self.dimensions]
    }

    /// Whether queries may name the host.
    pub fn is_open(&self, host: usize) -> bool {
        self.open[host]
    }

    /// Hides a host from queries (full, failed, in maintenance, asleep). Its VMs stay, more may come and go.
    pub fn close(&mut self, host: usize) {
        if std::mem::replace(&mut self.open[host], false) {
            let free = &self.free[host * self.dimensions..(host + 1) * self.dimensions];
            if covers(free, &self.least) {
                self.index.remove(host, free, self.marks[host]);
            }
        }
    }

    /// Shows a closed host to queries again.
    pub fn open(&mut self, host: usize) {
        if !std::mem::replace(&mut self.open[host], true) {
            self.show(host);
        }
    }

    /// The marks that a host carries, as bits.
    pub fn marks(&self, host: usize) -> u64 {
        self.marks[host]
    }

    /// Gives a host these marks and no others, be it open or closed. What a mark means is the caller's affair; see
    /// [`Cluster::find_unmarked`].
    pub fn mark(&mut self, host: usize, marks: u64) {
        if std::mem::replace(&mut self.marks[host], marks) != marks && self.open[host] {
            let free = &self.free[host * self.dimensions..(host + 1) * self.dimensions];
            if covers(free, &self.least) {
                self.index.mark(host, free, marks);
            }
        }
    }

    /// Puts so many VMs of equal demand on a host.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn place(&mut self, host: usize, demand: &[u64], vms: u64) {
        self.change(host, demand, |free, demand| {
            demand.checked_mul(vms).and_then(|load| free.checked_sub(load)).expect("the VMs fit")
        });
    }

    /// Takes so many VMs of equal demand off a host.
    ///
    /// # Panics
    /// If the free capacity leaves 64 bits, which it cannot if they were on the host.
    pub fn take_off(&mut self, host: usize, demand: &[u64], vms: u64) {
        self.change(host, demand, |free, demand| {
            let load = demand.checked_mul(vms).and_then(|load| free.checked_add(load));
            load.expect("the VMs were on the host")
        });
    }

    /// The host that the rule of the index prefers, of those open ones that cover the demand.
    pub fn find(&self, demand: &[u64]) -> Option<usize> {
        self.find_admitted(demand, |_| true)
    }

    /// The host that the rule of the index prefers, of those open ones that cover the demand and are admitted.
    pub fn find_admitted(&self, demand: &[u64], admit: impl FnMut(usize) -> bool) -> Option<usize> {
        self.find_unmarked(demand, 0, admit)
    }

    /// As [`Cluster::find_admitted`], of hosts that carry no mark of `avoid`. It costs next to nothing to pass by any
    /// number of hosts that carry the same mark.
    pub fn find_unmarked(
        &self,
        demand: &[u64],
        avoid: u64,
        mut admit: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        debug_assert!(covers(demand, &self.least), "no VM demands less than was promised");
        self.index.find(demand, avoid, &mut admit)
    }

    /// Puts an open host into the index unless it is full.
    fn show(&mut self, host: usize) {
        let free = &self.free[host * self.dimensions..(host + 1) * self.dimensions];
        if covers(free, &self.least) {
            self.index.insert(host, free, self.marks[host]);
        }
    }

    fn change(&mut self, host: usize, demand: &[u64], of: impl Fn(u64, u64) -> u64) {
        let free = &mut self.free[host * self.dimensions..(host + 1) * self.dimensions];
        self.before.copy_from_slice(free);
        free.iter_mut().zip(demand).for_each(|(free, &demand)| *free = of(*free, demand));
        if self.open[host] {
            let marks = self.marks[host];
            match (covers(&self.before, &self.least), covers(free, &self.least)) {
                (true, true) => self.index.update(host, &self.before, free, marks),
                (true, false) => self.index.remove(host, &self.before, marks),
                (false, true) => self.index.insert(host, free, marks),
                (false, false) => {}
            }
        }
    }
}
