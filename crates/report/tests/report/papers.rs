//! What goes into a paper besides tables in LaTeX: what made each file, and the statistics that they show.

use std::fs;
use std::path::PathBuf;

use vmpack_model::{Status, Value};
use vmpack_results::Termination;

use super::synthetic::{records, unanswered};
use super::{Report, packing};

/// The files of a folder with an extension.
pub(crate) fn files(report: &Report, folder: &str, extension: &str) -> Vec<PathBuf> {
    let of = |path: &&PathBuf| {
        path.starts_with(report.path(folder)) && path.extension().is_some_and(|e| e == extension)
    };
    report.written.files.iter().filter(of).cloned().collect()
}

#[test]
fn every_file_says_what_made_it() {
    let report = Report::of(&records(6, 12, 4));
    let run = "vmpack run benches/experiments/synthetic.toml --out reports/synthetic";
    let directory = report.directory.path().display().to_string();
    let made = format!("vmpack report {directory}");
    for path in &report.written.files {
        let mut content = fs::read(path).expect("a file");
        if *path == report.written.html {
            content = report.html.replace("&#x2f;", "/").into_bytes();
        }
        let extension = path.extension().and_then(|e| e.to_str()).expect("an extension");
        if extension == "csv" {
            continue;
        }
        for command in [run, &made] {
            let there = content.windows(command.len()).any(|part| part == command.as_bytes());
            assert!(there, "{} does not say {command}", path.display());
        }
    }
    let package = fs::read_to_string(report.path("tables/datapackage.json")).expect("text");
    let package: serde_json::Value = serde_json::from_str(&package).expect("JSON");
    let resources = package["resources"].as_array().expect("a list");
    assert_eq!(resources.len(), files(&report, "tables", "csv").len());
    for resource in resources {
        let path = report.path(&format!("tables/{}", resource["path"].as_str().expect("a path")));
        let mut reader = csv::Reader::from_path(&path).expect("a table");
        let header: Vec<String> =
            reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let fields = resource["schema"]["fields"].as_array().expect("fields");
        let names: Vec<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
        assert_eq!(header, names, "{}", path.display());
        assert!(fields.iter().all(|f| f["description"].as_str().is_some_and(|d| !d.is_empty())));
    }
}

#[test]
fn statistics_of_a_small_experiment_by_hand() {
    let mut proved = packing("a", "exact", 10, 2.0);
    let answer = proved.answer.as_mut().expect("an answer");
    answer.status = Status::Optimal;
    answer.lower_bound = Some(Value::from(10_u64));
    let all = [
        packing("a", "fast", 20, 0.001),
        packing("b", "fast", 30, 0.003),
        packing("c", "fast", 40, 0.005),
        proved,
        unanswered(packing("b", "exact", 0, 10.0), Termination::Timeout),
        packing("c", "exact", 40, 4.0),
    ];
    let report = Report::of(&all);

    let pairs = report.table("pairwise-packing");
    let [pair] = &pairs[..] else { panic!("one pair") };
    for (column, value) in [
        ("method_a", "exact"),
        ("method_b", "fast"),
        ("instances", "3"),
        // On b the exact method has no cost, on c both have the same.
        ("a_cheaper", "1"),
        ("cost_equal", "1"),
        ("b_cheaper", "1"),
        ("a_faster", "0"),
        ("b_faster", "3"),
        // Three of three: 2 of 2^3.
        ("time_p_holm", "0.25"),
        ("profiles_mislead", ""),
    ] {
        assert_eq!(pair[column], value, "{column}");
    }

    let rows = report.table("contribution-packing");
    let names: Vec<&str> = rows.iter().map(|row| &*row["method"]).collect();
    assert_eq!(names, ["virtual best", "exact", "fast"]);
    let number = |row: usize, column: &str| rows[row][column].parse::<f64>().expect("a number");
    assert_eq!((number(0, "answered"), number(0, "proved")), (3.0, 1.0));
    assert_eq!((number(1, "answered"), number(2, "only_answered")), (2.0, 1.0));
    assert_eq!((number(1, "only_proved"), number(2, "proved")), (1.0, 0.0));
    assert_eq!((number(1, "best_cost_on"), number(1, "alone_best_on")), (2.0, 1.0));
    // Without the exact method a has a gap of one half, without the fast one b has none.
    assert!((number(0, "gap") - 0.0).abs() < 1e-12);
    assert!(rows[0]["gap_without"].is_empty() && rows[0]["par2_without_s"].is_empty());
    assert!((number(1, "gap_without") - 0.5 / 3.0).abs() < 1e-12);
    assert!((number(2, "gap_without") - 1.0 / 3.0).abs() < 1e-12);
    // One proof after 2 s, two times twice the limit of 10 s; without it three times.
    assert!((number(0, "par2_s") - 14.0).abs() < 1e-12);
    assert!((number(1, "par2_without_s") - 6.0).abs() < 1e-12);
    assert!((number(2, "par2_without_s") - 0.0).abs() < 1e-12);

    let rows = report.table("integrals-packing");
    let number = |row: usize, column: &str| rows[row][column].parse::<f64>().expect("a number");
    // Trajectories have the cost after half of the time: 1 of 10 s at a gap of 1, then 0; 1; 2 of 10 s.
    assert!((number(0, "primal_integral") - (0.1 + 1.0 + 0.2) / 3.0).abs() < 1e-12);
    assert!((number(0, "primal_dual_integral") - (0.2 + 1.0 + 1.0) / 3.0).abs() < 1e-12);
    let a = (0.000_5 + 9.999_5 * 0.5) / 10.0;
    assert!((number(1, "primal_integral") - (a + 0.000_15 + 0.000_25) / 3.0).abs() < 1e-12);

    let rows = report.table("intervals-packing");
    let [versus] = &rows[..] else { panic!("one method against the other") };
    assert_eq!((&*versus["method"], &*versus["baseline"]), ("exact", "fast"), "of less mean gap");
    let number = |column: &str| versus[column].parse::<f64>().expect("a number");
    let sgm = |ms: [f64; 3]| ms.iter().map(|ms| (ms + 10.0).ln()).sum::<f64>() / 3.0;
    let ratio = (sgm([2e3, 1e4, 4e3]).exp() - 10.0) / (sgm([1.0, 3.0, 5.0]).exp() - 10.0);
    assert!((number("sgm_ratio") / ratio - 1.0).abs() < 1e-9);
    assert!((number("gap_difference") - (1.0 - 0.5) / 3.0).abs() < 1e-12);
    // All resamples of three instances lie between the draws of one instance alone.
    assert!((number("gap_difference_low") + 0.5).abs() < 1e-12);
    assert!((number("gap_difference_high") - 1.0).abs() < 1e-12);
    let methods = report.table("methods");
    // The exact one did not answer b.
    assert_eq!((&*methods[0]["unbeaten"], &*methods[1]["unbeaten"]), ("", "yes"));
    assert!((methods[0]["par10_s"].parse::<f64>().expect("a number") - 106.0 / 3.0).abs() < 1e-9);
}

