//! Alarms: rules watched over samples as an operator sees them.

use std::collections::BTreeMap;

use super::detect::Detector;
use super::rule::Rule;
use crate::operation::Time;

/// What is measured or troubled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The cluster as a whole.
    Cluster,
    /// A host.
    Host(usize),
    /// A VM.
    Vm(usize),
}

/// An alarm from when it was raised until it was cleared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// The rule, by number.
    pub rule: usize,
    /// Of what.
    pub subject: Subject,
    /// When an operator heard of it.
    pub raised: Time,
    /// When an operator heard that it was over; `None` if it was not until the end.
    pub cleared: Option<Time>,
    /// The sample at which it was raised, in the unit of the metric.
    pub value: f64,
}

/// A rule as it watches every subject that has its metric.
#[derive(Debug)]
pub struct Watch {
    rule: Rule,
    number: usize,
    tracks: BTreeMap<Subject, Track>,
}

/// A rule and one subject.
#[derive(Debug)]
struct Track {
    detector: Detector,
    /// Since when it has been alarming at every sample.
    alarming: Option<Time>,
    /// Its alarm that is up, by number.
    alarm: Option<usize>,
    /// When its alarm was last raised or cleared.
    changed: Option<Time>,
    /// When it was last sampled.
    sampled: Time,
}

impl Watch {
    /// A rule, which is the so-manieth, before the first sample.
    pub fn new(rule: Rule, number: usize) -> Self {
        Self { rule, number, tracks: BTreeMap::new() }
    }

    /// Takes what is seen at a time, later than the last: one sample of every subject that has one. A subject without
    /// a sample is no longer alarming, and its statistic starts anew when it has one again; what has been learnt of it
    /// stays. Alarms are appended to a list, and cleared in it.
    pub fn see(
        &mut self,
        now: Time,
        samples: impl Iterator<Item = (Subject, f64)>,
        alarms: &mut Vec<Alarm>,
    ) {
        let (rule, number) = (&self.rule, self.number);
        for (subject, value) in samples {
            let track = self.tracks.entry(subject).or_insert_with(|| Track {
                detector: Detector::new(rule.statistic, rule.side),
                alarming: None,
                alarm: None,
                changed: None,
                sampled: now,
            });
            track.sampled = now;
            let statistic = track.detector.push(value);
            if statistic.is_some_and(|statistic| statistic >= rule.raise) {
                let since = *track.alarming.get_or_insert(now);
                if track.alarm.is_none() && now - since >= rule.lasting && track.may(rule, now) {
                    track.alarm = Some(alarms.len());
                    track.changed = Some(now);
                    alarms.push(Alarm { rule: number, subject, raised: now, cleared: None, value });
                }
                continue;
            }
            track.alarming = None;
            if statistic.is_none_or(|statistic| statistic < rule.clear) {
                track.clear(rule, now, alarms);
            }
        }
        self.tracks.retain(|subject, track| {
            if track.sampled < now {
                track.detector.restart();
                track.alarming = None;
                track.clear(rule, now, alarms);
            }
            // A VM that is not sampled has left for good.
            let has_left = track.sampled < now && matches!(subject, Subject::Vm(_));
            !has_left || track.alarm.is_some()
        });
    }
}

impl Track {
    /// Whether its last change is long enough ago.
    fn may(&self, rule: &Rule, now: Time) -> bool {
        self.changed.is_none_or(|changed| now - changed >= rule.hold)
    }

