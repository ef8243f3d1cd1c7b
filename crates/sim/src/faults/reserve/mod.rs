//! Spare capacity: hosts may fail, and all their VMs fit elsewhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use vmpack_cluster::{Cluster, FirstFit};

use crate::arrivals::{Demand, MAX_RESOURCES};

/// The most cases of failing hosts that are watched.
const MOST_CASES: usize = 1 << 17;

/// Which hosts may fail at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any so many hosts.
    Hosts(usize),
    /// Any so many racks, with all their hosts.
    Racks(usize),
}

impl Scope {
    /// Reads `hosts:NUMBER` or `racks:NUMBER`.
    ///
    /// # Errors
    /// If the text is not of that form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected hosts:NUMBER or racks:NUMBER from 1 to 9, found {text:?}");
        let (kind, number) = text.split_once(':').ok_or_else(wrong)?;
        let number = number.parse().ok().filter(|number| (1..=9).contains(number));
        match (kind, number) {
            ("hosts", Some(number)) => Ok(Self::Hosts(number)),
            ("racks", Some(number)) => Ok(Self::Racks(number)),
            _ => Err(wrong()),
        }
    }

    /// Every choice of failing hosts, of which `racks` gives the rack by number.
    ///
    /// # Errors
    /// If there are more than about 130,000, or fewer hosts or racks than may fail.
    fn cases(self, racks: &[u32]) -> Result<Vec<Vec<usize>>, String> {
        let mut units: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (host, &rack) in racks.iter().enumerate() {
            let unit = if matches!(self, Self::Hosts(_)) { host as u32 } else { rack };
            units.entry(unit).or_default().push(host);
        }
        let units: Vec<Vec<usize>> = units.into_values().collect();
        let (Self::Hosts(failures) | Self::Racks(failures)) = self;
        let count = (0..failures)
            .try_fold(1_usize, |count, at| {
                let left = units.len().checked_sub(at).filter(|&left| left > 1)?;
                Some(count.checked_mul(left)? / (at + 1))
            })
            .filter(|&count| count <= MOST_CASES);
        if count.is_none() {
            return Err(format!(
                "{failures} of {} may not fail: expected at most {MOST_CASES} cases, and one left",
                units.len()
            ));
        }
        let mut cases = Vec::new();
        choose(&units, failures, &mut Vec::new(), &mut cases);
        Ok(cases)
    }
}

/// All ways to choose so many units, each as the hosts of the chosen.
fn choose(units: &[Vec<usize>], left: usize, chosen: &mut Vec<usize>, cases: &mut Vec<Vec<usize>>) {
    if left == 0 {
        return cases.push(chosen.clone());
    }
    for (at, unit) in units.iter().enumerate() {
        let before = chosen.len();
        chosen.extend(unit);
        choose(&units[at + 1..], left - 1, chosen, cases);
        chosen.truncate(before);
    }
}

/// Where the VMs of failing hosts go: the certificate that they fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// VM, the host that it leaves, the host that it goes to.
    pub moves: Vec<(usize, usize, usize)>,
    /// What each host takes in.
    load: BTreeMap<usize, Demand>,
}

impl Plan {
    fn load_on(&self, host: usize) -> Demand {
        self.load.get(&host).copied().unwrap_or_default()
    }

    fn add(&mut self, vm: usize, from: usize, to: usize, demand: &Demand) {
        self.moves.push((vm, from, to));
        let load = self.load.entry(to).or_default();
        load.iter_mut().zip(demand).for_each(|(load, demand)| *load += demand);
    }

    fn remove(&mut self, vm: usize, from: usize, demand: &Demand) {
        let at = self.moves.iter().position(|&(of, source, _)| (of, source) == (vm, from));
        let Some(at) = at else { return };
        let (_, _, to) = self.moves.swap_remove(at);
        let load = self.load.entry(to).or_default();
        load.iter_mut().zip(demand).for_each(|(load, demand)| *load -= demand);
    }
}

/// A VM on a host.
#[derive(Clone, Copy, Debug)]
struct Entry {
    vm: usize,
    demand: Demand,
}

