//! Placements with rules by enumeration: every VM on every host, every set of standby hosts.

use std::collections::BTreeSet;

use vmpack_model::packing::{Demand, Instance, Level, Placement, Strength};

/// One host that may be opened.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    kind: usize,
    open: bool,
    /// The demand rows of its VMs.
    holds: Vec<usize>,
}

impl Host {
    fn of(&self, instance: &Instance, vms: &[usize]) -> u64 {
        self.holds.iter().filter(|&&row| vms.contains(&instance.type_of_row(row))).count() as u64
    }

    fn is_full(&self, instance: &Instance) -> bool {
        (0..instance.dimensions()).any(|k| {
            let load: u64 = self.holds.iter().map(|&row| instance.demand(row)[k]).sum();
            load > instance.capacity(self.kind)[k]
        })
    }
}

/// How often hosts break a demand.
fn broken(instance: &Instance, hosts: &[Host], demand: &Demand) -> u64 {
    let topology = &instance.rules().topology;
    let domains = |level: Level| -> Vec<Vec<&Host>> {
        let (of, names) = match level {
            Level::Host => return hosts.iter().map(|host| vec![host]).collect(),
            Level::Rack => (&topology.rack_of, topology.racks.len()),
            Level::Site => (&topology.site_of, topology.sites.len()),
        };
        let place = |host: &Host| of.get(host.kind).copied().flatten().ok_or(host.kind);
        let named = (0..names).map(Ok);
        let nameless = (0..instance.hosts().len()).map(Err);
        let all = named.chain(nameless);
        all.map(|at| hosts.iter().filter(|host| place(host) == at).collect()).collect()
    };
    let total = |domain: &[&Host], vms: &[usize]| -> u64 {
        domain.iter().map(|host| host.of(instance, vms)).sum()
    };
    let used = |vms: &[usize], level| {
        domains(level).iter().filter(|domain| total(domain, vms) > 0).count() as u64
    };
    match demand {
        Demand::Restrict { vms, hosts: allowed } => {
            let elsewhere = hosts.iter().filter(|host| !allowed.contains(&host.kind));
            elsewhere.map(|host| host.of(instance, vms)).sum()
        }
        Demand::AtMost { vms, most, within } => {
            let domains = domains(*within);
            domains.iter().map(|domain| total(domain, vms).saturating_sub(*most)).sum()
        }
        Demand::Together { vms, within } => used(vms, *within).saturating_sub(1),
        Demand::Spread { vms, least, over } => least.saturating_sub(used(vms, *over)),
        Demand::Separate { classes, within } => {
            let extra = domains(*within).into_iter().map(|domain| {
                let held = classes.iter().filter(|class| total(&domain, class) > 0).count() as u64;
                held.saturating_sub(1)
            });
            extra.sum()
        }
        Demand::Survive { hosts: among, failures } => {
            let standing: Vec<usize> = (0..hosts.len())
                .filter(|&at| hosts[at].open && among.contains(&hosts[at].kind))
                .collect();
            let failures = standing.len().min(*failures as usize) as u32;
            let sets = (0..1_u32 << standing.len()).filter(|set| set.count_ones() == failures);
            let lost = sets.filter(|set| {
                let fails = |at: usize| {
                    standing.iter().position(|&s| s == at).is_some_and(|bit| set >> bit & 1 == 1)
                };
                let mut left = hosts.to_vec();
                let mut homeless = Vec::new();
                for &at in standing.iter().filter(|&&at| fails(at)) {
                    homeless.append(&mut left[at].holds);
                    left[at].open = false;
                }
                !evacuated(instance, &mut left, among, &homeless)
            });
            lost.count() as u64
        }
    }
}

/// Whether VMs that lost their hosts find room on opened ones.
fn evacuated(instance: &Instance, left: &mut [Host], among: &[usize], homeless: &[usize]) -> bool {
    let Some((&row, rest)) = homeless.split_first() else {
        return instance.rules().rules.iter().filter(|rule| rule.is_hard()).all(|rule| {
            let kept = match &rule.demand {
                Demand::Restrict { .. } => true,
                Demand::AtMost { within, .. } | Demand::Separate { within, .. } => {
                    *within == Level::Host
                }
                _ => false,
            };
            !kept || broken(instance, left, &rule.demand) == 0
        });
    };
    for at in 0..left.len() {
        if left[at].open && among.contains(&left[at].kind) {
            for row in instance.vms()[instance.type_of_row(row)].rows.clone() {
                left[at].holds.push(row);
                if !left[at].is_full(instance) && evacuated(instance, left, among, rest) {
                    left[at].holds.pop();
                    return true;
                }
                left[at].holds.pop();
            }
        }
    }
    false
}

