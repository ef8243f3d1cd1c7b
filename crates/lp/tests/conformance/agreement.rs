//! Random models on which all backends must agree.

use proptest::prelude::*;
use vmpack_lp::backend::{BACKENDS, Status, solve_with_duals};
use vmpack_lp::dual::dual;
use vmpack_lp::model::{Column, Model};

use super::{Eq, Ge, INF, Le, TOLERANCE, patience};

/// Random small linear programs without free columns: many ranges infinite on one side, coefficients of
/// both signs.
fn small_lp() -> impl Strategy<Value = Model> {
    let row = (prop_oneof![Just(Ge), Just(Le), Just(Eq)], -6..=6_i32);
    let range = prop_oneof![
        (-3..=3_i32, 0..=4_i32).prop_map(|(l, w)| (f64::from(l), f64::from(l + w))),
        (-3..=3_i32).prop_map(|l| (f64::from(l), INF)),
        Just((0.0, INF)),
        (-3..=3_i32).prop_map(|u| (-INF, f64::from(u))),
    ];
    (1..=4_usize, 1..=5_usize).prop_flat_map(move |(m, n)| {
        let column = (-4..=6_i32, range.clone(), prop::collection::vec(-3..=3_i32, m));
        (prop::collection::vec(row.clone(), m), prop::collection::vec(column, n)).prop_map(
            |(rows, columns)| {
                let mut model = Model::default();
                for (sense, rhs) in rows {
                    model.add_row(sense, f64::from(rhs));
                }
                for (cost, (lower, upper), coefficients) in columns {
                    let entries = coefficients.into_iter().map(f64::from).enumerate();
                    model.add_column(Column::continuous(f64::from(cost), lower, upper), entries);
                }
                model
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn backends_agree_and_duality_is_strong(model in small_lp()) {
        let limits = patience();
        let mut answers = Vec::new();
        for backend in BACKENDS {
            let solution = backend.solve(&model, &limits).expect("no error on a small program");
            if solution.status == Status::Optimal {
                prop_assert!(model.violation(&solution.values) < TOLERANCE, "{}", backend.name());
                // An equality has a free dual variable: see `STALLS_ON_THE_DUAL`.
                let equalities = model.rows().iter().any(|row| row.sense == Eq);
                if equalities && !backend.capabilities().duals {
                    answers.push((backend.name(), solution.status, solution.objective));
                    continue;
                }
                let other = backend.solve(&dual(&model), &limits).expect("the dual");
                prop_assert_eq!(other.status, Status::Optimal, "dual on {}", backend.name());
                let gap = solution.objective.expect("optimal") + other.objective.expect("optimal");
                prop_assert!(gap.abs() < TOLERANCE, "{}: duality gap {}", backend.name(), gap);
                let duals = solve_with_duals(*backend, &model, &limits).expect("solved before").duals;
                let duals = duals.expect("duals on every backend");
                for (row, price) in model.rows().iter().zip(duals) {
                    match row.sense {
                        Ge => prop_assert!(price > -TOLERANCE),
                        Le => prop_assert!(price < TOLERANCE),
                        Eq => {}
                    }
                }
            }
            answers.push((backend.name(), solution.status, solution.objective));
        }
        let (_, status, objective) = answers[0];
        for &(name, other_status, other) in &answers[1..] {
            prop_assert_eq!(status, other_status, "{} disagrees: {:?}", name, &answers);
            if let (Some(a), Some(b)) = (objective, other) {
                prop_assert!((a - b).abs() < TOLERANCE * a.abs().max(1.0), "{:?}", &answers);
            }
        }
    }
}