/// Watches over the room that hosts would need that take in the VMs of others.
///
/// For every choice of hosts that may fail at once there is a [`Plan`], kept up to date as VMs come and go, or there is
/// none. Plans are made by first fit decreasing, from the last host on, as most placement rules fill that last; a plan
/// that is there proves that the VMs fit, and that there is none does not prove that they do not. VMs go to hosts that are
/// not closed. An arrival costs a query of an index for each case of its host, and a new plan for each that it
/// leaves without room.
#[derive(Clone, Debug)]
pub struct Reserve {
    resources: usize,
    capacity: Vec<Demand>,
    /// What all hosts have together; at least 1.
    total: Vec<u128>,
    /// What the VMs of each host have.
    used: Vec<Demand>,
    /// What hosts have free; host `h` of `n` is number `n - 1 - h`.
    free: Cluster<FirstFit>,
    on: Vec<Vec<Entry>>,
    /// The hosts that fail in each case.
    cases: Vec<Vec<usize>>,
    plans: Vec<Option<Plan>>,
    /// The cases in which each host fails.
    cases_of: Vec<Vec<usize>>,
    /// The cases whose plans may use each host, and some that no longer do.
    users: Vec<BTreeSet<usize>>,
    /// Hosts that fail in the case that is looked at.
    failing: Vec<bool>,
}

impl Reserve {
    /// No VMs yet, on hosts that have so much of so many resources and stand in these racks.
    ///
    /// # Errors
    /// If too many choices of hosts may fail, or all of them.
    ///
    /// # Panics
    /// If there is not one rack per host.
    pub fn new(
        capacity: Vec<Demand>,
        racks: &[u32],
        resources: usize,
        scope: Scope,
    ) -> Result<Self, String> {
        assert_eq!(capacity.len(), racks.len(), "a rack for every host");
        let hosts = capacity.len();
        let cases = scope.cases(racks)?;
        let mut cases_of = vec![Vec::new(); hosts];
        for (case, failed) in cases.iter().enumerate() {
            for &host in failed {
                cases_of[host].push(case);
            }
        }
        let most = |r: usize| capacity.iter().map(|of| of[r]).max().unwrap_or(0);
        let most: Vec<u64> = (0..resources).map(most).collect();
        let mut free = Cluster::new(resources, FirstFit::new(&most));
        for of in capacity.iter().rev() {
            free.add(&of[..resources]);
        }
        let total = |r: usize| capacity.iter().map(|of| u128::from(of[r])).sum::<u128>().max(1);
        Ok(Self {
            resources,
            total: (0..resources).map(total).collect(),
            used: vec![Demand::default(); hosts],
            free,
            on: vec![Vec::new(); hosts],
            plans: vec![Some(Plan::default()); cases.len()],
            cases,
            cases_of,
            users: vec![BTreeSet::new(); hosts],
            failing: vec![false; hosts],
            capacity,
        })
    }

    /// Without plans, which [`Reserve::survivable`] makes when it is asked: for many changes at once.
    #[must_use]
    pub fn unplanned(mut self) -> Self {
        for case in 0..self.cases.len() {
            self.set(case, None);
        }
        self
    }

    /// The hosts that fail in each case, and where their VMs go if a plan is known.
    pub fn plans(&self) -> impl Iterator<Item = (&[usize], Option<&Plan>)> {
        self.cases.iter().zip(&self.plans).map(|(failed, plan)| (&failed[..], plan.as_ref()))
    }

    /// Of how many cases, in which VMs are on hosts that fail, the VMs fit elsewhere, and how many such cases there are;
    /// makes the plans that are missing first.
    pub fn survivable(&mut self) -> (usize, usize) {
        let (mut survived, mut all) = (0, 0);
        for case in 0..self.cases.len() {
            let failed = &self.cases[case];
            if failed.iter().any(|&host| self.is_open(host) && !self.on[host].is_empty()) {
                all += 1;
                survived += usize::from(self.plans[case].is_some() || self.plan(case));
            }
        }
        (survived, all)
    }

    /// Whether every case that has a plan, or in which the host fails, has one with such a VM on the host. Plans may
    /// change, and fit the VMs that are there.
    pub fn admits(&mut self, demand: &Demand, host: usize) -> bool {
        let free = self.free.free(self.place_of(host));
        if !vmpack_cluster::covers(free, &demand[..self.resources]) {
            return false;
        }
        self.take(host, demand);
        let admitted = self.fits_in_its_cases(demand, host) && self.makes_room(host, true);
        self.give(host, demand);
        admitted
    }

