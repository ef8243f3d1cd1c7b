//! Combinatorial lower bounds for packing, each with a certificate that the checker can re-prove.
//!
//! * [`volume()`]: the fractional cover of one resource's demand, within stock (L1).
//! * [`dual_feasible()`]: dual feasible functions on one resource of a single host type (L2 and beyond).
//! * [`surrogate()`]: the fractional cover of a weighted sum of all resources, on hosts of different shape.
//! * [`one_type()`]: the VMs of one type need a host that they fit.
//! * [`best`]: the strongest of all.
//! * [`refute()`]: simple proofs that there is no placement at all.
//! * [`finish`] and [`give_up`]: from a placement, or the lack of one, to an [`Outcome`].
//!
//! Everything is exact integer arithmetic on the VM *types*; counts are never expanded. A bound takes
//! `O(n log n + p n)` per resource for `n` VM types and `p =` [`ROUNDINGS`] `+` [`COUNTINGS`] parameters
//! of dual feasible functions, which is milliseconds for thousands of types.
//!
//! [`Outcome`]: vmpack_model::Outcome

mod dual_feasible;
mod one_type;
mod outcome;
mod refute;
mod surrogate;
mod volume;

pub use dual_feasible::{COUNTINGS, ROUNDINGS, dual_feasible};
pub use one_type::one_type;
pub use outcome::{finish, give_up};
pub use refute::refute;
pub use surrogate::surrogate;
pub use volume::volume;

use vmpack_model::packing::{Certificate, Instance};
use vmpack_model::{Bound, Value};

/// The strongest of all bounds; among equals the one with the simplest certificate: volume, dual feasible
/// function, one VM type's hosts, surrogate. The last is left out where its certificate would take the
/// checker more than a fraction of a second.
///
/// `None` if nothing can be bounded, which only happens when the instance has no placement.
pub fn best(instance: &Instance) -> Option<Bound<Certificate>> {
    let resources = || 0..instance.dimensions();
    let volumes = resources().filter_map(|k| volume(instance, k));
    let functions = resources().filter_map(|k| dual_feasible(instance, k));
    let weighted = surrogate::is_provable(instance).then(|| surrogate(instance)).flatten();
    let others = one_type(instance).into_iter().chain(weighted);
    volumes.chain(functions).chain(others).reduce(stronger)
}

/// The greater bound; the first of equals.
fn stronger(first: Bound<Certificate>, second: Bound<Certificate>) -> Bound<Certificate> {
    if second.value > first.value { second } else { first }
}

/// What VM type `vm` demands of a resource at least: the minimum over its alternatives.
fn least_demand(instance: &Instance, vm: usize, resource: usize) -> u64 {
    let rows = instance.vms()[vm].rows.clone();
    rows.map(|row| instance.demand(row)[resource]).min().unwrap_or(0)
}

/// What all VMs demand of a resource at least. Fits by the invariants of an instance.
fn total_demand(instance: &Instance, resource: usize) -> u64 {
    let vms = instance.vms().iter().enumerate();
    vms.map(|(i, vm)| vm.count * least_demand(instance, i, resource)).sum()
}

/// The least cost, not below the bound and not negative, that a sum of host costs can have: a multiple of
/// their greatest common divisor. `None` on overflow.
fn attainable(instance: &Instance, bound: Value) -> Option<Value> {
    let stocked = instance.hosts().iter().filter(|host| host.stock != Some(0));
    let step = stocked.fold(0, |divisor, host| gcd(divisor, host.cost)).max(1);
    let steps = u128::try_from(bound.ceil().max(0)).ok()?.div_ceil(u128::from(step));
    Some(Value::from(i128::try_from(steps.checked_mul(u128::from(step))?).ok()?))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
