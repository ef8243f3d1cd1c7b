//! What a search looks for, how long, and how it ended.

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every pattern above the cutoff was seen.
    Exhausted,
    /// The steps ran out, or somebody else stopped it; no unseen pattern is worth more.
    Cut(i64),
}

/// What a search looks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    /// The cutoff of the start.
    pub(super) floor: i64,
    /// The most valuable pattern so far, or the floor.
    pub(super) best: i64,
    /// Only patterns worth more are looked for now.
    pub(super) cutoff: i64,
    /// How many patterns below the best may still be noted.
    pub(super) slack: u32,
}

impl Goal {
    /// Takes note of a pattern above the cutoff. While there is slack, patterns stay of interest that
    /// exceed the floor by half as much as the best: they differ more than a chain of ever better ones.
    pub(super) fn reach(&mut self, value: i64) {
        self.slack = self.slack.saturating_sub(1);
        self.best = self.best.max(value);
        let excess = if self.slack > 0 { (self.best - self.floor) / 2 } else { 0 };
        self.cutoff = self.cutoff.max(self.best - excess);
    }
}

/// The limits of one search.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    /// Only patterns worth more are of interest.
    pub(super) cutoff: i64,
    pub(super) steps: u64,
    /// Once a pattern is found the search may take so many steps in all, or twice those up to there.
    pub(super) patience: u64,
    /// How many patterns other than the best are wanted.
    pub(super) slack: u32,
    pub(super) stop: &'a dyn Fn() -> bool,
}
