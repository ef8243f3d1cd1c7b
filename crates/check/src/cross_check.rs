//! Claims about one instance against each other: what one method reached disproves what another claims.

use vmpack_model::{Family, Reference, Status, Value};

use crate::allocation::margin;
use crate::exact::rational;
use crate::{Judgement, Verdict};

/// One answer to an instance, judged by itself.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// What the method claims.
    pub status: Status,
    /// The lower bound it claims.
    pub bound: Option<Value>,
    /// What the judge found, with the cost of the solution if that is feasible.
    pub judgement: &'a Judgement,
}

/// What claims about one instance say about each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossCheck {
    /// The verdict of each claim, in the order of the claims. Only `Correct` and `Unverifiable` ones are
    /// revised: words without a solution can be disproved, if not believed.
    pub verdicts: Vec<Verdict>,
    /// Set if a verified solution is cheaper than what the source of the instance calls optimal.
    pub doubtful_reference: Option<DoubtfulReference>,
}

/// A published optimum that is none: the reference is mistyped, of another instance or objective, or
/// false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubtfulReference {
    /// The cost that is called optimal.
    pub reference: Value,
    /// The least verified cost.
    pub cost: Value,
}

/// Judges the claims about one instance against each other and against the proved reference, if any.
///
/// With the least verified cost, or the proved reference if that is less:
///
/// * a lower bound above it is [`Verdict::BoundAboveCost`];
/// * `optimal` at a higher cost is [`Verdict::FalseOptimal`];
/// * `infeasible` although it exists is [`Verdict::FalseRefutation`], and so is `unbounded` where the
///   judge has derived a lower bound of somebody.
///
/// A solution counts as soon as the judge has derived its cost, whatever else the same answer got wrong.
/// A verified cost below the proved reference makes the reference doubtful; it is then not used. In the
/// allocation family, whose solutions may state a tolerance, numbers contradict each other only if they
/// differ by more than one millionth.
pub fn cross_check(
    family: Family,
    claims: &[Claim<'_>],
    reference: Option<&Reference>,
) -> CrossCheck {
    let exceeds = |a: Value, b: Value| a > b && (family == Family::Packing || exceeds_margin(a, b));
    let reached = claims.iter().filter_map(|claim| claim.judgement.cost).min();
    let proved = reference.filter(|reference| reference.proved).map(|reference| reference.cost);
    let doubtful_reference = reached.zip(proved).and_then(|(cost, reference)| {
        exceeds(reference, cost).then_some(DoubtfulReference { reference, cost })
    });
    // A doubtful reference is above what was reached, so it never is the least.
    let known = reached.into_iter().chain(proved).min();
    let bounded = proved.is_some() && doubtful_reference.is_none()
        || claims.iter().any(Claim::bounds_certainly);

    let revise = |claim: &Claim<'_>| {
        let found = &claim.judgement.verdict;
        let unshown = match found {
            Verdict::Correct => None,
            Verdict::Unverifiable { claimed } => *claimed,
            _ => return found.clone(),
        };
        if claim.status == Status::Unbounded && bounded {
            let reason = "called unbounded, but a lower bound is proved".to_owned();
            return Verdict::FalseRefutation { reason };
        }
        let Some(known) = known else { return found.clone() };
        if claim.status == Status::Infeasible {
            let reason = format!("called infeasible, but a solution of cost {known} is known");
            return Verdict::FalseRefutation { reason };
        }
        if let Some(bound) = claim.bound.filter(|&bound| exceeds(bound, known)) {
            return Verdict::BoundAboveCost { bound, actual: known };
        }
        let cost = claim.judgement.cost.or(unshown).filter(|_| claim.status == Status::Optimal);
        match cost.filter(|&cost| exceeds(cost, known)) {
            Some(claimed) => Verdict::FalseOptimal { claimed, better: known },
            None => found.clone(),
        }
    };
    CrossCheck { verdicts: claims.iter().map(revise).collect(), doubtful_reference }
}

fn exceeds_margin(a: Value, b: Value) -> bool {
    let b = rational(b);
    rational(a) - &b > margin(&b)
}

impl Claim<'_> {
    /// Whether the judge has derived its lower bound.
    fn bounds_certainly(&self) -> bool {
        let refuting = matches!(self.status, Status::Infeasible | Status::Unbounded);
        self.bound.is_some() && self.judgement.certified && !refuting
    }
}