    fn clear(&mut self, rule: &Rule, now: Time, alarms: &mut [Alarm]) {
        if let Some(alarm) = self.alarm
            && self.may(rule, now)
        {
            alarms[alarm].cleared = Some(now);
            self.alarm = None;
            self.changed = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::monitoring::detect::{Baseline, Side, Statistic};
    use crate::monitoring::metric;

    fn threshold(raise: f64, clear: f64, lasting: Time, hold: Time) -> Rule {
        Rule {
            name: "rule".into(),
            metric: metric::named("host_cpu_wanted_ratio").expect("a metric"),
            tells: None,
            statistic: Statistic::Value,
            side: Side::Above,
            raise,
            clear,
            lasting,
            hold,
        }
    }

    /// When alarms are raised and cleared on samples of one host at 0, 10, 20, ...
    fn spans(rule: Rule, samples: &[Option<f64>]) -> Vec<(Time, Option<Time>)> {
        let mut watch = Watch::new(rule, 0);
        let mut alarms = Vec::new();
        for (k, sample) in samples.iter().enumerate() {
            let sample = sample.map(|value| (Subject::Host(3), value));
            watch.see(10 * k as Time, sample.into_iter(), &mut alarms);
        }
        alarms.iter().map(|alarm| (alarm.raised, alarm.cleared)).collect()
    }

    fn all(samples: &[f64]) -> Vec<Option<f64>> {
        samples.iter().copied().map(Some).collect()
    }

    #[test]
    fn thresholds_by_hand() {
        let load = all(&[0.5, 0.9, 0.95, 0.85, 0.9, 0.7, 0.9, 0.1]);
        assert_eq!(
            spans(threshold(0.9, 0.9, 0, 0), &load),
            [(10, Some(30)), (40, Some(50)), (60, Some(70))],
            "as the series crosses it"
        );
        assert_eq!(
            spans(threshold(0.9, 0.8, 0, 0), &load),
            [(10, Some(50)), (60, Some(70))],
            "0.85 is within the hysteresis"
        );
        assert_eq!(
            spans(threshold(0.9, 0.9, 10, 0), &load),
            [(20, Some(30))],
            "only once is it alarming at two samples"
        );
        assert_eq!(
            spans(threshold(0.9, 0.8, 0, 45), &load),
            [(10, Some(70))],
            "at 50 it has been up for 40"
        );
        assert_eq!(spans(threshold(0.9, 0.9, 0, 0), &load[..2]), [(10, None)]);
    }

    #[test]
    fn what_is_not_sampled_is_not_alarming() {
        let load = [Some(1.0), None, Some(1.0), Some(1.0), None];
        let lasting = threshold(0.9, 0.9, 10, 0);
        assert_eq!(spans(lasting, &load), [(30, Some(40))], "an absence begins the time anew");
    }

    #[test]
    fn vms_that_have_left_are_forgotten_when_their_alarms_are_cleared() {
        let mut watch = Watch::new(threshold(0.9, 0.9, 0, 15), 0);
        let mut alarms = Vec::new();
        let both = [(Subject::Vm(1), 1.0), (Subject::Vm(2), 0.0)];
        watch.see(0, both.into_iter(), &mut alarms);
        watch.see(10, [(Subject::Vm(3), 0.0)].into_iter(), &mut alarms);
        let left: Vec<Subject> = watch.tracks.keys().copied().collect();
        assert_eq!(left, [Subject::Vm(1), Subject::Vm(3)], "the alarm of the first is held");
        watch.see(20, std::iter::empty(), &mut alarms);
        assert!(watch.tracks.is_empty());
        assert_eq!(alarms.len(), 1);
        assert_eq!((alarms[0].raised, alarms[0].cleared), (0, Some(20)));
    }

    #[test]
    fn a_sum_starts_anew_after_an_absence_and_remembers_the_process() {
        let baseline = Baseline::Learnt { samples: 2, least_deviation: 1.0 };
        let rule = Rule {
            statistic: Statistic::Cusum { slack: 0.5, limit: 4.0, baseline },
            raise: 4.0,
            clear: 2.0,
            ..threshold(0.0, 0.0, 0, 0)
        };
        // Mean 0, deviation 1 after two samples; then each 2 adds 1.5, each 0 takes 0.5.
        let learn = [0.0, 0.0];
        let rise = all(&[&learn[..], &[2.0, 2.0, 2.0], &[0.0; 5]].concat());
        assert_eq!(spans(rule.clone(), &rise), [(40, Some(90))], "4 less 5 halves is below 2");
        let mut broken = rise.clone();
        broken[3] = None;
        assert_eq!(spans(rule, &broken), [], "1.5 are forgotten, 1.5 are not enough");
    }

    proptest! {
        /// Changes of an alarm are at least `hold` apart, an alarm that is raised has been alarming for `lasting`,
        /// and one that is cleared is at a sample below `clear`.
        #[test]
        fn alarms_keep_to_their_rule(
            samples in prop::collection::vec(prop::option::weighted(0.9, 0_u8..10), 1..120),
            raise in 3_u8..9, gap in 0_u8..3, lasting in 0_u64..40, hold in 0_u64..80,
        ) {
            let samples: Vec<Option<f64>> = samples.iter().map(|s| s.map(f64::from)).collect();
            let (raise, clear) = (f64::from(raise), f64::from(raise - gap));
            let spans = spans(threshold(raise, clear, lasting, hold), &samples);
            let changes: Vec<Time> =
                spans.iter().flat_map(|&(raised, cleared)| [Some(raised), cleared]).flatten().collect();
            for pair in changes.windows(2) {
                prop_assert!(pair[1] - pair[0] >= hold && pair[1] > pair[0]);
            }
            for (raised, cleared) in spans {
                let from = (raised - lasting.min(raised)).div_ceil(10) as usize;
                prop_assert!(raised >= lasting);
                prop_assert!(samples[from..=raised as usize / 10].iter().all(|s| s.is_some_and(|s| s >= raise)));
                if let Some(cleared) = cleared {
                    prop_assert!(samples[cleared as usize / 10].is_none_or(|s| s < clear));
                }
            }
        }
    }
}
