//! What is asked for.

use serde::Deserialize;
use vmpack_model::packing::Level;

/// Whose VMs a term is about. In files `each-tenant`, `each-service`, or the number of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"each-tenant\", \"each-service\", or the number of a tenant"
)]
pub enum Group {
    /// Those of a tenant.
    Tenant(u32),
    /// Those of each of many groups, taken by itself.
    Each(Each),
}

/// What makes VMs a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Each {
    /// One tenant.
    #[serde(rename = "each-tenant")]
    Tenant,
    /// One tenant and one class of work.
    #[serde(rename = "each-service")]
    Service,
}

/// What is asked for. In files a table whose field `rule` names the variant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Term {
    /// No domain holds VMs of two tenants.
    Apart {
        /// The extent of a domain.
        within: Level,
    },
    /// A tenant shares domains with nobody but these others.
    Private {
        /// The tenant.
        tenant: u32,
        /// The others; they may share with anybody.
        with: Vec<u32>,
        /// The extent of a domain.
        within: Level,
    },
    /// A conflict class: no domain holds VMs of two of these tenants (Brewer and Nash 1989, *The Chinese Wall Security
    /// Policy*). Others may be beside any of them.
    Wall {
        /// The tenants.
        tenants: Vec<u32>,
        /// The extent of a domain.
        within: Level,
    },
    /// No domain holds more than so many of a group.
    AtMost {
        /// The group.
        of: Group,
        /// How many, at least one.
        most: u64,
        /// The extent of a domain.
        within: Level,
    },
    /// One domain holds all of a group that run.
    Together {
        /// The group.
        of: Group,
        /// The extent of a domain.
        within: Level,
    },
    /// Those of a group that run are in so many domains, or each in one of its own while they are fewer.
    Spread {
        /// The group.
        of: Group,
        /// The number of domains.
        least: u64,
        /// The extent of a domain.
        over: Level,
    },
    /// A group runs at these sites only.
    AtSites {
        /// The group.
        of: Group,
        /// The sites.
        sites: Vec<u32>,
    },
    /// So many hosts, each as large as any, stay empty, but for VMs whose host has failed.
    Survive {
        /// How many.
        failures: u64,
    },
}
