//! How well alarms tell of trouble.

use std::collections::BTreeMap;

use serde::Serialize;

use super::alarm::{Alarm, Subject};
use super::rule::Rule;
use super::truth::Episode;
use crate::operation::Time;

/// Milliseconds per day.
const DAY: f64 = 86_400_000.0;

/// What counts as telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long before trouble an alarm may be raised to tell of it, in milliseconds.
    pub horizon: Time,
    /// How long after the end of trouble: what operators cannot know earlier, its period and delay, in milliseconds.
    pub grace: Time,
    /// When the run ended.
    pub end: Time,
    /// The number of hosts.
    pub hosts: usize,
}

/// How well a rule tells of its trouble.
///
/// An alarm is *true* if it is up at some time from `horizon` before an episode of its subject until `grace` after it;
/// that episode is *detected*. An alarm of a host is on episodes of that host and its VMs, one of the cluster on all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The rule's name.
    pub rule: String,
    /// What it should tell of.
    pub tells: &'static str,
    /// Alarms that were raised.
    pub alarms: usize,
    /// Those that told of trouble.
    pub true_alarms: usize,
    /// Episodes of trouble.
    pub episodes: usize,
    /// Those that were told of.
    pub detected: usize,
    /// True alarms per alarm; `None` without alarms.
    pub precision: Option<f64>,
    /// Detected per episode; `None` without episodes.
    pub recall: Option<f64>,
    /// The median of how long before an episode began its first alarm was raised, at most the horizon; negative if it came
    /// afterwards; `None` if nothing was detected.
    pub lead_median_s: Option<f64>,
    /// Alarms that told of nothing, per host and day.
    pub false_alarms_per_host_day: f64,
}

