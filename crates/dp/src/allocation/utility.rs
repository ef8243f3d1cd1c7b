//! Allocation by utility: a multiple-choice knapsack per host and resource.

use std::cmp::Reverse;

use ndarray::Array2;
use num_rational::Ratio;
use vmpack_model::allocation::{Allocation, Amounts, Instance, Multipliers, Utility};
use vmpack_model::{Bound, Budget, Observer, Outcome, Unsupported};

use super::{MAX_CELLS, prices, spare};
use crate::knapsack::{Item, multiple_choice, multiple_choice_bytes};
use crate::tables::{gcd, table_bytes};

/// The greatest number of cells times options of one table: half a second or so, during which the
/// budget is not looked at.
const MAX_WORK: u64 = 1 << 29;

pub(super) fn supports(instance: &Instance) -> Result<(), Unsupported> {
    if !instance.services().is_empty() {
        return Err(Unsupported(format!(
            "maximises utility host by host, which the {} services of the instance tie together",
            instance.services().len()
        )));
    }
    let d = instance.resources().len();
    let all = (0..instance.vms().len() * d).filter_map(|at| instance.utility(at / d, at % d));
    let total: u128 = all.map(|utility| u128::from(utility.greatest())).sum();
    // One bit is the table's own.
    if total >= 1 << 63 {
        return Err(Unsupported(format!("sums of utilities up to {total} exceed 63 bits")));
    }
    Ok(())
}

pub(super) fn solve(
    instance: &Instance,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Outcome<Allocation> {
    let (n, d) = (instance.vms().len(), instance.resources().len());
    let mut amounts = Array2::zeros((n, d));
    let mut exact = true;
    let mut tables = 0;
    let mut on_host = vec![Vec::new(); instance.hosts().len()];
    for (i, vm) in instance.vms().iter().enumerate() {
        match vm.host {
            Some(host) => on_host[host].push(i),
            None => (0..d).for_each(|r| amounts[[i, r]] = wanted(instance, i, r) as i64),
        }
    }
    let spare = spare(instance);
    let mut slopes = Array2::from_elem((instance.hosts().len(), d), Ratio::from_integer(0));
    for (host, vms) in on_host.iter().enumerate() {
        for r in 0..d {
            let Some(spare) = spare[[host, r]] else {
                return prices::overbooked(instance, host, r);
            };
            let group = Group::new(instance, vms, r, spare);
            slopes[[host, r]] = group.critical_slope();
            let cells = if budget.exhausted_after(tables) { 0 } else { MAX_CELLS };
            let (extras, optimal) = group.solve(cells, table_bytes(budget));
            tables += 1;
            exact &= optimal;
            for (&i, extra) in vms.iter().zip(extras) {
                amounts[[i, r]] = (instance.reservation(i, r) + extra) as i64;
            }
        }
    }
    let amounts = Amounts::integers(amounts);
    let Some(cost) = prices::cost(instance, &amounts) else {
        return Outcome::unknown().with_counter("tables", tables);
    };
    observer.incumbent(cost);
    let multipliers = multipliers(instance, &slopes);
    let certified = prices::bound(instance, &multipliers);
    let bound = match certified {
        Some(value) if value == cost || !exact => Some(Bound::certified(value, multipliers)),
        _ => exact.then(|| Bound::claimed(cost)),
    };
    let outcome = Outcome::feasible(amounts, cost).with_counter("tables", tables);
    match bound {
        Some(bound) => {
            observer.bound(bound.value);
            outcome.with_bound(bound)
        }
        None => outcome,
    }
}

/// The least amount of the greatest utility within reservation and limit.
fn wanted(instance: &Instance, i: usize, r: usize) -> u64 {
    let (low, high) = (instance.reservation(i, r), instance.limit(i, r).unwrap_or(u64::MAX));
    let points = instance.utility(i, r).map_or(&[][..], Utility::points);
    let last = match instance.utility(i, r) {
        Some(Utility::Steps(_)) => points.iter().rfind(|&&(amount, _)| amount <= high),
        _ => points.last(),
    };
    last.map_or(low, |&(amount, _)| amount.min(high).max(low))
}

/// A piece of a utility along which every unit brings `rise / run`.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Index of the VM within its group.
    vm: usize,
    rise: u64,
    run: u64,
    /// Units of the piece within reservation and limit.
    length: u64,
}

impl Segment {
    fn slope(&self) -> Ratio<u64> {
        Ratio::new(self.rise, self.run)
    }
}

/// The VMs that share what a host has left of one resource above the reservations.
struct Group {
    spare: u64,
    members: usize,
    /// Members with stepped utilities, and the options of each: units above the reservation and the
    /// utility gained by them, both rising from zero.
    stepped: Vec<usize>,
    options: Vec<Vec<(u64, u64)>>,
    /// What the others gain, steepest first; the pieces of one VM in their order.
    segments: Vec<Segment>,
}

