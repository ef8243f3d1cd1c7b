//! What else went on while a run was measured, and when that is too much.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Record;

/// What went on beside a run while it ran, from the operating system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Logical processors that are counted.
    pub cores: u64,
    /// Core seconds that the hypervisor gave to other machines.
    pub steal_s: f64,
    /// Core seconds that processes used which do not belong to the experiment.
    pub others_s: f64,
    /// Seconds in which the run wanted to go on and had no core; `None` where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_s: Option<f64>,
    /// The mean clock of the processors in MHz when it ended; `None` where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mhz: Option<f64>,
    /// Whether any of this was too much, see [`Noise::disturbances`].
    pub disturbed: bool,
}

/// What disturbed a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disturbance {
    /// The hypervisor gave cores to other machines.
    Steal,
    /// Other processes used cores.
    Others,
    /// It waited for a core.
    Waiting,
    /// It was taken off cores.
    Switches,
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steal => "the hypervisor took cores away",
            Self::Others => "other processes used the machine",
            Self::Waiting => "they waited for a core",
            Self::Switches => "they were taken off cores",
        })
    }
}

impl Noise {
    /// The share of all core time that may be stolen.
    const STEAL: f64 = 0.02;
    /// The share of all core time that others may use.
    const OTHERS: f64 = 0.10;
    /// The share of its wall time that a run may wait for a core.
    const WAITED: f64 = 0.05;
    /// How often a run may be taken off a core in a second, where it is not known how long it waited.
    const SWITCHES_PER_S: f64 = 50.0;
    /// The kernel counts the time of processors in hundredths of a second: what two of them on each core can
    /// explain is no finding.
    const RESOLUTION_S: f64 = 0.02;
    /// Less waiting than this says nothing.
    const LEAST_WAIT_S: f64 = 0.005;
    /// Nor do fewer switches.
    const FEWEST_SWITCHES: u64 = 20;

    /// What was too much in a run of so much wall time that was taken off a core so often: more than 2 % of
    /// all core time stolen, more than 10 % used by others, more than 5 % of the wall time waited, or, where
    /// that is not known, more than 50 involuntary switches per second.
    ///
    /// ```
    /// use vmpack_results::{Disturbance, Noise};
    ///
    /// let quiet = Noise { cores: 2, others_s: 0.1, waited_s: Some(0.01), ..Noise::default() };
    /// assert_eq!(quiet.disturbances(1.0, 3), []);
    /// let busy = Noise { others_s: 0.5, ..quiet };
    /// assert_eq!(busy.disturbances(1.0, 3), [Disturbance::Others]);
    /// // In a run of 20 ms the clock of the kernel is too coarse to tell.
    /// let short = Noise { others_s: 0.04, waited_s: Some(0.0), ..quiet };
    /// assert_eq!(short.disturbances(0.02, 0), []);
    /// ```
    pub fn disturbances(&self, wall_s: f64, involuntary_switches: u64) -> Vec<Disturbance> {
        let all = wall_s * self.cores as f64;
        let least = Self::RESOLUTION_S * self.cores as f64;
        let is_much = |seconds: f64, share: f64| seconds > (share * all).max(least);
        let waits = |seconds: f64| seconds > (Self::WAITED * wall_s).max(Self::LEAST_WAIT_S);
        let switches = involuntary_switches > Self::FEWEST_SWITCHES
            && involuntary_switches as f64 > Self::SWITCHES_PER_S * wall_s;
        let found = [
            (Disturbance::Steal, is_much(self.steal_s, Self::STEAL)),
            (Disturbance::Others, is_much(self.others_s, Self::OTHERS)),
            (Disturbance::Waiting, self.waited_s.is_some_and(waits)),
            (Disturbance::Switches, self.waited_s.is_none() && switches),
        ];
        found.into_iter().filter(|(_, is_so)| *is_so).map(|(what, _)| what).collect()
    }
}

/// A sentence on the runs that were disturbed, if any: how many of how many, and by what, the most
/// frequent first.
pub fn disturbed_runs(records: &[Record]) -> Option<String> {
    let measured = records.iter().map(|record| &record.measurement);
    let watched = measured.filter_map(|measurement| Some((measurement, measurement.noise?)));
    let (mut runs, mut disturbed) = (0, 0);
    let mut reasons =
        [Disturbance::Steal, Disturbance::Others, Disturbance::Waiting, Disturbance::Switches]
            .map(|reason| (0, reason));
    for (measurement, noise) in watched {
        runs += 1;
        disturbed += u64::from(noise.disturbed);
        let found =
            noise.disturbances(measurement.process_wall_s, measurement.involuntary_switches);
        for (count, reason) in &mut reasons {
            *count += u64::from(noise.disturbed && found.contains(reason));
        }
    }
    reasons.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let reasons = reasons.iter().filter(|(count, _)| *count > 0);
    let reasons: Vec<String> =
        reasons.map(|(count, reason)| format!("{reason} ({count})")).collect();
    (disturbed > 0).then(|| {
        format!(
            "{disturbed} of {runs} runs were disturbed: {}. Their times are too long by an unknown amount.",
            reasons.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(noise: Option<Noise>) -> Record {
        let text = include_str!("../tests/data/record.json");
        let mut record: Record = serde_json::from_str(text).expect("a record");
        record.measurement.noise = noise;
        record
    }

    #[test]
    fn each_rule_has_its_threshold() {
        let noise = Noise { cores: 4, waited_s: Some(0.0), ..Noise::default() };
        let found = |noise: Noise, switches| noise.disturbances(10.0, switches);
        assert_eq!(found(Noise { steal_s: 0.8, ..noise }, 0), []);
        assert_eq!(found(Noise { steal_s: 0.81, ..noise }, 0), [Disturbance::Steal]);
        assert_eq!(found(Noise { others_s: 4.0, ..noise }, 0), []);
        assert_eq!(found(Noise { others_s: 4.01, ..noise }, 0), [Disturbance::Others]);
        assert_eq!(found(Noise { waited_s: Some(0.5), ..noise }, 0), []);
        assert_eq!(found(Noise { waited_s: Some(0.51), ..noise }, 9999), [Disturbance::Waiting]);
        assert_eq!(found(Noise { waited_s: None, ..noise }, 500), []);
        assert_eq!(found(Noise { waited_s: None, ..noise }, 501), [Disturbance::Switches]);
    }

    #[test]
    fn disturbed_runs_are_counted_with_their_reasons() {
        let quiet = Noise { cores: 2, waited_s: Some(0.0), ..Noise::default() };
        let waited = Noise { waited_s: Some(0.3), disturbed: true, ..quiet };
        let both = Noise { others_s: 1.0, ..waited };
        assert_eq!(disturbed_runs(&[record(None), record(Some(quiet))]), None);
        let records = [Some(quiet), Some(waited), Some(both), None].map(record);
        let sentence = disturbed_runs(&records).expect("two were");
        let expected = "2 of 3 runs were disturbed: they waited for a core (2), other processes used the machine (1).";
        assert!(sentence.starts_with(expected), "{sentence}");
    }

    #[test]
    fn records_without_it_are_written_as_before() {
        let text = serde_json::to_string(&record(None)).expect("a record");
        for field in ["noise", "cause", "repetition", "peak_by", "cgroup_peak_bytes"] {
            assert!(!text.contains(field), "{field}: {text}");
        }
        let noisy = record(Some(Noise { cores: 1, mhz: Some(2600.0), ..Noise::default() }));
        let text = serde_json::to_string(&noisy).expect("a record");
        assert_eq!(serde_json::from_str::<Record>(&text).expect("the same"), noisy);
    }
}
