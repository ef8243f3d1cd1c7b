//! Slurm: a job array whose tasks are the shards, and a job that collects once they have ended.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::engine::{Engine, EngineError, Job, Queued, TaskState, ask, quote};

const NAME: &str = "slurm";
const TASKS: &str = "tasks.sh";
const COLLECT: &str = "collect.sh";

/// Slurm, by its commands `sbatch`, `squeue`, `scancel` and `scontrol`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slurm;

impl Engine for Slurm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check_time(&self, text: &str) -> Result<(), &'static str> {
        if is_time(text) {
            return Ok(());
        }
        Err(
            "expected a time of sbatch: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED",
        )
    }

    fn most_tasks(&self) -> Result<Option<usize>, EngineError> {
        let text = ask(NAME, "scontrol", &words(["show", "config"]), None)?;
        let value = text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == "MaxArraySize").then(|| value.trim().parse::<usize>().ok())?
        });
        // Indices are below it, and ours begin at 1.
        value.map(|size| Some(size.saturating_sub(1))).ok_or_else(|| EngineError::Unclear {
            program: "scontrol",
            expected: "a line MaxArraySize = N",
            found: text.chars().take(80).collect(),
        })
    }

    fn write(&self, job: &Job) -> io::Result<Vec<String>> {
        job.write_script(TASKS, &tasks(job))?;
        job.write_script(COLLECT, &collector(job))?;
        Ok(vec![
            format!("sbatch {}", quote(&job.folder.join(TASKS).to_string_lossy())),
            format!(
                "sbatch --dependency=afterany:JOB {}",
                quote(&job.folder.join(COLLECT).to_string_lossy())
            ),
        ])
    }

    fn submit(&self, job: &Job) -> Result<Queued, EngineError> {
        let tasks = sbatch(job, TASKS, None)?;
        match sbatch(job, COLLECT, Some(&format!("--dependency=afterany:{tasks}"))) {
            Ok(collector) => Ok(Queued { tasks, collector: Some(collector) }),
            Err(error) => {
                // What cannot be collected must not run; the first error says why.
                let _ = ask(NAME, "scancel", &words([&tasks]), None);
                Err(error)
            }
        }
    }

    fn states(&self, name: &str) -> Result<BTreeMap<usize, TaskState>, EngineError> {
        let arguments = words([
            "--noheader",
            "--array",
            "--states=all",
            &format!("--name={name}"),
            "--format=%K|%T|%N|%r",
        ]);
        ask(NAME, "squeue", &arguments, None)?
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                parse_state(line).ok_or_else(|| EngineError::Unclear {
                    program: "squeue",
                    expected: "TASK|STATE|NODES|REASON",
                    found: line.to_owned(),
                })
            })
            .collect()
    }

    fn how_to_cancel(&self, job: &str) -> String {
        format!("scancel {job}")
    }
}

/// Whether `sbatch --time` takes it.
fn is_time(text: &str) -> bool {
    let (days, rest) = text.split_once('-').map_or((None, text), |(days, rest)| (Some(days), rest));
    let is_number = |part: &str| {
        !part.is_empty() && part.len() < 10 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_clock = rest.split(':').count() <= 3 && rest.split(':').all(is_number);
    let is_endless = ["UNLIMITED", "INFINITE"].iter().any(|word| text.eq_ignore_ascii_case(word));
    is_endless || (days.is_none_or(is_number) && is_clock)
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).into()
}

fn sbatch(job: &Job, script: &str, option: Option<&str>) -> Result<String, EngineError> {
    let mut arguments = words(["--parsable"]);
    arguments.extend(option.map(str::to_owned));
    arguments.push(job.folder.join(script).to_string_lossy().into_owned());
    let said = ask(NAME, "sbatch", &arguments, None)?;
    // `ID` or `ID;CLUSTER`.
    let id = said.trim().split(';').next().unwrap_or("").to_owned();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        let found = said.trim().to_owned();
        return Err(EngineError::Unclear { program: "sbatch", expected: "the id of a job", found });
    }
    Ok(id)
}

