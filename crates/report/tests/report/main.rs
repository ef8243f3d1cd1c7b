//! Reports of synthetic experiments: what is in them, and that nothing in a store can break them.

mod baseline;
mod data;
mod fleets;
mod latex;
mod papers;
mod replays;
mod synthetic;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use synthetic::{judged, manifest, record, records, unanswered};
use tempfile::TempDir;
use vmpack_check::Verdict;
use vmpack_model::{Family, Kind, Status, Value};
use vmpack_report::{FIGURES, Figure, ReportError, Written};
use vmpack_results::{Calibration, Enforcement, Means, Noise, Record, Termination};

/// A report in a directory that lives as long as it does.
struct Report {
    directory: TempDir,
    written: Written,
    html: String,
}

impl Report {
    fn of(records: &[Record]) -> Self {
        Self::with(records, &manifest(records.len() as u64))
    }

    fn with(records: &[Record], manifest: &vmpack_results::Manifest) -> Self {
        let directory = TempDir::new().expect("a directory");
        synthetic::store(directory.path(), records, manifest);
        let written = vmpack_report::write(directory.path(), directory.path()).expect("a report");
        let html = fs::read_to_string(&written.html).expect("the page is text");
        Self { directory, written, html }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader =
            csv::Reader::from_path(self.path(&format!("tables/{name}.csv"))).expect("a table");
        reader.deserialize().map(|row| row.expect("a row")).collect()
    }

    /// Fails unless the page has the text.
    #[track_caller]
    fn says(&self, text: &str) {
        assert!(self.html.contains(text), "the page does not say {text:?}");
    }
}

/// The figures of problem families.
fn of_problems() -> impl Iterator<Item = &'static dyn Figure> {
    FIGURES.iter().copied().filter(|figure| figure.is_about(Family::Packing))
}

fn packing(instance: &str, method: &str, cost: u64, seconds: f64) -> Record {
    record(Family::Packing, instance, method, Kind::Greedy, Value::from(cost), seconds)
}

/// Every file below a directory with its content.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let below = contents(&path).into_iter();
            files.extend(
                below
                    .map(|(name, bytes)| (path.file_name().expect("a name").into(), name, bytes))
                    .map(|(folder, name, bytes): (PathBuf, PathBuf, Vec<u8>)| {
                        (folder.join(name), bytes)
                    }),
            );
        } else {
            files
                .insert(path.file_name().expect("a name").into(), fs::read(&path).expect("a file"));
        }
    }
    files
}

/// Width, height and the number of pixels that are not white of a PNG.
fn pixels(png: &[u8]) -> (u32, u32, usize) {
    let picture = resvg::tiny_skia::Pixmap::decode_png(png).expect("a PNG");
    let inked =
        picture.pixels().iter().filter(|p| (p.red(), p.green(), p.blue()) != (255, 255, 255));
    (picture.width(), picture.height(), inked.count())
}

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
fn the_same_records_give_the_same_bytes_in_any_order() {
    let mut records = records(2, 12, 4);
    let plan = manifest(records.len() as u64);
    // In one directory, whose name is in the files: they say by which command they were made.
    let first = Report::with(&records, &plan);
    let before = ["figures", "tables"].map(|part| contents(&first.path(part)));
    records.reverse();
    let directory = first.directory.path();
    synthetic::store(directory, &records, &plan);
    let written = vmpack_report::write(directory, directory).expect("a report");
    let after = ["figures", "tables"].map(|part| contents(&first.path(part)));
    assert!(before == after, "files differ");
    let html = fs::read_to_string(written.html).expect("the page is text");
    assert!(first.html == html, "the pages differ");
}

