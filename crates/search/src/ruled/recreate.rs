//! Places for VMs that wait, within the hard rules and at the least cost.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use vmpack_model::packing::{Demand, Instance, Level};

use super::fleet::Fleet;

/// No more hosts are looked at for one VM.
const MOST_HOSTS: usize = 1024;
/// Each host is passed over with this probability (the blinks of Christiaens and Vanden Berghe).
const BLINK: f64 = 0.02;

/// What a new host counts.
#[derive(Clone, Copy, Debug)]
enum Price {
    /// What it costs.
    Whole,
    /// The share of it that the VM takes.
    Share,
    /// Nothing, so that a new host is as good as one that is open.
    Nothing,
}

/// Violations of hard rules more, what is paid more, and what is left free.
type Merit = (i64, i128, u128);

/// Finds places, with its scratch space.
#[derive(Debug)]
pub(super) struct Recreate {
    /// Per VM type, the group that a hard rule keeps on one host.
    group_of: Vec<Option<usize>>,
    /// Per group, what its members that wait demand, and how many of them there are.
    waiting: Vec<(Vec<u64>, u64)>,
    demand: Vec<u64>,
}

impl Recreate {
    pub(super) fn new(instance: &Instance) -> Self {
        let mut group_of: Vec<Option<usize>> = vec![None; instance.vms().len()];
        let mut groups = 0;
        for rule in instance.rules().rules.iter().filter(|rule| rule.is_hard()) {
            let Demand::Together { vms, within: Level::Host } = &rule.demand else { continue };
            let known: Vec<usize> = vms.iter().filter_map(|&vm| group_of[vm]).collect();
            // Groups that share a type are one group.
            for group in &mut group_of {
                if group.is_some_and(|group| known.contains(&group)) {
                    *group = Some(groups);
                }
            }
            for &vm in vms {
                group_of[vm] = Some(groups);
            }
            groups += 1;
        }
        let d = instance.dimensions();
        Self { group_of, waiting: vec![(vec![0; d], 0); groups], demand: vec![0; d] }
    }

    /// Places VMs that wait, in an order drawn at random; whether all have a place. If not, some may have.
    pub(super) fn recreate(
        &mut self,
        fleet: &mut Fleet<'_>,
        vms: &mut [u32],
        rng: &mut impl Rng,
    ) -> bool {
        self.gather(fleet, vms);
        vms.shuffle(rng);
        match rng.random_range(0..3) {
            0 => {}
            1 => vms.sort_by_key(|&vm| std::cmp::Reverse(fleet.size(vm))),
            _ => vms.sort_by_key(|&vm| {
                let kind = fleet.kind(vm);
                std::cmp::Reverse((
                    self.group_of[kind].is_some(),
                    fleet.state.concerns(kind),
                    fleet.size(vm),
                ))
            }),
        }
        let price = match rng.random_range(0..4) {
            0 => Price::Share,
            1 => Price::Nothing,
            _ => Price::Whole,
        };
        for &vm in &*vms {
            let Some((host, row)) = self.find(fleet, vm, price, rng) else { return false };
            fleet.place(vm, row, host);
            if let Some(group) = self.group_of[fleet.kind(vm)] {
                let (sum, members) = &mut self.waiting[group];
                let demand = fleet.instance.demand(fleet.instance.vms()[fleet.kind(vm)].rows.start);
                sum.iter_mut().zip(demand).for_each(|(sum, demand)| *sum -= demand);
                *members -= 1;
            }
        }
        true
    }

    /// Sums up what the groups that wait demand, by first rows.
    fn gather(&mut self, fleet: &Fleet<'_>, vms: &[u32]) {
        for (sum, members) in &mut self.waiting {
            sum.fill(0);
            *members = 0;
        }
        for &vm in vms {
            if let Some(group) = self.group_of[fleet.kind(vm)] {
                let (sum, members) = &mut self.waiting[group];
                let demand = fleet.instance.demand(fleet.instance.vms()[fleet.kind(vm)].rows.start);
                sum.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += demand);
                *members += 1;
            }
        }
    }

    /// The best host for a VM, and the row by which it goes there.
    fn find(
        &mut self,
        fleet: &mut Fleet<'_>,
        vm: u32,
        price: Price,
        rng: &mut impl Rng,
    ) -> Option<(usize, usize)> {
        let kind = fleet.kind(vm);
        let instance = fleet.instance;
        let mut best: Option<(Merit, usize, usize)> = None;
        for row in instance.vms()[kind].rows.clone() {
            self.demand.copy_from_slice(instance.demand(row));
            if let Some(group) = self.group_of[kind]
                && self.waiting[group].1 > 1
                && instance.vms()[kind].rows.len() == 1
            {
                // The others of its group must find room beside it.
                self.demand.copy_from_slice(&self.waiting[group].0);
            }
            let mut consider = |fleet: &Fleet<'_>, host: usize, new: i128| {
                if !fleet.fits(&self.demand, host) || !fleet.state.admits(kind, host) {
                    return;
                }
                let change = fleet.state.placing(kind, host, 1);
                let left = left_over(fleet, row, host);
                let merit = (change.broken.min(0), change.cost + new, left);
                if best.is_none_or(|(known, ..)| merit < known) {
                    best = Some((merit, host, row));
                }
            };
            let hosts = fleet.hosts().len();
            let first = rng.random_range(0..hosts.max(1));
            for offset in 0..hosts.min(MOST_HOSTS) {
                let host =
                    if first + offset < hosts { first + offset } else { first + offset - hosts };
                if !fleet.hosts()[host].vms.is_empty() && !rng.random_bool(BLINK) {
                    consider(fleet, host, 0);
                }
            }
            for t in 0..instance.hosts().len() {
                let Some(host) = fleet.empty(t) else { continue };
                let cost = i128::from(instance.hosts()[t].cost);
                let counts = match price {
                    Price::Whole => cost,
                    Price::Share => cost * i128::from(share(instance, row, t)) / 1000,
                    Price::Nothing => 0,
                };
                consider(fleet, host, counts);
            }
        }
        best.map(|(_, host, row)| (host, row))
    }
}

/// The greatest share of what a host offers that a row takes, in thousandths.
fn share(instance: &Instance, row: usize, host: usize) -> u64 {
    let pairs = instance.demand(row).iter().zip(instance.capacity(host));
    let share = pairs.filter_map(|(&demand, &offered)| {
        (u128::from(demand) * 1000).checked_div(u128::from(offered))
    });
    share.max().map_or(0, |share| u64::try_from(share).unwrap_or(u64::MAX))
}

/// What a host would have free beside a row: the sum of shares of its capacity, in units of `2^-16`.
fn left_over(fleet: &Fleet<'_>, row: usize, host: usize) -> u128 {
    let host = &fleet.hosts()[host];
    let capacity = fleet.instance.capacity(host.kind);
    let free = host.free.iter().zip(fleet.instance.demand(row)).zip(capacity);
    free.map(|((&free, &demand), &capacity)| {
        (u128::from(free.saturating_sub(demand)) << 16) / u128::from(capacity.max(1))
    })
    .sum()
}
