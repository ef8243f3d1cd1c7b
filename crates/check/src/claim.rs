//! The judgement of a claim from its parts: solution, bound, refutation and the status over them.
//!
//! The order of findings is the order of their weight: a broken solution, then its cost, then the
//! bound, then what the status claims on top of both, then the refutation. The first finding becomes
//! the verdict, the others are told in the notes.

use num_rational::BigRational;
use vmpack_model::{Outcome, Problem, Status, Value};

use crate::exact::{Interval, rational, show};
use crate::{Effort, Judgement, Verdict};

/// A feasible solution as its family derived it.
#[derive(Debug)]
pub(crate) struct Feasible {
    /// Its cost, derived again.
    pub(crate) cost: Interval,
    /// The same as a value; rounded up where the exact cost does not fit one.
    pub(crate) value: Value,
    /// The greatest miss of a constraint within the stated tolerance.
    pub(crate) violation: Value,
    /// Whether it states a tolerance.
    pub(crate) approximate: bool,
    /// What its cost consists of beyond the plain, for people who claim another.
    pub(crate) notes: Vec<String>,
}

/// What a certificate yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lower {
    /// No solution costs less.
    AtLeast(BigRational),
    /// There is no solution at all, so every bound is true.
    Infinite,
}

/// Why evidence yields nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unproved {
    /// The evidence is wrong, for this reason.
    Wrong(String),
    /// It would take more work than allowed to tell, or it proves its claim but for a tolerance.
    Undecided(String),
}

impl Unproved {
    pub(crate) fn wrong<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Wrong(reason.into()))
    }
}

/// What each family derives for itself.
pub(crate) trait Derive: Problem {
    /// Derives feasibility and cost; the violations if it is not feasible.
    fn solution(
        instance: &Self::Instance,
        solution: &Self::Solution,
    ) -> Result<Feasible, Vec<String>>;

    /// Derives the greatest bound that the certificate proves.
    fn bound(
        instance: &Self::Instance,
        certificate: &Self::Certificate,
        effort: Effort,
    ) -> Result<Lower, Unproved>;

    /// Derives the claim `infeasible` or `unbounded` from its evidence.
    fn refutation(
        instance: &Self::Instance,
        status: Status,
        refutation: &Self::Refutation,
        effort: Effort,
    ) -> Result<(), Unproved>;

    /// Why the instance cannot be unbounded, if that is plain to see.
    fn bounded(instance: &Self::Instance) -> Option<String>;

    /// Whether a valid bound shows that no solution is cheaper.
    fn closes(instance: &Self::Instance, bound: Value, solution: &Feasible) -> bool;

    /// Whether bound and solution cannot both be right.
    fn contradicts(bound: Value, solution: &Feasible) -> bool;
}

/// Judges everything that the outcome claims.
pub(crate) fn judge<P: Derive>(
    instance: &P::Instance,
    outcome: &Outcome<P>,
    effort: Effort,
) -> Judgement {
    let mut case = Case::default();
    let feasible = solution(instance, outcome, &mut case);
    let bound_proved = bound(instance, outcome, feasible.as_ref(), effort, &mut case);
    optimality(instance, outcome, feasible.as_ref(), &mut case);
    let refuted = refutation(instance, outcome, effort, &mut case);

    let nothing = outcome.status == Status::Unknown
        && outcome.solved.is_none()
        && outcome.bound.is_none()
        && outcome.refutation.is_none();
    let innocent = if nothing { Verdict::NoAnswer } else { Verdict::Correct };
    Judgement {
        verdict: case.verdict.unwrap_or(innocent),
        cost: feasible.as_ref().map(|feasible| feasible.value),
        certified: if is_refuting(outcome.status) { refuted } else { bound_proved },
        notes: case.notes,
        violation: feasible.map_or(Value::ZERO, |feasible| feasible.violation),
    }
}

/// What was found so far.
#[derive(Default)]
struct Case {
    verdict: Option<Verdict>,
    notes: Vec<String>,
}

impl Case {
    fn find(&mut self, finding: Verdict) {
        match self.verdict {
            None => self.verdict = Some(finding),
            Some(_) => self.notes.push(format!("also {finding}")),
        }
    }

    fn inconsistent(&mut self, reason: String) {
        self.find(Verdict::Inconsistent { reason });
    }
}

fn is_refuting(status: Status) -> bool {
    matches!(status, Status::Infeasible | Status::Unbounded)
}

