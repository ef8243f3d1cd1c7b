//! Replays, arranged for figures and tables: which policies compare on which traces, and how they do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vmpack_results::stats::{self, holm, wilcoxon};
use vmpack_results::{Record, Replay};

use crate::draw::Look;

/// What is shown of a kind of replay.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The kind, as records call it.
    kind: &'static str,
    /// The metric that policies are compared by; less is better.
    pub(crate) headline: &'static str,
    /// What no policy can undercut of it.
    pub(crate) bound: Option<&'static str>,
    /// The metrics of the table, the headline first; all that there are if none is named.
    columns: &'static [&'static str],
}

/// What is shown of each kind of replay; of others, energy.
const SHOWN: &[Shown] = &[
    Shown {
        kind: "load",
        headline: "energy_kwh",
        bound: Some("energy_lower_bound_kwh"),
        columns: &[
            "energy_kwh",
            "energy_lower_bound_kwh",
            "migrations",
            "host_shutdowns",
            "slatah_mean",
            "slatah_pooled",
            "pdm",
            "slav",
            "esv",
            "vms_lost",
        ],
    },
    Shown {
        kind: "arrivals",
        headline: "server_days",
        bound: Some("server_days_lower_bound"),
        columns: &[
            "server_days",
            "server_days_lower_bound",
            "over_bound_percent",
            "peak_hosts",
            "peak_hosts_lower_bound",
            "rejected",
            "mean_wait_s",
        ],
    },
    Shown {
        kind: "scheduler",
        headline: "turnaround_s.mean",
        bound: Some("mean_turnaround_lower_bound_s"),
        columns: JOBS,
    },
    Shown {
        kind: "queue",
        headline: "turnaround_s.mean",
        bound: Some("mean_turnaround_lower_bound_s"),
        columns: JOBS,
    },
];

const JOBS: &[&str] = &[
    "turnaround_s.mean",
    "mean_turnaround_lower_bound_s",
    "waiting_s.mean",
    "waiting_s.p95",
    "response_s.mean",
    "slowdown.mean",
    "slowdown.max",
    "jain",
    "utilisation",
];

const OTHER: Shown = Shown { kind: "", headline: "energy_kwh", bound: None, columns: &[] };

/// Settings that belong to a policy, not to what it is compared on.
const OF_POLICIES: [&str; 6] = ["scheduler", "queue", "noise", "quantum_s", "aging_s", "set"];

/// Replays of one kind under the same settings.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// The kind, and settings in which groups of it differ.
    pub(crate) title: String,
    pub(crate) shown: &'static Shown,
    /// In the order of their labels.
    pub(crate) policies: Vec<Policy<'a>>,
}

/// A policy with its own settings, and what it did.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    /// Its name, and settings of its own in which policies of the group differ.
    pub(crate) label: String,
    pub(crate) name: &'a str,
    pub(crate) replay: &'a Replay,
    pub(crate) look: Look,
    pub(crate) runs: Vec<&'a Record>,
}

/// How a policy does on the traces that all of its group were replayed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// An index into the policies of the group.
    pub(crate) policy: usize,
    pub(crate) traces: u64,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    /// The p-value of the signed-rank test against the policy of least median, corrected by Holm; none for that one.
    pub(crate) p: Option<f64>,
}

impl<'a> Policy<'a> {
    /// A metric by trace, the mean over seeds, of runs that were judged correct.
    pub(crate) fn by_trace(&self, metric: &str) -> BTreeMap<&'a str, f64> {
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for &record in &self.runs {
            if let Some(value) = record.metric(metric) {
                values.entry(&record.instance_hash).or_default().push(value);
            }
        }
        values
            .into_iter()
            .filter_map(|(trace, values)| Some((trace, stats::mean(&values)?)))
            .collect()
    }

    /// The median over traces of a metric.
    pub(crate) fn median(&self, metric: &str) -> Option<f64> {
        stats::quantile(&self.by_trace(metric).into_values().collect::<Vec<_>>(), 0.5)
    }

    /// A setting that is a number.
    pub(crate) fn number(&self, setting: &str) -> Option<f64> {
        self.replay.settings.get(setting)?.as_f64()
    }
}

