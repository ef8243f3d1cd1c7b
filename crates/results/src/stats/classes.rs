//! What every method did on every class of instances.

use std::collections::BTreeMap;

use vmpack_model::Value;

use super::{Clock, gap, mean, over_runs, quantile};
use crate::{Proof, Record};

/// What one method did on the instances of one class, or on others that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassFigures {
    /// Instances it was run on.
    pub instances: u64,
    /// Instances that all its runs answered.
    pub answered: u64,
    /// Instances on which all its runs claim a proof.
    pub proved: u64,
    /// Of these, by what the weakest of the proofs rests on.
    pub proofs: BTreeMap<Proof, u64>,
    /// Instances whose optimum was open before.
    pub open: u64,
    /// Of these, instances that are proved, and not just by the method's word.
    pub closed: u64,
    /// Instances with an answer that is wrong.
    pub wrong: u64,
    /// CPU seconds spent, whether or not there was an answer.
    pub cpu_s: Spread,
    /// Wall seconds spent.
    pub wall_s: Spread,
    /// The mean [`gap`] between the cost and the lower bound of the same answer: what is left to prove;
    /// 1 without a cost or a bound.
    pub gap: Option<f64>,
    /// The sum of costs above the sum of what the source knows the instances to cost at least, as a share
    /// of the latter; over the instances of which both are known.
    pub excess: Option<f64>,
}

impl ClassFigures {
    /// The time spent, by a clock.
    pub fn time(&self, clock: Clock) -> Spread {
        match clock {
            Clock::Cpu => self.cpu_s,
            Clock::Wall => self.wall_s,
        }
    }
}

/// How values are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The arithmetic mean.
    pub mean: Option<f64>,
    /// The median.
    pub median: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        Self { mean: mean(values), median: quantile(values, 0.5), max: quantile(values, 1.0) }
    }
}