fn parse_state(line: &str) -> Option<(usize, TaskState)> {
    let mut fields = line.trim().splitn(4, '|');
    let (task, state, nodes) = (fields.next()?, fields.next()?, fields.next()?);
    let reason = fields.next()?;
    let state = match state {
        "PENDING" => TaskState::Queued(reason.to_owned()),
        "BOOT_FAIL" | "CANCELLED" | "COMPLETED" | "DEADLINE" | "FAILED" | "NODE_FAIL"
        | "OUT_OF_MEMORY" | "PREEMPTED" | "REVOKED" | "TIMEOUT" => {
            let on = if nodes.is_empty() { String::new() } else { format!(" on {nodes}") };
            TaskState::Ended(format!("{state}{on}"))
        }
        _ => TaskState::Running(nodes.to_owned()),
    };
    Some((task.parse().ok()?, state))
}

/// An argument of a `#SBATCH` line.
fn argument(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A path in which Slurm finds no pattern.
fn literal(job: &Job) -> String {
    job.folder.to_string_lossy().replace('%', "%%")
}

fn directives(job: &Job, lines: &[String]) -> String {
    let mut text = "#!/bin/sh\n# Written by vmpack submit.\n".to_owned();
    let chdir = format!("--chdir={}", argument(&job.folder.to_string_lossy()));
    let partition = job.queue.partition.iter().map(|p| format!("--partition={}", argument(p)));
    let options = job.queue.options.iter().cloned();
    for line in lines.iter().cloned().chain([chdir]).chain(partition).chain(options) {
        let _ = writeln!(text, "#SBATCH {line}");
    }
    text.push_str(&job.preamble());
    text
}

/// The script of the array. A task that is started again, after its node failed, goes on with its own records.
fn tasks(job: &Job) -> String {
    let mut lines = vec![
        format!("--job-name={}", argument(&job.name)),
        format!("--array=1-{}", job.tasks),
        format!("--output={}", argument(&format!("{}/%a/log", literal(job)))),
        "--open-mode=append".to_owned(),
        "--requeue".to_owned(),
        "--nodes=1".to_owned(),
        "--ntasks=1".to_owned(),
        format!("--cpus-per-task={}", job.cores),
        format!("--time={}", job.queue.time.clone().unwrap_or_else(|| job.minutes.to_string())),
    ];
    lines.extend(job.memory_bytes.map(|bytes| format!("--mem={}M", mebibytes(bytes))));
    let (head, run) = (directives(job, &lines), job.command(&job.run));
    format!("{head}task=\"$SLURM_ARRAY_TASK_ID\"\nexec {run}\n")
}

fn collector(job: &Job) -> String {
    let lines = [
        format!("--job-name={}", argument(&format!("{}-collect", job.name))),
        format!("--output={}", argument(&format!("{}/collect.log", literal(job)))),
        "--open-mode=append".to_owned(),
        "--nodes=1".to_owned(),
        "--ntasks=1".to_owned(),
        "--cpus-per-task=1".to_owned(),
        "--mem=1G".to_owned(),
        format!("--time={}", job.queue.time.as_deref().unwrap_or("60")),
    ];
    format!("{}exec {}\n", directives(job, &lines), job.command(&job.collect))
}

pub(super) fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_are_states() {
        let state = |line| parse_state(line).expect("a state");
        assert_eq!(state("3|PENDING||Resources"), (3, TaskState::Queued("Resources".into())));
        assert_eq!(state("4|RUNNING|n2|None"), (4, TaskState::Running("n2".into())));
        assert_eq!(state("5|COMPLETING|n2|None"), (5, TaskState::Running("n2".into())));
        let ended = TaskState::Ended("NODE_FAIL on n1".into());
        assert_eq!(state("6|NODE_FAIL|n1|NodeDown|x"), (6, ended));
        assert_eq!(parse_state("N/A|RUNNING|n1|None"), None);
        assert_eq!(parse_state("slurm_load_jobs error"), None);
    }

    #[test]
    fn times_are_those_of_sbatch() {
        for time in ["90", "0", "90:30", "1:30:00", "2-12", "2-12:30", "2-12:30:15", "unlimited"] {
            assert!(is_time(time), "{time}");
        }
        for time in ["", "xx", "1h", "1:", ":30", "1:2:3:4", "-1", "1-", "1-2-3", "+5", "1.5", "5 "]
        {
            assert!(!is_time(time), "{time}");
        }
    }

    #[test]
    fn arguments_with_quotes_and_patterns_stay_what_they_are() {
        assert_eq!(argument("a \"b\" \\c"), r#""a \"b\" \\c""#);
    }
}
