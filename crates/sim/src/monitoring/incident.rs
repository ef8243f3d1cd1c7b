//! What went wrong, where and when: episodes of trouble merged by host and time.

use serde::Serialize;

use super::alarm::{Alarm, Subject};
use super::rule::Rule;
use super::truth::{Episode, Trouble};
use crate::operation::Time;

/// Trouble on a host and among its VMs, from its first episode until its last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// The host.
    pub host: usize,
    /// When it began, in seconds.
    pub from_s: f64,
    /// When it ended, in seconds.
    pub until_s: f64,
    /// The kinds of trouble.
    pub troubles: Vec<&'static str>,
    /// How many VMs fell short.
    pub vms_short: usize,
    /// CPU that VMs wanted, or asked for on a host that had failed, and did not have.
    pub lost_core_s: f64,
    /// The rule that first raised an alarm of the host or one of these VMs while it lasted.
    pub first_alarm: Option<String>,
    /// When it did, in seconds.
    pub first_alarm_s: Option<f64>,
}

fn seconds(time: Time) -> f64 {
    time as f64 / 1000.0
}

/// Merges episodes on a host that are at most so far apart. The incident that lost most CPU comes first, of equals the
/// longest, then the earliest, then the host of lowest number.
pub fn incidents(
    episodes: &[Episode],
    alarms: &[Alarm],
    rules: &[Rule],
    apart: Time,
) -> Vec<Incident> {
    let mut sorted: Vec<&Episode> = episodes.iter().collect();
    sorted.sort_by_key(|e| (e.host, e.from, e.until, e.trouble, e.subject));
    let mut groups: Vec<(Time, Time, Vec<&Episode>)> = Vec::new();
    for episode in sorted {
        match groups.last_mut() {
            Some((_, until, group))
                if group[0].host == episode.host && episode.from <= until.saturating_add(apart) =>
            {
                *until = (*until).max(episode.until);
                group.push(episode);
            }
            _ => groups.push((episode.from, episode.until, vec![episode])),
        }
    }
    let mut by_subject: Vec<&Alarm> = alarms.iter().collect();
    by_subject.sort_by_key(|alarm| (alarm.subject, alarm.raised, alarm.rule));
    let first_alarm = |subject: Subject, from: Time, until: Time| {
        let at =
            by_subject.partition_point(|alarm| (alarm.subject, alarm.raised) < (subject, from));
        by_subject.get(at).copied().filter(|a| a.subject == subject && a.raised < until)
    };
    // A host that is overloaded loses what its VMs do: it is counted once.
    let lost = |group: &[&Episode]| {
        let counts = group.iter().filter(|episode| episode.trouble != Trouble::Overload);
        counts.map(|episode| episode.lost).sum::<u128>()
    };
    groups.sort_by_key(|(from, until, group)| {
        (std::cmp::Reverse((lost(group), until - from)), *from, group[0].host)
    });
    let incident = |(from, until, group): (Time, Time, Vec<&Episode>)| {
        let mut troubles: Vec<Trouble> = group.iter().map(|episode| episode.trouble).collect();
        let mut subjects: Vec<Subject> = group.iter().map(|episode| episode.subject).collect();
        troubles.sort_unstable();
        troubles.dedup();
        subjects.sort_unstable();
        subjects.dedup();
        let vms_short = subjects.iter().filter(|s| matches!(s, Subject::Vm(_))).count();
        let host = group[0].host;
        let alarm = subjects
            .into_iter()
            .chain([Subject::Host(host)])
            .filter_map(|subject| first_alarm(subject, from, until))
            .min_by_key(|alarm| (alarm.raised, alarm.rule));
        Incident {
            host,
            from_s: seconds(from),
            until_s: seconds(until),
            troubles: troubles.into_iter().map(Trouble::name).collect(),
            vms_short,
            lost_core_s: lost(&group) as f64 / 1e6,
            first_alarm: alarm.map(|alarm| rules[alarm.rule].name.clone()),
            first_alarm_s: alarm.map(|alarm| seconds(alarm.raised)),
        }
    };
    groups.into_iter().map(incident).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::Configuration;

    #[test]
    fn trouble_of_a_host_and_its_vms_is_one_incident() {
        use Subject::{Host, Vm};
        use Trouble::{Failure, Overload, Shortfall};
        let episode = |trouble, subject, host, from, until, lost| Episode {
            trouble,
            subject,
            host,
            from,
            until,
            lost,
        };
        let episodes = [
            episode(Overload, Host(2), 2, 10_000, 30_000, 5_000_000),
            episode(Shortfall, Vm(7), 2, 10_000, 30_000, 2_000_000),
            episode(Shortfall, Vm(8), 2, 12_000, 30_000, 3_000_000),
            episode(Failure, Host(1), 1, 20_000, 25_000, 9_000_000),
            episode(Shortfall, Vm(7), 2, 34_000, 35_000, 1_000_000),
            episode(Shortfall, Vm(7), 2, 40_001, 41_000, 8_000_000),
        ];
        let rules = Configuration::default().rules;
        let alarm =
            |rule, subject, raised| Alarm { rule, subject, raised, cleared: None, value: 1.0 };
        let alarms = [
            alarm(0, Host(2), 5000), // before
            alarm(4, Vm(8), 15_000),
            alarm(0, Host(2), 20_000),
            alarm(3, Host(0), 21_000), // another host
        ];
        let found = incidents(&episodes, &alarms, &rules, 5000);
        let told: Vec<_> = found
            .iter()
            .map(|i| (i.host, i.from_s as u64, i.until_s as u64, i.lost_core_s as u64, i.vms_short))
            .collect();
        assert_eq!(told, [(1, 20, 25, 9, 0), (2, 40, 41, 8, 1), (2, 10, 35, 6, 2)]);
        assert_eq!(found[2].troubles, ["overload", "shortfall"]);
        assert_eq!(found[2].first_alarm.as_deref(), Some("vm-cpu-short"));
        assert_eq!(found[2].first_alarm_s, Some(15.0));
        assert_eq!(found[0].first_alarm, None);
    }
}
