//! Points to start from.

use vmpack_lp::backend::{BACKENDS, Limits, Status};
use vmpack_lp::model::Model;

use super::known::cases;
use super::{Ge, Le, TOLERANCE, model, patience};

#[test]
fn a_start_is_kept_when_nothing_better_is_found() {
    let (_, packing, _) =
        cases().into_iter().find(|case| case.0 == "two hosts, three VMs").expect("a case");
    let start = vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    assert!(packing.violation(&start) <= 0.0);
    for backend in BACKENDS.iter().filter(|backend| backend.capabilities().start) {
        // Wider than the distance to any bound: the start is good enough.
        let limits = Limits { start: Some(start.clone()), absolute_gap: 5.0, ..Limits::default() };
        let solution = backend.solve(&packing, &limits).expect("no error");
        assert_eq!(solution.objective, Some(2.0), "{}", backend.name());
    }
}

/// Two resources of a host with 7 and 9 units, and for each of two VMs the choice between two steps of
/// utility: the program of an allocation, of optimum -9, and a feasible point of value -7.
fn stepped() -> (Model, Vec<f64>) {
    let (c, z) = (false, true);
    let model = model(
        &[
            (Le, 7.0),
            (Le, 9.0),
            (Ge, 0.0),
            (Le, 1.0),
            (Ge, 0.0),
            (Le, 1.0),
            (Ge, 0.0),
            (Le, 1.0),
            (Ge, 0.0),
            (Le, 1.0),
        ],
        &[
            (0.0, 0.0, 7.0, c, &[(0, 1.0), (2, 1.0)]),
            (-1.0, 0.0, 1.0, z, &[(2, -3.0), (3, 1.0)]),
            (-5.0, 0.0, 1.0, z, &[(2, -6.0), (3, 1.0)]),
            (0.0, 0.0, 9.0, c, &[(1, 1.0), (4, 1.0)]),
            (-1.0, 0.0, 1.0, z, &[(4, -4.0), (5, 1.0)]),
            (-2.0, 0.0, 1.0, z, &[(4, -5.0), (5, 1.0)]),
            (0.0, 0.0, 7.0, c, &[(0, 1.0), (6, 1.0)]),
            (-2.0, 0.0, 1.0, z, &[(6, -2.0), (7, 1.0)]),
            (0.0, 0.0, 9.0, c, &[(1, 1.0), (8, 1.0)]),
            (-1.0, 0.0, 1.0, z, &[(8, -3.0), (9, 1.0)]),
            (-2.0, 0.0, 1.0, z, &[(8, -4.0), (9, 1.0)]),
        ],
    );
    (model, vec![5.0, 1.0, 0.0, 5.0, 0.0, 1.0, 2.0, 1.0, 4.0, 0.0, 1.0])
}

#[test]
fn a_start_never_hides_the_optimum() {
    let (model, start) = stepped();
    assert!(model.violation(&start) <= 0.0);
    for backend in BACKENDS.iter().filter(|backend| backend.capabilities().start) {
        let limits = Limits { start: Some(start.clone()), ..patience() };
        let solution = backend.solve(&model, &limits).expect("no error");
        assert_eq!(solution.status, Status::Optimal, "{}", backend.name());
        let value = model.objective(&solution.values);
        assert!((value + 9.0).abs() < TOLERANCE, "{}: {value}", backend.name());
    }
}

/// Known weakness: HiGHS 1.16 returns the start instead of the optimum, beside the objective of the
/// optimum, when presolve solves the model. The backend compares the two and solves again.
#[cfg(feature = "highs")]
#[test]
fn highs_by_itself_returns_the_start() {
    let (model, start) = stepped();
    let mut problem = highs::ColProblem::new();
    let rows: Vec<highs::Row> = model
        .rows()
        .iter()
        .map(|row| match row.sense {
            Ge => problem.add_row(row.rhs..),
            _ => problem.add_row(..=row.rhs),
        })
        .collect();
    for (index, column) in model.columns().iter().enumerate() {
        let coefficients = model.coefficients(index).iter().map(|&(row, a)| (rows[row], a));
        let range = column.lower..=column.upper;
        problem.add_column_with_integrality(column.cost, range, coefficients, column.integer);
    }
    let mut problem = problem.optimise(highs::Sense::Minimise);
    problem.set_solution(Some(&start), None, None, None);
    let solved = problem.solve();
    assert!((solved.objective_value() + 9.0).abs() < TOLERANCE);
    assert_eq!(solved.get_solution().columns(), start, "repaired: the second solve can go");
}