impl Group<'_> {
    /// The metrics of the table.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let Shown { headline, columns, .. } = *self.shown;
        if !columns.is_empty() {
            return columns.to_vec();
        }
        let answers = self.policies.iter().flat_map(|policy| &policy.runs);
        let metrics = answers.filter_map(|run| run.answer.as_ref()).flat_map(|a| a.metrics.keys());
        let all: BTreeSet<&str> = metrics.map(String::as_str).collect();
        let others = all.iter().copied().filter(|name| *name != headline);
        [headline].into_iter().chain(others).collect()
    }

    /// A metric with its unit, as people read it.
    pub(crate) fn heading(&self, metric: &str) -> String {
        let mut runs = self.policies.iter().flat_map(|policy| &policy.runs);
        let found = runs.find_map(|run| run.answer.as_ref()?.metrics.get(metric));
        let unit = found.map_or("", |metric| metric.unit.as_str());
        let name = metric.replace("_s.", " ").replace('_', " ");
        // Names that say their unit.
        if unit.is_empty() || ["days", "%"].contains(&unit) {
            return name;
        }
        let ending = format!(" {}", unit.to_lowercase());
        format!("{}, {unit}", name.strip_suffix(&ending).unwrap_or(&name))
    }

    /// How policies do by a metric, the least median first.
    pub(crate) fn compare(&self, metric: &str) -> Vec<Comparison> {
        let values: Vec<(usize, BTreeMap<&str, f64>)> = (0..self.policies.len())
            .map(|policy| (policy, self.policies[policy].by_trace(metric)))
            .filter(|(_, values)| !values.is_empty())
            .collect();
        let traces: BTreeSet<&str> = values.iter().flat_map(|(_, of)| of.keys().copied()).collect();
        let common: Vec<&str> = traces
            .into_iter()
            .filter(|trace| values.iter().all(|(_, of)| of.contains_key(trace)))
            .collect();
        let mut compared: Vec<(Comparison, Vec<f64>)> = values
            .iter()
            .filter_map(|(policy, of)| {
                let own: Vec<f64> = common.iter().map(|trace| of[trace]).collect();
                let quantile = |p| stats::quantile(&own, p);
                let comparison = Comparison {
                    policy: *policy,
                    traces: own.len() as u64,
                    median: quantile(0.5)?,
                    least: quantile(0.0)?,
                    greatest: quantile(1.0)?,
                    p: None,
                };
                Some((comparison, own))
            })
            .collect();
        compared
            .sort_by(|a, b| a.0.median.total_cmp(&b.0.median).then(a.0.policy.cmp(&b.0.policy)));
        if let Some((_, best)) = compared.first().cloned() {
            let p_values: Vec<f64> = compared[1..]
                .iter()
                .map(|(_, own)| {
                    let pairs: Vec<(f64, f64)> =
                        own.iter().copied().zip(best.iter().copied()).collect();
                    wilcoxon(&pairs)
                })
                .collect();
            for ((comparison, _), p) in compared[1..].iter_mut().zip(holm(&p_values)) {
                comparison.p = Some(p);
            }
        }
        compared.into_iter().map(|(comparison, _)| comparison).collect()
    }
}

/// The groups of replays among records, in order of kind and settings.
pub(crate) fn groups<'a>(records: &[&'a Record]) -> Vec<Group<'a>> {
    let mut kinds: BTreeMap<&str, Vec<(&'a Record, &'a Replay)>> = BTreeMap::new();
    for &record in records {
        if let Some(replay) = &record.replay {
            kinds.entry(&replay.kind).or_default().push((record, replay));
        }
    }
    kinds.into_iter().flat_map(|(kind, of_kind)| groups_of(kind, &of_kind)).collect()
}

/// The settings of replays that belong to policies, or the others, as text.
fn chosen(replay: &Replay, of_policy: bool) -> BTreeMap<&str, String> {
    let settings = replay.settings.iter();
    settings
        .filter(|(name, _)| OF_POLICIES.contains(&name.as_str()) == of_policy)
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), crate::format::trimmed)
        }
        other => other.to_string(),
    }
}

/// Names of settings that do not have one value everywhere; long lists are told apart by what else differs.
fn differing<'s>(all: impl Iterator<Item = BTreeMap<&'s str, String>>) -> BTreeSet<&'s str> {
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for settings in all {
        for (name, value) in settings {
            seen.entry(name).or_default().insert(value);
        }
    }
    seen.into_iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| name).collect()
}

fn described(name: &str, settings: &BTreeMap<&str, String>, differing: &BTreeSet<&str>) -> String {
    let mut text = name.to_owned();
    for (setting, value) in settings {
        if differing.contains(setting) && !value.starts_with('[') && value != name {
            let setting = setting.strip_suffix("_s").unwrap_or(setting);
            let setting = setting.replace('_', " ");
            text.extend([", ", &setting, " ", value]);
        }
    }
    text
}

fn groups_of<'a>(kind: &'a str, records: &[(&'a Record, &'a Replay)]) -> Vec<Group<'a>> {
    let vary = differing(records.iter().map(|(_, replay)| chosen(replay, false)));
    let mut split: BTreeMap<BTreeMap<&str, String>, Vec<(&'a Record, &'a Replay)>> =
        BTreeMap::new();
    for &(record, replay) in records {
        split.entry(chosen(replay, false)).or_default().push((record, replay));
    }
    let shown = SHOWN.iter().find(|shown| shown.kind == kind).unwrap_or(&OTHER);
    split
        .into_iter()
        .map(|(settings, records)| {
            let title = described(kind, &settings, &vary);
            Group { title, shown, policies: policies(&records) }
        })
        .collect()
}

fn policies<'a>(records: &[(&'a Record, &'a Replay)]) -> Vec<Policy<'a>> {
    let mut by_name: BTreeMap<&str, Vec<&'a Replay>> = BTreeMap::new();
    for &(record, replay) in records {
        by_name.entry(&record.method).or_default().push(replay);
    }
    // A policy is told its own settings apart by, where it was run with several.
    let vary: BTreeMap<&str, BTreeSet<&str>> = by_name
        .into_iter()
        .map(|(name, replays)| (name, differing(replays.iter().map(|replay| chosen(replay, true)))))
        .collect();
    let mut policies: Vec<Policy<'a>> = Vec::new();
    for &(record, replay) in records {
        let name = record.method.as_str();
        let label = described(name, &chosen(replay, true), &vary[name]);
        if let Some(policy) = policies.iter_mut().find(|policy| policy.label == label) {
            policy.runs.push(record);
        } else {
            let look = Look::CONTEXT;
            policies.push(Policy { label, name, replay, look, runs: vec![record] });
        }
    }
    policies.sort_by(|a, b| {
        let key = |policy: &Policy<'a>| policy.number("noise").unwrap_or(0.0);
        a.name.cmp(b.name).then(key(a).total_cmp(&key(b))).then(a.label.cmp(&b.label))
    });
    for (place, policy) in policies.iter_mut().enumerate() {
        policy.look = Look::of_policy(place);
    }
    policies
}
