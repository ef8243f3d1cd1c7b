//! Plans of the study's heuristics: over-loaded hosts give VMs away, under-loaded hosts are emptied.

use super::changes::Change;
use super::cpu::{Guest, Presence, grown};
use super::detectors::Detector;
use super::selection::Selector;
use super::world::{HISTORY, Move, World, insert};

/// A host as a plan leaves it.
#[derive(Clone, Debug, Default)]
struct Planned {
    vms: Vec<usize>,
    /// The sum of what the VMs ask for, in MIPS.
    requested: f64,
    /// The sum of what they get, in MIPS.
    allocated: f64,
    /// What the host draws, as the policy counts it, before it is given one VM more.
    watts: f64,
    /// MIPS that are not reserved.
    free: f64,
    ram_used: u64,
    /// Utilisations of the past, the newest first, if they are up to date.
    history: Option<Box<[f64; HISTORY]>>,
}

/// Makes plans; keeps its tables from one to the next.
#[derive(Debug)]
pub(crate) struct Planner {
    detector: Detector,
    selector: Selector,
    hosts: Vec<Planned>,
    /// Hosts that are not emptied.
    keeps: Vec<bool>,
    over: Vec<bool>,
    /// Hosts that may receive VMs, by number.
    receivers: Vec<usize>,
    guests: Vec<Guest>,
    allocation: Vec<f64>,
}

impl Planner {
    pub(crate) fn new(detector: Detector, selector: Selector) -> Self {
        Self {
            detector,
            selector,
            hosts: Vec::new(),
            keeps: Vec::new(),
            over: Vec::new(),
            receivers: Vec::new(),
            guests: Vec::new(),
            allocation: Vec::new(),
        }
    }

    /// The moves of this tick, in order. Of the world, only the sizes of hash tables change.
    pub(crate) fn plan(&mut self, world: &mut World<'_>) -> Vec<Move> {
        self.begin(world);
        let mut moves = Vec::new();
        self.relieve(world, &mut moves);
        self.empty(world, &mut moves);
        moves
    }

    fn begin(&mut self, world: &World<'_>) {
        self.hosts.resize_with(world.hosts.len(), Planned::default);
        for (h, (planned, host)) in self.hosts.iter_mut().zip(&world.hosts).enumerate() {
            planned.vms.clone_from(&host.vms);
            planned.requested = requested(world, h, &host.vms);
            planned.allocated = host.allocation.iter().fold(0.0, |sum, mips| sum + mips);
            planned.free = host.free;
            planned.ram_used = host.ram_used;
            planned.history = None;
            planned.watts = watts(world, h, planned);
        }
        self.over.clear();
        for h in 0..self.hosts.len() {
            let over = self.is_overloaded(world, h, None);
            self.over.push(over);
        }
        self.keeps.clone_from(&self.over);
        self.receivers.clear();
        self.receivers.extend((0..self.hosts.len()).filter(|&h| !self.over[h]));
    }

    /// Takes VMs off over-loaded hosts until none is over-loaded, and places them.
    fn relieve(&mut self, world: &mut World<'_>, moves: &mut Vec<Move>) {
        let mut homeless = Vec::new();
        for h in 0..self.hosts.len() {
            if !self.over[h] {
                continue;
            }
            while let Some(at) = self.selector.pick(&self.hosts[h].vms, &world.vms, world.study) {
                let planned = &mut self.hosts[h];
                homeless.push(planned.vms.remove(at));
                planned.requested = requested(world, h, &planned.vms);
                planned.history = None;
                if !self.is_overloaded(world, h, None) {
                    break;
                }
            }
        }
        sort_by_request(&mut homeless, world);
        for vm in homeless {
            if let Some(target) = self.search(world, vm) {
                self.place(world, vm, target);
                moves.push(Move { vm, target });
                if world.changes.has(Change::ReceiversKept) {
                    self.keeps[target] = true;
                }
            }
        }
    }

    /// Empties hosts that others can take all VMs of, the least used first.
    fn empty(&mut self, world: &mut World<'_>, moves: &mut Vec<Move>) {
        let is_off = |h: usize| {
            let host = &world.hosts[h];
            if world.changes.has(Change::IdleHostOn) {
                host.vms.is_empty()
            } else {
                host.used == 0.0
            }
        };
        let share = |h: usize| world.hosts[h].used / world.study.host_kind(h).mips;
        let mut sources: Vec<usize> =
            (0..self.hosts.len()).filter(|&h| !is_off(h) && share(h) < 1.0).collect();
        sources.sort_by(|&a, &b| share(a).total_cmp(&share(b)));
        self.receivers.retain(|&h| !is_off(h));
        let mut placed: Vec<Move> = Vec::new();
        let mut leaving: Vec<usize> = Vec::new();
        for source in sources {
            if self.keeps[source] || self.hosts[source].vms.is_empty() {
                continue;
            }
            self.keeps[source] = true;
            self.receivers.retain(|&h| h != source);
            leaving.clone_from(&self.hosts[source].vms);
            sort_by_request(&mut leaving, world);
            placed.clear();
            for &vm in &leaving {
                let Some(target) = self.search(world, vm) else { break };
                self.place(world, vm, target);
                placed.push(Move { vm, target });
            }
            if placed.len() == leaving.len() {
                for moved in &placed {
                    self.keeps[moved.target] = true;
                }
                moves.extend_from_slice(&placed);
            } else {
                for moved in placed.iter().rev() {
                    self.take_back(world, moved);
                }
                if world.changes.has(Change::FailedHostReceives) {
                    let at = self.receivers.partition_point(|&h| h < source);
                    self.receivers.insert(at, source);
                }
            }
        }
    }

