//! HyperQueue: a task array; the last task that ends collects.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;

use super::engine::{Engine, EngineError, Job, Queued, TaskState, ask, quote};
use super::slurm::mebibytes;

const NAME: &str = "hq";
const TASKS: &str = "tasks.sh";

/// HyperQueue, by its command `hq`.
#[derive(Clone, Copy, Debug)]
pub(super) struct HyperQueue;

impl Engine for HyperQueue {
    fn name(&self) -> &'static str {
        NAME
    }

    fn most_tasks(&self) -> Result<Option<usize>, EngineError> {
        Ok(None)
    }

    fn write(&self, job: &Job) -> io::Result<Vec<String>> {
        // A task may be started again on another worker: it goes on with its own records. Jobs cannot wait for the end of
        // others whatever it is, so the task that ends last collects.
        let script = format!(
            "#!/bin/sh\n# Written by vmpack submit.\nexec 2>&1\n{preamble}task=\"$HQ_TASK_ID\"\n{run}\ncode=$?\n\
             : >{folder}/\"$task\"/ended\nset -- {folder}/*/ended\n\
             if [ $# -eq {tasks} ]; then {collect}; fi\nexit $code\n",
            preamble = job.preamble(),
            run = job.command(&job.run),
            folder = quote(&job.folder.to_string_lossy()),
            tasks = job.tasks,
            collect = job.command(&job.collect),
        );
        job.write_script(TASKS, &script)?;
        let words = submission(job);
        Ok(vec![format!("hq {}", words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" "))])
    }

    fn submit(&self, job: &Job) -> Result<Queued, EngineError> {
        #[derive(Deserialize)]
        struct Submitted {
            id: u64,
        }
        let mut arguments = vec!["--output-mode=json".to_owned()];
        arguments.extend(submission(job));
        let said = ask(NAME, "hq", &arguments, None)?;
        let submitted: Submitted = understood(&said, "{\"id\": JOB}")?;
        Ok(Queued { tasks: submitted.id.to_string(), collector: None })
    }

    fn states(&self, name: &str) -> Result<BTreeMap<usize, TaskState>, EngineError> {
        // Ids begin at 1 with every server: the name tells whether the job is ours.
        #[derive(Deserialize)]
        struct Listed {
            id: u64,
            name: String,
        }
        #[derive(Deserialize)]
        struct Task {
            id: usize,
            state: String,
        }
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let said = ask(NAME, "hq", &words(&["--output-mode=json", "job", "list", "--all"]), None)?;
        let jobs: Vec<Listed> = understood(&said, "a list of jobs")?;
        let Some(job) = jobs.into_iter().rev().find(|job| job.name == name) else {
            return Ok(BTreeMap::new());
        };
        let id = job.id.to_string();
        let said = ask(NAME, "hq", &words(&["--output-mode=json", "task", "list", &id]), None)?;
        let tasks: BTreeMap<String, Vec<Task>> = understood(&said, "the tasks of the job")?;
        let tasks = tasks.into_values().flatten();
        Ok(tasks
            .map(|Task { id, state }| {
                let state = match state.as_str() {
                    "waiting" => TaskState::Queued(String::new()),
                    "running" => TaskState::Running(String::new()),
                    _ => TaskState::Ended(state),
                };
                (id, state)
            })
            .collect())
    }

    fn how_to_cancel(&self, job: &str) -> String {
        format!("hq job cancel {job}")
    }
}

/// The arguments of `hq` that submit the script.
fn submission(job: &Job) -> Vec<String> {
    let folder = job.folder.to_string_lossy();
    let mut words = vec![
        "submit".to_owned(),
        format!("--name={}", job.name),
        format!("--array=1-{}", job.tasks),
        format!("--cpus={}", job.cores),
        format!("--cwd={folder}"),
        format!("--stdout={folder}/%{{TASK_ID}}/log"),
        "--stderr=none".to_owned(),
    ];
    words.extend(job.memory_bytes.map(|bytes| format!("--resource=mem={}", mebibytes(bytes))));
    words.extend(job.queue.time.iter().map(|time| format!("--time-request={time}")));
    words.extend(job.queue.options.iter().cloned());
    words.push("--".to_owned());
    words.push(job.folder.join(TASKS).to_string_lossy().into_owned());
    words
}

fn understood<'a, T: Deserialize<'a>>(
    said: &'a str,
    expected: &'static str,
) -> Result<T, EngineError> {
    serde_json::from_str(said).map_err(|_| EngineError::Unclear {
        program: "hq",
        expected,
        found: said.chars().take(80).collect(),
    })
}
