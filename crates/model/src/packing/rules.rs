//! Placement rules: what a placement must keep, or pays for, beyond the capacities of hosts.
//!
//! Operators speak of tenants, labels, clearances, replicas, fault domains, latency. All of that comes down to
//! a few forms over *groups* of VM types and *domains* of hosts: a group may use certain hosts only
//! ([`Demand::Restrict`]), may have so many members in a domain ([`Demand::AtMost`]), stays together
//! ([`Demand::Together`]), spreads ([`Demand::Spread`]), keeps apart from other groups ([`Demand::Separate`]), and
//! survives failures ([`Demand::Survive`]). Groups count single VMs: a type of ten VMs has ten members.

use std::collections::HashSet;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::Instance;
use crate::shape::{ShapeError, check_shape};

/// The extent of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Every single host is a domain.
    Host,
    /// The hosts of one rack.
    Rack,
    /// The hosts of one site.
    Site,
}

/// Where the hosts of each type stand. Hosts of one model in two racks are two host types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// Names of the racks.
    pub racks: Vec<String>,
    /// Names of the sites.
    pub sites: Vec<String>,
    /// The rack of each host type; empty if there are no racks. A host type without one is a rack of its own.
    pub rack_of: Vec<Option<usize>>,
    /// The site of each host type, as for racks.
    pub site_of: Vec<Option<usize>>,
}

impl Topology {
    /// The domain of hosts of type `host` at a level above the single host, such that two host types are in the
    /// same domain exactly if the numbers agree; below `racks + host types` or `sites + host types`. `None` at
    /// the level of hosts, where every host is a domain of its own.
    pub fn domain(&self, level: Level, host: usize) -> Option<usize> {
        let (names, of) = match level {
            Level::Host => return None,
            Level::Rack => (&self.racks, &self.rack_of),
            Level::Site => (&self.sites, &self.site_of),
        };
        Some(of.get(host).copied().flatten().unwrap_or(names.len() + host))
    }
}

/// What a rule asks for. VM types and host types are given by index, sorted and without repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The VMs run on hosts of these types only (access control by labels, latency limits). Violations: VMs
    /// elsewhere.
    Restrict {
        /// The VM types.
        vms: Vec<usize>,
        /// The host types that they may use.
        hosts: Vec<usize>,
    },
    /// No domain holds more than `most` of the VMs (anti-affinity). Violations: VMs above it, over all domains.
    AtMost {
        /// The VM types.
        vms: Vec<usize>,
        /// How many of their VMs a domain may hold, at least one.
        most: u64,
        /// The extent of a domain.
        within: Level,
    },
    /// One domain holds all of the VMs (affinity). Violations: domains that hold some, beyond the first.
    Together {
        /// The VM types.
        vms: Vec<usize>,
        /// The extent of a domain.
        within: Level,
    },
    /// At least `least` domains hold some of the VMs (spread over fault domains). Violations: domains missing.
    Spread {
        /// The VM types.
        vms: Vec<usize>,
        /// The number of domains.
        least: u64,
        /// The extent of a domain.
        over: Level,
    },
    /// No domain holds VMs of two classes (tenants, conflict classes of a Chinese wall; a dedicated host is a
    /// group against everybody else). VM types in no class may be anywhere. Violations: classes in a domain
    /// beyond the first, over all domains.
    Separate {
        /// Disjoint sets of VM types.
        classes: Vec<Vec<usize>>,
        /// The extent of a domain.
        within: Level,
    },
    /// Any `failures` of the opened hosts of these types may fail, and all their VMs fit on the others (N+k).
    /// Those that move keep the hard rules of [`Demand::Restrict`] and, at the level of hosts, of
    /// [`Demand::AtMost`] and [`Demand::Separate`]. Always hard; a placement shows who goes where:
    /// [`Evacuation`].
    Survive {
        /// The host types among which hosts fail and which take in the VMs.
        hosts: Vec<usize>,
        /// How many of them may fail at once, at least one.
        failures: u64,
    },
}

impl Demand {
    /// The name of the form, as files and tables show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Restrict { .. } => "restrict",
            Self::AtMost { .. } => "at-most",
            Self::Together { .. } => "together",
            Self::Spread { .. } => "spread",
            Self::Separate { .. } => "separate",
            Self::Survive { .. } => "survive",
        }
    }
}

