//! How VMs come, start and leave, and how hosts are switched on for them.

use std::cmp::Reverse;

use super::super::{Allotment, Phase, Status, What};
use super::{Engine, Planned};
use crate::arrivals::Admission;

impl Engine<'_> {
    pub(super) fn arrive(&mut self, vm: usize) {
        self.state.vm_mut(vm).phase = Phase::Waiting;
        let allotment = self.setting.first.of(&self.state.asked()[vm]);
        self.tell(What::Arrived { vm });
        if self.state.vm(vm).allotment != allotment {
            self.state.vm_mut(vm).allotment = allotment;
            self.tell(What::Allotted { vm });
        }
        let behind = self.setting.admission == Admission::Fcfs && !self.waiting.is_empty();
        if !behind && self.try_place(vm) {
            return;
        }
        let demand = self.state.vm(vm).allotment.reserved;
        let fits = |capacity: &[u64]| vmpack_cluster::covers(capacity, &demand);
        let kinds = self.state.hosts().fleet().kinds();
        if self.setting.admission != Admission::Reject
            && kinds.iter().any(|kind| fits(&kind.capacity))
        {
            self.waiting.push_back(vm);
            self.tell(What::Waits { vm });
        } else {
            self.state.vm_mut(vm).phase = Phase::Lost;
            self.tell(What::Refused { vm });
        }
    }

    /// Lets VMs in that wait, if there may be room now.
    pub(super) fn let_in(&mut self) {
        if !std::mem::take(&mut self.freed) || self.waiting.is_empty() {
            return;
        }
        for vm in std::mem::take(&mut self.waiting) {
            let behind = self.setting.admission == Admission::Fcfs && !self.waiting.is_empty();
            if behind || !self.try_place(vm) {
                self.waiting.push_back(vm);
            }
        }
    }

    /// Places a VM for the first time, if a host takes it.
    pub(super) fn try_place(&mut self, vm: usize) -> bool {
        let allotment = self.state.vm(vm).allotment;
        let Some(host) = self.find(vm, &allotment) else { return false };
        let now = self.state.now;
        self.state.vm_mut(vm).placed = now;
        self.put(vm, host);
        let asked = &self.state.asked()[vm];
        if let Some(end) = asked.end {
            let end = now + (end - asked.start).max(1);
            self.planned.push(Reverse((end, Planned::Leave { vm })));
        }
        self.tell(What::Placed { vm, host });
        self.start(vm, host);
        true
    }

    /// The host for a VM, another one than it is on: one that is on, or one that is switched on for it.
    pub(super) fn find(&mut self, vm: usize, allotment: &Allotment) -> Option<usize> {
        let asking = self.asking(vm, allotment);
        let (state, guards) = (&self.state, &self.guards);
        let own = state.vm(vm).phase.host();
        let mut admit = |host: usize| {
            own != Some(host) && guards.iter().all(|guard| guard.admits(vm, host, state))
        };
        let found = self.placer.find(&asking, state, &mut admit);
        if let Some(host) = found {
            if state.host(host).status == Status::Off {
                self.wake(host);
            }
            return Some(host);
        }
        if self.placer.wakes() {
            return None;
        }
        let mut off = self.off.iter().copied();
        let host = off.find(|&host| {
            !state.host(host).cordoned && state.has_room(host, &allotment.reserved) && admit(host)
        })?;
        self.wake(host);
        Some(host)
    }

    pub(super) fn wake(&mut self, host: usize) {
        self.hold(host);
        self.off.remove(&host);
        self.state.host_mut(host).status = Status::Waking;
        self.open(host);
        self.tell(What::HostWakes { host });
        self.boot(host);
    }

    /// A host that wakes is on after its time.
    pub(super) fn boot(&mut self, host: usize) {
        self.wakings[host] += 1;
        let waking = self.wakings[host];
        if self.setting.host_boot == 0 {
            self.host_on(host, waking);
        } else {
            let on = self.state.now + self.setting.host_boot;
            self.planned.push(Reverse((on, Planned::HostOn { host, waking })));
        }
    }

    /// Has the placer name a host again, if it may be named.
    pub(super) fn open(&mut self, host: usize) {
        let state = self.state.host(host);
        let takes = matches!(state.status, Status::On | Status::Waking) && !state.cordoned;
        if takes && !std::mem::replace(&mut self.open[host], true) {
            self.placer.open(host);
        }
    }

    pub(super) fn close(&mut self, host: usize) {
        if std::mem::replace(&mut self.open[host], false) {
            self.placer.close(host);
        }
    }

    pub(super) fn host_on(&mut self, host: usize, waking: u32) {
        if self.wakings[host] != waking || self.state.host(host).status != Status::Waking {
            return;
        }
        self.hold(host);
        self.state.host_mut(host).status = Status::On;
        self.tell(What::HostOn { host });
        self.start_all(host);
    }

    /// The VMs that are counted to a host begin to start, those that were down as well unless a rule forbids it.
    pub(super) fn start_all(&mut self, host: usize) {
        for vm in self.state.host(host).vms.clone() {
            if !matches!(self.state.vm(vm).phase, Phase::Down { .. }) {
                self.start(vm, host);
            } else if !self.return_home(vm, host) {
                self.tell(What::KeptDown { vm, host });
            }
        }
    }

    /// Starts a VM that is down on its own host, if that works and rules bear it.
    pub(super) fn return_home(&mut self, vm: usize, host: usize) -> bool {
        let may = self.state.host(host).status == Status::On
            && self.guards.iter().all(|guard| guard.returns(vm, host, &self.state));
        if may {
            self.hold(host);
            self.state.vm_mut(vm).phase = Phase::Starting { host };
            self.tell(What::Returned { vm, host });
            self.start(vm, host);
        }
        may
    }

    /// A VM begins to start if its host is on; it runs when it has.
    pub(super) fn start(&mut self, vm: usize, host: usize) {
        if self.state.host(host).status != Status::On {
            return;
        }
        self.starts[vm] += 1;
        let start = self.starts[vm];
        if self.setting.vm_boot == 0 {
            self.started(vm, start);
        } else {
            let up = self.state.now + self.setting.vm_boot;
            self.planned.push(Reverse((up, Planned::Started { vm, start })));
        }
    }

    pub(super) fn started(&mut self, vm: usize, start: u32) {
        let Phase::Starting { host } = self.state.vm(vm).phase else { return };
        if self.starts[vm] != start {
            return;
        }
        self.hold(host);
        self.state.vm_mut(vm).phase = Phase::Running { host };
        if start > 1 {
            self.tell(What::VmUp { vm, host });
        }
        self.plan_use(vm);
    }

    /// Plans the next change of what a VM uses.
    pub(super) fn plan_use(&mut self, vm: usize) {
        let placed = self.state.vm(vm).placed;
        let usage = self.state.asked()[vm].usage.as_ref();
        let change = usage.and_then(|usage| usage.next_change(self.state.now - placed));
        if let Some(age) = change {
            self.planned.push(Reverse((placed + age, Planned::Uses { vm })));
        }
    }

    pub(super) fn uses(&mut self, vm: usize) {
        let phase = self.state.vm(vm).phase;
        if phase.runs()
            && let Some(host) = phase.host()
        {
            self.hold(host);
            self.plan_use(vm);
        }
    }

    /// Counts a VM to a host where it will run.
    pub(super) fn put(&mut self, vm: usize, host: usize) {
        self.hold(host);
        self.state.host_mut(host).vms.push(vm);
        self.state.vm_mut(vm).phase = Phase::Starting { host };
        self.set_aside(vm, host);
    }

    pub(super) fn set_aside(&mut self, vm: usize, host: usize) {
        let allotment = self.state.vm(vm).allotment;
        self.state.commit(host, &allotment.reserved);
        let asking = self.asking(vm, &allotment);
        self.placer.reserve(host, &asking);
        for guard in &mut self.guards {
            guard.placed(vm, host, &self.state);
        }
    }

    pub(super) fn give_back(&mut self, vm: usize, host: usize) {
        let allotment = self.state.vm(vm).allotment;
        self.state.give_back(host, &allotment.reserved);
        let asking = self.asking(vm, &allotment);
        self.placer.release(self.state.now, host, &asking);
        for guard in &mut self.guards {
            guard.left(vm, host, &self.state);
        }
        self.freed = true;
    }

    /// Takes a VM off the host where it is.
    pub(super) fn take_off(&mut self, vm: usize, host: usize) {
        self.hold(host);
        self.state.forget(host, vm);
        self.give_back(vm, host);
        let state = self.state.vm_mut(vm);
        (state.wanted, state.granted) = (<_>::default(), 0);
    }

    pub(super) fn leave(&mut self, vm: usize) {
        if let Phase::Migrating { .. } = self.state.vm(vm).phase {
            self.call_off(vm);
        }
        let phase = self.state.vm(vm).phase;
        let Some(host) = phase.host() else { return };
        self.take_off(vm, host);
        self.state.vm_mut(vm).phase = Phase::Gone;
        self.tell(What::Left { vm, host });
    }
}
