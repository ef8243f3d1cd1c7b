//! The rules file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use vmpack_model::packing::Level;

use crate::operator::number::Number;

/// Everything that a rules file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RulesForm {
    pub(super) tenants: Option<Spanned<Tenants>>,
    #[serde(default)]
    pub(super) conflict: Vec<Spanned<Conflict>>,
    #[serde(default)]
    pub(super) anti_affinity: Vec<Spanned<AntiAffinity>>,
    #[serde(default)]
    pub(super) affinity: Vec<Spanned<Affinity>>,
    #[serde(default)]
    pub(super) spread: Vec<Spanned<Spread>>,
    #[serde(default)]
    pub(super) access: Vec<Spanned<Access>>,
    #[serde(default)]
    pub(super) overcommit: BTreeMap<Spanned<String>, Spanned<Number>>,
    #[serde(default)]
    pub(super) reserve: Vec<Spanned<Reserve>>,
    #[serde(default)]
    pub(super) failures: Vec<Spanned<Failures>>,
    pub(super) latency: Option<Latency>,
}

pub(super) type Words = Vec<Spanned<String>>;

/// Who shares hosts with whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Tenants {
    /// Tenants share no domain of this extent.
    pub(super) apart: Option<Level>,
    /// Tenants that share hosts with nobody, not even VMs of no tenant.
    #[serde(default)]
    pub(super) dedicated: Words,
    pub(super) price: Option<Spanned<Number>>,
}

/// A Chinese wall.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Conflict {
    pub(super) name: Option<String>,
    pub(super) classes: Vec<Words>,
    #[serde(default = "host")]
    pub(super) within: Level,
    pub(super) price: Option<Spanned<Number>>,
}

/// At most so many in a domain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AntiAffinity {
    pub(super) name: Option<String>,
    pub(super) vms: Words,
    #[serde(default = "one")]
    pub(super) most: u64,
    #[serde(default = "host")]
    pub(super) within: Level,
    pub(super) price: Option<Spanned<Number>>,
}

/// All in one domain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Affinity {
    pub(super) name: Option<String>,
    pub(super) vms: Words,
    #[serde(default = "host")]
    pub(super) within: Level,
    pub(super) price: Option<Spanned<Number>>,
}

/// In at least so many domains.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Spread {
    pub(super) name: Option<String>,
    pub(super) vms: Words,
    pub(super) least: u64,
    pub(super) over: Level,
    pub(super) price: Option<Spanned<Number>>,
}

/// On certain hosts only.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Access {
    pub(super) name: Option<String>,
    pub(super) vms: Words,
    pub(super) hosts: Words,
    pub(super) price: Option<Spanned<Number>>,
}

/// What hosts keep free.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Reserve {
    /// All hosts if absent.
    pub(super) hosts: Option<Words>,
    /// Amounts, or shares of what is sold such as `10%`, by resource.
    pub(super) free: BTreeMap<Spanned<String>, Spanned<Number>>,
}

/// Hosts that may fail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Failures {
    pub(super) name: Option<String>,
    /// All hosts if absent.
    pub(super) hosts: Option<Words>,
    #[serde(default = "one")]
    pub(super) tolerate: u64,
}

/// How far sites are from where VMs are used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Latency {
    /// Milliseconds from each location to each site.
    pub(super) ms: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Spanned<Number>>>,
    #[serde(default)]
    pub(super) limit: Vec<Spanned<LatencyLimit>>,
}

/// VMs that are used from a location.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LatencyLimit {
    pub(super) name: Option<String>,
    pub(super) vms: Words,
    pub(super) from: Spanned<String>,
    /// The greatest latency in milliseconds.
    pub(super) most: Option<Spanned<Number>>,
    /// A site that may be used beyond the limit ...
    pub(super) fallback: Option<Spanned<String>>,
    /// ... at this price per VM.
    pub(super) fallback_price: Option<Spanned<Number>>,
    /// What every millisecond costs per VM.
    pub(super) price_per_ms: Option<Spanned<Number>>,
}

fn host() -> Level {
    Level::Host
}

fn one() -> u64 {
    1
}