/// What hosts cost; `None` if they break a hard rule.
pub(crate) fn cost(instance: &Instance, hosts: &[Host]) -> Option<u64> {
    let mut cost = 0;
    for host in hosts.iter().filter(|host| host.open) {
        cost += instance.hosts()[host.kind].cost;
        if let Some(prices) = &instance.rules().prices {
            let price = |&row: &usize| prices[[instance.type_of_row(row), host.kind]];
            cost += host.holds.iter().map(price).sum::<u64>();
        }
    }
    for rule in &instance.rules().rules {
        let broken = broken(instance, hosts, &rule.demand);
        match rule.strength {
            Strength::Hard if broken > 0 => return None,
            Strength::Hard => {}
            Strength::Soft { price } => cost += price * broken,
        }
    }
    Some(cost)
}

/// The hosts of a placement, one by one; `None` if it is none, rules aside.
pub(crate) fn expand(instance: &Instance, placement: &Placement) -> Option<Vec<Host>> {
    let mut hosts = Vec::new();
    for (pattern, n) in &placement.patterns {
        let rows = pattern.vms.iter();
        let holds = rows.flat_map(|&(row, n)| std::iter::repeat_n(row, n as usize)).collect();
        let host = Host { kind: pattern.host, open: true, holds };
        hosts.extend(std::iter::repeat_n(host, *n as usize));
    }
    let placed = |vm: usize| hosts.iter().map(|host| host.of(instance, &[vm])).sum::<u64>();
    let opened = |t: usize| hosts.iter().filter(|host| host.kind == t).count() as u64;
    let all = (0..instance.vms().len()).all(|vm| placed(vm) == instance.vms()[vm].count);
    let mut types = instance.hosts().iter().enumerate();
    let stocked = types.all(|(t, host)| host.stock.is_none_or(|stock| opened(t) <= stock));
    (all && stocked && !hosts.iter().any(|host| host.is_full(instance))).then_some(hosts)
}

/// The least cost of placing at least so many VMs of each type; `None` if there is no such placement. Of a
/// host type of unlimited stock there are as many as VMs, and one more.
pub(crate) fn optimum(instance: &Instance, least: &[u64]) -> Option<u64> {
    let total = instance.total_vms();
    let kinds = instance.hosts().iter().enumerate();
    let kinds = kinds
        .flat_map(|(t, host)| std::iter::repeat_n(t, host.stock.unwrap_or(total + 1) as usize));
    let hosts = kinds.map(|kind| Host { kind, open: false, holds: Vec::new() });
    let vms = instance
        .vms()
        .iter()
        .enumerate()
        .flat_map(|(vm, kind)| (0..kind.count).map(move |n| (vm, n < least[vm])));
    let vms: Vec<(usize, bool)> = vms.collect();
    let mut best = None;
    place(instance, &vms, &mut hosts.collect(), &mut best);
    best
}

fn place(
    instance: &Instance,
    vms: &[(usize, bool)],
    hosts: &mut Vec<Host>,
    best: &mut Option<u64>,
) {
    if *best == Some(0) {
        return;
    }
    let Some((&(vm, required), rest)) = vms.split_first() else {
        return finish(instance, hosts, best);
    };
    if !required {
        place(instance, rest, hosts, best);
    }
    let mut empty = BTreeSet::new();
    for at in 0..hosts.len() {
        // Of empty hosts of a type one is as good as another.
        if hosts[at].holds.is_empty() && !empty.insert(hosts[at].kind) {
            continue;
        }
        for row in instance.vms()[vm].rows.clone() {
            hosts[at].holds.push(row);
            if !hosts[at].is_full(instance) {
                place(instance, rest, hosts, best);
            }
            hosts[at].holds.pop();
        }
    }
}

/// Opens the hosts that hold VMs, and if hosts may fail, every set of others.
fn finish(instance: &Instance, hosts: &[Host], best: &mut Option<u64>) {
    let mut hosts = hosts.to_vec();
    for host in &mut hosts {
        host.open = !host.holds.is_empty();
    }
    let survive = |demand: &Demand| matches!(demand, Demand::Survive { .. });
    let fails = instance.rules().rules.iter().any(|rule| survive(&rule.demand));
    let spare: Vec<usize> =
        (0..hosts.len()).filter(|&at| fails && hosts[at].holds.is_empty()).collect();
    for set in 0..1_u32 << spare.len() {
        for (bit, &at) in spare.iter().enumerate() {
            hosts[at].open = set >> bit & 1 == 1;
        }
        if let Some(cost) = cost(instance, &hosts) {
            *best = Some(best.map_or(cost, |best| best.min(cost)));
        }
    }
}
