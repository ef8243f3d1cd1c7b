//! The least energy that serves a trace, whatever moves where and when.
//!
//! Two facts hold at every instant. Memory needs so many hosts on: a dual feasible function of the VMs' memory gives
//! a whole number `n` that no packing undercuts. And the hosts that are on carry the load: for any price `p` per MIPS, a
//! host of kind `k` that carries `x` draws `P_k(x) >= p x + c_k(p)` with `c_k(p) = min over x of P_k(x) - p x`, which a
//! point of its table attains. So power is at least `p` x load + the sum of the `n` least `c_k(p)` of hosts there are.
//! That is linear in the load, and exact to integrate over a trace that is linear between samples; the price is chosen
//! for every interval. It is the dual of the linear program that spreads a load over the lower convex hulls of the
//! power curves.
//!
//! [`EnergyBound`] states number and prices. [`certify`] derives the energy from them again, in fractions of unbounded
//! integers and with none of the code that chose them.
//!
//! S. P. Fekete, J. Schepers, *New classes of fast lower bounds for bin packing problems*, Mathematical Programming
//! 91(1), 2001 (the functions `u`).

mod certify;

pub use certify::{BoundError, certify};

use super::study::{HOST_KINDS, HostKind, Study};
use super::trace::SAMPLES;

/// The most that the parameter of a dual feasible function is tried to.
const LARGEST_PARAMETER: u64 = 64;

/// A price of load: `numerator / denominator` tenths of a watt per MIPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Tenths of a watt.
    pub numerator: u64,
    /// MIPS.
    pub denominator: u64,
}

/// A lower bound on energy, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnergyBound {
    /// The parameter `k` of the dual feasible function `x -> floor((k + 1) x) / k` of memory.
    pub parameter: u64,
    /// The hosts that memory needs.
    pub hosts: u64,
    /// The price of load in every interval between samples.
    pub prices: Vec<Price>,
}

/// The best bound of this kind on the energy of a study, from the first to the last second of the day.
///
/// It serves every VM all that it asks for, but no more than a core of the slowest host gives. Linear in VMs x samples.
pub fn energy_bound(study: &Study) -> EnergyBound {
    let (parameter, hosts) = (1..=LARGEST_PARAMETER)
        .filter_map(|parameter| Some((parameter, hosts_by_memory(study, parameter)?)))
        .fold((1, 0), |best, next| if next.1 > best.1 { next } else { best });
    let loads: Vec<u64> = (0..=SAMPLES).map(|sample| load(study, sample)).collect();
    let candidates: Vec<Price> = HOST_KINDS.iter().flat_map(hull_slopes).collect();
    let prices = loads
        .windows(2)
        .map(|ends| {
            let mean = (ends[0] + ends[1]) as f64 / 2.0;
            let value = |price: &Price| {
                let p = price.numerator as f64 / price.denominator as f64;
                p * mean + least_rest(study, hosts, p)
            };
            let best = candidates.iter().max_by(|a, b| value(a).total_cmp(&value(b)));
            *best.expect("every kind of host has slopes")
        })
        .collect();
    EnergyBound { parameter, hosts, prices }
}

/// Hosts that memory needs by a dual feasible function; none if a VM fills a fraction that the function is not for.
fn hosts_by_memory(study: &Study, parameter: u64) -> Option<u64> {
    let capacity = HOST_KINDS.iter().map(|kind| kind.ram_mb).max()?;
    let mut units = 0;
    for vm in 0..study.vms.len() {
        let scaled = (parameter + 1) * study.vm_kind(vm).ram_mb;
        if scaled.is_multiple_of(capacity) {
            return None;
        }
        units += scaled / capacity;
    }
    Some(units.div_ceil(parameter))
}

/// MIPS that all VMs ask for at a sample, each at most a core of the slowest host, rounded down.
fn load(study: &Study, sample: usize) -> u64 {
    let core = HOST_KINDS.iter().map(|kind| kind.core_mips).fold(f64::INFINITY, f64::min);
    (0..study.vms.len())
        .map(|vm| {
            let mips = study.vm_kind(vm).mips as u64;
            (mips * u64::from(study.trace.percent(vm, sample)) / 100).min(core as u64)
        })
        .sum()
}

