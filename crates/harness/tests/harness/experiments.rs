//! Whole experiments: plans, stores, interruption and resuming.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;
use vmpack_harness::{
    Experiment, Interrupt, Launcher, Methods, MissingMethod, NoSimulator, Plan, PlanError, Quiet,
    measure_one,
};
use vmpack_model::{Family, Kind, Registry};
use vmpack_results::{Limits, RECORDS, Record, Store, read, read_manifest};

use crate::clock::{eventually, in_one_of_many};
use crate::{RIG, is_running, write_instances};

/// A directory with six one-dimensional instances and an experiment on them.
struct Scene {
    directory: TempDir,
}

impl Scene {
    fn new(methods: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write_instances(directory.path(), &["a", "b", "c", "d", "e", "f"], 1);
        let scene = Self { directory };
        scene.write(&format!(
            "name = 'rig'\ndatasets = ['*.vbp']\nmethods = [{methods}]\nseeds = [1, 2]\n\
             order_seed = 7\nlimits = {{ wall_s = 100 }}\n"
        ));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, experiment: &str) {
        fs::write(self.path("rig.toml"), experiment).expect("writable");
    }

    fn out(&self) -> PathBuf {
        self.path("out")
    }

    fn command(&self, resume: bool) -> Command {
        // Background shells ignore some signals, which children inherit; `env` becomes the rig.
        let mut command = Command::new("env");
        command.arg("--default-signal=INT,TERM,HUP").arg(RIG);
        command.arg("run").arg(self.path("rig.toml")).arg(self.out()).arg("2");
        if resume {
            command.arg("--resume");
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn run(&self, resume: bool) -> Output {
        self.command(resume).output().expect("the rig starts")
    }

    /// Starts the experiment and waits until some records are there.
    fn start(&self, resume: bool, records: usize) -> Child {
        let child = self.command(resume).stderr(Stdio::null()).spawn().expect("the rig starts");
        let count = || fs::read_to_string(self.out().join(RECORDS)).unwrap_or_default();
        eventually("the first records", || count().lines().count() >= records);
        child
    }

    fn records(&self) -> Vec<Record> {
        let records = read(&self.out()).expect("there is a store");
        records.collect::<Result<_, _>>().expect("whole lines")
    }

    /// The ids of the runs; none is in the store twice.
    fn runs(&self) -> BTreeSet<String> {
        let records = self.records();
        let runs: BTreeSet<String> = records.iter().map(|record| record.run.clone()).collect();
        assert_eq!(runs.len(), records.len(), "no run is recorded twice");
        runs
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.expect("kill is there").success());
}

#[test]
fn an_experiment_leaves_records_and_a_manifest() {
    let scene = Scene::new("'one-per-host', 'seeded', 'liar', 'panic'");
    let output = scene.run(false);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("30 runs recorded, 6 ANSWERS WERE WRONG"), "{}", text(&output));
    assert!(text(&output).contains("[30/30] "), "a line per run: {}", text(&output));
    let records = scene.records();
    let seeds = |method: &str| {
        let mut seeds: Vec<u64> =
            records.iter().filter(|r| r.method == method).map(|r| r.seed).collect();
        seeds.sort_unstable();
        seeds
    };
    assert_eq!(seeds("seeded"), [[1; 6], [2; 6]].concat());
    assert_eq!(seeds("one-per-host"), [0; 6], "a deterministic method runs once");
    assert!(
        records.iter().all(|r| r.is_correct() == ["one-per-host", "seeded"].contains(&&*r.method))
    );
    let manifest = read_manifest(&scene.out()).expect("a manifest");
    assert_eq!((manifest.planned, manifest.order_seed, manifest.jobs), (30, 7, 2));
    let file = fs::read(scene.path("rig.toml")).expect("readable");
    assert_eq!(manifest.experiment_hash, blake3::hash(&file).to_hex().to_string());
    assert_eq!(manifest.machine, vmpack_harness::machine());
}

#[test]
fn an_existing_store_is_not_touched_without_being_asked() {
    let scene = Scene::new("'one-per-host'");
    assert!(scene.run(false).status.success());
    let before = fs::read(scene.out().join(RECORDS)).expect("a store");
    let output = scene.run(false);
    assert!(!output.status.success());
    assert!(text(&output).contains("exists already: resume it"), "{}", text(&output));
    let output = scene.run(true);
    assert!(text(&output).contains("0 runs recorded, 6 were there before"), "{}", text(&output));
    assert_eq!(fs::read(scene.out().join(RECORDS)).expect("a store"), before);
}

#[test]
fn a_second_harness_is_refused_while_the_first_one_runs() {
    let scene = Scene::new("'slow'");
    fs::create_dir(scene.out()).expect("a new directory");
    let store = Store::create(&scene.out()).expect("a new store");
    for resume in [false, true] {
        let output = scene.run(resume);
        assert!(!output.status.success());
        assert!(text(&output).contains("is in use: another process"), "{}", text(&output));
    }
    drop(store);
}

/// Killed without warning, again and again, and resumed each time: in the end every run is there once.
#[test]
fn resuming_after_kill_completes_the_same_set_of_runs() {
    let whole = Scene::new("'slow', 'one-per-host', 'seeded'");
    assert!(whole.run(false).status.success());
    assert_eq!(whole.runs().len(), 24);

    let (scene, found) = in_one_of_many(|| {
        let scene = Scene::new("'slow', 'one-per-host', 'seeded'");
        for (resume, records) in [(false, 1), (true, 5), (true, 11)] {
            let mut child = scene.start(resume, records);
            child.kill().expect("it was started");
            child.wait().expect("it was started");
        }
        let found = scene.runs();
        assert!(found.len() >= 11, "{} runs", found.len());
        // All of them, if it was faster than the hand that kills.
        (found.len() < 24).then_some((scene, found))
    });
    let mut store =
        OpenOptions::new().append(true).open(scene.out().join(RECORDS)).expect("a store");
    store.write_all(b"{\"schema\":1,\"run\":\"torn").expect("writable");

    let output = scene.run(true);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("a record was cut short (23 bytes)"), "{}", text(&output));
    assert_eq!(scene.runs(), whole.runs());
    assert!(scene.runs().is_superset(&found));
}

