//! Unboundedness: a feasible point and a direction along which the cost falls without end.

use num_traits::Signed;
use vmpack_model::allocation::{Amounts, Instance, Objective};

use super::amounts;
use crate::claim::Unproved;
use crate::exact::Sum;

/// Derives that the point is feasible, that every multiple of the ray may be added to it, and that the
/// cost falls along the ray.
///
/// Every amount has a reservation below it and may have a limit above it, so no entry of the ray is
/// negative, and entries with a limit or on a host are zero.
pub(super) fn unbounded(
    instance: &Instance,
    point: &Amounts,
    ray: &[Vec<i64>],
) -> Result<(), Unproved> {
    let Objective::Cost(costs) = instance.objective() else {
        return Unproved::wrong("the utility forgone is never negative");
    };
    let feasible = amounts::judge(instance, point).map_err(|violations| {
        Unproved::Wrong(format!("the point is not feasible: {}", violations.join("; ")))
    })?;
    let (n, d) = (instance.vms().len(), instance.resources().len());
    if ray.len() != n || ray.iter().any(|row| row.len() != d) {
        return Unproved::wrong(format!("expected a ray of {n} x {d} entries"));
    }
    let mut cost = Sum::default();
    for (i, (vm, row)) in instance.vms().iter().zip(ray).enumerate() {
        for (r, &step) in row.iter().enumerate() {
            let of = || format!("VM {:?}, {:?}", vm.name, instance.resources()[r].name);
            if step < 0 {
                return Unproved::wrong(format!("{}: the ray ends at the reservation", of()));
            }
            if step > 0 && instance.limit(i, r).is_some() {
                return Unproved::wrong(format!("{}: the ray ends at the limit", of()));
            }
            if step > 0 && vm.host.is_some() {
                return Unproved::wrong(format!("{}: the ray ends at the host's capacity", of()));
            }
            cost.add(i128::from(step) * i128::from(costs[[i, r]]));
        }
    }
    for service in instance.services() {
        let mut served = Sum::default();
        for term in &service.terms {
            served.add(i128::from(ray[term.vm][term.resource]) * i128::from(term.coefficient));
        }
        if served.total().is_negative() {
            return Unproved::wrong(format!(
                "service {:?}: the ray leaves its demand",
                service.name
            ));
        }
    }
    let cost = cost.total();
    if !cost.is_negative() {
        return Unproved::wrong(format!(
            "the cost does not fall along the ray, it changes by {cost}"
        ));
    }
    if feasible.violation.is_zero() {
        return Ok(());
    }
    Err(Unproved::Undecided(format!(
        "not certified: the point misses a constraint by {}, so that a feasible one may not exist",
        feasible.violation
    )))
}
