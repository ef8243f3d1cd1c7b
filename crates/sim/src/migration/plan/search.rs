//! An order of few moves, by search.

use std::collections::HashSet;

use super::Move;
use super::state::State;

/// Moves tried after which a search gives up.
const STEPS: usize = 400_000;
/// The most VMs that are searched: one bit each.
const MOST: usize = 128;

/// Depth-first search over what has moved, with a memory of what was seen.
///
/// A state is the set of VMs that have arrived, and which VM is where on its bypass; loads follow from it. Orders
/// without a bypass are tried first.
pub(super) struct Search<'a, 'b> {
    state: &'a mut State<'b>,
    vms: Vec<usize>,
    /// Where the bypass of each VM may lead: the hosts of the moves, and one of the others, which are all alike to it as
    /// nothing else goes there.
    detours: Vec<Vec<usize>>,
    order: Vec<Move>,
    seen: HashSet<(u128, Option<(usize, usize)>)>,
    steps: usize,
}

/// How far a search has come: a bit for every VM that has arrived, and the bypass that was taken: which VM, to where.
#[derive(Clone, Copy)]
struct Progress {
    arrived: u128,
    bypass: Option<(usize, usize)>,
    may_bypass: bool,
}

impl<'a, 'b> Search<'a, 'b> {
    /// A search for the way of these VMs to where they are to be.
    pub(super) fn new(state: &'a mut State<'b>, vms: Vec<usize>) -> Self {
        let task = *state.task();
        let mut within: Vec<usize> =
            vms.iter().flat_map(|&vm| [state.host(vm), task.to[vm]]).collect();
        within.sort_unstable();
        within.dedup();
        let detours = |&vm: &usize| {
            let others = [state.host(vm), task.to[vm]];
            let inside = within.iter().copied().filter(|host| !others.contains(host));
            let outside = (0..task.capacities.len())
                .filter(|host| within.binary_search(host).is_err())
                .find(|&host| state.admits(vm, host));
            inside.chain(outside).collect()
        };
        let detours = vms.iter().take(MOST).map(detours).collect();
        Self { state, vms, detours, order: Vec::new(), seen: HashSet::new(), steps: 0 }
    }

    /// An order of moves, one after another, with one bypass at most. The state is at its end then, else where it was.
    pub(super) fn run(&mut self) -> Option<Vec<Move>> {
        if self.vms.len() > MOST {
            self.steps = STEPS;
            return None;
        }
        for may_bypass in [false, true] {
            self.seen.clear();
            if self.descend(Progress { arrived: 0, bypass: None, may_bypass }) {
                return Some(std::mem::take(&mut self.order));
            }
        }
        None
    }

    /// Whether a search that found nothing has seen all there is.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps < STEPS
    }

    fn descend(&mut self, progress: Progress) -> bool {
        if progress.arrived.count_ones() as usize == self.vms.len() {
            return true;
        }
        if !self.seen.insert((progress.arrived, progress.bypass)) {
            return false;
        }
        for at in 0..self.vms.len() {
            let to = self.state.task().to[self.vms[at]];
            let here = progress.arrived >> at & 1 == 1;
            let arrived = progress.arrived | 1 << at;
            if !here && self.take(at, to, Progress { arrived, ..progress }) {
                return true;
            }
        }
        if !progress.may_bypass {
            return false;
        }
        for at in (0..self.vms.len()).filter(|at| progress.arrived >> at & 1 == 0) {
            for detour in 0..self.detours[at].len() {
                let to = self.detours[at][detour];
                let bypass = Some((at, to));
                if self.take(at, to, Progress { bypass, may_bypass: false, ..progress }) {
                    return true;
                }
            }
        }
        false
    }

    /// Takes a VM to a host, if that goes, and searches on.
    fn take(&mut self, at: usize, to: usize, progress: Progress) -> bool {
        let vm = self.vms[at];
        let from = self.state.host(vm);
        if self.steps >= STEPS {
            return false;
        }
        self.steps += 1;
        if !self.state.admits(vm, to) {
            return false;
        }
        self.state.shift(vm, to);
        self.order.push(Move { vm, from, to });
        let found = self.descend(progress);
        if !found {
            self.order.pop();
            self.state.shift(vm, from);
        }
        found
    }
}