#[test]
fn contributions_are_shown_where_there_are_any() {
    let figure = |report: &Report| {
        fs::read_to_string(report.path("figures/contribution-packing.svg")).expect("a figure")
    };
    let mut all = vec![
        packing("a", "one", 10, 0.5),
        packing("a", "two", 10, 1.0),
        packing("a", "three", 10, 2.0),
    ];
    assert!(figure(&Report::of(&all)).contains("instances answered"), "no method adds anything");
    for record in &mut all[..2] {
        let answer = record.answer.as_mut().expect("an answer");
        answer.status = Status::Optimal;
        answer.lower_bound = Some(Value::from(10_u64));
    }
    assert!(figure(&Report::of(&all)).contains("added to PAR-2 of proofs without it"));
    all.push(packing("b", "one", 10, 0.5));
    all.push(packing("b", "two", 12, 0.5));
    let svg = figure(&Report::of(&all));
    assert!(
        svg.contains("added to the mean gap without it") && svg.contains("8.33 %"),
        "a sixth of two"
    );
}

#[test]
fn a_matrix_of_many_methods_keeps_those_that_lead() {
    let methods: Vec<String> = (0..60).map(|k| format!("method-{k:02}")).collect();
    let all: Vec<_> = ["a", "b"]
        .into_iter()
        .flat_map(|instance| {
            let each = methods.iter().enumerate();
            each.map(move |(k, method)| packing(instance, method, 100 + k as u64, 0.1))
        })
        .collect();
    let report = Report::of(&all);
    report.says("Here are the 42 of 60 methods that lead in cost most often");
    let svg = fs::read_to_string(report.path("figures/wins-packing.svg")).expect("a figure");
    assert!(svg.contains("method-41") && !svg.contains("method-42"));
    assert_eq!(report.table("pairwise-packing").len(), 60 * 59 / 2);
    assert!(!report.path("tables/pairwise-packing.tex").exists(), "nobody prints so many rows");
    report.says("The first 500 rows, all of them in tables");
}

#[test]
fn profiles_that_mislead_are_said_to() {
    let costs = [("third", [10, 10, 90]), ("a", [40, 40, 10]), ("b", [30, 30, 30])];
    let all: Vec<_> = costs
        .iter()
        .flat_map(|(method, of)| {
            let each = ["x", "y", "z"].into_iter().zip(of);
            each.map(|(instance, cost)| packing(instance, method, *cost, 0.1)).collect::<Vec<_>>()
        })
        .collect();
    let report = Report::of(&all);
    let pairs = report.table("pairwise-packing");
    let of = |a: &str, b: &str| {
        pairs
            .iter()
            .find(|row| row["method_a"] == a && row["method_b"] == b)
            .expect("a pair")
            .clone()
    };
    assert_eq!(of("a", "b")["profiles_mislead"], "cost");
    assert!(
        (of("a", "b")["cost_reversal"].parse::<f64>().expect("a share") - 1.0 / 3.0).abs() < 1e-9
    );
    report.says("Warning: here the order of 1 of 3 pairs of curves");
    report.says("a has 33 % of the instances and b has 0 %");
}