#[test]
fn ctrl_c_kills_the_children_keeps_what_is_finished_and_says_how_to_go_on() {
    let scene = Scene::new("'one-per-host', 'sleeper'");
    scene.write(
        "name = 'rig'\nlimits = { wall_s = 100 }\n\
         [[runs]]\ndatasets = ['*.vbp']\nmethods = ['one-per-host']\n\
         [[runs]]\ndatasets = ['a.vbp']\nmethods = ['sleeper']\n",
    );
    let child = scene.command(false).spawn().expect("the rig starts");
    let count =
        || fs::read_to_string(scene.out().join(RECORDS)).unwrap_or_default().lines().count();
    eventually("the quick runs", || count() == 6);
    signal(&child, "-INT");
    // Had it waited for the sleeper, that would be a seventh record.
    let output = child.wait_with_output().expect("it was started");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output);
    assert!(
        said.contains("interrupted: 6 of 7 runs are kept") && said.contains("--resume"),
        "{said}"
    );
    assert_eq!(scene.runs().len(), 6);
}

#[test]
fn children_die_with_a_harness_that_is_killed() {
    let scene = Scene::new("'sleeper'");
    let mut harness = scene.command(false).stderr(Stdio::null()).spawn().expect("the rig starts");
    let mut children: Vec<u32> = Vec::new();
    eventually("the start of two children", || {
        let tasks = fs::read_dir(format!("/proc/{}/task", harness.id())).expect("it runs");
        let of_task = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).ok();
        let lists: Vec<String> = tasks.filter_map(|task| of_task(task.ok()?)).collect();
        children = lists.join(" ").split_whitespace().filter_map(|n| n.parse().ok()).collect();
        children.len() == 2
    });
    harness.kill().expect("it runs");
    harness.wait().expect("it was started");
    for child in children {
        eventually("the death of a child", || !is_running(child));
    }
}

#[test]
fn a_store_of_another_experiment_is_not_added_to() {
    let scene = Scene::new("'one-per-host'");
    assert!(scene.run(false).status.success());
    scene.write("name = 'other'\ndatasets = ['a.vbp']\nmethods = ['liar']\nlimits.wall_s = 100\n");
    let output = scene.run(true);
    assert!(!output.status.success());
    assert!(text(&output).contains("holds the experiment \"rig\", not \"other\""));
}

