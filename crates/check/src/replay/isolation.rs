//! Rules on who may be where, followed through a log of a cluster in operation.

use std::collections::BTreeMap;

use vmpack_model::packing::{Demand as Form, Level, Rule, Strength, Topology};

use super::{Deed, Fault, Step, ensure};

/// Tenants, and the rules that keep them apart.
#[derive(Clone, Debug)]
pub struct Isolation {
    /// The rules, over types of VMs and hosts; those that may be broken are not looked at.
    pub rules: Vec<Rule>,
    /// Where host types stand.
    pub topology: Topology,
    /// The type of each VM.
    pub type_of: Vec<usize>,
    /// The type of each host.
    pub kind_of: Vec<usize>,
    /// The tenant of each VM.
    pub tenants: Vec<u32>,
    /// Which hosts may stand by for others: those that have as much of everything as any.
    pub large: Vec<bool>,
    /// Whether rules are kept, or only looked at.
    pub kept: bool,
}

/// Where a VM is, and whether it is down there.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    on: Option<usize>,
    to: Option<usize>,
    down: bool,
}

/// What is counted for a rule.
#[derive(Clone, Debug, Default)]
struct Count {
    /// VMs by domain and class; none are not listed. For groups that stay together, those that run or will, for groups that
    /// spread, those of them that are in the domain for certain; for other rules all, those that migrate in both domains.
    inside: BTreeMap<(usize, usize), u64>,
    /// All that run or will.
    running: u64,
}

/// Follows where VMs are, and refuses actions that break a rule.
///
/// A VM that migrates is on both hosts, one that is down is on its host and runs nowhere. Placements, beginnings of migrations
/// and starts elsewhere are actions. After each, who shares a domain is as rules say, VMs that are down among them; those that
/// run of a group that stays together are in one domain, which is asked as well when a VM is back on its own host; and a
/// group that spreads is short of no more domains than before, with the VM at its goal and others counted where they are for
/// certain. Hosts that stand by stay empty but for VMs that start anew; whether they work is not known.
///
/// A step takes time linear in the rules about the VM, for groups in their domains, and for tenants of a host in these.
#[derive(Clone, Debug)]
pub(super) struct Guardian<'a> {
    isolation: &'a Isolation,
    /// For each VM type, the rules about it and its class in each.
    about: Vec<Vec<(usize, usize)>>,
    counts: Vec<Count>,
    spots: Vec<Spot>,
    /// VMs that are counted to each host, and how many of each tenant run there or will.
    guests: Vec<u64>,
    tenants: Vec<BTreeMap<u32, u64>>,
    /// Empty hosts that may stand by, and how many have to.
    empty: u64,
    standby: u64,
    /// Pairs of tenants that are together now, and pairs times milliseconds until then.
    pairs: u64,
    exposure: u128,
    now: u64,
}

impl<'a> Guardian<'a> {
    /// No VM is anywhere yet.
    ///
    /// # Panics
    /// If rules are about VM types without VMs.
    pub(super) fn new(isolation: &'a Isolation) -> Self {
        let types = isolation.type_of.iter().max().map_or(0, |&most| most + 1);
        let mut about = vec![Vec::new(); types];
        let mut standby = 0;
        for (rule, Rule { demand, strength, .. }) in isolation.rules.iter().enumerate() {
            if *strength != Strength::Hard {
                continue;
            }
            let mut touch = |vms: &[usize], class: usize| {
                for &vm in vms {
                    about[vm].push((rule, class));
                }
            };
            match demand {
                Form::Restrict { vms, .. }
                | Form::AtMost { vms, .. }
                | Form::Together { vms, .. }
                | Form::Spread { vms, .. } => touch(vms, 0),
                Form::Separate { classes, .. } => {
                    classes.iter().enumerate().for_each(|(class, vms)| touch(vms, class));
                }
                Form::Survive { failures, .. } => standby = standby.max(*failures),
            }
        }
        let hosts = isolation.kind_of.len();
        Self {
            isolation,
            about,
            counts: vec![Count::default(); isolation.rules.len()],
            spots: vec![Spot::default(); isolation.type_of.len()],
            guests: vec![0; hosts],
            tenants: vec![BTreeMap::new(); hosts],
            empty: isolation.large.iter().filter(|&&large| large).count() as u64,
            standby,
            pairs: 0,
            exposure: 0,
            now: 0,
        }
    }

