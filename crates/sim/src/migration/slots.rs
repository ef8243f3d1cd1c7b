//! How many migrations are under way at once, and which of those that wait starts next.

use std::collections::{BTreeMap, BTreeSet};

/// How many migrations may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// That a host sends or receives; at least 1.
    pub per_host: usize,
    /// In the cluster; at least 1.
    pub in_all: usize,
}

impl Limits {
    /// As many as are asked for.
    pub const NONE: Self = Self { per_host: usize::MAX, in_all: usize::MAX };
}

impl Default for Limits {
    /// Two per host, any number in all.
    fn default() -> Self {
        Self { per_host: 2, in_all: usize::MAX }
    }
}

/// Migrations by ticket. One starts when its hosts and the cluster have a slot for it and no earlier one waits for
/// either host, so that none is passed by one that shares a host with it, and those on other hosts need not wait.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    limits: Limits,
    busy: Vec<usize>,
    under_way: usize,
    /// Tickets that wait for each host.
    queues: Vec<BTreeSet<u64>>,
    /// The hosts of those that wait.
    waiting: BTreeMap<u64, (usize, usize)>,
    /// Those that wait only for a slot in all, if at all.
    ready: BTreeSet<u64>,
}

impl Slots {
    pub(super) fn new(hosts: usize, limits: Limits) -> Self {
        Self {
            limits: Limits { per_host: limits.per_host.max(1), in_all: limits.in_all.max(1) },
            busy: vec![0; hosts],
            under_way: 0,
            queues: vec![BTreeSet::new(); hosts],
            waiting: BTreeMap::new(),
            ready: BTreeSet::new(),
        }
    }

    /// Queues a migration; tickets grow.
    pub(super) fn queue(&mut self, ticket: u64, from: usize, to: usize) {
        self.waiting.insert(ticket, (from, to));
        for host in [from, to] {
            self.queues[host].insert(ticket);
        }
        self.look(from);
    }

    /// The next migration that starts now.
    pub(super) fn start(&mut self) -> Option<u64> {
        if self.under_way >= self.limits.in_all {
            return None;
        }
        let ticket = self.ready.pop_first()?;
        let (from, to) = self.waiting[&ticket];
        self.under_way += 1;
        for host in [from, to] {
            self.busy[host] += 1;
        }
        // What else is ready shares no host with this one: each is the first of its hosts' queues.
        self.forget(ticket);
        Some(ticket)
    }

    /// A migration that was under way is over.
    pub(super) fn end(&mut self, from: usize, to: usize) {
        self.under_way -= 1;
        for host in [from, to] {
            self.busy[host] -= 1;
        }
        self.look(from);
        self.look(to);
    }

    /// A migration no longer waits.
    pub(super) fn forget(&mut self, ticket: u64) {
        self.ready.remove(&ticket);
        if let Some((from, to)) = self.waiting.remove(&ticket) {
            for host in [from, to] {
                self.queues[host].remove(&ticket);
            }
            self.look(from);
            self.look(to);
        }
    }

    /// Whether the first in the queue of a host is ready.
    fn look(&mut self, host: usize) {
        if let Some(&ticket) = self.queues[host].first() {
            let (from, to) = self.waiting[&ticket];
            let free = |host: usize| {
                self.busy[host] < self.limits.per_host && self.queues[host].first() == Some(&ticket)
            };
            if free(from) && free(to) {
                self.ready.insert(ticket);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(slots: &mut Slots) -> Vec<u64> {
        std::iter::from_fn(|| slots.start()).collect()
    }

    #[test]
    fn none_passes_one_that_shares_a_host_with_it() {
        let mut slots = Slots::new(6, Limits { per_host: 1, in_all: 9 });
        slots.queue(0, 0, 1);
        slots.queue(1, 1, 2);
        slots.queue(2, 2, 3);
        slots.queue(3, 4, 5);
        assert_eq!(started(&mut slots), [0, 3], "2 would keep 1 from host 2");
        slots.end(0, 1);
        assert_eq!(started(&mut slots), [1]);
        slots.end(1, 2);
        assert_eq!(started(&mut slots), [2]);
    }

    #[test]
    fn the_limit_in_all_is_kept_and_a_cancelled_one_makes_way() {
        let mut slots = Slots::new(8, Limits { per_host: 2, in_all: 2 });
        for ticket in 0..4 {
            slots.queue(ticket, 2 * ticket as usize, 2 * ticket as usize + 1);
        }
        assert_eq!(started(&mut slots), [0, 1]);
        slots.forget(2);
        slots.end(0, 1);
        assert_eq!(started(&mut slots), [3]);
    }
}
