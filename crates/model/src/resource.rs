//! Named dimensions.

use serde::{Deserialize, Serialize};

/// One dimension of demand and capacity: a name and the unit its integers count.
///
/// vmpack holds every amount as an integer. A format with fractions is scaled when it is read, and the
/// unit says by how much (for example `1/1000 core`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// What is demanded, for example `cpu`.
    pub name: String,
    /// What one unit is, for example `millicore` or `MiB`; empty where the source names none.
    #[serde(default)]
    pub unit: String,
}

impl Resource {
    /// A resource with a name and a unit.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into() }
    }

    /// The `dimensions` unnamed resources of a benchmark file: `size` alone, else `size1`, `size2`, ...
    pub fn anonymous(dimensions: usize) -> Vec<Self> {
        if dimensions == 1 {
            return vec![Self::new("size", "")];
        }
        (1..=dimensions).map(|k| Self::new(format!("size{k}"), "")).collect()
    }
}
