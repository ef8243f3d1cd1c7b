//! Experiments on a cluster end to end: shards, submissions without a batch system, and a real Slurm and a real HyperQueue
//! that lose a node on the way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{native_python, records, vmpack};

/// Methods that end by themselves, long before any limit.
const METHODS: &str = r#"["nf", "nfd", "ff", "ffd-l1", "ffd-l2", "ffd-linf", "ffd-prod", "bf", "bfd-l1", "bfd-l2", "bfd-linf",
    "bfd-prod", "wf", "wfd-l1", "wfd-l2""#;
const INSTANCES: u32 = 12;
const SLOW: u32 = 3;
const RUNS: usize = 12 * (15 + 3);

/// Every VM on a host of its own, after a while.
const SLOW_SCRIPT: &str = "sleep $2\n\
    awk 'NR == 3 { n = $1 } NR > 3 && NR <= 3 + n { print \"host 0 x\" $NF \": \" NR - 4 }' $1\n";

/// A folder with an experiment of 216 runs, a sixth of which take a while, and its records of a run without a cluster.
struct Case {
    folder: tempfile::TempDir,
    local: BTreeMap<String, Value>,
}

impl Case {
    fn new(seconds: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let items = folder.path().join("the items");
        fs::create_dir(&items).unwrap();
        for k in 0..INSTANCES {
            let sizes: Vec<String> =
                (0..8).map(|i| (11 + (17 * i + 29 * k) % 71).to_string()).collect();
            fs::write(items.join(format!("i{k}.bpp")), format!("8\n100\n{}\n", sizes.join("\n")))
                .unwrap();
        }
        fs::write(folder.path().join("slow.sh"), SLOW_SCRIPT).unwrap();
        let mut methods = METHODS.to_owned();
        for k in 0..SLOW {
            let name = format!("slow-{k}");
            let text = format!(
                "name = {name:?}\ncommand = [\"/bin/sh\", \"{{here}}/slow.sh\", \"{{instance}}\", \"{seconds}\"]\ninput = \"vbp\"\n"
            );
            fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
            methods = format!("{methods}, \"{name}.toml\"");
        }
        let text = format!(
            "name = \"many\"\ndatasets = [\"the items/*.bpp\"]\nmethods = {methods}]\nsolutions = \"all\"\n\
             order_seed = 3\n[limits]\nwall_s = 20\nmemory_mb = 300\n"
        );
        fs::write(folder.path().join("many.toml"), text).unwrap();
        let case = Self { folder, local: BTreeMap::new() };
        let out = case.path("local");
        vmpack()
            .arg("run")
            .arg(case.experiment())
            .args(["--jobs", "4", "--out"])
            .arg(&out)
            .assert()
            .success();
        let local = content(&out);
        assert_eq!(local.len(), RUNS);
        Self { local, ..case }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn experiment(&self) -> PathBuf {
        self.path("many.toml")
    }

    /// What was collected is what a local run records, with the same solutions.
    fn assert_equals_local(&self, out: &Path) {
        let collected = content(out);
        assert_eq!(collected.len(), RUNS);
        for (run, record) in &self.local {
            assert_eq!(collected.get(run), Some(record), "run {run}");
            let solution = format!("solutions/{run}.json");
            let [mine, local] =
                [out, &self.path("local")].map(|dir| fs::read(dir.join(&solution)).ok());
            assert_eq!(mine, local, "{solution}");
            let instance = format!("instances/{}.json", record["instance_hash"].as_str().unwrap());
            assert!(mine.is_none() || out.join(&instance).exists(), "{instance}");
        }
        let manifest: Value =
            serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest["planned"], RUNS);
        assert_eq!(manifest["shards"], Value::Null);
    }
}

/// What does not depend on time and machine, by run; each run is recorded once.
fn content(directory: &Path) -> BTreeMap<String, Value> {
    const FIELDS: [&str; 15] = [
        "run",
        "dataset",
        "instance",
        "instance_hash",
        "class",
        "rules",
        "family",
        "features",
        "reference",
        "method",
        "kind",
        "seed",
        "limits",
        "termination",
        "answer",
    ];
    let records = records(directory);
    let count = records.len();
    let determined = |record: Value| {
        let mut record = record.as_object().unwrap().clone();
        record.retain(|field, _| FIELDS.contains(&field.as_str()));
        for point in record["answer"]["trajectory"].as_array_mut().unwrap() {
            point.as_object_mut().unwrap().remove("seconds").unwrap();
        }
        (record["run"].as_str().unwrap().to_owned(), Value::Object(record))
    };
    let content: BTreeMap<_, _> = records.into_iter().map(determined).collect();
    assert_eq!(content.len(), count, "a run is recorded twice");
    content
}

