//! What a run is made of beside VMs and hosts.

use super::{Action, Event, State, Time};

/// Decides while VMs run.
pub trait Controller {
    /// When it wants to act next, if no event changes its mind; after it acted, later than that.
    fn due(&self) -> Option<Time>;

    /// Something happened that an operator can know of.
    fn notice(&mut self, _event: &Event, _state: &State<'_>) {}

    /// Asks for actions, which are carried out in their order.
    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>);
}

/// Sees everything and changes nothing.
pub trait Observer {
    /// A host has been as it is now from one time until another, which is later.
    fn held(&mut self, _host: usize, _from: Time, _until: Time, _state: &State<'_>) {}

    /// Something happened.
    fn event(&mut self, _event: &Event, _state: &State<'_>) {}

    /// When it wants to look at the state next whatever happens.
    fn due(&self) -> Option<Time> {
        None
    }

    /// It is due: a look at the state when all that happens at this time has happened.
    fn look(&mut self, _state: &State<'_>) {}
}

/// Says whether a VM may go to a host that has room for it.
pub trait Guard {
    /// Whether it may.
    fn admits(&self, vm: usize, host: usize, state: &State<'_>) -> bool;

    /// Whether a VM that is down may start on its own host, which works again.
    fn returns(&self, _vm: usize, _host: usize, _state: &State<'_>) -> bool {
        true
    }

    /// A VM is counted to a host from now on; while it migrates to both.
    fn placed(&mut self, _vm: usize, _host: usize, _state: &State<'_>) {}

    /// A VM is no longer counted to a host.
    fn left(&mut self, _vm: usize, _host: usize, _state: &State<'_>) {}
}

/// What befalls a host from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// It fails.
    Fail {
        /// The host.
        host: usize,
    },
    /// It works again.
    Repair {
        /// The host.
        host: usize,
    },
    /// It runs at so many thousandths of its CPU; 1000 is sound.
    Slow {
        /// The host.
        host: usize,
        /// The thousandths.
        permille: u32,
    },
}

/// What comes from outside, in order of time.
pub trait Source {
    /// When the next incident comes.
    fn due(&self) -> Option<Time>;

    /// The next incident, which is due.
    fn next(&mut self) -> Option<Incident>;
}
