//! The command driven as a process: answers, exit codes, messages.

use std::path::Path;

use serde_json::Value;

use crate::support::vmpack;

/// Runs the command and returns exit code, standard output and standard error.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = vmpack().args(arguments).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Writes a file into a folder and returns its path as text.
pub(crate) fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.into_os_string().into_string().unwrap()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Six items for two hosts of capacity 10 that first fit decreasing cannot place, yet 5+3+2, 4+4+2 can.
const TIGHT: &str = r#"{
  "format": "vmpack-instance", "version": 1, "family": "packing", "name": "tight",
  "resources": [{"name": "cpu", "unit": "core"}],
  "vms": [
    {"name": "five", "count": 1, "demand": {"cpu": 5}},
    {"name": "four", "count": 2, "demand": {"cpu": 4}},
    {"name": "three", "count": 1, "demand": {"cpu": 3}},
    {"name": "two", "count": 2, "demand": {"cpu": 2}}
  ],
  "hosts": [{"name": "host", "cost": 1, "stock": 2, "capacity": {"cpu": 10}}]
}"#;

#[test]
fn help_and_version_are_answers_and_wrong_words_are_errors() {
    assert_eq!(run(&["--help"]).0, 0);
    assert_eq!(run(&["--version"]).0, 0);
    assert_eq!(run(&["solve", "--help"]).0, 0);
    assert_eq!(run(&["slove"]).0, 1);
    assert_eq!(run(&["solve"]).0, 1);
    assert_eq!(run(&[]).0, 1);
}

#[test]
fn calibration_is_printed_for_people_and_programs() {
    let (code, text, _) = run(&["calibrate", "--samples", "3"]);
    assert_eq!(code, 0);
    for word in ["score", "rounds per CPU second", "variation", "limits by"] {
        assert!(text.contains(word), "{text}");
    }
    let (code, text, _) = run(&["calibrate", "--samples", "3", "--json"]);
    let found = json(&text);
    assert_eq!((code, found["calibration"]["samples"].as_array().unwrap().len()), (0, 3));
    assert!(found["calibration"]["score"].as_f64().unwrap() > 0.0, "{text}");
    let (code, _, error) = run(&["calibrate", "--samples", "0"]);
    assert!(code == 1 && error.contains("--samples"), "{error}");
}

/// Where an answer goes is known to be fit for it before it is sought; links lead there, and `-` is standard output.
#[cfg(unix)]
#[test]
fn places_of_answers_are_looked_at_first() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let instance = file(folder.path(), "tight.json", TIGHT);
    let solve = |place: &str| run(&["solve", &instance, "--method", "bfd-l1", "--solution", place]);
    // Whatever the method says, and it is one that does not exist.
    let words = ["solve", &instance, "--method", "none", "--solution", &at("no/a.json")];
    let (code, _, error) = run(&words);
    let expected = format!("cannot write {}: there is no folder {}\n", at("no/a.json"), at("no"));
    assert!(code == 1 && error.ends_with(&expected), "{error}");
    for (name, target) in [("lost", "no/a.json"), ("round", "round"), ("first", "second")] {
        std::os::unix::fs::symlink(target, at(name)).unwrap();
    }
    for (place, message) in [("lost", "there is no folder"), ("round", "round in a circle")] {
        let (code, said, error) = solve(&at(place));
        assert_eq!((code, said.as_str()), (1, ""), "{error}");
        assert!(error.contains(&at(place)) && error.contains(message), "{error}");
    }
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left(), 4, "no drafts");
    let generate = |out: &str| run(&["generate", "falkenauer-uniform", "--out", out]);
    let (code, text, _) = generate("-");
    assert_eq!((code, left()), (0, 4));
    assert_eq!(generate(&at("first")).0, 0);
    assert_eq!(std::fs::read_to_string(at("second")).unwrap(), text);
    assert!(std::fs::symlink_metadata(at("first")).unwrap().is_symlink());
}

#[test]
fn generate_solve_and_check_go_round() {
    let folder = tempfile::tempdir().unwrap();
    let instance = folder.path().join("fleet.vbp");
    let plan = folder.path().join("plan.json");
    let (instance, plan) = (instance.to_str().unwrap(), plan.to_str().unwrap());
    let generate =
        ["generate", "caprara-toth-2d", "--set", "class=6", "--set", "n=25", "--seed", "1"];
    let (code, _, error) = run(&[&generate[..], &["--format", "vbp", "--out", instance]].concat());
    assert_eq!(code, 0, "{error}");
    let (code, output, error) =
        run(&["solve", instance, "--method", "ffd-l2", "--json", "--solution", plan]);
    assert_eq!(code, 0, "{error}");
    let answer = json(&output);
    for field in [
        "instance",
        "method",
        "status",
        "cost",
        "lower_bound",
        "certified",
        "verdict",
        "wall_s",
        "cpu_s",
        "peak_rss_bytes",
        "counters",
    ] {
        assert!(!answer[field].is_null(), "{field} is missing: {answer}");
    }
    assert_eq!(answer["verdict"], "Correct");
    assert!(answer["lower_bound"].as_u64() <= answer["cost"].as_u64());
    assert!(answer["peak_rss_bytes"].as_u64().unwrap() > 100_000);
    let (code, output, error) = run(&["check", instance, plan]);
    assert_eq!(code, 0, "{output}{error}");
    assert!(output.contains("Correct"), "{output}");
}