/// Whether a rule may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A placement that breaks it is no placement.
    Hard,
    /// Every violation costs this much, in the cost unit of the instance.
    Soft {
        /// Cost of one violation.
        price: u64,
    },
}

/// A rule with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A name for people; unique within an instance.
    pub name: String,
    /// What it asks for.
    pub demand: Demand,
    /// Whether it may be broken, and at what price.
    pub strength: Strength,
}

/// How much of a resource is sold for each unit that the hardware has: 4/1 for four virtual cores a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Units sold ...
    pub sold: u64,
    /// ... for so many units of hardware, at least one.
    pub real: u64,
}

impl Ratio {
    /// No overcommit.
    pub const ONE: Self = Self { sold: 1, real: 1 };
}

/// Everything that an instance asks for beyond counts, stock and the capacity of the hardware.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Overcommit of each resource; empty for none.
    pub overcommit: Vec<Ratio>,
    /// What every host of a type keeps free of each resource, host types x resources, in units sold; `None` for
    /// nothing. The usable capacity is `floor(hardware x overcommit) - reserve`, at least 0.
    pub reserve: Option<Array2<u64>>,
    /// Where hosts stand.
    pub topology: Topology,
    /// What running one VM on a host costs beyond the host (latency, say), VM types x host types; `None` for
    /// nothing.
    pub prices: Option<Array2<u64>>,
    /// The rules proper.
    pub rules: Vec<Rule>,
}

/// Why rules do not belong to an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A matrix or list has another shape than the instance asks for.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A rule is out of range or contradicts itself.
    #[error("rule {rule:?}: {reason}")]
    Rule {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Costs or capacities leave 64 bits.
    #[error("the {what} exceeds 2^64 - 1")]
    Overflow {
        /// What is too large.
        what: String,
    },
    /// An overcommit ratio is not positive.
    #[error("overcommit of {resource:?}: expected a ratio of positive numbers")]
    Overcommit {
        /// The resource.
        resource: String,
    },
}

impl Rules {
    /// Whether they ask for nothing but capacity: then every method may take the instance as it is, because
    /// [`Instance::capacity`] is the usable capacity.
    pub fn only_capacity(&self) -> bool {
        self.prices.is_none() && self.rules.is_empty()
    }

    /// The usable capacities of hosts with the capacities `hardware`.
    pub(super) fn usable(
        &self,
        instance: &Instance,
        hardware: &Array2<u64>,
    ) -> Result<Array2<u64>, RulesError> {
        let mut usable = hardware.clone();
        for ((host, k), capacity) in usable.indexed_iter_mut() {
            let Ratio { sold, real } = self.overcommit.get(k).copied().unwrap_or(Ratio::ONE);
            let resource = &instance.resources()[k].name;
            if sold == 0 || real == 0 {
                return Err(RulesError::Overcommit { resource: resource.clone() });
            }
            let sold = u128::from(*capacity) * u128::from(sold) / u128::from(real);
            let sold = u64::try_from(sold).map_err(|_| RulesError::Overflow {
                what: format!("overcommitted capacity of {resource:?}"),
            })?;
            let reserve = self.reserve.as_ref().map_or(0, |reserve| reserve[[host, k]]);
            *capacity = sold.saturating_sub(reserve);
        }
        Ok(usable)
    }

    /// Whether shapes and indices agree with the instance and no cost can leave 64 bits.
    pub(super) fn check(&self, instance: &Instance) -> Result<(), RulesError> {
        let (vms, hosts, d) = (instance.vms().len(), instance.hosts().len(), instance.dimensions());
        if !self.overcommit.is_empty() {
            check_shape("overcommit", (1, self.overcommit.len()), (1, d))?;
        }
        if let Some(reserve) = &self.reserve {
            check_shape("reserve", reserve.dim(), (hosts, d))?;
        }
        if let Some(prices) = &self.prices {
            check_shape("prices", prices.dim(), (vms, hosts))?;
        }
        let places = [
            ("racks of host types", &self.topology.rack_of, self.topology.racks.len()),
            ("sites of host types", &self.topology.site_of, self.topology.sites.len()),
        ];
        for (what, of, names) in places {
            if !of.is_empty() {
                check_shape(what, (1, of.len()), (1, hosts))?;
            }
            if of.iter().flatten().any(|&place| place >= names) {
                return Err(RulesError::Rule {
                    rule: what.to_owned(),
                    reason: format!("expected numbers below {names}"),
                });
            }
        }
        let mut names = HashSet::new();
        for rule in &self.rules {
            let refuse = |reason: String| RulesError::Rule { rule: rule.name.clone(), reason };
            if !names.insert(&rule.name) {
                return Err(refuse("expected a name of its own".to_owned()));
            }
            rule.check(vms, hosts).map_err(refuse)?;
        }
        self.check_cost(instance)
    }

