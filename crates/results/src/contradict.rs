//! Claims of different methods about one instance that cannot all be true.
//!
//! Every answer is judged by itself when it is recorded. Once many methods have answered, what one of
//! them reached may disprove what another claimed: a lower bound above somebody's verified cost, an
//! `optimal` that is dearer than somebody's solution, or either against a proved reference.

use std::collections::BTreeMap;
use std::fmt;

use vmpack_check::{Claim, Verdict, cross_check};
use vmpack_model::{Reference, Value};

use crate::{Record, Termination};

/// A claim about an instance that others disprove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The dataset of the instance.
    pub dataset: String,
    /// The name of the instance.
    pub instance: String,
    /// The hash of the instance's content.
    pub instance_hash: String,
    /// Who claimed what.
    pub disproved: Disproved,
}

/// What is disproved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disproved {
    /// An answer in which the judge had found nothing wrong by itself.
    Answer {
        /// The id of the run.
        run: String,
        /// The method.
        method: String,
        /// What is found against the others.
        verdict: Verdict,
    },
    /// A published optimum: a verified solution is cheaper.
    Reference {
        /// The cost that is called optimal.
        reference: Value,
        /// Where that is published.
        source: String,
        /// The least verified cost.
        cost: Value,
    },
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.instance, self.dataset)?;
        match &self.disproved {
            Disproved::Answer { method, verdict, .. } => write!(f, "{method}: {verdict}"),
            Disproved::Reference { reference, source, cost } => write!(
                f,
                "{reference} is called optimal ({source}), yet a verified solution costs {cost}"
            ),
        }
    }
}

/// Finds the contradictions between records of the same instance, in the order of the instances'
/// hashes.
pub fn contradictions(records: &[Record]) -> Vec<Contradiction> {
    find(records).into_iter().map(|(_, contradiction)| contradiction).collect()
}

/// Finds the contradictions and gives the answers that are disproved the verdict that they deserve, so
/// that they enter no statistics. Finds nothing the second time, but for doubtful references.
pub fn revise(records: &mut [Record]) -> Vec<Contradiction> {
    let found = find(records);
    for (index, contradiction) in &found {
        if let Disproved::Answer { verdict, .. } = &contradiction.disproved
            && let Some(answer) = index.and_then(|index| records[index].answer.as_mut())
        {
            answer.judgement.verdict = verdict.clone();
        }
    }
    found.into_iter().map(|(_, contradiction)| contradiction).collect()
}

/// The contradictions, each with the index of the record whose answer is disproved.
fn find(records: &[Record]) -> Vec<(Option<usize>, Contradiction)> {
    let mut instances: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        instances.entry(&record.instance_hash).or_default().push(index);
    }
    instances.values().flat_map(|indices| find_of_one(records, indices)).collect()
}

fn find_of_one(records: &[Record], indices: &[usize]) -> Vec<(Option<usize>, Contradiction)> {
    let references = indices.iter().filter_map(|&index| records[index].reference.as_ref());
    let reference = references.min_by_key(|reference| (!reference.proved, reference.cost));
    let (answered, claims): (Vec<usize>, Vec<Claim<'_>>) = indices
        .iter()
        .filter(|&&index| records[index].termination == Termination::Completed)
        .filter_map(|&index| Some((index, claim(&records[index])?)))
        .unzip();
    let about = |record: &Record, disproved| Contradiction {
        dataset: record.dataset.clone(),
        instance: record.instance.clone(),
        instance_hash: record.instance_hash.clone(),
        disproved,
    };
    let family = records[indices[0]].family;
    let found = cross_check(family, &claims, reference);
    let doubt = found.doubtful_reference.map(|doubt| {
        let source = reference.map_or_else(String::new, |Reference { source, .. }| source.clone());
        let (reference, cost) = (doubt.reference, doubt.cost);
        (None, about(&records[indices[0]], Disproved::Reference { reference, source, cost }))
    });
    let answers = answered.iter().zip(claims).zip(found.verdicts);
    let revised = answers.filter(|((_, claim), verdict)| claim.judgement.verdict != *verdict);
    let disproved = revised.map(|((&index, _), verdict)| {
        let Record { run, method, .. } = &records[index];
        let (run, method) = (run.clone(), method.clone());
        (Some(index), about(&records[index], Disproved::Answer { run, method, verdict }))
    });
    doubt.into_iter().chain(disproved).collect()
}

fn claim(record: &Record) -> Option<Claim<'_>> {
    let answer = record.answer.as_ref()?;
    Some(Claim { status: answer.status, bound: answer.lower_bound, judgement: &answer.judgement })
}

