//! How tests judge time on machines that may be slow, and busy with other things. Tests of other crates include this file.
//!
//! Seconds on the wall are no measure of what a program does: it may have no core for most of them. So what must end soon
//! is judged by its CPU time, what must come about is waited for with much patience, and what must come about within a limit is
//! given ever higher ones.

#![allow(dead_code, reason = "whoever includes this file uses what it needs of it")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// How long something may take on the wall that takes seconds: none of it is spent where all goes well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// Waits until something holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What comes of the first limit in seconds, of one and ever higher ones up to a minute, within which it comes about.
#[track_caller]
pub(crate) fn given_time<T>(seconds: f64, attempt: impl FnMut(f64) -> Option<T>) -> T {
    let higher = |limit: &f64| (limit * 4.0 < 60.0).then_some(limit * 4.0);
    let mut limits = std::iter::successors(Some(seconds), higher);
    limits.find_map(attempt).expect("it comes about within the highest limit")
}

/// What comes of the first attempt that succeeds: a machine may hold one up at the wrong moment, but not each of twenty.
#[track_caller]
pub(crate) fn in_one_of_many<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    (0..20).find_map(|_| attempt()).expect("one of twenty attempts succeeds")
}

/// What work returns, and the CPU time of this thread for it, to a hundredth of a second. What other threads do for it counts
/// on the wall alone, which is patient.
#[track_caller]
pub(crate) fn cpu_time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (started, before) = (Instant::now(), thread_cpu());
    let result = work();
    let (after, wall) = (thread_cpu(), started.elapsed());
    assert!(wall < PATIENCE, "it took {wall:?}");
    let used = before.zip(after).map_or(wall, |(before, after)| after.saturating_sub(before));
    (result, used)
}

/// The CPU time of this thread; `None` where the system does not tell.
fn thread_cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/stat").ok()?;
    // Behind the name in brackets the state is the first field, and time in user and kernel mode the twelfth and thirteenth, in
    // hundredths of a second.
    let (_, fields) = text.rsplit_once(") ")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_millis(10 * ticks))
}
