//! What ran, on what, and what was found: one row per run, instance, pair or finding.

use std::path::PathBuf;

use vmpack_results::{Contradiction, Disproved, Manifest, Record, Termination};

use crate::data::Data;
use crate::optima::published_bounds;
use crate::table::Unit::{Bytes, Count, Number, Seconds, Text};
use crate::table::{Table, column, data_column, row};

/// Every run, unrounded: for other programs.
pub(super) fn runs(records: &[Record]) -> Table {
    let columns = vec![
        data_column("run", Text, "id of the run, as in records.jsonl"),
        data_column("family", Text, "family of problems"),
        data_column("dataset", Text, "suite or path"),
        data_column("instance", Text, "name of the instance"),
        data_column("instance_hash", Text, "hash of its content"),
        data_column("class", Text, "class that its suite gives it"),
        data_column("vm_types", Count, "types of VMs"),
        data_column("vms", Count, "VMs"),
        data_column("hosts", Count, "types of hosts (packing) or hosts (allocation)"),
        data_column("resources", Count, "resources"),
        data_column("services", Count, "service demands (allocation)"),
        data_column("method", Text, "id of the method"),
        data_column("kind", Text, "kind of the method"),
        data_column("seed", Count, "seed"),
        data_column("repetition", Count, "which repetition of the same run, from 0"),
        data_column("termination", Text, "how the process ended"),
        data_column("cause", Text, "by which limit or signal of the harness it was ended"),
        data_column("ending", Text, "its signal, or what it said"),
        data_column("status", Text, "what it claims"),
        data_column("claimed_cost", Number, "the cost it claims"),
        data_column(
            "verified_cost",
            Number,
            "the cost that the judge derived, if nothing is wrong",
        ),
        data_column("lower_bound", Number, "the lower bound it claims"),
        data_column("certified", Text, "whether the judge derived the bound or refutation again"),
        data_column("certificate", Text, "kind of certificate"),
        data_column("verdict", Text, "what the judge found"),
        data_column("finding", Text, "the same as a sentence"),
        data_column("notes", Text, "what else the judge noted"),
        data_column("violation", Number, "greatest violation within a stated tolerance"),
        data_column("wall_s", Seconds, "wall seconds of solving alone"),
        data_column("cpu_s", Seconds, "CPU seconds of solving alone"),
        data_column("process_wall_s", Seconds, "wall seconds of the whole process"),
        data_column("process_cpu_s", Seconds, "CPU seconds of the whole process"),
        data_column("peak_rss_bytes", Bytes, "peak memory"),
        data_column("peak_by", Text, "the cgroup that this is of; empty for resident memory"),
        data_column("cgroup_peak_bytes", Bytes, "what its cgroup held at most, beside that"),
        data_column("involuntary_switches", Count, "times taken off a core"),
        data_column("load", Number, "load average at the start"),
        data_column(
            "steal_s",
            Seconds,
            "CPU seconds that the hypervisor gave to others while it ran",
        ),
        data_column("others_s", Seconds, "CPU seconds that other processes used while it ran"),
        data_column("waited_s", Seconds, "seconds that it was ready and no core was free"),
        data_column("disturbed", Text, "whether that is more than a quiet machine has"),
    ];
    let rows = records.iter().map(|r| {
        let answer = r.answer.as_ref();
        let judged = answer.map(|a| &a.judgement);
        let (m, f) = (&r.measurement, &r.features);
        row![
            &r.run,
            r.family.to_string(),
            &r.dataset,
            &r.instance,
            &r.instance_hash,
            r.class.as_ref(),
            f.vm_types,
            f.vms,
            f.hosts,
            f.resources,
            f.services,
            &r.method,
            r.kind.to_string(),
            r.seed,
            r.repetition,
            r.termination.name(),
            r.cause.map(|cause| cause.to_string()),
            ending(&r.termination),
            answer.map(|a| a.status.to_string()),
            answer.and_then(|a| a.claimed_cost),
            r.verified_cost(),
            answer.and_then(|a| a.lower_bound),
            judged.map(|j| j.certified),
            answer.and_then(|a| a.certificate.as_ref()),
            judged.map(|j| j.verdict.name()),
            judged.map(|j| j.verdict.to_string()),
            judged.map(|j| j.notes.join("; ")),
            judged.map(|j| j.violation),
            m.wall_s,
            m.cpu_s,
            m.process_wall_s,
            m.process_cpu_s,
            m.peak_rss_bytes,
            m.peak_by.map(vmpack_results::Means::name),
            m.cgroup_peak_bytes,
            m.involuntary_switches,
            m.load,
            m.noise.map(|noise| noise.steal_s),
            m.noise.map(|noise| noise.others_s),
            m.noise.and_then(|noise| noise.waited_s),
            m.noise.map(|noise| noise.disturbed.to_string()),
        ]
    });
    Table {
        name: "runs",
        family: None,
        title: "Runs",
        caption: "Every finished run.".to_owned(),
        columns,
        rows: rows.collect(),
    }
}

