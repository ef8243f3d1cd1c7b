//! What is known of an instance once many methods have tried it.

use std::collections::BTreeMap;

use vmpack_model::{Reference, Status, Value};

use super::gap;
use crate::Record;

/// The best that is known of one instance, over all correct answers and the published reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The least cost: verified, or published.
    pub cost: Option<Value>,
    /// The greatest lower bound that nobody has refuted, claims without a certificate included. The
    /// cost of an answer that was called optimal counts as one.
    pub bound: Option<Value>,
    /// The greatest lower bound that the judge proved again, or that is published as proved.
    pub certified_bound: Option<Value>,
}

impl Known {
    /// The [`gap`] of a cost to the best known bound, an upper limit on the gap to the optimum; `None`
    /// if no bound is known.
    pub fn gap_to_bound(&self, cost: Option<Value>) -> Option<f64> {
        self.bound.map(|bound| gap(cost, bound))
    }

    /// The [`gap`] of a cost to the best known cost; `None` if none is known.
    pub fn gap_to_cost(&self, cost: Option<Value>) -> Option<f64> {
        self.cost.map(|best| gap(cost, best))
    }

    /// Whether cost and bound meet.
    pub fn closed(&self) -> bool {
        matches!((self.cost, self.bound), (Some(cost), Some(bound)) if cost <= bound)
    }

    fn add_cost(&mut self, cost: Option<Value>) {
        self.cost = match (self.cost, cost) {
            (Some(best), Some(new)) => Some(best.min(new)),
            (best, new) => best.or(new),
        };
    }
}

/// The best known of every instance, by the hash of its content.
///
/// ```
/// # use vmpack_results::{Record, stats};
/// # let record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
/// #     .expect("a record");
/// // A correct answer of cost 50 with a certified bound of 48; 49 is published as best, not as proved.
/// let known = &stats::best_known([&record])[&*record.instance_hash];
/// assert_eq!(known.cost.map(|cost| cost.ceil()), Some(49));
/// assert_eq!(known.certified_bound.map(|bound| bound.ceil()), Some(48));
/// assert_eq!(known.gap_to_bound(record.verified_cost()), Some(0.04));
/// assert!(!known.closed());
/// ```
pub fn best_known<'a>(records: impl IntoIterator<Item = &'a Record>) -> BTreeMap<&'a str, Known> {
    let mut instances: BTreeMap<&str, Known> = BTreeMap::new();
    let mut references: BTreeMap<&str, &Reference> = BTreeMap::new();
    for record in records {
        let known = instances.entry(&record.instance_hash).or_default();
        if let Some(reference) = &record.reference {
            known.add_cost(Some(reference.cost));
            if reference.proved {
                references.insert(&record.instance_hash, reference);
            }
        }
        let Some(answer) = record.answer.as_ref().filter(|_| record.is_correct()) else { continue };
        known.add_cost(answer.judgement.cost);
        known.bound = known.bound.max(answer.lower_bound);
        if answer.status == Status::Optimal {
            known.bound = known.bound.max(answer.judgement.cost);
        }
        if answer.judgement.certified {
            known.certified_bound = known.certified_bound.max(answer.lower_bound);
        }
    }
    for (hash, reference) in references {
        let known = instances.entry(hash).or_default();
        // A solution below a published optimum shows that it is none.
        if known.cost.is_none_or(|cost| reference.cost <= cost) {
            known.bound = known.bound.max(Some(reference.cost));
            known.certified_bound = known.certified_bound.max(Some(reference.cost));
        }
    }
    instances
}
