//! What has happened so far, by number.

use std::collections::BTreeSet;

use crate::operation::{Event, What};

/// Counts of events, and the VMs that are there.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// VMs that have been asked for, and have neither left nor been refused or given up.
    pub(super) live: BTreeSet<usize>,
    pub(super) arrived: u64,
    pub(super) placed: u64,
    pub(super) refused: u64,
    pub(super) left: u64,
    pub(super) lost: u64,
    pub(super) migrations_started: u64,
    pub(super) migrations_ended: u64,
    pub(super) migrations_failed: u64,
    pub(super) host_failures: u64,
    pub(super) declined: u64,
}

impl Tally {
    /// Counts an event.
    pub(super) fn count(&mut self, event: &Event) {
        let counter = match event.what {
            What::Arrived { vm } => {
                self.live.insert(vm);
                &mut self.arrived
            }
            What::Placed { .. } => &mut self.placed,
            What::Refused { vm } => {
                self.live.remove(&vm);
                &mut self.refused
            }
            What::Left { vm, .. } => {
                self.live.remove(&vm);
                &mut self.left
            }
            What::Lost { vm } => {
                self.live.remove(&vm);
                &mut self.lost
            }
            What::MigrationStarted { .. } => &mut self.migrations_started,
            What::Migrated { .. } => &mut self.migrations_ended,
            What::MigrationFailed { .. } => &mut self.migrations_failed,
            What::HostFailed { .. } => &mut self.host_failures,
            What::Declined { .. } => &mut self.declined,
            _ => return,
        };
        *counter += 1;
    }
}
