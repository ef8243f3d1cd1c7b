//! A real HyperQueue that loses a worker on the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::{Case, RUNS, Site, descendants, finished, live, text};
use crate::clock::eventually;
use crate::skip::skipped;
use crate::support::native_python;

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
        let mut this =
            Self { server: spawn(&["server", "start"]), workers: Vec::new(), site: site.clone() };
        eventually("the server", || directory.join("hq-current/access.json").exists());
        this.workers = (0..3).map(|_| spawn(&["worker", "start", "--cpus", "2"])).collect();
        let ids: Vec<u32> = this.workers.iter().map(Child::id).collect();
        let has_begun = |id: &u32| directory.join(format!("worker-{id}")).exists();
        eventually("the workers", || ids.iter().all(has_begun));
        this
    }

    /// The first worker with a task that has recorded some of its runs.
    fn busy_worker(&self) -> Option<usize> {
        let has_records = |out: PathBuf| {
            let records = fs::read_to_string(out.join("records.jsonl")).unwrap_or_default();
            records.lines().count() > 0
        };
        self.workers.iter().position(|worker| {
            descendants(worker.id()).into_iter().filter_map(folder_of_task).any(has_records)
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

#[test]
fn a_hyperqueue_that_loses_a_worker_loses_no_run() {
    let Some(python) = LocalHyperQueue::python() else {
        return skipped("there is no Python package hyperqueue in .native/python");
    };
    let case = Case::new();
    case.close();
    let mut queue = LocalHyperQueue::start(&python, case.folder.path());
    let site = queue.site.clone();
    let (experiment, out) = (case.experiment(), case.path("out"));
    let (experiment, dir) = (text(&experiment), text(&out));
    let said = site.says(&["submit", "hq", experiment, "--out", dir, "--tasks", "9"], 0);
    assert!(said.contains("216 runs in 9 tasks") && said.contains("submitted job 1"), "{said}");
    // Two at a time of each worker; none of them can end.
    eventually("six tasks under way", || case.waiting().len() >= 6);
    let worker = queue.busy_worker().expect("some task has recorded something");
    queue.kill_worker(worker);
    case.open();
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
