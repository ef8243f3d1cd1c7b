//! The rules of a run.

use vmpack_model::packing::{Demand as Form, Instance, Level, Rule, Rules, Strength};

use super::Term;
use super::types::Types;
use crate::operation::{Hosts, Vm};

/// Placement rules over the VMs and hosts of a run.
#[derive(Clone, Debug)]
pub struct Isolation {
    instance: Instance,
    /// The VM type of each VM and the host type of each host.
    type_of: Vec<u32>,
    kind_of: Vec<u32>,
    /// The rules on who shares a domain, by its extent.
    levels: Vec<(Level, Instance)>,
}

impl Isolation {
    /// The rules that terms become for these VMs and hosts. VMs of one tenant, class and size are one type, hosts of one
    /// size in one rack another.
    ///
    /// # Errors
    /// What is wrong with a term: a tenant or site that there is not, a number that is 0, hosts that cannot stand by for
    /// each other.
    pub fn new(terms: &[Term], vms: &[Vm], hosts: &Hosts) -> Result<Self, String> {
        let types = Types::new(vms, hosts);
        let mut rules = Vec::new();
        for (number, term) in terms.iter().enumerate() {
            let demands =
                types.compile(term).map_err(|reason| format!("term {}: {reason}", number + 1))?;
            for (part, demand) in demands.into_iter().enumerate() {
                let name = format!("{}-{}-{}", demand.name(), number + 1, part + 1);
                rules.push(Rule { name, demand, strength: Strength::Hard });
            }
        }
        let bare = types.instance(vms, hosts)?;
        let with = |rules: Vec<Rule>| {
            let rules = Rules { topology: types.topology.clone(), rules, ..Rules::default() };
            bare.clone().with_rules(rules).map_err(|error| error.to_string())
        };
        let mut levels = Vec::new();
        for level in [Level::Host, Level::Rack, Level::Site] {
            let here = rules.iter().filter(|rule| shares(&rule.demand) == Some(level));
            let here: Vec<Rule> = here.cloned().collect();
            if !here.is_empty() {
                levels.push((level, with(here)?));
            }
        }
        Ok(Self { instance: with(rules)?, type_of: types.type_of, kind_of: types.kind_of, levels })
    }

    /// The VM types, host types and rules.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.instance.rules().rules
    }

    /// The rules on who shares a domain of each extent that has some: [`Form::Restrict`] among those of hosts.
    pub(super) fn levels(&self) -> &[(Level, Instance)] {
        &self.levels
    }

    /// The type of a VM.
    pub fn type_of(&self, vm: usize) -> usize {
        self.type_of[vm] as usize
    }

    /// The type of a host.
    pub fn kind_of(&self, host: usize) -> usize {
        self.kind_of[host] as usize
    }

    /// The number of hosts.
    pub(super) fn hosts(&self) -> usize {
        self.kind_of.len()
    }

    /// The domain of a host: two are in the same exactly if the numbers agree.
    pub fn domain(&self, level: Level, host: usize) -> usize {
        self.instance.rules().topology.domain(level, self.kind_of(host)).unwrap_or(host)
    }

    /// For each VM type, the rules about it among those that `of` selects.
    pub(super) fn rules_by_type(&self, of: impl Fn(&Form) -> bool) -> Vec<Vec<(u32, u32)>> {
        let mut by_type = vec![Vec::new(); self.instance.vms().len()];
        for (rule, form) in self.rules().iter().enumerate().filter(|(_, rule)| of(&rule.demand)) {
            let mut touch = |vms: &[usize], class: usize| {
                for &vm in vms {
                    by_type[vm].push((rule as u32, class as u32));
                }
            };
            match &form.demand {
                Form::Restrict { vms, .. }
                | Form::AtMost { vms, .. }
                | Form::Together { vms, .. }
                | Form::Spread { vms, .. } => touch(vms, 0),
                Form::Separate { classes, .. } => {
                    classes.iter().enumerate().for_each(|(class, vms)| touch(vms, class));
                }
                Form::Survive { .. } => {}
            }
        }
        by_type
    }
}

/// The extent at which a rule says who shares a domain, if it does.
fn shares(demand: &Form) -> Option<Level> {
    match demand {
        Form::Restrict { .. } => Some(Level::Host),
        Form::AtMost { within, .. } | Form::Separate { within, .. } => Some(*within),
        Form::Together { .. } | Form::Spread { .. } | Form::Survive { .. } => None,
    }
}
