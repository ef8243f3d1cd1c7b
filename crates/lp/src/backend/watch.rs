//! Deadlines and requests to stop for solvers that do not keep them by themselves.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{Limits, Progress};

/// How a watched solve ended.
pub(super) enum Watched<T> {
    /// It returned.
    Done(T),
    /// It did not return in time. Its thread is left behind and ends with the process.
    Late,
    /// It panicked.
    Panicked,
}

/// Tells the watching thread of progress.
pub(super) type Report = Box<dyn Fn(Progress) + Send + Sync>;

enum Message<T> {
    Progress(Progress),
    Done(T),
}

/// Solvers keep elimination trees and rows on the stack; as much as a main thread has.
const STACK_BYTES: usize = 8 << 20;

/// How often the request to stop is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs a solver on a thread of its own, hands on what it reports, and leaves it behind when it is late
/// by more than `grace`.
///
/// # Errors
/// When the system has no thread to give.
pub(super) fn watch<T: Send + 'static>(
    limits: &Limits,
    grace: Duration,
    on_progress: &mut dyn FnMut(Progress),
    solve: impl FnOnce(Report) -> T + Send + 'static,
) -> io::Result<Watched<T>> {
    let (sender, receiver) = channel();
    let progress = sender.clone();
    // Nobody listens any more once the solver is late.
    let report: Report = Box::new(move |news| _ = progress.send(Message::Progress(news)));
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || _ = sender.send(Message::Done(solve(report))))?;
    let mut late = limits.deadline.map(|deadline| deadline + grace);
    loop {
        let now = Instant::now();
        if limits.is_stopped() {
            let soon = now + grace;
            late = Some(late.map_or(soon, |late| late.min(soon)));
        }
        let wait = late.map_or(GLANCE, |late| late.saturating_duration_since(now).min(GLANCE));
        match receiver.recv_timeout(wait) {
            Ok(Message::Progress(news)) => on_progress(news),
            Ok(Message::Done(answer)) => return Ok(Watched::Done(answer)),
            Err(RecvTimeoutError::Timeout) if late.is_some_and(|late| Instant::now() >= late) => {
                return Ok(Watched::Late);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Watched::Panicked),
        }
    }
}
