//! Next fit.

use super::{Free, Policy, Setting, Vm};

struct NextFit {
    free: Free,
    last: usize,
}

pub(super) fn build(setting: Setting<'_>) -> Box<dyn Policy> {
    Box::new(NextFit { free: Free::new(setting.fleet), last: 0 })
}

impl Policy for NextFit {
    fn find(&mut self, vm: &Vm, admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let on = &self.free.on;
        let (before, after) = on.split_at(on.partition_point(|&host| host < self.last));
        let mut round = after.iter().chain(before).copied();
        round.find(|&host| self.free.has_room(host, vm) && admit(host))
    }

    fn switch_on(&mut self, host: usize) {
        self.free.switch_on(host);
    }

    fn switch_off(&mut self, host: usize) {
        self.free.switch_off(host);
    }

    fn place(&mut self, host: usize, vm: &Vm) {
        self.last = host;
        self.free.place(host, vm);
    }

    fn remove(&mut self, _now: u64, host: usize, vm: &Vm) {
        self.free.remove(host, vm);
    }
}
