//! Single hosts with single VMs, and the way back.

use vmpack_cluster::{Cluster, Index, RuleState};
use vmpack_model::packing::{Demand, Instance, Level, Pattern};

use super::super::sequence::Sequence;
use super::super::stock::Stock;
use super::refusals::Refusals;
use super::tenants::Tenants;
use super::units::Part;

/// The hosts opened so far, what each has free, how they keep the rules, and a log by which decisions can be taken
/// back.
#[derive(Debug)]
pub(super) struct Fleet<'a, I> {
    pub(super) instance: &'a Instance,
    pub(super) sequence: &'a Sequence,
    pub(super) cluster: Cluster<I>,
    pub(super) state: RuleState<'a>,
    pub(super) stock: Stock<'a>,
    /// Which hosts will not take which VMs.
    pub(super) refusals: Refusals,
    /// What the VMs that are not placed demand in total, by their preferred rows.
    pub(super) remaining: Vec<u64>,
    /// Per VM type, its preferred row.
    preferred: Vec<usize>,
    /// Demand row and host of every VM placed.
    log: Vec<(u32, u32)>,
    /// Hosts in the order of opening.
    opened: Vec<u32>,
    /// Per host type, hosts that were opened and given back.
    spare: Vec<Vec<u32>>,
    tenants: Tenants,
    /// Per VM type, the soft rules by which the first VM in a domain pays for those that follow, and their levels;
    /// empty if there are none.
    paying_once: Vec<Vec<(usize, Level)>>,
}

/// A moment to which a fleet can return.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    placed: usize,
    opened: usize,
    refused: usize,
}

impl<'a, I: Index> Fleet<'a, I> {
    /// No host is open; the index must be new.
    pub(super) fn new(instance: &'a Instance, sequence: &'a Sequence, index: I) -> Self {
        let mut least = sequence.least().to_vec();
        // Without VMs nothing is promised.
        least.iter_mut().filter(|least| **least == u64::MAX).for_each(|least| *least = 0);
        let mut preferred = vec![0; instance.vms().len()];
        for job in 0..sequence.len() {
            let row = sequence.rows(job)[0];
            preferred[instance.type_of_row(row)] = row;
        }
        Self {
            instance,
            sequence,
            cluster: Cluster::new(instance.dimensions(), index).with_least(&least),
            state: RuleState::new(instance),
            stock: Stock::new(instance),
            refusals: Refusals::default(),
            remaining: sequence.demand().to_vec(),
            preferred,
            log: Vec::new(),
            opened: Vec::new(),
            spare: vec![Vec::new(); instance.hosts().len()],
            tenants: Tenants::new(instance),
            paying_once: paying_once(instance),
        }
    }

    /// Whether neither rules nor prices concern the VMs of a job.
    pub(super) fn is_free(&self, job: usize) -> bool {
        let vm = self.instance.type_of_row(self.sequence.rows(job)[0]);
        self.instance.rules().prices.is_none() && !self.state.concerns(vm)
    }

    /// Shows only hosts that may take VMs of a part, as far as they are given to classes.
    pub(super) fn turn_to(&mut self, part: &Part) {
        let vm = |job: usize| self.instance.type_of_row(self.sequence.rows(job)[0]);
        let class = part.iter().map(|&(job, _)| self.tenants.class(vm(job))).min();
        let (tenants, cluster) = (&mut self.tenants, &mut self.cluster);
        if let Some(class) = class {
            tenants.turn_to(
                class,
                |host, visible| {
                    if visible { cluster.open(host) } else { cluster.close(host) }
                },
            );
        }
    }

    /// Opens a host of a type that is in stock; its number.
    pub(super) fn open(&mut self, kind: usize) -> usize {
        self.stock.take(kind, 1);
        let host = if let Some(host) = self.spare[kind].pop() {
            self.cluster.open(host as usize);
            host as usize
        } else {
            self.state.add(kind);
            self.cluster.add(self.instance.capacity(kind))
        };
        self.opened.push(host as u32);
        host
    }

    /// Puts a VM by a row on a host that it fits.
    pub(super) fn place(&mut self, row: usize, host: usize) {
        let vm = self.instance.type_of_row(row);
        self.cluster.place(host, self.instance.demand(row), 1);
        let paying = self.paying_once.get(vm).map_or(&[][..], |rules| rules);
        let paid = |state: &RuleState<'_>| -> u64 {
            paying.iter().map(|&(rule, _)| state.violations(rule)).sum()
        };
        let before = paid(&self.state);
        self.state.place(vm, host, 1);
        if paid(&self.state) > before {
            if paying.iter().all(|&(_, level)| level == Level::Host) {
                self.refusals.forget_prices_of(&mut self.cluster, host);
            } else {
                self.refusals.forget_prices(&mut self.cluster);
            }
        }
        self.tenants.join(vm, host);
        let demand = self.instance.demand(self.preferred[vm]);
        self.remaining.iter_mut().zip(demand).for_each(|(sum, demand)| *sum -= demand);
        self.log.push((row as u32, host as u32));
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { placed: self.log.len(), opened: self.opened.len(), refused: self.refusals.len() }
    }

    /// Takes back all that happened since.
    pub(super) fn return_to(&mut self, mark: Mark) {
        self.refusals.return_to(&mut self.cluster, mark.refused);
        while self.log.len() > mark.placed
            && let Some((row, host)) = self.log.pop()
        {
            let (row, host) = (row as usize, host as usize);
            let vm = self.instance.type_of_row(row);
            self.cluster.take_off(host, self.instance.demand(row), 1);
            self.state.take_off(vm, host, 1);
            if self.tenants.leave(vm, host) {
                self.cluster.open(host);
            }
            let demand = self.instance.demand(self.preferred[vm]);
            self.remaining.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += demand);
        }
        while self.opened.len() > mark.opened
            && let Some(host) = self.opened.pop()
        {
            let kind = self.state.kind(host as usize);
            self.cluster.close(host as usize);
            self.stock.give_back(kind, 1);
            self.spare[kind].push(host);
        }
    }

    /// The hosts that are open, in sight or not.
    #[cfg(test)]
    pub(super) fn hosts(&self) -> Vec<usize> {
        self.opened.iter().map(|&host| host as usize).collect()
    }

    /// The hosts that hold VMs: number and contents, in order.
    pub(super) fn contents(&mut self) -> Vec<(usize, Pattern)> {
        self.log.sort_unstable_by_key(|&(row, host)| (host, row));
        let hosts = self.log.chunk_by(|a, b| a.1 == b.1);
        let contents = hosts.map(|vms| {
            let host = vms[0].1 as usize;
            let rows = vms.chunk_by(|a, b| a.0 == b.0);
            let vms = rows.map(|alike| (alike[0].0 as usize, alike.len() as u64)).collect();
            (host, Pattern { host: self.state.kind(host), vms })
        });
        contents.collect()
    }
}

/// Per VM type, the soft rules that count a domain once however many VMs join it; nothing if there are none.
fn paying_once(instance: &Instance) -> Vec<Vec<(usize, Level)>> {
    let rules = instance.rules().rules.iter().enumerate().filter(|(_, rule)| !rule.is_hard());
    let mut of_type = Vec::new();
    for (index, rule) in rules {
        let (groups, level) = match &rule.demand {
            Demand::Together { vms, within } => (std::slice::from_ref(vms), *within),
            Demand::Separate { classes, within } => (&classes[..], *within),
            _ => continue,
        };
        of_type.resize(instance.vms().len(), Vec::new());
        for &vm in groups.iter().flatten() {
            of_type[vm].push((index, level));
        }
    }
    of_type
}
