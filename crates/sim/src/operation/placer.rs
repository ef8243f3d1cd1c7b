//! Where VMs go that ask for a host.

use super::{State, Time};
use crate::arrivals::{Policy, Vm as Asking};

/// A placement rule, with all it knows of the hosts that take VMs.
pub trait Placer {
    /// The host of those that are on that a VM goes to, if one is admitted; `asking` demands what is to be reserved, and
    /// its number is that of the VM. A rule that [wakes](Placer::wakes) hosts may name one that is off.
    fn find(
        &mut self,
        asking: &Asking,
        state: &State<'_>,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize>;

    /// Whether it names hosts that are off, to be switched on. If not, the lowest that has room and is admitted is
    /// switched on where none that is on takes a VM.
    fn wakes(&self) -> bool {
        false
    }

    /// A host takes VMs from now on.
    fn open(&mut self, host: usize);

    /// A host takes no VMs from now on; what it has stays.
    fn close(&mut self, host: usize);

    /// Something is set aside on a host.
    fn reserve(&mut self, host: usize, asking: &Asking);

    /// Something is given back.
    fn release(&mut self, now: Time, host: usize, asking: &Asking);
}

/// A policy of replays of arrivals as a placement rule.
pub struct ByPolicy(pub Box<dyn Policy>);

impl std::fmt::Debug for ByPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByPolicy")
    }
}

impl Placer for ByPolicy {
    fn find(
        &mut self,
        asking: &Asking,
        _: &State<'_>,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        self.0.find(asking, admit)
    }

    fn open(&mut self, host: usize) {
        self.0.switch_on(host);
    }

    fn close(&mut self, host: usize) {
        self.0.switch_off(host);
    }

    fn reserve(&mut self, host: usize, asking: &Asking) {
        self.0.place(host, asking);
    }

    fn release(&mut self, now: Time, host: usize, asking: &Asking) {
        self.0.remove(now, host, asking);
    }
}
