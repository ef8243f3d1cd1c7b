//! The records of one problem family, arranged for figures and tables. The statistics themselves are
//! those of `vmpack_results::stats`.

use std::collections::{BTreeMap, BTreeSet};

use vmpack_model::{Family, Kind};
use vmpack_results::Record;
use vmpack_results::stats::{self, Cell, Clock, Counts, Known};

use crate::draw::{Look, looks};
use crate::replays::{Group, groups};
use crate::series::Series;
use crate::statistics::Statistics;

/// The records of one problem family: what a [`Figure`](crate::Figure) is drawn from.
#[derive(Debug)]
pub struct Data<'a> {
    pub(crate) family: Family,
    pub(crate) clock: Clock,
    /// In order of kind, then name.
    pub(crate) methods: Vec<MethodData<'a>>,
    /// In order of dataset, size, then name.
    pub(crate) instances: Vec<InstanceData<'a>>,
    pub(crate) known: BTreeMap<&'a str, Known>,
    /// How the methods compare; nothing of replays, which have tables of their own.
    pub(crate) statistics: Statistics,
    /// Replays by kind and settings; none in families of problems.
    pub(crate) replays: Vec<Group<'a>>,
    /// The time series of replays.
    pub(crate) series: &'a Series,
}

/// One method with what it did on every instance.
#[derive(Debug)]
pub(crate) struct MethodData<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: Kind,
    pub(crate) look: Look,
    /// Its runs, in the order of the report.
    pub(crate) runs: Vec<&'a Record>,
    /// Its runs, counted.
    pub(crate) counts: Counts,
    /// By the hash of the instance's content: only instances it was run on.
    pub(crate) cells: BTreeMap<&'a str, Cell>,
    /// The mean gap to the best known cost, by the hash of the instance's content: only instances on
    /// which every run has a verified cost.
    pub(crate) gaps: BTreeMap<&'a str, f64>,
    /// The greatest memory of a run, in bytes.
    pub(crate) peak_rss_bytes: u64,
}

/// One instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceData<'a> {
    pub(crate) hash: &'a str,
    pub(crate) name: &'a str,
    pub(crate) dataset: &'a str,
    pub(crate) vms: u64,
}

/// What a table says of one method on some instances.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    /// Instances it was run on.
    pub(crate) instances: u64,
    /// Instances that all its runs answered.
    pub(crate) answered: u64,
    /// Instances that all its runs proved.
    pub(crate) proved: u64,
    /// Instances on which of all its runs the bound or the refutation was derived again.
    pub(crate) certified: u64,
    /// Instances on which it reached the best known cost.
    pub(crate) best: u64,
    /// The mean gap over the instances on which it has a verified cost.
    pub(crate) gap: Option<f64>,
    /// The shifted geometric mean of its time with a shift of 10 ms; unanswered instances count as the limit.
    pub(crate) sgm_10ms: Option<f64>,
    /// The same with a shift of 1 s.
    pub(crate) sgm_1s: Option<f64>,
    /// The same with a shift of 10 s.
    pub(crate) sgm_10s: Option<f64>,
    /// The mean time, unanswered instances counting twice the limit.
    pub(crate) par2: Option<f64>,
    /// The mean time, unanswered instances counting ten times the limit.
    pub(crate) par10: Option<f64>,
    /// The median over instances of how far repeated runs are apart.
    pub(crate) spread: Option<f64>,
}

/// A method in cost and time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TradeOff {
    /// An index into the methods of the data.
    pub(crate) method: usize,
    /// The shifted geometric mean of its time with a shift of 10 ms.
    pub(crate) seconds: f64,
    /// The mean gap over the instances on which it has a verified cost.
    pub(crate) gap: f64,
    /// Whether it answered every instance of the family.
    pub(crate) everywhere: bool,
    /// Whether it did, and no other that did beats it in both: the Pareto front.
    pub(crate) unbeaten: bool,
}

