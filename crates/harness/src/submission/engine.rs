//! What a batch system is asked: how many tasks it takes at once, to queue them, and how they are getting on.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::hyperqueue::HyperQueue;
use super::slurm::Slurm;

/// The tasks of one round, and what each of them needs.
#[derive(Clone, Debug)]
pub struct Job {
    /// A name that no other job bears: by it the batch system is asked later.
    pub name: String,
    /// The folder of the round, absolute. Task `I` has the folder `I` in it.
    pub folder: PathBuf,
    /// How many tasks there are, numbered from 1.
    pub tasks: usize,
    /// Cores of a task.
    pub cores: u64,
    /// Memory of a task in bytes; the site's own default if unknown.
    pub memory_bytes: Option<u64>,
    /// Minutes after which a task has ended even if every run takes all it may.
    pub minutes: u64,
    /// Where and how it is queued.
    pub queue: Queue,
    /// The arguments of `vmpack` that work a task off; `$task` stands for its number.
    pub run: Vec<Word>,
    /// The arguments of `vmpack` that collect what has been recorded.
    pub collect: Vec<Word>,
    /// The program.
    pub program: PathBuf,
    /// The data directory, absolute.
    pub data_directory: PathBuf,
}

/// What only the user knows of a site.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The partition.
    pub partition: Option<String>,
    /// The time limit of a task, as the batch system writes it, instead of the derived one.
    pub time: Option<String>,
    /// Options of the batch system's own submit command, as they stand.
    pub options: Vec<String>,
    /// Shell lines before a task starts, such as `module load gcc`.
    pub setup: Vec<String>,
}

/// A word of a command line in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// As it stands.
    Plain(String),
    /// A path in the folder of the task, which is called after its number.
    OfTask(PathBuf, &'static str),
}

impl Word {
    /// As a shell reads it, `$task` being the number of the task.
    fn quoted(&self) -> String {
        match self {
            Self::Plain(text) => quote(text),
            Self::OfTask(folder, name) => {
                format!("{}/\"$task\"{}", quote(&folder.to_string_lossy()), quote_rest(name))
            }
        }
    }
}

fn quote_rest(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("/{}", quote(name)) }
}

/// A word that a shell reads back as it is.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Job {
    /// The shell lines that every script has before its command.
    pub(super) fn preamble(&self) -> String {
        let data = quote(&self.data_directory.to_string_lossy());
        let mut text = format!("export VMPACK_DATA={data}\n");
        for line in &self.queue.setup {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// A command line of the program.
    pub(super) fn command(&self, arguments: &[Word]) -> String {
        let words = arguments.iter().map(Word::quoted);
        let program = quote(&self.program.to_string_lossy());
        [program].into_iter().chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Writes a script that can be started by hand as well.
    pub(super) fn write_script(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(path)
    }
}

/// How a task is getting on, as the batch system says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits, with the reason.
    Queued(String),
    /// It runs, with where.
    Running(String),
    /// It has ended, with how; not every batch system remembers that for long.
    Ended(String),
}

impl TaskState {
    /// Whether it may still record something.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::Ended(_))
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, more) = match self {
            Self::Queued(reason) => ("queued", reason),
            Self::Running(place) => ("running", place),
            Self::Ended(how) => ("ended", how),
        };
        if more.is_empty() { f.write_str(word) } else { write!(f, "{word} ({more})") }
    }
}

/// Why a batch system did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Its command is not here.
    #[error("{engine} is not to be had here: there is no program {program:?}")]
    Absent {
        /// The batch system.
        engine: &'static str,
        /// The program.
        program: &'static str,
    },
    /// Its command failed.
    #[error("{program}: {message}")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// Its command said something that is not understood.
    #[error("{program}: expected {expected}, found {found:?}")]
    Unclear {
        /// The program.
        program: &'static str,
        /// What was expected.
        expected: &'static str,
        /// What it said.
        found: String,
    },
}

/// What a batch system answered to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The id of the job whose tasks run the shards.
    pub tasks: String,
    /// The id of the job that collects, where that is one of its own.
    pub collector: Option<String>,
}

/// A batch system.
pub trait Engine: fmt::Debug {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Checks a time limit as the batch system writes it; where its forms are not known here, all are taken.
    ///
    /// # Errors
    /// What was expected.
    fn check_time(&self, _text: &str) -> Result<(), &'static str> {
        Ok(())
    }

    /// The most tasks that one job may have, if there is a limit.
    ///
    /// # Errors
    /// If it cannot be asked.
    fn most_tasks(&self) -> Result<Option<usize>, EngineError>;

    /// Writes the scripts of a job into its folder. The command lines that submit them, for people.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    fn write(&self, job: &Job) -> io::Result<Vec<String>>;

    /// Submits the scripts of a job. Nothing stays queued if that fails.
    ///
    /// # Errors
    /// If the batch system refuses.
    fn submit(&self, job: &Job) -> Result<Queued, EngineError>;

    /// How the tasks of the job of a name are getting on, by number. Tasks that it does not know (any more) are absent.
    ///
    /// # Errors
    /// If it cannot be asked.
    fn states(&self, name: &str) -> Result<BTreeMap<usize, TaskState>, EngineError>;

    /// How to take a job out of the queue, for people.
    fn how_to_cancel(&self, job: &str) -> String;
}

/// The batch system of that name.
pub fn engine(name: &str) -> Option<&'static dyn Engine> {
    match name {
        "slurm" => Some(&Slurm),
        "hq" => Some(&HyperQueue),
        _ => None,
    }
}

/// What a program of a batch system prints.
pub(super) fn ask(
    engine: &'static str,
    program: &'static str,
    arguments: &[String],
    directory: Option<&Path>,
) -> Result<String, EngineError> {
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => EngineError::Absent { engine, program },
        _ => EngineError::Refused { program, message: error.to_string() },
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = if complaint.trim().is_empty() { &*said } else { &*complaint };
    let prefix = format!("{program}: error: ");
    let lines = complaint.lines().map(|line| line.strip_prefix(&prefix).unwrap_or(line).trim());
    let message = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    Err(EngineError::Refused {
        program,
        message: if message.is_empty() { output.status.to_string() } else { message },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_is_quoted() {
        for text in ["plain", "", "two words", "it's", "$HOME `x` \"y\"", "a/b-c_d.e=f:g,h+i@j%k"] {
            let script = format!("printf %s {}", quote(text));
            let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), text);
        }
        let word = Word::OfTask("/a b/1".into(), "shard.json").quoted();
        let script = format!("task=17; printf %s {word}");
        let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "/a b/1/17/shard.json");
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let arguments = ["-c".to_owned(), "echo 'sh: error: no such partition' >&2; exit 1".into()];
        let error = ask("slurm", "sh", &arguments, None).expect_err("it fails");
        assert_eq!(error.to_string(), "sh: no such partition");
        let error = ask("slurm", "no-such-program", &[], None).expect_err("it is not there");
        assert!(error.to_string().contains("slurm is not to be had here"), "{error}");
    }
}