    /// Takes a step that an [`Audit`](super::Audit) has taken.
    ///
    /// # Errors
    /// If it breaks a rule that is kept.
    pub(super) fn step(&mut self, step: &Step) -> Result<(), Fault> {
        let &Step { time, vm, what } = step;
        self.wait(time);
        let index = vm as usize;
        let before = self.spots[index];
        let on = |host: u64| Spot { on: Some(host as usize), to: None, down: false };
        let after = match what {
            Deed::Placed(host) | Deed::Restarts(host) => on(host),
            Deed::Moves(host) => Spot { to: Some(host as usize), ..before },
            Deed::Moved => Spot { on: before.to, to: None, ..before },
            Deed::Stays => Spot { to: None, ..before },
            Deed::Left => Spot::default(),
            Deed::Down => Spot { down: true, ..before },
            Deed::Returns => Spot { down: false, ..before },
            Deed::Reserves(..) => return Ok(()),
        };
        self.spots[index] = after;
        let goal = match what {
            Deed::Placed(host) | Deed::Restarts(host) | Deed::Moves(host) => Some(host as usize),
            _ => None,
        };
        let back = after.on.filter(|_| what == Deed::Returns);
        let isolation = self.isolation;
        for at in 0..self.about[isolation.type_of[index]].len() {
            let (rule, class) = self.about[isolation.type_of[index]][at];
            let Rule { name, demand, .. } = &isolation.rules[rule];
            let short = self.counts[rule].short(demand);
            self.count(rule, class, before, false);
            let is_broken = match demand {
                Form::Together { .. } => {
                    goal.or(back).is_some_and(|host| self.breaks(rule, class, host, short))
                }
                _ => goal.is_some_and(|host| self.breaks(rule, class, host, short)),
            };
            ensure(!(is_broken && isolation.kept), || {
                format!("VM {vm}: {what:?} at {time} breaks the rule {name}")
            })?;
            self.count(rule, class, after, true);
        }
        self.be_guest(index, before, false);
        let takes_reserve = matches!(what, Deed::Placed(_) | Deed::Moves(_))
            && goal.is_some_and(|host| {
                self.guests[host] == 0
                    && self.empty < self.standby + u64::from(isolation.large[host])
            });
        ensure(!(takes_reserve && self.standby > 0 && isolation.kept), || {
            format!("VM {vm}: {what:?} at {time} leaves fewer than {} hosts empty", self.standby)
        })?;
        self.be_guest(index, after, true);
        Ok(())
    }

    /// Exposure until then, as pairs of tenants times milliseconds.
    pub(super) fn exposure(mut self, end: u64) -> u128 {
        self.wait(end);
        self.exposure
    }

    fn wait(&mut self, until: u64) {
        let time = until.saturating_sub(std::mem::replace(&mut self.now, until));
        self.exposure += u128::from(self.pairs) * u128::from(time);
    }

    fn domain(&self, level: Level, host: usize) -> usize {
        self.isolation.topology.domain(level, self.isolation.kind_of[host]).unwrap_or(host)
    }

    /// Whether a VM of that class breaks a rule on a host, others being counted; a group that spreads was short of so many
    /// domains.
    fn breaks(&self, rule: usize, class: usize, host: usize, short: u64) -> bool {
        let form = &self.isolation.rules[rule].demand;
        let Count { inside, running } = &self.counts[rule];
        let Some(level) = level(form) else {
            return match form {
                Form::Restrict { hosts, .. } => !hosts.contains(&self.isolation.kind_of[host]),
                _ => false,
            };
        };
        let domain = self.domain(level, host);
        let mut here = inside.range((domain, 0)..=(domain, usize::MAX));
        match form {
            Form::AtMost { most, .. } => here.map(|(_, count)| count).sum::<u64>() >= *most,
            Form::Separate { .. } => here.any(|(&(_, other), _)| other != class),
            Form::Together { .. } => inside.keys().any(|&(other, _)| other != domain),
            Form::Spread { least, .. } => {
                let used = inside.len() as u64 + u64::from(here.next().is_none());
                (running + 1).min(*least).saturating_sub(used) > short
            }
            Form::Restrict { .. } | Form::Survive { .. } => false,
        }
    }

    /// Counts a VM for a rule, or no longer.
    fn count(&mut self, rule: usize, class: usize, spot: Spot, comes: bool) {
        let form = &self.isolation.rules[rule].demand;
        let Some(level) = level(form) else { return };
        let runs = spot.on.is_some() && !spot.down;
        let by_run = matches!(form, Form::Together { .. } | Form::Spread { .. });
        let [on, to] = [spot.on, spot.to].map(|host| host.map(|host| self.domain(level, host)));
        let other = to.filter(|_| to != on);
        let Count { inside, running } = &mut self.counts[rule];
        let is_certain = other.is_none() || !matches!(form, Form::Spread { .. });
        if (runs || !by_run) && is_certain {
            for domain in on.into_iter().chain(other) {
                change(inside, (domain, class), comes);
            }
        }
        if comes {
            *running += u64::from(runs);
        } else {
            *running -= u64::from(runs);
        }
    }

