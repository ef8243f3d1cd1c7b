//! Where hosts stand and what they cost there.

use std::path::Path;

use crate::arrivals::format::TraceError;
use crate::arrivals::random::{Component, Stream};
use crate::operation::{Hosts, Vm};
use crate::square::Square;

/// The greatest latency, in microseconds: 100 s.
const MOST: u64 = 100_000_000;

/// What a site charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// For a host that is on for an hour, in millionths of the currency.
    pub host_hour: u64,
    /// For a GB (10^9 bytes) that is sent to the site from another, in millionths of the currency.
    pub gigabyte: u64,
}

/// Sites, one of which is the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    /// The row is the site of users, the column that of hosts.
    latency: Square,
    charges: Vec<Site>,
    cloud: usize,
}

impl Sites {
    /// Sites with the latency from the users of each (rows) to hosts of each (columns), in microseconds.
    ///
    /// # Errors
    /// If there are not as many sites as the table has rows, or the cloud is not among them.
    pub fn new(latency: Square, sites: Vec<Site>, cloud: usize) -> Result<Self, String> {
        if sites.len() != latency.len() || cloud >= sites.len() {
            return Err(format!(
                "expected {} sites, as the table of latency has, with the cloud among them; found {} and number {cloud}",
                latency.len(),
                sites.len()
            ));
        }
        Ok(Self { latency, charges: sites, cloud })
    }

    /// Reads a table of latency in microseconds, up to 100 s.
    ///
    /// # Errors
    /// As [`Square::read`].
    pub fn read_latency(path: &Path) -> Result<Square, TraceError> {
        Square::read(path, MOST)
    }

    /// Latencies between sites that lie somewhere in a square of 500 km: half a millisecond within a site, 10 us more per
    /// km between sites, and 20 ms more to the cloud.
    ///
    /// # Panics
    /// If there are no sites.
    pub fn drawn_latency(names: Vec<String>, cloud: usize, seed: u64) -> Square {
        let mut stream = Stream::new(Component::Sites, seed);
        let mut place = || stream.below(500_001) as f64 / 1000.0;
        let places: Vec<[f64; 2]> = names.iter().map(|_| [place(), place()]).collect();
        let latency = |(from, to): (usize, usize)| {
            let [x, y] = std::array::from_fn(|axis| places[from][axis] - places[to][axis]);
            let far = from != to && (from == cloud || to == cloud);
            500 + if far { 20_000 } else { 0 } + (10.0 * libm::sqrt(x * x + y * y)) as u64
        };
        let all = 0..names.len();
        let pairs = all.clone().flat_map(|from| all.clone().map(move |to| (from, to)));
        let values = pairs.map(latency).collect();
        Square::new(names, values)
    }

    /// The number of sites.
    pub fn len(&self) -> usize {
        self.charges.len()
    }

    /// Never: the cloud is one.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The names of the sites.
    pub fn names(&self) -> &[String] {
        self.latency.names()
    }

    /// What a site charges.
    pub fn site(&self, site: usize) -> &Site {
        &self.charges[site]
    }

    /// The site that VMs fall back on.
    pub fn cloud(&self) -> usize {
        self.cloud
    }

    /// The latency between the users of a VM and hosts of a site, in microseconds.
    pub fn latency(&self, vm: &Vm, site: usize) -> u64 {
        self.latency.at(vm.origin as usize, site)
    }

    /// Whether a site is near enough to the users of a VM.
    pub fn reaches(&self, vm: &Vm, site: usize) -> bool {
        vm.latency_limit.is_none_or(|limit| self.latency(vm, site) <= limit)
    }

    /// Whether hosts stand at, and VMs serve, sites that there are.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self, hosts: &Hosts, vms: &[Vm]) -> Result<(), String> {
        let sites = self.len();
        let stray = hosts.all().iter().position(|host| host.site as usize >= sites);
        if let Some(host) = stray {
            let site = hosts[host].site;
            return Err(format!(
                "host {host} stands at site {site}: expected a number below {sites}"
            ));
        }
        match vms.iter().find(|vm| vm.origin as usize >= sites) {
            Some(vm) => Err(format!(
                "VM {:?} serves site {}: expected a number below {sites}",
                vm.name, vm.origin
            )),
            None => Ok(()),
        }
    }
}
