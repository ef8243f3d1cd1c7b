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

impl Shown {
    /// The metrics that are named, of all of which less is better but for bounds and shares.
    pub(crate) fn columns(&self) -> &'static [&'static str] {
        self.columns
    }
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

/// The kind whose traces are scenarios: nothing else than policies of one scenario compares, and everything in it is drawn,
/// so that another seed is another case.
const OPERATION: &str = "operation";

/// What policies of a scenario are compared by, if it is measured: the first that is.
const OF_SCENARIOS: &[Shown] = &[
    Shown { kind: OPERATION, headline: "vm_down_hours", bound: None, columns: &[] },
    Shown {
        kind: OPERATION,
        headline: "host_cost",
        bound: Some("host_cost_lower_bound"),
        columns: &[],
    },
    Shown { kind: OPERATION, headline: "slowdown_mean", bound: None, columns: &[] },
];

/// Metrics of which more is better; those of alarms have the name of a rule after a dot.
const MORE_IS_BETTER: [&str; 9] = [
    "availability",
    "vm_availability",
    "least_vm_availability",
    "survivability",
    "mtbf_h",
    "jain",
    "utilisation",
    "alarm_precision",
    "alarm_recall",
];

/// Whether more of a metric is better.
fn more_is_better(metric: &str) -> bool {
    MORE_IS_BETTER.contains(&metric.split('.').next().unwrap_or(metric))
}

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
    /// The policy that the others are tested against by every metric, if one was asked for: an index into the policies.
    pub(crate) baseline: Option<usize>,
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

/// What replays are compared on: the hash of a trace, and the seed if another seed is another case.
pub(crate) type Case<'a> = (&'a str, Option<u64>);

/// How a policy does on the traces that all of its group were replayed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// An index into the policies of the group.
    pub(crate) policy: usize,
    /// What it is compared on: traces, or seeds of a scenario.
    pub(crate) cases: u64,
    /// The traces among these, and the seeds that it was replayed with there.
    pub(crate) traces: u64,
    pub(crate) seeds: u64,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    /// The policy that it is tested against: the baseline of the group, or else that of best median; none for that one.
    pub(crate) against: Option<usize>,
    /// The p-value of the signed-rank test against it, corrected by Holm.
    pub(crate) p: Option<f64>,
}

