//! VMs whose use over time is known: read from traces of load, or drawn.

mod bitbrains;
mod diurnal;
mod planetlab;

use std::path::Path;

use super::{Time, Vm};
use crate::arrivals::format::{self, TraceError};
use crate::consolidation;

pub use bitbrains::bitbrains;
pub use diurnal::DiurnalLoad;
pub use planetlab::planetlab;

/// VMs with what they use, and when there is no more of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The VMs.
    pub vms: Vec<Vm>,
    /// The end of the trace, in milliseconds.
    pub end: Time,
}

/// Why a trace of load cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no PlanetLab folder.
    #[error(transparent)]
    Planetlab(#[from] consolidation::TraceError),
    /// A table of samples is wrong.
    #[error(transparent)]
    Samples(#[from] TraceError),
    /// The description of drawn VMs is wrong.
    #[error("{0}")]
    Drawn(String),
}

/// Reads a trace of load, of the format `planetlab` or `bitbrains` or the one that it looks like, or draws one that is
/// described as `diurnal-load:PARAMETERS`, with a seed beside its own. `None` if it is neither.
pub fn open(
    source: &str,
    folder: &Path,
    format: Option<&str>,
    seed: u64,
) -> Option<Result<Load, LoadError>> {
    if format.is_none()
        && let Some(drawn) = DiurnalLoad::parse(source)
    {
        let load = drawn.map(|drawn| DiurnalLoad { seed: drawn.seed ^ seed, ..drawn }.load());
        return Some(load.map_err(LoadError::Drawn));
    }
    let path = folder.join(source);
    let looks_like = || format::bitbrains::is_here(&path);
    match format {
        Some("bitbrains") => Some(bitbrains(&path)),
        Some("planetlab") => Some(planetlab(&path)),
        None if looks_like() => Some(bitbrains(&path)),
        None if path.is_dir() && !format::is_trace(&path) => Some(planetlab(&path)),
        _ => None,
    }
}
