//! Random fit.

use super::super::random::{Component, Stream};
use super::{Free, Policy, Setting, Vm};

struct RandomFit {
    free: Free,
    stream: Stream,
    /// Hosts with room for the VM at hand.
    candidates: Vec<usize>,
}

pub(super) fn build(setting: Setting<'_>) -> Box<dyn Policy> {
    let stream = Stream::new(Component::Placement, setting.seed);
    Box::new(RandomFit { free: Free::new(setting.fleet), stream, candidates: Vec::new() })
}

impl Policy for RandomFit {
    fn find(&mut self, vm: &Vm, admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        self.candidates.clear();
        let on = self.free.on.iter().copied();
        self.candidates.extend(on.filter(|&host| self.free.has_room(host, vm) && admit(host)));
        if self.candidates.is_empty() {
            return None;
        }
        Some(self.candidates[self.stream.below(self.candidates.len() as u64) as usize])
    }

    fn switch_on(&mut self, host: usize) {
        self.free.switch_on(host);
    }

    fn switch_off(&mut self, host: usize) {
        self.free.switch_off(host);
    }

    fn place(&mut self, host: usize, vm: &Vm) {
        self.free.place(host, vm);
    }

    fn remove(&mut self, _now: u64, host: usize, vm: &Vm) {
        self.free.remove(host, vm);
    }
}
