//! Single VMs on single hosts, what they cost, and how they keep the rules.

use vmpack_cluster::{RuleState, covers};
use vmpack_model::packing::{Instance, Pattern, Placement};

use crate::repair::scalar_sizes;

/// The host of a VM that waits.
const WAITING: u32 = u32::MAX;
/// A full host has this load.
const FULL: u64 = 1 << 16;

/// A VM: its type, the demand row by which it runs, and its host.
#[derive(Clone, Copy, Debug)]
struct Vm {
    kind: usize,
    row: usize,
    host: u32,
}

/// A host, empty or not.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) kind: usize,
    pub(super) free: Vec<u64>,
    pub(super) vms: Vec<u32>,
    /// The sum of the sizes of its VMs.
    load: u64,
}

/// Where each VM runs, by which row: what a fleet can return to.
pub(super) type Snapshot = Vec<(u32, usize)>;

/// VMs on hosts. No host ever holds more than it offers, no type is opened more often than it is in stock.
#[derive(Debug)]
pub(super) struct Fleet<'a> {
    pub(super) instance: &'a Instance,
    pub(super) state: RuleState<'a>,
    hosts: Vec<Host>,
    vms: Vec<Vm>,
    /// Per VM type, one of its VMs.
    first: Vec<u32>,
    /// Per host type, hosts that were empty once and may still be.
    spare: Vec<Vec<u32>>,
    /// Per host type, how many hosts hold VMs.
    used: Vec<u64>,
    /// Per demand row, its size in one number.
    sizes: Vec<u64>,
    /// What the hosts that hold VMs cost.
    opened: u128,
    /// The sum over hosts of their costs times half the square of how full they are.
    fullness: u128,
}

impl<'a> Fleet<'a> {
    /// The hosts of a placement that hold VMs, one by one.
    pub(super) fn new(instance: &'a Instance, placement: &Placement) -> Self {
        let mut fleet = Self {
            instance,
            state: RuleState::new(instance),
            hosts: Vec::new(),
            vms: Vec::new(),
            first: vec![0; instance.vms().len()],
            spare: vec![Vec::new(); instance.hosts().len()],
            used: vec![0; instance.hosts().len()],
            sizes: scalar_sizes(instance),
            opened: 0,
            fullness: 0,
        };
        for (kind, vm) in instance.vms().iter().enumerate() {
            fleet.first[kind] = fleet.vms.len() as u32;
            let waiting = Vm { kind, row: vm.rows.start, host: WAITING };
            fleet.vms.extend((0..vm.count).map(|_| waiting));
        }
        let mut next = fleet.first.clone();
        for (pattern, hosts) in &placement.patterns {
            for _ in 0..*hosts {
                let Some(host) = fleet.empty(pattern.host) else { continue };
                for &(row, count) in &pattern.vms {
                    let kind = instance.type_of_row(row);
                    for _ in 0..count {
                        fleet.place(next[kind], row, host);
                        next[kind] += 1;
                    }
                }
            }
        }
        fleet
    }

    pub(super) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// How many VMs there are.
    pub(super) fn vms(&self) -> usize {
        self.vms.len()
    }

    /// The type of a VM.
    pub(super) fn kind(&self, vm: u32) -> usize {
        self.vms[vm as usize].kind
    }

    /// The host of a VM, if it has one.
    pub(super) fn host_of(&self, vm: u32) -> Option<usize> {
        let host = self.vms[vm as usize].host;
        (host != WAITING).then_some(host as usize)
    }

    /// The VMs of a type.
    pub(super) fn of_kind(&self, kind: usize) -> std::ops::Range<u32> {
        let first = self.first[kind];
        first..first + self.instance.vms()[kind].count as u32
    }

    /// The size of a VM by its present row.
    pub(super) fn size(&self, vm: u32) -> u64 {
        self.sizes[self.vms[vm as usize].row]
    }

