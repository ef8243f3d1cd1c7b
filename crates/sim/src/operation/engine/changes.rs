//! What incidents and controllers change.

use super::super::{Action, Allotment, CPU, Incident, MEMORY, Phase, Status, Time, Transfer, What};
use super::Engine;
use crate::arrivals::Demand;

impl Engine<'_> {
    /// The CPU that migrations away from a host take.
    pub(super) fn charge(&mut self, host: usize) {
        let permille = self.mover.overhead_permille();
        let state = self.state.host(host);
        let moving = |&&vm: &&usize| {
            matches!(self.state.vm(vm).phase, Phase::Migrating { .. }) && self.mover.is_copying(vm)
        };
        let granted = state.vms.iter().filter(moving).map(|&vm| self.state.vm(vm).allotment.limit);
        let overhead = granted.sum::<u64>() * permille / 1000;
        self.state.host_mut(host).overhead = overhead.min(self.state.capacity(host, CPU));
    }

    /// The same where migrations that waited have begun to copy.
    pub(super) fn charge_begun(&mut self) {
        for vm in self.mover.begun() {
            if let Phase::Migrating { from, .. } = self.state.vm(vm).phase {
                self.hold(from);
                self.charge(from);
            }
        }
    }

    pub(super) fn begin_migration(&mut self, vm: usize, from: usize, to: usize) {
        self.hold(from);
        self.hold(to);
        self.state.host_mut(to).incoming.push(vm);
        self.state.vm_mut(vm).phase = Phase::Migrating { from, to };
        self.set_aside(vm, to);
        let memory = self.state.vm(vm).allotment.reserved[MEMORY];
        self.mover.start(self.state.now, Transfer { vm, from, to, memory });
        self.charge(from);
        self.tell(What::MigrationStarted { vm, from, to });
    }

    pub(super) fn migrated(&mut self, vm: usize, bytes: u64, downtime: Time) {
        let Phase::Migrating { from, to } = self.state.vm(vm).phase else { return };
        self.take_off(vm, from);
        self.hold(to);
        self.state.host_mut(to).incoming.retain(|&other| other != vm);
        self.state.host_mut(to).vms.push(vm);
        self.state.vm_mut(vm).phase = Phase::Running { host: to };
        self.charge(from);
        self.tell(What::Migrated { vm, from, to, bytes, downtime });
    }

    /// Calls a migration off: the VM stays where it runs.
    pub(super) fn call_off(&mut self, vm: usize) {
        let Phase::Migrating { from, to } = self.state.vm(vm).phase else { return };
        self.mover.cancel(self.state.now, vm);
        self.hold(from);
        self.hold(to);
        self.state.host_mut(to).incoming.retain(|&other| other != vm);
        self.give_back(vm, to);
        self.state.vm_mut(vm).phase = Phase::Running { host: from };
        self.charge(from);
        self.charge_begun();
        self.tell(What::MigrationFailed { vm, from, to });
    }

    /// Something comes from outside. A host that is off or has failed already does not fail.
    pub(super) fn befall(&mut self, incident: Incident) {
        match incident {
            Incident::Fail { host } => self.fail(host),
            Incident::Repair { host } => self.repair(host),
            Incident::Slow { host, permille } => {
                self.hold(host);
                self.state.host_mut(host).permille = permille.min(1000);
                self.charge(host);
                self.tell(What::HostSlowed { host, permille });
            }
        }
    }

    pub(super) fn fail(&mut self, host: usize) {
        if matches!(self.state.host(host).status, Status::On | Status::Waking) {
            self.bring_down(host, What::HostFailed { host });
        }
    }

    /// Cuts the power of a host; if it works, it starts anew. Whether it was not off.
    pub(super) fn fence(&mut self, host: usize) -> bool {
        match self.state.host(host).status {
            Status::Off => return false,
            Status::Failed => self.tell(What::Fenced { host }),
            Status::On | Status::Waking => {
                self.bring_down(host, What::Fenced { host });
                self.state.host_mut(host).status = Status::Waking;
                self.open(host);
                self.boot(host);
            }
        }
        true
    }

    /// A host no longer works, and its VMs are down.
    fn bring_down(&mut self, host: usize, why: What) {
        self.hold(host);
        let vms = self.state.host(host).vms.clone();
        for vm in vms.iter().chain(&self.state.host(host).incoming.clone()) {
            self.call_off(*vm);
        }
        self.close(host);
        self.state.host_mut(host).status = Status::Failed;
        self.tell(why);
        for vm in vms {
            if matches!(self.state.vm(vm).phase, Phase::Down { .. }) {
                continue;
            }
            self.starts[vm] += 1;
            let state = self.state.vm_mut(vm);
            state.phase = Phase::Down { host };
            (state.wanted, state.granted) = (<_>::default(), 0);
            self.tell(What::VmDown { vm, host });
        }
    }

    /// A host works again: it starts with the VMs that are still counted to it, as far as rules bear it.
    pub(super) fn repair(&mut self, host: usize) {
        if self.state.host(host).status != Status::Failed {
            return;
        }
        self.hold(host);
        self.state.host_mut(host).status = Status::On;
        self.open(host);
        self.freed = true;
        self.tell(What::HostRepaired { host });
        self.start_all(host);
    }

    /// Carries out an action; whether it could be.
    pub(super) fn carry_out(&mut self, action: Action) -> bool {
        match action {
            Action::Allot { vm, allotment } => self.allot(vm, allotment),
            Action::Migrate { vm, to } => {
                let Phase::Running { host } = self.state.vm(vm).phase else { return false };
                let reserved = self.state.vm(vm).allotment.reserved;
                let may = host != to && self.takes(vm, to, &reserved);
                if may {
                    self.begin_migration(vm, host, to);
                }
                may
            }
            Action::Restart { vm, to } => self.restart(vm, to),
            Action::Fence { host } => self.fence(host),
            Action::GiveUp { vm } => {
                let Phase::Down { host } = self.state.vm(vm).phase else { return false };
                self.take_off(vm, host);
                self.state.vm_mut(vm).phase = Phase::Lost;
                self.tell(What::Lost { vm });
                true
            }
            Action::Wake { host } => {
                let status = self.state.host(host).status;
                self.state.host_mut(host).kept_on = true;
                if status == Status::Off {
                    self.wake(host);
                }
                status != Status::Failed
            }
            Action::Sleep { host } => {
                self.hold(host);
                self.state.host_mut(host).kept_on = false;
                true
            }
            Action::Cordon { host } => {
                self.state.host_mut(host).cordoned = true;
                self.close(host);
                true
            }
            Action::Uncordon { host } => {
                if std::mem::replace(&mut self.state.host_mut(host).cordoned, false) {
                    self.open(host);
                    self.freed = true;
                }
                true
            }
            Action::Suspect { host } => {
                self.tell(What::Suspected { host });
                true
            }
            Action::Trust { host } => {
                self.tell(What::Trusted { host });
                true
            }
        }
    }

    /// Whether a host that is on takes a VM now.
    pub(super) fn takes(&self, vm: usize, host: usize, reserved: &Demand) -> bool {
        let state = self.state.host(host);
        state.status == Status::On
            && !state.cordoned
            && self.state.has_room(host, reserved)
            && self.guards.iter().all(|guard| guard.admits(vm, host, &self.state))
    }

    pub(super) fn allot(&mut self, vm: usize, allotment: Allotment) -> bool {
        let before = self.state.vm(vm).allotment;
        // What a migrating VM has set aside on two hosts stays as it is.
        let (Phase::Starting { host } | Phase::Running { host }) = self.state.vm(vm).phase else {
            return false;
        };
        let fits = (0..self.state.hosts().resources())
            .all(|r| allotment.reserved[r] <= before.reserved[r] + self.state.free(host, r));
        if !fits || allotment.weight == 0 {
            return false;
        }
        self.hold(host);
        let (old, new) = (self.asking(vm, &before), self.asking(vm, &allotment));
        self.state.give_back(host, &before.reserved);
        self.state.commit(host, &allotment.reserved);
        self.placer.release(self.state.now, host, &old);
        self.placer.reserve(host, &new);
        self.state.vm_mut(vm).allotment = allotment;
        self.freed = true;
        self.tell(What::Allotted { vm });
        true
    }

    pub(super) fn restart(&mut self, vm: usize, to: Option<usize>) -> bool {
        let Phase::Down { host: from } = self.state.vm(vm).phase else { return false };
        if to.is_none() && self.return_home(vm, from) {
            return true;
        }
        let allotment = self.state.vm(vm).allotment;
        let host = match to {
            // On its own host it starts when that does.
            Some(host) => {
                Some(host).filter(|&to| to != from && self.takes(vm, to, &allotment.reserved))
            }
            None => self.find(vm, &allotment),
        };
        let Some(host) = host else { return false };
        self.take_off(vm, from);
        self.put(vm, host);
        self.tell(What::Restarted { vm, host });
        self.start(vm, host);
        true
    }
}