#[test]
fn check_rejects_a_changed_solution() {
    let folder = tempfile::tempdir().unwrap();
    let instance = file(folder.path(), "tight.json", TIGHT);
    let plan = folder.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    let (code, _, error) = run(&["solve", &instance, "--method", "dp-counts", "--solution", plan]);
    assert_eq!(code, 0, "{error}");
    let honest = std::fs::read_to_string(plan).unwrap();
    let mut solution = json(&honest);
    let cost = solution["placement"]["cost"].as_u64();
    assert_eq!(cost, Some(2), "{honest}");
    solution["placement"]["cost"] = 1.into();
    let cheaper = file(folder.path(), "cheaper.json", solution.to_string());
    let (code, output, _) = run(&["check", &instance, &cheaper]);
    assert_eq!(code, 1);
    assert!(output.contains("WrongCost"), "{output}");
    // A solution of another instance is no solution of this one.
    let other = file(folder.path(), "other.json", TIGHT.replace("\"cpu\": 3", "\"cpu\": 1"));
    let (code, output, error) = run(&["check", &other, plan]);
    assert_eq!(code, 1, "{output}{error}");
}

#[test]
fn no_answer_has_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let instance = file(folder.path(), "tight.json", TIGHT);
    let (code, output, error) = run(&["solve", &instance, "--method", "ffd-l1", "--json"]);
    assert_eq!(code, 2, "{output}{error}");
    assert_eq!(json(&output)["status"], "unknown");
    let (code, output, _) = run(&["solve", &instance, "--method", "dp-counts", "--json"]);
    assert_eq!((code, json(&output)["cost"].as_u64()), (0, Some(2)));
}

#[test]
fn infeasible_is_an_answer_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let small = TIGHT.replace("\"stock\": 2", "\"stock\": 1");
    let instance = file(folder.path(), "small.json", small);
    let (code, output, error) = run(&["solve", &instance, "--method", "ffd-l1", "--json"]);
    assert_eq!(code, 0, "{error}");
    let answer = json(&output);
    assert_eq!(answer["status"], "infeasible");
    assert_eq!(answer["certified"], true, "{answer}");
}

#[test]
fn the_covering_samples_are_answered_as_such() {
    for method in ["alloc-lp-microlp", "alloc-lp-minilp"] {
        for (sample, status) in [
            ("covering", "optimal"),
            ("covering-infeasible", "infeasible"),
            ("covering-unbounded", "unbounded"),
        ] {
            let path = format!("datasets/samples/{sample}.json");
            let (code, output, error) = run(&["solve", &path, "--method", method, "--json"]);
            assert_eq!(code, 0, "{method} {sample}: {error}");
            let answer = json(&output);
            assert_eq!(answer["status"], status, "{method} {sample}: {answer}");
            assert_eq!(answer["verdict"], "Correct", "{method} {sample}: {answer}");
            assert_eq!(answer["certified"], true, "{method} {sample}: {answer}");
        }
    }
}

