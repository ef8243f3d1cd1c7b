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
    /// The best known lower bound, where the optimum is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_bound: Option<Value>,
    /// Where that is published, or `by construction`.
    pub source: String,
}

impl Reference {
    /// What every solution is known to cost at least: the optimum where it is proved, else the best
    /// known lower bound.
    pub fn bound(&self) -> Option<Value> {
        if self.proved { Some(self.cost) } else { self.lower_bound }
    }

    /// The stronger of two sources about one instance: an optimum, else the lesser cost; the greater
    /// lower bound of either where it stays open.
    #[must_use]
    pub fn or_stronger(self, other: Self) -> Self {
        let lower_bound = self.lower_bound.max(other.lower_bound);
        let rank = |reference: &Self| (!reference.proved, reference.cost);
        let strongest = if rank(&other) < rank(&self) { other } else { self };
        Self { lower_bound: lower_bound.filter(|_| !strongest.proved), ..strongest }
    }
}
