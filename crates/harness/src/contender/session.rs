//! One run of a contender: the folder that it works in, and what it left there.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use vmpack_datasets::read_solution;
use vmpack_model::AnyInstance;
use vmpack_results::Limits;

use crate::Interrupt;
use crate::child::Answer;
use crate::family::Measurable;
use crate::judge::{Dialect, Unshown};
use crate::limits::Exit;
use crate::process::{self, Ended, Job, OUTPUT_CAP, Stop};

use super::answer::{Left, Shown};
use super::command::Slot;
use super::{Contender, Word};

/// How much of the line with a version is kept, in characters.
const VERSION_KEPT: usize = 200;

/// A contender that has been given an instance. Its folder is removed when this is dropped.
pub(crate) struct Session<'a> {
    contender: &'a Contender,
    folder: TempDir,
    words: Vec<OsString>,
}

impl Contender {
    /// Prepares a run: a folder with the instance in it, and the command line.
    ///
    /// # Errors
    /// If the folder cannot be written; or the instance cannot, which [`Contender::supports`] tells.
    pub(crate) fn session(
        &self,
        instance: &AnyInstance,
        seed: u64,
        limits: &Limits,
    ) -> io::Result<Session<'_>> {
        let text = self.input.write(instance).map_err(io::Error::other)?;
        let folder = tempfile::Builder::new().prefix("vmpack-").tempdir()?;
        let extension = self.input.extensions().first().copied().unwrap_or("txt");
        let file = folder.path().join("instance").with_extension(extension);
        fs::write(&file, text)?;
        let value = |slot| match slot {
            Slot::Here => self.here.clone().into_os_string(),
            Slot::Instance => file.clone().into_os_string(),
            Slot::Solution => solution(folder.path()).into_os_string(),
            Slot::Wall => limits.wall_s.to_string().into(),
            Slot::Threads => limits.threads.to_string().into(),
            Slot::Seed => seed.to_string().into(),
        };
        let words = self.command.iter().map(|word: &Word| word.fill(value)).collect();
        Ok(Session { contender: self, folder, words })
    }
}

impl Session<'_> {
    /// What is to be run. The words hold the program first: no contender is without.
    pub(crate) fn job(&self, cores: &[usize]) -> Job {
        let mut job = job(&self.words, cores);
        job.command.current_dir(self.folder.path());
        job
    }

    /// The program.
    pub(crate) fn program(&self) -> &Path {
        Path::new(&self.words[0])
    }

    /// The solution in the file, if the command was told of one and wrote to it.
    fn shown(&self) -> Result<Option<Shown>, String> {
        let path = solution(self.folder.path());
        let length = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|error| error.to_string())?.len(),
        };
        if length > OUTPUT_CAP {
            return Err(format!("its solution has {length} bytes, which is more than one can be"));
        }
        let content = fs::read(&path).map_err(|error| error.to_string())?;
        let content = String::from_utf8_lossy(&content);
        if content.trim_start().starts_with('{') {
            let file = read_solution(&path).map_err(|error| error.to_string())?;
            return Ok(Some(Shown::File(Box::new(file))));
        }
        Ok(Some(Shown::Lines(content.into_owned())))
    }
}

impl Dialect for Session<'_> {
    fn answer<P: Measurable>(
        &self,
        instance: &P::Instance,
        ended: &Ended,
    ) -> Result<(Answer<P>, Option<Unshown>), String> {
        let solution = if self.contender.asks_for(Slot::Solution) { self.shown()? } else { None };
        self.contender.claims(instance, ended, solution)
    }
}

/// Without a file for the solution.
impl Dialect for Contender {
    fn answer<P: Measurable>(
        &self,
        instance: &P::Instance,
        ended: &Ended,
    ) -> Result<(Answer<P>, Option<Unshown>), String> {
        self.claims(instance, ended, None)
    }
}

impl Contender {
    fn claims<P: Measurable>(
        &self,
        instance: &P::Instance,
        ended: &Ended,
        solution: Option<Shown>,
    ) -> Result<(Answer<P>, Option<Unshown>), String> {
        let printed = String::from_utf8_lossy(&ended.output).into_owned();
        let (outcome, unshown) = self.patterns.claims(instance, Left { printed, solution })?;
        let answer = Answer {
            family: self.family,
            wall_s: ended.wall.as_secs_f64(),
            cpu_s: ended.usage.cpu_s,
            peak_rss_bytes: None,
            trajectory: Vec::new(),
            outcome,
        };
        Ok((answer, unshown))
    }
}

/// The file of the solution in the folder of a run.
fn solution(folder: &Path) -> PathBuf {
    folder.join("solution")
}

/// What a command that tells a version prints first.
pub(super) fn version(words: &[OsString], limit: Duration) -> Result<String, String> {
    let limits = Limits {
        wall_s: limit.as_secs_f64(),
        cpu_s: None,
        memory_bytes: None,
        work: None,
        threads: 1,
    };
    let text = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let ended = process::run(job(words, &[]), &limits, &Interrupt::default())
        .map_err(|error| format!("cannot start `{text}`: {error}"))?;
    let printed = String::from_utf8_lossy(&ended.output);
    let readable = |line: &str| -> String {
        let signs = line.chars().filter(|sign| !sign.is_control()).take(VERSION_KEPT);
        signs.collect::<String>().trim().to_owned()
    };
    let mut lines = printed.lines().chain(ended.errors.lines()).map(readable);
    let ending = match (ended.stop, ended.exit) {
        (None, Exit::Code(0)) => {
            let first = lines.find(|line| !line.is_empty());
            return first.ok_or_else(|| format!("`{text}` printed nothing"));
        }
        (Some(Stop::Output), _) => "printed too much".to_owned(),
        (Some(_), _) => format!("took longer than {} s", limit.as_secs()),
        (None, Exit::Code(code)) => format!("exited with code {code}"),
        (None, Exit::Signal(signal)) => format!("was ended by signal {signal}"),
    };
    let last = lines.rfind(|line| !line.is_empty());
    let last = last.unwrap_or_else(|| "and said nothing".to_owned());
    Err(format!("`{text}` {ending}: {last}"))
}

fn job(words: &[OsString], cores: &[usize]) -> Job {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    Job { command, request: Vec::new(), is_ours: false, cores: cores.to_owned() }
}
