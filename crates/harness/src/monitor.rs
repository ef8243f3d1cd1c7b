//! Watching an experiment.

use std::fmt;
use std::io::{IsTerminal, Write as _, stderr};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use vmpack_check::Verdict;
use vmpack_results::Record;

/// Hears how an experiment gets on, from several threads.
pub trait Monitor: Sync {
    /// `finished` of `planned` runs are in the store, and the others begin.
    fn started(&self, finished: u64, planned: u64);

    /// A run has been recorded.
    fn recorded(&self, record: &Record);

    /// Something worth a sentence.
    fn note(&self, sentence: &str);

    /// No more runs are started.
    fn ended(&self);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Monitor for Quiet {
    fn started(&self, _finished: u64, _planned: u64) {}
    fn recorded(&self, _record: &Record) {}
    fn note(&self, _sentence: &str) {}
    fn ended(&self) {}
}

/// Writes to standard error: a progress bar if it is a terminal, else one line per run. Wrong answers
/// get a line in either case.
pub struct Terminal {
    bar: Option<ProgressBar>,
    finished: AtomicU64,
    planned: AtomicU64,
}

impl Default for Terminal {
    fn default() -> Self {
        let bar = ProgressBar::no_length();
        let shown = stderr().is_terminal() && !bar.is_hidden();
        Self { bar: shown.then_some(bar), finished: 0.into(), planned: 0.into() }
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("bar", &self.bar.is_some()).finish_non_exhaustive()
    }
}

impl Monitor for Terminal {
    fn started(&self, finished: u64, planned: u64) {
        self.finished.store(finished, Ordering::Relaxed);
        self.planned.store(planned, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            let style = "{bar:32} {pos}/{len} runs, {elapsed} elapsed, about {eta} to go  {msg}";
            bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
            bar.set_length(planned);
            bar.set_position(finished);
            // What earlier sessions finished says nothing about the speed of this one.
            bar.reset_eta();
        }
    }

    fn recorded(&self, record: &Record) {
        let finished = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
        let Some(bar) = &self.bar else {
            let planned = self.planned.load(Ordering::Relaxed);
            tell(format_args!("[{finished}/{planned}] {}", line(record)));
            return;
        };
        bar.inc(1);
        bar.set_message(format!("{} on {}", record.method, record.instance));
        if record.is_wrong() {
            bar.println(line(record));
        }
    }

    fn note(&self, sentence: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(sentence)),
            None => tell(sentence),
        }
    }

    fn ended(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Prints a line to standard error. Whoever reads it may be gone, as a closed pipe or a full disk is: what is being done goes
/// on without.
pub fn tell(line: impl fmt::Display) {
    let _ = writeln!(stderr(), "{line}");
}

/// What one run came to, in one line.
fn line(record: &Record) -> String {
    let Record { method, instance, termination, answer, measurement, .. } = record;
    let seconds = measurement.wall_s;
    let result = match answer {
        None => termination.name().to_owned(),
        Some(answer) if answer.judgement.verdict.is_wrong() => {
            format!("WRONG: {}", answer.judgement.verdict)
        }
        Some(answer) if matches!(answer.judgement.verdict, Verdict::Unverifiable { .. }) => {
            answer.judgement.verdict.to_string()
        }
        Some(answer) => match answer.judgement.cost {
            Some(cost) => format!("{} {cost}", answer.status),
            None => answer.status.to_string(),
        },
    };
    format!("{method} on {instance}: {result} ({seconds:.3} s)")
}