    /// Has a VM be on its hosts, or no longer.
    fn be_guest(&mut self, vm: usize, spot: Spot, comes: bool) {
        for host in spot.on.into_iter().chain(spot.to) {
            let guests = &mut self.guests[host];
            *guests = if comes { *guests + 1 } else { *guests - 1 };
            if self.isolation.large[host] && *guests == u64::from(comes) {
                self.empty = if comes { self.empty - 1 } else { self.empty + 1 };
            }
            let tenants = &mut self.tenants[host];
            if !spot.down && change(tenants, self.isolation.tenants[vm], comes) {
                let others = tenants.len() as u64 - u64::from(comes);
                self.pairs = if comes { self.pairs + others } else { self.pairs - others };
            }
        }
    }
}

impl Count {
    /// How many domains a group that spreads is short of.
    fn short(&self, form: &Form) -> u64 {
        match form {
            Form::Spread { least, .. } => {
                self.running.min(*least).saturating_sub(self.inside.len() as u64)
            }
            _ => 0,
        }
    }
}

/// One more or less of a key; whether it is the first or the last.
fn change<K: Ord + Copy>(counts: &mut BTreeMap<K, u64>, key: K, comes: bool) -> bool {
    let count = counts.entry(key).or_default();
    if comes {
        *count += 1;
        return *count == 1;
    }
    *count -= 1;
    let is_last = *count == 0;
    if is_last {
        counts.remove(&key);
    }
    is_last
}

