//! Every run in columns: what filters, points, tables and summaries are made from.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use vmpack_model::{Kind, Value};
use vmpack_results::stats::{Clock, Known};
use vmpack_results::{Record, Termination};

use super::columns::{Rounded, Words};
use crate::data::{Data, clock_name};
use crate::draw::{DARK, kind_colour, kind_title};

/// The runs of a report, one entry of every column per run.
#[derive(Serialize)]
pub(super) struct Runs<'a> {
    /// `cpu` or `wall`: the column that is *the* time of the report.
    clock: &'static str,
    clock_name: &'static str,
    /// The kinds of method that there are, by name.
    kinds: BTreeMap<String, KindLook>,
    instances: Instances<'a>,
    /// The first digits of the runs' ids, as many as tell them apart.
    id: Vec<&'a str>,
    instance: Vec<usize>,
    method: Words<'a>,
    /// The short names of methods that have one, as in the tables of policies.
    labels: BTreeMap<&'a str, String>,
    kind: Words<'a>,
    outcome: Words<'a>,
    verdict: Words<'a>,
    seed: Vec<u64>,
    /// Which repetition each is, from 0 on; nothing where no run was repeated.
    repetition: Vec<u64>,
    wall: Vec<Rounded>,
    cpu: Vec<Rounded>,
    /// What the clock may show at most.
    limit: Vec<Rounded>,
    memory: Vec<u64>,
    cost: Vec<Option<Value>>,
    bound: Vec<Option<Value>>,
    flags: Vec<u8>,
    /// The headline of each replay and what it is called; none elsewhere.
    metric: Vec<Option<Rounded>>,
    metric_name: Words<'a>,
    /// The case that each replay is of, as a number: what a policy is given once, however many seeds it is averaged over.
    case: Vec<Option<usize>>,
}

/// How points of a kind look.
#[derive(Serialize)]
struct KindLook {
    title: &'static str,
    light: String,
    dark: String,
}

/// The instances, one entry of every column per instance; the same content may appear under several names.
#[derive(Default, Serialize)]
struct Instances<'a> {
    name: Vec<&'a str>,
    dataset: Vec<&'a str>,
    class: Vec<&'a str>,
    family: Vec<String>,
    /// The same number where the content is the same.
    content: Vec<usize>,
    vms: Vec<u64>,
    vm_types: Vec<u64>,
    hosts: Vec<u64>,
    resources: Vec<u64>,
    services: Vec<u64>,
    reference: Vec<Option<Value>>,
    reference_bound: Vec<Option<Value>>,
    proved: Vec<bool>,
    source: Vec<&'a str>,
    /// The least cost that is known, from which gaps are measured.
    known: Vec<Option<Value>>,
}

/// What the flags of a run say, bit by bit.
#[derive(Clone, Copy)]
enum Flag {
    Correct = 1,
    Wrong = 2,
    Answered = 4,
    Proved = 8,
    Certified = 16,
    /// The cost is verified, not only claimed.
    Verified = 32,
}

impl<'a> Runs<'a> {
    pub(super) fn new(records: &'a [Record], families: &[Data<'a>], clock: Clock) -> Self {
        let known = |record: &Record| -> Option<Known> {
            let data = families.iter().find(|data| data.family == record.family)?;
            data.known.get(&*record.instance_hash).copied()
        };
        let (instances, instance) = instances(records, known);
        let kinds = records.iter().map(|r| (r.kind.to_string(), KindLook::of(r.kind))).collect();
        let headlines: HashMap<&str, &'static str> = families
            .iter()
            .flat_map(|data| &data.replays)
            .flat_map(|group| group.runs().map(|run| (&*run.run, group.headline())))
            .collect();
        let headline = |r: &Record| headlines.get(&*r.run).copied();
        let cases = cases(families);
        let repeated = records.iter().any(|r| r.repetition > 0);
        let digits = distinct(records);
        let answer = |r: &'a Record| r.answer.as_ref();
        Self {
            clock: match clock {
                Clock::Cpu => "cpu",
                Clock::Wall => "wall",
            },
            clock_name: clock_name(clock),
            kinds,
            instances,
            id: records.iter().map(|r| r.run.get(..digits).unwrap_or(&r.run)).collect(),
            instance,
            method: records.iter().map(|r| &*r.method).collect(),
            labels: labels(families),
            kind: records.iter().map(|r| kind_title(r.kind)).collect(),
            outcome: records.iter().map(outcome).collect(),
            verdict: records
                .iter()
                .map(|r| answer(r).map_or("", |a| a.judgement.verdict.name()))
                .collect(),
            seed: records.iter().map(|r| r.seed).collect(),
            repetition: records.iter().filter(|_| repeated).map(|r| r.repetition).collect(),
            wall: records.iter().map(|r| Rounded(r.measurement.wall_s)).collect(),
            cpu: records.iter().map(|r| Rounded(r.measurement.cpu_s)).collect(),
            limit: records.iter().map(|r| Rounded(clock.limit(&r.limits))).collect(),
            memory: records.iter().map(|r| r.measurement.peak_rss_bytes).collect(),
            cost: records
                .iter()
                .map(|r| answer(r).and_then(|a| a.judgement.cost.or(a.claimed_cost)))
                .collect(),
            bound: records.iter().map(|r| answer(r).and_then(|a| a.lower_bound)).collect(),
            flags: records.iter().map(flags).collect(),
            metric: records
                .iter()
                .map(|r| headline(r).and_then(|name| r.metric(name)).map(Rounded))
                .collect(),
            metric_name: records.iter().map(|r| headline(r).unwrap_or("")).collect(),
            case: records.iter().map(|r| cases.get(&*r.run).copied()).collect(),
        }
    }
}

