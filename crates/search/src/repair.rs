//! Finding places for the VMs that wait: ejections, with prices that rise while a VM waits.

use rand::{Rng, RngExt};
use vmpack_model::packing::Instance;

use crate::lanes::{Packed, plus};
use crate::partial::{Partial, WAITING};

/// Random moves after each step.
const SHUFFLES: usize = 30;
/// A VM stays on its new host for that many steps and up to as many more.
const SETTLED: u64 = 7;
/// No more hosts are looked at for one VM.
const MOST_HOSTS: usize = 1024;

/// What taking VMs off a host, so that another fits, costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ejection {
    /// The sum of the prices of the VMs taken off.
    pub(crate) price: u64,
    /// Their positions on the host; none, one or two of them.
    pub(crate) out: [Option<u32>; 2],
}

/// The search for a complete placement on given hosts.
#[derive(Clone, Debug)]
pub(crate) struct Repair<const W: usize> {
    pub(crate) partial: Partial<W>,
    /// Per VM, its size in one number.
    sizes: Vec<u64>,
    /// Per VM, what it costs to let it wait: its size times the times it had to.
    prices: Vec<u64>,
    /// Per VM, the step until which it stays where it is.
    settled: Vec<u64>,
    pub(crate) steps: u64,
}

impl<const W: usize> Repair<W> {
    pub(crate) fn new(instance: &Instance, partial: Partial<W>) -> Self {
        let of_row = scalar_sizes(instance);
        let sizes: Vec<u64> = (0..partial.vms() as u32).map(|vm| of_row[partial.row(vm)]).collect();
        Self { prices: sizes.clone(), settled: vec![0; sizes.len()], sizes, partial, steps: 0 }
    }

    /// The sum of the sizes of the VMs on a host.
    pub(crate) fn load(&self, host: u32) -> u64 {
        let vms = &self.partial.hosts()[host as usize].vms;
        vms.iter().map(|&vm| self.sizes[vm as usize]).sum()
    }

    /// Makes all prices those of the sizes again.
    pub(crate) fn forget(&mut self) {
        self.prices.copy_from_slice(&self.sizes);
    }

    /// Takes steps until nobody waits or `go_on` says no; whether all VMs have a place.
    pub(crate) fn run(&mut self, rng: &mut impl Rng, mut go_on: impl FnMut(u64) -> bool) -> bool {
        while !self.partial.waiting().is_empty() {
            if !go_on(self.steps) {
                return false;
            }
            self.steps += 1;
            self.step(rng);
        }
        true
    }

    /// Places one of the VMs that wait at the least price, then shuffles VMs among hosts.
    fn step(&mut self, rng: &mut impl Rng) {
        let at = rng.random_range(0..self.partial.waiting().len());
        let vm = self.partial.waiting()[at];
        let hosts = self.partial.hosts().len();
        let first = rng.random_range(0..hosts);
        let mut best: Option<(usize, Ejection)> = None;
        for offset in 0..hosts.min(MOST_HOSTS) {
            let host = if first + offset < hosts { first + offset } else { first + offset - hosts };
            let limit = best.map_or(u64::MAX, |(_, ejection)| ejection.price);
            if let Some(ejection) = self.cheapest_ejection(host, vm, limit) {
                best = Some((host, ejection));
                if ejection.price == 0 {
                    break;
                }
            }
        }
        if let Some((host, ejection)) = best {
            let vms = &self.partial.hosts()[host].vms;
            let out = ejection.out.map(|at| at.map(|at| vms[at as usize]));
            for vm in out.into_iter().flatten() {
                self.partial.eject(vm);
            }
            self.partial.insert(vm, host as u32);
            self.settled[vm as usize] = self.steps + SETTLED + rng.random_range(0..SETTLED);
            if ejection.price > 0 {
                self.prices[vm as usize] += self.sizes[vm as usize];
            }
            self.fill(host as u32);
        }
        if !self.partial.waiting().is_empty() {
            self.shuffle(rng);
        }
    }

    /// The cheapest way to make a VM fit a host, if it costs less than `limit`.
    pub(crate) fn cheapest_ejection(&self, host: usize, vm: u32, limit: u64) -> Option<Ejection> {
        let host = &self.partial.hosts()[host];
        if self.partial.fits(&host.free, vm) {
            return Some(Ejection { price: 0, out: [None, None] });
        }
        let mut best = None;
        let mut limit = limit;
        let price = |other: u32| {
            let other = other as usize;
            if self.settled[other] > self.steps { u64::MAX } else { self.prices[other] }
        };
        for (a, &first) in host.vms.iter().enumerate() {
            let of_first = price(first);
            if of_first >= limit {
                continue;
            }
            let room: Packed<W> = plus(&host.free, self.partial.size(first));
            if self.partial.fits(&room, vm) {
                limit = of_first;
                best = Some(Ejection { price: limit, out: [Some(a as u32), None] });
                continue;
            }
            for (b, &second) in host.vms.iter().enumerate().skip(a + 1) {
                let both = of_first.saturating_add(price(second));
                if both < limit && self.partial.fits(&plus(&room, self.partial.size(second)), vm) {
                    limit = both;
                    best = Some(Ejection { price: limit, out: [Some(a as u32), Some(b as u32)] });
                }
            }
        }
        best
    }

    /// Puts whoever waits and fits on a host.
    fn fill(&mut self, host: u32) {
        let mut at = 0;
        while let Some(&vm) = self.partial.waiting().get(at) {
            if self.partial.fits(&self.partial.hosts()[host as usize].free, vm) {
                self.partial.insert(vm, host);
            } else {
                at += 1;
            }
        }
    }

    /// Moves and exchanges random VMs where they fit.
    fn shuffle(&mut self, rng: &mut impl Rng) {
        let (vms, hosts) = (self.partial.vms() as u32, self.partial.hosts().len() as u32);
        for _ in 0..SHUFFLES {
            let (vm, host) = (rng.random_range(0..vms), rng.random_range(0..hosts));
            let of = self.partial.host_of(vm);
            if of == host || of == WAITING {
                continue;
            }
            if self.partial.fits(&self.partial.hosts()[host as usize].free, vm) {
                self.partial.shift(vm, host);
                self.fill(of);
            } else {
                let others = &self.partial.hosts()[host as usize].vms;
                if others.is_empty() {
                    continue;
                }
                let other = others[rng.random_range(0..others.len())];
                if self.partial.swap(vm, other) {
                    self.fill(of);
                    self.fill(host);
                }
            }
        }
    }
}
/// Per demand row, the sum over resources of demand per capacity, each times the share of the resource in all that
/// is demanded.
pub(crate) fn scalar_sizes(instance: &Instance) -> Vec<u64> {
    let largest = |k: usize| instance.capacities().column(k).iter().copied().max().unwrap_or(1);
    let capacities: Vec<f64> =
        (0..instance.dimensions()).map(|k| largest(k).max(1) as f64).collect();
    let fraction = |row: usize, k: usize| instance.demand(row)[k] as f64 / capacities[k];
    let totals: Vec<f64> = (0..instance.dimensions())
        .map(|k| {
            let vms = instance.vms().iter();
            vms.map(|vm| fraction(vm.rows.start, k) * vm.count as f64).sum::<f64>()
        })
        .collect();
    let all: f64 = totals.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    (0..instance.rows())
        .map(|row| {
            let size = (0..instance.dimensions()).map(|k| fraction(row, k) * totals[k] / all);
            (size.sum::<f64>() * f64::from(1 << 16)) as u64 + 1
        })
        .collect()
}
