//! How much VMs are allotted while they run: *fixed*, *dynamic* and *hybrid* policies.
//!
//! A [`Policy`] says what a VM is promised when it is placed, and how that is adjusted. Every period an [`Adjuster`]
//! forecasts what VMs will use from samples of what they have used, and has a method of the allocation family divide what
//! hosts have among them; a host or the whole cluster is one [`program()`]. Where a host cannot hold what its VMs need, the
//! method cuts: the urgent get theirs first, and among equals margins go before forecasts. A policy may also have VMs
//! moved to hosts that can hold them ([`Relief::Move`]); until they have moved, they are cut as well.
//!
//! What distinguishes policies: energy and the CPU reclaimed ([`crate::operation::Totals`]), and what VMs lack, in sum and
//! each ([`Shortfalls`]).

mod adjust;
mod forecast;
mod policy;
mod program;
mod relief;
mod shortfall;

pub use adjust::{Adjuster, Tally};
pub use forecast::{FORECASTS, Forecast};
pub use policy::{Adjustment, Named, POLICIES, Policy, Relief, Scope};
pub use program::{Need, forgone, program, whole};
pub use shortfall::{Lack, Shortfalls};
