//! What a comparison holds of a store: some hundred bytes per run, whatever its trajectory.

use std::collections::HashMap;
use std::path::Path;

use indexmap::IndexSet;
use vmpack_check::{Claim, Judgement, Verdict, cross_check};
use vmpack_model::{Family, Reference, Status, Value};

use super::RunName;
use crate::{Limits, Record, StoreError, Termination, read};

/// What the runs of both stores mention, once each; runs have the numbers.
#[derive(Debug, Default)]
pub(super) struct Mentioned {
    texts: IndexSet<String>,
    values: IndexSet<Value>,
    /// By the number of the settings in which they stand.
    limits: HashMap<u32, Limits>,
}

/// What a run was asked, by numbers of texts: runs of two stores that share it are compared, whatever their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: u32,
    /// The hash of the instance's content.
    pub(super) instance: u32,
    pub(super) seed: u64,
    /// Limits, and the settings of a replay, as records have them.
    pub(super) settings: u32,
}

/// A run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) asked: Asked,
    id: Box<str>,
    /// The name of the instance.
    name: u32,
    family: Family,
    /// Whether what is known of the optimum is proved, and its cost.
    reference: Option<(bool, u32)>,
    /// How it ended.
    pub(super) termination: &'static str,
    answer: Option<Answered>,
    pub(super) wall_s: f64,
    pub(super) cpu_s: f64,
    pub(super) resident_bytes: Option<u64>,
    pub(super) cgroup_bytes: Option<u64>,
}

#[derive(Debug)]
struct Answered {
    status: Status,
    is_certified: bool,
    cost: Option<u32>,
    bound: Option<u32>,
    /// What is wrong with it; `None` if it is correct.
    fault: Option<Box<Verdict>>,
    counters: Box<[(u32, u64)]>,
}

impl Mentioned {
    fn text(&mut self, text: &str) -> u32 {
        let number = self.texts.get_index_of(text);
        number.unwrap_or_else(|| self.texts.insert_full(text.to_owned()).0) as u32
    }

    fn value(&mut self, value: Value) -> u32 {
        self.values.insert_full(value).0 as u32
    }

    fn run(&mut self, record: &Record) -> Run {
        let settings = serde_json::to_string(&(&record.limits, &record.replay))
            .expect("plain data with string keys");
        let settings = self.text(&settings);
        self.limits.insert(settings, record.limits);
        let asked = Asked {
            method: self.text(&record.method),
            instance: self.text(&record.instance_hash),
            seed: record.seed,
            settings,
        };
        let answer = record.answer.as_ref().map(|answer| {
            let Judgement { verdict, cost, certified, .. } = &answer.judgement;
            let counters = answer.counters.iter().map(|(name, &count)| (self.text(name), count));
            Answered {
                status: answer.status,
                is_certified: *certified,
                counters: counters.collect(),
                cost: cost.map(|cost| self.value(cost)),
                bound: answer.lower_bound.map(|bound| self.value(bound)),
                fault: fault(verdict.clone()),
            }
        });
        let reference = record.reference.as_ref();
        let measurement = &record.measurement;
        Run {
            asked,
            id: record.run.as_str().into(),
            name: self.text(&record.instance),
            family: record.family,
            reference: reference.map(|known| (known.proved, self.value(known.cost))),
            termination: record.termination.name(),
            answer,
            wall_s: measurement.wall_s,
            cpu_s: measurement.cpu_s,
            resident_bytes: measurement.resident_bytes(),
            cgroup_bytes: measurement.cgroup_bytes(),
        }
    }