impl<'a> Policy<'a> {
    /// A metric by trace, the mean over seeds where they are no cases of their own, of runs that were judged correct.
    pub(crate) fn by_trace(&self, metric: &str) -> BTreeMap<Case<'a>, f64> {
        let mut values: BTreeMap<Case<'a>, Vec<f64>> = BTreeMap::new();
        for &record in &self.runs {
            if let Some(value) = record.metric(metric) {
                values.entry(self.case(record)).or_default().push(value);
            }
        }
        values
            .into_iter()
            .filter_map(|(trace, values)| Some((trace, stats::mean(&values)?)))
            .collect()
    }

    /// What a run of it is compared on.
    pub(crate) fn case(&self, run: &'a Record) -> Case<'a> {
        (&run.instance_hash, (self.replay.kind == OPERATION).then_some(run.seed))
    }

    /// How many seeds it measured a metric with on some traces.
    fn seeds(&self, metric: &str, traces: &BTreeSet<&str>) -> u64 {
        let on = |run: &&&Record| traces.contains(run.instance_hash.as_str());
        let measured = self.runs.iter().filter(on).filter(|run| run.metric(metric).is_some());
        measured.map(|run| run.seed).collect::<BTreeSet<u64>>().len() as u64
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

impl<'a> Group<'a> {
    /// Whether it is about one scenario, of which seeds are cases.
    pub(crate) fn is_scenario(&self) -> bool {
        self.policies.iter().all(|policy| policy.replay.kind == OPERATION)
    }

    /// The metric that its policies are compared by.
    pub(crate) fn headline(&self) -> &'static str {
        self.shown.headline
    }

    /// Every run of it.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &'a Record> {
        self.policies.iter().flat_map(|policy| policy.runs.iter().copied())
    }

    /// So many cases, in words.
    pub(crate) fn cases(&self, count: u64) -> String {
        crate::format::counted(count, if self.is_scenario() { "seed" } else { "trace" })
    }

    /// The metrics of the table; of those that are not named, what policies differ in.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let Shown { headline, columns, .. } = *self.shown;
        if !columns.is_empty() {
            return columns.to_vec();
        }
        let answers = self.policies.iter().flat_map(|policy| &policy.runs);
        let metrics = answers.filter_map(|run| run.answer.as_ref()).flat_map(|a| a.metrics.keys());
        let all: BTreeSet<&str> = metrics.map(String::as_str).collect();
        let differs = |metric: &str| {
            let medians: Vec<_> =
                self.policies.iter().map(|policy| policy.median(metric)).collect();
            medians.iter().any(|median| *median != medians[0]) || medians.len() == 1
        };
        let others = all.iter().copied().filter(|name| *name != headline && differs(name));
        [headline].into_iter().chain(others).collect()
    }

    /// A metric with its unit, as people read it.
    pub(crate) fn heading(&self, metric: &str) -> String {
        let mut runs = self.policies.iter().flat_map(|policy| &policy.runs);
        let found = runs.find_map(|run| run.answer.as_ref()?.metrics.get(metric));
        let unit = found.map_or("", |metric| metric.unit.as_str());
        let name = metric.replace("_s.", " ").replace('_', " ");
        let name = name.split(' ').map(|word| match word {
            "vm" => "VM",
            "vms" => "VMs",
            word => word,
        });
        let name = name.collect::<Vec<_>>().join(" ");
        // Names that say their unit.
        let says_it = unit == "h" && name.ends_with("hours");
        if says_it || unit.is_empty() || ["days", "%"].contains(&unit) {
            return name;
        }
        let ending = format!(" {}", unit.to_lowercase());
        format!("{}, {unit}", name.strip_suffix(&ending).unwrap_or(&name))
    }

    /// How policies do by a metric, the best median first: the least, but of what there should be much.
    pub(crate) fn compare(&self, metric: &str) -> Vec<Comparison> {
        let values: Vec<(usize, BTreeMap<Case<'_>, f64>)> = (0..self.policies.len())
            .map(|policy| (policy, self.policies[policy].by_trace(metric)))
            .filter(|(_, values)| !values.is_empty())
            .collect();
        let cases: BTreeSet<Case<'_>> =
            values.iter().flat_map(|(_, of)| of.keys().copied()).collect();
        let common: Vec<Case<'_>> = cases
            .into_iter()
            .filter(|case| values.iter().all(|(_, of)| of.contains_key(case)))
            .collect();
        let traces: BTreeSet<&str> = common.iter().map(|&(trace, _)| trace).collect();
        let mut compared: Vec<(Comparison, Vec<f64>)> = values
            .iter()
            .filter_map(|(policy, of)| {
                let own: Vec<f64> = common.iter().map(|case| of[case]).collect();
                let quantile = |p| stats::quantile(&own, p);
                let comparison = Comparison {
                    policy: *policy,
                    cases: own.len() as u64,
                    traces: traces.len() as u64,
                    seeds: self.policies[*policy].seeds(metric, &traces),
                    median: quantile(0.5)?,
                    least: quantile(0.0)?,
                    greatest: quantile(1.0)?,
                    against: None,
                    p: None,
                };
                Some((comparison, own))
            })
            .collect();
        let sign = if more_is_better(metric) { -1.0 } else { 1.0 };
        let key = |comparison: &Comparison| sign * comparison.median;
        compared.sort_by(|(a, _), (b, _)| key(a).total_cmp(&key(b)).then(a.policy.cmp(&b.policy)));
        let asked = compared.iter().find(|(c, _)| Some(c.policy) == self.baseline);
        if let Some((base, of_base)) = asked.or(compared.first()).cloned() {
            let mut rivals: Vec<&mut (Comparison, Vec<f64>)> =
                compared.iter_mut().filter(|(c, _)| c.policy != base.policy).collect();
            let pairs = |own: &[f64]| -> Vec<(f64, f64)> {
                own.iter().copied().zip(of_base.iter().copied()).collect()
            };
            let p_values: Vec<f64> = rivals.iter().map(|(_, own)| wilcoxon(&pairs(own))).collect();
            for ((comparison, _), p) in rivals.iter_mut().zip(holm(&p_values)) {
                (comparison.against, comparison.p) = (Some(base.policy), Some(p));
            }
        }
        compared.into_iter().map(|(comparison, _)| comparison).collect()
    }
}

/// The groups of replays among records, in order of kind and settings; `baseline` is the label or the name of a policy.
pub(crate) fn groups<'a>(records: &[&'a Record], baseline: Option<&str>) -> Vec<Group<'a>> {
    let mut kinds: BTreeMap<&str, Vec<(&'a Record, &'a Replay)>> = BTreeMap::new();
    for &record in records {
        if let Some(replay) = &record.replay {
            kinds.entry(&replay.kind).or_default().push((record, replay));
        }
    }
    kinds.into_iter().flat_map(|(kind, of_kind)| groups_of(kind, &of_kind, baseline)).collect()
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

fn groups_of<'a>(
    kind: &'a str,
    records: &[(&'a Record, &'a Replay)],
    baseline: Option<&str>,
) -> Vec<Group<'a>> {
    let vary = differing(records.iter().map(|(_, replay)| chosen(replay, false)));
    let scenario = |record: &'a Record| {
        if kind == OPERATION { record.instance.as_str() } else { "" }
    };
    let mut split: BTreeMap<(&str, BTreeMap<&str, String>), Vec<_>> = BTreeMap::new();
    for &(record, replay) in records {
        split.entry((scenario(record), chosen(replay, false))).or_default().push((record, replay));
    }
    split
        .into_iter()
        .map(|((scenario, settings), records)| {
            let title = described(kind, &settings, &vary);
            let title = if scenario.is_empty() { title } else { scenario.to_owned() };
            let policies = policies(&records);
            let by_label = policies.iter().position(|p| Some(p.label.as_str()) == baseline);
            let by_name = || policies.iter().position(|p| Some(p.name) == baseline);
            let baseline = by_label.or_else(by_name);
            Group { title, shown: shown(kind, &records), policies, baseline }
        })
        .collect()
}