#[test]
fn an_extended_experiment_runs_what_is_new_and_says_what_is_old() {
    let scene = Scene::new("'one-per-host', 'seeded'");
    assert!(scene.run(false).status.success());
    let before = scene.runs();
    scene.write(
        "name = 'rig'\ndatasets = ['*.vbp']\nmethods = ['one-per-host', 'boaster']\n\
         limits = { wall_s = 100 }\n",
    );
    let output = scene.run(true);
    assert!(text(&output).contains("6 runs recorded, 6 were there before"), "{}", text(&output));
    assert!(scene.runs().is_superset(&before));
    assert_eq!(scene.runs().len(), before.len() + 6);
    let missing = read_manifest(&scene.out()).expect("a manifest").missing;
    let sentence = "12 of them belong to runs that the experiment no longer plans";
    assert!(missing.iter().any(|said| said.contains(sentence)), "{missing:?}");
}

/// One method of each family, with names that are easy to misspell.
fn plan(experiment: &str, directory: &Path) -> Result<Plan, String> {
    struct Named(&'static str);
    impl vmpack_model::Method<vmpack_model::packing::Packing> for Named {
        fn name(&self) -> &'static str {
            self.0
        }
        fn kind(&self) -> Kind {
            Kind::Greedy
        }
        fn summary(&self) -> &'static str {
            ""
        }
        fn reference(&self) -> &'static str {
            ""
        }
        fn supports(
            &self,
            instance: &vmpack_model::packing::Instance,
        ) -> Result<(), vmpack_model::Unsupported> {
            let d = instance.dimensions();
            if self.0 == "ffd-l2" || d == 1 {
                return Ok(());
            }
            Err(vmpack_model::Unsupported(format!("needs one resource, the instance has {d}")))
        }
        fn solve(
            &self,
            _: &vmpack_model::packing::Instance,
            _: &vmpack_model::Budget,
            _: &mut dyn vmpack_model::Observer,
        ) -> vmpack_model::Outcome<vmpack_model::packing::Packing> {
            vmpack_model::Outcome::unknown()
        }
    }
    let registry =
        Registry { packing: vec![&Named("ffd-l2"), &Named("mbs")], allocation: Vec::new() };
    let missing = [MissingMethod {
        name: "arc-flow".into(),
        family: Family::Packing,
        kind: Kind::LinearProgramming,
        reason: "this build is without HiGHS".into(),
    }];
    let methods = Methods { registry: &registry, missing: &missing, simulator: &NoSimulator };
    let path = directory.join("e.toml");
    fs::write(&path, experiment).expect("writable");
    let experiment = Experiment::read(&path).map_err(|error| error.to_string())?;
    Plan::new(experiment, &methods, directory).map_err(|error: PlanError| error.to_string())
}

#[test]
fn plans_are_shuffled_by_their_seed_and_list_what_is_skipped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_instances(directory.path(), &["a", "b", "c", "d"], 1);
    fs::create_dir(directory.path().join("deep")).expect("a new directory");
    write_instances(&directory.path().join("deep"), &["x", "y"], 3);
    // The same content under another name is the same run.
    fs::copy(directory.path().join("a.vbp"), directory.path().join("copy.vbp")).expect("a file");
    let of_seed = |seed: u64| {
        let text = format!(
            "name = 'e'\norder_seed = {seed}\ndatasets = ['*.vbp', 'deep/*']\n\
             methods = ['kind:greedy', 'ffd-l2', 'arc-flow']\nlimits.wall_s = 1\n"
        );
        plan(&text, directory.path()).expect("a plan")
    };
    let one = of_seed(1);
    assert_eq!(one.instances.len(), 7);
    assert_eq!(one.runs.len(), 4 + 2 + 4);
    let skipped: Vec<_> = one
        .skipped
        .iter()
        .map(|s| (s.instance.as_str(), s.method.as_str(), s.reason.as_str()))
        .collect();
    let reason = "needs one resource, the instance has 3";
    assert_eq!(skipped, [("x", "mbs", reason), ("y", "mbs", reason)]);
    assert_eq!(
        one.missing,
        ["The method arc-flow is missing, because this build is without HiGHS."]
    );
    assert_eq!(one.runs, of_seed(1).runs);
    let sorted = |plan: &Plan| plan.runs.iter().map(|run| run.id.clone()).collect::<BTreeSet<_>>();
    let two = of_seed(2);
    assert_ne!(one.runs, two.runs);
    assert_eq!(sorted(&one), sorted(&two), "the order is no part of a run's id");
}

