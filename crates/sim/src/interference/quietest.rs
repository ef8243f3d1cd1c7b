//! Placement that knows who slows down whom.

use std::collections::BTreeSet;

use super::Matrix;
use super::crowd::Crowd;
use crate::arrivals::Vm as Asking;
use crate::operation::{Placer, State, Time, Vm};

/// Places a VM where what it suffers and makes others suffer adds up to least, among hosts that are on and have room; the
/// lowest of those alike. Another host is switched on only if none takes the VM, be it for room or for a
/// [`Limit`](super::Limit). Linear in hosts that are on times classes.
#[derive(Clone, Debug)]
pub struct Quietest<'a> {
    vms: &'a [Vm],
    crowd: Crowd<'a>,
    open: BTreeSet<usize>,
}

impl<'a> Quietest<'a> {
    /// For so many hosts and these VMs, each with an `expected` load in thousandths of what it asks for.
    ///
    /// # Panics
    /// If no load is expected.
    pub fn new(matrix: &'a Matrix, hosts: usize, vms: &'a [Vm], expected: u64) -> Self {
        Self { vms, crowd: Crowd::new(matrix, hosts, expected), open: BTreeSet::new() }
    }

    fn class(&self, asking: &Asking) -> usize {
        self.vms[asking.id as usize].class as usize
    }
}

impl Placer for Quietest<'_> {
    fn find(
        &mut self,
        asking: &Asking,
        state: &State<'_>,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        let class = self.class(asking);
        let mut best = None;
        for &host in self.open.iter().filter(|&&host| state.has_room(host, &asking.demand)) {
            let added = self.crowd.added_by(host, class);
            if best.is_none_or(|(least, _)| added < least) && admit(host) {
                best = Some((added, host));
            }
        }
        best.map(|(_, host)| host)
    }

    fn open(&mut self, host: usize) {
        self.open.insert(host);
    }

    fn close(&mut self, host: usize) {
        self.open.remove(&host);
    }

    fn reserve(&mut self, host: usize, asking: &Asking) {
        self.crowd.join(host, self.class(asking));
    }

    fn release(&mut self, _now: Time, host: usize, asking: &Asking) {
        self.crowd.leave(host, self.class(asking));
    }
}