    /// Whether a VM more on a host fits elsewhere when that fails.
    fn fits_in_its_cases(&mut self, demand: &Demand, host: usize) -> bool {
        (0..self.cases_of[host].len()).all(|at| {
            let case = self.cases_of[host][at];
            if self.find(case, demand).is_some() {
                return true;
            }
            let plan = self.make(case, Some((demand, host)));
            plan.map(|plan| self.set(case, Some(plan))).is_some()
        })
    }

    /// A VM is on a host from now on, be it admitted or not. Cases that it leaves without a plan have none.
    pub fn place(&mut self, vm: usize, demand: &Demand, host: usize) {
        self.take(host, demand);
        self.on[host].push(Entry { vm, demand: *demand });
        if self.is_open(host) {
            for at in 0..self.cases_of[host].len() {
                let case = self.cases_of[host][at];
                if self.plans[case].is_some() && !self.extend(case, vm, host, demand) {
                    self.plan(case);
                }
            }
        }
        self.makes_room(host, false);
    }

    /// A VM is no longer on a host.
    ///
    /// # Panics
    /// If it was not there.
    pub fn leave(&mut self, vm: usize, host: usize) {
        let at = self.on[host].iter().position(|entry| entry.vm == vm);
        let Entry { demand, .. } = self.on[host].swap_remove(at.expect("the VM is on the host"));
        self.give(host, &demand);
        for &case in &self.cases_of[host] {
            if let Some(plan) = &mut self.plans[case] {
                plan.remove(vm, host, &demand);
            }
        }
    }

    /// A host takes no VMs from now on; what is on it is no longer planned for.
    pub fn close(&mut self, host: usize) {
        if self.is_open(host) {
            self.free.close(self.place_of(host));
            self.plan_again(host);
        }
    }

    /// A host takes VMs again.
    pub fn open(&mut self, host: usize) {
        if !self.is_open(host) {
            self.free.open(self.place_of(host));
            self.plan_again(host);
        }
    }

    /// Makes new plans for all cases that a host has to do with.
    fn plan_again(&mut self, host: usize) {
        for at in 0..self.cases_of[host].len() {
            self.plan(self.cases_of[host][at]);
        }
        for case in self.users[host].clone() {
            self.plan(case);
        }
    }

    fn is_open(&self, host: usize) -> bool {
        self.free.is_open(self.place_of(host))
    }

    /// The number of a host among those with something free, and the other way round.
    fn place_of(&self, host: usize) -> usize {
        self.capacity.len() - 1 - host
    }

    fn take(&mut self, host: usize, demand: &Demand) {
        self.used[host].iter_mut().zip(demand).for_each(|(used, demand)| *used += demand);
        self.agree(host);
    }

    fn give(&mut self, host: usize, demand: &Demand) {
        self.used[host].iter_mut().zip(demand).for_each(|(used, demand)| *used -= demand);
        self.agree(host);
    }

    /// Makes what a host has free agree with what its VMs have; nothing is free if they have too much.
    fn agree(&mut self, host: usize) {
        let place = self.place_of(host);
        let (mut less, mut more) = ([0; MAX_RESOURCES], [0; MAX_RESOURCES]);
        for (r, &before) in self.free.free(place).iter().enumerate() {
            let after = self.capacity[host][r].saturating_sub(self.used[host][r]);
            less[r] = before.saturating_sub(after);
            more[r] = after.saturating_sub(before);
        }
        if less != [0; MAX_RESOURCES] {
            self.free.place(place, &less[..self.resources], 1);
        }
        if more != [0; MAX_RESOURCES] {
            self.free.take_off(place, &more[..self.resources], 1);
        }
    }

