//! Who asks for the VMs of a trace: tenants, kinds of work, sites of users, drawn at random where the trace does not say,
//! each from a stream of its own.

use crate::arrivals::random::{Component, Stream};
use crate::operation::Vm;

/// Gives every VM one of so many tenants; the n-th has 1/n as many VMs as the first (Zipf's law).
///
/// # Panics
/// If there are no tenants.
pub fn tenants(seed: u64, tenants: u32, vms: &mut [Vm]) {
    assert!(tenants > 0, "somebody asks");
    if vms.is_empty() {
        return;
    }
    let mut stream = Stream::new(Component::Tenants, seed);
    let sum = |sum: &mut u64, n| {
        *sum += (1 << 32) / n;
        Some(*sum)
    };
    let shares: Vec<u64> = (1..=u64::from(tenants)).scan(0, sum).collect();
    for vm in vms {
        let ticket = stream.below(shares[shares.len() - 1]);
        vm.tenant = shares.partition_point(|&share| share <= ticket) as u32;
    }
}

/// Gives every VM one of so many classes of work, all equally likely, but that half of a tenant's VMs are of one class.
///
/// # Panics
/// If there are no classes.
pub fn classes(seed: u64, classes: u32, vms: &mut [Vm]) {
    assert!(classes > 0, "something is done");
    let mut stream = Stream::new(Component::Work, seed);
    let tenants = vms.iter().map(|vm| vm.tenant).max().map_or(0, |last| last + 1);
    let own: Vec<u64> = (0..tenants).map(|_| stream.below(u64::from(classes))).collect();
    for vm in vms {
        let any = stream.below(2 * u64::from(classes));
        let class = if any < u64::from(classes) || tenants == 1 {
            any % u64::from(classes)
        } else {
            own[vm.tenant as usize]
        };
        vm.class = class as u32;
    }
}

/// Gives every VM the site of its users and a latency limit in microseconds, if any, each equally likely.
///
/// # Panics
/// If there are no sites or no limits to draw from.
pub fn users(seed: u64, sites: &[u32], limits: &[Option<u64>], vms: &mut [Vm]) {
    assert!(!sites.is_empty() && !limits.is_empty(), "somebody waits");
    let mut stream = Stream::new(Component::Users, seed);
    for vm in vms {
        vm.origin = sites[stream.below(sites.len() as u64) as usize];
        vm.latency_limit = limits[stream.below(limits.len() as u64) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_that_were_asked_for() {
        let mut vms = vec![Vm::steady("", 0, None, [0; 5]); 30_000];
        tenants(1, 4, &mut vms);
        classes(1, 5, &mut vms);
        users(1, &[0, 2, 7], &[None, Some(5_000), Some(20_000)], &mut vms);
        let share = |of: &dyn Fn(&Vm) -> bool| {
            vms.iter().filter(|vm| of(vm)).count() as f64 / vms.len() as f64
        };
        // 1 + 1/2 + 1/3 + 1/4 = 25/12.
        for tenant in 0..4 {
            let expected = 12.0 / 25.0 / f64::from(tenant + 1);
            assert!((share(&|vm| vm.tenant == tenant as u32) - expected).abs() < 0.015, "{tenant}");
        }
        let of_first: Vec<&Vm> = vms.iter().filter(|vm| vm.tenant == 0).collect();
        let most = (0..5).map(|class| of_first.iter().filter(|vm| vm.class == class).count()).max();
        assert!((most.unwrap_or(0) as f64 / of_first.len() as f64 - 0.6).abs() < 0.02);
        assert!((share(&|vm| vm.origin == 7) - 1.0 / 3.0).abs() < 0.015);
        assert!((share(&|vm| vm.latency_limit.is_none()) - 1.0 / 3.0).abs() < 0.015);
        let mut alone = vec![Vm::steady("", 0, None, [0; 5]); 10_000];
        classes(1, 5, &mut alone);
        let of_last = alone.iter().filter(|vm| vm.class == 4).count() as f64 / 1e4;
        assert!((of_last - 0.2).abs() < 0.02, "one tenant alone has no class of its own");
    }
}
