//! Simple proofs that no allocation is feasible.

use vmpack_model::allocation::{Instance, Multipliers};

/// Multipliers that prove the constraints contradictory, if one host or one service alone does: the
/// reservations exceed a capacity, or a demand is not met even if everybody gives it all that limits and
/// host capacities allow.
pub(super) fn refute(instance: &Instance) -> Option<Multipliers> {
    let (d, hosts) = (instance.resources().len(), instance.hosts().len());
    let zero = Multipliers::zero(instance.services().len(), hosts, d);
    let mut spare: Vec<i64> =
        (0..hosts * d).map(|at| instance.capacity(at / d, at % d) as i64).collect();
    for (i, vm) in instance.vms().iter().enumerate() {
        let Some(host) = vm.host else { continue };
        for r in 0..d {
            let spare = &mut spare[host * d + r];
            *spare -= instance.reservation(i, r) as i64;
            if *spare < 0 {
                let mut multipliers = zero;
                multipliers.capacities[host][r] = 1;
                return Some(multipliers);
            }
        }
    }
    (0..instance.services().len()).find_map(|j| unreachable(instance, j, spare.clone(), &zero))
}

/// The service at price 1, and capacities at the coefficient at which they run out when they are given to
/// the greatest coefficients first: the dual solution of the greatest service possible.
fn unreachable(
    instance: &Instance,
    j: usize,
    mut spare: Vec<i64>,
    zero: &Multipliers,
) -> Option<Multipliers> {
    let d = instance.resources().len();
    let service = &instance.services()[j];
    let mut multipliers = zero.clone();
    multipliers.services[j] = 1;
    let mut terms = service.terms.clone();
    terms.sort_by_key(|term| std::cmp::Reverse(term.coefficient));
    let mut given = 0;
    for term in terms {
        let (i, r) = (term.vm, term.resource);
        let reserved = instance.reservation(i, r) as i64;
        let mut amount = reserved;
        if term.coefficient > 0 {
            let to_limit = instance.limit(i, r).map(|limit| limit as i64 - reserved);
            match instance.vms()[i].host {
                None => amount += to_limit?,
                Some(host) => {
                    let spare = &mut spare[host * d + r];
                    let rise = to_limit.map_or(*spare, |to_limit| to_limit.min(*spare));
                    *spare -= rise;
                    amount += rise;
                    let price = &mut multipliers.capacities[host][r];
                    if *spare == 0 && *price == 0 {
                        *price = term.coefficient;
                    }
                }
            }
        }
        given += i128::from(term.coefficient) * i128::from(amount);
    }
    (given < i128::from(service.required)).then_some(multipliers)
}
