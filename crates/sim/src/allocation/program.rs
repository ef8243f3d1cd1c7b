//! How much every VM is to have, as an instance of the allocation family.

use std::collections::BTreeMap;

use ndarray::Array2;
use vmpack_model::allocation::{
    Amounts, Data, Instance, InstanceError, Objective, Service, Term, Utility, Vm as Sharer,
};
use vmpack_model::{Resource, Value};

use crate::arrivals::Demand;

/// A VM that is to be allotted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The VM.
    pub vm: usize,
    /// The host that it runs on, as an index of the hosts of the program.
    pub host: usize,
    /// Whose it is.
    pub tenant: u32,
    /// Who comes first: greater is more urgent.
    pub priority: u32,
    /// What it requests.
    pub request: Demand,
    /// What it gets in any case.
    pub floor: Demand,
    /// What it is expected to use.
    pub forecast: Demand,
    /// What it should have: the forecast and a margin, no less than the floor.
    pub target: Demand,
}

/// Parts of a forecast, in thousandths of it up to where they end, and what a unit is worth there. The margin above the
/// forecast is worth 1.
const WORTH: [(u64, u64); 3] = [(500, 8), (750, 4), (1000, 2)];

/// A unit is worth so many times more with each degree of priority, so that whatever a VM of a higher priority may have
/// comes before all of a lower one.
const URGENCY: u64 = 16;

/// Greater priorities count as this one.
const MOST_URGENT: u32 = 4;

/// The utility of a resource for a VM: concave, so that what is short is cut from margins first, then from the upper
/// halves of forecasts, and only then from the lower ones; by priority before all that.
fn utility(need: &Need, resource: usize) -> Utility {
    let (forecast, target) = (need.forecast[resource], need.target[resource]);
    let unit = URGENCY.pow(need.priority.min(MOST_URGENT));
    let mut points = vec![(0, 0)];
    let parts = WORTH.iter().map(|&(end, worth)| (forecast * end / 1000, worth));
    for (end, worth) in parts.chain([(target, 1)]) {
        let end = end.min(target);
        let (start, utility) = points[points.len() - 1];
        if end > start {
            points.push((end, utility + (end - start) * worth * unit));
        }
    }
    Utility::Concave(points)
}

/// What each resource is called, and its unit.
const RESOURCES: [(&str, &str); 2] = [("cpu", "1/1000 core"), ("memory", "MiB")];

/// An instance for VMs on hosts: floors as reservations, targets as limits, the utility of forecast and margin as the
/// objective. `available` is what each host has for them, hosts x resources. With a quota, the VMs of a tenant together
/// get no more than so many thousandths of what they request, wherever they are; but no less than their floors.
///
/// # Errors
/// If there are no VMs, or an amount exceeds 2^48.
pub fn program(
    name: String,
    needs: &[Need],
    available: &Array2<u64>,
    quota: Option<u32>,
) -> Result<Instance, InstanceError> {
    let (n, (hosts, d)) = (needs.len(), available.dim());
    let resource = |r: usize| match RESOURCES.get(r) {
        Some(&(name, unit)) => Resource::new(name, unit),
        None => Resource::new(format!("resource{}", r + 1), ""),
    };
    let sharer = |need: &Need| Sharer { name: need.vm.to_string(), host: Some(need.host) };
    Instance::new(Data {
        name,
        resources: (0..d).map(resource).collect(),
        vms: needs.iter().map(sharer).collect(),
        reservations: Array2::from_shape_fn((n, d), |(i, r)| needs[i].floor[r]),
        limits: Array2::from_shape_fn((n, d), |(i, r)| Some(needs[i].target[r])),
        hosts: (0..hosts).map(|host| host.to_string()).collect(),
        capacities: available.clone(),
        services: quota.map_or_else(Vec::new, |quota| quotas(needs, d, quota)),
        objective: Objective::Utility(
            (0..n * d).map(|at| utility(&needs[at / d], at % d)).collect(),
        ),
    })
}

/// Quotas of tenants, as demands on what their VMs do not get.
fn quotas(needs: &[Need], d: usize, quota: u32) -> Vec<Service> {
    let mut tenants: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (vm, need) in needs.iter().enumerate() {
        tenants.entry(need.tenant).or_default().push(vm);
    }
    let service = |tenant: u32, vms: &[usize], resource: usize| {
        let sum = |amount: fn(&Need) -> &Demand| -> u64 {
            vms.iter().map(|&vm| amount(&needs[vm])[resource]).sum()
        };
        let most = sum(|need| &need.request) * u64::from(quota) / 1000;
        Service {
            name: format!("tenant {tenant}, resource {}", resource + 1),
            terms: vms.iter().map(|&vm| Term { vm, resource, coefficient: -1 }).collect(),
            required: -(most.max(sum(|need| &need.floor)) as i64),
        }
    };
    let each = tenants.iter().flat_map(|(&tenant, vms)| (0..d).map(move |r| (tenant, vms, r)));
    each.map(|(tenant, vms, r)| service(tenant, vms, r)).collect()
}

