//! The hosts of a cluster in operation.

use crate::arrivals::{Demand, Fleet, Kind};
use crate::power::PowerTable;

/// A host.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// What it has.
    pub capacity: Demand,
    /// What it draws.
    pub power: PowerTable,
    /// The rack that it stands in.
    pub rack: u32,
    /// The site that it stands at.
    pub site: u32,
}

/// Hosts by number.
#[derive(Clone, Debug, PartialEq)]
pub struct Hosts {
    hosts: Vec<Host>,
    fleet: Fleet,
}

impl Hosts {
    /// These hosts, which have so many resources: CPU, memory, and what else there is.
    ///
    /// # Panics
    /// As [`Fleet::new`].
    pub fn new(hosts: Vec<Host>, resources: usize) -> Self {
        let mut kinds: Vec<Kind> = Vec::new();
        for host in &hosts {
            match kinds.last_mut() {
                Some(kind) if kind.capacity == host.capacity => kind.count += 1,
                _ => kinds.push(Kind { count: 1, capacity: host.capacity }),
            }
        }
        Self { hosts, fleet: Fleet::new(kinds, resources) }
    }

    /// The hosts of a fleet that all draw the same, at one site, in racks of so many.
    ///
    /// # Panics
    /// If a rack has no hosts.
    pub fn of_fleet(fleet: &Fleet, power: &PowerTable, rack: usize) -> Self {
        assert!(rack > 0, "a rack has hosts");
        let host = |(number, capacity): (usize, &[u64])| {
            let mut all = Demand::default();
            all[..capacity.len()].copy_from_slice(capacity);
            Host { capacity: all, power: power.clone(), rack: (number / rack) as u32, site: 0 }
        };
        Self { hosts: fleet.capacities().enumerate().map(host).collect(), fleet: fleet.clone() }
    }

    /// All hosts.
    pub fn all(&self) -> &[Host] {
        &self.hosts
    }

    /// The hosts as a fleet of kinds.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The number of hosts.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// The number of resources.
    pub fn resources(&self) -> usize {
        self.fleet.resources()
    }
}

impl std::ops::Index<usize> for Hosts {
    type Output = Host;

    fn index(&self, host: usize) -> &Host {
        &self.hosts[host]
    }
}
