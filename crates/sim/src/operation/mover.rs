//! How live migrations progress.

use super::Time;

/// A migration that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The VM.
    pub vm: usize,
    /// Where it runs.
    pub from: usize,
    /// Where it goes.
    pub to: usize,
    /// Its memory, in MiB.
    pub memory: u64,
}

/// A migration that has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The VM.
    pub vm: usize,
    /// What was sent, in bytes.
    pub bytes: u64,
    /// How long the VM stood still, in milliseconds.
    pub downtime: Time,
}

/// How live migrations progress that are under way.
pub trait Mover {
    /// A migration begins.
    fn start(&mut self, now: Time, transfer: Transfer);

    /// A migration under way is called off.
    fn cancel(&mut self, now: Time, vm: usize);

    /// When the next one may end.
    fn due(&self) -> Option<Time>;

    /// Those that have ended by now, in a fixed order.
    fn ended(&mut self, now: Time) -> Vec<Arrived>;

    /// The VMs whose memory has begun to be copied since this was asked last, if that may be later than their migration
    /// was asked for.
    fn begun(&mut self) -> Vec<usize> {
        Vec::new()
    }

    /// Whether the memory of a VM that migrates is being copied, and not waiting for it.
    fn is_copying(&self, _vm: usize) -> bool {
        true
    }

    /// The CPU that a migration takes on the host that it leaves, in thousandths of what its VM gets there.
    fn overhead_permille(&self) -> u64 {
        0
    }
}

/// CloudSim's migrations: memory over half the bandwidth of a host, whatever else is under way, a tenth of the VM's CPU
/// meanwhile, and no downtime.
#[derive(Clone, Debug)]
pub struct Simple {
    /// The bandwidth of a host, in bytes per second.
    bandwidth: u64,
    /// When each ends, and what.
    ends: Vec<(Time, Arrived)>,
}

impl Simple {
    /// Over links of so many bytes per second.
    ///
    /// # Panics
    /// If there is no bandwidth.
    pub fn new(bandwidth: u64) -> Self {
        assert!(bandwidth > 1, "something can be sent");
        Self { bandwidth, ends: Vec::new() }
    }
}

impl Mover for Simple {
    fn start(&mut self, now: Time, transfer: Transfer) {
        let bytes = transfer.memory << 20;
        let time = u128::from(bytes) * 1000 / u128::from(self.bandwidth / 2);
        let arrived = Arrived { vm: transfer.vm, bytes, downtime: 0 };
        self.ends.push((now + u64::try_from(time).unwrap_or(u64::MAX / 2), arrived));
    }

    fn cancel(&mut self, _now: Time, vm: usize) {
        self.ends.retain(|(_, arrived)| arrived.vm != vm);
    }

    fn due(&self) -> Option<Time> {
        self.ends.iter().map(|&(end, _)| end).min()
    }

    fn ended(&mut self, now: Time) -> Vec<Arrived> {
        let is_over = |&(end, _): &(Time, Arrived)| end <= now;
        let mut ended: Vec<(Time, Arrived)> = self.ends.iter().copied().filter(is_over).collect();
        self.ends.retain(|end| !is_over(end));
        ended.sort_by_key(|&(end, arrived)| (end, arrived.vm));
        ended.into_iter().map(|(_, arrived)| arrived).collect()
    }

    fn overhead_permille(&self) -> u64 {
        100
    }
}
