//! VMs on hosts over time.

use std::collections::{BTreeMap, VecDeque};

use super::{Deed, Fault, Step, ensure};

/// Rows of equal length: what each VM takes, or each host has, of every resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    width: usize,
    values: Vec<u64>,
}

impl Matrix {
    /// No rows, of so many values each.
    pub fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it has another length.
    pub fn push(&mut self, row: &[u64]) {
        assert_eq!(row.len(), self.width, "rows are equally long");
        self.values.extend_from_slice(row);
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of values in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A row.
    pub fn row(&self, index: usize) -> &[u64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}

/// Where a VM is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    On(usize),
    Between(usize, usize),
    Gone,
}

/// Follows a log, and refuses a step that cannot be.
#[derive(Clone, Debug)]
pub struct Audit<'a> {
    hosts: &'a Matrix,
    /// VMs x resources: what each takes now.
    demands: Vec<u64>,
    /// Whether hosts that are overfull and VMs that move twice at once are faults, or counted.
    strict: bool,
    used: Vec<u64>,
    guests: Vec<u32>,
    since: Vec<u64>,
    on_time: Vec<u64>,
    places: Vec<Place>,
    /// Where VMs go on to that began another move while they moved.
    further: BTreeMap<usize, VecDeque<usize>>,
    now: u64,
    on: u64,
    peak: u64,
    inside: u64,
    moves: u64,
    overfull: u64,
    twice: u64,
}

/// What a log comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Ticks that each host had VMs.
    pub on_time: Vec<u64>,
    /// The most hosts that had VMs at once.
    pub peak: u64,
    /// VMs that are there at the end.
    pub inside: u64,
    /// Moves that were begun.
    pub moves: u64,
    /// Steps after which a host held more than it has; 0 unless that was let pass.
    pub overfull: u64,
    /// Moves of VMs that were moving already; 0 unless that was let pass.
    pub twice: u64,
}

impl<'a> Audit<'a> {
    /// Empty hosts, at time 0, and VMs that are nowhere yet.
    ///
    /// # Panics
    /// If hosts and VMs speak of different resources.
    pub fn new(hosts: &'a Matrix, vms: &Matrix) -> Self {
        assert_eq!(hosts.width(), vms.width(), "the same resources");
        Self {
            hosts,
            demands: vms.values.clone(),
            strict: true,
            used: vec![0; hosts.len() * hosts.width()],
            guests: vec![0; hosts.len()],
            since: vec![0; hosts.len()],
            on_time: vec![0; hosts.len()],
            places: vec![Place::Nowhere; vms.len()],
            further: BTreeMap::new(),
            now: 0,
            on: 0,
            peak: 0,
            inside: 0,
            moves: 0,
            overfull: 0,
            twice: 0,
        }
    }

    /// Counts hosts that are overfull and moves of VMs that move already, instead of refusing them.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Takes a step.
    ///
    /// # Errors
    /// If it goes back in time, concerns no VM or no host, takes a VM from where it is not, or has a host hold more than
    /// it has.
    pub fn step(&mut self, step: &Step) -> Result<(), Fault> {
        let &Step { time, vm, what } = step;
        ensure(time >= self.now, || {
            format!("VM {vm}: time goes back from {} to {time}", self.now)
        })?;
        self.now = time;
        let Some(&place) = usize::try_from(vm).ok().and_then(|vm| self.places.get(vm)) else {
            return Err(Fault(format!("there is no VM {vm}")));
        };
        let index = vm as usize;
        let host = |host: u64| {
            let known = usize::try_from(host).ok().filter(|&host| host < self.hosts.len());
            known.ok_or_else(|| Fault(format!("VM {vm} is put on host {host}, which there is not")))
        };
        self.places[index] = match (what, place) {
            (Deed::Placed(to), Place::Nowhere) => {
                let to = host(to)?;
                self.enter(index, to)?;
                self.inside += 1;
                Place::On(to)
            }
            (Deed::Moves(to), Place::On(from)) => {
                let to = host(to)?;
                ensure(to != from, || format!("VM {vm} moves to host {to}, where it is"))?;
                self.enter(index, to)?;
                self.moves += 1;
                Place::Between(from, to)
            }
            (Deed::Moves(further), Place::Between(..)) if !self.strict => {
                let further = host(further)?;
                self.enter(index, further)?;
                self.moves += 1;
                self.twice += 1;
                self.further.entry(index).or_default().push_back(further);
                place
            }
            (Deed::Moved, Place::Between(from, to)) => {
                self.leave(index, from);
                let further = self.further.get_mut(&index).and_then(VecDeque::pop_front);
                further.map_or(Place::On(to), |further| Place::Between(to, further))
            }
            (Deed::Down | Deed::Returns, Place::On(_)) => place,
            (Deed::Restarts(to), Place::On(from)) => {
                let to = host(to)?;
                self.leave(index, from);
                self.enter(index, to)?;
                Place::On(to)
            }
            (Deed::Reserves(cpu, memory), Place::Nowhere) => {
                self.resize(index, [cpu, memory])?;
                Place::Nowhere
            }
            (Deed::Reserves(cpu, memory), Place::On(host)) => {
                self.leave(index, host);
                self.resize(index, [cpu, memory])?;
                self.enter(index, host)?;
                Place::On(host)
            }
            (Deed::Stays, Place::Between(from, to)) => {
                self.leave(index, to);
                Place::On(from)
            }
            (Deed::Left, Place::On(from)) => {
                self.leave(index, from);
                self.inside -= 1;
                Place::Gone
            }
            _ => return Err(Fault(format!("VM {vm}: {what:?} at {time}, where it is {place:?}"))),
        };
        Ok(())
    }

