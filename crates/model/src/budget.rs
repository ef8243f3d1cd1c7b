//! What a method may spend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a method may spend: time, work, memory and threads, with the seed of its random choices.
///
/// A method looks at [`Budget::exhausted`] often enough to stop within a fraction of a second of the
/// deadline, and returns the best answer it has. The same seed and the same *work* limit give the same
/// answer on any machine; a time limit alone cannot promise that.
#[derive(Clone, Debug)]
pub struct Budget {
    started: Instant,
    deadline: Option<Instant>,
    work_limit: Option<u64>,
    memory_limit: Option<u64>,
    threads: usize,
    seed: u64,
    stop: Arc<AtomicBool>,
    /// Nanoseconds, as last reported; `u64::MAX` if nobody does.
    cpu_left: Arc<AtomicU64>,
}

impl Default for Budget {
    /// No limit, one thread, seed 0.
    fn default() -> Self {
        Self {
            started: Instant::now(),
            deadline: None,
            work_limit: None,
            memory_limit: None,
            threads: 1,
            seed: 0,
            stop: Arc::default(),
            cpu_left: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }
}

impl Budget {
    /// Stops the method `limit` after now.
    #[must_use]
    pub fn with_time(mut self, limit: Duration) -> Self {
        self.started = Instant::now();
        self.deadline = self.started.checked_add(limit);
        self
    }

    /// Stops the method after `limit` units of its own work (nodes, labels, iterations: its page says).
    #[must_use]
    pub fn with_work(mut self, limit: u64) -> Self {
        self.work_limit = Some(limit);
        self
    }

    /// Tells the method how many bytes it may hold, so that it can refuse a table that would not fit.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Allows `threads` threads; zero counts as one.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Sets the seed of every random choice.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// When the clock of this budget was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The moment after which no more work may be done.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time that remains, of CPU time too where somebody reports it; `None` without a limit, zero when it has
    /// passed.
    pub fn remaining(&self) -> Option<Duration> {
        let wall = self.deadline.map(|at| at.saturating_duration_since(Instant::now()));
        wall.into_iter().chain(self.cpu_remaining()).min()
    }

    /// The CPU time that remains, as it was reported last; `None` if nobody does.
    pub fn cpu_remaining(&self) -> Option<Duration> {
        match self.cpu_left.load(Ordering::Relaxed) {
            u64::MAX => None,
            left => Some(Duration::from_nanos(left)),
        }
    }

    /// The limit on the method's own work.
    pub fn work_limit(&self) -> Option<u64> {
        self.work_limit
    }

    /// The limit on memory, in bytes.
    pub fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// The number of threads allowed, at least one.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The seed of every random choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A flag that asks the method to stop once it is set, from any thread.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Where whoever limits CPU time reports how many nanoseconds of it are left, from time to time, so that methods can
    /// share them out. To end the search is the part of [`Budget::stop_flag`].
    pub fn cpu_left(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.cpu_left)
    }

    /// Whether the time is over or somebody asked to stop. Reads the clock: call it every few
    /// microseconds of work at most.
    pub fn exhausted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Whether the time is over, somebody asked to stop, or `work` units have used up the work limit.
    pub fn exhausted_after(&self, work: u64) -> bool {
        self.work_limit.is_some_and(|limit| work >= limit) || self.exhausted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_by_time_work_and_flag() {
        assert!(!Budget::default().exhausted());
        assert!(Budget::default().with_time(Duration::ZERO).exhausted());
        assert!(Budget::default().with_work(5).exhausted_after(5));
        assert!(!Budget::default().with_work(5).exhausted_after(4));
        let budget = Budget::default();
        budget.clone().stop_flag().store(true, Ordering::Relaxed);
        assert!(budget.exhausted(), "clones share the flag");
    }

    #[test]
    fn the_scarcer_time_remains() {
        assert_eq!(Budget::default().remaining(), None);
        let budget = Budget::default().with_time(Duration::from_secs(1000));
        budget.clone().cpu_left().store(5_000_000_000, Ordering::Relaxed);
        assert_eq!(budget.remaining(), Some(Duration::from_secs(5)));
        let less = budget.clone().with_time(Duration::from_secs(2));
        assert!(less.remaining().is_some_and(|left| left <= Duration::from_secs(2)));
        assert!(!budget.exhausted(), "whoever limits it sets the flag");
    }
}
