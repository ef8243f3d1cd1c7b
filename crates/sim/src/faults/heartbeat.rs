//! Heartbeats: when a host sends them, which are lost, and when the others arrive.

use std::collections::VecDeque;

use super::Time;
use crate::arrivals::random::{Component, Stream};

/// What heartbeats go through; times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// The period of heartbeats.
    pub every: Time,
    /// The least time that one is under way.
    pub delay: Time,
    /// How much longer it may take, each delay equally likely; less than the period, so that none overtakes another.
    pub jitter: Time,
    /// The probability that one is lost.
    pub loss: f64,
}

/// The heartbeats of a host by number, as if it never failed: number `i` is sent a phase and `i` periods after the
/// start.
///
/// Which are lost is drawn from loss to loss, and how late one is can be asked of any of them alone: what lies
/// between costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Heartbeats {
    network: Network,
    phase: Time,
    jitter: Stream,
    losses: Stream,
    /// Those lost, in increasing order, as far as they are needed; the last one was not asked about yet.
    lost: VecDeque<u64>,
}

impl Heartbeats {
    pub(super) fn new(network: Network, host: usize, seed: u64) -> Self {
        let mut losses = Stream::numbered(Component::Losses, host, seed);
        let phase = losses.below(network.every);
        let jitter = Stream::numbered(Component::Jitter, host, seed);
        let mut heartbeats = Self { network, phase, jitter, losses, lost: VecDeque::new() };
        let first = heartbeats.distance() - 1;
        heartbeats.lost.push_back(first);
        heartbeats
    }

    /// From one loss to the next: geometric.
    fn distance(&mut self) -> u64 {
        if self.network.loss <= 0.0 {
            return u64::MAX;
        }
        let stay = libm::log1p(-self.network.loss);
        1 + (-self.losses.exponential() / stay).min(1e18) as u64
    }

    /// Gets to know all that are lost up to a number.
    fn know(&mut self, number: u64) {
        while let Some(&last) = self.lost.back().filter(|&&last| last <= number) {
            let next = last.saturating_add(self.distance());
            self.lost.push_back(next);
        }
    }

    /// The first one that is not sent before a time.
    pub(super) fn first_from(&self, time: Time) -> u64 {
        time.saturating_sub(self.phase).div_ceil(self.network.every)
    }

    /// When one arrives that is not lost.
    pub(super) fn arrival(&mut self, number: u64) -> Time {
        let late = self.jitter.below_at(number, self.network.jitter as u32 + 1);
        self.phase + number * self.network.every + self.network.delay + Time::from(late)
    }

    /// The number of heartbeats that have surely arrived before a time unless they are lost.
    pub(super) fn arrived_before(&self, time: Time) -> u64 {
        self.first_from(time.saturating_sub(self.network.delay + self.network.jitter))
    }

    /// The first one from a number on that is not lost.
    pub(super) fn delivered_from(&mut self, mut number: u64) -> u64 {
        loop {
            self.know(number);
            if self.lost.binary_search(&number).is_err() {
                return number;
            }
            number += 1;
        }
    }

    /// The last one up to a number, from `first` on, that is not lost.
    pub(super) fn delivered_until(&mut self, first: u64, mut number: u64) -> Option<u64> {
        self.know(number);
        while number > first && self.lost.binary_search(&number).is_ok() {
            number -= 1;
        }
        self.lost.binary_search(&number).is_err().then_some(number)
    }

    /// Of the numbers from `first` on and before `end`, the first from which so many in a row are lost; `end` if there
    /// is none.
    pub(super) fn run_of_losses(&mut self, first: u64, end: u64, length: u64) -> u64 {
        self.know(end.saturating_add(length));
        let mut at = self.lost.partition_point(|&lost| lost < first);
        while let Some(&start) = self.lost.get(at).filter(|&&start| start < end) {
            let mut last = start;
            while self.lost.get(at + 1).is_some_and(|&next| next - last == 1) {
                (at, last) = (at + 1, last + 1);
            }
            if last - start + 1 >= length {
                return start;
            }
            at += 1;
        }
        end
    }

    /// Forgets losses so long ago that more than `kept` heartbeats were delivered between them and a number.
    pub(super) fn forget(&mut self, number: u64, kept: usize) {
        let reach = |lost: &VecDeque<u64>| (lost.len() + kept) as u64;
        while self.lost.front().is_some_and(|&f| f.saturating_add(reach(&self.lost)) < number) {
            self.lost.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_as_frequent_as_said_and_found_from_either_side() {
        let network = Network { every: 1000, delay: 20, jitter: 300, loss: 0.2 };
        let mut heartbeats = Heartbeats::new(network, 4, 1);
        heartbeats.know(100_000);
        let lost: Vec<bool> =
            (0..100_000).map(|number| heartbeats.lost.binary_search(&number).is_ok()).collect();
        let share = lost.iter().filter(|&&lost| lost).count() as f64 / 1e5;
        assert!((share - 0.2).abs() < 0.006, "{share}");
        for number in 50..2000_usize {
            let next = (number..5000).find(|&at| !lost[at]).expect("one arrives");
            let last = (40..=number).rev().find(|&at| !lost[at]).expect("one arrives");
            assert_eq!(heartbeats.delivered_from(number as u64), next as u64);
            assert_eq!(heartbeats.delivered_until(40, number as u64), Some(last as u64));
            for length in 1..4 {
                let run = (number..5000).find(|&at| {
                    // A run that began before is cut off there.
                    (at == number || !lost[at - 1])
                        && lost[at..at + length].iter().all(|&lost| lost)
                });
                let found = heartbeats.run_of_losses(number as u64, 5000, length as u64);
                assert_eq!(found, run.unwrap_or(5000) as u64, "{number} {length}");
            }
        }
        let late: Vec<Time> = (0..1000)
            .map(|number| heartbeats.arrival(number) - heartbeats.phase - number * 1000)
            .collect();
        assert!(late.iter().all(|late| (20..=320).contains(late)));
        assert!(late.iter().any(|&late| late < 40) && late.iter().any(|&late| late > 300));
    }
}