/// Scores a rule, which is the so-manieth, if it should tell of something.
///
/// Sorting aside, the time is linear in alarms and episodes, times the episodes of one subject that are near an alarm.
pub fn score(
    rule: &Rule,
    number: usize,
    alarms: &[Alarm],
    episodes: &[Episode],
    window: &Window,
) -> Option<Score> {
    let tells = rule.tells?;
    // Where alarms look for episodes of the trouble.
    let mut places: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
    for (index, episode) in episodes.iter().enumerate().filter(|(_, e)| e.trouble == tells) {
        for place in [episode.subject, Subject::Host(episode.host), Subject::Cluster] {
            let there = places.entry(place).or_default();
            if there.last() != Some(&index) {
                there.push(index);
            }
        }
    }
    // The longest episode of a place bounds how far back from an alarm one has to look.
    let longest: BTreeMap<Subject, Time> = places
        .iter()
        .map(|(&place, there)| {
            let length = |&index: &usize| episodes[index].until - episodes[index].from;
            (place, there.iter().map(length).max().unwrap_or(0))
        })
        .collect();
    let mut first: BTreeMap<usize, Time> = BTreeMap::new();
    let (mut count, mut true_alarms) = (0, 0);
    for alarm in alarms.iter().filter(|alarm| alarm.rule == number) {
        count += 1;
        let Some(there) = places.get(&alarm.subject) else { continue };
        let back = alarm.raised.saturating_sub(window.grace + longest[&alarm.subject]);
        let start = there.partition_point(|&index| episodes[index].from < back);
        let cleared = alarm.cleared.unwrap_or(window.end.max(alarm.raised) + 1);
        let mut tells = false;
        for &index in &there[start..] {
            let episode = &episodes[index];
            if episode.from.saturating_sub(window.horizon) >= cleared {
                break;
            }
            if alarm.raised < episode.until + window.grace {
                tells = true;
                let raised = first.entry(index).or_insert(alarm.raised);
                *raised = (*raised).min(alarm.raised);
            }
        }
        true_alarms += usize::from(tells);
    }
    let total = episodes.iter().filter(|episode| episode.trouble == tells).count();
    let mut leads: Vec<i64> = first
        .iter()
        .map(|(&index, &raised)| {
            (episodes[index].from as i64 - raised as i64).min(window.horizon as i64)
        })
        .collect();
    leads.sort_unstable();
    let middle = leads.len() / 2;
    let median = match leads.len() {
        0 => None,
        n if n % 2 == 1 => Some(leads[middle] as f64),
        _ => Some((leads[middle - 1] + leads[middle]) as f64 / 2.0),
    };
    let host_days = window.hosts as f64 * window.end as f64 / DAY;
    let ratio = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    Some(Score {
        rule: rule.name.clone(),
        tells: tells.name(),
        alarms: count,
        true_alarms,
        episodes: total,
        detected: first.len(),
        precision: ratio(true_alarms, count),
        recall: ratio(first.len(), total),
        lead_median_s: median.map(|lead| lead / 1000.0),
        false_alarms_per_host_day: if host_days > 0.0 {
            (count - true_alarms) as f64 / host_days
        } else {
            0.0
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::monitoring::{Configuration, Trouble};

    fn rule(tells: Trouble) -> Rule {
        let mut rule = Configuration::default().rules[0].clone();
        rule.tells = Some(tells);
        rule
    }

    fn episode(subject: Subject, host: usize, from: Time, until: Time) -> Episode {
        let trouble = match subject {
            Subject::Vm(_) => Trouble::Shortfall,
            _ => Trouble::Overload,
        };
        Episode { trouble, subject, host, from, until, lost: 0 }
    }

    fn alarm(subject: Subject, raised: Time, cleared: Option<Time>) -> Alarm {
        Alarm { rule: 0, subject, raised, cleared, value: 1.0 }
    }

    const WINDOW: Window = Window { horizon: 50, grace: 10, end: 86_400_000, hosts: 2 };

    #[test]
    fn a_day_by_hand() {
        use Subject::Host;
        let episodes = [
            episode(Host(0), 0, 1000, 1200),
            episode(Host(1), 1, 1000, 1100),
            episode(Host(0), 0, 3000, 3010),
            episode(Host(0), 0, 5000, 5100),
        ];
        let alarms = [
            alarm(Host(0), 960, Some(1300)),  // 40 before the first
            alarm(Host(1), 1109, Some(1400)), // 109 into the second, which is over
            alarm(Host(1), 2000, Some(2100)), // nothing
            alarm(Host(0), 2000, Some(2951)), // 1000 before the third, of which 50 count
            alarm(Host(1), 5000, Some(5100)), // the other host
            alarm(Host(0), 5110, None),       // too late
        ];
        let score = score(&rule(Trouble::Overload), 0, &alarms, &episodes, &WINDOW).expect("tells");
        assert_eq!((score.alarms, score.true_alarms), (6, 3));
        assert_eq!((score.episodes, score.detected), (4, 3));
        assert_eq!((score.precision, score.recall), (Some(0.5), Some(0.75)));
        assert_eq!(score.lead_median_s, Some(0.04));
        assert!((score.false_alarms_per_host_day - 1.5).abs() < 1e-12);
    }

    #[test]
    fn hosts_speak_for_their_vms_and_the_cluster_for_all() {
        let episodes = [episode(Subject::Vm(4), 1, 100, 200)];
        let one = |subject| {
            let alarms = [alarm(subject, 150, None)];
            score(&rule(Trouble::Shortfall), 0, &alarms, &episodes, &WINDOW)
                .expect("tells")
                .detected
        };
        assert_eq!(one(Subject::Vm(4)), 1);
        assert_eq!(one(Subject::Host(1)), 1);
        assert_eq!(one(Subject::Cluster), 1);
        assert_eq!(one(Subject::Vm(1)), 0);
        assert_eq!(one(Subject::Host(0)), 0);
    }

    proptest! {
        /// The sweep finds what comparing every alarm with every episode finds.
        #[test]
        fn scores_are_those_of_all_pairs(
            spans in prop::collection::vec((0_usize..2, 0_u64..400, 1_u64..90), 0..12),
            ups in prop::collection::vec((0_usize..2, 0_u64..400, prop::option::of(0_u64..90)), 0..12),
        ) {
            let mut episodes: Vec<Episode> = spans
                .iter()
                .map(|&(host, from, length)| episode(Subject::Host(host), host, from, from + length))
                .collect();
            episodes.sort_by_key(|episode| episode.from);
            let alarms: Vec<Alarm> = ups
                .iter()
                .map(|&(host, raised, length)| alarm(Subject::Host(host), raised, length.map(|l| raised + l)))
                .collect();
            let near = |a: &Alarm, e: &Episode| {
                a.subject == e.subject
                    && a.raised < e.until + WINDOW.grace
                    && a.cleared.is_none_or(|cleared| cleared + WINDOW.horizon > e.from)
                    // An alarm is up for no time before it is raised.
                    && (a.cleared.is_none_or(|cleared| cleared > e.from.saturating_sub(WINDOW.horizon)))
            };
            let score = score(&rule(Trouble::Overload), 0, &alarms, &episodes, &WINDOW).expect("tells");
            let true_alarms = alarms.iter().filter(|a| episodes.iter().any(|e| near(a, e))).count();
            let detected = episodes.iter().filter(|e| alarms.iter().any(|a| near(a, e))).count();
            prop_assert_eq!((score.true_alarms, score.detected), (true_alarms, detected));
        }
    }
}
