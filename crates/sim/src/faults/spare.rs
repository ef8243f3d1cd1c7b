//! Room kept free in a running cluster, so that hosts may fail.

use std::cell::RefCell;
use std::rc::Rc;

use super::reserve::{Reserve, Scope};
use crate::operation::{Event, Guard, Hosts, Observer, Phase, State, What};

/// Admits new VMs only where all VMs of hosts that may fail still fit elsewhere. VMs that are moved or started anew are
/// admitted everywhere: they have a right to a host.
///
/// It must be told of events as well, to know which hosts are suspected, whose room does not count, and what is reserved
/// anew. Clones share what they know: one of them is the guard, another the observer.
#[derive(Clone, Debug)]
pub struct Spare(Rc<RefCell<Reserve>>);

impl Spare {
    /// Room for failures of that scope.
    ///
    /// # Errors
    /// As [`Reserve::new`].
    pub fn new(hosts: &Hosts, scope: Scope) -> Result<Self, String> {
        Ok(Self(Rc::new(RefCell::new(empty(hosts, scope)?))))
    }
}

/// A reserve without VMs.
pub(super) fn empty(hosts: &Hosts, scope: Scope) -> Result<Reserve, String> {
    let capacity = hosts.all().iter().map(|host| host.capacity).collect();
    let racks: Vec<u32> = hosts.all().iter().map(|host| host.rack).collect();
    Reserve::new(capacity, &racks, hosts.resources(), scope)
}

impl Guard for Spare {
    fn admits(&self, vm: usize, host: usize, state: &State<'_>) -> bool {
        let now = state.vm(vm);
        now.phase != Phase::Waiting || self.0.borrow_mut().admits(&now.allotment.reserved, host)
    }

    fn placed(&mut self, vm: usize, host: usize, state: &State<'_>) {
        self.0.borrow_mut().place(vm, &state.vm(vm).allotment.reserved, host);
    }

    fn left(&mut self, vm: usize, host: usize, _: &State<'_>) {
        self.0.borrow_mut().leave(vm, host);
    }
}

impl Observer for Spare {
    fn event(&mut self, event: &Event, state: &State<'_>) {
        match event.what {
            What::Allotted { vm } => {
                let now = state.vm(vm);
                if let Some(host) = now.phase.host() {
                    let mut reserve = self.0.borrow_mut();
                    reserve.leave(vm, host);
                    reserve.place(vm, &now.allotment.reserved, host);
                }
            }
            What::Suspected { host } => self.0.borrow_mut().close(host),
            What::Trusted { host } => self.0.borrow_mut().open(host),
            _ => {}
        }
    }
}
