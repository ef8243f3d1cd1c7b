//! What detectors make of failures: suspicions, right and wrong, and trust.

use std::collections::VecDeque;
use std::iter::Peekable;

use super::detector::{Detector, Intervals};
use super::heartbeat::Heartbeats;
use super::{Incident, Time};

/// What a detector says of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the host for failed.
    Suspect,
    /// It takes the host for sound again.
    Trust,
}

/// The verdicts of a detector over hosts that fail, in order of time, until an end.
///
/// Heartbeats are not gone through one by one: from loss to loss, and only where enough are lost in a row for a
/// suspicion, or a host has failed. The verdicts are those of going through all (which a test does). A host-day takes time
/// by its losses and failures; with phi accrual, where one loss may matter, up to that of its heartbeats, some
/// nanoseconds each.
///
/// A host that comes back before anybody noticed tells so by its first heartbeat: it is suspected and trusted then.
#[derive(Debug)]
pub struct Detection<I: Iterator<Item = (Time, Incident)>> {
    incidents: Peekable<I>,
    detector: Detector,
    /// Suspicions begin only after so many losses in a row.
    losses: u64,
    watches: Vec<Watch>,
    /// Until when verdicts are known.
    now: Time,
    end: Time,
    /// How far verdicts are worked out at once.
    stride: Time,
    known: VecDeque<(Time, usize, Verdict)>,
    /// Room for verdicts of a stride.
    found: Vec<(Time, usize, Verdict)>,
}

impl<I: Iterator<Item = (Time, Incident)>> Detection<I> {
    /// Watches so many hosts, which befall these incidents, until an end.
    pub fn new(incidents: I, hosts: usize, detector: Detector, seed: u64, end: Time) -> Self {
        let watch = |host| Watch::new(Heartbeats::new(detector.network, host, seed));
        Self {
            incidents: incidents.peekable(),
            detector,
            losses: detector.losses_that_matter(),
            watches: (0..hosts).map(watch).collect(),
            now: 0,
            end,
            stride: (4096 * detector.network.every).max(1),
            known: VecDeque::new(),
            found: Vec::new(),
        }
    }

    /// Goes through all heartbeats.
    #[cfg(test)]
    fn thorough(self) -> Self {
        Self { losses: 0, ..self }
    }

    /// Works out the verdicts of the next stride.
    fn advance(&mut self) {
        let until = self.now.saturating_add(self.stride).min(self.end);
        while let Some((time, incident)) = self.incidents.next_if(|&(time, _)| time < until) {
            match incident {
                Incident::Fail { host } => {
                    self.listen(host, time);
                    self.watches[host].fail(time);
                }
                Incident::Repair { host } => {
                    self.listen(host, time);
                    self.watches[host].repair(time);
                }
                Incident::Slow { .. } => {}
            }
        }
        for host in 0..self.watches.len() {
            self.listen(host, until);
        }
        // Stable: verdicts on one host stay in their order.
        self.found.sort_by_key(|&(time, host, _)| (time, host));
        self.known.extend(self.found.drain(..));
        self.now = until;
    }

    fn listen(&mut self, host: usize, until: Time) {
        let found = &mut self.found;
        let mut tell = |time, verdict| found.push((time, host, verdict));
        self.watches[host].listen(&self.detector, self.losses, until, &mut tell);
    }
}

impl<I: Iterator<Item = (Time, Incident)>> Iterator for Detection<I> {
    /// When, which host, and what is said of it.
    type Item = (Time, usize, Verdict);

    fn next(&mut self) -> Option<Self::Item> {
        while self.known.is_empty() && self.now < self.end {
            self.advance();
        }
        self.known.pop_front()
    }
}

/// What a detector knows of one host.
#[derive(Clone, Debug)]
struct Watch {
    heartbeats: Heartbeats,
    /// Numbers of the heartbeats that the host sends between failures, `first..end`.
    spans: VecDeque<(u64, u64)>,
    /// The next heartbeat to listen for.
    next: u64,
    /// Whether none has arrived since the host came back.
    is_new: bool,
    /// The number after the last one that arrived.
    heard: u64,
    /// When that arrived; at first the start.
    last: Time,
    suspected: bool,
    /// The last intervals, up to the heartbeat before `counted`.
    intervals: Intervals,
    counted: u64,
}

impl Watch {
    fn new(heartbeats: Heartbeats) -> Self {
        Self {
            heartbeats,
            spans: VecDeque::from([(0, u64::MAX)]),
            next: 0,
            is_new: false,
            heard: 0,
            last: 0,
            suspected: false,
            intervals: Intervals::default(),
            counted: 0,
        }
    }

    fn fail(&mut self, time: Time) {
        if let Some(span) = self.spans.back_mut() {
            span.1 = self.heartbeats.first_from(time).max(span.0);
        }
    }

