//! Placement by latency and price.

use super::Sites;
use crate::arrivals::{Demand, Vm as Asking};
use crate::operation::{Hosts, Placer, State, Status, Time, Vm};

/// Which site a VM goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The one with the least latency.
    Nearest,
    /// The one within the limit of the VM where its share of a host costs least. The cloud if none within the limit has
    /// room.
    CheapestWithinLimit,
    /// The one where price and latency, weighted, add up to least.
    LatencyWeighted {
        /// What a millisecond is worth, in millionths of the currency.
        millisecond: u64,
    },
    /// The cloud.
    CloudOnly,
}

/// The rules without parameters, by name.
const NAMES: &[(&str, Rule)] = &[
    ("nearest", Rule::Nearest),
    ("cheapest-within-limit", Rule::CheapestWithinLimit),
    ("cloud-only", Rule::CloudOnly),
];

impl Rule {
    /// Reads a name: `nearest`, `cheapest-within-limit`, `cloud-only`, or `latency-weighted`, where a millisecond is worth
    /// so much.
    ///
    /// # Errors
    /// The names that there are.
    pub fn parse(name: &str, millisecond: u64) -> Result<Self, String> {
        if name == "latency-weighted" {
            return Ok(Self::LatencyWeighted { millisecond });
        }
        let known = NAMES.iter().find(|(known, _)| *known == name).map(|&(_, rule)| rule);
        known.ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|&(name, _)| name).collect();
            format!("there is no rule {name:?}: they are {}, latency-weighted", names.join(", "))
        })
    }
}

/// A site, by hosts that are on or those that are off, and what makes it good: less is better.
type Candidate = ([u64; 3], usize, bool);

/// Places VMs by a [`Rule`]. At a site, the lowest host that is on and has room comes before those that are off.
///
/// A VM takes time linear in hosts, and in sites times their logarithm.
#[derive(Clone, Debug)]
pub struct BySite<'a> {
    sites: &'a Sites,
    vms: &'a [Vm],
    rule: Rule,
    /// The hosts of each site, and what they have, each once.
    at: Vec<Vec<usize>>,
    capacities: Vec<Vec<Demand>>,
    /// Whether each host is on, or waking, and takes VMs.
    open: Vec<bool>,
    candidates: Vec<Candidate>,
}

impl<'a> BySite<'a> {
    /// For these hosts and VMs, which [`Sites::check`] accepts.
    pub fn new(sites: &'a Sites, hosts: &Hosts, vms: &'a [Vm], rule: Rule) -> Self {
        let mut at = vec![Vec::new(); sites.len()];
        let mut capacities = vec![Vec::new(); sites.len()];
        for (number, host) in hosts.all().iter().enumerate() {
            at[host.site as usize].push(number);
            if !capacities[host.site as usize].contains(&host.capacity) {
                capacities[host.site as usize].push(host.capacity);
            }
        }
        let open = vec![false; hosts.len()];
        Self { sites, vms, rule, at, capacities, open, candidates: Vec::new() }
    }

    /// What a VM's share of a host costs for an hour at a site, where it takes most of one of its resources.
    fn share(&self, vm: &Vm, site: usize) -> u64 {
        let price = u128::from(self.sites.site(site).host_hour);
        let of = |capacity: &Demand| {
            let part = |(&asked, &has): (&u64, &u64)| price * u128::from(asked) / u128::from(has);
            let has_some = |(_, has): &(&u64, &u64)| **has > 0;
            vm.request.iter().zip(capacity).filter(has_some).map(part).max().unwrap_or(0)
        };
        let least = self.capacities[site].iter().map(of).min().unwrap_or(u128::MAX);
        u64::try_from(least).unwrap_or(u64::MAX)
    }

    /// Lists where a VM may go, the best first.
    fn rank(&mut self, vm: &Vm) {
        self.candidates.clear();
        for site in 0..self.sites.len() {
            let (latency, price) = (self.sites.latency(vm, site), self.sites.site(site).host_hour);
            let (near, is_cloud) = (self.sites.reaches(vm, site), site == self.sites.cloud());
            for off in [false, true] {
                let more = if off { price } else { 0 };
                let key = match self.rule {
                    Rule::Nearest => [latency, more, 0],
                    Rule::CheapestWithinLimit if near => [0, self.share(vm, site), more],
                    Rule::CheapestWithinLimit | Rule::CloudOnly if is_cloud => [1, more, 0],
                    Rule::CheapestWithinLimit | Rule::CloudOnly => continue,
                    Rule::LatencyWeighted { millisecond } => {
                        let worth = u128::from(latency) * u128::from(millisecond) / 1000;
                        let worth = u64::try_from(worth).unwrap_or(u64::MAX);
                        [worth.saturating_add(more), price, 0]
                    }
                };
                self.candidates.push((key, site, off));
            }
        }
        self.candidates.sort_unstable();
    }
}

impl Placer for BySite<'_> {
    fn find(
        &mut self,
        asking: &Asking,
        state: &State<'_>,
        admit: &mut dyn FnMut(usize) -> bool,
    ) -> Option<usize> {
        let vms = self.vms;
        self.rank(&vms[asking.id as usize]);
        self.candidates.iter().find_map(|&(_, site, off)| {
            let mut hosts = self.at[site].iter().copied();
            hosts.find(|&host| {
                let now = state.host(host);
                let takes =
                    if off { now.status == Status::Off && !now.cordoned } else { self.open[host] };
                takes && state.has_room(host, &asking.demand) && admit(host)
            })
        })
    }

    fn wakes(&self) -> bool {
        true
    }

    fn open(&mut self, host: usize) {
        self.open[host] = true;
    }

    fn close(&mut self, host: usize) {
        self.open[host] = false;
    }

    fn reserve(&mut self, _host: usize, _asking: &Asking) {}

    fn release(&mut self, _now: Time, _host: usize, _asking: &Asking) {}
}
