//! Classes of the literature beside its own figures, and the optima that are new.

use std::fs;

use vmpack_model::{Status, Value};
use vmpack_results::Record;

use super::{Report, packing};

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
