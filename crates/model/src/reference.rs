//! What is known of an instance before anybody solves it.

use serde::{Deserialize, Serialize};

use crate::Value;

/// What is known of an instance from its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The best known cost.
    pub cost: Value,
    /// Whether it is proved optimal.
    pub proved: bool,
    /// Where that is published, or `by construction`.
    pub source: String,
}
