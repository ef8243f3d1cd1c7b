//! The section `[cluster]`.

use serde::Deserialize;

use crate::arrivals::{Fleet, Resource};
use crate::operation::Hosts;
use crate::power::{
    ML110_G3, ML110_G4, ML110_G5, PowerTable, X3250_X3470, X3250_X3480, X3550_X5670, X3550_X5675,
};

/// Power tables by name.
const POWER: &[(&str, &PowerTable)] = &[
    ("ml110-g3", &ML110_G3),
    ("ml110-g4", &ML110_G4),
    ("ml110-g5", &ML110_G5),
    ("x3250-x3470", &X3250_X3470),
    ("x3250-x3480", &X3250_X3480),
    ("x3550-x5670", &X3550_X5670),
    ("x3550-x5675", &X3550_X5675),
];

/// Resources of hosts and VMs.
pub(super) const RESOURCES: &[Resource] = &[Resource::CPU, Resource::MEMORY];

/// Which hosts there are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    /// As [`Fleet::parse`] reads them: `20x16c64g+10x32c128g`.
    hosts: String,
    /// What a host draws.
    #[serde(default)]
    power: Power,
    /// Hosts in a rack.
    #[serde(default = "rack")]
    rack: usize,
}

fn rack() -> usize {
    20
}

/// What a host draws.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "power: expected the name of a power table, or watts at 0, 10, .., 100 % of the CPU"
)]
pub(super) enum Power {
    Named(String),
    Watts([f64; 11]),
}

impl Default for Power {
    fn default() -> Self {
        Self::Named("ml110-g5".to_owned())
    }
}

impl Cluster {
    pub(super) fn hosts(&self) -> Result<Hosts, String> {
        let fleet = Fleet::parse(&self.hosts, RESOURCES, None)
            .map_err(|error| format!("hosts: {error}"))?;
        if self.rack == 0 {
            return Err("rack: expected a positive number of hosts".to_owned());
        }
        let power = self.power.table()?;
        Ok(Hosts::of_fleet(&fleet, &power, self.rack))
    }
}

impl Power {
    /// The table.
    pub(super) fn table(&self) -> Result<PowerTable, String> {
        match self {
            Self::Named(name) => {
                let known = POWER.iter().find(|(known, _)| known == name);
                known.map(|&(_, table)| table.clone()).ok_or_else(|| {
                    let names: Vec<&str> = POWER.iter().map(|&(name, _)| name).collect();
                    format!("power: there is no table {name:?}: they are {}", names.join(", "))
                })
            }
            Self::Watts(watts) => {
                if let Some(watts) = watts.iter().find(|watts| !(0.0..=1e6).contains(*watts)) {
                    return Err(format!("power: expected watts from 0 to 1000000, found {watts}"));
                }
                Ok(PowerTable::new(*watts))
            }
        }
    }
}
