//! What the page says and in which order, to everybody, and never as markup.

use std::fs;

use vmpack_check::Verdict;
use vmpack_model::{Family, Status, Value};
use vmpack_results::{Calibration, Enforcement, Means, Noise, Record};

use super::synthetic::{judged, manifest, records};
use super::{Report, of_problems, packing};

#[test]
fn a_full_experiment_has_every_part_in_order() {
    let records = records(1, 24, 8);
    let report = Report::of(&records);
    let headings = [
        "<h1>synthetic</h1>",
        "<dt>Machine</dt><dd>Example CPU @ 2.40GHz, 2 logical processors, 8 GiB of memory, Linux 6.1.0</dd>",
        "10 s wall time, 10 s CPU time, 2 GiB memory, 1 thread",
        "<h2>Verdicts</h2>",
        "<h2>Packing</h2>",
        "<h3>Methods by dataset</h3>",
        "<h3 id=\"cost-vs-time-packing\">",
        "<h2>Allocation</h2>",
        "<h3 id=\"gap-map-allocation\">",
        "<h2>Skipped pairs</h2>",
        "needs at most 2 resources, the instance has 3</td><td class=\"n\">30</td>",
        "<h2>All runs</h2>",
        "<h2>Reproduce</h2>",
        "git checkout 101c089",
    ];
    let mut from = 0;
    for heading in headings {
        let place = report.html[from..].find(heading);
        from += place.unwrap_or_else(|| panic!("{heading:?} is missing, or out of order"));
    }
    assert!(!report.html.contains("planned runs are"));
    for figure in of_problems() {
        for family in [Family::Packing, Family::Allocation] {
            // Allocation has no placement rules.
            if (figure.name(), family) == ("rule-prices", Family::Allocation) {
                continue;
            }
            for extension in ["svg", "png", "pdf"] {
                let path = report.path(&format!("figures/{}-{family}.{extension}", figure.name()));
                assert!(
                    report.written.files.contains(&path) && path.exists(),
                    "{}",
                    path.display()
                );
            }
        }
        report.says(figure.title());
    }
    let runs = report.table("runs");
    assert_eq!(runs.len(), records.len());
    let ids: std::collections::BTreeSet<&String> = runs.iter().map(|row| &row["run"]).collect();
    assert_eq!(ids.len(), records.len(), "every run is in the table once");
}

#[test]
fn the_page_opens_offline() {
    let report = Report::of(&records(4, 12, 4));
    let html = report.html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for load in [
        "http:", "https:", "src=", "url(", "@import", "<link", "<iframe", "<object", "<base",
        "fetch(",
    ] {
        assert!(!html.contains(load), "the page has {load:?}");
    }
    for target in html.split("href=\"").skip(1) {
        assert!(target.starts_with('#'), "a link leaves the page: {}", &target[..20]);
        let id = &target[1..target.find('"').expect("a quote")];
        assert!(html.contains(&format!("id=\"{id}\"")), "nothing has the id {id}");
    }
}

#[test]
fn tables_and_figures_are_announced_to_screen_readers() {
    let report = Report::of(&records(4, 12, 4));
    for head in report.html.split("<th").skip(1).filter(|rest| !rest.starts_with("ead")) {
        let tag = head.split_once('>').expect("a tag").0;
        assert!(tag.contains("scope=\"col\"") || tag.contains("scope=\"row\""), "<th{tag}>");
    }
    let pictures = report.html.matches("<figure>").count();
    assert_eq!(report.html.matches("role=\"img\" aria-label=\"").count(), pictures);
    assert_eq!(report.html.matches("<figcaption>").count(), pictures);
    report.says("<html lang=\"en\">");
}

#[test]
fn an_unfinished_experiment_says_how_far_it_is() {
    let records = records(5, 6, 0);
    let mut plan = manifest(2_000);
    plan.missing = vec!["HiGHS is not part of this build.".to_owned()];
    let report = Report::with(&records[..40], &plan);
    report.says("40 of 2000 planned runs are");
    report.says("HiGHS is not part of this build.");
    assert_eq!((report.written.runs, report.written.planned), (40, 2_000));
}

