//! Hosts by the class that holds them, where a hard rule gives every host to one class.

use vmpack_model::packing::{Demand, Instance, Level};

/// Marks a host that no class holds, and a VM type that is in none.
const NOBODY: u32 = u32::MAX;

/// Which class of a rule holds which hosts, so that hosts of other classes can be kept out of sight: otherwise each VM
/// of a thousand tenants would be offered the hosts of all others.
///
/// Of the hard rules that separate classes on single hosts, the one with the most classes.
#[derive(Debug)]
pub(super) struct Tenants {
    /// Per VM type; empty if there is no such rule.
    class_of: Vec<u32>,
    /// Per host, its class and how many of its VMs are there.
    holder: Vec<(u32, u64)>,
    /// Per class, hosts that it holds or held.
    hosts: Vec<Vec<u32>>,
    /// The class whose hosts are in sight, with those of nobody.
    current: u32,
}

impl Tenants {
    pub(super) fn new(instance: &Instance) -> Self {
        let rules = instance.rules().rules.iter().filter(|rule| rule.is_hard());
        let classes = rules.filter_map(|rule| match &rule.demand {
            Demand::Separate { classes, within: Level::Host } => Some(classes),
            _ => None,
        });
        let classes = classes.max_by_key(|classes| classes.len()).map_or(&[][..], |of| of);
        let types = if classes.is_empty() { 0 } else { instance.vms().len() };
        let mut class_of = vec![NOBODY; types];
        for (class, vms) in classes.iter().enumerate() {
            for &vm in vms {
                class_of[vm] = class as u32;
            }
        }
        let hosts = vec![Vec::new(); classes.len()];
        Self { class_of, holder: Vec::new(), hosts, current: NOBODY }
    }

    /// The class of a VM type; the greatest number if it is in none.
    pub(super) fn class(&self, vm: usize) -> u32 {
        self.class_of.get(vm).copied().unwrap_or(NOBODY)
    }

    /// A VM of a type comes to a host.
    pub(super) fn join(&mut self, vm: usize, host: usize) {
        let class = self.class(vm);
        if class == NOBODY {
            return;
        }
        if self.holder.len() <= host {
            self.holder.resize(host + 1, (NOBODY, 0));
        }
        let (holder, vms) = &mut self.holder[host];
        if *vms == 0 {
            *holder = class;
            self.hosts[class as usize].push(host as u32);
        }
        *vms += 1;
    }

    /// A VM of a type leaves a host; whether that is nobody's then.
    pub(super) fn leave(&mut self, vm: usize, host: usize) -> bool {
        if self.class(vm) == NOBODY {
            return false;
        }
        let (holder, vms) = &mut self.holder[host];
        *vms -= 1;
        if *vms == 0 {
            let hosts = &mut self.hosts[*holder as usize];
            // Mostly those leave that came last.
            if let Some(at) = hosts.iter().rposition(|&of| of as usize == host) {
                hosts.swap_remove(at);
            }
            *holder = NOBODY;
        }
        *vms == 0
    }

    /// Turns to VMs of a class, or of none: tells of each host whether it is in sight from now on, if that changes.
    pub(super) fn turn_to(&mut self, class: u32, mut show: impl FnMut(usize, bool)) {
        let before = std::mem::replace(&mut self.current, class);
        if before == class {
            return;
        }
        let mut all = |class: u32, visible: bool| {
            let hosts = self.hosts.get(class as usize).into_iter().flatten();
            hosts.for_each(|&host| show(host as usize, visible));
        };
        match (before, class) {
            // VMs of no class may go anywhere.
            (_, NOBODY) => (0..self.hosts.len()).for_each(|of| all(of as u32, true)),
            (NOBODY, _) => {
                let others = (0..self.hosts.len() as u32).filter(|&of| of != class);
                others.for_each(|of| all(of, false));
            }
            _ => {
                all(before, false);
                all(class, true);
            }
        }
    }
}
