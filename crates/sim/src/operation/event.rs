//! What happens, and what controllers ask for.

use super::{CPU, Time, Vm};
use crate::arrivals::{Demand, MAX_RESOURCES};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Time,
    /// What.
    pub what: What,
}

/// What happened.
#[expect(missing_docs, reason = "VMs and hosts by number")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A VM is asked for.
    Arrived { vm: usize },
    /// A VM is placed on a host, where it starts.
    Placed { vm: usize, host: usize },
    /// No host takes the VM, and it does not wait.
    Refused { vm: usize },
    /// No host takes the VM; it waits.
    Waits { vm: usize },
    /// Something else is set aside for a VM.
    Allotted { vm: usize },
    /// A VM that was down is counted to another host, where it starts.
    Restarted { vm: usize, host: usize },
    /// A VM has left its host for good.
    Left { vm: usize, host: usize },
    /// A live migration begins.
    MigrationStarted { vm: usize, from: usize, to: usize },
    /// A live migration has ended: the VM runs on its new host.
    Migrated { vm: usize, from: usize, to: usize, bytes: u64, downtime: Time },
    /// A live migration came to nothing: a host failed or the VM left.
    MigrationFailed { vm: usize, from: usize, to: usize },
    /// A host is being switched on.
    HostWakes { host: usize },
    /// A host is on.
    HostOn { host: usize },
    /// A host is off.
    HostOff { host: usize },
    /// A host has failed; its VMs are down.
    HostFailed { host: usize },
    /// A host that had failed works again.
    HostRepaired { host: usize },
    /// A host runs at so many thousandths of its CPU from now on; 1000 is sound.
    HostSlowed { host: usize, permille: u32 },
    /// A detector takes the host for failed.
    Suspected { host: usize },
    /// A detector takes it for sound again.
    Trusted { host: usize },
    /// A VM stands still, as its host has failed.
    VmDown { vm: usize, host: usize },
    /// A VM that was down begins to start on its own host, which works again.
    Returned { vm: usize, host: usize },
    /// The host of a VM that is down works again, and rules do not bear that the VM starts there.
    KeptDown { vm: usize, host: usize },
    /// A VM that was down runs again.
    VmUp { vm: usize, host: usize },
    /// A host is made sure not to run any VM: its power is cut.
    Fenced { host: usize },
    /// A VM that was down is given up.
    Lost { vm: usize },
    /// An action could not be carried out: no room, a rule, or a host or VM in no state for it.
    Declined { action: Action },
}

impl What {
    /// Whether only an omniscient observer sees it: controllers are not told.
    pub const fn is_hidden(&self) -> bool {
        matches!(
            self,
            Self::HostFailed { .. }
                | Self::HostRepaired { .. }
                | Self::HostSlowed { .. }
                | Self::VmDown { .. }
                | Self::Returned { .. }
        )
    }
}

/// What a VM has a claim to on its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// What is set aside for it on its host, of every resource.
    pub reserved: Demand,
    /// The most CPU it gets, in thousandths of a core.
    pub limit: u64,
    /// Its share of CPU that nobody has reserved or uses; positive.
    pub weight: u64,
}

impl Allotment {
    /// All that is requested, and nothing more.
    pub fn fixed(request: &Demand) -> Self {
        Self { reserved: *request, limit: request[CPU], weight: request[CPU].max(1) }
    }
}

/// What VMs are promised, in thousandths of what they request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What is set aside of each resource, at most 1000.
    pub floor: [u32; MAX_RESOURCES],
    /// The most CPU that a VM gets; no less than the floor.
    pub limit: u32,
}

impl Terms {
    /// All that is requested, and nothing more.
    pub const FIXED: Self = Self { floor: [1000; MAX_RESOURCES], limit: 1000 };

    /// What is set aside for a VM, rounded up.
    pub fn floor(&self, request: &Demand) -> Demand {
        std::array::from_fn(|r| permille(request[r], self.floor[r]))
    }

    /// The most CPU that a VM gets, rounded up.
    pub fn limit(&self, request: &Demand) -> u64 {
        permille(request[CPU], self.limit)
    }

    /// The allotment of a VM of which nothing is known but what it asks for. Its weight is the CPU that it requests.
    pub fn of(&self, vm: &Vm) -> Allotment {
        let request = &vm.request;
        Allotment {
            reserved: self.floor(request),
            limit: self.limit(request),
            weight: request[CPU].max(1),
        }
    }
}

/// So many thousandths of an amount, rounded up.
fn permille(amount: u64, permille: u32) -> u64 {
    let product = u128::from(amount) * u128::from(permille);
    u64::try_from(product.div_ceil(1000)).unwrap_or(u64::MAX)
}

/// What a controller asks for. What cannot be done is declined, not done in part.
#[expect(missing_docs, reason = "VMs and hosts by number")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Give a VM another allotment on its host.
    Allot { vm: usize, allotment: Allotment },
    /// Move a running VM to another host, which is on and has room for what the VM has reserved.
    Migrate { vm: usize, to: usize },
    /// Start a VM that is down anew on another host; if none is named, the one that fits by the placement rule, or its own
    /// if that works and rules bear it by now. Whoever asks for it makes sure that the old host no longer runs it.
    Restart { vm: usize, to: Option<usize> },
    /// Cut the power of a host that is not off, so that it runs no VM for certain. A host that works is started anew, with
    /// the VMs that are still counted to it then.
    Fence { host: usize },
    /// Give up a VM that is down.
    GiveUp { vm: usize },
    /// Switch a host on and keep it on while it is empty.
    Wake { host: usize },
    /// No longer keep it on while it is empty.
    Sleep { host: usize },
    /// Take no new VMs on a host.
    Cordon { host: usize },
    /// Take new VMs again.
    Uncordon { host: usize },
    /// Tell all that a host is taken for failed.
    Suspect { host: usize },
    /// Tell all that it is taken for sound again.
    Trust { host: usize },
}
