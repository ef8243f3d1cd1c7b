//! A partial placement: single VMs on single hosts, and VMs that wait for a place.

use crate::lanes::{Lanes, Packed, fits, minus, plus};
use vmpack_model::packing::{Instance, Pattern, Placement};

/// The host of a VM that waits.
pub(crate) const WAITING: u32 = u32::MAX;

/// Single VMs on single hosts. No host ever holds more than it offers.
#[derive(Clone, Debug)]
pub(crate) struct Partial<const W: usize> {
    guards: Packed<W>,
    /// Per VM, its demand row, and what it takes.
    rows: Vec<usize>,
    sizes: Vec<Packed<W>>,
    /// Per VM, the index of its host.
    host_of: Vec<u32>,
    /// Per VM, its position among the VMs of its host, or among those that wait.
    position: Vec<u32>,
    hosts: Vec<Host<W>>,
    waiting: Vec<u32>,
}

/// A host with its VMs.
#[derive(Clone, Debug)]
pub(crate) struct Host<const W: usize> {
    pub(crate) kind: usize,
    pub(crate) free: Packed<W>,
    pub(crate) vms: Vec<u32>,
}

impl<const W: usize> Partial<W> {
    /// The hosts of a placement, one by one.
    pub(crate) fn new(instance: &Instance, lanes: &Lanes, placement: &Placement) -> Self {
        let mut partial = Self {
            guards: lanes.guards(),
            rows: Vec::new(),
            sizes: Vec::new(),
            host_of: Vec::new(),
            position: Vec::new(),
            hosts: Vec::new(),
            waiting: Vec::new(),
        };
        for (pattern, times) in &placement.patterns {
            for _ in 0..*times {
                let host = partial.open(pattern.host, lanes.pack(instance.capacity(pattern.host)));
                for &(row, count) in &pattern.vms {
                    for _ in 0..count {
                        let vm = partial.rows.len() as u32;
                        partial.rows.push(row);
                        partial.sizes.push(lanes.pack(instance.demand(row)));
                        partial.host_of.push(WAITING);
                        partial.position.push(0);
                        partial.join(vm, host);
                    }
                }
            }
        }
        partial
    }

    pub(crate) fn vms(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, vm: u32) -> usize {
        self.rows[vm as usize]
    }

    pub(crate) fn hosts(&self) -> &[Host<W>] {
        &self.hosts
    }

    pub(crate) fn waiting(&self) -> &[u32] {
        &self.waiting
    }

    pub(crate) fn host_of(&self, vm: u32) -> u32 {
        self.host_of[vm as usize]
    }

    pub(crate) fn size(&self, vm: u32) -> &Packed<W> {
        &self.sizes[vm as usize]
    }

    #[inline]
    pub(crate) fn fits(&self, room: &Packed<W>, vm: u32) -> bool {
        fits(room, self.size(vm), &self.guards)
    }

    /// Opens an empty host and returns its index.
    pub(crate) fn open(&mut self, kind: usize, capacity: Packed<W>) -> u32 {
        self.hosts.push(Host { kind, free: capacity, vms: Vec::new() });
        self.hosts.len() as u32 - 1
    }

    /// Closes a host; its VMs wait. The last host takes its index.
    pub(crate) fn close(&mut self, host: u32) {
        while let Some(&vm) = self.hosts[host as usize].vms.last() {
            self.eject(vm);
        }
        self.hosts.swap_remove(host as usize);
        if let Some(moved) = self.hosts.get(host as usize) {
            for &vm in &moved.vms {
                self.host_of[vm as usize] = host;
            }
        }
    }

    /// Puts a VM that waits on a host, where it must fit.
    pub(crate) fn insert(&mut self, vm: u32, host: u32) {
        let at = self.position[vm as usize] as usize;
        self.waiting.swap_remove(at);
        if let Some(&moved) = self.waiting.get(at) {
            self.position[moved as usize] = at as u32;
        }
        self.join(vm, host);
    }

    /// Takes a VM off its host.
    pub(crate) fn eject(&mut self, vm: u32) {
        self.leave(vm);
        self.host_of[vm as usize] = WAITING;
        self.position[vm as usize] = self.waiting.len() as u32;
        self.waiting.push(vm);
    }

    /// Moves a VM to another host, where it must fit.
    pub(crate) fn shift(&mut self, vm: u32, host: u32) {
        self.leave(vm);
        self.join(vm, host);
    }

    /// Exchanges two VMs of different hosts if both fit; whether they did.
    pub(crate) fn swap(&mut self, a: u32, b: u32) -> bool {
        let (of_a, of_b) = (self.host_of(a), self.host_of(b));
        let room_a = plus(&self.hosts[of_a as usize].free, self.size(a));
        let room_b = plus(&self.hosts[of_b as usize].free, self.size(b));
        if !self.fits(&room_a, b) || !self.fits(&room_b, a) {
            return false;
        }
        self.leave(a);
        self.leave(b);
        self.join(a, of_b);
        self.join(b, of_a);
        true
    }

    fn join(&mut self, vm: u32, host: u32) {
        let size = *self.size(vm);
        let to = &mut self.hosts[host as usize];
        to.free = minus(&to.free, &size);
        self.position[vm as usize] = to.vms.len() as u32;
        to.vms.push(vm);
        self.host_of[vm as usize] = host;
    }

    fn leave(&mut self, vm: u32) {
        let at = self.position[vm as usize] as usize;
        let size = *self.size(vm);
        let from = &mut self.hosts[self.host_of[vm as usize] as usize];
        from.free = plus(&from.free, &size);
        from.vms.swap_remove(at);
        if let Some(&moved) = from.vms.get(at) {
            self.position[moved as usize] = at as u32;
        }
    }

    /// The hosts as patterns; of a complete placement if nobody waits.
    pub(crate) fn placement(&self) -> Placement {
        let pattern = |host: &Host<W>| {
            let vms = host.vms.iter().map(|&vm| (self.row(vm), 1)).collect();
            (Pattern { host: host.kind, vms }, 1)
        };
        Placement::from_patterns(self.hosts.iter().map(pattern))
    }
}
