//! Experiments end to end: run, resume, interrupt, report.

use std::collections::BTreeSet;
use std::path::Path;

use vmpack_harness::{Experiment, Methods, MissingMethod, Plan};
use vmpack_model::{Family, Kind};

use crate::clock::{eventually, in_one_of_many};
use crate::support::{records, vmpack};

fn runs(directory: &Path) -> BTreeSet<String> {
    let records = records(directory);
    let ids: BTreeSet<_> =
        records.iter().map(|record| record["run"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), records.len(), "a run is recorded twice");
    ids
}

#[test]
fn the_tiny_experiment_runs_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let (tiny, out) = (folder.path().join("tiny.toml"), folder.path().join("tiny"));
    let text = include_str!("../benches/experiments/tiny.toml");
    assert!(text.contains("\nwall_s = 2\n"));
    // Searches use all their time: that of the wall passes also while others have the cores.
    std::fs::write(&tiny, text.replace("wall_s = 2", "wall_s = 100\ncpu_s = 0.3")).unwrap();
    let run = |jobs: &str| {
        let mut command = vmpack();
        command.arg("run").arg(&tiny).args(["--jobs", jobs, "--out"]).arg(&out);
        command
    };
    run("2").assert().success();
    let records = records(&out);
    assert!(records.len() > 100, "only {} records", records.len());
    let (mut methods, mut done) = (BTreeSet::new(), BTreeSet::new());
    for record in &records {
        let method = record["method"].as_str().unwrap();
        methods.insert(method);
        // Who is at work when its time ends may not hear of it soon enough, but not on every instance.
        if record["termination"]["kind"] == "timeout" {
            continue;
        }
        assert_eq!(record["termination"]["kind"], "completed", "{record}");
        done.insert(method);
        let verdict = record["answer"]["judgement"]["verdict"].as_str().unwrap();
        assert!(["correct", "no-answer"].contains(&verdict), "{record}");
    }
    assert_eq!(methods, done);
    let kinds: BTreeSet<_> = records.iter().map(|r| r["kind"].as_str().unwrap()).collect();
    // Column generation and the searches, which end with it, need HiGHS.
    assert_eq!(kinds.len(), if cfg!(feature = "highs") { 5 } else { 3 }, "{kinds:?}");
    // A finished store is not overwritten, and resuming it has nothing to do.
    run("1").assert().code(1);
    run("1").arg("--resume").assert().success();
    assert_eq!(crate::support::records(&out).len(), records.len());
    vmpack().arg("report").arg(&out).assert().success();
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("ffd-l2") && html.contains("<svg"));
    for figure in std::fs::read_dir(out.join("figures")).unwrap() {
        assert!(figure.unwrap().metadata().unwrap().len() > 500);
    }
}

/// A class, a sample, kept solutions that `check` judges again, and the list of new optima.
#[test]
fn open_instances_that_are_closed_are_gathered_with_their_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("easy.bpp", "4\n10\n5\n5\n5\n5\n");
    write("hard.bpp", "3\n10\n6\n6\n6\n");
    write("best.csv", "file,cost,proved,bound\neasy,3,no,1\nhard,3,yes,3\n");
    write(
        "suite.toml",
        "description = \"two\"\n[[files]]\nglob = \"*.bpp\"\nclass = \"ANI 201\"\nreferences = \
         { table = \"best.csv\", key = \"file\", cost = \"cost\", proved = \"proved\", bound = \"bound\" }\n",
    );
    write(
        "e.toml",
        "name = \"open\"\ndatasets = [\"suite.toml\"]\nmethods = [\"ffd-l1\"]\nsample = 1\n\
         solutions = \"proved\"\n[limits]\nwall_s = 100\n",
    );
    let (out, optima) = (folder.path().join("out"), folder.path().join("optima"));
    let run = |sample: &str| {
        let mut command = vmpack();
        command.env("VMPACK_DATA", folder.path()).arg("run").arg(folder.path().join("e.toml"));
        command.args(["--report", "--resume", "--sample", sample, "--out"]).arg(&out);
        command.assert().success();
        records(&out).len()
    };
    assert_eq!((run("1"), run("all")), (1, 2));
    vmpack().arg("report").arg(&out).arg("--optima").arg(&optima).assert().success();
    let list = std::fs::read_to_string(optima.join("new-optima.csv")).unwrap();
    let lines: Vec<&str> = list.lines().skip(1).collect();
    assert_eq!(lines.len(), 1, "{list}");
    assert!(
        lines[0].starts_with("easy,ANI 201,suite,") && lines[0].contains(",1,3,2,ffd-l1,volume,")
    );
    let mut check = vmpack();
    check.arg("check").arg(folder.path().join("easy.bpp")).arg(optima.join("easy.json"));
    check.assert().success().stdout("Correct\ncost 2\ncertified\n");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("New optima") && page.contains("Baldacci et al. 2024"));
}