impl Group {
    fn new(instance: &Instance, vms: &[usize], r: usize, spare: u64) -> Self {
        let mut group = Self {
            spare,
            members: vms.len(),
            stepped: Vec::new(),
            options: Vec::new(),
            segments: Vec::new(),
        };
        for (vm, &i) in vms.iter().enumerate() {
            let low = instance.reservation(i, r);
            let high = instance.limit(i, r).unwrap_or(u64::MAX).min(low + spare);
            match instance.utility(i, r) {
                Some(Utility::Steps(points)) => group.add_steps(vm, points, low, high),
                Some(Utility::Concave(points)) => group.add_concave(vm, points, low, high),
                None => {}
            }
        }
        group.segments.sort_by_key(|segment| Reverse(segment.slope()));
        group
    }

    fn add_steps(&mut self, vm: usize, points: &[(u64, u64)], low: u64, high: u64) {
        let reached = |&&(amount, _): &&(u64, u64)| amount <= low;
        let base = points.iter().rfind(reached).map_or(0, |&(_, utility)| utility);
        let above = points.iter().filter(|&&(amount, _)| amount > low && amount <= high);
        let gains = above.map(|&(amount, utility)| (amount - low, utility - base));
        let options: Vec<(u64, u64)> =
            std::iter::once((0, 0)).chain(gains.filter(|&(_, gain)| gain > 0)).collect();
        if options.len() > 1 {
            self.stepped.push(vm);
            self.options.push(options);
        }
    }

    fn add_concave(&mut self, vm: usize, points: &[(u64, u64)], low: u64, high: u64) {
        for pair in points.windows(2) {
            let (start, end) = (pair[0].0.max(low), pair[1].0.min(high));
            let (rise, run) = (pair[1].1 - pair[0].1, pair[1].0 - pair[0].0);
            if start < end && rise > 0 {
                self.segments.push(Segment { vm, rise, run, length: end - start });
            }
        }
    }

    /// Units above the reservation for each member, and whether their utility is the greatest
    /// possible, by a table of at most `cells` cells and `bytes` bytes.
    fn solve(&self, cells: u64, bytes: u64) -> (Vec<u64>, bool) {
        let thresholds = || self.options.iter().flatten().map(|&(units, _)| units);
        let unit = thresholds().fold(0, gcd).max(1);
        // No more than everybody wants.
        let last = |options: &Vec<(u64, u64)>| options.last().map_or(0, |&(units, _)| units);
        let wanted: u128 = self.options.iter().map(|o| u128::from(last(o))).sum();
        let useful = wanted.min(u128::from(self.spare)) as u64;
        let per_cell = multiple_choice_bytes(self.options.len(), 0);
        let options: usize = self.options.iter().map(Vec::len).sum();
        let cells =
            cells.min((bytes / per_cell).saturating_sub(1)).min(MAX_WORK / options.max(1) as u64);
        let quantum = unit.saturating_mul((useful / unit).div_ceil(cells.max(1)).max(1));
        let quanta = if cells == 0 { 0 } else { useful / quantum };
        let item = |&(units, gain): &(u64, u64)| Item::new(units.div_ceil(quantum) as usize, gain);
        let classes: Vec<Vec<Item>> =
            self.options.iter().map(|options| options.iter().map(item).collect()).collect();
        let table = multiple_choice(&classes, quanta as usize);
        let concave = Concave::new(&self.segments);
        let mut best = (0, 0);
        let mut before = None;
        for (used, &profit) in table.profits.iter().enumerate() {
            // Using more for the same profit leaves less for the concave utilities.
            if profit == before {
                continue;
            }
            before = profit;
            let left = self.spare - used as u64 * quantum;
            let profit = u128::from(profit.unwrap_or(0)) * u128::from(concave.scale);
            let total = profit + concave.gain(left);
            if total > best.0 {
                best = (total, used);
            }
        }
        let chosen = table.options(best.1).expect("the first option of each class weighs nothing");
        let mut extras = vec![0; self.members];
        let mut left = self.spare;
        for ((&vm, options), option) in self.stepped.iter().zip(&self.options).zip(chosen) {
            extras[vm] = options[option].0;
            left -= extras[vm];
        }
        for segment in &self.segments {
            let units = segment.length.min(left);
            extras[segment.vm] += units;
            left -= units;
        }
        let rounded = quantum > unit || cells == 0;
        (extras, concave.exact && (self.options.is_empty() || !rounded))
    }

