//! Who asks for the VMs of a trace: tenants, kinds of work, sites of users, drawn at random where the trace does not say.

use crate::arrivals::random::{Component, Stream};
use crate::operation::Vm;

/// How tenants, classes and origins are drawn. Each is drawn from a stream of its own: another number of sites leaves
/// tenants as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// The number of tenants; the n-th has 1/n as many VMs as the first (Zipf's law).
    pub tenants: u32,
    /// The number of classes of work. Half of a tenant's VMs are of the tenant's own class, the others of any.
    pub classes: u32,
    /// The number of sites that have users, all equally many.
    pub sites: u32,
    /// Latency limits in microseconds, all equally frequent; `None` is no limit.
    pub limits: Vec<Option<u64>>,
}

impl Population {
    /// Gives every VM its tenant, class, origin and limit.
    ///
    /// # Panics
    /// If there are no tenants, classes, sites or limits to draw from.
    pub fn settle(&self, seed: u64, vms: &mut [Vm]) {
        let (mut tenants, mut work, mut users) = (
            Stream::new(Component::Tenants, seed),
            Stream::new(Component::Work, seed),
            Stream::new(Component::Users, seed),
        );
        assert!(self.tenants > 0 && self.classes > 0 && self.sites > 0, "somebody asks");
        let shares: Vec<u64> = (1..=u64::from(self.tenants))
            .scan(0, |sum, n| {
                *sum += (1 << 32) / n;
                Some(*sum)
            })
            .collect();
        let own: Vec<u64> =
            (0..self.tenants).map(|_| work.below(u64::from(self.classes))).collect();
        for vm in vms {
            let ticket = tenants.below(shares[shares.len() - 1]);
            let tenant = shares.partition_point(|&share| share <= ticket);
            let any = work.below(2 * u64::from(self.classes));
            vm.tenant = tenant as u32;
            vm.class = if any < u64::from(self.classes) { any as u32 } else { own[tenant] as u32 };
            vm.origin = users.below(u64::from(self.sites)) as u32;
            vm.latency_limit = self.limits[users.below(self.limits.len() as u64) as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_that_were_asked_for() {
        let mut vms = vec![Vm::steady("", 0, None, [0; 5]); 30_000];
        let limits = vec![None, Some(5_000), Some(20_000)];
        let population = Population { tenants: 4, classes: 5, sites: 3, limits };
        population.settle(1, &mut vms);
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
        assert!((share(&|vm| vm.origin == 2) - 1.0 / 3.0).abs() < 0.015);
        assert!((share(&|vm| vm.latency_limit.is_none()) - 1.0 / 3.0).abs() < 0.015);
        let mut others = vms.clone();
        Population { sites: 2, ..population }.settle(1, &mut others);
        assert!(vms.iter().zip(&others).all(|(a, b)| (a.tenant, a.class) == (b.tenant, b.class)));
        assert!(vms.iter().zip(&others).any(|(a, b)| a.origin != b.origin));
    }
}