    /// The dearest placement: every VM alone on the dearest host at the dearest price, every rule broken by every
    /// VM.
    fn check_cost(&self, instance: &Instance) -> Result<(), RulesError> {
        let total = u128::from(instance.total_vms());
        let host = instance.hosts().iter().map(|host| host.cost).max().unwrap_or(0);
        let placed = self.prices.iter().flatten().max().copied().unwrap_or(0);
        let soft = self.rules.iter().map(|rule| match (&rule.strength, &rule.demand) {
            (Strength::Hard, _) => 0,
            (Strength::Soft { price }, Demand::Spread { least, .. }) => {
                u128::from(*price).saturating_mul(u128::from(*least))
            }
            (Strength::Soft { price }, _) => u128::from(*price).saturating_mul(total),
        });
        let each = u128::from(host) + u128::from(placed);
        let cost = soft.fold(each.saturating_mul(total), u128::saturating_add);
        u64::try_from(cost).map(drop).map_err(|_| RulesError::Overflow {
            what: "cost of breaking every soft rule".to_owned(),
        })
    }
}

impl Rule {
    /// Whether a placement that breaks it is no placement.
    pub fn is_hard(&self) -> bool {
        self.strength == Strength::Hard
    }

    /// Whether indices are sorted, distinct, and those of an instance with so many VM types and host types.
    fn check(&self, vms: usize, hosts: usize) -> Result<(), String> {
        let set = |what: &str, set: &[usize], end: usize| {
            if set.is_empty() {
                return Err(format!("expected at least one {what}"));
            }
            if !set.is_sorted_by(|a, b| a < b) || set[set.len() - 1] >= end {
                return Err(format!("expected distinct {what}s in order, numbered below {end}"));
            }
            Ok(())
        };
        match &self.demand {
            Demand::Restrict { vms: group, hosts: places } => {
                set("VM type", group, vms)?;
                // No place at all is a rule that nothing can keep; the instance may say so.
                if places.is_empty() { Ok(()) } else { set("host type", places, hosts) }
            }
            Demand::AtMost { vms: group, most, .. } => {
                if *most == 0 {
                    return Err("expected at least one VM per domain".to_owned());
                }
                set("VM type", group, vms)
            }
            Demand::Together { vms: group, .. } | Demand::Spread { vms: group, .. } => {
                set("VM type", group, vms)
            }
            Demand::Separate { classes, .. } => {
                let mut class_of = vec![false; vms];
                for class in classes {
                    set("VM type", class, vms)?;
                    for &vm in class {
                        if std::mem::replace(&mut class_of[vm], true) {
                            return Err(format!("VM type number {vm} is in two classes"));
                        }
                    }
                }
                Ok(())
            }
            Demand::Survive { hosts: places, failures } => {
                if *failures == 0 {
                    return Err("expected at least one failure".to_owned());
                }
                if !self.is_hard() {
                    return Err("surviving failures has no price: it must be hard".to_owned());
                }
                set("host type", places, hosts)
            }
        }
    }
}

/// Who goes where when hosts fail: the evidence for [`Demand::Survive`].
///
/// There must be one for every way to choose the failing hosts, up to hosts that are filled alike; none where all
/// that fail hold nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evacuation {
    /// Which rule it is for, by index.
    pub rule: usize,
    /// The patterns of the placement, by index, of the hosts that fail, and how many of each; sorted.
    pub failed: Vec<(usize, u64)>,
    /// What remaining hosts take in.
    pub takes: Vec<Intake>,
}

/// What some of the remaining hosts with one pattern take in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// The pattern of the hosts, by index.
    pub pattern: usize,
    /// How many of them take this in, each.
    pub hosts: u64,
    /// Demand rows and how many VMs of each.
    pub vms: Vec<(usize, u64)>,
}
