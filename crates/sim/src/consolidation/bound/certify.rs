//! Derives the energy that a stated bound proves, in exact arithmetic.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, ToPrimitive as _, Zero as _};

use super::super::study::{HOST_KINDS, INTERVAL, Study};
use super::super::trace::SAMPLES;
use super::EnergyBound;

/// Why a stated bound is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundError {
    /// Memory does not prove the number of hosts.
    #[error("{hosts} hosts are stated, but memory proves no more than {proved}")]
    Hosts {
        /// What is stated.
        hosts: u64,
        /// What the function proves.
        proved: u64,
    },
    /// The parameter is 0, or the function is not dual feasible for a VM that fills an exact fraction of a host.
    #[error("{parameter} is no parameter of a dual feasible function of this memory")]
    Parameter {
        /// What is stated.
        parameter: u64,
    },
    /// There is not one price for every interval.
    #[error("{found} prices are stated for {SAMPLES} intervals")]
    Prices {
        /// What is stated.
        found: usize,
    },
    /// A price has denominator 0.
    #[error("the price of interval {interval} is no number")]
    Price {
        /// The interval, from 0.
        interval: usize,
    },
    /// Memory needs more hosts than there are.
    #[error("memory needs {needed} hosts of {hosts}")]
    TooFew {
        /// What memory needs.
        needed: u64,
        /// What there is.
        hosts: u64,
    },
}

/// The energy that a stated bound proves, in kWh rounded down to a double, derived in exact arithmetic.
///
/// # Errors
/// If the statement proves nothing.
pub fn certify(study: &Study, stated: &EnergyBound) -> Result<f64, BoundError> {
    let proved = proved_hosts(study, stated.parameter)?;
    if stated.hosts > proved {
        return Err(BoundError::Hosts { hosts: stated.hosts, proved });
    }
    if proved > study.hosts as u64 {
        return Err(BoundError::TooFew { needed: proved, hosts: study.hosts as u64 });
    }
    if stated.prices.len() != SAMPLES {
        return Err(BoundError::Prices { found: stated.prices.len() });
    }
    let whole = |n: u64| BigRational::from_integer(BigInt::from(n));
    let slowest = HOST_KINDS.iter().map(|kind| kind.core_mips as u64).min().unwrap_or(0);
    let mut load = vec![0_u64; SAMPLES + 1];
    for vm in 0..study.vms.len() {
        let mips = study.vm_kind(vm).mips as u64;
        for (sample, load) in load.iter_mut().enumerate() {
            *load += (u64::from(study.trace.percent(vm, sample)) * mips / 100).min(slowest);
        }
    }
    let mut deciwatt_intervals = BigRational::zero();
    for (interval, price) in stated.prices.iter().enumerate() {
        if price.denominator == 0 {
            return Err(BoundError::Price { interval });
        }
        let price = whole(price.numerator) / whole(price.denominator);
        let mut rests: Vec<(BigRational, u64)> = HOST_KINDS
            .iter()
            .enumerate()
            .map(|(number, kind)| {
                let rest = |(at, watts): (usize, &f64)| {
                    let used = whole(kind.mips as u64) * whole(at as u64) / whole(10);
                    whole((watts * 10.0).round() as u64) - &price * used
                };
                let least = kind.power.points().iter().enumerate().map(rest).min();
                let stock = (number..study.hosts).step_by(HOST_KINDS.len()).count() as u64;
                (least.unwrap_or_else(BigRational::zero), stock)
            })
            .collect();
        rests.sort();
        let mut left = stated.hosts;
        for (rest, stock) in rests {
            let on = if rest.is_negative() { stock } else { stock.min(left) };
            left = left.saturating_sub(on);
            deciwatt_intervals += rest * whole(on);
        }
        deciwatt_intervals += price * whole(load[interval] + load[interval + 1]) / whole(2);
    }
    let kwh = deciwatt_intervals * whole(INTERVAL as u64) / whole(10 * 3_600_000);
    let nearest = kwh.to_f64().unwrap_or(0.0);
    let is_below = BigRational::from_float(nearest).is_some_and(|nearest| nearest <= kwh);
    Ok(if is_below { nearest } else { nearest.next_down() })
}

/// Fekete and Schepers: with weights `floor((k + 1) x) / k`, no host holds more than 1.
fn proved_hosts(study: &Study, parameter: u64) -> Result<u64, BoundError> {
    if parameter == 0 {
        return Err(BoundError::Parameter { parameter });
    }
    let one = BigRational::one();
    let factor = BigRational::from_integer(BigInt::from(parameter + 1));
    let mut weight = BigRational::zero();
    for vm in 0..study.vms.len() {
        let largest = HOST_KINDS.iter().map(|kind| kind.ram_mb).max().unwrap_or(0);
        let size = BigRational::new(study.vm_kind(vm).ram_mb.into(), largest.into());
        let scaled = &factor * size;
        if scaled.is_integer() {
            return Err(BoundError::Parameter { parameter });
        }
        weight += scaled.floor() / (&factor - &one);
    }
    Ok(weight.ceil().to_integer().to_u64().unwrap_or(u64::MAX))
}