/// The environment in which batch systems are found, or are not.
#[derive(Clone)]
struct Site(Vec<(&'static str, OsString)>);

impl Site {
    /// Without any.
    fn bare(folder: &Path) -> Self {
        Self(vec![("PATH", folder.join("no programs").into())])
    }

    fn command(&self, words: &[&str]) -> Output {
        let mut command = vmpack();
        command.args(words);
        for (name, value) in &self.0 {
            command.env(name, value);
        }
        command.output().unwrap()
    }

    /// What is printed, where all goes well.
    #[track_caller]
    fn says(&self, words: &[&str], code: i32) -> String {
        let output = self.command(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The message, where something is wrong.
    #[track_caller]
    fn refuses(&self, words: &[&str]) -> String {
        let output = self.command(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn status(&self, out: &str) -> Value {
        serde_json::from_str(&self.says(&["status", out, "--json"], 0)).unwrap()
    }

    /// Waits until the status is as wanted.
    #[track_caller]
    fn wait(&self, out: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let status = self.status(out);
            if wanted(&status) {
                return status;
            }
            assert!(started.elapsed() < Duration::from_mins(2), "not {what}: {status:#}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn finished(status: &Value) -> usize {
    usize::try_from(status["finished"].as_u64().unwrap()).unwrap()
}

fn live(status: &Value) -> u64 {
    status["tasks"]["running"].as_u64().unwrap() + status["tasks"]["queued"].as_u64().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn shards_are_the_whole_each_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let experiment = "name = \"some\"\ndatasets = [\"tiny\"]\nmethods = [\"ff\", \"bfd-l1\", \"wf\"]\n[limits]\nwall_s = 5\n";
    fs::write(path("e.toml"), experiment).unwrap();
    let run = |shard: &[&str], out: &str| {
        let mut command = vmpack();
        command.arg("run").arg(path("e.toml")).args(shard).arg("--out").arg(path(out));
        command
    };
    run(&[], "whole").assert().success();
    let parts = ["1", "2", "3", "4"];
    for part in parts {
        run(&["--shard", &format!("{part}/4")], part).assert().success();
    }
    let sizes = parts.map(|part| content(&path(part)).len());
    assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
    let manifest = |out: &str| -> Value {
        serde_json::from_slice(&fs::read(path(out).join("manifest.json")).unwrap()).unwrap()
    };
    assert_eq!(
        manifest("2")["shards"],
        serde_json::json!({ "of": 4, "planned": { "2": sizes[1] } })
    );
    assert_eq!(manifest("whole")["shards"], Value::Null);
    vmpack().arg("merge").args(parts.map(path)).arg("--out").arg(path("all")).assert().success();
    assert_eq!(content(&path("all")), content(&path("whole")));
    assert_eq!(manifest("all")["planned"], manifest("whole")["planned"]);
    // By times that were measured: the same for whoever has them.
    let whole = path("whole");
    for (part, out) in [("1/2", "a"), ("2/2", "b"), ("1/2", "c")] {
        run(&["--shard", part, "--expect", text(&whole)], out).assert().success();
    }
    assert_eq!(content(&path("a")), content(&path("c")));
    assert_eq!(content(&path("a")).len() + content(&path("b")).len(), content(&whole).len());

    for (shard, message) in [
        ("0/4", "expected a part from 1 to 4"),
        ("5/4", "expected a part from 1 to 4"),
        ("1/0", "expected at least one part"),
        ("four", "expected I/N"),
        ("absent.json", "cannot read absent.json"),
    ] {
        let output = run(&["--shard", shard], "wrong").assert().code(1).get_output().clone();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(message), "{shard}: {error}");
        assert!(!path("wrong").exists(), "{shard}");
    }
    // A directory stays what it is, unless somebody says otherwise.
    let parts = [path("1"), path("2")];
    vmpack().arg("merge").args(parts).arg("--out").arg(path("1+2")).assert().success();
    for (out, shard, message) in [
        ("2", &["--shard", "3/4"][..], "shard 2/4 of the experiment, not shard 3/4 of"),
        ("2", &["--shard", "2/5"], "shard 2/4 of the experiment, not shard 2/5 of"),
        ("1+2", &["--shard", "2/4"], "shard 1+2/4 of the experiment, not shard 2/4 of"),
        ("whole", &["--shard", "2/4"], "the whole experiment, not shard 2/4 of"),
        ("2", &[], "shard 2/4 of the experiment alone"),
        ("1+2", &[], "hold the whole from now on with --shard all"),
    ] {
        let before = (content(&path(out)), manifest(out));
        let output = run(shard, out).arg("--resume").assert().code(1).get_output().clone();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(&format!("{out} holds ")) && error.contains(message), "{error}");
        assert_eq!((content(&path(out)), manifest(out)), before, "{out} {shard:?}");
    }
    run(&["--shard", "2/4", "--resume"], "2").assert().success();
    for out in ["2", "1+2"] {
        run(&["--shard", "all", "--resume"], out).assert().success();
        assert_eq!(content(&path(out)), content(&path("whole")));
        assert_eq!(manifest(out)["shards"], Value::Null);
        run(&["--resume"], out).assert().success();
    }
    // The cluster works on the whole.
    let (e, part) = (path("e.toml"), path("3"));
    let words = ["submit", "slurm", text(&e), "--out", text(&part), "--resume", "--dry-run"];
    let error = Site::bare(folder.path()).refuses(&words);
    assert!(error.contains("holds shard 3/4 of the experiment"), "{error}");
}

/// The scripts of a submission are shell: without a batch system they are started by hand. One task fails on the way.
#[test]
fn a_submission_is_worked_off_by_its_scripts_alone() {
    let case = Case::new(0.01);
    let site = Site::bare(case.folder.path());
    let (experiment, out) = (case.experiment(), case.path("it's a \"folder\""));
    let (experiment, dir) = (text(&experiment), text(&out));
    let said =
        site.says(&["submit", "slurm", experiment, "--out", dir, "--tasks", "3", "--dry-run"], 0);
    assert!(said.contains("216 runs in 3 tasks") && said.contains("sbatch"), "{said}");
    let round = |n: u32| out.join(format!("submission/{n}"));
    let start = |script: PathBuf, task: u32| {
        let mut command = std::process::Command::new("sh");
        command.arg(script).env("SLURM_ARRAY_TASK_ID", task.to_string());
        command
            .env("HQ_TASK_ID", task.to_string())
            .current_dir(case.folder.path())
            .output()
            .unwrap()
    };
    assert!(site.says(&["collect", dir], 2).contains("nothing is recorded yet"));
    assert!(start(round(1).join("tasks.sh"), 1).status.success());
    // The second has its files on another machine.
    fs::rename(case.path("the items"), case.path("elsewhere")).unwrap();
    let output = start(round(1).join("tasks.sh"), 2);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("the items/*.bpp names no file"), "{error}");
    assert!(!round(1).join("2/records.jsonl").exists());
    fs::rename(case.path("elsewhere"), case.path("the items")).unwrap();

    // Nobody can be asked, but the files tell.
    let status = site.status(dir);
    assert_eq!((finished(&status), status["tasks"]["unknown"].as_u64()), (72, Some(2)), "{status}");
    assert!(
        status["notes"][0].as_str().unwrap().contains("slurm is not to be had here"),
        "{status}"
    );
    let said = site.says(&["collect", dir], 2);
    assert!(said.contains("144 of 216 runs are missing") && said.contains("--resume"), "{said}");
    // A task that is started again repeats nothing.
    assert!(start(round(1).join("tasks.sh"), 1).status.success());
    assert_eq!(site.says(&["collect", dir], 2), said);

    let resume = ["submit", "hq", "--resume", "--out", dir, "--tasks", "2", "--dry-run"];
    let error = site.refuses(&resume);
    assert!(error.contains("--assume-ended"), "{error}");
    let said = site.says(&[&resume[..], &["--assume-ended"]].concat(), 0);
    assert!(said.contains("144 runs in 2 tasks") && said.contains("hq submit"), "{said}");
    for task in [1, 2] {
        let output = start(round(2).join("tasks.sh"), task);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    // The last task has collected; whoever does it again changes nothing.
    case.assert_equals_local(&out);
    let before = fs::read(out.join("records.jsonl")).unwrap();
    assert!(site.says(&["collect", dir, "--report"], 0).contains("216 records"));
    assert_eq!(fs::read(out.join("records.jsonl")).unwrap(), before);
    assert!(out.join("report.html").exists());
    let said = site.says(&[&resume[..], &["--assume-ended"]].concat(), 0);
    assert!(said.contains("nothing is missing"), "{said}");
}

#[test]
fn what_cannot_be_submitted_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::bare(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let valid = "name = \"one\"\ndatasets = [\"tiny\"]\nmethods = [\"ff\"]\n[limits]\nwall_s = 5\n";
    let (one, two) = (path("one.toml"), path("two.toml"));
    fs::write(&one, valid).unwrap();
    fs::write(&two, valid.replace("\"one\"", "\"two\"")).unwrap();
    let out = path("out");
    for (words, message) in [
        (&[&*one, "--tasks", "0"][..], "invalid value '0' for '--tasks <N>'"),
        (&[&*one, "--jobs", "0"], "invalid value '0' for '--jobs <N>'"),
        (&[&*one, "--setup", "a\nb"], "expected one line"),
        (&[], "required arguments were not provided"),
        (&["--resume"], "holds no submission: name the experiment"),
        (&["absent.toml"], "there is no file and no experiment \"absent.toml\""),
        (&[&*one], "slurm is not to be had here: there is no program \"scontrol\""),
        (&[&*one, "--tasks", "1001", "--dry-run", "--sample", "all"], ""),
    ] {
        let words = [&["submit", "slurm", "--out", &*out], words].concat();
        if message.is_empty() {
            // More tasks than runs are as many as runs.
            assert!(site.says(&words, 0).contains("10 runs in 10 tasks"));
            fs::remove_dir_all(&out).unwrap();
            continue;
        }
        let error = site.refuses(&words);
        assert!(error.contains(message), "{words:?}: {error}");
        assert!(!Path::new(&out).exists(), "{words:?}");
    }
    let error = site.refuses(&["submit", "hq", &one, "--out", &out]);
    assert!(error.contains("there is no program \"hq\""), "{error}");
    assert!(!Path::new(&out).exists());
    for verb in ["status", "collect"] {
        assert!(site.refuses(&[verb, &out]).contains("holds no submission"), "{verb}");
    }

    // A folder that is taken.
    site.says(&["submit", "slurm", &one, "--out", &out, "--dry-run"], 0);
    let submit = |experiment: &str, more: &[&str], out: &str| {
        site.refuses(&[&["submit", "slurm", experiment, "--out", out, "--dry-run"], more].concat())
    };
    assert!(
        submit(&one, &[], &out).contains("holds a submission of the experiment \"one\" already")
    );
    assert!(submit(&two, &["--resume"], &out).contains("\"one\", not \"two\""));
    fs::write(&one, format!("{valid}# other\n")).unwrap();
    assert!(submit(&one, &["--resume"], &out).contains("has changed since"));
    let local = path("local");
    vmpack().args(["run", &two, "--out", &local]).assert().success();
    assert!(submit(&two, &[], &local).contains("holds records already"));
    assert!(
        submit(&one, &["--resume"], &local).contains("holds the experiment \"two\", not \"one\"")
    );
    // What is there counts: nothing is left to submit.
    let words = ["submit", "slurm", &two, "--out", &local, "--dry-run", "--resume"];
    assert!(site.says(&words, 0).contains("nothing is missing"));
    assert!(
        !Path::new(&local).join("submission").exists()
            && Path::new(&local).join("records.jsonl").exists()
    );
}

/// Programs of a batch system that say what the test wants.
fn pretend(folder: &Path, programs: &[(&str, &str)]) -> Site {
    let place = folder.join("programs");
    fs::create_dir(&place).unwrap();
    for (name, script) in programs {
        let path = place.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::process::Command::new("chmod").arg("+x").arg(&path).status().unwrap();
    }
    Site(vec![("PATH", place.into()), ("SEEN", folder.join("seen").into())])
}

#[test]
fn what_a_batch_system_refuses_late_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let site = pretend(
        folder.path(),
        &[
            ("scontrol", "echo 'MaxArraySize            = 1001'"),
            (
                "squeue",
                "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1",
            ),
            (
                "sbatch",
                "case \"$*\" in *--dependency=afterany:7*) echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1;; esac\n\
                 echo '7;somewhere'",
            ),
            ("scancel", "echo $* >\"$SEEN\""),
            ("hq", "echo 'Job submitted successfully, job ID: 1'"),
        ],
    );
    let out = folder.path().join("out");
    let error = site.refuses(&["submit", "slurm", "tiny", "--out", text(&out)]);
    assert!(error.contains("sbatch: QOSMaxSubmitJobPerUserLimit"), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("seen")).unwrap(), "7\n");
    assert!(!out.exists());
    let error = site.refuses(&["submit", "hq", "tiny", "--out", text(&out)]);
    assert!(error.contains("hq: expected {\"id\": JOB}, found \"Job submitted"), "{error}");
    assert!(!out.exists());
    // A round that is refused leaves the others as they were.
    site.says(&["submit", "slurm", "tiny", "--out", text(&out), "--dry-run"], 0);
    let head = || fs::read_to_string(out.join("submission/submission.json")).unwrap();
    let before = head();
    let resume = ["submit", "slurm", "--resume", "--out", text(&out)];
    let error = site.refuses(&resume);
    assert!(
        error.contains("Unable to contact slurm controller") && error.contains("--assume-ended"),
        "{error}"
    );
    site.refuses(&[&resume[..], &["--assume-ended"]].concat());
    assert_eq!(head(), before);
    assert!(!out.join("submission/2").exists());
    let status = site.status(text(&out));
    assert!(status["notes"][0].as_str().unwrap().contains("Unable to contact"), "{status}");
}

/// A task does not plan the whole: damaged files of other tasks do not matter to it, nor do files that came meanwhile.
#[test]
fn a_task_reads_the_instances_of_its_own_runs_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let bpp = |name: &str, sizes: &[u32]| {
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        let text = format!("{}\n100\n{}\n", sizes.len(), sizes.join("\n"));
        fs::write(path("items").join(name), text).unwrap();
    };
    fs::create_dir(path("items")).unwrap();
    bpp("a.bpp", &[60, 50, 40]);
    bpp("b.bpp", &[70, 30]);
    // Too many sizes for the one method, so that no task is about it.
    bpp("c.bpp", &(2..90).collect::<Vec<_>>());
    let text_of = "name = \"some\"\ndatasets = [\"items/*.bpp\"]\nmethods = [\"dp-counts\"]\n[limits]\nwall_s = 20\n";
    fs::write(path("e.toml"), text_of).unwrap();
    let (experiment, out) = (path("e.toml"), path("out"));
    vmpack().arg("run").arg(&experiment).arg("--out").arg(path("local")).assert().success();
    let site = Site::bare(folder.path());
    let dir = text(&out);
    let words = ["submit", "slurm", text(&experiment), "--out", dir, "--tasks", "2", "--dry-run"];
    assert!(site.says(&words, 0).contains("2 runs in 2 tasks"));
    let start = |task: usize| {
        let mut command = std::process::Command::new("sh");
        command.arg(out.join("submission/1/tasks.sh"));
        let output = command.env("SLURM_ARRAY_TASK_ID", task.to_string()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(records(&out.join(format!("submission/1/{task}"))).len(), 1);
    };
    let task_of = |place: usize| {
        let is_it = |task: &usize| {
            let file = out.join(format!("submission/1/{task}/shard.json"));
            let shard: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            shard["instances"] == serde_json::json!({ "items/*.bpp": [place] })
        };
        (1..=2).find(is_it).unwrap()
    };
    // The task of the one while the other cannot be read.
    fs::write(path("items/b.bpp"), "no instance").unwrap();
    start(task_of(0));
    // The task of the other when it is no more where it was.
    bpp("b.bpp", &[70, 30]);
    bpp("0.bpp", &[10]);
    start(task_of(1));
    site.says(&["collect", dir], 0);
    assert_eq!(content(&out), content(&path("local")));
    // What is not run is known, though no task knows it.
    let skipped = |out: &Path| -> Value {
        let text = fs::read(out.join("manifest.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["skipped"].clone()
    };
    assert_eq!(skipped(&out), skipped(&path("local")));
    assert_eq!(skipped(&out).as_array().map(Vec::len), Some(1));
}

/// What is known of tasks: never submitted, queued by hand, forgotten by the batch system, and not to be asked.
#[test]
fn a_status_tells_tasks_that_failed_from_those_that_never_began() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("queue");
    fs::write(&queue, "").unwrap();
    let site = pretend(
        folder.path(),
        &[
            ("scontrol", "echo 'MaxArraySize            = 1001'"),
            ("squeue", &format!("while read -r line; do echo \"$line\"; done <'{}'", text(&queue))),
            ("sbatch", "echo 7"),
        ],
    );
    let bare = Site::bare(folder.path());
    let out = folder.path().join("out");
    let dir = text(&out);
    let counts = |site: &Site| site.status(dir)["tasks"].clone();
    let is = |counts: &Value, kind: &str| {
        counts[kind] == 2 && counts["failed"] == u64::from(kind == "failed") * 2
    };
    let submit = ["submit", "slurm", "tiny", "--out", dir, "--tasks", "2", "--dry-run"];
    let commands = site.says(&submit, 0);
    let command = commands.lines().find(|line| line.contains("sbatch /")).unwrap().trim();
    // Whether the batch system is here or not.
    for site in [&site, &bare] {
        assert!(is(&counts(site), "unsubmitted"), "{}", counts(site));
        let said = site.says(&["status", dir], 0);
        assert!(said.contains("0 failed, 2 not submitted"), "{said}");
        assert!(
            said.contains("nothing is submitted; this does it:") && said.contains(command),
            "{said}"
        );
        assert!(said.contains(&format!("vmpack submit slurm --resume --out {dir}")), "{said}");
    }
    // By hand.
    fs::write(&queue, "1|PENDING||Priority\n2|PENDING||Priority\n").unwrap();
    assert!(is(&counts(&site), "queued"), "{}", counts(&site));
    let log = out.join("submission/1/2/log");
    fs::write(&log, "it began\n").unwrap();
    assert!(is(&counts(&bare), "unknown"), "{}", counts(&bare));
    let said = bare.says(&["status", dir], 0);
    assert!(said.contains("whether 2 tasks still run is not known here"), "{said}");
    assert!(said.contains("there is no program \"squeue\""), "{said}");
    fs::write(&queue, "").unwrap();
    assert!(is(&counts(&site), "failed"), "{}", counts(&site));
    fs::remove_file(&log).unwrap();

    // By vmpack: what Slurm knows no more has ended.
    let said = site.says(&["submit", "slurm", "--resume", "--out", dir, "--tasks", "2"], 0);
    assert!(said.contains("submitted job 7"), "{said}");
    let status = site.status(dir);
    let tasks = &status["tasks"];
    assert_eq!((&tasks["failed"], &tasks["unsubmitted"]), (&2.into(), &2.into()), "{status}");
    for failed in status["failed"].as_array().unwrap() {
        assert_eq!(failed["how"], "ended, and slurm does not know it any more", "{status}");
    }
    let said = site.says(&["status", dir], 0);
    assert!(said.contains("round 1: written for slurm, not submitted by vmpack"), "{said}");
    assert!(said.contains("to submit what is missing: vmpack submit slurm --resume"), "{said}");
    assert!(!said.contains("nothing is submitted"), "{said}");
}

/// Batch systems end all processes of a job at once; the harness may hear of its children first.
#[test]
fn a_job_that_is_ended_records_no_crash() {
    let case = Case::new(0.01);
    let slow = case.path("slow.sh");
    fs::write(&slow, "sleep 30\n").unwrap();
    let text_of = fs::read_to_string(case.experiment()).unwrap();
    let start = text_of.find("methods = ").unwrap();
    let end = text_of.find("solutions").unwrap();
    let only = format!("{}methods = [\"slow-0.toml\"]\n{}", &text_of[..start], &text_of[end..]);
    fs::write(case.experiment(), only.replace("wall_s = 20", "wall_s = 60")).unwrap();
    let out = case.path("ended");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_vmpack"))
        .arg("run")
        .arg(case.experiment())
        .args(["--jobs", "4", "--out"])
        .arg(&out)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    // A shell and its sleep, four times.
    while descendants(child.id()).len() < 8 {
        assert!(started.elapsed() < Duration::from_secs(30), "nothing runs");
        std::thread::sleep(Duration::from_millis(20));
    }
    let processes = descendants(child.id()).into_iter().chain([child.id()]);
    let processes = processes.map(|id| id.to_string());
    std::process::Command::new("kill").arg("-TERM").args(processes).output().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(records(&out).len(), 0);
}

/// A script of the project that starts a batch system, and ends it when the test does, however that ends.
struct LocalSlurm(PathBuf);

impl LocalSlurm {
    fn script(words: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/cluster/local-slurm.sh");
        std::process::Command::new("sh").arg(script).args(words).output().unwrap()
    }

    /// The reason, where the machine does not let it run.
    fn start(folder: &Path) -> Result<Self, String> {
        let state = folder.join("slurm");
        let output = Self::script(&["start", text(&state)]);
        let error = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(77) {
            return Err(error.trim().to_owned());
        }
        assert!(output.status.success(), "{error}");
        Ok(Self(state))
    }

    fn configuration(&self) -> PathBuf {
        self.0.join("slurm.conf")
    }

    fn kill_node(&self, node: &str) {
        let output = Self::script(&["kill", text(&self.0), node]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[track_caller]
    fn command(&self, program: &str, words: &[&str]) -> String {
        let mut command = std::process::Command::new(program);
        let output = command.args(words).env("SLURM_CONF", self.configuration()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for LocalSlurm {
    fn drop(&mut self) {
        Self::script(&["stop", text(&self.0)]);
    }
}

fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// The first reason for which a Slurm cannot be started here.
fn no_slurm() -> Option<String> {
    let programs = ["munged", "slurmctld", "slurmd", "sbatch", "python3"];
    if let Some(program) = programs.into_iter().find(|program| !is_program(program)) {
        return Some(format!("there is no program {program}"));
    }
    let id = std::process::Command::new("id").arg("-u").output().unwrap().stdout;
    (id != b"0\n").then(|| "only root can start Slurm's daemons".to_owned())
}

#[test]
fn a_slurm_that_loses_a_node_loses_no_run() {
    let skipped =
        |reason: &str| eprintln!("a_slurm_that_loses_a_node_loses_no_run: skipped: {reason}");
    if let Some(reason) = no_slurm() {
        return skipped(&reason);
    }
    let case = Case::new(0.4);
    let slurm = match LocalSlurm::start(case.folder.path()) {
        Ok(slurm) => slurm,
        Err(reason) => return skipped(&reason),
    };
    let site = Site(vec![("SLURM_CONF", slurm.configuration().into())]);
    let (experiment, out) = (case.experiment(), case.path("out"));
    let (experiment, dir) = (text(&experiment), text(&out));
    let submit = ["submit", "slurm", experiment, "--out", dir];
    // MaxArraySize is 101.
    let error = site.refuses(&[&submit[..], &["--tasks", "101"]].concat());
    assert!(error.contains("--tasks 101: slurm takes at most 100 tasks at once here"), "{error}");
    let error = site.refuses(&[&submit[..], &["--partition", "nowhere"]].concat());
    assert!(error.contains("sbatch: invalid partition specified: nowhere"), "{error}");
    let error = site.refuses(&[&submit[..], &["--time", "soon"]].concat());
    assert!(error.contains("sbatch: Invalid --time specification"), "{error}");
    assert!(!out.exists() && slurm.command("squeue", &["--noheader"]).is_empty());

    let said = site.says(&[&submit[..], &["--tasks", "12", "--partition", "main"]].concat(), 0);
    assert!(said.contains("216 runs in 12 tasks") && said.contains("submitted job"), "{said}");
    site.wait(dir, "under way", |status| finished(status) >= 20);
    slurm.kill_node("2");
    // Nothing is done twice, and what is there can be had at once.
    let said = site.says(&[&submit[..], &["--resume"]].concat(), 0);
    assert!(said.contains("nothing else is missing"), "{said}");
    site.says(&["collect", dir], 2);
    let early = content(&out);
    assert!(early.len() >= 20 && early.len() < RUNS, "{}", early.len());

    // The others end. Slurm would start the two again in two minutes; nobody waits for that here.
    site.wait(dir, "ten tasks ended", |status| status["tasks"]["finished"].as_u64() >= Some(10));
    slurm.command("scancel", &["--user=root"]);
    slurm.command("scontrol", &["update", "nodename=n2", "state=down", "reason=dead"]);
    let status = site.wait(dir, "at rest", |status| live(status) == 0);
    assert!(finished(&status) < RUNS, "the node was killed too late: {status}");
    let failed = status["failed"].as_array().unwrap();
    assert!(!failed.is_empty() && failed.iter().all(|task| task["how"] != "ended"), "{status}");
    let said = site.says(&["status", dir], 0);
    assert!(said.contains("to submit what is missing: vmpack submit slurm --resume"), "{said}");

    let said = site.says(&["submit", "slurm", "--resume", "--out", dir, "--tasks", "3"], 0);
    assert!(said.contains(&format!("{} runs in 3 tasks", RUNS - finished(&status))), "{said}");
    site.wait(dir, "finished", |status| finished(status) == RUNS && live(status) == 0);
    // The job that collects comes last.
    let started = Instant::now();
    while records(&out).len() < RUNS {
        assert!(started.elapsed() < Duration::from_mins(1), "it does not collect");
        std::thread::sleep(Duration::from_millis(200));
    }
    site.says(&["collect", dir], 0);
    case.assert_equals_local(&out);
    let status = Site::bare(case.folder.path()).status(dir);
    assert_eq!(finished(&status), RUNS, "{status}");
}

/// Server and workers of HyperQueue, and what stands in for its program.
struct LocalHyperQueue {
    site: Site,
    server: Child,
    workers: Vec<Child>,
}

impl LocalHyperQueue {
    /// The Python that has HyperQueue, if it is there.
    fn python() -> Option<PathBuf> {
        let python = native_python();
        let import = std::process::Command::new(&python).args(["-c", "import hyperqueue"]).output();
        import.is_ok_and(|output| output.status.success()).then_some(python)
    }

    fn start(python: &Path, folder: &Path) -> Self {
        let (programs, directory) = (folder.join("programs"), folder.join("hq"));
        fs::create_dir(&programs).unwrap();
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/cluster/hq.py");
        let script = format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", text(python), text(&stand_in));
        let program = programs.join("hq");
        fs::write(&program, script).unwrap();
        std::process::Command::new("chmod").arg("+x").arg(&program).status().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&path)));
        let site = Site(vec![("PATH", path.unwrap()), ("HQ_SERVER_DIR", directory.clone().into())]);
        let spawn = |words: &[&str]| {
            let mut command = std::process::Command::new(&program);
            command.args(words).envs(site.0.iter().cloned());
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let wait = |what: &str, there: &dyn Fn() -> bool| {
            let started = Instant::now();
            while !there() {
                assert!(started.elapsed() < Duration::from_secs(30), "there is no {what}");
                std::thread::sleep(Duration::from_millis(50));
            }
        };
        let mut this =
            Self { server: spawn(&["server", "start"]), workers: Vec::new(), site: site.clone() };
        wait("server", &|| directory.join("hq-current/access.json").exists());
        this.workers = (0..3).map(|_| spawn(&["worker", "start", "--cpus", "2"])).collect();
        let ids: Vec<u32> = this.workers.iter().map(Child::id).collect();
        wait("worker", &|| ids.iter().all(|id| directory.join(format!("worker-{id}")).exists()));
        this
    }

    /// The first worker with a task that has recorded some of its runs, and has several to go.
    fn busy_worker(&self) -> Option<usize> {
        let is_halfway = |out: &PathBuf| {
            let records = fs::read_to_string(out.join("records.jsonl")).unwrap_or_default();
            (1..RUNS / 9 - 6).contains(&records.lines().count())
        };
        self.workers.iter().position(|worker| {
            descendants(worker.id())
                .into_iter()
                .filter_map(folder_of_task)
                .any(|out| is_halfway(&out))
        })
    }

    /// Ends a worker and all that runs on it, as a power cut does.
    fn kill_worker(&mut self, worker: usize) {
        let mut worker = self.workers.remove(worker);
        let tasks = descendants(worker.id());
        worker.kill().unwrap();
        let tasks = tasks.iter().map(ToString::to_string);
        std::process::Command::new("kill").arg("-9").args(tasks).output().unwrap();
        worker.wait().unwrap();
    }
}

impl Drop for LocalHyperQueue {
    fn drop(&mut self) {
        for process in self.workers.iter_mut().chain([&mut self.server]) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Where a process writes that works a task off.
fn folder_of_task(process: u32) -> Option<PathBuf> {
    let words = fs::read_to_string(format!("/proc/{process}/cmdline")).ok()?;
    words.split('\0').skip_while(|word| *word != "--out").nth(1).map(PathBuf::from)
}

/// Those nearest to it first.
fn descendants(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = threads
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let children: Vec<u32> = lists
        .flat_map(|list| list.split(' ').filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect();
    let below: Vec<u32> = children.iter().flat_map(|&child| descendants(child)).collect();
    [children, below].concat()
}

#[test]
fn a_hyperqueue_that_loses_a_worker_loses_no_run() {
    let Some(python) = LocalHyperQueue::python() else {
        eprintln!(
            "a_hyperqueue_that_loses_a_worker_loses_no_run: skipped: there is no Python package hyperqueue in .native/python"
        );
        return;
    };
    let case = Case::new(0.4);
    let mut queue = LocalHyperQueue::start(&python, case.folder.path());
    let site = queue.site.clone();
    let (experiment, out) = (case.experiment(), case.path("out"));
    let (experiment, dir) = (text(&experiment), text(&out));
    let said = site.says(&["submit", "hq", experiment, "--out", dir, "--tasks", "9"], 0);
    assert!(said.contains("216 runs in 9 tasks") && said.contains("submitted job 1"), "{said}");
    let started = Instant::now();
    let worker = loop {
        if let Some(worker) = queue.busy_worker() {
            break worker;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{:#}", site.status(dir));
        std::thread::sleep(Duration::from_millis(10));
    };
    queue.kill_worker(worker);
    // HyperQueue starts its tasks again elsewhere, where they go on with what they have.
    site.wait(dir, "finished", |status| finished(status) == RUNS && live(status) == 0);
    let logs = (1..=9)
        .map(|task| fs::read_to_string(out.join(format!("submission/1/{task}/log"))).unwrap());
    let resumed = logs.filter(|log| log.contains("were there before")).count();
    assert!(resumed >= 1, "no task was started again");
    site.says(&["collect", dir], 0);
    case.assert_equals_local(&out);
    // The server is gone: what it would have known is in the files.
    drop(queue);
    let status = site.status(dir);
    assert_eq!(finished(&status), RUNS, "{status}");
}
