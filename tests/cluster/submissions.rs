//! Submissions without a batch system: worked off by hand, refused, and ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{Case, Site, descendants, finished, text};
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