fn solution<P: Derive>(
    instance: &P::Instance,
    outcome: &Outcome<P>,
    case: &mut Case,
) -> Option<Feasible> {
    let status = outcome.status;
    let expected = matches!(status, Status::Optimal | Status::Feasible);
    let Some(solved) = &outcome.solved else {
        if expected {
            case.inconsistent(format!("called {status}, but there is no solution"));
        }
        return None;
    };
    let feasible = match P::solution(instance, &solved.solution) {
        Ok(feasible) => feasible,
        Err(violations) => {
            case.find(Verdict::Infeasible { violations });
            return None;
        }
    };
    if !expected {
        case.inconsistent(format!("called {status}, but there is a feasible solution"));
    }
    if !feasible.is_claimed(solved.cost) {
        case.find(Verdict::WrongCost { claimed: solved.cost, actual: feasible.value });
        case.notes.extend(feasible.notes.iter().cloned());
    }
    Some(feasible)
}

impl Feasible {
    /// Whether the claimed cost is the cost: equal, or rounded up no more than the judge does where the
    /// exact cost does not fit a value.
    fn is_claimed(&self, claimed: Value) -> bool {
        claimed <= self.value && rational(claimed) >= self.cost.low
    }
}

/// Whether the bound was derived again from its certificate.
fn bound<P: Derive>(
    instance: &P::Instance,
    outcome: &Outcome<P>,
    feasible: Option<&Feasible>,
    effort: Effort,
    case: &mut Case,
) -> bool {
    let Some(bound) = &outcome.bound else { return false };
    let claimed = bound.value;
    if outcome.status == Status::Unbounded {
        case.inconsistent(format!("called unbounded, but bounded by {claimed} from below"));
    }
    let mut proved = false;
    match &bound.certificate {
        None => case.notes.push("the bound rests on the method's word".to_owned()),
        Some(certificate) => match P::bound(instance, certificate, effort) {
            Ok(Lower::Infinite) => proved = true,
            Ok(Lower::AtLeast(derived)) => {
                proved = rational(claimed) <= derived;
                if !proved {
                    let reason = format!("its certificate proves {} only", show(&derived));
                    case.find(Verdict::InvalidBound { claimed, reason });
                }
            }
            Err(Unproved::Wrong(reason)) => case.find(Verdict::InvalidBound { claimed, reason }),
            Err(Unproved::Undecided(note)) => case.notes.push(note),
        },
    }
    if let Some(feasible) = feasible
        && P::contradicts(claimed, feasible)
    {
        case.find(Verdict::BoundAboveCost { bound: claimed, actual: feasible.value });
    }
    proved
}

fn optimality<P: Derive>(
    instance: &P::Instance,
    outcome: &Outcome<P>,
    feasible: Option<&Feasible>,
    case: &mut Case,
) {
    let (Status::Optimal, Some(feasible)) = (outcome.status, feasible) else { return };
    match &outcome.bound {
        None => case.notes.push("that it is optimal rests on the method's word".to_owned()),
        Some(bound) => {
            if !P::closes(instance, bound.value, feasible) {
                let (cost, bound) = (feasible.value, bound.value);
                case.inconsistent(format!(
                    "called optimal, but the cost is {cost} and the bound {bound}"
                ));
            }
        }
    }
}

/// Whether the claim that there is no optimum was derived again from its evidence.
fn refutation<P: Derive>(
    instance: &P::Instance,
    outcome: &Outcome<P>,
    effort: Effort,
    case: &mut Case,
) -> bool {
    let status = outcome.status;
    if status == Status::Unbounded
        && let Some(reason) = P::bounded(instance)
    {
        case.find(Verdict::FalseRefutation { reason });
        return false;
    }
    match &outcome.refutation {
        None => {
            if is_refuting(status) {
                case.notes.push(format!("that it is {status} rests on the method's word"));
            }
            false
        }
        Some(_) if !is_refuting(status) => {
            case.inconsistent(format!(
                "called {status}, but with evidence that there is no optimum"
            ));
            false
        }
        Some(evidence) => match P::refutation(instance, status, evidence, effort) {
            Ok(()) => true,
            Err(Unproved::Wrong(reason)) => {
                case.find(Verdict::FalseRefutation { reason });
                false
            }
            Err(Unproved::Undecided(note)) => {
                case.notes.push(note);
                false
            }
        },
    }
}