#[test]
fn what_disturbed_the_measurements_is_said_on_top() {
    let mut records = records(5, 2, 0);
    let quiet = Noise { cores: 2, waited_s: Some(0.0), ..Noise::default() };
    for record in &mut records {
        record.measurement.noise = Some(quiet);
    }
    let report = Report::with(&records, &manifest(99));
    assert!(!report.html.contains("were disturbed") && !report.html.contains("not steady"));

    records[1].measurement.process_wall_s = 1.0;
    records[1].measurement.noise = Some(Noise { waited_s: Some(0.5), disturbed: true, ..quiet });
    let mut plan = manifest(99);
    let samples = vec![20.0, 15.0, 25.0];
    plan.calibration = Some(Calibration { score: 20.0, samples, ..Calibration::default() });
    plan.enforcement = Some(Enforcement {
        memory: Means::CgroupV1,
        processes: Means::CgroupV2,
        reason: Some("no controller".to_owned()),
    });
    let report = Report::with(&records, &plan);
    report.says(&format!("1 of {} runs were disturbed: they waited for a core (1)", records.len()));
    report.says("varied in CPU time by 25.0 %");
    report.says("memory: cgroup v1; processes: cgroup v2 (no controller)");
}

#[test]
fn wrong_answers_come_first_and_enter_nothing() {
    let violations = vec!["host 3: cpu 17 of 16".to_owned()];
    let records = [
        judged(packing("a", "liar", 1, 0.1), Verdict::Infeasible { violations }),
        judged(
            packing("b", "liar", 5, 0.1),
            Verdict::WrongCost { claimed: Value::from(5_u64), actual: Value::from(6_u64) },
        ),
        judged(packing("c", "liar", 5, 0.1), Verdict::NoAnswer),
    ];
    let report = Report::of(&records);
    assert_eq!(report.written.wrong, 2);
    report.says("0 of 3 answers were judged Correct.");
    report.says("1 claims nothing or came after the limit.");
    report.says("2 answers are wrong.");
    report.says("Infeasible: host 3: cpu 17 of 16");
    report.says("WrongCost: claimed 5, is 6");
    assert!(!report.html.contains("All 3 answers"));
    assert!(!report.html.contains("<figure>"), "there is nothing true to draw");
    let methods = report.table("methods");
    assert_eq!(
        (methods[0]["instances_answered"].as_str(), methods[0]["mean_gap"].as_str()),
        ("0", "")
    );
}

#[test]
fn contradictions_between_methods_are_shown_and_counted_as_wrong() {
    let mut proud = packing("a", "proud", 12, 0.1);
    let answer = proud.answer.as_mut().expect("an answer");
    answer.status = Status::Optimal;
    answer.lower_bound = Some(Value::from(12_u64));
    let report = Report::of(&[packing("a", "honest", 10, 0.1), proud]);
    assert_eq!(report.written.wrong, 1);
    report.says("Answers that cannot all be true");
    report.says("a (synthetic): proud:");
    let found = report.table("contradictions");
    assert_eq!((found.len(), found[0]["run"].as_str()), (1, "a/proud"));
    let methods = report.table("methods");
    assert_eq!((&*methods[1]["method"], &*methods[1]["instances_answered"]), ("proud", "0"));
}

#[test]
fn names_are_never_markup() {
    let evil = "<script>alert('x')</script>&\"<b>\u{7}";
    let mut records: Vec<Record> =
        (0..4).map(|k| packing(&format!("{evil}{k}"), evil, 5 + k, 0.1)).collect();
    for record in &mut records {
        record.dataset = evil.to_owned();
    }
    let reason = format!("claims {evil}");
    records.push(judged(packing("b", evil, 5, 0.1), Verdict::Inconsistent { reason }));
    let mut plan = manifest(5);
    plan.experiment = evil.to_owned();
    plan.missing = vec![evil.to_owned()];
    plan.command = vec!["vmpack".to_owned(), evil.to_owned()];
    plan.skipped[0].reason = evil.to_owned();
    let report = Report::with(&records, &plan);
    assert!(!report.html.contains("<script>alert") && !report.html.contains("<b>"));
    assert_eq!(report.html.matches("<script>").count(), 1, "the page's own");
    for figure in of_problems() {
        let path = report.path(&format!("figures/{}-packing.svg", figure.name()));
        if let Ok(svg) = fs::read_to_string(&path) {
            resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).expect("valid SVG");
            assert!(!svg.contains("<script"), "{}", path.display());
        }
    }
    assert_eq!(report.table("runs")[0]["method"], evil, "tables keep names as they are");
}
