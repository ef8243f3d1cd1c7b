//! The columns of the table of runs.

use vmpack_model::Value;

use crate::{Answer, Record, Termination};

/// How a cell is taken from a record, and so the type of its column. All but texts of the first kind may be absent.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    /// A text that every record has.
    Name(fn(&Record) -> &str),
    /// A text.
    Text(fn(&Record) -> Option<String>),
    /// A count.
    Count(fn(&Record) -> Option<u64>),
    /// A number.
    Real(fn(&Record) -> Option<f64>),
    /// Yes or no.
    Flag(fn(&Record) -> Option<bool>),
    /// The counter of the column's name, without its prefix.
    Counter,
    /// The metric of the column's name, without its prefix.
    Metric,
}

/// How the names of columns of counters begin.
pub(super) const COUNTER: &str = "counter_";

/// How the names of columns of metrics begin.
pub(super) const METRIC: &str = "metric_";

/// The columns that every table has, in their order. `FORMATS.md` says what they mean.
pub(super) const FIXED: &[(&str, Cell)] = &[
    ("run", Cell::Name(|r| &r.run)),
    ("dataset", Cell::Name(|r| &r.dataset)),
    ("instance", Cell::Name(|r| &r.instance)),
    ("instance_hash", Cell::Name(|r| &r.instance_hash)),
    ("class", Cell::Text(|r| r.class.clone())),
    ("rules", Cell::Text(|r| r.rules.as_ref().map(|rules| rules.forms.join(" ")))),
    ("family", Cell::Text(|r| Some(r.family.to_string()))),
    ("replay_kind", Cell::Text(|r| r.replay.as_ref().map(|replay| replay.kind.clone()))),
    ("replay_settings", Cell::Text(settings)),
    ("vm_types", Cell::Count(|r| Some(r.features.vm_types))),
    ("vms", Cell::Count(|r| Some(r.features.vms))),
    ("hosts", Cell::Count(|r| Some(r.features.hosts))),
    ("resources", Cell::Count(|r| Some(r.features.resources))),
    ("services", Cell::Count(|r| Some(r.features.services))),
    ("reference_cost", Cell::Real(|r| r.reference.as_ref().map(|known| known.cost.to_f64()))),
    (
        "reference_cost_exact",
        Cell::Text(|r| r.reference.as_ref().map(|known| known.cost.to_string())),
    ),
    ("reference_proved", Cell::Flag(|r| r.reference.as_ref().map(|known| known.proved))),
    ("method", Cell::Name(|r| &r.method)),
    ("kind", Cell::Text(|r| Some(r.kind.to_string()))),
    ("seed", Cell::Count(|r| Some(r.seed))),
    ("repetition", Cell::Count(|r| Some(r.repetition))),
    ("limit_wall_s", Cell::Real(|r| Some(r.limits.wall_s))),
    ("limit_cpu_s", Cell::Real(|r| r.limits.cpu_s)),
    ("limit_memory_bytes", Cell::Count(|r| r.limits.memory_bytes)),
    ("limit_work", Cell::Count(|r| r.limits.work)),
    ("threads", Cell::Count(|r| Some(r.limits.threads))),
    ("termination", Cell::Name(|r| r.termination.name())),
    ("cause", Cell::Text(|r| r.cause.map(|cause| cause.to_string()))),
    ("signal", Cell::Count(signal)),
    ("message", Cell::Text(message)),
    ("status", Cell::Text(|r| answer(r, |a| a.status.to_string()))),
    ("verdict", Cell::Text(|r| answer(r, |a| a.judgement.verdict.name().to_owned()))),
    ("correct", Cell::Flag(|r| Some(r.is_correct()))),
    ("answered", Cell::Flag(|r| Some(r.is_answered()))),
    ("proved", Cell::Flag(|r| Some(r.is_proved()))),
    ("certified", Cell::Flag(|r| answer(r, |a| a.judgement.certified))),
    ("certificate", Cell::Text(|r| r.answer.as_ref()?.certificate.clone())),
    ("claimed_cost", Cell::Real(|r| real(r.answer.as_ref()?.claimed_cost))),
    ("claimed_cost_exact", Cell::Text(|r| exact(r.answer.as_ref()?.claimed_cost))),
    ("cost", Cell::Real(|r| real(r.answer.as_ref()?.judgement.cost))),
    ("cost_exact", Cell::Text(|r| exact(r.answer.as_ref()?.judgement.cost))),
    ("lower_bound", Cell::Real(|r| real(r.answer.as_ref()?.lower_bound))),
    ("lower_bound_exact", Cell::Text(|r| exact(r.answer.as_ref()?.lower_bound))),
    ("wall_s", Cell::Real(|r| Some(r.measurement.wall_s))),
    ("cpu_s", Cell::Real(|r| Some(r.measurement.cpu_s))),
    ("process_wall_s", Cell::Real(|r| Some(r.measurement.process_wall_s))),
    ("process_cpu_s", Cell::Real(|r| Some(r.measurement.process_cpu_s))),
    ("peak_rss_bytes", Cell::Count(|r| Some(r.measurement.peak_rss_bytes))),
    ("peak_by", Cell::Text(|r| r.measurement.peak_by.map(|means| means.name().to_owned()))),
    ("cgroup_peak_bytes", Cell::Count(|r| r.measurement.cgroup_peak_bytes)),
    ("involuntary_switches", Cell::Count(|r| Some(r.measurement.involuntary_switches))),
    ("load", Cell::Real(|r| Some(r.measurement.load))),
    ("steal_s", Cell::Real(|r| r.measurement.noise.map(|noise| noise.steal_s))),
    ("others_s", Cell::Real(|r| r.measurement.noise.map(|noise| noise.others_s))),
    ("waited_s", Cell::Real(|r| r.measurement.noise.and_then(|noise| noise.waited_s))),
    ("disturbed", Cell::Flag(|r| r.measurement.noise.map(|noise| noise.disturbed))),
];

fn answer<T>(record: &Record, of: impl FnOnce(&Answer) -> T) -> Option<T> {
    record.answer.as_ref().map(of)
}

fn real(value: Option<Value>) -> Option<f64> {
    value.map(Value::to_f64)
}

fn exact(value: Option<Value>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn settings(record: &Record) -> Option<String> {
    let replay = record.replay.as_ref()?;
    Some(serde_json::to_string(&replay.settings).expect("plain data with string keys"))
}

fn signal(record: &Record) -> Option<u64> {
    match record.termination {
        Termination::Crashed { signal } => u64::try_from(signal).ok(),
        _ => None,
    }
}

fn message(record: &Record) -> Option<String> {
    match &record.termination {
        Termination::Failed { message } => Some(message.clone()),
        _ => None,
    }
}
