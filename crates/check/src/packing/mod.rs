//! The packing family: placements, bounds and refutations.
//!
//! Costs of placements are sums of host costs, of prices of VMs on hosts, and of prices of broken rules, so
//! they are multiples of the greatest common divisor of all of these: a bound proves a placement optimal if
//! no such multiple lies between the two.
//!
//! *Bounds.* All certificates look at the hosts alone: rules and prices are left out. Rules only forbid
//! placements, and prices and broken rules only add to the cost, so a bound on what the hosts of any placement
//! cost is one on its whole cost, and where there is no placement without rules there is none with them. What
//! hosts cost is a multiple of the greatest common divisor of host costs alone, to which bounds from
//! certificates are rounded up. Overcommit and reserve are part of the capacities throughout.
//!
//! Each certificate speaks of a placement that keeps the rules as of any other; but one that survives failures
//! may open hosts that hold nothing, and search trees look at placements that do not. Without these hosts it is
//! still a placement within capacity and stock, though it may break rules then, and costs no more: if a tree
//! shows that there is none of its cost, there was none before either. Of the refutations only
//! [`Refutation::FitsNowhere`] knows rules: a host type does not count for a VM type that a hard
//! [`Demand::Restrict`](vmpack_model::packing::Demand::Restrict) keeps from it.

mod dual_feasible;
mod knapsack;
mod placement;
mod rules;
mod tree;
mod volume;
mod weights;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use vmpack_model::packing::{Certificate, Instance, Packing, Placement, Refutation, Strength};
use vmpack_model::{Outcome, Status, Value};

use crate::claim::{self, Derive, Feasible, Lower, Unproved};
use crate::exact::{integer, rational};
use crate::{Effort, Judge, Judgement};

impl Judge for Packing {
    fn judge(instance: &Instance, outcome: &Outcome<Self>, effort: &Effort) -> Judgement {
        claim::judge(instance, outcome, *effort)
    }
}

impl Derive for Packing {
    fn solution(instance: &Instance, placement: &Placement) -> Result<Feasible, Vec<String>> {
        placement::judge(instance, placement)
    }

    fn bound(
        instance: &Instance,
        certificate: &Certificate,
        effort: Effort,
    ) -> Result<Lower, Unproved> {
        let lower = match certificate {
            Certificate::Volume { resource } => volume::bound(instance, *resource),
            Certificate::DualFeasible { resource, function } => {
                dual_feasible::bound(instance, *resource, *function)
            }
            Certificate::DualWeights { weights, scale, prices } => {
                weights::bound(instance, weights, *scale, prices, effort)
            }
            Certificate::Tree { below, nodes } => tree::bound(instance, *below, nodes, effort),
        }?;
        Ok(match lower {
            Lower::AtLeast(bound) => next_multiple(host_step(instance), &bound),
            Lower::Infinite => Lower::Infinite,
        })
    }

    fn refutation(
        instance: &Instance,
        status: Status,
        refutation: &Refutation,
        effort: Effort,
    ) -> Result<(), Unproved> {
        debug_assert_eq!(status, Status::Infeasible, "a packing is never unbounded");
        match refutation {
            Refutation::FitsNowhere { vm } => fits_nowhere(instance, *vm),
            Refutation::StockTooSmall { resource } => volume::exceeds_stock(instance, *resource),
            Refutation::Weights { weights, prices } => {
                weights::refutation(instance, weights, prices, effort)
            }
            Refutation::Tree { nodes } => tree::refutation(instance, nodes, effort),
        }
    }

    fn bounded(_: &Instance) -> Option<String> {
        Some("no placement costs less than zero".to_owned())
    }

    fn closes(instance: &Instance, bound: Value, solution: &Feasible) -> bool {
        match next_multiple(cost_step(instance), &rational(bound)) {
            Lower::AtLeast(least) => solution.cost.high <= least,
            Lower::Infinite => true,
        }
    }

    fn contradicts(bound: Value, solution: &Feasible) -> bool {
        rational(bound) > solution.cost.high
    }
}

/// The least cost, not below the bound, if costs are multiples of `step`.
fn next_multiple(step: u64, bound: &BigRational) -> Lower {
    if !bound.is_positive() {
        return Lower::AtLeast(BigRational::zero());
    }
    if step == 0 {
        // Everything is free, so a placement would cost nothing.
        return Lower::Infinite;
    }
    let step = integer(step);
    Lower::AtLeast((bound / &step).ceil() * step)
}

/// The greatest common divisor of the costs of all host types in stock, of which what the hosts of a
/// placement cost is a multiple; zero if all are free.
fn host_step(instance: &Instance) -> u64 {
    let stocked = instance.hosts().iter().filter(|host| host.stock != Some(0));
    stocked.fold(0, |divisor, host| gcd(divisor, host.cost))
}

/// The greatest common divisor of all that may be paid for: of [`host_step`], of the prices of VMs on hosts in
/// stock, and of the prices of soft rules. Costs of placements are multiples of it.
fn cost_step(instance: &Instance) -> u64 {
    let rules = instance.rules();
    let stocked = |t: usize| instance.hosts()[t].stock != Some(0);
    let placed = rules.prices.iter().flat_map(|prices| prices.indexed_iter());
    let placed = placed.filter(|&((vm, t), _)| instance.vms()[vm].count > 0 && stocked(t));
    let broken = rules.rules.iter().filter_map(|rule| match rule.strength {
        Strength::Hard => None,
        Strength::Soft { price } => Some(price),
    });
    placed.map(|(_, &price)| price).chain(broken).fold(host_step(instance), gcd)
}

/// The greatest common divisor; that of zero and a number is the number.
fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What VM type `vm` demands of a resource at least: the minimum over its alternatives.
fn least_demand(instance: &Instance, vm: usize, resource: usize) -> u64 {
    let rows = instance.vms()[vm].rows.clone();
    rows.map(|row| instance.demand(row)[resource]).min().unwrap_or(0)
}

/// What all VMs demand of a resource at least.
fn total_demand(instance: &Instance, resource: usize) -> BigInt {
    let vms = instance.vms().iter().enumerate();
    vms.map(|(i, vm)| BigInt::from(vm.count) * least_demand(instance, i, resource)).sum()
}

fn known_resource(instance: &Instance, resource: usize) -> Result<(), Unproved> {
    if resource < instance.dimensions() {
        return Ok(());
    }
    Unproved::wrong(format!("there is no resource number {resource}"))
}

fn fits_nowhere(instance: &Instance, vm: usize) -> Result<(), Unproved> {
    let Some(kind) = instance.vms().get(vm) else {
        return Unproved::wrong(format!("there is no VM type number {vm}"));
    };
    if kind.count == 0 {
        return Unproved::wrong(format!("there are no VMs of type {:?} to place", kind.name));
    }
    for (t, host) in instance.hosts().iter().enumerate().filter(|(_, host)| host.stock != Some(0)) {
        if rules::forbidding(instance, vm, t).is_some() {
            continue;
        }
        let offered = rules::usable(instance, t);
        let fits = |row: usize| instance.demand(row).iter().zip(&*offered).all(|(d, c)| d <= c);
        if kind.rows.clone().any(fits) {
            let reason = format!("a VM of type {:?} fits host type {:?}", kind.name, host.name);
            return Unproved::wrong(reason);
        }
    }
    Ok(())
}
