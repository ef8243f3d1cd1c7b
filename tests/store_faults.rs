//! What befalls a store from outside: kills, a full disk, a read-only directory, a second writer, torn lines, clocks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use vmpack_harness::{Experiment, Methods, NoSimulator, Plan};
use vmpack_model::Registry;

use crate::clock::eventually;
use crate::skip::skipped;

/// Some hundred runs of some milliseconds each.
const SUITE: &str = "description = \"many\"\n[[generate]]\ngenerator = \"falkenauer-uniform\"\n\
                     parameters = { n = 12 }\nseeds = [SEEDS]\n";

/// The methods of an experiment that takes a while, a thousandth of that each.
const EXPERIMENT: &str = "name = \"many\"\ndatasets = [\"suite.toml\"]\n\
     methods = [\"nf\", \"nfd\", \"ff\", \"ffd-l1\", \"ffd-l2\", \"bf\", \"bfd-l1\", \"bfd-l2\", \"wf\", \"wfd-l1\", \"wfd-l2\", \
     \"ff-indexed\", \"bf-indexed\", \"dot-product\"]\nsolutions = \"all\"\n[limits]\nwall_s = 100\n";

/// An experiment of 14 runs on each of so many instances, in a folder of its own.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(instances: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seeds: Vec<String> = (1..=instances).map(|seed| seed.to_string()).collect();
        fs::write(folder.path().join("suite.toml"), SUITE.replace("SEEDS", &seeds.join(", ")))
            .unwrap();
        fs::write(folder.path().join("e.toml"), EXPERIMENT).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The ids of all its runs.
    fn planned(&self) -> BTreeSet<String> {
        let registry =
            Registry { packing: vmpack_greedy::PACKING.to_vec(), allocation: Vec::new() };
        let methods = Methods { registry: &registry, missing: &[], simulator: &NoSimulator };
        let experiment = Experiment::read(&self.path("e.toml")).unwrap();
        let plan = Plan::new(experiment, &methods, Path::new("/absent")).unwrap();
        plan.runs.into_iter().map(|run| run.id).collect()
    }

    fn run(&self, out: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vmpack"));
        command.arg("run").arg(self.path("e.toml")).args(["--jobs", "2", "--resume", "--out"]);
        command.arg(self.path(out)).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn start(&self, out: &str) -> Child {
        self.run(out).stderr(Stdio::null()).spawn().unwrap()
    }

    fn output(&self, out: &str) -> Output {
        self.run(out).output().unwrap()
    }

    /// The runs of all whole lines; the last line alone may be torn, and no run is there twice.
    fn kept(&self, out: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(self.path(out).join("records.jsonl")).unwrap_or_default();
        let whole = &text[..text.rfind('\n').map_or(0, |last| last + 1)];
        let records =
            whole.lines().map(|line| -> serde_json::Value { serde_json::from_str(line).unwrap() });
        let runs: Vec<String> =
            records.map(|record| record["run"].as_str().unwrap().to_owned()).collect();
        let set: BTreeSet<String> = runs.iter().cloned().collect();
        assert_eq!(set.len(), runs.len(), "a run is recorded twice");
        set
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A hundred times SIGKILL at random moments, by two at a time.
#[test]
fn kills_lose_nothing_but_runs_in_flight() {
    let kill_many = |salt: u64| {
        let bench = Bench::new(40);
        let planned = bench.planned();
        let mut state = salt;
        let mut random = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let (mut store, mut before, mut progress) = (0, BTreeSet::new(), 0);
        for _ in 0..50 {
            let name = format!("out-{store}");
            let records = bench.path(&name).join("records.jsonl");
            let length = || fs::metadata(&records).map_or(0, |file| file.len());
            let start = length();
            let mut child = bench.start(&name);
            // While it starts, or while it runs.
            if random(3) > 0 {
                let mut ended = || child.try_wait().unwrap().is_some();
                eventually("a record, or its end", || length() != start || ended());
            }
            std::thread::sleep(Duration::from_micros(random(60_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            let now = bench.kept(&name);
            assert!(now.is_superset(&before), "records were lost");
            assert!(now.is_subset(&planned), "a run that nobody asked for");
            progress += usize::from(now.len() > before.len());
            before = now;
            if before == planned {
                (store, before) = (store + 1, BTreeSet::new());
            }
        }
        assert!(progress >= 20, "most sessions were killed before they recorded anything");
        let name = format!("out-{store}");
        let output = bench.output(&name);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(bench.kept(&name), planned, "the set that an undisturbed run has");
        let records = fs::read_to_string(bench.path(&name).join("records.jsonl")).unwrap();
        let wrong = records.lines().find(|line| !line.contains("\"verdict\":\"correct\""));
        assert_eq!(wrong, None, "every run has its answer");
        // What runs leave is written before their records.
        for run in planned {
            let solution = bench.path(&name).join("solutions").join(format!("{run}.json"));
            let text = fs::read_to_string(solution).unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    };
    std::thread::scope(|scope| {
        for salt in [1, 2] {
            scope.spawn(move || kill_many(salt));
        }
    });
}

/// Runs a script as root in a mount namespace of its own; `None` where that is not granted.
#[cfg(target_os = "linux")]
fn with_mounts(bench: &Bench, script: &str) -> Option<Output> {
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_vmpack")])
        .current_dir(bench.folder.path())
        .output();
    match output {
        Ok(output) if !matches!(output.status.code(), Some(1 | 77)) => Some(output),
        _ => {
            skipped("this user may not mount anything");
            None
        }
    }
}

/// The disk fills up, the command says so, the store stays readable, and with more room the rest is run.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_only_what_did_not_fit() {
    let bench = Bench::new(10);
    let script = "mkdir disk && mount -t tmpfs -o size=60k none disk || exit 77
        $1 run e.toml --jobs 2 --resume --out disk/out 2> said; echo $? > code
        mkdir full && cp disk/out/records.jsonl full
        mount -o remount,size=20m disk || exit 77
        $1 run e.toml --jobs 2 --resume --out disk/out; echo $? > code-2
        mkdir whole && cp disk/out/records.jsonl whole || exit 2";
    let read = |name: &str| fs::read_to_string(bench.path(name)).unwrap();
    let planned = bench.planned();
    if with_mounts(&bench, script).is_some() {
        assert_eq!((read("code").trim(), read("code-2").trim()), ("1", "0"), "{}", read("said"));
        assert!(read("said").contains("No space left on device"), "{}", read("said"));
        let kept = bench.kept("full");
        assert!(!kept.is_empty() && kept.len() < planned.len(), "{} runs", kept.len());
        assert_eq!(bench.kept("whole"), planned);
    }
    // The same by a limit on the size of files, which needs no rights.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" run e.toml --resume --out limited"])
        .arg(env!("CARGO_BIN_EXE_vmpack"))
        .current_dir(bench.folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("limited/records.jsonl: File too large"), "{}", said(&output));
    let text = read("limited/records.jsonl");
    assert!(text.ends_with('\n') && text.len() <= 16 * 1024, "what did not fit was taken back");
    let output = bench.output("limited");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(bench.kept("limited"), planned);
}

/// Every command that writes says which file it cannot write, and leaves all as it was.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_directory_is_named() {
    let bench = Bench::new(1);
    assert!(bench.output("done").status.success());
    let script = "cp -r done part && head -n 3 done/records.jsonl > part/records.jsonl
        mount --bind . . && mount -o remount,ro,bind . && cd . || exit 77
        cd \"$PWD\"
        $1 run e.toml --out new 2>&1; $1 run e.toml --resume --out part 2>&1
        $1 merge done --out merged 2>&1; $1 export done --out t.csv 2>&1; $1 report done 2>&1; true";
    let Some(output) = with_mounts(&bench, script) else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let expected = ["new", "part/records.jsonl", "", "t.csv", "done/"];
    assert_eq!(lines.len(), expected.len(), "{text}");
    for (line, name) in lines.into_iter().zip(expected) {
        assert!(line.starts_with("vmpack: ") && line.contains(name), "{line}");
        assert!(line.contains("Read-only file system"), "{line}");
    }
    assert_eq!(bench.kept("part").len(), 3);
}

#[test]
fn a_second_harness_on_one_store_is_refused() {
    let bench = Bench::new(40);
    let mut first = bench.start("out");
    let records = bench.path("out").join("records.jsonl");
    eventually("a record", || fs::metadata(&records).is_ok_and(|file| file.len() > 0));
    // It holds the store meanwhile, however long the second one takes to start.
    let signal = |name: &str| {
        let status = Command::new("kill").args([name, &first.id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    signal("-STOP");
    let second = bench.output("out");
    signal("-CONT");
    assert_eq!(second.status.code(), Some(1));
    let expected = "records.jsonl is in use: another process is adding records to it";
    assert!(said(&second).contains(expected), "{}", said(&second));
    assert!(first.wait().unwrap().success());
    assert_eq!(bench.kept("out"), bench.planned());
}

/// A line that is cut in the middle of a store is no torn end: nobody reads past it, and nobody repairs it by itself.
#[test]
fn a_torn_line_in_the_middle_is_named_and_left() {
    let bench = Bench::new(1);
    assert!(bench.output("out").status.success());
    let path = bench.path("out").join("records.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[4] = &lines[4][..100];
    let broken = lines.join("\n") + "\n";
    fs::write(&path, &broken).unwrap();
    let out = bench.path("out");
    for arguments in [
        vec!["report", out.to_str().unwrap()],
        vec!["merge", out.to_str().unwrap(), "--out", "merged"],
        vec!["compare", out.to_str().unwrap(), out.to_str().unwrap()],
        vec!["export", out.to_str().unwrap(), "--out", "t.parquet"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vmpack"));
        let output = command.args(&arguments).current_dir(bench.folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let expected = "records.jsonl, line 5: expected a record: ";
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
    let output = bench.output("out");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("line 5"), "{}", said(&output));
    assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    let left: BTreeSet<_> = fs::read_dir(bench.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["e.toml", "out", "suite.toml"].map(str::to_owned).into(), "no drafts");
}

/// Time stamps inform people; which runs are left is decided by their ids.
#[test]
fn clocks_that_jump_between_sessions_change_nothing() {
    let bench = Bench::new(1);
    assert!(bench.output("out").status.success());
    let out = bench.path("out");
    let text = fs::read_to_string(out.join("records.jsonl")).unwrap();
    let whole = bench.kept("out");
    for started in ["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "yesterday"] {
        let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
        let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        manifest["started"] = started.into();
        fs::write(out.join("manifest.json"), manifest.to_string()).unwrap();
        let half: Vec<&str> = text.lines().take(7).collect();
        fs::write(out.join("records.jsonl"), half.join("\n") + "\n").unwrap();
        let output = bench.output("out");
        assert!(output.status.success(), "{}", said(&output));
        assert!(
            said(&output).contains("7 runs recorded, 7 were there before"),
            "{}",
            said(&output)
        );
        assert_eq!(bench.kept("out"), whole);
        let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["started"], started, "the first session's word stays");
    }
}

/// Whoever reads what an experiment says may be gone: it goes on.
#[test]
fn a_closed_standard_error_stops_nothing() {
    let bench = Bench::new(1);
    let mut child = bench.run("out").spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(bench.kept("out"), bench.planned());
}

#[test]
fn a_session_that_is_pinned_like_the_one_before_is_no_difference() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        skipped("two runs at a time cannot be pinned here");
        return;
    }
    let bench = Bench::new(1);
    for _ in 0..2 {
        assert!(bench.run("out").arg("--pin").output().unwrap().status.success());
        let records = bench.path("out").join("records.jsonl");
        let text = fs::read_to_string(&records).unwrap();
        fs::write(&records, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    }
    let manifest = fs::read_to_string(bench.path("out").join("manifest.json")).unwrap();
    assert!(!manifest.contains("own cores"), "{manifest}");
}

#[cfg(target_os = "linux")]
#[test]
fn paths_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::new(1);
    let out = bench.folder.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_vmpack"));
    command.arg("run").arg(bench.path("e.toml")).arg("--out").arg(&out);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(out.join("manifest.json").exists());
}
