//! A group of services as a table of quanta, and its answer as units.

use ndarray::Array2;
use vmpack_model::Unsupported;

use super::MAX_CELLS;
use super::plan::{Group, Plan};
use super::table::{Dimension, bits_per_cell, cover};
use crate::knapsack::binary_parts;
use crate::tables::gcd;

/// The fewest quanta into which a requirement or a capacity is divided, unless it has fewer units.
const FEWEST_QUANTA: u64 = 16;

/// The greatest number of cells times parts of one table: some ten seconds.
const MAX_WORK: u64 = 1 << 32;

/// How a group is divided into quanta: services first, then hosts.
pub(super) struct Quanta<'a> {
    plan: &'a Plan,
    group: &'a Group,
    /// What must be covered, and what may be used, in units.
    extents: Vec<u64>,
    /// Units per quantum.
    sizes: Vec<u64>,
    /// Whether all gains of a service are multiples of its quantum.
    exact: Vec<bool>,
}

impl<'a> Quanta<'a> {
    /// Divides as finely as a table of at most `bytes` bytes and [`MAX_CELLS`] cells allows.
    pub(super) fn new(plan: &'a Plan, group: &'a Group, bytes: u64) -> Result<Self, Unsupported> {
        let needs = group.services.iter().map(|&k| plan.needs[k]);
        let spare = group.hosts.iter().map(|&at| plan.spare[at].unwrap_or(0));
        let extents: Vec<u64> = needs.chain(spare).collect();
        let divisor = |&k: &usize| {
            let gains = group.variables.iter().map(|&j| plan.variables[j].gain(k));
            gains.fold(0, gcd).max(1)
        };
        let mut units: Vec<u64> = group.services.iter().map(divisor).collect();
        units.resize(extents.len(), 1);
        let parts: usize =
            group.variables.iter().map(|&j| binary_parts(plan.variables[j].most).count()).sum();
        let cells = MAX_CELLS
            .min(MAX_WORK / (parts as u64).max(1))
            .min(bytes.saturating_mul(8) / bits_per_cell(parts));
        let mut sizes = units.clone();
        loop {
            let counts = || extents.iter().zip(&sizes).map(|(x, size)| x.div_ceil(*size));
            let total = counts().fold(1_u128, |all, n| all.saturating_mul(u128::from(n) + 1));
            if total <= u128::from(cells) {
                break;
            }
            let widest = counts().zip(0..).max_by_key(|&(n, k)| (n, std::cmp::Reverse(k)));
            match widest {
                Some((count, k)) if count >= 2 * FEWEST_QUANTA => sizes[k] *= 2,
                _ => {
                    return Err(Unsupported(format!(
                        "{} services and {} host capacities depend on each other: even {} quanta \
                         each make {total} states, at most {cells} are allowed",
                        group.services.len(),
                        group.hosts.len(),
                        FEWEST_QUANTA,
                    )));
                }
            }
        }
        let exact = sizes.iter().zip(&units).map(|(size, unit)| size == unit).collect();
        Ok(Self { plan, group, extents, sizes, exact })
    }

    /// Units of the group's variables, in their order. They keep to the hosts; they are the
    /// cheapest whole units if every quantum is exact, otherwise a service may lack up to about a
    /// quantum. `None` if there are none or `stop` says so.
    pub(super) fn solve(&self, stop: impl FnMut() -> bool) -> Option<Vec<u64>> {
        let services = self.group.services.len();
        let dimension = |k: usize| {
            // Where gains are rounded, so is the requirement: down, because it can be topped up.
            let up = k < services && self.exact[k];
            let quanta = (self.extents[k] + if up { self.sizes[k] - 1 } else { 0 }) / self.sizes[k];
            Dimension { quanta: quanta as usize, covers: k < services }
        };
        let dimensions: Vec<Dimension> = (0..self.sizes.len()).map(dimension).collect();
        let mut origin = Vec::new();
        let mut costs = Vec::new();
        let mut steps = Vec::new();
        for (position, &j) in self.group.variables.iter().enumerate() {
            let variable = &self.plan.variables[j];
            let mut before = 0;
            for units in binary_parts(variable.most) {
                let step = |(k, dimension): (usize, &Dimension)| {
                    let steps = match self.group.services.get(k) {
                        Some(&service) => {
                            self.quanta_between(k, variable.gain(service), before, before + units)
                        }
                        None if variable.takes_from(self.group.hosts[k - services]) => {
                            u128::from(units.div_ceil(self.sizes[k]))
                        }
                        None => 0,
                    };
                    // Beyond the requirement nothing changes; beyond the capacity nothing is
                    // possible.
                    steps.min(dimension.quanta as u128 + 1) as usize
                };
                let step: Vec<usize> = dimensions.iter().enumerate().map(step).collect();
                before += units;
                if step[..services].iter().any(|&step| step > 0) {
                    origin.push((position, units));
                    costs.push(variable.cost * units);
                    steps.extend(step);
                }
            }
        }
        let steps = Array2::from_shape_vec((costs.len(), dimensions.len()), steps)
            .expect("one step per part and dimension");
        let mut units = vec![0; self.group.variables.len()];
        for part in cover(&dimensions, &costs, &steps, stop)? {
            let (position, more) = origin[part];
            units[position] += more;
        }
        Some(units)
    }

    /// The quanta that a service gains from the units after `from` up to `to`, as a difference of
    /// rounded sums, so that the roundings of the parts of one variable do not add up.
    fn quanta_between(&self, k: usize, gain: u64, from: u64, to: u64) -> u128 {
        let quanta = |units: u64| u128::from(units) * u128::from(gain) / u128::from(self.sizes[k]);
        quanta(to) - quanta(from)
    }
}