impl KindLook {
    fn of(kind: Kind) -> Self {
        let colour = kind_colour(kind);
        let dark =
            DARK.iter().find(|(light, _)| *light == colour).map_or(colour, |(_, dark)| *dark);
        let hex = |c: plotters::style::RGBColor| format!("#{:02x}{:02x}{:02x}", c.0, c.1, c.2);
        Self { title: kind_title(kind), light: hex(colour), dark: hex(dark) }
    }
}

/// Changes to scenarios by what tells them apart: of the labels that one has in several groups the longest, which says the
/// most. What would be the name of two keeps its own.
fn labels<'a>(families: &[Data<'a>]) -> BTreeMap<&'a str, String> {
    let mut labels: BTreeMap<&str, &String> = BTreeMap::new();
    for group in families.iter().flat_map(|data| &data.replays).filter(|g| g.is_scenario()) {
        for policy in &group.policies {
            let label = labels.entry(policy.name).or_insert(&policy.label);
            if policy.label.len() > label.len() {
                *label = &policy.label;
            }
        }
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    for label in labels.values() {
        *names.entry(label).or_default() += 1;
    }
    labels.retain(|name, label| names[label.as_str()] == 1 && *name != label.as_str());
    labels.into_iter().map(|(name, label)| (name, label.clone())).collect()
}

/// The case of every replay, by the id of its run: a number per group of replays and trace or seed.
fn cases<'a>(families: &[Data<'a>]) -> HashMap<&'a str, usize> {
    let mut numbers = HashMap::new();
    let mut of_runs = HashMap::new();
    for (place, group) in families.iter().flat_map(|data| &data.replays).enumerate() {
        for policy in &group.policies {
            for run in &policy.runs {
                let next = numbers.len();
                let number = *numbers.entry((place, policy.case(run))).or_insert(next);
                of_runs.insert(&*run.run, number);
            }
        }
    }
    of_runs
}

/// The instances of the records in order of appearance, and the place of each record's.
fn instances(
    records: &[Record],
    known: impl Fn(&Record) -> Option<Known>,
) -> (Instances<'_>, Vec<usize>) {
    let mut columns = Instances::default();
    let mut places: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut contents: HashMap<&str, usize> = HashMap::new();
    let mut of_runs = Vec::with_capacity(records.len());
    for r in records {
        let key = (&*r.instance_hash, &*r.dataset, &*r.instance);
        let next = places.len();
        let place = *places.entry(key).or_insert(next);
        of_runs.push(place);
        if place < next {
            continue;
        }
        let content = contents.len();
        let reference = r.reference.as_ref();
        columns.name.push(&r.instance);
        columns.dataset.push(&r.dataset);
        columns.class.push(r.class.as_deref().unwrap_or(""));
        columns.family.push(r.family.to_string());
        columns.content.push(*contents.entry(&r.instance_hash).or_insert(content));
        columns.vms.push(r.features.vms);
        columns.vm_types.push(r.features.vm_types);
        columns.hosts.push(r.features.hosts);
        columns.resources.push(r.features.resources);
        columns.services.push(r.features.services);
        columns.reference.push(reference.map(|reference| reference.cost));
        columns.reference_bound.push(reference.and_then(|reference| reference.lower_bound));
        columns.proved.push(reference.is_some_and(|reference| reference.proved));
        columns.source.push(reference.map_or("", |reference| &reference.source));
        columns.known.push(known(r).and_then(|known| known.cost));
    }
    (columns, of_runs)
}

/// How a run ended, in one word: what the process came to, or else what the answer claims.
fn outcome(r: &Record) -> &'static str {
    use vmpack_model::Status;
    if r.is_wrong() {
        return "wrong";
    }
    if r.termination != Termination::Completed {
        return r.termination.name();
    }
    let Some(answer) = r.answer.as_ref().filter(|_| r.is_correct()) else { return "not verified" };
    if r.replay.is_some() {
        return "replayed";
    }
    match answer.status {
        Status::Optimal => "optimal",
        Status::Feasible => "feasible",
        Status::Infeasible => "infeasible",
        Status::Unbounded => "unbounded",
        Status::Unknown => "no solution",
    }
}

fn flags(r: &Record) -> u8 {
    [
        (r.is_correct(), Flag::Correct),
        (r.is_wrong(), Flag::Wrong),
        (r.is_answered(), Flag::Answered),
        (r.is_proved(), Flag::Proved),
        (r.is_certified(), Flag::Certified),
        (r.verified_cost().is_some(), Flag::Verified),
    ]
    .into_iter()
    .filter(|(is_set, _)| *is_set)
    .fold(0, |flags, (_, flag)| flags | flag as u8)
}

/// How many digits tell the ids of the runs apart; eight unless that is too few.
fn distinct(records: &[Record]) -> usize {
    let longest = records.iter().map(|r| r.run.len()).max().unwrap_or(0);
    let differ = |digits: usize| {
        let mut seen = std::collections::HashSet::new();
        records.iter().all(|r| seen.insert(r.run.get(..digits).unwrap_or(&r.run)))
    };
    (8..longest).find(|digits| differ(*digits)).unwrap_or(longest)
}
