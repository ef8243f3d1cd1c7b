//! The numbers of the tables, worked out by hand.

use vmpack_model::{Family, Kind, Status, Value};
use vmpack_results::Termination;

use super::synthetic::{record, unanswered};
use super::{Report, of_problems, packing};

#[test]
fn the_numbers_of_the_tables_are_those_of_the_records() {
    let mut optimal = packing("a", "slow", 10, 2.0);
    let answer = optimal.answer.as_mut().expect("an answer");
    answer.status = Status::Optimal;
    answer.lower_bound = Some(Value::from(10_u64));
    answer.judgement.certified = true;
    let records = [
        packing("a", "fast", 20, 0.001),
        packing("b", "fast", 30, 0.003),
        optimal,
        unanswered(packing("b", "slow", 0, 10.0), Termination::Timeout),
    ];
    let report = Report::of(&records);
    let methods = report.table("methods");
    let number = |row: usize, column: &str| methods[row][column].parse::<f64>().expect("a number");
    assert_eq!((methods[0]["method"].as_str(), methods[1]["method"].as_str()), ("fast", "slow"));
    // The gap is relative to the larger cost: (20 - 10) / 20 on a, 0 on b where nobody else answered.
    assert!((number(0, "mean_gap") - 0.25).abs() < 1e-12);
    assert!((number(1, "mean_gap") - 0.0).abs() < 1e-12);
    // sqrt(11 ms * 13 ms) - 10 ms, sqrt(2010 ms * 10010 ms) - 10 ms.
    assert!((number(0, "sgm_10ms_s") - ((11.0_f64 * 13.0).sqrt() - 10.0) / 1e3).abs() < 1e-12);
    assert!((number(1, "sgm_10ms_s") - ((2010.0_f64 * 10_010.0).sqrt() - 10.0) / 1e3).abs() < 1e-9);
    assert!((number(1, "par2_s") - 11.0).abs() < 1e-12, "(2 + 2 * 10) / 2");
    for (column, fast, slow) in [
        ("runs", 2.0, 2.0),
        ("instances_answered", 2.0, 1.0),
        ("instances_proved", 0.0, 1.0),
        ("instances_certified", 0.0, 1.0),
        ("timeout", 0.0, 1.0),
        ("best_cost_on", 1.0, 1.0),
    ] {
        assert_eq!((number(0, column), number(1, column)), (fast, slow), "{column}");
    }
    report.says("<td class=\"n\">25.0 %</td><td class=\"n\">1 of 2</td>");
    report.says("All 3 answers were judged Correct.");
}

#[test]
fn repetitions_show_their_median_and_spread() {
    let first = packing("a", "ffd", 10, 1.0);
    let again = |repetition: u64, seconds: f64| {
        let mut record = packing("a", "ffd", 10, seconds);
        record.run = format!("{} again {repetition}", record.run);
        record.repetition = repetition;
        record
    };
    let report = Report::of(&[first, again(1, 1.0), again(2, 3.0), again(3, 1.0), again(4, 2.0)]);
    let rows = report.table("methods");
    let value = |name: &str| -> f64 { rows[0][name].parse().expect(name) };
    // Quartiles of 1, 1, 1, 2, 3 are 1 and 2.
    assert!((value("time_spread") - 1.0 / 3.0).abs() < 1e-9, "{rows:?}");
    assert!((value("par2_s") - 1.0).abs() < 1e-9, "the median: {rows:?}");
}

#[test]
fn runs_without_costs_are_counted_and_not_drawn() {
    let records = [
        unanswered(packing("a", "x", 0, 10.0), Termination::Timeout),
        unanswered(packing("b", "x", 0, 3.0), Termination::OutOfMemory),
        unanswered(packing("c", "x", 0, 1.0), Termination::Crashed { signal: 11 }),
        unanswered(
            packing("d", "x", 0, 1.0),
            Termination::Failed { message: "<no> such file".to_owned() },
        ),
    ];
    let report = Report::of(&records);
    report.says("No run has answered. The commonest ends:<ul>\n");
    report.says("<li>1 run, for example x on c: crashed (signal 11)</li>");
    report.says("<li>1 run, for example x on d: failed: &lt;no&gt; such file</li>");
    report.says("crashed (signal 11)");
    report.says("failed: &lt;no&gt; such file");
    for figure in of_problems() {
        report.says(&format!("<li><strong>{}</strong>: ", figure.title()));
    }
    let methods = report.table("methods");
    for column in ["timeout", "out_of_memory", "crashed", "failed"] {
        assert_eq!(methods[0][column], "1", "{column}");
    }
}

#[test]
fn refutations_are_answers_without_cost() {
    let mut refuted = packing("a", "exact", 0, 0.5);
    let answer = refuted.answer.as_mut().expect("an answer");
    answer.status = Status::Infeasible;
    answer.claimed_cost = None;
    answer.judgement.cost = None;
    let report = Report::of(&[refuted]);
    let methods = report.table("methods");
    let of = |column: &str| methods[0][column].as_str();
    assert_eq!((of("instances_answered"), of("instances_proved")), ("1", "1"));
    assert!(report.path("figures/cactus-proved-packing.svg").exists());
    assert!(!report.path("figures/cost-vs-time-packing.svg").exists());
}

#[test]
fn allocation_has_fractional_and_negative_costs() {
    let value = |text: &str| text.parse::<Value>().expect("a value");
    let lp = Kind::LinearProgramming;
    let records = [
        record(Family::Allocation, "cost", "exact", lp, value("70/3"), 0.02),
        record(Family::Allocation, "cost", "rough", Kind::Greedy, value("24"), 0.001),
        // The utility form minimises the negative utility.
        record(Family::Allocation, "utility", "exact", lp, value("-81/2"), 0.02),
        record(Family::Allocation, "utility", "rough", Kind::Greedy, value("-39"), 0.001),
    ];
    let report = Report::of(&records);
    report.says("23.3333");
    report.says("-40.5");
    let gap = |method: &str| {
        let methods = report.table("methods");
        let row = methods.iter().find(|row| row["method"] == method).expect("the method").clone();
        row["mean_gap"].parse::<f64>().expect("a gap")
    };
    assert!(gap("exact").abs() < 1e-12);
    let rough = f64::midpoint((24.0 - 70.0 / 3.0) / 24.0, (40.5 - 39.0) / 40.5);
    assert!((gap("rough") - rough).abs() < 1e-9);
    assert_eq!(report.table("instances")[0]["best_cost"], "70/3");
    assert!(
        report.path("figures/profile-cost-allocation.svg").exists(),
        "of the instance with positive costs"
    );
}

#[test]
fn seeds_of_an_instance_count_once() {
    let mut records = vec![packing("a", "other", 10, 0.1)];
    for (seed, cost) in [(1, 10), (2, 12), (3, 14)] {
        let mut run = packing("a", "random", cost, 0.1 * cost as f64);
        run.seed = seed;
        run.run = format!("a/random/{seed}");
        records.push(run);
    }
    let report = Report::of(&records);
    let methods = report.table("methods");
    assert_eq!((methods[1]["runs"].as_str(), methods[1]["instances"].as_str()), ("3", "1"));
    let gap: f64 = methods[1]["mean_gap"].parse().expect("a gap");
    assert!((gap - (2.0 / 12.0 + 4.0 / 14.0) / 3.0).abs() < 1e-12, "{gap}");
}