impl<'a> Data<'a> {
    /// Arranges the records of one family; records of the other are left out. Methods are told against the `baseline`
    /// where it is one of them, policies likewise.
    pub(crate) fn new(
        family: Family,
        clock: Clock,
        records: &'a [Record],
        series: &'a Series,
        baseline: Option<&str>,
    ) -> Self {
        let records: Vec<&Record> = records.iter().filter(|r| r.family == family).collect();
        let known = stats::best_known(records.iter().copied());
        let mut tables = stats::tabulate(records.iter().copied(), clock);
        let mut instances: BTreeMap<&str, InstanceData<'a>> = BTreeMap::new();
        let mut by_method: BTreeMap<(Kind, &str), Vec<&'a Record>> = BTreeMap::new();
        for &record in &records {
            instances.entry(&record.instance_hash).or_insert(InstanceData {
                hash: &record.instance_hash,
                name: &record.instance,
                dataset: &record.dataset,
                vms: record.features.vms,
            });
            by_method.entry((record.kind, &record.method)).or_default().push(record);
        }
        let looks = looks(by_method.keys().map(|&(kind, name)| (name, kind)));
        let methods = by_method
            .into_iter()
            .map(|((kind, name), runs)| MethodData {
                name,
                kind,
                look: looks[name],
                counts: stats::count(runs.iter().copied()),
                cells: tables.remove(name).unwrap_or_default(),
                gaps: gaps(&runs, &known),
                peak_rss_bytes: runs
                    .iter()
                    .map(|r| r.measurement.peak_rss_bytes)
                    .max()
                    .unwrap_or(0),
                runs,
            })
            .collect();
        let mut instances: Vec<InstanceData<'a>> = instances.into_values().collect();
        instances.sort_by_key(|i| (i.dataset, i.vms, i.name, i.hash));
        let replays = groups(&records, baseline);
        let statistics = Statistics::default();
        let mut data =
            Self { family, clock, methods, instances, known, statistics, replays, series };
        if family != Family::Replay {
            let baseline = data.methods.iter().position(|m| Some(m.name) == baseline);
            data.statistics =
                Statistics::new(&data.methods, &data.compared(), &data.known, baseline);
        }
        data
    }

    /// What can be a baseline: methods, or policies by their labels.
    pub(crate) fn contestants(&self) -> BTreeSet<&str> {
        if self.family == Family::Replay {
            self.replays.iter().flat_map(|group| &group.policies).map(|p| &*p.label).collect()
        } else {
            self.methods.iter().map(|m| m.name).collect()
        }
    }

    /// Whether it has a baseline of that name; policies have the names of records besides their labels.
    pub(crate) fn has(&self, baseline: &str) -> bool {
        self.contestants().contains(baseline) || self.methods.iter().any(|m| m.name == baseline)
    }

    /// What is told against something else than this baseline, since it was not run there: groups of policies by their titles,
    /// or the family.
    pub(crate) fn without(&self, baseline: &str) -> Vec<String> {
        if self.family == Family::Replay {
            let groups = self.replays.iter();
            let without = groups.filter(|g| g.baseline.is_none() && g.policies.len() > 1);
            return without.map(|group| group.title.clone()).collect();
        }
        let lacks = self.statistics.against.is_some() && !self.has(baseline);
        if lacks { vec![format!("the {} family", self.family)] } else { Vec::new() }
    }

