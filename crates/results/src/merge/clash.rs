//! Records of one run that cannot both be right.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::contradict::{Disproved, contradictions};
use crate::{Answer, Record};

/// Two records of one run that contradict each other, or that nobody has chosen between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The id of the run.
    pub run: String,
    /// The file and the line of the record that was read first.
    pub first: (PathBuf, u64),
    /// The file and the line of the other.
    pub second: (PathBuf, u64),
    /// What contradicts.
    pub what: String,
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, first, second, what } = self;
        let (a, b) = (first.0.display(), second.0.display());
        write!(f, "run {run}: {what}: {a}, line {}, and {b}, line {}", first.1, second.1)
    }
}

/// What two records of the same run id say that cannot both be true; `None` if they may be two measurements of one run.
pub(super) fn contradiction(a: &Record, b: &Record) -> Option<String> {
    asked(a, b).or_else(|| {
        // A published reference disproves an answer by itself, whatever the other says.
        let pair = [a, b].map(|record| Record { reference: None, ..record.clone() });
        contradictions(&pair).into_iter().find_map(|found| match found.disproved {
            Disproved::Answer { verdict, .. } => {
                let claims =
                    [a, b].map(|record| record.answer.as_ref().map_or_else(String::new, claim));
                Some(format!("{} and {} cannot both stand ({verdict})", claims[0], claims[1]))
            }
            Disproved::Reference { .. } => None,
        })
    })
}

/// What a run id determines, and yet differs.
fn asked(a: &Record, b: &Record) -> Option<String> {
    let fields = [
        ("schema", a.schema != b.schema, [text(&a.schema), text(&b.schema)]),
        (
            "instance_hash",
            a.instance_hash != b.instance_hash,
            [text(&a.instance_hash), text(&b.instance_hash)],
        ),
        ("family", a.family != b.family, [text(&a.family), text(&b.family)]),
        ("features", a.features != b.features, [text(&a.features), text(&b.features)]),
        ("rules", a.rules != b.rules, [text(&a.rules), text(&b.rules)]),
        ("replay", a.replay != b.replay, [text(&a.replay), text(&b.replay)]),
        ("method", a.method != b.method, [text(&a.method), text(&b.method)]),
        ("kind", a.kind != b.kind, [text(&a.kind), text(&b.kind)]),
        ("seed", a.seed != b.seed, [text(&a.seed), text(&b.seed)]),
        ("repetition", a.repetition != b.repetition, [text(&a.repetition), text(&b.repetition)]),
        ("limits", a.limits != b.limits, [text(&a.limits), text(&b.limits)]),
    ];
    fields
        .into_iter()
        .find(|(_, differs, _)| *differs)
        .map(|(name, _, [a, b])| format!("{name} is {a} and {b}"))
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data with string keys")
}

fn claim(answer: &Answer) -> String {
    let cost = answer.judgement.cost.map_or_else(String::new, |cost| format!(" at {cost}"));
    let bound = answer.lower_bound.map_or_else(String::new, |bound| format!(" above {bound}"));
    format!("{}{cost}{bound}", answer.status)
}