    /// Power-aware best fit: of the hosts that may receive the VM, the first whose power it raises least.
    fn search(&mut self, world: &mut World<'_>, vm: usize) -> Option<usize> {
        let mut best = None;
        let mut least = f64::INFINITY;
        let (asked, demand) = (world.vms[vm].request, world.ram_demand(vm));
        for at in 0..self.receivers.len() {
            let h = self.receivers[at];
            let kind = world.study.host_kind(h);
            let request = world.request_on(vm, h);
            let planned = &self.hosts[h];
            if kind.core_mips < asked
                || planned.free < asked
                || planned.ram_used + demand > kind.ram_mb
            {
                continue;
            }
            let is_tested = planned.allocated != 0.0 || world.changes.has(Change::EmptyHostTested);
            if is_tested {
                let host = &mut world.hosts[h];
                host.table = grown(host.table, planned.vms.len() + 1);
            }
            let cost = kind.power.watts((planned.allocated + request) / kind.mips) - planned.watts;
            if cost < least && !(is_tested && self.is_overloaded(world, h, Some(vm))) {
                (best, least) = (Some(h), cost);
            }
        }
        best
    }

    fn place(&mut self, world: &mut World<'_>, vm: usize, target: usize) {
        let planned = &mut self.hosts[target];
        insert(&mut planned.vms, vm, world.changes);
        let host = &mut world.hosts[target];
        host.table = grown(host.table, planned.vms.len());
        planned.ram_used += world.ram_demand(vm);
        self.refresh(world, target);
    }

    fn take_back(&mut self, world: &World<'_>, moved: &Move) {
        let planned = &mut self.hosts[moved.target];
        planned.vms.retain(|&vm| vm != moved.vm);
        planned.ram_used -= world.ram_demand(moved.vm);
        self.refresh(world, moved.target);
    }

    /// Sums up a host whose list has changed.
    fn refresh(&mut self, world: &World<'_>, h: usize) {
        let planned = &mut self.hosts[h];
        self.guests.clear();
        self.guests.extend(planned.vms.iter().map(|&vm| Guest {
            vm,
            request: world.vms[vm].request,
            presence: Presence::Settled,
        }));
        let sharing = world.sharing(h, world.hosts[h].table);
        planned.free = sharing.allocate(&self.guests, &mut self.allocation);
        planned.allocated = self.allocation.iter().fold(0.0, |sum, mips| sum + mips);
        planned.requested = requested(world, h, &planned.vms);
        planned.history = None;
        planned.watts = watts(world, h, planned);
    }

    /// The over-load test of a host, with one more VM or without.
    fn is_overloaded(&mut self, world: &World<'_>, h: usize, added: Option<usize>) -> bool {
        let capacity = world.study.host_kind(h).mips;
        let planned = &mut self.hosts[h];
        let request = added.map_or(0.0, |vm| world.request_on(vm, h));
        let share = (planned.requested + request) / capacity;
        if !self.detector.looks_back() {
            return self.detector.is_overloaded(share, &[0.0; HISTORY], world.changes);
        }
        let history = planned.history.get_or_insert_with(|| Box::new(past(world, h, &planned.vms)));
        match added {
            None => self.detector.is_overloaded(share, history, world.changes),
            Some(vm) => {
                let mut history = **history;
                add_past(&mut history, world, vm, capacity, 1.0);
                self.detector.is_overloaded(share, &history, world.changes)
            }
        }
    }
}

/// Sorts by request, the largest first; equal ones keep their order.
fn sort_by_request(vms: &mut [usize], world: &World<'_>) {
    vms.sort_by(|&a, &b| world.vms[b].request.total_cmp(&world.vms[a].request));
}

/// What a host draws before it is given one VM more: at the load of the last update, or at that of the plan.
fn watts(world: &World<'_>, h: usize, planned: &Planned) -> f64 {
    let from_plan = world.changes.has(Change::PowerFromPlan);
    let used = if from_plan { planned.allocated } else { world.hosts[h].used };
    let is_off =
        if world.changes.has(Change::IdleHostOn) { planned.vms.is_empty() } else { used == 0.0 };
    if is_off && world.changes.has(Change::OffHostDrawsNothing) {
        return 0.0;
    }
    let kind = world.study.host_kind(h);
    kind.power.watts(used / kind.mips)
}

fn requested(world: &World<'_>, host: usize, vms: &[usize]) -> f64 {
    vms.iter().fold(0.0, |sum, &vm| sum + world.request_on(vm, host))
}

/// The past of a host with a list of VMs, the newest first.
fn past(world: &World<'_>, h: usize, vms: &[usize]) -> [f64; HISTORY] {
    let capacity = world.study.host_kind(h).mips;
    let mut past = [0.0; HISTORY];
    if !world.changes.has(Change::OwnHistory) {
        for &vm in vms {
            add_past(&mut past, world, vm, capacity, 1.0);
        }
        return past;
    }
    let host = &world.hosts[h];
    past.iter_mut().zip(host.history.iter().rev()).for_each(|(past, &own)| *past = own);
    for &vm in vms.iter().filter(|vm| !host.vms.contains(vm)) {
        add_past(&mut past, world, vm, capacity, 1.0);
    }
    for &vm in host.vms.iter().filter(|vm| !vms.contains(vm)) {
        add_past(&mut past, world, vm, capacity, -1.0);
    }
    for past in &mut past {
        *past = past.max(0.0);
    }
    past
}

fn add_past(past: &mut [f64; HISTORY], world: &World<'_>, vm: usize, capacity: f64, sign: f64) {
    let mips = world.study.vm_kind(vm).mips;
    let own = world.vms[vm].history.iter().rev();
    past.iter_mut().zip(own).for_each(|(past, &load)| *past += sign * (load * mips / capacity));
}
