//! How good a run was all the time, not just at its end: gaps over time and their integrals.

use vmpack_model::Value;

use super::gap;
use crate::Record;

/// A gap over time: at each point, in the order of time, it falls to a value; before the first it is 1.
pub type GapSteps = Vec<(f64, f64)>;

/// The primal gap of Berthold (2013, section 2) over the time of a run: the [`gap`] between its best solution so far and
/// `reference`, the best known cost of the instance. No steps if the run has no correct solution.
///
/// Time is *wall* time since solving began, the only clock that trajectories have. What a run claimed on its way was
/// not judged, so it counts for no more than what the run answered in the end, which was.
///
/// ```
/// # use vmpack_model::Value;
/// # use vmpack_results::{Record, stats};
/// # let record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
/// #     .expect("a record");
/// // A cost of 50 after a quarter of a second, of an instance whose best known cost is 40.
/// assert_eq!(stats::primal_gaps(&record, Value::from(40_u64)), [(0.25, 0.2)]);
/// ```
pub fn primal_gaps(record: &Record, reference: Value) -> GapSteps {
    steps(record, |cost, _| gap(cost, reference))
}

/// The gap between incumbent and lower bound over the time of a run, 1 as long as one of them is missing: what the run
/// itself could say of its answer. A proof closes it, a refutation as well.
///
/// ```
/// # use vmpack_results::{Record, stats};
/// # let record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
/// #     .expect("a record");
/// // The bound of 48 came with the answer, after half a second.
/// assert_eq!(stats::primal_dual_gaps(&record), [(0.5, 0.04)]);
/// ```
pub fn primal_dual_gaps(record: &Record) -> GapSteps {
    steps(record, |cost, bound| bound.map_or(1.0, |bound| gap(cost, bound)))
}

fn steps(record: &Record, at: impl Fn(Option<Value>, Option<Value>) -> f64) -> GapSteps {
    let Some(answer) = record.answer.as_ref().filter(|_| record.is_correct()) else {
        return Vec::new();
    };
    let (cost, bound) = (record.verified_cost(), record.correct_bound());
    let mut steps = GapSteps::new();
    let mut least = 1.0;
    let mut fall = |seconds: f64, gap: f64| {
        if gap < least {
            least = gap;
            steps.push((seconds, gap));
        }
    };
    let end = record.measurement.wall_s;
    for point in &answer.trajectory {
        let cost = point.cost.zip(cost).map(|(claimed, judged)| claimed.max(judged));
        let bound = point.bound.zip(bound).map(|(claimed, judged)| claimed.min(judged));
        fall(point.seconds.min(end), at(cost, bound));
    }
    let closed = cost.is_none() && record.is_proved();
    fall(end, if closed { 0.0 } else { at(cost, bound) });
    steps
}

/// The integral of a gap over time up to `horizon`, divided by it: 0 if the gap was closed at once, 1 if it never fell.
/// The primal integral of Berthold (2013, "Measuring the impact of primal heuristics") of [`primal_gaps`], with the time
/// limit as horizon; of [`primal_dual_gaps`] the primal-dual integral.
///
/// It rewards being good early, and depends on the horizon: only integrals over one and the same horizon compare.
///
/// ```
/// use vmpack_results::stats::gap_integral;
///
/// // 1 for 2 s, one half for 4 s, closed for the remaining 4 s.
/// assert_eq!(gap_integral(&[(2.0, 0.5), (6.0, 0.0)], 10.0), 0.4);
/// assert_eq!(gap_integral(&[(12.0, 0.0)], 10.0), 1.0);
/// assert_eq!(gap_integral(&[], 10.0), 1.0);
/// ```
pub fn gap_integral(steps: &[(f64, f64)], horizon: f64) -> f64 {
    let mut area = 0.0;
    let (mut from, mut height) = (0.0, 1.0);
    for &(seconds, gap) in steps.iter().take_while(|step| step.0 < horizon) {
        area += height * (seconds - from);
        (from, height) = (seconds, gap);
    }
    if horizon > 0.0 { (area + height * (horizon - from)) / horizon } else { height }
}

