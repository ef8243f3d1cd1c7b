//! Migrations in a cluster in operation.

use super::{LinkError, Migrations, Settings, Transfer};
use crate::operation::{self, Arrived, Mover, Time};

/// Bytes in a MiB.
const MIB: u64 = 1 << 20;

/// How fast VMs write to their memory: a fixed rate and a share of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dirtying {
    /// Bytes per second.
    pub bytes_per_s: u64,
    /// Thousandths of the memory per second.
    pub permille_per_s: u64,
}

impl Dirtying {
    /// Bytes per second of a VM with so many bytes of memory.
    pub fn rate(&self, memory: u64) -> u64 {
        let share = u128::from(memory) * u128::from(self.permille_per_s) / 1000;
        self.bytes_per_s.saturating_add(u64::try_from(share).unwrap_or(u64::MAX))
    }
}

/// Pre-copy migrations that share links, as a cluster in operation asks for them.
#[derive(Clone, Debug)]
pub struct LiveMover {
    migrations: Migrations,
    dirtying: Dirtying,
    /// The CPU that a VM goes without meanwhile, in thousandths.
    slowdown: u64,
}

impl LiveMover {
    /// On hosts whose links carry so many bytes per second each way. VMs write to their memory as `dirtying` says, and go
    /// without so many thousandths of their CPU while they are copied.
    ///
    /// # Errors
    /// As [`Migrations::new`].
    pub fn new(
        links: &[u64],
        settings: Settings,
        dirtying: Dirtying,
        slowdown: u64,
    ) -> Result<Self, LinkError> {
        Ok(Self { migrations: Migrations::new(links, settings)?, dirtying, slowdown })
    }
}

impl Mover for LiveMover {
    fn start(&mut self, now: Time, transfer: operation::Transfer) {
        let operation::Transfer { vm, from, to, memory } = transfer;
        let memory = memory.saturating_mul(MIB);
        let dirty = self.dirtying.rate(memory);
        self.migrations.start(now, Transfer { vm, from, to, memory, dirty });
    }

    fn cancel(&mut self, now: Time, vm: usize) {
        self.migrations.cancel(now, vm);
    }

    fn due(&self) -> Option<Time> {
        self.migrations.next()
    }

    fn ended(&mut self, now: Time) -> Vec<Arrived> {
        let ended = self.migrations.finished(now).into_iter();
        ended.map(|one| Arrived { vm: one.vm, bytes: one.bytes, downtime: one.downtime }).collect()
    }

    fn begun(&mut self) -> Vec<usize> {
        self.migrations.begun()
    }

    fn is_copying(&self, vm: usize) -> bool {
        self.migrations.is_under_way(vm)
    }

    fn overhead_permille(&self) -> u64 {
        self.slowdown
    }
}