    /// The slope at which what is spare runs out if steps are bridged by their concave envelope:
    /// the price of a unit in the linear relaxation; zero if it does not run out.
    fn critical_slope(&self) -> Ratio<u64> {
        let mut segments = self.segments.clone();
        for (&vm, options) in self.stepped.iter().zip(&self.options) {
            segments.extend(envelope(vm, options));
        }
        segments.sort_by_key(|segment| Reverse(segment.slope()));
        let mut left = self.spare;
        for segment in &segments {
            if segment.length > left {
                return segment.slope();
            }
            left -= segment.length;
        }
        Ratio::from_integer(0)
    }
}

/// The pieces of the least concave function above the options.
fn envelope(vm: usize, options: &[(u64, u64)]) -> Vec<Segment> {
    let piece = |a: (u64, u64), b: (u64, u64)| Segment {
        vm,
        rise: b.1 - a.1,
        run: b.0 - a.0,
        length: b.0 - a.0,
    };
    let mut corners: Vec<(u64, u64)> = Vec::with_capacity(options.len());
    for &point in options {
        while let [.., a, b] = corners[..]
            && piece(a, b).slope() <= piece(b, point).slope()
        {
            corners.pop();
        }
        corners.push(point);
    }
    corners.windows(2).map(|pair| piece(pair[0], pair[1])).collect()
}

/// What the concave utilities of a group gain together from an amount: piecewise linear and
/// concave, the segments one after the other, steepest first.
struct Concave {
    /// Gains are in units of `1 / scale`.
    scale: u64,
    /// Whether they are exact; otherwise slopes are rounded down to units.
    exact: bool,
    /// Where each segment begins: the amount, the gain up to there, and the gain per unit.
    pieces: Vec<(u128, u128, u128)>,
    /// The end of the last segment.
    end: u128,
}

impl Concave {
    fn new(segments: &[Segment]) -> Self {
        /// Gains of a group fit 63 bits, times the scale 125.
        const MOST: u64 = 1 << 62;
        let denominators = segments.iter().map(|segment| *segment.slope().denom());
        let common = prices::lcm(denominators, MOST);
        let scale = common.unwrap_or(1 << 32);
        let mut pieces = Vec::with_capacity(segments.len());
        let (mut start, mut gain) = (0, 0);
        for segment in segments {
            let slope = segment.slope();
            let (numerator, denominator) = (u128::from(*slope.numer()), u128::from(*slope.denom()));
            let per_unit = numerator * u128::from(scale) / denominator;
            pieces.push((start, gain, per_unit));
            start += u128::from(segment.length);
            gain += u128::from(segment.length) * per_unit;
        }
        Self { scale, exact: common.is_some(), pieces, end: start }
    }

    fn gain(&self, amount: u64) -> u128 {
        let amount = u128::from(amount).min(self.end);
        let at = self.pieces.partition_point(|&(start, ..)| start <= amount);
        let Some(&(start, gain, per_unit)) = at.checked_sub(1).and_then(|at| self.pieces.get(at))
        else {
            return 0;
        };
        gain + (amount - start) * per_unit
    }
}

/// Capacity prices from slopes: exact if they have a common denominator below 2^40, else rounded
/// down.
fn multipliers(instance: &Instance, slopes: &Array2<Ratio<u64>>) -> Multipliers {
    let common = prices::lcm(slopes.iter().map(|slope| *slope.denom()), 1 << 40);
    let scale = common.unwrap_or(1 << 30);
    let price = |slope: &Ratio<u64>| {
        let price = u128::from(*slope.numer()) * u128::from(scale) / u128::from(*slope.denom());
        i64::try_from(price).unwrap_or(i64::MAX)
    };
    let mut multipliers = prices::no_prices(instance);
    multipliers.denominator = scale as i64;
    multipliers.capacities =
        slopes.rows().into_iter().map(|row| row.iter().map(price).collect()).collect();
    multipliers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_skips_options_below_it() {
        let options = [(0, 0), (2, 1), (4, 8), (6, 9), (8, 12)];
        let corners: Vec<(u64, u64)> =
            envelope(0, &options).iter().map(|piece| (piece.run, piece.rise)).collect();
        assert_eq!(corners, [(4, 8), (4, 4)]);
    }

    #[test]
    fn joint_gain_is_steepest_first() {
        let segment = |vm, rise, run| Segment { vm, rise, run, length: run };
        let concave = Concave::new(&[segment(0, 6, 2), segment(1, 5, 3), segment(0, 1, 4)]);
        assert!(concave.exact);
        let gains: Vec<u128> = (0..11).map(|amount| concave.gain(amount)).collect();
        let scale = u128::from(concave.scale);
        assert_eq!(scale, 12);
        assert_eq!(gains[..4], [0, 36, 72, 92]);
        assert_eq!(gains[9..], [12 * scale, 12 * scale]);
    }
}