/// Whole amounts from those of a method, VMs x resources: rounded down, but for what is within a thousandth of the next
/// whole one, between floor and target, and within what hosts have.
pub fn whole(needs: &[Need], available: &Array2<u64>, amounts: &Amounts) -> Array2<u64> {
    let slack = i128::from(amounts.denominator) / 1024;
    let mut whole = Array2::from_shape_fn((needs.len(), available.ncols()), |(i, r)| {
        let amount = i128::from(amounts.numerators[[i, r]]) + slack;
        let amount = u64::try_from(amount / i128::from(amounts.denominator)).unwrap_or(0);
        amount.min(needs[i].target[r]).max(needs[i].floor[r])
    });
    let mut sums = Array2::<u64>::zeros(available.dim());
    for ((i, r), &amount) in whole.indexed_iter() {
        sums[[needs[i].host, r]] += amount;
    }
    // A method that computes in floating point may be above a capacity by a little.
    for (i, need) in needs.iter().enumerate().rev() {
        for r in 0..available.ncols() {
            let excess = sums[[need.host, r]].saturating_sub(available[[need.host, r]]);
            let cut = excess.min(whole[[i, r]] - need.floor[r]);
            whole[[i, r]] -= cut;
            sums[[need.host, r]] -= cut;
        }
    }
    whole
}

/// The utility that whole amounts forgo: what methods are compared by.
pub fn forgone(instance: &Instance, amounts: &Array2<u64>) -> u64 {
    let forgone = amounts.indexed_iter().map(|((i, r), &amount)| {
        let utility = instance.utility(i, r).expect("the objective is utility");
        let attained = utility.at(Value::from(amount)).ceil();
        utility.greatest() - u64::try_from(attained).unwrap_or(0).min(utility.greatest())
    });
    forgone.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(vm: usize, priority: u32, floor: u64, forecast: u64, target: u64) -> Need {
        let all = |amount: u64| [amount, 0, 0, 0, 0];
        Need {
            vm,
            host: 0,
            tenant: 0,
            priority,
            request: all(100),
            floor: all(floor),
            forecast: all(forecast),
            target: all(target),
        }
    }

    #[test]
    fn the_utility_of_a_forecast_and_its_margin() {
        let points = |need: &Need| utility(need, 0).points().to_vec();
        let expected = [(0, 0), (20, 160), (30, 200), (40, 220), (50, 230)];
        assert_eq!(points(&need(0, 0, 0, 40, 50)), expected);
        assert_eq!(
            points(&need(0, 1, 0, 1, 2)),
            [(0, 0), (1, 32), (2, 48)],
            "the whole is worth 2"
        );
        assert_eq!(points(&need(0, 0, 0, 0, 0)), [(0, 0)]);
        // The margin of the urgent is worth more than the first half of the others.
        assert!(points(&need(0, 1, 0, 0, 1))[1].1 > points(&need(0, 0, 0, 2, 2))[1].1);
        assert_eq!(points(&need(0, 9, 0, 0, 1)), points(&need(0, 4, 0, 0, 1)));
    }

    #[test]
    fn whole_amounts_keep_floors_targets_and_capacities() {
        let needs = [need(0, 0, 5, 40, 50), need(1, 0, 0, 40, 50), need(2, 0, 0, 9, 9)];
        let numerators = Array2::from_shape_vec((3, 1), vec![4096, 50 * 1024 + 2, 9 * 1024 - 1]);
        let amounts = Amounts {
            numerators: numerators.expect("three amounts"),
            denominator: 1024,
            tolerance_ppb: 1,
        };
        let available = Array2::from_elem((1, 1), 62);
        assert_eq!(whole(&needs, &available, &amounts).as_slice(), Some(&[5, 50, 7][..]));
    }

    #[test]
    fn a_quota_is_never_below_the_floors() {
        let needs = [need(0, 0, 60, 80, 80), need(1, 0, 10, 80, 80)];
        let required = |quota| quotas(&needs, 1, quota)[0].required;
        assert_eq!((required(500), required(300)), (-100, -70));
    }
}
