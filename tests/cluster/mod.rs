//! Experiments on a cluster end to end.

mod hyperqueue;
mod shards;
mod slurm;
mod submissions;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock::PATIENCE;
use crate::support::{records, vmpack};

/// Methods that end by themselves, long before any limit.
const METHODS: &str = r#"["nf", "nfd", "ff", "ffd-l1", "ffd-l2", "ffd-linf", "ffd-prod", "bf", "bfd-l1", "bfd-l2", "bfd-linf",
    "bfd-prod", "wf", "wfd-l1", "wfd-l2""#;
const INSTANCES: u32 = 12;
const SLOW: u32 = 3;
const RUNS: usize = 12 * (15 + 3);

/// Every VM on a host of its own, as soon as there is a file `open` beside the script. Says before that it waits.
const SLOW_SCRIPT: &str = "touch $2/waits-$$\n\
    while ! [ -e $2/open ]; do sleep 0.1; done\n\
    awk 'NR == 3 { n = $1 } NR > 3 && NR <= 3 + n { print \"host 0 x\" $NF \": \" NR - 4 }' $1\n";

/// A folder with an experiment of 216 runs, a sixth of which wait where the test wants them to, and its records of a run
/// without a cluster.
struct Case {
    folder: tempfile::TempDir,
    local: BTreeMap<String, Value>,
}

impl Case {
    fn new() -> Self {
        let case = Self::unsolved();
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

    /// Without the run.
    fn unsolved() -> Self {
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
                "name = {name:?}\ncommand = [\"/bin/sh\", \"{{here}}/slow.sh\", \"{{instance}}\", \"{{here}}\"]\ninput = \"vbp\"\n"
            );
            fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
            methods = format!("{methods}, \"{name}.toml\"");
        }
        let text = format!(
            "name = \"many\"\ndatasets = [\"the items/*.bpp\"]\nmethods = {methods}]\nsolutions = \"all\"\n\
             order_seed = 3\n[limits]\nwall_s = 900\nmemory_mb = 300\n"
        );
        fs::write(folder.path().join("many.toml"), text).unwrap();
        let case = Self { folder, local: BTreeMap::new() };
        case.open();
        case
    }

    /// Lets the runs end that wait.
    fn open(&self) {
        fs::write(self.path("open"), "").unwrap();
    }

    /// Has the runs wait that begin from now on.
    fn close(&self) {
        fs::remove_file(self.path("open")).unwrap();
        for name in self.waiting() {
            fs::remove_file(name).unwrap();
        }
    }

    /// What those left that waited or wait.
    fn waiting(&self) -> Vec<PathBuf> {
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        names
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("waits-"))
            .collect()
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
            assert!(started.elapsed() < PATIENCE, "not {what}: {status:#}");
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