/// What a process left behind when it did not end well: its signal, or what it said.
fn ending(termination: &Termination) -> String {
    match termination {
        Termination::Crashed { signal } => format!("signal {signal}"),
        Termination::Failed { message } => message.clone(),
        _ => String::new(),
    }
}

/// What is known of every instance.
pub(super) fn instances(families: &[Data<'_>]) -> Table {
    let columns = vec![
        data_column("family", Text, "family of problems"),
        data_column("dataset", Text, "suite or path"),
        data_column("instance", Text, "name of the instance"),
        data_column("instance_hash", Text, "hash of its content"),
        data_column("vms", Count, "VMs"),
        data_column("best_cost", Number, "least cost: verified, or published"),
        data_column("best_bound", Number, "greatest lower bound that nobody refuted"),
        data_column(
            "certified_bound",
            Number,
            "greatest lower bound that was derived again, or is published as proved",
        ),
    ];
    let all = families.iter().flat_map(|data| data.instances.iter().map(move |i| (data, i)));
    let rows = all.map(|(data, i)| {
        let known = data.known.get(i.hash).copied().unwrap_or_default();
        row![
            data.family.to_string(),
            i.dataset,
            i.name,
            i.hash,
            i.vms,
            known.cost,
            known.bound,
            known.certified_bound,
        ]
    });
    Table {
        name: "instances",
        family: None,
        title: "Instances",
        caption: "What is known of every instance, over all runs and publications.".to_owned(),
        columns,
        rows: rows.collect(),
    }
}

/// Pairs that are not run.
pub(super) fn skipped(manifest: &Manifest) -> Table {
    let rows = manifest.skipped.iter().map(|s| row![&s.instance, &s.method, &s.reason]);
    Table {
        name: "skipped",
        family: None,
        title: "Skipped pairs",
        caption: "Pairs of instance and method that are not run, because the method does not take the instance.".to_owned(),
        columns: vec![
            data_column("instance", Text, "name of the instance"),
            data_column("method", Text, "id of the method"),
            data_column("reason", Text, "the method's reason"),
        ],
        rows: rows.collect(),
    }
}

/// Claims that cannot all be true.
pub(super) fn contradictions(found: &[Contradiction]) -> Table {
    let rows = found.iter().map(|c| {
        let run = match &c.disproved {
            Disproved::Answer { run, .. } => run.clone(),
            Disproved::Reference { .. } => String::new(),
        };
        row![&c.dataset, &c.instance, &c.instance_hash, run, c.to_string()]
    });
    Table {
        name: "contradictions",
        family: None,
        title: "Contradictions",
        caption: "Answers and references that other answers disprove.".to_owned(),
        columns: vec![
            data_column("dataset", Text, "suite or path"),
            data_column("instance", Text, "name of the instance"),
            data_column("instance_hash", Text, "hash of its content"),
            data_column("run", Text, "the run that is disproved; empty if it is the reference"),
            data_column("finding", Text, "what contradicts what"),
        ],
        rows: rows.collect(),
    }
}

/// The optima that were open before; `solution` is where solution and certificate are.
pub(crate) fn new_optima(
    optima: &[&Record],
    solution: impl Fn(&Record) -> Option<PathBuf>,
) -> Table {
    let columns = vec![
        column("instance", "instance", Text, "name of the instance"),
        column("class", "class", Text, "class that its suite gives it"),
        data_column("dataset", Text, "suite or path"),
        data_column("instance_hash", Text, "hash of its content"),
        column("published_bound", "published bound", Number, "the best bound before"),
        column("published_cost", "published cost", Number, "the best cost before"),
        column("optimum", "optimum", Number, "the optimum"),
        column("method", "method", Text, "the method that proved it"),
        column(
            "certificate",
            "certificate",
            Text,
            "kind of the certificate that was derived again",
        ),
        column("cpu_s", "CPU", Seconds, "CPU seconds of solving alone"),
        data_column("wall_s", Seconds, "wall seconds of solving alone"),
        data_column("run", Text, "id of the run"),
        data_column("solution", Text, "file of solution and certificate, if it is kept"),
        data_column("source", Text, "who published bound and cost"),
    ];
    let rows = optima.iter().map(|r| {
        let (bound, cost) = published_bounds(r);
        row![
            &r.instance,
            r.class.as_ref(),
            &r.dataset,
            &r.instance_hash,
            bound,
            cost,
            r.verified_cost(),
            &r.method,
            r.answer.as_ref().and_then(|a| a.certificate.as_ref()),
            r.measurement.cpu_s,
            r.measurement.wall_s,
            &r.run,
            solution(r).map(|path| path.display().to_string()),
            r.reference.as_ref().map(|r| &r.source),
        ]
    });
    Table {
        name: "new-optima",
        family: None,
        title: "New optima",
        caption: "Instances that are open in the literature and proved here, for the strongest proof of each.".to_owned(),
        columns,
        rows: rows.collect(),
    }
}
