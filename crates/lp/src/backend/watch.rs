//! Deadlines for solvers that do not keep them by themselves.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How a watched solve ended.
pub(super) enum Watched<T> {
    /// It returned.
    Done(T),
    /// It did not return in time. Its thread is left behind and ends with the process.
    Late,
    /// It panicked.
    Panicked,
}

/// Solvers keep elimination trees and rows on the stack; as much as a main thread has.
const STACK_BYTES: usize = 8 << 20;

/// Runs a solver on a thread of its own and waits for at most `time`.
///
/// # Errors
/// When the system has no thread to give.
pub(super) fn watch<T: Send + 'static>(
    time: Option<Duration>,
    solve: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Watched<T>> {
    let (sender, receiver) = channel();
    thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        // Nobody listens any more once the time has passed.
        let _ = sender.send(solve());
    })?;
    let answer = match time {
        Some(time) => receiver.recv_timeout(time),
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    Ok(match answer {
        Ok(answer) => Watched::Done(answer),
        Err(RecvTimeoutError::Timeout) => Watched::Late,
        Err(RecvTimeoutError::Disconnected) => Watched::Panicked,
    })
}
