//! The loop that all rules share which fill one host after the other.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vmpack_bounds::{finish, give_up};
use vmpack_model::packing::{Instance, Packing, Pattern, Placement};
use vmpack_model::{Budget, Observer, Outcome};

use super::open_hosts::times;
use super::right_size::right_size;
use super::stock::Stock;
use super::weights::{Bias, FACTOR_ONE};
use vmpack_cluster::{Measure, Scale, covers};

/// Which VM goes next on a host.
pub(crate) trait Preference {
    /// Whether runs of equal VMs can be found by bisection.
    const LINEAR: bool = true;

    /// How much a VM is preferred; the greatest wins. `demand` and `free` are fractions of the largest
    /// capacity, in units of `2^-FRACTION_BITS`, `weights` the shares of the resources in the total
    /// demand.
    ///
    /// The difference between two VMs must be linear in `free`, unless [`Preference::LINEAR`] says that it is not:
    /// then a VM that is preferred twice while more of its kind are placed is preferred in between.
    fn preference(demand: &[u64], free: &[u64], weights: &[u64]) -> i128;
}

/// Fractions in this loop; squares and products of two with a weight fit 128 bits.
pub(crate) const FRACTION_BITS: u32 = 40;

/// After so many changes from one VM type to another on a host, the least run of equal VMs doubles, and
/// again after as many more. Real hosts stay far below; without it two complementary types that fit a
/// host a million times each would take turns a million times.
const CHANGES: u32 = 4096;

/// Of the factors of preferences one in so many changes between two fills of a host, by so much at most.
const CHANGED: u32 = 4;
const SPREAD: u64 = 48;

/// Fills one host after the other, each time with the most preferred VM that fits, until none does.
///
/// Preferences depend on the host alone, so hosts are filled alike as long as the counts last: the
/// pattern of a host is repeated that often at once. The host type is chosen anew for every pattern, by
/// [`Stock::cheapest_for`] on all that remains. Takes `O(p m n)` for `p` patterns, of which there are
/// about as many as VM types, `m` changes of type on a host, and `n` demand rows.
pub(crate) fn solve<P: Preference>(
    instance: &Instance,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Outcome<Packing> {
    let mut stock = Stock::new(instance);
    match construct::<P>(instance, &mut stock, &Bias::default(), budget) {
        Some(placement) => finish(instance, right_size(instance, placement, &mut stock), observer),
        None => give_up(instance, observer),
    }
}

/// The placement before hosts are right-sized; `None` if the budget is spent or no host in stock takes a
/// VM that remains.
pub(crate) fn construct<P: Preference>(
    instance: &Instance,
    stock: &mut Stock,
    bias: &Bias,
    budget: &Budget,
) -> Option<Placement> {
    let mut filler = Filler::new(instance, bias);
    let mut patterns = Vec::new();
    while !filler.rows.is_empty() {
        if budget.exhausted() {
            return None;
        }
        if bias.weighing.dynamic {
            filler.weigh();
        }
        let host = stock.cheapest_for(&filler.rows, &filler.remaining)?;
        let pattern = filler.fullest::<P>(host, budget)?;
        let hosts = filler.repetitions(&pattern).min(stock.left(host));
        stock.take(host, hosts);
        filler.remove(&pattern, hosts);
        patterns.push((pattern, hosts));
    }
    Some(Placement::from_patterns(patterns))
}

/// The VMs that remain, and scratch space to fill a host.
struct Filler<'a> {
    instance: &'a Instance,
    bias: &'a Bias,
    random: ChaCha8Rng,
    scale: Scale,
    /// Fractions of the demands, rows x resources.
    fractions: Vec<u64>,
    /// VMs left per type.
    left: Vec<u64>,
    /// Rows of types with VMs left, in order.
    rows: Vec<usize>,
    /// What they demand in total, by their first rows.
    remaining: Vec<u64>,
}

