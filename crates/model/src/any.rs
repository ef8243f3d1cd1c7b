//! An instance of whichever family a file holds.

use crate::{Family, allocation, packing};

/// An instance of either family, as a reader returns it.
#[derive(Clone, Debug)]
pub enum AnyInstance {
    /// An instance of the packing family.
    Packing(packing::Instance),
    /// An instance of the allocation family.
    Allocation(allocation::Instance),
}

impl AnyInstance {
    /// The name of the instance.
    pub fn name(&self) -> &str {
        match self {
            Self::Packing(instance) => instance.name(),
            Self::Allocation(instance) => instance.name(),
        }
    }

    /// The family of the instance.
    pub fn family(&self) -> Family {
        match self {
            Self::Packing(_) => Family::Packing,
            Self::Allocation(_) => Family::Allocation,
        }
    }
}
