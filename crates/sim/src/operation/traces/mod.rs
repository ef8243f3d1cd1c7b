//! Traces of load: VMs whose use over time is known.

mod bitbrains;
mod planetlab;

use std::path::Path;

use super::{Time, Vm};
use crate::arrivals::format;
use crate::consolidation;

pub use bitbrains::bitbrains;
pub use planetlab::planetlab;

/// VMs with what they use, and when there is no more of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The VMs.
    pub vms: Vec<Vm>,
    /// The end of the trace, in milliseconds.
    pub end: Time,
}

/// Why a trace of load cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It is no PlanetLab folder.
    #[error(transparent)]
    Planetlab(#[from] consolidation::TraceError),
    /// A table of samples is wrong.
    #[error(transparent)]
    Samples(#[from] format::TraceError),
}

/// Reads a trace of load, of the format `planetlab` or `bitbrains` or the one that it looks like. `None` if it is neither.
pub fn open(path: &Path, format: Option<&str>) -> Option<Result<Traced, TraceError>> {
    match format {
        Some("bitbrains") => Some(bitbrains(path)),
        Some("planetlab") => Some(planetlab(path)),
        None if format::bitbrains::is_here(path) => Some(bitbrains(path)),
        None if path.is_dir() && !format::is_trace(path) => Some(planetlab(path)),
        _ => None,
    }
}