fn shown(kind: &str, records: &[(&Record, &Replay)]) -> &'static Shown {
    let is_measured =
        |metric: &str| records.iter().any(|(record, _)| record.metric(metric).is_some());
    let of_kind = SHOWN.iter().find(|shown| shown.kind == kind);
    let of_scenario =
        || OF_SCENARIOS.iter().find(|shown| shown.kind == kind && is_measured(shown.headline));
    of_kind.or_else(of_scenario).unwrap_or(&OTHER)
}

/// Changes to a scenario, `SECTION.FIELD=VALUE` with spaces between, without sections, and without the parts of values that
/// tell nothing apart: that all changes to a field have, or that several have, and of those with the same first part all or
/// none.
fn apart(labels: &[&str]) -> Vec<String> {
    let split = |change: &'_ str| -> Option<(String, Vec<String>)> {
        let (place, value) = change.split_once('=')?;
        let field = place.rsplit('.').next().unwrap_or(place);
        let parts = value.split_inclusive([':', ',', '+']);
        Some((field.to_owned(), parts.map(str::to_owned).collect()))
    };
    let bare = |part: &str| part.trim_end_matches([':', ',', '+']).to_owned();
    // The parts of every value of a field, as often as it stands somewhere.
    let mut values: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for (field, parts) in labels.iter().flat_map(|label| label.split(' ')).filter_map(split) {
        values.entry(field).or_default().push(parts.iter().map(|part| bare(part)).collect());
    }
    let is_common = |field: &str, part: &String| {
        let all = &values[field];
        if all.iter().all(|parts| parts.contains(part)) {
            return all.len() > 1;
        }
        let (with, without): (BTreeSet<&Vec<String>>, BTreeSet<&Vec<String>>) =
            all.iter().partition(|parts| parts.iter().skip(1).any(|own| own == part));
        let heads: BTreeSet<Option<&String>> = without.iter().map(|parts| parts.first()).collect();
        with.len() > 1 && with.iter().all(|parts| !heads.contains(&parts.first()))
    };
    let shorten = |change: &str| {
        let Some((field, parts)) = split(change) else { return change.to_owned() };
        let kept: Vec<&String> =
            parts.iter().filter(|part| !is_common(&field, &bare(part))).collect();
        let value: String = kept.into_iter().map(String::as_str).collect();
        if value.is_empty() {
            return field;
        }
        format!("{field}={}", bare(&value))
    };
    let short: Vec<String> = labels
        .iter()
        .map(|label| label.split(' ').map(shorten).collect::<Vec<_>>().join(" "))
        .collect();
    let distinct: BTreeSet<&String> = short.iter().collect();
    if distinct.len() == labels.len() {
        short
    } else {
        labels.iter().map(ToString::to_string).collect()
    }
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
    if policies.iter().all(|policy| policy.replay.kind == OPERATION) {
        let labels: Vec<&str> = policies.iter().map(|policy| policy.label.as_str()).collect();
        let short = apart(&labels);
        policies.iter_mut().zip(short).for_each(|(policy, short)| policy.label = short);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_what_differs() {
        let of = |labels: &[&str], expected: &[&str]| assert_eq!(apart(labels), expected);
        of(
            &[
                "faults.recovery=wait",
                "faults.recovery=restart:fence=30s,at-once=1",
                "faults.spare=hosts:1",
            ],
            &["recovery=wait", "recovery=restart:fence=30s,at-once=1", "spare=hosts:1"],
        );
        of(
            &[
                "faults.detector=timeout:after=4s,jitter=50ms,loss=0.1",
                "faults.detector=phi:threshold=8,jitter=50ms,loss=0.1",
            ],
            &["detector=timeout:after=4s", "detector=phi:threshold=8"],
        );
        // Crossed: what belongs to restarting alone tells nothing apart.
        of(
            &[
                "faults.detector=phi:threshold=8 faults.recovery=wait",
                "faults.detector=phi:threshold=8 faults.recovery=restart:fence=30s,at-once=10",
                "faults.detector=phi:threshold=9 faults.recovery=evacuate:fence=30s,at-once=10",
                "faults.detector=phi:threshold=9",
            ],
            &[
                "detector=threshold=8 recovery=wait",
                "detector=threshold=8 recovery=restart",
                "detector=threshold=9 recovery=evacuate",
                "detector=threshold=9",
            ],
        );
        of(
            &[
                "a.recovery=restart:fence=30s,at-once=1",
                "a.recovery=restart:fence=30s,at-once=10",
                "a.recovery=evacuate:fence=30s,at-once=10",
                "a.recovery=wait",
            ],
            &[
                "recovery=restart:at-once=1",
                "recovery=restart:at-once=10",
                "recovery=evacuate:at-once=10",
                "recovery=wait",
            ],
        );
        // What would be the same stays as it is.
        let same = ["a.x=1,2", "a.x=2,1"];
        of(&same, &same);
        of(&["as written"], &["as written"]);
        of(&["a.x=", "a.x=1"], &["x", "x=1"]);
    }
}
