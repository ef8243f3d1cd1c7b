//! `vmpack replay` of traces of load.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::skip::data;
use crate::support::vmpack;

/// A folder of VMs that idle and work in turns.
fn trace(vms: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for vm in 0..vms {
        let load = |sample: usize| (vm * 37 + sample / 5 * 13) % 71;
        let day: Vec<String> = (0..288).map(|sample| load(sample).to_string()).collect();
        std::fs::write(folder.path().join(format!("vm-{vm:02}")), day.join("\n")).unwrap();
    }
    folder
}

fn replay(folder: &Path, arguments: &[&str]) -> Value {
    let assert = vmpack()
        .args(["replay", "--json", "--trace"])
        .arg(folder)
        .args(arguments)
        .assert()
        .success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let assert = vmpack().args(["replay", "--trace"]).arg(folder).args(arguments).assert().code(1);
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_replay_is_one_object() {
    let folder = trace(24);
    let hosts = ["--hosts", "30"];
    let answer = replay(folder.path(), &["--policy", "best", hosts[0], hosts[1]]);
    for field in [
        "energy_kwh",
        "migrations",
        "slatah_pooled",
        "slatah_mean",
        "pdm",
        "slav",
        "esv",
        "host_shutdowns",
        "vms",
        "energy_lower_bound_kwh",
        "wall_s",
        "cpu_s",
    ] {
        assert!(answer[field].is_number(), "{field}: {answer}");
    }
    assert_eq!((answer["vms"].as_u64(), answer["mode"].as_str()), (Some(24), Some("corrected")));
    let number = |answer: &Value, field: &str| answer[field].as_f64().unwrap();
    assert!(number(&answer, "energy_lower_bound_kwh") <= number(&answer, "energy_kwh"));
    let mode = ["--policy", "thr-mmt-0.8", "--mode", "cloudsim303"];
    let shipped = replay(folder.path(), &[&mode[..], &hosts].concat());
    let with = ["--with", "vms-kept,ram-enforced"];
    let kept = replay(folder.path(), &[&mode[..], &with, &hosts].concat());
    assert!(number(&shipped, "energy_kwh") < number(&kept, "energy_kwh"));
    assert_eq!(kept["changes"], serde_json::json!(["vms-kept", "ram-enforced"]));
}

#[test]
fn mistakes_are_named() {
    let folder = trace(24);
    let of = |arguments: &[&str]| refusal(folder.path(), arguments);
    assert!(of(&["--policy", "thr-mtm-0.8"]).contains("did you mean thr-mmt-0.8"));
    assert!(of(&["--policy", "best", "--mode", "cloudsim"]).contains("did you mean cloudsim303?"));
    assert!(of(&["--policy", "best", "--with", "ram"]).contains("did you mean ram-enforced?"));
    assert!(of(&["--policy", "best", "--hosts", "2"]).contains("memory needs"));
    assert!(of(&["--policy", "dvfs", "--hosts", "9"]).contains("VM vm-08 fits no host"));
    let nowhere = folder.path().join("nowhere");
    let missing = refusal(&nowhere, &["--policy", "best", "--format", "planetlab"]);
    assert!(missing.contains("nowhere"), "{missing}");

    let file = folder.path().join("vm-07");
    let said = refusal(&nowhere, &["--policy", "best"]);
    assert!(said.contains("nowhere: ") && !said.contains("policy"), "{said}");
    assert!(refusal(&file, &["--policy", "best"]).contains("best is a policy for traces of load"));
    assert!(
        of(&["--policy", "first-fit"]).contains("first-fit is a policy for traces of arrivals")
    );
    assert!(of(&["--policy", "best", "--cluster", "9x1c1g"]).contains("--cluster is for"));
    for hosts in ["0", "-1", "99999999999999", "x"] {
        let said = of(&["--policy", "best", &format!("--hosts={hosts}")]);
        assert!(said.contains("expected a whole number from 1 to 100000"), "{said}");
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let spoil = |line: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[41] = line;
        std::fs::write(&file, lines.join("\n")).unwrap();
        of(&["--policy", "best"])
    };
    for wrong in ["101", "-1", "x", "", "1 2"] {
        let said = spoil(wrong);
        assert!(said.contains("vm-07:42: expected a whole number of percent"), "{said}");
    }
    std::fs::write(&file, "1\n2\n").unwrap();
    assert!(of(&["--policy", "best"]).contains("vm-07:3: expected 288 lines"));
    #[cfg(unix)]
    {
        // A VM that cannot be read is not left out.
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("gone", &file).unwrap();
        let said = of(&["--policy", "best"]);
        assert!(said.contains("vm-07: No such file"), "{said}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(empty.path(), &["--policy", "best"]).contains("found none"));
}

#[test]
fn a_real_day_is_replayed() {
    let Some(day) = data("planetlab/20110303") else { return };
    let dvfs = replay(&day, &["--policy", "dvfs", "--mode", "cloudsim303"]);
    assert_eq!(format!("{:.5}", dvfs["energy_kwh"].as_f64().unwrap()), "802.75449");
    assert_eq!(dvfs["host_shutdowns"], 455);
}