/// The slopes of the lower convex hull of a power table.
fn hull_slopes(kind: &HostKind) -> Vec<Price> {
    let points: Vec<i64> = deciwatts(kind).collect();
    let step = kind.mips as u64 / 10;
    let mut slopes = Vec::new();
    let mut at = 0;
    while at + 1 < points.len() {
        let rise = |to: usize| (points[to] - points[at], (to - at) as i64);
        let next = (at + 1..points.len())
            .min_by(|&a, &b| {
                let ((ya, xa), (yb, xb)) = (rise(a), rise(b));
                (ya * xb).cmp(&(yb * xa))
            })
            .expect("there is a next point");
        let (rise, run) = rise(next);
        slopes.push(Price { numerator: rise.max(0) as u64, denominator: run as u64 * step });
        at = next;
    }
    slopes
}

/// A table of power in whole tenths of a watt.
fn deciwatts(kind: &HostKind) -> impl Iterator<Item = i64> {
    kind.power.points().iter().map(|watts| (watts * 10.0).round() as i64)
}

/// What the cheapest hosts draw beyond the price of their load, in tenths of a watt.
fn least_rest(study: &Study, hosts: u64, price: f64) -> f64 {
    let mut rests: Vec<(f64, u64)> = (0..HOST_KINDS.len())
        .map(|k| {
            let step = HOST_KINDS[k].mips / 10.0;
            let rest = deciwatts(&HOST_KINDS[k])
                .enumerate()
                .map(|(at, watts)| watts as f64 - price * step * at as f64)
                .fold(f64::INFINITY, f64::min);
            (rest, hosts_of_kind(study, k))
        })
        .collect();
    rests.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut left = hosts;
    let mut sum = 0.0;
    for (rest, stock) in rests {
        let used = if rest < 0.0 { stock } else { stock.min(left) };
        sum += rest * used as f64;
        left = left.saturating_sub(used);
    }
    sum
}

fn hosts_of_kind(study: &Study, kind: usize) -> u64 {
    (0..study.hosts).filter(|host| host % HOST_KINDS.len() == kind).count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::changes::Changes;
    use super::super::trace::Trace;
    use super::*;

    /// VMs with a constant load each.
    fn study(loads: &[u8], hosts: usize) -> Study {
        let vms = loads.iter().enumerate().map(|(n, &load)| (n.to_string(), [load; SAMPLES]));
        Study::new(Trace::new(vms), hosts, Changes::default())
    }

    #[test]
    fn four_large_vms_need_two_hosts() {
        // Of 8 VMs, numbers 2 to 5 take 1740 MB, two to a host; the others fit beside them or need a third host.
        let study = study(&[0; 8], 8);
        let bound = energy_bound(&study);
        assert_eq!((bound.parameter, bound.hosts), (4, 3), "10 units, of which a host holds 4");
        let day = certify(&study, &bound).expect("a bound of our own");
        assert!((day - 3.0 * 86.0 * 24.0 / 1000.0).abs() < 1e-9, "three slow hosts idle, {day}");
    }

    #[test]
    fn load_costs_the_slope_of_the_slow_host() {
        let (idle, busy) = (study(&[0; 8], 8), study(&[10; 8], 8));
        let of = |study: &Study| certify(study, &energy_bound(study)).expect("a bound of our own");
        let watts = (of(&busy) - of(&idle)) / 24.0 * 1000.0;
        let load = 2.0 * (250.0 + 200.0 + 100.0 + 50.0);
        assert!((watts - load * 31.0 / 3720.0).abs() < 1e-9, "{watts}");
    }

    #[test]
    fn forged_statements_are_refused() {
        let study = study(&[30; 8], 8);
        let good = energy_bound(&study);
        let forged = |change: &dyn Fn(&mut EnergyBound)| {
            let mut bound = good.clone();
            change(&mut bound);
            certify(&study, &bound)
        };
        assert_eq!(forged(&|b| b.hosts = 4), Err(BoundError::Hosts { hosts: 4, proved: 3 }));
        assert_eq!(forged(&|b| b.parameter = 0), Err(BoundError::Parameter { parameter: 0 }));
        assert_eq!(
            forged(&|b| b.prices[3].denominator = 0),
            Err(BoundError::Price { interval: 3 })
        );
        assert_eq!(forged(&|b| b.prices.truncate(7)), Err(BoundError::Prices { found: 7 }));
        let honest = certify(&study, &good).expect("a bound of our own");
        for numerator in [0, 1, 1_000_000] {
            let dear = forged(&|b| b.prices.fill(Price { numerator, denominator: 100 }));
            assert!(dear.expect("any price proves something") <= honest);
        }
        let few = super::tests::study(&[0; 8], 2);
        assert_eq!(
            certify(&few, &energy_bound(&few)),
            Err(BoundError::TooFew { needed: 3, hosts: 2 })
        );
    }
}