/// The mean of several gaps over time, also one; empty of nothing. `O(n log n)` in all steps together.
///
/// ```
/// use vmpack_results::stats::mean_gap_steps;
///
/// let mean = mean_gap_steps(&[vec![(1.0, 0.5), (3.0, 0.0)], vec![], vec![(3.0, 0.25)], vec![]]);
/// assert_eq!(mean, [(1.0, 0.875), (3.0, 0.5625)]);
/// ```
pub fn mean_gap_steps(several: &[GapSteps]) -> GapSteps {
    let mut falls: Vec<(f64, f64)> = Vec::new();
    for steps in several {
        let mut height = 1.0;
        for &(seconds, gap) in steps {
            falls.push((seconds, height - gap));
            height = gap;
        }
    }
    falls.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut mean = GapSteps::new();
    let mut fallen = 0.0;
    for together in falls.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        fallen += together.iter().map(|fall| fall.1).sum::<f64>();
        mean.push((together[0].0, (1.0 - fallen / several.len() as f64).max(0.0)));
    }
    mean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vmpack_model::{Status, TrajectoryPoint};

    use super::*;
    use crate::Termination;

    fn record(points: &[(f64, Option<u64>, Option<u64>)], cost: u64, bound: u64) -> Record {
        let mut record: Record = serde_json::from_str(include_str!("../../tests/data/record.json"))
            .expect("the example is a record");
        record.measurement.wall_s = 8.0;
        let answer = record.answer.as_mut().expect("the example has an answer");
        answer.judgement.cost = Some(Value::from(cost));
        answer.lower_bound = Some(Value::from(bound));
        let value = |v: Option<u64>| v.map(Value::from);
        answer.trajectory = points
            .iter()
            .map(|&(seconds, cost, bound)| TrajectoryPoint {
                seconds,
                cost: value(cost),
                bound: value(bound),
            })
            .collect();
        record
    }

    #[test]
    fn a_trajectory_by_hand() {
        let points = [
            (1.0, None, Some(20)),
            (2.0, Some(80), Some(20)),
            (4.0, Some(50), Some(30)),
            (5.0, Some(50), Some(40)),
        ];
        let run = record(&points, 50, 40);
        assert_eq!(primal_gaps(&run, Value::from(40_u64)), [(2.0, 0.5), (4.0, 0.2)]);
        let both = primal_dual_gaps(&run);
        assert_eq!(both, [(2.0, 0.75), (4.0, 0.4), (5.0, 0.2)]);
        // 2 + 2 * 0.5 + 6 * 0.2 of 10, and 2 + 2 * 0.75 + 0.4 + 5 * 0.2.
        assert!((gap_integral(&primal_gaps(&run, Value::from(40_u64)), 10.0) - 0.42).abs() < 1e-12);
        assert!((gap_integral(&both, 10.0) - 0.49).abs() < 1e-12);
    }

    #[test]
    fn claims_on_the_way_are_worth_no_more_than_the_answer() {
        let run = record(&[(1.0, Some(30), Some(45)), (2.0, Some(30), Some(50))], 50, 40);
        assert_eq!(primal_gaps(&run, Value::from(40_u64)), [(1.0, 0.2)]);
        assert_eq!(primal_dual_gaps(&run), [(1.0, 0.2)]);
    }

    #[test]
    fn who_does_not_answer_correctly_in_time_has_the_worst_value() {
        let mut late = record(&[(1.0, Some(40), Some(40))], 40, 40);
        late.termination = Termination::Timeout;
        assert_eq!(primal_gaps(&late, Value::from(40_u64)), []);
        assert_eq!(primal_dual_gaps(&late), []);
    }

    #[test]
    fn a_refutation_closes_the_gap() {
        let mut refuted = record(&[], 1, 1);
        let answer = refuted.answer.as_mut().expect("an answer");
        answer.status = Status::Infeasible;
        answer.judgement.cost = None;
        answer.lower_bound = None;
        assert_eq!(primal_dual_gaps(&refuted), [(8.0, 0.0)]);
        assert_eq!(primal_gaps(&refuted, Value::ZERO), [(8.0, 0.0)]);
    }

    prop_compose! {
        fn steps()(falls in prop::collection::vec((0.01..3.0_f64, 0.0..1.0_f64), 0..8)) -> GapSteps {
            let (mut seconds, mut gap) = (0.0, 1.0);
            falls
                .into_iter()
                .map(|(later, share)| {
                    seconds += later;
                    gap *= share;
                    (seconds, gap)
                })
                .collect()
        }
    }

    proptest! {
        /// The rectangle rule on a fine grid comes near, and never by more than its width times the height of the steps.
        #[test]
        fn the_integral_is_the_area(steps in steps(), horizon in 0.5..20.0_f64) {
            const CELLS: u32 = 20_000;
            let at = |t: f64| steps.iter().take_while(|step| step.0 <= t).last().map_or(1.0, |step| step.1);
            let width = horizon / f64::from(CELLS);
            let area: f64 = (0..CELLS).map(|k| width * at(width * (f64::from(k) + 0.5))).sum();
            let integral = gap_integral(&steps, horizon);
            prop_assert!((integral - area / horizon).abs() < 1e-3, "{integral} and {}", area / horizon);
        }

        /// The integral of the mean is the mean of the integrals.
        #[test]
        fn the_mean_keeps_the_area(several in prop::collection::vec(steps(), 1..6), horizon in 0.5..20.0_f64) {
            let each: f64 = several.iter().map(|steps| gap_integral(steps, horizon)).sum();
            let mean = mean_gap_steps(&several);
            prop_assert!((gap_integral(&mean, horizon) - each / several.len() as f64).abs() < 1e-9);
            prop_assert!(mean.is_sorted_by(|a, b| a.0 < b.0 && a.1 >= b.1));
        }
    }
}