impl<'a> Filler<'a> {
    fn new(instance: &'a Instance, bias: &'a Bias) -> Self {
        let scale = Scale::new(instance);
        let fractions =
            (0..instance.rows()).flat_map(|row| fractions(&scale, instance.demand(row)));
        let left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let rows =
            (0..instance.rows()).filter(|&row| left[instance.type_of_row(row)] > 0).collect();
        let mut remaining = vec![0; instance.dimensions()];
        for vm in instance.vms() {
            let demand = instance.demand(vm.rows.start);
            remaining.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += vm.count * demand);
        }
        let fractions = fractions.collect();
        let random = ChaCha8Rng::seed_from_u64(bias.seed);
        let mut filler = Self { instance, bias, random, scale, fractions, left, rows, remaining };
        filler.weigh();
        filler
    }

    /// Weighs the resources by the VMs that remain.
    fn weigh(&mut self) {
        self.scale = self.bias.scale(self.instance, &self.scale, &self.left);
    }

    fn vm(&self, row: usize) -> usize {
        self.instance.type_of_row(row)
    }

    /// The fullest of some fills of a host of the given type, each found by changing some factors of the preferences
    /// of the best one before; `None` if the budget is spent.
    fn fullest<P: Preference>(&mut self, host: usize, budget: &Budget) -> Option<Pattern> {
        let first = self.fill::<P>(host, &self.bias.rows, budget)?;
        if self.bias.fills <= 1 {
            return Some(first);
        }
        let mut best = (self.fullness(&first), first);
        let mut held = self.bias.rows.clone();
        held.resize(self.instance.rows(), FACTOR_ONE);
        let mut factors = held.clone();
        for _ in 1..self.bias.fills {
            for &row in &self.rows {
                factors[row] = if self.random.random_range(0..CHANGED) == 0 {
                    let base = self.bias.rows.get(row).copied().unwrap_or(FACTOR_ONE);
                    base * self.random.random_range(FACTOR_ONE - SPREAD..=FACTOR_ONE + SPREAD)
                        / FACTOR_ONE
                } else {
                    held[row]
                };
            }
            let pattern = self.fill::<P>(host, &factors, budget)?;
            let fullness = self.fullness(&pattern);
            if fullness > best.0 {
                best = (fullness, pattern);
                held.clone_from(&factors);
            }
        }
        Some(best.1)
    }

    /// How much the VMs of a pattern are, one by one: their squares, so that large ones, which are hard to place, go
    /// first.
    fn fullness(&self, pattern: &Pattern) -> u128 {
        let of = |&(row, count): &(usize, u64)| {
            let size = self.scale.measure(Measure::WeightedL2, self.instance.demand(row));
            u128::from(count).saturating_mul(size)
        };
        pattern.vms.iter().map(of).fold(0, u128::saturating_add)
    }

    /// The contents of one host of the given type, with factors of the preferences by row, if there are; `None` if
    /// the budget is spent.
    fn fill<P: Preference>(
        &self,
        host: usize,
        factors: &[u64],
        budget: &Budget,
    ) -> Option<Pattern> {
        let d = self.instance.dimensions();
        let mut free = self.instance.capacity(host).to_vec();
        let mut fraction = fractions(&self.scale, &free);
        let mut then = fraction.clone();
        let mut left: Vec<(usize, u64)> = Vec::new();
        let mut rows: Vec<usize> = self.rows.clone();
        let mut vms: Vec<(usize, u64)> = Vec::new();
        for changes in 0_u32.. {
            if budget.exhausted() {
                return None;
            }
            rows.retain(|&row| covers(&free, self.instance.demand(row)));
            let Some(row) = self.preferred::<P>(&rows, factors, &fraction) else { break };
            let vm = self.vm(row);
            let at = left.iter().position(|&(of, _)| of == vm).unwrap_or_else(|| {
                left.push((vm, self.left[vm]));
                left.len() - 1
            });
            let demand = self.instance.demand(row);
            let of_row = &self.fractions[row * d..(row + 1) * d];
            let most = times(&free, demand).min(left[at].1);
            let run = longest_run(if P::LINEAR { most } else { 1 }, |before| {
                for k in 0..d {
                    then[k] = fraction[k] - before * of_row[k];
                }
                self.preferred::<P>(&rows, factors, &then) == Some(row)
            });
            let run = run.max(most.min(1 << (changes / CHANGES).min(62)));
            for k in 0..d {
                free[k] -= run * demand[k];
                fraction[k] -= run * of_row[k];
            }
            vms.push((row, run));
            left[at].1 -= run;
            if left[at].1 == 0 {
                rows.retain(|&row| self.vm(row) != vm);
            }
        }
        Some(Pattern { host, vms }.normalised())
    }

    /// The most preferred of the rows, each by its factor, the first of equals.
    fn preferred<P: Preference>(
        &self,
        rows: &[usize],
        factors: &[u64],
        free: &[u64],
    ) -> Option<usize> {
        let d = free.len();
        let mut best: Option<(i128, usize)> = None;
        for &row in rows {
            let demand = &self.fractions[row * d..(row + 1) * d];
            let mut preference = P::preference(demand, free, self.scale.weights());
            if let Some(factor) = factors.get(row) {
                preference = preference.saturating_mul((*factor).into());
            }
            if best.is_none_or(|(greatest, _)| preference > greatest) {
                best = Some((preference, row));
            }
        }
        best.map(|(_, row)| row)
    }

    /// How often the VMs left suffice for the pattern.
    fn repetitions(&self, pattern: &Pattern) -> u64 {
        // Rows are sorted, so alternatives of a type are neighbours.
        let types = pattern.vms.chunk_by(|a, b| self.vm(a.0) == self.vm(b.0));
        let often = types.map(|rows| {
            let vms: u64 = rows.iter().map(|&(_, vms)| vms).sum();
            self.left[self.vm(rows[0].0)] / vms
        });
        often.min().unwrap_or(1)
    }

    /// Takes the VMs of a pattern out.
    fn remove(&mut self, pattern: &Pattern, hosts: u64) {
        for &(row, vms) in &pattern.vms {
            let vm = self.vm(row);
            let placed = vms * hosts;
            self.left[vm] -= placed;
            let demand = self.instance.demand(self.instance.vms()[vm].rows.start);
            let sums = self.remaining.iter_mut().zip(demand);
            sums.for_each(|(sum, demand)| *sum -= placed * demand);
        }
        let (instance, left) = (self.instance, &self.left);
        self.rows.retain(|&row| left[instance.type_of_row(row)] > 0);
    }
}

/// Fractions rounded down, so that those of VMs that fit together never exceed those of the host.
fn fractions(scale: &Scale, amounts: &[u64]) -> Vec<u64> {
    let fraction = |(k, &amount)| scale.fraction(k, amount) >> (60 - FRACTION_BITS);
    amounts.iter().enumerate().map(fraction).collect()
}

/// The greatest run of at most `most` (at least 1) placements such that `again(j)` holds after each
/// `j < run` of them. `again(0)` holds, and it never holds again once it fails.
fn longest_run(most: u64, mut again: impl FnMut(u64) -> bool) -> u64 {
    let mut run = 1;
    // `again(run - 1)` holds throughout; doubling first keeps short runs cheap.
    let mut step = 1;
    while run < most && again((run + step).min(most) - 1) {
        run = (run + step).min(most);
        step *= 2;
    }
    let mut too_far = run + step.min(most - run).max(1);
    while too_far - run > 1 {
        let middle = run + (too_far - run) / 2;
        if again(middle - 1) {
            run = middle;
        } else {
            too_far = middle;
        }
    }
    run
}
