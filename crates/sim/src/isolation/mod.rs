//! Tenants that keep apart while VMs come, move, fail and leave.
//!
//! [`Term`]s say what is asked for: tenants apart, conflict classes, at most so many of a group on a host or in a rack,
//! groups together or spread, sites, hosts that stand by. They become the placement rules of
//! [`vmpack_model::packing::Rule`] over the VMs and hosts of a run: an [`Isolation`]. A [`Keeper`] admits VMs only where the
//! rules hold, at every instant, with VMs that migrate on both hosts. A [`Mender`] moves VMs of groups that others have left
//! too close together. A [`Watch`] counts again, by itself, what is broken and
//! how long which tenants shared hosts.

mod keeper;
mod mender;
mod rules;
mod term;
mod types;
mod watch;

pub use keeper::Keeper;
pub use mender::Mender;
pub use rules::Isolation;
pub use term::{Each, Group, Term};
pub use watch::{Cause, Watch};

use crate::operation::Totals;

/// What a restriction costs: how much more time hosts were on than without it; 0.1 for a tenth more.
pub fn price(with: &Totals, without: &Totals) -> f64 {
    with.host_time as f64 / without.host_time.max(1) as f64 - 1.0
}
