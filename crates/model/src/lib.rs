//! The words every other crate speaks: problem families, exact values, budgets, outcomes, bounds with
//! their certificates, verdict-free claims, and the [`Method`] trait.
//!
//! This crate depends on nothing of ours and holds no algorithm. A *problem family* ([`Problem`]) names
//! an instance type, a solution type and the evidence that may accompany an answer; a [`Method`] solves
//! instances of one family under a [`Budget`], tells an [`Observer`] about its progress, and returns an
//! [`Outcome`], which is what it *claims*. Whether the claim is true is for `vmpack-check` to find.

pub mod allocation;
pub mod packing;

mod any;
mod bound;
mod budget;
mod method;
mod observer;
mod outcome;
mod problem;
mod reference;
mod resource;
mod shape;
mod value;

pub use any::AnyInstance;
pub use bound::Bound;
pub use budget::Budget;
pub use method::{Kind, Method, Registry, Unsupported};
pub use observer::{NullObserver, Observer, Trajectory, TrajectoryPoint};
pub use outcome::{Counters, Outcome, Solved, Status};
pub use problem::{Evidence, Family, Problem};
pub use reference::Reference;
pub use resource::Resource;
pub use shape::{DuplicateName, ShapeError};
pub use value::{ParseValueError, Value};