    fn repair(&mut self, time: Time) {
        self.spans.push_back((self.heartbeats.first_from(time), u64::MAX));
    }

    /// Tells of all verdicts before a time, up to which the failures are known.
    fn listen(
        &mut self,
        detector: &Detector,
        losses: u64,
        until: Time,
        tell: &mut impl FnMut(Time, Verdict),
    ) {
        loop {
            let coming = self.coming(losses, until);
            // Most of the time the next heartbeat comes long before the detector loses its patience.
            let may_be_late = self.heard == 0
                || self.is_new
                || coming.is_none_or(|(number, _)| number - self.next >= losses);
            if may_be_late && !self.suspected {
                let suspicion = self.last + self.patience(detector);
                if suspicion < coming.map_or(until, |(_, time)| time.min(until)) {
                    self.suspected = true;
                    tell(suspicion, Verdict::Suspect);
                }
            }
            let Some((number, time)) = coming.filter(|&(_, time)| time < until) else { break };
            if self.is_new {
                if !self.suspected {
                    tell(time, Verdict::Suspect);
                    self.suspected = true;
                }
                self.is_new = false;
                self.intervals.clear();
                self.counted = number;
            }
            if std::mem::replace(&mut self.suspected, false) {
                tell(time, Verdict::Trust);
            }
            self.hear(number, time);
        }
        self.heartbeats.forget(self.heard, 2 * detector.window() + 2);
    }

    fn hear(&mut self, number: u64, time: Time) {
        (self.next, self.heard, self.last) = (number + 1, number + 1, time);
    }

    /// The next heartbeat that arrives, and when; `None` if the host sends no more before it is repaired. Those before a
    /// time that only confirm that it works are heard on the way.
    fn coming(&mut self, losses: u64, until: Time) -> Option<(u64, Time)> {
        loop {
            let &(_, end) = self.spans.front()?;
            let number = self.heartbeats.delivered_from(self.next);
            if number >= end {
                let &(first, _) = self.spans.get(1)?;
                self.spans.pop_front();
                (self.next, self.is_new) = (first, true);
                continue;
            }
            if losses > 0 && !self.is_new && !self.suspected && number - self.next < losses {
                let arrived = self.heartbeats.arrived_before(until).min(end);
                let run = self.heartbeats.run_of_losses(number, arrived, losses);
                if run > number + 1 {
                    let quiet = self.heartbeats.delivered_until(number, run - 1)?;
                    let time = self.heartbeats.arrival(quiet);
                    self.hear(quiet, time);
                    continue;
                }
            }
            return Some((number, self.heartbeats.arrival(number)));
        }
    }

    /// The silence that the detector bears now.
    fn patience(&mut self, detector: &Detector) -> Time {
        let window = detector.window();
        if window > 0 {
            self.count(window);
        }
        detector.timeout(&self.intervals)
    }

