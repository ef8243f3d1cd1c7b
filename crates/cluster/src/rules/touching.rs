//! Which rules concern a VM type, and what they count.

use vmpack_model::packing::{Demand, Instance, Level};

/// One rule that concerns a VM type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    /// The rule, by index.
    pub(super) rule: u32,
    /// What counts the members that a domain holds: of the rule's group, or of the class of the type.
    pub(super) counter: u32,
}

/// The rules that concern each VM type; those of a type lie together.
#[derive(Clone, Debug)]
pub(super) struct Touching {
    /// Per VM type, where its rules begin; one entry more than types.
    starts: Vec<u32>,
    touches: Vec<Touch>,
    /// Per rule its first counter. A rule that separates classes counts the classes of a domain there, and the
    /// members of each class in the counters that follow.
    first: Vec<u32>,
    counters: u32,
}

impl Touching {
    pub(super) fn new(instance: &Instance) -> Self {
        let mut of_type: Vec<Vec<Touch>> = vec![Vec::new(); instance.vms().len()];
        let mut first = Vec::with_capacity(instance.rules().rules.len());
        let mut counters = 0;
        for (rule, of) in instance.rules().rules.iter().enumerate() {
            first.push(counters);
            let mut touch = |vms: &[usize], counter| {
                for &vm in vms {
                    of_type[vm].push(Touch { rule: rule as u32, counter });
                }
            };
            match &of.demand {
                Demand::Restrict { vms, .. }
                | Demand::AtMost { vms, .. }
                | Demand::Together { vms, .. }
                | Demand::Spread { vms, .. } => touch(vms, counters),
                Demand::Separate { classes, .. } => {
                    for class in classes {
                        counters += 1;
                        touch(class, counters);
                    }
                }
                Demand::Survive { .. } => {}
            }
            counters += 1;
        }
        let mut starts = vec![0];
        starts.extend(of_type.iter().scan(0, |end, touches| {
            *end += touches.len() as u32;
            Some(*end)
        }));
        Self { starts, touches: of_type.concat(), first, counters }
    }

    /// The rules that concern VMs of a type, in order.
    pub(super) fn of(&self, vm: usize) -> &[Touch] {
        &self.touches[self.starts[vm] as usize..self.starts[vm + 1] as usize]
    }

    /// The number of counters.
    pub(super) fn counters(&self) -> usize {
        self.counters as usize
    }

    /// What counts the classes that a domain holds, for a rule that separates.
    pub(super) fn classes(&self, rule: usize) -> u32 {
        self.first[rule]
    }
}

/// The level at which a rule looks at domains; that of hosts for rules without domains.
pub(super) fn level(demand: &Demand) -> Level {
    match demand {
        Demand::AtMost { within, .. }
        | Demand::Together { within, .. }
        | Demand::Separate { within, .. } => *within,
        Demand::Spread { over, .. } => *over,
        Demand::Restrict { .. } | Demand::Survive { .. } => Level::Host,
    }
}