/// The experiments over the literature plan runs of every method that this build has of those they name.
#[test]
fn the_experiments_over_the_literature_can_be_planned() {
    let Some(data) = crate::skip::data_with("bpplib") else { return };
    let registry = vmpack_model::Registry {
        packing: crate::support::packing_methods(),
        allocation: crate::support::allocation_methods(),
    };
    let has = |name: &str| registry.packing.iter().any(|method| method.name() == name);
    let exact = [
        "branch-price",
        "column-generation",
        "reflect",
        "arc-flow",
        "assignment-highs",
        "cns",
        "lns",
    ];
    let missing: Vec<MissingMethod> = exact
        .iter()
        .filter(|name| !has(name))
        .map(|&name| MissingMethod {
            name: name.to_owned(),
            family: Family::Packing,
            kind: Kind::ColumnGeneration,
            reason: "this build is without it".to_owned(),
        })
        .collect();
    for (name, classes) in [
        ("exact-1d", 24),
        ("exact-vector", 43),
        ("exact-variable", 10),
        ("open-vector", 9),
        ("fleet-vectorpack", 6),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/experiments");
        let mut experiment = Experiment::read(&path.join(format!("{name}.toml"))).unwrap();
        experiment.set_sample(Some(1));
        let text = experiment.blocks.iter().flat_map(|block| &block.methods);
        let named: BTreeSet<String> = text.map(|method| method.text.clone()).collect();
        let methods = Methods {
            registry: &registry,
            missing: &missing,
            simulator: &vmpack_harness::NoSimulator,
        };
        let plan = Plan::new(experiment, &methods, &data).unwrap();
        let found: BTreeSet<&Option<String>> = plan.instances.iter().map(|i| &i.class).collect();
        assert_eq!(found.len(), classes, "{name}");
        let planned: BTreeSet<&str> =
            plan.runs.iter().filter_map(|run| Some(run.method()?.name.as_str())).collect();
        for method in named.iter().filter(|method| has(method)) {
            assert!(planned.contains(method.as_str()), "{name} never runs {method}");
        }
    }
}

/// Ctrl-C keeps every finished run, leaves no half line, and `--resume` completes the set.
#[cfg(unix)]
#[test]
fn an_interrupted_run_loses_nothing_finished() {
    let folder = tempfile::tempdir().unwrap();
    let quick = folder.path().join("quick.toml");
    let text = "name = \"quick\"\ndatasets = [\"tiny\"]\nmethods = [\"ff\", \"ffd-l2\", \"bfd-l2\", \"mbs\", \"dp-counts\", \
                \"alloc-greedy\"]\nlimits = { wall_s = 100 }\n";
    std::fs::write(&quick, text).unwrap();
    let whole = tempfile::tempdir().unwrap();
    vmpack().arg("run").arg(&quick).arg("--out").arg(whole.path()).assert().success();
    let all = runs(whole.path());
    let cut = in_one_of_many(|| {
        let cut = tempfile::tempdir().unwrap();
        // A background shell ignores the signal, which children inherit; `env` becomes the command.
        let mut child = std::process::Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_vmpack")])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .arg("run")
            .arg(&quick)
            .args(["--jobs", "1", "--out"])
            .arg(cut.path())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let store = cut.path().join("records.jsonl");
        let lines = || std::fs::read_to_string(&store).map_or(0, |text| text.lines().count());
        eventually("some records", || lines() >= 3);
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        child.wait().unwrap();
        let kept = runs(cut.path());
        assert!(kept.len() >= 3, "{} of {}", kept.len(), all.len());
        // All of them, if it was faster than the hand that interrupts.
        (kept.len() < all.len()).then_some(cut)
    });
    let mut resume = vmpack();
    resume.arg("run").arg(&quick).args(["--resume", "--out"]).arg(cut.path()).assert().success();
    assert_eq!(runs(cut.path()), all, "the same experiment has the same runs");
}

/// `nohup` and background shells start programs with these signals ignored.
#[cfg(unix)]
#[test]
fn a_run_goes_on_where_signals_are_ignored() {
    let status = std::process::Command::new("env")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--ignore-signal=INT,HUP", env!("CARGO_BIN_EXE_vmpack")])
        .args(["solve", "datasets/samples/fleet.json", "--method", "ffd-l2"])
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
