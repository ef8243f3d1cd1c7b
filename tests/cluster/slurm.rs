//! A real Slurm that loses a node on the way.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::{Case, RUNS, Site, content, finished, live, text};
use crate::clock::eventually;
use crate::skip::skipped;
use crate::support::records;

/// A script of the project that starts a batch system, and ends it when the test does, however that ends.
struct LocalSlurm(PathBuf);

impl LocalSlurm {
    fn script(words: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/cluster/local-slurm.sh");
        let mut command = std::process::Command::new("sh");
        // Nodes of a busy machine are slow to answer.
        command.arg(script).args(words).env("SLURMD_TIMEOUT", "1800").output().unwrap()
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
    if let Some(reason) = no_slurm() {
        return skipped(reason);
    }
    let case = Case::new();
    let slurm = match LocalSlurm::start(case.folder.path()) {
        Ok(slurm) => slurm,
        Err(reason) => return skipped(reason),
    };
    case.close();
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
    assert!(error.contains("--time soon: expected a time of sbatch"), "{error}");
    assert!(!out.exists() && slurm.command("squeue", &["--noheader"]).is_empty());

    let said = site.says(&[&submit[..], &["--tasks", "12", "--partition", "main"]].concat(), 0);
    assert!(said.contains("216 runs in 12 tasks") && said.contains("submitted job"), "{said}");
    // Two at a time on each node; none of them can end.
    eventually("six tasks under way", || case.waiting().len() >= 6);
    slurm.kill_node("2");
    // Nothing is done twice, and what is there can be had at once.
    let said = site.says(&[&submit[..], &["--resume"]].concat(), 0);
    assert!(said.contains("nothing else is missing"), "{said}");
    site.says(&["collect", dir], 2);
    let early = content(&out);
    assert!(!early.is_empty() && early.len() < RUNS, "{}", early.len());

    // The others end. Slurm would start the two again once it had missed the node for long; nobody waits for that here.
    case.open();
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
    eventually("the collection", || records(&out).len() == RUNS);
    site.says(&["collect", dir], 0);
    case.assert_equals_local(&out);
    let status = Site::bare(case.folder.path()).status(dir);
    assert_eq!(finished(&status), RUNS, "{status}");
}