    /// The runs of a store, in its order. Answers that those of other methods disprove are as wrong as in
    /// [`crate::revise`].
    pub(super) fn read(&mut self, directory: &Path) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        for record in read(directory)? {
            runs.push(self.run(&record?));
        }
        self.revise(&mut runs);
        Ok(runs)
    }

    fn revise(&self, runs: &mut [Run]) {
        let mut by_instance: Vec<(u32, usize)> =
            runs.iter().enumerate().map(|(place, run)| (run.asked.instance, place)).collect();
        by_instance.sort_unstable();
        for of_one in by_instance.chunk_by(|a, b| a.0 == b.0) {
            let of_one: Vec<usize> = of_one.iter().map(|&(_, place)| place).collect();
            for (place, verdict) in self.verdicts(runs, &of_one) {
                if let Some(answer) = &mut runs[place].answer {
                    answer.fault = fault(verdict);
                }
            }
        }
    }

    /// The verdicts of the answers to one instance, judged against each other.
    fn verdicts(&self, runs: &[Run], of_one: &[usize]) -> Vec<(usize, Verdict)> {
        let completed = |&&run: &&usize| runs[run].is_completed();
        let answers = of_one.iter().filter(completed).filter_map(|&run| {
            let answer = runs[run].answer.as_ref()?;
            let judgement = Judgement {
                verdict: answer.fault.as_deref().cloned().unwrap_or(Verdict::Correct),
                cost: answer.cost.map(|cost| self.cost(cost)),
                certified: answer.is_certified,
                notes: Vec::new(),
                violation: Value::ZERO,
            };
            Some((run, answer, judgement))
        });
        let answers: Vec<_> = answers.collect();
        let claims: Vec<Claim<'_>> = answers
            .iter()
            .map(|(_, answer, judgement)| Claim {
                status: answer.status,
                bound: answer.bound.map(|bound| self.cost(bound)),
                judgement,
            })
            .collect();
        let references = of_one.iter().filter_map(|&run| runs[run].reference);
        let references = references.map(|(proved, cost)| (!proved, self.cost(cost)));
        let reference = references.min().map(|(open, cost)| Reference {
            cost,
            proved: !open,
            lower_bound: None,
            source: String::new(),
        });
        let found = cross_check(runs[of_one[0]].family, &claims, reference.as_ref());
        answers.iter().map(|(run, ..)| *run).zip(found.verdicts).collect()
    }

    fn cost(&self, number: u32) -> Value {
        self.values[number as usize]
    }

    /// The number of a text, if anybody mentions it.
    pub(super) fn number(&self, text: &str) -> Option<u32> {
        self.texts.get_index_of(text).map(|number| number as u32)
    }

    pub(super) fn text_of(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    pub(super) fn limits(&self, run: &Run) -> &Limits {
        &self.limits[&run.asked.settings]
    }

    /// The verified cost: present when the judge found nothing wrong.
    pub(super) fn verified_cost(&self, run: &Run) -> Option<f64> {
        Some(self.cost(run.correct_answer()?.cost?).to_f64())
    }

    /// The lower bound of an answer in which the judge found nothing wrong.
    pub(super) fn correct_bound(&self, run: &Run) -> Option<f64> {
        Some(self.cost(run.correct_answer()?.bound?).to_f64())
    }

    pub(super) fn named(&self, run: &Run) -> RunName {
        RunName {
            run: run.id.to_string(),
            method: self.text_of(run.asked.method).to_owned(),
            instance: self.text_of(run.name).to_owned(),
            seed: run.asked.seed,
        }
    }

    /// The place of each text among all in their order: numbers that compare as the texts do.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_unstable_by_key(|&number| self.text_of(number));
        let mut ranks = vec![0; order.len()];
        for (rank, number) in order.into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        ranks
    }
}

/// What is wrong, if anything is.
fn fault(verdict: Verdict) -> Option<Box<Verdict>> {
    (verdict != Verdict::Correct).then(|| Box::new(verdict))
}

/// The methods of the same names of [`Record`] say what these mean.
impl Run {
    fn is_completed(&self) -> bool {
        self.termination == Termination::Completed.name()
    }

    fn correct_answer(&self) -> Option<&Answered> {
        self.answer.as_ref().filter(|answer| self.is_completed() && answer.fault.is_none())
    }

    pub(super) fn is_answered(&self) -> bool {
        self.correct_answer().is_some_and(|answer| answer.status != Status::Unknown)
    }