#[test]
fn bad_input_gets_a_message_that_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, content: &[u8]| file(folder.path(), name, content);
    let directory = folder.path().to_str().unwrap().to_owned();
    let cases = [
        (path("truncated.txt", b"3\n100\n50\n40\n"), "truncated.txt"),
        (path("oversized.txt", b"2\n100\n50\n101\n"), "oversized.txt:4"),
        (path("word.txt", b"2\n100\n50\nfifty\n"), "word.txt:4"),
        (path("negative.vbp", b"1\n10\n2\n5 1\n-4 1\n"), "negative.vbp:5"),
        (path("overflow.txt", b"1\n100\n99999999999999999999999\n"), "overflow.txt:3"),
        (path("empty.txt", b""), "empty.txt"),
        (path("noise.txt", &[0xff, 0x00, 0x9c, 0x41, 0x0a, 0xfe]), "noise.txt"),
        (path("broken.json", br#"{"format": "vmpack-instance", "version": 1,"#), "broken.json:1"),
        (directory.clone(), "directory"),
        (format!("{directory}/nothing.txt"), "nothing.txt"),
    ];
    for (instance, expected) in cases {
        let (code, output, error) = run(&["solve", &instance, "--method", "ff"]);
        assert_eq!(code, 1, "{instance}: {output}{error}");
        assert!(output.is_empty(), "{instance}: {output}");
        assert!(error.contains(expected), "{instance}: {error}");
        assert!(!error.contains("panicked"), "{instance}: {error}");
    }
}

/// The operating system's reason once, not once per layer of the program.
#[test]
fn a_cause_is_told_once() {
    let (code, _, error) = run(&["report", "there/is/no/such/directory"]);
    assert_eq!(code, 1);
    assert_eq!(error.matches("os error 2").count(), 1, "{error}");
}

#[test]
fn misspelt_names_are_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let instance = file(folder.path(), "tight.json", TIGHT);
    for (arguments, expected) in [
        (vec!["solve", &instance, "--method", "ffd-l22"], "ffd-l2"),
        (vec!["generate", "caprara-tooth-2d"], "caprara-toth-2d"),
        (vec!["convert", &instance, "--to", "jsn"], "json"),
        (vec!["solve", &instance, "--method", "ff", "--format", "vpb"], "vbp"),
        (vec!["run", "dmo", "--out", "nowhere"], "demo"),
    ] {
        let (code, _, error) = run(&arguments);
        assert_eq!(code, 1, "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    assert!(!Path::new("nowhere").exists());
}

#[test]
fn a_method_that_does_not_take_an_instance_says_why() {
    let (code, _, error) = run(&["solve", "datasets/samples/covering.json", "--method", "ffd-l2"]);
    assert_eq!(code, 1);
    assert!(error.contains("ffd-l2") && error.contains("allocation"), "{error}");
}

#[test]
fn convert_keeps_the_instance_or_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let plain = file(folder.path(), "plain.vbp", "2\n10 10\n2\n3 4 2\n5 1 7\n");
    let (code, as_json, error) = run(&["convert", &plain, "--to", "json"]);
    assert_eq!(code, 0, "{error}");
    let back = file(folder.path(), "back.json", &as_json);
    let (code, text, error) = run(&["convert", &back, "--to", "vbp"]);
    assert_eq!(code, 0, "{error}");
    let numbers = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(numbers(&text), numbers("2 10 10 2 3 4 2 5 1 7"));
    let instance = file(folder.path(), "tight.json", TIGHT);
    let out = folder.path().join("tight.vbp");
    let (code, _, error) =
        run(&["convert", &instance, "--to", "vbp", "--out", out.to_str().unwrap()]);
    assert_eq!(code, 1, "a limited stock does not fit the format");
    assert!(error.contains("stock"), "{error}");
    assert!(!out.exists(), "a refused conversion leaves nothing behind");
}

#[test]
fn lists_and_completions_come_out() {
    for (what, expected) in [
        ("methods", "ffd-l2"),
        ("methods", "alloc-lp-minilp"),
        ("formats", "vscsp"),
        ("datasets", "bpplib"),
        ("suites", "tiny"),
        ("generators", "planted"),
        ("experiments", "demo"),
    ] {
        let (code, output, error) = run(&["list", what]);
        assert_eq!(code, 0, "{what}: {error}");
        assert!(output.contains(expected), "{what}: {output}");
    }
    let (code, output, _) = run(&["list", "methods", "--json"]);
    assert_eq!(code, 0);
    assert!(json(&output).as_array().unwrap().len() > 15);
    let (code, output, _) = run(&["completions", "bash"]);
    assert_eq!(code, 0);
    assert!(output.contains("_vmpack"));
}

#[test]
fn a_missing_placement_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let tight = file(folder.path(), "tight.json", TIGHT);
    assert_eq!(run(&["explain", &tight]).0, 0, "first fit decreasing fails, a placement exists");
    // One host has room for two of four cores.
    let less = TIGHT.replace(r#""stock": 2"#, r#""stock": 1"#);
    let less = file(folder.path(), "less.json", less);
    let (code, out, _) = run(&["explain", &less, "--json"]);
    let out = json(&out);
    assert_eq!(
        (code, &out["feasible"], &out["minimum"]),
        (3, &Value::from(false), &Value::from(true))
    );
    assert_eq!(
        (&out["stock"][0], &out["resources"][0]),
        (&Value::from("host"), &Value::from("cpu"))
    );
    let (code, out, _) =
        run(&["solve", &less, "--method", "assignment-microlp", "--explain", "--json"]);
    let reason = json(&out)["reason"].as_str().unwrap().to_owned();
    assert_eq!(code, 0);
    assert!(
        reason.contains("the stock of 1 \"host\"") && reason.contains("cannot hold"),
        "{reason}"
    );
    let other = file(folder.path(), "broken.json", "{}");
    assert_eq!(run(&["explain", &other]).0, 1);
}

/// `vmpack ... | head` takes what it wants; the rest is nobody's loss.
#[test]
fn a_reader_that_stops_reading_is_no_error() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let instance = file(folder.path(), "small.bpp", "3\n10\n6\n5\n4\n");
    let solve = ["solve", &instance, "--method", "ffd-l1"];
    let arrivals = [
        "replay",
        "--trace",
        "poisson:rate=1,days=1",
        "--policy",
        "first-fit",
        "--cluster",
        "9x8c64g",
    ];
    let jobs = ["replay", "--trace", "poisson:rate=1,jobs=10", "--scheduler", "fcfs"];
    let verbs: [&[&str]; 8] = [
        &solve,
        &arrivals,
        &[&arrivals[..], &["--json"]].concat(),
        &jobs,
        &["list", "methods"],
        &["completions", "bash"],
        &["convert", &instance, "--to", "json"],
        &["explain", &instance],
    ];
    for arguments in verbs {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = Command::new(env!("CARGO_BIN_EXE_vmpack"))
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {}: {said}", done.status);
        assert_eq!(said, "", "{arguments:?}");
    }
}