#[test]
fn the_limits_are_part_of_a_runs_id() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_instances(directory.path(), &["a"], 1);
    let of_limits = |limits: &str| {
        let text = format!(
            "name = 'e'\ndatasets = ['a.vbp']\nmethods = ['mbs']\nlimits = {{ {limits} }}\n"
        );
        plan(&text, directory.path()).expect("a plan").runs[0].id.clone()
    };
    let ids = ["wall_s = 1", "wall_s = 2", "wall_s = 1, threads = 2", "wall_s = 1, memory_mb = 1"]
        .map(of_limits);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(ids[0], of_limits("wall_s = 1.0"));
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_instances(directory.path(), &["a"], 1);
    fs::write(directory.path().join("bad.vbp"), "1\n10\n1\n7 x\n").expect("writable");
    let refused = |datasets: &str, method: &str| {
        let text = format!(
            "name = 'e'\ndatasets = ['{datasets}']\nmethods = ['mbs',\n'{method}']\nlimits.wall_s = 1\n"
        );
        plan(&text, directory.path()).expect_err("refused")
    };
    for (datasets, method, expected) in [
        (
            "a.vbp",
            "ffd_l2",
            "e.toml:4: methods: there is no method \"ffd_l2\": did you mean \"ffd-l2\"?",
        ),
        ("a.vbp", "arcflow", "did you mean \"arc-flow\"?"),
        ("a.vbp", "kind:gredy", "did you mean \"kind:greedy\"?"),
        ("a.vbp", "family:allocation", "there is no method \"family:allocation\""),
        ("a.vbp", "simplex", "known are ffd-l2, mbs, arc-flow, "),
        ("a.vbp", "by:name", "there is no method \"by:name\""),
        ("smok", "mbs", "e.toml:2: datasets: there is no suite \"smok\""),
        ("smok", "mbs", "did you mean \"smoke\" or"),
        (
            "vectorpack",
            "mbs",
            "no suite \"vectorpack\"; suites that take instances from this dataset: ",
        ),
        ("absent/*.vbp", "mbs", "names no file"),
        ("bad.vbp", "mbs", "bad.vbp:4"),
        ("absent.toml", "mbs", "absent.toml"),
    ] {
        let error = refused(datasets, method);
        assert!(error.contains(expected), "{datasets}, {method}: {error}");
    }
}

#[test]
fn nothing_to_run_is_an_error_that_says_what_is_missing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_instances(directory.path(), &["a"], 1);
    let text = "name = 'e'\ndatasets = ['a.vbp']\nmethods = ['arc-flow']\nlimits.wall_s = 1\n";
    let error = plan(text, directory.path()).expect_err("refused");
    assert!(error.contains("there is nothing to run. The method arc-flow is missing"), "{error}");
}

#[test]
fn one_run_for_a_user_says_what_is_wrong_with_the_question() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_instances(directory.path(), &["a"], 1);
    let registry = Registry::default();
    let methods = Methods { registry: &registry, missing: &[], simulator: &NoSimulator };
    let limits = Limits { wall_s: 1.0, cpu_s: None, memory_bytes: None, work: None, threads: 1 };
    let ask = |file: &str, method: &str| {
        let path = directory.path().join(file);
        let source = vmpack_datasets::Source::File { path, format: None };
        let launcher = Launcher { program: RIG.into(), arguments: vec!["run-one".into()] };
        measure_one(&launcher, &methods, &source, method, 0, limits, &Interrupt::default())
            .expect_err("refused")
            .to_string()
    };
    assert!(ask("absent.vbp", "mbs").contains("absent.vbp: cannot read the file"));
    assert!(ask("a.vbp", "mbs").contains("there is no method \"mbs\""));
}

#[test]
fn quiet_is_a_monitor_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write_instances(directory.path(), &["a", "b"], 1);
    let text = "name = 'e'\ndatasets = ['*.vbp']\nmethods = ['mbs']\nlimits.wall_s = 5\n";
    let plan = plan(text, directory.path()).expect("a plan");
    let launcher = Launcher { program: RIG.into(), arguments: vec!["run-one".into()] };
    let options = vmpack_harness::RunOptions {
        directory: &directory.path().join("out"),
        jobs: 0,
        resume: true,
        widen: false,
        launcher: &launcher,
        simulator: &NoSimulator,
        effort: vmpack_check::Effort::default(),
        pin: false,
        setup: vmpack_harness::Setup::default(),
    };
    let interrupt = Interrupt::default();
    let summary = vmpack_harness::run(&plan, &options, &interrupt, &Quiet).expect("two runs");
    // The rig knows no `mbs`: both runs fail, and are recorded all the same.
    assert_eq!((summary.recorded, summary.wrong, summary.interrupted), (2, 0, false));
    let store = read(&directory.path().join("out")).expect("a store");
    assert_eq!(
        store.filter(|r| r.as_ref().is_ok_and(|r| r.termination.name() == "failed")).count(),
        2
    );
}

