//! What is asked for.

use vmpack_model::packing::Level;

/// Whose VMs a term is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Those of a tenant.
    Tenant(u32),
    /// Those of each tenant, taken by itself.
    EachTenant,
    /// Those of one class of one tenant, each such group taken by itself.
    EachService,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
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
