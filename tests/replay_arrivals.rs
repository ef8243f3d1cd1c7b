//! `vmpack replay` of traces of arrivals.

use std::path::Path;

use serde_json::Value;

use crate::skip::data;
use crate::support::vmpack;

fn replay(trace: &Path, arguments: &[&str]) -> Value {
    let assert = vmpack()
        .args(["replay", "--json", "--trace"])
        .arg(trace)
        .args(arguments)
        .assert()
        .success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

/// The answer without what depends on the machine and the moment.
fn lasting(mut answer: Value) -> Value {
    for field in ["wall_s", "cpu_s", "read_wall_s", "read_cpu_s"] {
        let seconds = answer.as_object_mut().unwrap().remove(field).unwrap();
        assert!(seconds.as_f64().unwrap() >= 0.0, "{field}");
    }
    answer
}

fn refusal(trace: &str, arguments: &[&str]) -> String {
    let assert =
        vmpack().args(["replay", "--trace", trace]).args(arguments).assert().code(1).stdout("");
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_trace_worked_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("events.csv");
    // Two VMs of half a host for two days, a third that finds the one host full, and a fourth on the last day.
    let day = 86_400;
    let text = format!(
        "vmid,cpu,memory,time,type\n0,4,8,0,0\n1,4,8,0,0\n2,4,8,{day},0\n0,4,8,{},1\n1,4,8,{},1\n3,1,1,{},0\n3,1,1,{},1\n",
        2 * day,
        2 * day,
        3 * day,
        4 * day,
    );
    std::fs::write(&trace, text).unwrap();
    let answer = replay(&trace, &["--policy", "first-fit", "--cluster", "1x8c16g"]);
    assert_eq!(
        (&answer["server_days"], &answer["server_days_lower_bound"]),
        (&3.0.into(), &3.0.into())
    );
    assert_eq!((&answer["rejected"], &answer["peak_hosts"]), (&1.into(), &1.into()));
    assert_eq!((&answer["vms"], &answer["events"]), (&4.into(), &7.into()));
    // VM 2 never leaves: with room for it, its host stays on to the end of the trace.
    let answer = replay(&trace, &["--policy", "first-fit", "--cluster", "1x8c16g+1x64c64g"]);
    assert_eq!((&answer["server_days"], &answer["rejected"]), (&5.0.into(), &0.into()));
    let answer =
        replay(&trace, &["--policy", "first-fit", "--cluster", "2x8c16g", "--finished-only"]);
    assert_eq!((&answer["server_days"], &answer["vms"]), (&3.0.into(), &3.into()));
    let text = vmpack()
        .args(["replay", "--policy", "best-fit", "--cluster", "2x8c16g", "--trace"])
        .arg(&trace)
        .assert()
        .success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    let line = |name: &str, value: &str| text.contains(&format!("{name:<30} {value}\n"));
    assert!(line("server_days", "5.00000 days"), "{text}");
    assert!(line("server_days_lower_bound", "5.00000 days"), "{text}");
}

#[test]
fn generated_traces_repeat() {
    let trace = Path::new("bursty:rate=400,days=2,seed=3");
    let run = |policy: &str, more: &[&str]| {
        let arguments = [&["--policy", policy, "--cluster", "200x64c256g"], more].concat();
        lasting(replay(trace, &arguments))
    };
    let first_fit = run("first-fit", &[]);
    assert_eq!(first_fit["rejected"], 0, "{first_fit}");
    assert!(first_fit["vms"].as_u64().unwrap() > 15_000, "{first_fit}");
    assert_eq!(run("random", &["--seed", "5"]), run("random", &["--seed", "5"]));
    assert_ne!(run("random", &["--seed", "5"]), run("random", &["--seed", "6"]));
    let days = |answer: &Value| answer["server_days"].as_f64().unwrap();
    assert!(days(&run("lifetime", &[])) < days(&first_fit));
    // Predictions that mean nothing are not believed.
    let lost = run("lifetime", &["--noise", "15"]);
    assert!((days(&lost) - days(&first_fit)).abs() < 1e-9);
}

#[test]
fn mistakes_are_named() {
    let trace = "poisson:rate=1";
    let message = refusal(trace, &["--policy", "frist-fit", "--cluster", "1x1c1g"]);
    assert!(message.contains("did you mean first-fit"), "{message}");
    let message = refusal(trace, &["--policy", "first-fit"]);
    assert!(
        message.contains("a trace of arrivals needs --cluster, such as 1100x64c256g"),
        "{message}"
    );
    let message = refusal(trace, &["--policy", "first-fit", "--cluster", "1x1c"]);
    assert!(
        message.contains("the cluster: \"1x1c\": expected COUNTxNcNg: the memory"),
        "{message}"
    );
    let message = refusal(trace, &["--policy", "first-fit", "--cluster", "1x1c1g", "--noise=-1"]);
    assert!(message.contains("expected a number from 0 to 1000"), "{message}");
    let message = refusal("poisson:rate=0", &["--policy", "first-fit", "--cluster", "1x1c1g"]);
    assert!(message.contains("rate: expected a number from"), "{message}");
    let message = refusal("README.md", &["--policy", "first-fit", "--cluster", "1x1c1g"]);
    assert!(
        message.contains("README.md: expected a trace in one of the formats azure-v1-flavors"),
        "{message}"
    );
}

#[test]
fn policies_and_formats_are_listed() {
    for (what, name) in [("policies", "lifetime"), ("traces", "azure-v1-flavors")] {
        let assert = vmpack().args(["list", what]).assert().success();
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        assert!(text.contains(name), "{text}");
    }
}

/// A quarter of a million real VMs: lifetimes are worth knowing, and wrong ones do no harm.
#[test]
fn lifetimes_pay_on_the_trace_of_azure() {
    let Some(trace) = data("azure_v1_flavors") else { return };
    let run = |arguments: &[&str]| {
        let arguments = [&["--cluster", "1100x64c256g"], arguments].concat();
        let answer = replay(&trace, &arguments);
        assert_eq!(answer["rejected"], 0, "{answer}");
        (answer["server_days"].as_f64().unwrap(), answer["over_bound_percent"].as_f64().unwrap())
    };
    let (first_fit, _) = run(&["--policy", "first-fit"]);
    let (_, over) = run(&["--policy", "lifetime"]);
    assert!(over < 4.0, "{over} % over the bound");
    let (days, _) = run(&["--policy", "lifetime", "--noise", "1"]);
    assert!(days < first_fit, "{days} server days, first fit {first_fit}");
    let (_, over) = run(&["--policy", "lifetime", "--finished-only"]);
    assert!(over < 4.0, "{over} % over the bound");
}