    /// The number of an empty host of a type; `None` if none is left in stock.
    pub(super) fn empty(&mut self, kind: usize) -> Option<usize> {
        let stock = self.instance.hosts()[kind].stock;
        if stock.is_some_and(|stock| self.used[kind] >= stock) {
            return None;
        }
        while let Some(&host) = self.spare[kind].last() {
            if self.hosts[host as usize].vms.is_empty() {
                return Some(host as usize);
            }
            self.spare[kind].pop();
        }
        let host = self.state.add(kind);
        let free = self.instance.capacity(kind).to_vec();
        self.hosts.push(Host { kind, free, vms: Vec::new(), load: 0 });
        self.spare[kind].push(host as u32);
        Some(host)
    }

    /// Whether a demand fits what a host has free.
    pub(super) fn fits(&self, demand: &[u64], host: usize) -> bool {
        covers(&self.hosts[host].free, demand)
    }

    /// Puts a VM that waits on a host that it fits by the row.
    pub(super) fn place(&mut self, vm: u32, row: usize, host: usize) {
        let of = &mut self.vms[vm as usize];
        (of.row, of.host) = (row, host as u32);
        self.state.place(of.kind, host, 1);
        self.fullness -= self.worth(host);
        let to = &mut self.hosts[host];
        if to.vms.is_empty() {
            self.used[to.kind] += 1;
            self.opened += u128::from(self.instance.hosts()[to.kind].cost);
        }
        to.free.iter_mut().zip(self.instance.demand(row)).for_each(|(free, d)| *free -= d);
        to.load += self.sizes[row];
        to.vms.push(vm);
        self.fullness += self.worth(host);
    }

    /// Takes a VM off its host.
    pub(super) fn take_off(&mut self, vm: u32) {
        let of = &mut self.vms[vm as usize];
        let (row, host) = (of.row, of.host as usize);
        of.host = WAITING;
        self.state.take_off(of.kind, host, 1);
        self.fullness -= self.worth(host);
        let from = &mut self.hosts[host];
        from.free.iter_mut().zip(self.instance.demand(row)).for_each(|(free, d)| *free += d);
        from.load -= self.sizes[row];
        let at = from.vms.iter().position(|&other| other == vm).expect("it runs there");
        from.vms.swap_remove(at);
        if from.vms.is_empty() {
            self.used[from.kind] -= 1;
            self.opened -= u128::from(self.instance.hosts()[from.kind].cost);
            self.spare[from.kind].push(host as u32);
        }
        self.fullness += self.worth(host);
    }

    /// What the placement costs, apart from hosts that stand by.
    pub(super) fn cost(&self) -> u128 {
        self.opened + self.state.cost()
    }

    /// What the search lowers: the cost, and of equal costs rather full hosts beside empty ones.
    pub(super) fn objective(&self) -> u128 {
        (self.cost() * u128::from(FULL)).saturating_sub(self.fullness)
    }

    /// The cost of a host times half the square of how full it is; of nothing for an empty one.
    fn worth(&self, host: usize) -> u128 {
        let Host { kind, load, .. } = self.hosts[host];
        let full = load.min(FULL);
        u128::from(self.instance.hosts()[kind].cost) * u128::from(full * full / FULL / 2)
    }

    /// How much a host holds for its cost.
    pub(super) fn cheapness(&self, host: usize) -> u64 {
        let Host { kind, load, .. } = self.hosts[host];
        (load << 16) / self.instance.hosts()[kind].cost.max(1)
    }

    /// Where the VMs run.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.vms.iter().map(|vm| (vm.host, vm.row)).collect()
    }

    /// Where one VM runs.
    pub(super) fn place_of(&self, vm: u32) -> (u32, usize) {
        let Vm { host, row, .. } = self.vms[vm as usize];
        (host, row)
    }

    /// Puts some VMs back to where they ran, wherever they are now.
    pub(super) fn put_back(&mut self, places: &[(u32, (u32, usize))]) {
        for &(vm, _) in places {
            if self.host_of(vm).is_some() {
                self.take_off(vm);
            }
        }
        for &(vm, (host, row)) in places {
            self.place(vm, row, host as usize);
        }
    }

    /// The hosts as patterns.
    pub(super) fn placement(&self) -> Placement {
        let pattern = |host: &Host| {
            let vms = host.vms.iter().map(|&vm| (self.vms[vm as usize].row, 1)).collect();
            (Pattern { host: host.kind, vms }, 1)
        };
        Placement::from_patterns(self.hosts.iter().map(pattern))
    }
}