#[cfg(test)]
mod tests {
    use vmpack_model::Status;

    use super::*;

    fn record(method: &str, status: Status, cost: u64, bound: u64) -> Record {
        let mut record: Record = serde_json::from_str(include_str!("../tests/data/record.json"))
            .expect("the example is a record");
        record.run = format!("{method}-{}", record.run);
        record.method = method.to_owned();
        let answer = record.answer.as_mut().expect("the example has an answer");
        answer.status = status;
        answer.claimed_cost = Some(Value::from(cost));
        answer.judgement.cost = Some(Value::from(cost));
        answer.lower_bound = Some(Value::from(bound));
        record
    }

    fn named(contradictions: &[Contradiction]) -> Vec<(&str, &'static str)> {
        let name = |found: &Contradiction| match &found.disproved {
            Disproved::Answer { verdict, .. } => verdict.name(),
            Disproved::Reference { .. } => "doubtful",
        };
        contradictions.iter().map(|found| (who(found), name(found))).collect()
    }

    fn who(found: &Contradiction) -> &str {
        match &found.disproved {
            Disproved::Answer { method, .. } => method,
            Disproved::Reference { .. } => "reference",
        }
    }

    #[test]
    fn a_cheaper_solution_disproves_bounds_and_optima_of_others() {
        let mut records = [
            record("honest", Status::Feasible, 50, 48),
            record("proud", Status::Optimal, 52, 52),
            record("bold", Status::Feasible, 53, 51),
            record("modest", Status::Feasible, 60, 10),
        ];
        let found = contradictions(&records);
        assert_eq!(named(&found), [("proud", "BoundAboveCost"), ("bold", "BoundAboveCost")]);
        assert!(found[0].to_string().starts_with("uniform-1 (smoke): proud: BoundAboveCost"));

        assert_eq!(revise(&mut records), found);
        let correct: Vec<bool> = records.iter().map(Record::is_correct).collect();
        assert_eq!(correct, [true, false, false, true]);
        assert_eq!(revise(&mut records), [], "what is known to be wrong is not found again");
    }

    #[test]
    fn an_optimum_without_a_bound_is_compared_as_well() {
        let mut proud = record("proud", Status::Optimal, 52, 0);
        proud.answer.as_mut().expect("an answer").lower_bound = None;
        let records = [record("honest", Status::Feasible, 50, 48), proud];
        assert_eq!(named(&contradictions(&records)), [("proud", "FalseOptimal")]);
    }

    #[test]
    fn other_instances_disprove_nothing() {
        let mut other = record("honest", Status::Feasible, 40, 30);
        other.instance_hash = "0ff".into();
        let records = [record("proud", Status::Optimal, 52, 52), other];
        assert_eq!(contradictions(&records), []);
    }

    #[test]
    fn a_proved_reference_counts_until_somebody_is_cheaper() {
        let with_reference = |mut record: Record| {
            let source = "a paper".to_owned();
            let cost = Value::from(49_u64);
            record.reference = Some(Reference { cost, proved: true, lower_bound: None, source });
            record
        };
        let above = with_reference(record("bold", Status::Feasible, 51, 50));
        assert_eq!(
            named(&contradictions(std::slice::from_ref(&above))),
            [("bold", "BoundAboveCost")]
        );
        let cheaper = with_reference(record("better", Status::Feasible, 47, 40));
        let found = contradictions(&[cheaper, above]);
        assert_eq!(named(&found), [("reference", "doubtful"), ("bold", "BoundAboveCost")]);
        let text = found[0].to_string();
        assert!(text.contains("49 is called optimal (a paper), yet a verified solution costs 47"));
    }
}
