//! Sites near users and a cloud behind them: where VMs run decides what they cost and how long their users wait.
//!
//! [`Sites`] have hosts of their own (the site of a host is its number there), a price for every hour that one of them is
//! on, and a latency to the users of every site. A VM serves the users of its origin and may bear only so much latency.
//! [`BySite`] places VMs by one of the [`Rule`]s, with the cloud to fall back on; [`Reach`] keeps them from sites beyond
//! their limit; [`HandOver`] moves VMs back that could not be served near enough. [`Service`] measures latency, misses,
//! cost, and [`cost_bound`] says what no placement gets below.
//!
//! Latency is in microseconds, money in millionths, both integers.

mod bound;
mod by_site;
mod hand_over;
mod reach;
mod service;
mod sites;

pub use bound::cost_bound;
pub use by_site::{BySite, Rule};
pub use hand_over::HandOver;
pub use reach::Reach;
pub use service::Service;
pub use sites::{Site, Sites};