#[test]
fn the_experiments_that_ship_are_valid_and_named_after_their_files() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/experiments");
    let mut files = 0;
    for entry in fs::read_dir(&directory).expect("the experiments ship with the project") {
        let path = entry.expect("readable").path();
        let experiment = Experiment::read(&path).expect("valid");
        assert_eq!(Some(experiment.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        for dataset in experiment.blocks.iter().flat_map(|block| &block.datasets) {
            let known = vmpack_datasets::SUITES.iter().any(|(name, _)| *name == dataset.text);
            let known = known || directory.join(&dataset.text).is_file();
            assert!(known, "{}: no suite {:?}", dataset.place, dataset.text);
        }
        files += 1;
    }
    assert!(files >= 4);
}

#[test]
fn samples_are_nested_and_solutions_are_kept() {
    let scene = Scene::new("'one-per-host'");
    scene.write(
        "name = 'rig'\ndatasets = ['*.vbp']\nsample = 4\nsolutions = 'all'\nlimits = { wall_s = 100 }\n\
         [[runs]]\nmethods = ['one-per-host', 'liar']\n\
         [[runs]]\nmethods = ['seeded']\nsample = 2\n",
    );
    let output = scene.run(false);
    assert!(output.status.success(), "{}", text(&output));
    let of = |method: &str| -> BTreeSet<String> {
        let records = scene.records().into_iter().filter(|r| r.method == method);
        records.map(|r| r.instance).collect()
    };
    let (sample, part) = (of("one-per-host"), of("seeded"));
    assert_eq!((sample.len(), part.len()), (4, 2));
    assert!(part.is_subset(&sample), "{part:?} of {sample:?}");
    for record in scene.records() {
        let file = scene.out().join(record.solution_file());
        assert_eq!(file.is_file(), record.is_answered(), "a rejected answer is no solution");
        if record.is_answered() {
            let solution = vmpack_datasets::read_solution(&file).expect("a solution file");
            assert_eq!(solution.instance_hash(), Some(&*record.instance_hash));
            // Beside it lies the instance, so that it can be judged again without whatever made that.
            let path = scene.out().join(record.instance_file());
            let source = vmpack_datasets::Source::File { path, format: Some("json".to_owned()) };
            let instance = vmpack_datasets::load(&source).expect("an instance file");
            assert_eq!(vmpack_datasets::content_hash(&instance), record.instance_hash);
        }
    }
    let drafts = fs::read_dir(scene.out().join("instances")).expect("a folder");
    assert_eq!(drafts.count(), 4, "one per instance, and no drafts");
}

#[test]
fn claims_of_replays_are_judged_and_series_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = "name = 'e'\nlimits.wall_s = 100\n[[replays]]\ntraces = ['drawn']\nseries = true\n\
                policies = ['honest', 'liar', 'overfull']\n";
    let experiment = directory.path().join("e.toml");
    fs::write(&experiment, text).expect("writable");
    let out = directory.path().join("out");
    let run = Command::new(RIG).arg("run").arg(&experiment).arg(&out).arg("1").output();
    let said = String::from_utf8_lossy(&run.expect("it runs").stderr).into_owned();
    assert!(said.contains("3 runs recorded, 2 ANSWERS WERE WRONG"), "{said}");
    let records: Vec<Record> = read(&out).expect("a store").map(|r| r.expect("a record")).collect();
    let verdict = |policy: &str| {
        let record = records.iter().find(|r| r.method == policy).expect("it ran");
        record.answer.as_ref().expect("it answered").judgement.verdict.to_string()
    };
    assert_eq!(verdict("honest"), "Correct");
    assert_eq!(verdict("liar"), "WrongMetric: server_days is claimed to be 4.5, is 5");
    assert!(verdict("overfull").contains("host 0 holds [12] of [10]"), "{}", verdict("overfull"));
    for record in &records {
        assert!(out.join(record.series_file("periods")).is_file(), "{}", record.method);
    }
    assert_eq!(read_manifest(&out).expect("a manifest").schema, 2);
}