    /// Gets the last intervals up to date.
    fn count(&mut self, window: usize) {
        if self.heard - self.counted > 2 * window as u64 {
            // All that matter are younger than what was counted.
            self.intervals.clear();
            let (mut left, mut number) = (window, self.heard - 1);
            while left > 0 && number > self.counted {
                number -= 1;
                left -= usize::from(self.heartbeats.delivered_from(number) == number);
            }
            self.counted = number;
        }
        loop {
            let number = self.heartbeats.delivered_from(self.counted);
            if number >= self.heard {
                break;
            }
            // Draws in their order are cheap, and going back for the last one is not.
            let is_last = number + 1 == self.heard;
            let time = if is_last { self.last } else { self.heartbeats.arrival(number) };
            self.intervals.push(time, window);
            self.counted = number + 1;
        }
        self.counted = self.heard;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::super::{Failures, Process};
    use super::*;

    const DAY: Time = 86_400_000;

    fn process(failures: &str, hosts: usize) -> impl Iterator<Item = (Time, Incident)> + Clone {
        Process::new(&Failures::parse(failures).unwrap(), &vec![0; hosts], 11)
    }

    fn watched(
        failures: &str,
        detector: &str,
        hosts: usize,
        end: Time,
    ) -> Detection<impl Iterator<Item = (Time, Incident)>> {
        let detector = Detector::parse(detector).unwrap();
        Detection::new(process(failures, hosts), hosts, detector, 2, end)
    }

    const NEVER: &str = "host:up=fixed:9999y,down=fixed:1h";

    #[test]
    fn passing_over_heartbeats_changes_nothing() {
        // Failures as short as a heartbeat and as long as hours; windows that are filled, and that are not.
        let failures = "host:up=exponential:20m,down=log-normal:1m:3";
        for detector in [
            "timeout:after=3s,jitter=900ms,delay=300ms,loss=0.2",
            "timeout:after=3s,loss=0",
            "timeout:after=1200ms,jitter=150ms,loss=0.01",
            "phi:threshold=3,window=20,loss=0.1,jitter=50ms",
            "phi:threshold=3,window=20,loss=0.001,jitter=600ms",
            "phi:threshold=8,window=300,loss=0.02,jitter=20ms,delay=2500ms,pause=1500ms",
            "phi:threshold=1,window=1,loss=0.3,deviation=300ms",
        ] {
            let lazy: Vec<_> = watched(failures, detector, 5, DAY).collect();
            let thorough: Vec<_> = watched(failures, detector, 5, DAY).thorough().collect();
            assert!(lazy.len() > 300, "{detector}: {}", lazy.len());
            assert_eq!(lazy, thorough, "{detector}");
            assert!(lazy.is_sorted_by_key(|&(time, ..)| time), "{detector}");
            for host in 0..5 {
                let mine = lazy.iter().filter(|&&(_, of, _)| of == host);
                let verdicts: Vec<Verdict> = mine.map(|&(_, _, verdict)| verdict).collect();
                assert!(verdicts.iter().step_by(2).all(|&of| of == Verdict::Suspect), "{detector}");
                assert!(verdicts.iter().skip(1).step_by(2).all(|&of| of == Verdict::Trust));
            }
        }
    }

    #[test]
    fn mistakes_are_as_frequent_as_runs_of_losses() {
        // Silence of 3.5 periods takes three losses in a row. A run of three or more begins with probability
        // (1 - p) p^3 at a heartbeat.
        let (hosts, days, loss) = (50, 10, 0.05_f64);
        let found = watched(NEVER, "timeout:after=3500ms,loss=0.05", hosts, days * DAY)
            .filter(|&(_, _, verdict)| verdict == Verdict::Suspect)
            .count() as f64;
        let expected = hosts as f64 * (days * DAY / 1000) as f64 * (1.0 - loss) * loss.powi(3);
        // Five standard deviations.
        assert!((found - expected).abs() < 5.0 * expected.sqrt(), "{found}, expected {expected}");
    }

    #[test]
    fn a_failure_is_noticed_a_timeout_after_the_last_heartbeat() {
        // No loss, no jitter: the last heartbeat was sent up to a period before the failure.
        let failures = "host:up=exponential:2d,down=fixed:1h";
        let (hosts, end) = (200, 100 * DAY);
        let mut failed: Vec<VecDeque<Time>> = vec![VecDeque::new(); hosts];
        for (time, incident) in process(failures, hosts).take_while(|&(time, _)| time < end) {
            if let Incident::Fail { host } = incident {
                failed[host].push_back(time);
            }
        }
        let mut delays = Vec::new();
        for (time, host, verdict) in watched(failures, "timeout:after=10s,delay=40ms", hosts, end) {
            if verdict == Verdict::Suspect {
                delays.push(time - failed[host].pop_front().expect("there are no mistakes"));
            }
        }
        assert!(delays.len() > 8000, "{}", delays.len());
        let (least, most) = (*delays.iter().min().unwrap(), *delays.iter().max().unwrap());
        assert!(least >= 9040 && most <= 10_040, "{least} {most}");
        let mean = delays.iter().sum::<Time>() as f64 / delays.len() as f64;
        assert!((mean - 9540.0).abs() < 20.0, "{mean}");
    }

    #[test]
    fn a_higher_threshold_makes_fewer_mistakes_and_notices_later() {
        let count = |threshold: u32| {
            let detector = format!("phi:threshold={threshold},window=100,jitter=300ms,loss=0.01");
            let mistakes = watched(NEVER, &detector, 10, DAY).count();
            let noticed = watched("host:up=fixed:1h,down=fixed:9999y", &detector, 50, DAY / 20);
            let noticed = noticed.filter(|&(time, ..)| time >= 3_600_000);
            (mistakes, noticed.map(|(time, ..)| time).sum::<Time>())
        };
        let (high, low) = (count(12), count(3));
        assert!(high.0 < low.0 / 2 && high.1 > low.1, "{high:?} {low:?}");
    }

    #[test]
    fn a_host_that_is_back_at_once_is_not_missed() {
        let incidents =
            [(5_000_500, Incident::Fail { host: 0 }), (5_000_501, Incident::Repair { host: 0 })];
        let detector = Detector::parse("timeout:after=10s").unwrap();
        let verdicts: Vec<_> = Detection::new(incidents.into_iter(), 1, detector, 3, DAY).collect();
        let [(suspected, 0, Verdict::Suspect), (trusted, 0, Verdict::Trust)] = verdicts[..] else {
            panic!("{verdicts:?}");
        };
        assert_eq!(suspected, trusted);
        assert!((5_000_500..5_001_510).contains(&suspected), "{suspected}");
    }
}
