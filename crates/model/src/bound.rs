//! Lower bounds and their certificates.

use serde::{Deserialize, Serialize};

use crate::Value;

/// A lower bound on the cost of every feasible solution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound<C> {
    /// The bound: no feasible solution costs less.
    pub value: Value,
    /// What the checker derives the value from. `None` where the proof is a search tree or another
    /// solver's word: such a bound is recorded, but never called certified.
    pub certificate: Option<C>,
}

impl<C> Bound<C> {
    /// A bound with the data that proves it.
    pub fn certified(value: Value, certificate: C) -> Self {
        Self { value, certificate: Some(certificate) }
    }

    /// A bound that rests on the method's word.
    pub fn claimed(value: Value) -> Self {
        Self { value, certificate: None }
    }
}