    /// The kinds that have methods, in order.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.methods.iter().map(|m| m.kind).collect();
        kinds.dedup();
        kinds
    }

    /// The datasets, in order.
    pub(crate) fn datasets(&self) -> Vec<&'a str> {
        let mut datasets: Vec<&str> = self.instances.iter().map(|i| i.dataset).collect();
        datasets.dedup();
        datasets
    }

    /// The instances that figures compare methods on: where several were run, those that at least two of
    /// them were run on. A method that is given more instances than its rivals gains nothing by it.
    pub(crate) fn compared(&self) -> Vec<&InstanceData<'a>> {
        let wanted = self.methods.len().min(2);
        let runs = |hash: &str| self.methods.iter().filter(|m| m.cells.contains_key(hash)).count();
        self.instances.iter().filter(|i| runs(i.hash) >= wanted).collect()
    }

    /// The clock's name as axes and tables show it.
    pub(crate) fn clock_name(&self) -> &'static str {
        clock_name(self.clock)
    }

    /// The methods that have a gap and a time, in their order.
    pub(crate) fn trade_offs(&self) -> Vec<TradeOff> {
        let everything = self.instances.len() as u64;
        let all = self.methods.iter().enumerate().filter_map(|(method, m)| {
            let summary = self.summary(m, |_| true);
            let everywhere = summary.answered == everything;
            let (gap, seconds) = (summary.gap?, summary.sgm_10ms?);
            Some(TradeOff { method, seconds, gap, everywhere, unbeaten: false })
        });
        let mut all: Vec<TradeOff> = all.collect();
        let complete = all.iter().filter(|t| t.everywhere).map(|t| (t.seconds, t.gap));
        let front = stats::pareto_front(complete);
        for t in &mut all {
            t.unbeaten = t.everywhere && front.contains(&(t.seconds, t.gap));
        }
        all
    }

    /// What the method did on the instances that `wanted` picks.
    pub(crate) fn summary(
        &self,
        method: &MethodData<'_>,
        wanted: impl Fn(&InstanceData<'_>) -> bool,
    ) -> Summary {
        let chosen: Vec<&InstanceData<'_>> = self.instances.iter().filter(|i| wanted(i)).collect();
        let cells: Vec<&Cell> = chosen.iter().filter_map(|i| method.cells.get(i.hash)).collect();
        let gaps: Vec<f64> =
            chosen.iter().filter_map(|i| method.gaps.get(i.hash)).copied().collect();
        let times: Vec<(Option<f64>, f64)> =
            cells.iter().map(|cell| (cell.answered, cell.limit)).collect();
        let count = |what: &dyn Fn(&Cell) -> bool| cells.iter().filter(|c| what(c)).count() as u64;
        Summary {
            instances: cells.len() as u64,
            answered: count(&|cell| cell.answered.is_some()),
            proved: count(&|cell| cell.proved.is_some()),
            certified: count(&|cell| cell.certified),
            best: gaps.iter().filter(|gap| **gap == 0.0).count() as u64,
            gap: stats::mean(&gaps),
            sgm_10ms: sgm(&cells, 0.010),
            sgm_1s: sgm(&cells, 1.0),
            sgm_10s: sgm(&cells, 10.0),
            par2: stats::penalised_average(&times, 2.0),
            par10: stats::penalised_average(&times, 10.0),
            spread: stats::quantile(
                &cells.iter().filter_map(|cell| cell.spread).collect::<Vec<_>>(),
                0.5,
            ),
        }
    }
}

/// The clock as axes and tables name it.
pub(crate) fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::Cpu => "CPU time",
        Clock::Wall => "wall time",
    }
}

/// The shifted geometric mean of times in seconds, for a shift that is a whole number of milliseconds;
/// unanswered instances count as the limit. It is taken in milliseconds, because the definition raises
/// values that are below one unit with their shift.
fn sgm(cells: &[&Cell], shift_s: f64) -> Option<f64> {
    let milliseconds: Vec<f64> =
        cells.iter().map(|cell| 1e3 * cell.answered.unwrap_or(cell.limit)).collect();
    stats::shifted_geometric_mean(&milliseconds, 1e3 * shift_s).map(|ms| (ms / 1e3).max(0.0))
}

/// The gap to the best known cost by instance, of repetitions the median, of seeds the mean, where every run of the method
/// has a verified cost.
fn gaps<'a>(runs: &[&'a Record], known: &BTreeMap<&'a str, Known>) -> BTreeMap<&'a str, f64> {
    let mut by_instance: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for run in runs {
        by_instance.entry(&run.instance_hash).or_default().push(run);
    }
    let gap = |run: &Record| known[&*run.instance_hash].gap_to_cost(Some(run.verified_cost()?));
    by_instance
        .into_iter()
        .filter_map(|(hash, runs)| Some((hash, stats::over_runs(&runs, gap)?)))
        .collect()
}
