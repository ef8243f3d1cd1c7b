//! Domains of hosts: which hosts stand together, and what a rule finds in each of them.

use vmpack_model::packing::{Instance, Level, Pattern};

/// A domain; or all hosts with one pattern, each of which is a domain that holds the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Domain {
    /// Every single host of a pattern, by index.
    Hosts { pattern: usize, host: usize },
    /// The rack or site of that number.
    Place { number: usize },
    /// The rack or site of its own that a host type without one is.
    Alone { host: usize },
}

impl Domain {
    /// The domain of hosts of type `host` with the pattern of that index.
    pub(super) fn of(instance: &Instance, level: Level, pattern: usize, host: usize) -> Self {
        let topology = &instance.rules().topology;
        let places = match level {
            Level::Host => return Self::Hosts { pattern, host },
            Level::Rack => &topology.rack_of,
            Level::Site => &topology.site_of,
        };
        match places.get(host) {
            Some(&Some(number)) => Self::Place { number },
            _ => Self::Alone { host },
        }
    }

    /// The domain for people: `a host of type "large" (pattern 2)`, `rack "r1"`.
    pub(super) fn show(self, instance: &Instance, level: Level) -> String {
        let topology = &instance.rules().topology;
        let (word, names) = match level {
            Level::Host => ("host", &[][..]),
            Level::Rack => ("rack", &topology.racks[..]),
            Level::Site => ("site", &topology.sites[..]),
        };
        let host = |host: usize| &instance.hosts()[host].name;
        match self {
            Self::Hosts { pattern, host: t } => {
                format!("a host of type {:?} (pattern {})", host(t), pattern + 1)
            }
            Self::Place { number } => format!("{word} {:?}", names[number]),
            Self::Alone { host: t } => format!("the {word} of host type {:?}", host(t)),
        }
    }
}

/// A share of what a rule finds: so many VMs of a class (of its one group, class 0, unless it separates
/// several).
#[derive(Clone, Copy, Debug)]
struct Share {
    domain: Domain,
    class: usize,
    vms: u128,
}

/// What a rule finds in the domains of a placement.
#[derive(Debug)]
pub(super) struct Occupancy {
    level: Level,
    shares: Vec<Share>,
}

/// What one domain holds.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) domain: Domain,
    /// How many VMs that the rule concerns.
    pub(super) vms: u128,
    /// Of how many classes.
    pub(super) classes: u128,
    /// How many domains hold this.
    pub(super) times: u128,
}

impl Occupancy {
    pub(super) fn new(level: Level) -> Self {
        Self { level, shares: Vec::new() }
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Each of so many hosts with the pattern of that index holds `vms` VMs of the class.
    pub(super) fn add(
        &mut self,
        instance: &Instance,
        (index, pattern, hosts): (usize, &Pattern, u64),
        class: usize,
        vms: u64,
    ) {
        let domain = Domain::of(instance, self.level, index, pattern.host);
        let hosts = if self.level == Level::Host { 1 } else { u128::from(hosts) };
        self.shares.push(Share { domain, class, vms: u128::from(vms) * hosts });
    }

    /// What every domain holds that holds anything; `hosts` are the hosts of each pattern. Sums saturate: they are
    /// compared with 64 bits.
    pub(super) fn holdings(mut self, hosts: impl Fn(usize) -> u64) -> Vec<Holding> {
        self.shares.retain(|share| share.vms > 0);
        // Stable sorts of what is mostly in order take linear time.
        self.shares.sort_by_key(|share| (share.domain, share.class));
        let alike = self.shares.chunk_by(|a, b| a.domain == b.domain);
        let holding = |shares: &[Share]| {
            let domain = shares[0].domain;
            Holding {
                domain,
                vms: shares.iter().fold(0, |sum, share| sum.saturating_add(share.vms)),
                classes: shares.chunk_by(|a, b| a.class == b.class).count() as u128,
                times: match domain {
                    Domain::Hosts { pattern, .. } => u128::from(hosts(pattern)),
                    Domain::Place { .. } | Domain::Alone { .. } => 1,
                },
            }
        };
        alike.map(holding).collect()
    }
}