    /// Makes new plans where plans ask a host to take in more than it has free; whether all could be. Plans that could
    /// not are kept or dropped.
    fn makes_room(&mut self, host: usize, keep: bool) -> bool {
        let free = self.free.free(self.place_of(host));
        let too_much = |case: &usize| {
            let plan = self.plans[*case].as_ref();
            plan.is_some_and(|plan| {
                !vmpack_cluster::covers(free, &plan.load_on(host)[..free.len()])
            })
        };
        let cases: Vec<usize> = self.users[host].iter().copied().filter(too_much).collect();
        let mut all = true;
        for case in cases {
            if keep {
                let plan = self.make(case, None);
                all &= plan.map(|plan| self.set(case, Some(plan))).is_some();
            } else {
                all &= self.plan(case);
            }
            if keep && !all {
                break;
            }
        }
        all
    }

    /// Finds a host for one VM more in a case that has a plan.
    fn find(&mut self, case: usize, demand: &Demand) -> Option<usize> {
        let plan = self.plans[case].as_ref()?;
        for &host in &self.cases[case] {
            self.failing[host] = true;
        }
        let (free, last) = (&self.free, self.capacity.len() - 1);
        let found = free.find_admitted(&demand[..self.resources], |place| {
            let load = plan.load_on(last - place);
            let mut room = free.free(place).iter().zip(&load).zip(demand);
            !self.failing[last - place] && room.all(|((free, load), demand)| *free >= load + demand)
        });
        for &host in &self.cases[case] {
            self.failing[host] = false;
        }
        found.map(|place| last - place)
    }

    /// Adds a VM to the plan of a case; whether there is room.
    fn extend(&mut self, case: usize, vm: usize, from: usize, demand: &Demand) -> bool {
        let Some(to) = self.find(case, demand) else { return false };
        if let Some(plan) = &mut self.plans[case] {
            plan.add(vm, from, to, demand);
        }
        self.users[to].insert(case);
        true
    }

    /// Makes a new plan for a case; whether there is one.
    fn plan(&mut self, case: usize) -> bool {
        let plan = self.make(case, None);
        let fits = plan.is_some();
        self.set(case, plan);
        fits
    }

    fn set(&mut self, case: usize, plan: Option<Plan>) {
        let before = self.plans[case].take();
        for host in before.iter().flat_map(|plan| plan.load.keys()) {
            self.users[*host].remove(&case);
        }
        for host in plan.iter().flat_map(|plan| plan.load.keys()) {
            self.users[*host].insert(case);
        }
        self.plans[case] = plan;
    }

    /// A plan for a case, by first fit decreasing, with room for one VM more on a host if one is given, which is not in
    /// it.
    fn make(&mut self, case: usize, more: Option<(&Demand, usize)>) -> Option<Plan> {
        let failed = &self.cases[case];
        let mut moving: Vec<(Option<usize>, usize, Demand)> = Vec::new();
        for &host in failed.iter().filter(|&&host| self.is_open(host)) {
            let entries = self.on[host].iter();
            moving.extend(entries.map(|entry| (Some(entry.vm), host, entry.demand)));
        }
        moving.extend(more.map(|(&demand, host)| (None, host, demand)));
        moving.sort_by_cached_key(|(vm, host, demand)| (Reverse(self.size(demand)), *vm, *host));
        for &host in failed {
            self.failing[host] = true;
        }
        let last = self.capacity.len() - 1;
        let mut plan = Plan::default();
        let mut places = Vec::with_capacity(moving.len());
        for (vm, from, demand) in &moving {
            let here = &demand[..self.resources];
            let place = self.free.find_admitted(here, |place| !self.failing[last - place]);
            let Some(place) = place else { break };
            self.free.place(place, here, 1);
            places.push(place);
            if let Some(vm) = vm {
                plan.add(*vm, *from, last - place, demand);
            }
        }
        for (&place, (_, _, demand)) in places.iter().zip(&moving) {
            self.free.take_off(place, &demand[..self.resources], 1);
        }
        for &host in &self.cases[case] {
            self.failing[host] = false;
        }
        (places.len() == moving.len()).then_some(plan)
    }

    /// How large a demand is beside all hosts: the sum of its shares, in 2^-60.
    fn size(&self, demand: &Demand) -> u128 {
        self.total
            .iter()
            .zip(demand)
            .map(|(total, &demand)| (u128::from(demand) << 60) / total)
            .sum()
    }
}

#[cfg(test)]
mod tests;
