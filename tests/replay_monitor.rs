//! `vmpack replay --monitor`, driven as a process.

use std::path::{Path, PathBuf};

use crate::support::vmpack;

const SCENARIO: &str = r#"
[cluster]
hosts = "10x16c64g"
power = "ml110-g5"

[workload]
source = "diurnal:rate=30,days=1,life=3"

[placement]
policy = "first-fit"
"#;

fn scenario(folder: &Path) -> PathBuf {
    let path = folder.join("scenario.toml");
    std::fs::write(&path, SCENARIO).unwrap();
    path
}

/// Runs the command; its standard output or, if it fails, error.
fn replay(words: &[&str]) -> Result<String, String> {
    let output = vmpack().arg("replay").args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_folder_of_files_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = scenario(folder.path());
    let out = folder.path().join("out");
    let words = ["--trace", path.to_str().unwrap(), "--json"];
    let alone = replay(&words).unwrap();
    let monitor = ["--monitor", out.to_str().unwrap(), "--gzip"];
    let watched = replay(&[&words[..], &monitor[..]].concat()).unwrap();
    let metrics = |text: &str| {
        let mut object: serde_json::Value = serde_json::from_str(text).unwrap();
        for timed in ["wall_s", "cpu_s", "read_wall_s", "read_cpu_s"] {
            object.as_object_mut().unwrap().remove(timed);
        }
        object
    };
    assert_eq!(metrics(&alone), metrics(&watched), "who looks on changes nothing");
    let mut names: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let all = ["alarms.csv", "metrics.om", "series.csv.gz", "summary.json", "summary.txt"];
    assert_eq!(names, all);
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert!(read("metrics.om").ends_with("# EOF\n"));
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    assert_eq!((&summary["hosts"], &summary["samples"]), (&10.into(), &288.into()));

    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "period = 3600\n").unwrap();
    let seldom = ["--monitor", out.to_str().unwrap(), "--rules", rules.to_str().unwrap()];
    replay(&[&words[..], &seldom[..]].concat()).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    assert_eq!(summary["samples"], 24);
    assert!(read("series.csv").starts_with("time_s,metric,subject,value\n0,host_"));
}

#[test]
fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = scenario(folder.path());
    let out = folder.path().join("out");
    let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let refused = |words: &[&str], message: &str| {
        let error = replay(words).unwrap_err();
        assert!(error.contains(message), "{error}");
        assert!(!Path::new(out).join("summary.json").exists());
    };
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "\nperiod = -1\n").unwrap();
    let rules = rules.to_str().unwrap();
    refused(
        &["--trace", path, "--monitor", out, "--rules", rules],
        "rules.toml:2: period: expected seconds from 0 to 1e9, found -1.0",
    );
    refused(&["--trace", path, "--rules", rules], "--monitor");
    refused(&["--trace", path, "--monitor", path], "scenario.toml");
    let arrivals = ["--trace", "poisson:days=1", "--policy", "first-fit", "--cluster", "9x16c64g"];
    refused(
        &[&arrivals[..], &["--monitor", out]].concat(),
        "--monitor is for a scenario, and poisson:days=1 is replayed as a trace of arrivals",
    );
}