#[test]
fn figures_have_the_stated_size_and_readable_text() {
    let report = Report::of(&records(3, 24, 4));
    for figure in of_problems() {
        let read = |extension: &str| {
            fs::read(report.path(&format!("figures/{}-packing.{extension}", figure.name())))
                .expect("a file")
        };
        let svg = String::from_utf8(read("svg")).expect("SVG is text");
        let (width, height, ink) = pixels(&read("png"));
        let head = svg.split_once('>').expect("a tag").0;
        assert!(
            head.contains(&format!("width=\"{}\" height=\"{}\"", width / 2, height / 2)),
            "{head}"
        );
        assert_eq!(width, 1800, "{}", figure.name());
        assert!(head.contains("role=\"img\" aria-label=\""), "{head}");
        assert!(ink > 5_000, "{} has only {ink} pixels of ink", figure.name());
        // Sizes are in tenths of a pixel.
        let sizes = svg.split("font-size=\"").skip(1);
        let sizes: Vec<f64> = sizes
            .map(|rest| rest.split_once('"').expect("a quote").0.parse().expect("a size"))
            .collect();
        assert!(
            !sizes.is_empty() && sizes.iter().all(|size| *size >= 120.0),
            "{}: {sizes:?}",
            figure.name()
        );

        // The same figure without its text has less ink: the font was found.
        let mut silent = String::new();
        for (place, part) in svg.split("<text").enumerate() {
            silent += if place == 0 { part } else { part.split_once("</text>").expect("an end").1 };
        }
        let options = resvg::usvg::Options::default();
        let tree = resvg::usvg::Tree::from_str(&silent, &options).expect("SVG");
        let mut picture = resvg::tiny_skia::Pixmap::new(width, height).expect("a picture");
        resvg::render(
            &tree,
            resvg::tiny_skia::Transform::from_scale(2.0, 2.0),
            &mut picture.as_mut(),
        );
        let (_, _, without) = pixels(&picture.encode_png().expect("a PNG"));
        assert!(
            ink > without + 2_000,
            "{}: {ink} pixels with text, {without} without",
            figure.name()
        );
    }
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
fn a_torn_line_is_reported_and_left_out() {
    let records = records(5, 2, 0);
    let directory = TempDir::new().expect("a directory");
    synthetic::store(directory.path(), &records, &manifest(99));
    let store = directory.path().join("records.jsonl");
    let mut lines = fs::read_to_string(&store).expect("a store");
    lines += "{\"schema\":1,\"run\":\"torn";
    fs::write(&store, lines).expect("the store is written");
    let written = vmpack_report::write(directory.path(), directory.path()).expect("a report");
    assert_eq!(written.runs, records.len() as u64);
    let html = fs::read_to_string(written.html).expect("the page is text");
    assert!(html.contains(&format!("Line {} of the store is not complete", records.len() + 1)));
}

#[test]
fn an_empty_store_gives_a_page_without_figures() {
    let report = Report::with(&[], &manifest(10));
    report.says("0 of 10 planned runs are");
    report.says("No run has answered.");
    report.says("There are no finished runs yet.");
    assert!(!report.html.contains("<figure>"));
    assert!(!report.path("figures").exists());
    assert_eq!(report.table("runs").len(), 0);
}

#[test]
fn one_record_is_enough_for_every_figure_that_it_can_fill() {
    let report = Report::of(&[packing("a", "ff", 7, 0.002)]);
    report.says("All 1 answers were judged Correct.");
    // Nothing claims a proof, there is one size, there are no rules and no two methods.
    report.says("</strong>: no correct answer claims a proof.");
    assert_eq!(report.html.matches("<figure>").count(), of_problems().count() - 5);
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
    report.says("1 claim nothing or came after the limit.");
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
    report.says("No run has answered.");
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

#[test]
fn figures_that_have_nothing_to_show_any_more_are_removed() {
    let directory = TempDir::new().expect("a directory");
    let run = packing("a", "ff", 7, 0.002);
    synthetic::store(directory.path(), std::slice::from_ref(&run), &manifest(1));
    let first = vmpack_report::write(directory.path(), directory.path()).expect("a report");
    let cactus = directory.path().join("figures/cactus-packing.png");
    assert!(first.files.contains(&cactus) && cactus.exists());
    synthetic::store(directory.path(), &[unanswered(run, Termination::Timeout)], &manifest(1));
    let second = vmpack_report::write(directory.path(), directory.path()).expect("a report");
    assert!(!second.files.contains(&cactus) && !cactus.exists());
    let drafts = contents(directory.path())
        .into_keys()
        .filter(|name| name.to_string_lossy().contains(".part"));
    assert_eq!(drafts.count(), 0, "no draft stays behind");
}

#[test]
fn what_is_missing_or_in_the_way_is_named() {
    let empty = TempDir::new().expect("a directory");
    let error = vmpack_report::write(empty.path(), empty.path()).expect_err("there is no manifest");
    assert!(matches!(error, ReportError::Store(_)), "{error}");
    assert!(error.to_string().contains("manifest.json"), "{error}");

    synthetic::store(empty.path(), &[packing("a", "ff", 7, 0.1)], &manifest(1));
    let file = empty.path().join("not-a-directory");
    fs::write(&file, "").expect("a file");
    let error = vmpack_report::write(empty.path(), &file).expect_err("a file is no directory");
    assert!(matches!(error, ReportError::Write { .. }), "{error}");
    assert!(error.to_string().contains("not-a-directory"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Whatever the numbers and names are, there is a report, and its figures are valid.
    #[test]
    fn any_records_have_a_report(
        runs in prop::collection::vec(
            (0..6_usize, "[\\PC]{0,30}", any::<i64>(), 1_i64..1000, 0.0..1e9_f64, any::<u64>()),
            1..8,
        ),
    ) {
        let records: Vec<Record> = runs
            .iter()
            .enumerate()
            .map(|(number, (shape, name, numerator, denominator, seconds, vms))| {
                let cost = Value::new(i128::from(*numerator), i128::from(*denominator)).expect("not zero");
                let family = if shape % 2 == 0 { Family::Packing } else { Family::Allocation };
                let mut run = record(family, name, name, Kind::Greedy, cost, *seconds);
                run.run = number.to_string();
                run.features.vms = *vms;
                match shape {
                    4 => judged(run, Verdict::NoAnswer),
                    5 => unanswered(run, Termination::Timeout),
                    _ => run,
                }
            })
            .collect();
        let report = Report::of(&records);
        for path in report.written.files.iter().filter(|path| path.extension().is_some_and(|e| e == "svg")) {
            let svg = fs::read_to_string(path).expect("SVG is text");
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{}", path.display());
        }
    }
}

/// A record of an instance with a class and an open reference, proved with the given certificate.
fn proved(instance: &str, method: &str, class: &str, certificate: Option<&str>) -> Record {
    let mut record = packing(instance, method, 10, 2.0);
    record.class = Some(class.to_owned());
    record.reference = Some(vmpack_model::Reference {
        cost: Value::from(11_u64),
        proved: false,
        lower_bound: Some(Value::from(8_u64)),
        source: "a table".to_owned(),
    });
    let answer = record.answer.as_mut().expect("an answer");
    answer.status = Status::Optimal;
    answer.lower_bound = Some(Value::from(10_u64));
    answer.certificate = certificate.map(str::to_owned);
    answer.judgement.certified = certificate.is_some();
    record
}

#[test]
fn classes_stand_beside_the_published_figures() {
    let mut records = vec![
        proved("a", "exact", "ANI 201", Some("tree")),
        proved("b", "exact", "ANI 201", Some("dual-weights")),
        proved("c", "exact", "ANI 201", None),
        proved("d", "exact", "New class10", Some("volume")),
    ];
    let mut rival = packing("a", "rival", 12, 0.5);
    rival.class = Some("ANI 201".to_owned());
    records.push(rival);
    records.push(packing("none", "exact", 12, 0.5));
    let report = Report::of(&records);
    let rows = report.table("classes");
    let row = |class: &str, who: &str| {
        rows.iter()
            .find(|row| {
                row["class"] == class && (row["method"] == who || row["published_by"] == who)
            })
            .unwrap_or_else(|| panic!("no row of {who} on {class}"))
    };
    let exact = row("ANI 201", "exact");
    for (column, value) in [
        ("instances", "3"),
        ("proved", "3"),
        ("proved_root", "1"),
        ("proved_tree", "1"),
        ("proved_word", "1"),
        ("open", "3"),
        ("open_closed", "2"),
        ("mean_s", "2"),
        ("mean_gap_left", "0"),
        ("excess", "0.25"),
    ] {
        assert_eq!(exact[column], value, "{column}");
    }
    assert_eq!(row("ANI 201", "rival")["instances"], "1");
    let published = row("ANI 201", "Baldacci et al. 2024");
    assert_eq!((&*published["proved"], &*published["mean_s"]), ("50", "13.6"));
    assert_eq!(row("", "exact")["instances"], "4", "all classes, without what has none");
    assert!(!rows.iter().any(|row| row["class"] == "New class10" && row["method"].is_empty()));
    report.says("<h3>Classes</h3>");
    report.says("A numerically exact algorithm for the bin-packing problem");
    report.says("ANI 201</th></tr>");
}

#[test]
fn a_report_without_classes_has_no_table_of_them() {
    let report = Report::of(&[packing("a", "ff", 10, 0.1)]);
    assert!(!report.html.contains("<h3>Classes</h3>") && !report.html.contains("New optima"));
    assert!(report.table("classes").is_empty() && report.table("new-optima").is_empty());
}

#[test]
fn new_optima_are_listed_with_their_files() {
    let mut faster = proved("a", "by tree", "New class2", Some("tree"));
    faster.measurement.cpu_s = 0.1;
    let mut known = proved("known", "exact", "New class2", Some("volume"));
    known.reference.as_mut().expect("a reference").cost = Value::from(10_u64);
    known.reference.as_mut().expect("a reference").proved = true;
    let records = [
        faster,
        proved("a", "at the root", "New class2", Some("dual-weights")),
        proved("folder/b", "exact", "New class1", Some("tree")),
        proved("word", "exact", "New class1", None),
        known,
        packing("feasible", "exact", 10, 0.1),
    ];
    let report = Report::of(&records);
    let rows = report.table("new-optima");
    let names: Vec<(&str, &str)> =
        rows.iter().map(|row| (&*row["instance"], &*row["method"])).collect();
    assert_eq!(names, [("folder/b", "exact"), ("a", "at the root")], "the stronger proof counts");
    assert_eq!((&*rows[1]["published_bound"], &*rows[1]["published_cost"]), ("8", "11"));
    assert_eq!((&*rows[1]["optimum"], &*rows[1]["certificate"]), ("10", "dual-weights"));
    assert_eq!(rows[0]["solution"], "");
    report.says("2 instances that are open in the literature");
    report.says("not kept");

    let kept = report.path("solutions");
    fs::create_dir(&kept).expect("a directory");
    let file = report.directory.path().join(records[2].solution_file());
    fs::create_dir_all(file.parent().expect("a folder")).expect("a directory");
    fs::write(&file, "{}").expect("written");
    let out = report.path("optima");
    let gathered = vmpack_report::gather_optima(report.directory.path(), &out).expect("gathered");
    assert_eq!((gathered.optima, gathered.solutions), (2, 1));
    assert_eq!(fs::read_to_string(out.join("folder-b.json")).expect("copied"), "{}");
    let list = fs::read_to_string(gathered.list).expect("the list");
    assert!(
        list.lines().any(|line| line.starts_with("folder/b,") && line.contains("folder-b.json"))
    );
}

#[test]
fn figures_compare_on_instances_that_several_methods_met() {
    let more = ["a", "b", "c", "d"].map(|name| packing(name, "more", 10, 0.1));
    let fewer = ["a", "b"].map(|name| packing(name, "fewer", 10, 0.1));
    let both = Report::of(&[more.to_vec(), fewer.to_vec()].concat());
    let cut = Report::of(&[more[..2].to_vec(), fewer.to_vec()].concat());
    let figure = |report: &Report| {
        let svg = fs::read_to_string(report.path("figures/profile-time-packing.svg"));
        // What follows the commands, which name different directories.
        svg.expect("a figure").split_once("</metadata>").expect("commands").1.to_owned()
    };
    assert!(figure(&both) == figure(&cut), "the figures differ");
}
