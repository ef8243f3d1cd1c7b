//! Linear and mixed-integer formulations over HiGHS, microlp and minilp.
//!
//! * [`model`]: a linear or mixed-integer program, independent of any solver.
//! * [`backend`]: the solvers behind one trait, with one suite of tests for all of them.
//! * [`dual`]: the dual of a program as another program, the price of a core on every backend.
//! * [`ALLOCATION`] and [`PACKING`]: the methods.
//! * [`explain`]: why a packing instance has no placement.
//!
//! Floating point ends in this crate. Amounts leave it as fractions and placements as counts, both
//! verified in integers; dual values leave it as integer multipliers or weights from which the checker
//! derives the bound again. What a search tree proves is marked as claimed.
//!
//! Without the feature `highs` the pure-Rust backends remain, and the methods on HiGHS are absent from
//! the arrays.
//!
//! # Examples
//! Two VMs serve two demands; a core of either costs 3. One core of the first gives 2 units of the first
//! demand and 1 of the second, one of the second VM the other way round.
//!
//! ```
//! use ndarray::{Array2, arr2};
//! use vmpack_model::allocation::{Data, Instance, Objective, Service, Term, Vm};
//! use vmpack_model::{Budget, NullObserver, Resource, Status, Value};
//!
//! let demand = |name: &str, first: i64, second: i64, required: i64| Service {
//!     name: name.into(),
//!     terms: vec![
//!         Term { vm: 0, resource: 0, coefficient: first },
//!         Term { vm: 1, resource: 0, coefficient: second },
//!     ],
//!     required,
//! };
//! let instance = Instance::new(Data {
//!     name: "two demands".into(),
//!     resources: vec![Resource::new("cpu", "core")],
//!     vms: ["a", "b"].map(|name| Vm { name: name.into(), host: None }).to_vec(),
//!     reservations: Array2::zeros((2, 1)),
//!     limits: Array2::from_elem((2, 1), None),
//!     hosts: vec![],
//!     capacities: Array2::zeros((0, 1)),
//!     services: vec![demand("web", 2, 1, 4), demand("batch", 1, 2, 5)],
//!     objective: Objective::Cost(arr2(&[[3], [3]])),
//! })?;
//!
//! for method in vmpack_lp::ALLOCATION {
//!     let outcome = method.solve(&instance, &Budget::default(), &mut NullObserver);
//!     assert_eq!(outcome.status, Status::Optimal);
//!     let solved = outcome.solved.expect("an optimum");
//!     assert_eq!(solved.cost, Value::from(9_u64));
//!     assert_eq!(solved.solution.amount(1, 0), Value::from(2_u64));
//!     // The certificate holds the prices: one more unit of either demand costs 1.
//!     let prices = outcome.bound.and_then(|bound| bound.certificate).expect("a certificate");
//!     assert_eq!(prices.services, [prices.denominator; 2]);
//! }
//! # Ok::<(), vmpack_model::allocation::InstanceError>(())
//! ```

mod allocation;
pub mod backend;
pub mod dual;
mod fractions;
#[cfg(feature = "highs")]
pub mod master;
pub mod model;
mod packing;

pub use allocation::ALLOCATION;
pub use packing::{PACKING, explain};
