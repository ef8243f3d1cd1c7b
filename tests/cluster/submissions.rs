//! Submissions without a batch system: worked off by hand, refused, and ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use super::{Case, Site, content, descendants, finished, text};
use crate::clock::eventually;
use crate::support::{records, vmpack};

/// The scripts of a submission are shell: without a batch system they are started by hand. One task fails on the way.
#[test]
fn a_submission_is_worked_off_by_its_scripts_alone() {
    let case = Case::new();
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
    let valid =
        "name = \"one\"\ndatasets = [\"tiny\"]\nmethods = [\"ff\"]\n[limits]\nwall_s = 100\n";
    let (one, two) = (path("one.toml"), path("two.toml"));
    fs::write(&one, valid).unwrap();
    fs::write(&two, valid.replace("\"one\"", "\"two\"")).unwrap();
    let out = path("out");
    for (words, message) in [
        (&[&*one, "--tasks", "0"][..], "invalid value '0' for '--tasks <N>'"),
        (&[&*one, "--jobs", "0"], "invalid value '0' for '--jobs <N>'"),
        (&[&*one, "--setup", "a\nb"], "expected one line"),
        (&[&*one, "--time", "xx"], "--time xx: expected a time of sbatch"),
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
    assert!(!site.refuses(&resume).contains("--assume-ended"), "nothing was submitted");
    // Somebody has started it by hand.
    fs::write(out.join("submission/1/1/log"), "it began\n").unwrap();
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
    // Nothing was submitted, and so nothing has to have ended.
    let again = ["submit", "slurm", "--resume", "--out", dir, "--tasks", "2", "--dry-run"];
    assert!(bare.says(&again, 0).contains("in 2 tasks"));
    fs::remove_dir_all(&out).unwrap();
    site.says(&submit, 0);
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
    let case = Case::unsolved();
    fs::write(case.path("slow.sh"), "sleep 600\n").unwrap();
    let text_of = fs::read_to_string(case.experiment()).unwrap();
    let start = text_of.find("methods = ").unwrap();
    let end = text_of.find("solutions").unwrap();
    let only = format!("{}methods = [\"slow-0.toml\"]\n{}", &text_of[..start], &text_of[end..]);
    fs::write(case.experiment(), only).unwrap();
    let out = case.path("ended");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_vmpack"))
        .arg("run")
        .arg(case.experiment())
        .args(["--jobs", "4", "--out"])
        .arg(&out)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A shell and its sleep, four times.
    eventually("four runs", || descendants(child.id()).len() == 8);
    let processes = descendants(child.id()).into_iter().chain([child.id()]);
    let processes = processes.map(|id| id.to_string());
    std::process::Command::new("kill").arg("-TERM").args(processes).output().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(records(&out).len(), 0);
}
