//! Limits that come before the optimum.

#[cfg(feature = "highs")]
use std::sync::Arc;
#[cfg(feature = "highs")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vmpack_lp::backend::{BACKENDS, Backend as _, Limits, Microlp, Status};
#[cfg(feature = "highs")]
use vmpack_lp::backend::{Highs, Progress};
use vmpack_lp::model::{Column, Model};

use super::clock::{cpu_time, given_time};
use super::known::cases;
use super::{Eq, INF, TOLERANCE};

#[test]
fn a_deadline_in_the_past_is_answered_without_solving() {
    let limits = Limits { deadline: Some(Instant::now()), ..Limits::default() };
    let (_, covering, _) = cases().swap_remove(0);
    for backend in BACKENDS {
        let solution = backend.solve(&covering, &limits).expect("no error");
        assert_eq!(solution.status, Status::LimitReached, "{}", backend.name());
        assert!(solution.values.is_empty());
    }
}

/// A market-split problem, for which branch and bound needs ages (Cornuejols and Dawande 1998).
fn market_split() -> Model {
    let (rows, columns) = (5_usize, 40_usize);
    let mut model = Model::default();
    let mut state = 12345_u64;
    let coefficients: Vec<Vec<f64>> = (0..rows)
        .map(|_| {
            (0..columns)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((state >> 33) % 100) as f64
                })
                .collect()
        })
        .collect();
    for row in &coefficients {
        model.add_row(Eq, (row.iter().sum::<f64>() / 2.0).floor());
    }
    for j in 0..columns {
        let column = coefficients.iter().enumerate().map(|(i, row)| (i, row[j]));
        model.add_column(Column::integer(0.0, 0.0, 1.0), column);
    }
    for i in 0..rows {
        model.add_column(Column::continuous(1.0, 0.0, INF), [(i, 1.0)]);
        model.add_column(Column::continuous(1.0, 0.0, INF), [(i, -1.0)]);
    }
    model
}

#[test]
fn a_deadline_ends_a_hard_integer_program_with_the_best_point() {
    let model = market_split();
    for backend in BACKENDS.iter().filter(|backend| backend.capabilities().integers) {
        let solution = given_time(0.4, |seconds| {
            let deadline = Some(Instant::now() + Duration::from_secs_f64(seconds));
            let limits = Limits { deadline, ..Limits::default() };
            let (solution, _) = cpu_time(|| backend.solve(&model, &limits).expect("no error"));
            assert_ne!(solution.status, Status::Optimal, "{}", backend.name());
            // No point yet, on a slow machine.
            (solution.status == Status::Feasible).then_some(solution)
        });
        assert!(model.violation(&solution.values) < TOLERANCE, "{}", backend.name());
        let objective = solution.objective.expect("feasible points have an objective");
        assert!(solution.best_bound.is_none_or(|bound| bound <= objective + TOLERANCE));
        // That of an interrupted microlp may be false, and is kept back.
        assert_eq!(solution.best_bound.is_none(), backend.name() == "microlp");
    }
}

/// Where CPU time alone is limited, nobody sets a deadline.
#[test]
fn who_cannot_be_asked_to_stop_keeps_the_cpu_time_that_is_left() {
    let limits = Limits { cpu_left: Some(Duration::from_millis(200)), ..Limits::default() };
    let (solution, _) = cpu_time(|| Microlp.solve(&market_split(), &limits).expect("no error"));
    assert_ne!(solution.status, Status::Optimal);
}

#[cfg(feature = "highs")]
#[test]
fn progress_is_told_and_a_request_to_stop_is_heard() {
    let model = market_split();
    let stop = Arc::new(AtomicBool::new(false));
    let limits = Limits { stop: Some(Arc::clone(&stop)), ..Limits::default() };
    let (mut incumbents, mut bounds) = (Vec::new(), Vec::new());
    // There is no limit but the request, and it would take ages.
    let (solution, _) = cpu_time(|| {
        Highs.solve_observed(&model, &limits, &mut |news| match news {
            Progress::Incumbent(values) => {
                assert!(model.violation(&values) < TOLERANCE);
                incumbents.push(model.objective(&values));
                if incumbents.len() == 2 {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            Progress::Bound(bound) => bounds.push(bound),
        })
    });
    let solution = solution.expect("no error");
    assert_eq!(solution.status, Status::Feasible);
    assert!(incumbents.len() >= 2 && incumbents.is_sorted_by(|a, b| a > b), "{incumbents:?}");
    assert!(bounds.is_sorted(), "{bounds:?}");
    let best = incumbents.last().copied().expect("two");
    assert!(solution.objective.expect("a point") <= best + TOLERANCE);
    let stopped = Highs.solve(&model, &limits).expect("no error");
    assert_eq!(stopped.status, Status::LimitReached);
}