/// The extent of the domains that a rule asks of.
fn level(form: &Form) -> Option<Level> {
    match form {
        Form::AtMost { within: level, .. }
        | Form::Separate { within: level, .. }
        | Form::Together { within: level, .. }
        | Form::Spread { over: level, .. } => Some(*level),
        Form::Restrict { .. } | Form::Survive { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Deed::{Down, Left, Moved, Moves, Placed, Restarts, Returns};

    /// Four hosts of which two stand in a rack each, and four VMs of types of their own and of tenants 0, 0, 1, 2.
    fn isolation(demand: Form) -> Isolation {
        let rack_of = vec![Some(0), Some(0), Some(1), Some(1)];
        Isolation {
            rules: vec![Rule { name: "it".to_owned(), demand, strength: Strength::Hard }],
            topology: Topology {
                racks: vec!["a".to_owned(), "b".to_owned()],
                rack_of,
                ..Topology::default()
            },
            type_of: vec![0, 1, 2, 3],
            kind_of: vec![0, 1, 2, 3],
            tenants: vec![0, 0, 1, 2],
            large: vec![true; 4],
            kept: true,
        }
    }

    fn follow(isolation: &Isolation, steps: &[(u64, u64, Deed)]) -> Result<u128, String> {
        let mut guardian = Guardian::new(isolation);
        for &step in steps {
            guardian.step(&step.into()).map_err(|fault| fault.0)?;
        }
        Ok(guardian.exposure(100))
    }

    /// That the steps before the last may be and the last may not.
    fn last_breaks(demand: Form, steps: &[(u64, u64, Deed)]) {
        let mut isolation = isolation(demand);
        let (_, all_but_last) = steps.split_last().expect("steps");
        assert!(follow(&isolation, all_but_last).is_ok(), "{all_but_last:?}");
        let said = follow(&isolation, steps).expect_err("the last breaks it");
        assert!(said.contains(" breaks the rule it") || said.contains("leaves fewer"), "{said}");
        isolation.kept = false;
        assert!(follow(&isolation, steps).is_ok(), "only looked at");
    }

    #[test]
    fn every_form_is_kept_by_every_action() {
        let restrict = Form::Restrict { vms: vec![0], hosts: vec![1, 2] };
        last_breaks(restrict.clone(), &[(0, 1, Placed(0)), (0, 0, Placed(0))]);
        last_breaks(
            restrict.clone(),
            &[(0, 0, Placed(1)), (1, 0, Moves(2)), (2, 0, Moved), (3, 0, Moves(3))],
        );
        last_breaks(restrict, &[(0, 0, Placed(1)), (1, 0, Down), (2, 0, Restarts(0))]);
        let most = |within| Form::AtMost { vms: vec![0, 1, 2], most: 2, within };
        let two = [(0, 0, Placed(0)), (0, 1, Placed(1)), (0, 3, Placed(1))];
        last_breaks(most(Level::Rack), &[&two[..], &[(1, 2, Placed(0))]].concat());
        // One that moves is in both racks, one that is down is still there.
        last_breaks(
            most(Level::Rack),
            &[&two[..], &[(1, 2, Placed(3)), (1, 1, Moves(2)), (2, 1, Moved), (2, 0, Moves(3))]]
                .concat(),
        );
        last_breaks(most(Level::Rack), &[&two[..], &[(1, 0, Down), (2, 2, Placed(0))]].concat());
        let separate = Form::Separate { classes: vec![vec![0, 1], vec![2]], within: Level::Host };
        last_breaks(separate.clone(), &[&two[..], &[(1, 2, Placed(1))]].concat());
        last_breaks(separate.clone(), &[&two[..], &[(1, 2, Placed(2)), (2, 2, Moves(0))]].concat());
        last_breaks(
            separate,
            &[&two[..], &[(1, 2, Placed(2)), (2, 0, Down), (2, 2, Moves(0))]].concat(),
        );
    }

    #[test]
    fn groups_are_kept_as_they_run() {
        let together = Form::Together { vms: vec![0, 1, 2], within: Level::Rack };
        let two = [(0, 0, Placed(0)), (0, 1, Placed(1))];
        last_breaks(together.clone(), &[&two[..], &[(1, 2, Placed(2))]].concat());
        last_breaks(together.clone(), &[&two[..], &[(1, 0, Moves(2))]].concat());
        last_breaks(together.clone(), &[&two[..], &[(1, 0, Down), (2, 0, Restarts(2))]].concat());
        // All are down, one starts elsewhere, and the other comes back.
        let fail = [(1, 0, Down), (1, 1, Down), (2, 0, Restarts(2))];
        last_breaks(together.clone(), &[&two[..], &fail, &[(3, 1, Returns)]].concat());
        let moves =
            [&two[..], &fail, &[(3, 1, Restarts(3)), (4, 0, Left), (5, 1, Moves(0))]].concat();
        assert!(follow(&isolation(together), &moves).is_ok(), "the last of them is free");

        let spread = Form::Spread { vms: vec![0, 1, 2], least: 2, over: Level::Rack };
        last_breaks(spread.clone(), &two);
        let two = [(0, 0, Placed(0)), (0, 1, Placed(2))];
        last_breaks(spread.clone(), &[&two[..], &[(1, 1, Moves(1))]].concat());
        // The third may be anywhere, and bears the move of one of the others.
        let three = [&two[..], &[(1, 2, Placed(3)), (2, 1, Moves(1))]].concat();
        assert!(follow(&isolation(spread.clone()), &three).is_ok());
        last_breaks(spread.clone(), &[&three[..], &[(2, 2, Moves(0))]].concat());
        // A failure leaves two in a rack, and nobody is to blame; one more may join them, but not in place of another rack.
        let failed = [&two[..], &[(1, 2, Placed(0)), (2, 1, Down)]].concat();
        assert!(follow(&isolation(spread.clone()), &failed).is_ok());
        assert!(
            follow(&isolation(spread.clone()), &[&failed[..], &[(3, 1, Restarts(1))]].concat())
                .is_ok()
        );
        last_breaks(
            spread,
            &[&failed[..], &[(3, 0, Moves(3)), (4, 0, Moved), (5, 0, Moves(1))]].concat(),
        );
    }

    #[test]
    fn hosts_stand_by_for_those_whose_host_failed() {
        let survive = Form::Survive { hosts: vec![0, 1, 2, 3], failures: 2 };
        let two = [(0, 0, Placed(0)), (0, 1, Placed(1)), (0, 2, Placed(1))];
        last_breaks(survive.clone(), &[&two[..], &[(1, 3, Placed(2))]].concat());
        last_breaks(survive.clone(), &[&two[..], &[(1, 1, Moves(2))]].concat());
        let restarts = [&two[..], &[(1, 0, Down), (1, 0, Restarts(2))]].concat();
        assert!(follow(&isolation(survive), &restarts).is_ok());
    }

    #[test]
    fn exposure_is_of_pairs_that_run_on_a_host() {
        let nothing = isolation(Form::Spread { vms: vec![0], least: 1, over: Level::Host });
        let steps = [
            (0, 0, Placed(0)),
            (0, 1, Placed(0)),
            (10, 2, Placed(0)), // tenants 0 and 1
            (20, 3, Placed(1)),
            (30, 3, Moves(0)), // three pairs
            (40, 3, Moved),
            (50, 0, Down),    // 1 is of tenant 0 as well
            (60, 1, Down),    // one pair is left
            (70, 1, Returns), // three again
            (80, 3, Left),    // one
        ];
        assert_eq!(follow(&nothing, &steps), Ok(20 + 3 * 30 + 10 + 3 * 10 + 20));
    }
}