    fn resize(&mut self, vm: usize, demand: [u64; 2]) -> Result<(), Fault> {
        let width = self.hosts.width();
        ensure(width == demand.len(), || format!("VM {vm} reserves 2 of {width} resources"))?;
        self.demands[vm * width..(vm + 1) * width].copy_from_slice(&demand);
        Ok(())
    }

    fn enter(&mut self, vm: usize, host: usize) -> Result<(), Fault> {
        let width = self.hosts.width();
        let (demand, capacity) =
            (&self.demands[vm * width..(vm + 1) * width], self.hosts.row(host));
        let used = &mut self.used[host * width..(host + 1) * width];
        let mut fits = true;
        for ((used, demand), capacity) in used.iter_mut().zip(demand).zip(capacity) {
            *used = used.saturating_add(*demand);
            fits &= *used <= *capacity;
        }
        if !fits {
            ensure(!self.strict, || {
                let used = &self.used[host * width..(host + 1) * width];
                format!("host {host} holds {used:?} of {capacity:?} with VM {vm} at {}", self.now)
            })?;
            self.overfull += 1;
        }
        if self.guests[host] == 0 {
            self.since[host] = self.now;
            self.on += 1;
            self.peak = self.peak.max(self.on);
        }
        self.guests[host] += 1;
        Ok(())
    }

    fn leave(&mut self, vm: usize, host: usize) {
        let width = self.hosts.width();
        let used = &mut self.used[host * width..(host + 1) * width];
        let demand = &self.demands[vm * width..(vm + 1) * width];
        used.iter_mut().zip(demand).for_each(|(used, demand)| *used -= demand);
        self.guests[host] -= 1;
        if self.guests[host] == 0 {
            self.on_time[host] += self.now - self.since[host];
            self.on -= 1;
        }
    }

    /// The log is over, and time goes on to `end`.
    ///
    /// # Errors
    /// If that is before the last step.
    pub fn finish(mut self, end: u64) -> Result<Totals, Fault> {
        ensure(end >= self.now, || format!("the log goes on to {} after the end {end}", self.now))?;
        for (host, &guests) in self.guests.iter().enumerate() {
            if guests > 0 {
                self.on_time[host] += end - self.since[host];
            }
        }
        let Self { on_time, peak, inside, moves, overfull, twice, .. } = self;
        Ok(Totals { on_time, peak, inside, moves, overfull, twice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hosts of 10, VMs of 6, 4 and 5.
    fn follow(steps: &[(u64, u64, Deed)], lenient: bool) -> Result<Totals, String> {
        let (mut hosts, mut vms) = (Matrix::new(1), Matrix::new(1));
        for host in [10, 10] {
            hosts.push(&[host]);
        }
        for vm in [6, 4, 5] {
            vms.push(&[vm]);
        }
        let mut audit = Audit::new(&hosts, &vms);
        if lenient {
            audit = audit.lenient();
        }
        for &step in steps {
            audit.step(&step.into()).map_err(|fault| fault.0)?;
        }
        audit.finish(100).map_err(|fault| fault.0)
    }

    #[test]
    fn times_and_moves_are_counted() {
        let totals = follow(
            &[
                (0, 0, Deed::Placed(0)),
                (0, 1, Deed::Placed(0)),
                (10, 1, Deed::Moves(1)),
                (12, 1, Deed::Moved),
                (20, 0, Deed::Left),
                (30, 2, Deed::Placed(1)),
            ],
            false,
        )
        .expect("all steps can be");
        assert_eq!(totals.on_time, [20, 90]);
        assert_eq!((totals.peak, totals.inside, totals.moves), (2, 2, 1));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        use Deed::{Left, Moved, Moves, Placed};
        let refused = |steps: &[(u64, u64, Deed)], why: &str| {
            let said = follow(steps, false).expect_err(why);
            assert!(said.contains(why), "{said}");
        };
        let placed = (0, 0, Placed(0));
        refused(&[placed, (0, 2, Placed(0))], "host 0 holds [11] of [10]");
        refused(&[placed, (1, 2, Placed(1)), (2, 2, Moves(0))], "host 0 holds [11] of [10]");
        refused(&[placed, (1, 0, Placed(1))], "Placed(1) at 1, where it is On(0)");
        refused(&[(3, 0, Placed(0)), (2, 0, Left)], "time goes back");
        refused(&[placed, (1, 0, Left), (2, 0, Left)], "where it is Gone");
        refused(&[placed, (1, 0, Moved)], "where it is On(0)");
        refused(&[placed, (1, 0, Moves(0))], "where it is");
        refused(&[placed, (1, 0, Moves(1)), (1, 0, Moves(1))], "where it is Between(0, 1)");
        refused(&[(0, 3, Placed(0))], "there is no VM 3");
        refused(&[(0, 0, Placed(2))], "host 2, which there is not");
        refused(&[(101, 0, Placed(0))], "after the end 100");
    }

    #[test]
    fn a_lenient_audit_counts() {
        use Deed::{Moved, Moves, Placed};
        let steps = [
            (0, 0, Placed(0)),
            (0, 2, Placed(0)),
            (1, 2, Moves(1)),
            (1, 2, Moves(0)),
            (2, 2, Moved),
            (3, 2, Moved),
        ];
        let totals = follow(&steps, true).expect("let pass");
        assert_eq!((totals.overfull, totals.twice, totals.moves), (2, 1, 2));
        assert_eq!(totals.on_time, [100, 2]);
    }
}