    pub(super) fn is_proved(&self) -> bool {
        self.is_answered() && self.answer.as_ref().is_some_and(|a| a.status != Status::Feasible)
    }

    /// What is wrong with its answer.
    pub(super) fn wrong(&self) -> Option<&Verdict> {
        let fault = self.answer.as_ref()?.fault.as_deref();
        fault.filter(|verdict| verdict.is_wrong())
    }

    /// The numbers of the counters that it has.
    pub(super) fn counters(&self) -> impl Iterator<Item = u32> {
        self.answer.iter().flat_map(|answer| answer.counters.iter().map(|&(name, _)| name))
    }

    pub(super) fn counter(&self, name: u32) -> Option<u64> {
        let counters = &self.answer.as_ref()?.counters;
        counters.iter().find(|(known, _)| *known == name).map(|&(_, count)| count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vmpack_model::Value;

    use super::*;
    use crate::revise;

    #[test]
    fn a_run_is_small() {
        assert!(size_of::<Run>() <= 192, "{} bytes", size_of::<Run>());
    }

    /// A run on one of two instances, whose answer others may disprove.
    fn made_up((method, instance, cost, bound, kind): (u8, u8, u64, u64, u8)) -> Record {
        let mut record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
            .expect("the example is a record");
        record.run = format!("{method}-{instance}-{cost}-{bound}-{kind}");
        record.method = format!("m{method}");
        record.instance_hash = format!("{instance}");
        record.reference = (kind == 7).then(|| Reference {
            cost: Value::from(cost),
            proved: bound % 2 == 0,
            lower_bound: None,
            source: "a paper".to_owned(),
        });
        if kind == 6 {
            record.termination = Termination::Timeout;
        }
        let answer = record.answer.as_mut().expect("the example has an answer");
        answer.status = match kind {
            0 | 1 => Status::Optimal,
            2 => Status::Infeasible,
            3 => Status::Unbounded,
            4 => Status::Unknown,
            _ => Status::Feasible,
        };
        let shown = ![2, 3, 4, 5].contains(&kind);
        answer.judgement.cost = shown.then(|| Value::from(cost));
        answer.lower_bound = (bound > 0).then(|| Value::from(bound));
        answer.judgement.certified = bound % 3 == 0;
        if kind == 5 {
            answer.judgement.verdict = Verdict::Unverifiable { claimed: Some(Value::from(cost)) };
        }
        record
    }

    proptest! {
        /// What is held of a run says of it what its record says, after both were revised.
        #[test]
        fn runs_say_what_their_records_say(
            seeds in prop::collection::vec((0_u8..4, 0_u8..2, 1_u64..6, 0_u64..6, 0_u8..8), 1..12),
        ) {
            let mut records: Vec<Record> = seeds.into_iter().map(made_up).collect();
            let mut mentioned = Mentioned::default();
            let mut runs: Vec<Run> = records.iter().map(|record| mentioned.run(record)).collect();
            mentioned.revise(&mut runs);
            revise(&mut records);
            for (run, record) in runs.iter().zip(&records) {
                prop_assert_eq!(mentioned.named(run), RunName::from(record));
                prop_assert_eq!(mentioned.limits(run), &record.limits);
                prop_assert_eq!(run.is_answered(), record.is_answered());
                prop_assert_eq!(run.is_proved(), record.is_proved());
                let verdict = record.answer.as_ref().map(|answer| &answer.judgement.verdict);
                prop_assert_eq!(run.wrong(), verdict.filter(|verdict| verdict.is_wrong()));
                let value = |value: Option<Value>| value.map(Value::to_f64);
                prop_assert_eq!(mentioned.verified_cost(run), value(record.verified_cost()));
                prop_assert_eq!(mentioned.correct_bound(run), value(record.correct_bound()));
                for (name, &count) in &record.answer.as_ref().expect("an answer").counters {
                    let number = mentioned.number(name).expect("it was mentioned");
                    prop_assert_eq!(run.counter(number), Some(count));
                }
            }
        }
    }
}
