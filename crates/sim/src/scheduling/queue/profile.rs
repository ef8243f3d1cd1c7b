//! What is free over time, by a plan.

use std::collections::VecDeque;

use super::super::job::Amounts;
use super::{fits, give, take};

/// Free amounts from each time on to the next; the last holds forever.
pub(super) struct Profile {
    steps: VecDeque<(u64, Amounts)>,
}

impl Profile {
    /// All is free.
    pub(super) fn new(capacity: &Amounts) -> Self {
        Self { steps: VecDeque::from([(0, *capacity)]) }
    }

    /// Forgets what was before.
    pub(super) fn advance(&mut self, now: u64) {
        while self.steps.get(1).is_some_and(|&(time, _)| time <= now) {
            self.steps.pop_front();
        }
        self.steps[0].0 = now;
    }

    /// The earliest time from now on at which so much is free for so long, or for an instant if it takes no time.
    pub(super) fn earliest(&self, asked: &Amounts, length: u64) -> Option<u64> {
        let mut start = None;
        for &(time, free) in &self.steps {
            if start.is_some_and(|start| time >= start + length.max(1)) {
                return start;
            }
            if !fits(asked, &free) {
                start = None;
            } else if start.is_none() {
                start = Some(time);
            }
        }
        start
    }

    /// The earliest time before `start` to which so much that is taken from `start` on for so long can be moved. Only what
    /// is free before `start` matters: from then on it has its own place.
    pub(super) fn earlier(&self, asked: &Amounts, length: u64, start: u64) -> Option<u64> {
        let mut earlier = None;
        for &(time, free) in self.steps.iter().take_while(|&&(time, _)| time < start) {
            if earlier.is_some_and(|earlier| time >= earlier + length.max(1)) {
                break;
            }
            if !fits(asked, &free) {
                earlier = None;
            } else if earlier.is_none() {
                earlier = Some(time);
            }
        }
        earlier
    }

    /// The most of each resource that is free at some time in a span, which does not begin before now.
    pub(super) fn most(&self, from: u64, to: u64) -> Amounts {
        let first = self.steps.partition_point(|&(time, _)| time <= from).max(1) - 1;
        let span = self.steps.range(first..).take_while(|&&(time, _)| time < to);
        span.fold([0; 2], |most: Amounts, (_, free)| [most[0].max(free[0]), most[1].max(free[1])])
    }

    /// Takes an amount from a time on for so long.
    pub(super) fn take(&mut self, asked: &Amounts, from: u64, to: u64) {
        self.between(from, to, |free| take(free, asked));
    }

    /// Gives an amount back from a time on for so long.
    pub(super) fn give(&mut self, asked: &Amounts, from: u64, to: u64) {
        self.between(from, to, |free| give(free, asked));
    }

    fn between(&mut self, from: u64, to: u64, change: impl Fn(&mut Amounts)) {
        if from >= to {
            return;
        }
        let (first, last) = (self.cut(from), self.cut(to));
        self.steps.range_mut(first..last).for_each(|(_, free)| change(free));
        self.join(last);
        self.join(first);
    }

    /// Makes a step begin then; which it is.
    fn cut(&mut self, time: u64) -> usize {
        let at = self.steps.partition_point(|&(step, _)| step < time);
        if self.steps.get(at).is_none_or(|&(step, _)| step != time) {
            let before = self.steps[at - 1].1;
            self.steps.insert(at, (time, before));
        }
        at
    }

    /// Drops a step that is none.
    fn join(&mut self, at: usize) {
        if at > 0 && self.steps[at].1 == self.steps[at - 1].1 {
            self.steps.remove(at);
        }
    }
}
