//! Runs of the same in two stores.

use std::cmp::Ordering;

use super::run::{Asked, Mentioned, Run};

/// Runs of the same, repetitions of it each.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) old: &'a [Run],
    pub(super) new: &'a [Run],
}

impl Pair<'_> {
    pub(super) fn asked(&self) -> Asked {
        self.old[0].asked
    }
}

/// Sorts the runs of both stores by method, instance and seed, those of the same as they were.
pub(super) fn sort(mentioned: &Mentioned, stores: [&mut Vec<Run>; 2]) -> Order {
    let order = Order { ranks: mentioned.ranks() };
    for runs in stores {
        runs.sort_by(|a, b| order.of(a, b));
    }
    order
}

/// The order of runs by what they were asked.
pub(super) struct Order {
    ranks: Vec<u32>,
}

impl Order {
    fn of(&self, a: &Run, b: &Run) -> Ordering {
        let rank = |text: u32| self.ranks[text as usize];
        let key = |run: &Run| {
            let Asked { method, instance, seed, settings } = run.asked;
            (rank(method), rank(instance), seed, rank(settings))
        };
        key(a).cmp(&key(b))
    }
}

/// The pairs of two sorted stores, in their order, and the runs without a partner in the old and the new store.
pub(super) fn pairs<'a>(
    old: &'a [Run],
    new: &'a [Run],
    order: &Order,
) -> (Vec<Pair<'a>>, [Vec<&'a Run>; 2]) {
    let same = |a: &Run, b: &Run| a.asked == b.asked;
    let (mut old, mut new) = (old.chunk_by(same).peekable(), new.chunk_by(same).peekable());
    let (mut pairs, mut alone) = (Vec::new(), [Vec::new(), Vec::new()]);
    loop {
        let next = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => order.of(&old[0], &new[0]),
        };
        let old = if next.is_le() { old.next() } else { None };
        let new = if next.is_ge() { new.next() } else { None };
        match (old, new) {
            (Some(old), Some(new)) => pairs.push(Pair { old, new }),
            (old, new) => {
                alone[0].extend(old.into_iter().flatten());
                alone[1].extend(new.into_iter().flatten());
            }
        }
    }
    (pairs, alone)
}