/// The figures of some records of one method, instance by instance: of repetitions the median, of seeds the mean.
///
/// ```
/// # use vmpack_results::{Proof, Record, stats};
/// # let record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
/// #     .expect("a record");
/// // A correct answer of cost 50 with a certified bound of 48, after half a second; 49 is published as
/// // the best known cost, with a lower bound of 40.
/// let figures = stats::class_figures([&record]);
/// assert_eq!((figures.instances, figures.answered, figures.proved), (1, 1, 0));
/// assert_eq!((figures.open, figures.closed), (1, 0));
/// assert_eq!((figures.gap, figures.excess), (Some(0.04), Some(0.25)));
/// assert_eq!(figures.cpu_s.median, Some(0.5));
/// ```
pub fn class_figures<'a>(records: impl IntoIterator<Item = &'a Record>) -> ClassFigures {
    let mut instances: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records {
        instances.entry(&record.instance_hash).or_default().push(record);
    }
    let mut figures = ClassFigures { instances: instances.len() as u64, ..ClassFigures::default() };
    let (mut cpu, mut wall, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    let (mut costs, mut bounds) = (0.0, 0.0);
    for runs in instances.values() {
        cpu.extend(over_runs(runs, |run| Some(run.measurement.cpu_s)));
        wall.extend(over_runs(runs, |run| Some(run.measurement.wall_s)));
        gaps.extend(over_runs(runs, |run| Some(own_gap(run))));
        let weakest: Option<Vec<Proof>> = runs.iter().map(|run| run.proof()).collect();
        let weakest = weakest.and_then(|proofs| proofs.into_iter().max());
        let open = runs.iter().any(|run| run.is_open());
        figures.answered += u64::from(runs.iter().all(|run| run.is_answered()));
        figures.wrong += u64::from(runs.iter().any(|run| run.is_wrong()));
        figures.open += u64::from(open);
        if let Some(proof) = weakest {
            figures.proved += 1;
            *figures.proofs.entry(proof).or_default() += 1;
            figures.closed += u64::from(open && proof < Proof::Word);
        }
        let bound = runs.iter().find_map(|run| run.reference.as_ref()?.bound());
        let cost = over_runs(runs, |run| run.verified_cost().map(Value::to_f64));
        if let (Some(bound), Some(cost)) = (bound, cost) {
            bounds += bound.to_f64();
            costs += cost;
        }
    }
    figures.cpu_s = Spread::of(&cpu);
    figures.wall_s = Spread::of(&wall);
    figures.gap = mean(&gaps);
    figures.excess = (bounds > 0.0).then(|| costs / bounds - 1.0);
    figures
}

fn own_gap(run: &Record) -> f64 {
    if run.is_proved() {
        return 0.0;
    }
    gap(run.verified_cost(), run.correct_bound().unwrap_or(Value::ZERO))
}

#[cfg(test)]
mod tests {
    use vmpack_model::{Reference, Status};

    use super::*;
    use crate::Termination;

    fn record(instance: &str, seed: u64, cost: u64, bound: u64, seconds: f64) -> Record {
        let mut record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
            .expect("the example is a record");
        record.instance_hash = instance.to_owned();
        record.seed = seed;
        record.measurement.cpu_s = seconds;
        let answer = record.answer.as_mut().expect("the example has an answer");
        answer.status = if cost == bound { Status::Optimal } else { Status::Feasible };
        answer.judgement.cost = Some(Value::from(cost));
        answer.lower_bound = Some(Value::from(bound));
        record
    }

    fn certified(mut record: Record, certificate: Option<&str>) -> Record {
        let answer = record.answer.as_mut().expect("an answer");
        answer.certificate = certificate.map(str::to_owned);
        answer.judgement.certified = certificate.is_some();
        record
    }

    #[test]
    fn proofs_are_told_apart_by_what_they_rest_on() {
        let records = [
            certified(record("a", 1, 50, 50, 1.0), Some("dual-weights")),
            certified(record("b", 1, 50, 50, 2.0), Some("tree")),
            certified(record("c", 1, 50, 50, 3.0), None),
            certified(record("d", 1, 50, 40, 60.0), Some("volume")),
        ];
        let figures = class_figures(&records);
        assert_eq!((figures.instances, figures.proved), (4, 3));
        let proofs = [(Proof::Root, 1), (Proof::Tree, 1), (Proof::Word, 1)];
        assert_eq!(figures.proofs, proofs.into());
        assert_eq!((figures.open, figures.closed), (4, 2), "a word closes nothing");
        assert_eq!(figures.cpu_s.mean, Some(16.5));
        assert_eq!((figures.cpu_s.median, figures.cpu_s.max), (Some(2.5), Some(60.0)));
        assert_eq!(figures.gap, Some(0.05));
        assert_eq!(figures.excess, Some(0.25));
    }

    #[test]
    fn an_instance_is_as_good_as_the_worst_of_its_seeds() {
        let mut stopped = record("a", 3, 50, 50, 9.0);
        stopped.termination = Termination::Timeout;
        stopped.answer = None;
        let proved = certified(record("a", 1, 50, 50, 1.0), Some("volume"));
        let by_tree = certified(record("a", 2, 50, 50, 2.0), Some("tree"));
        let figures = class_figures([&proved, &by_tree]);
        assert_eq!(figures.proofs, [(Proof::Tree, 1)].into());
        assert_eq!((figures.instances, figures.cpu_s.max), (1, Some(1.5)));
        let figures = class_figures([&proved, &by_tree, &stopped]);
        assert_eq!((figures.answered, figures.proved, figures.closed), (0, 0, 0));
        assert_eq!((figures.gap, figures.excess), (Some(1.0 / 3.0), None));
    }

    #[test]
    fn the_excess_is_over_the_optimum_where_it_is_known() {
        let mut known = record("a", 1, 60, 40, 1.0);
        let reference = Reference {
            cost: Value::from(50_u64),
            proved: true,
            lower_bound: None,
            source: "a table".to_owned(),
        };
        known.reference = Some(reference);
        let figures = class_figures([&known]);
        assert_eq!((figures.open, figures.excess), (0, Some(60.0 / 50.0 - 1.0)));
        known.reference = None;
        assert_eq!(class_figures([&known]).excess, None);
    }
}
