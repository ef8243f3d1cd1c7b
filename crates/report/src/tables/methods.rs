//! What every method did: on everything, on a dataset, on a class, as instances grow, and under rules.

use vmpack_results::Proof;
use vmpack_results::stats::{Misfit, PowerLaw};

use super::{answered, ended, proved};
use crate::classes::Class;
use crate::data::{Data, Summary};
use crate::growth::{Size, growths};
use crate::table::Unit::{Bytes, Count, Number, Ratio, Seconds, Share, Text};
use crate::table::{Cell, Column, Table, column, data_column, row};

/// The columns of a [`Summary`].
const SUMMARY: [Column; 12] = [
    column("instances", "instances", Count, "instances that it was run on"),
    column(
        "instances_answered",
        "answered",
        Count,
        "instances that all its runs answered correctly",
    ),
    column(
        "instances_proved",
        "proved",
        Count,
        "instances on which all its runs answered correctly and claim a proof",
    ),
    column(
        "instances_certified",
        "certified",
        Count,
        "instances on which of all its runs the bound or the refutation was derived again",
    ),
    column("best_cost_on", "best cost", Count, "instances on which it reached the best known cost"),
    column(
        "mean_gap",
        "mean gap",
        Share,
        "mean gap to the best known cost, over the instances that it answered",
    ),
    column(
        "sgm_10ms_s",
        "SGM, 10\u{a0}ms",
        Seconds,
        "shifted geometric mean of the time with a shift of 10 ms, unanswered instances counting as the limit",
    ),
    data_column("sgm_1s_s", Seconds, "the same with a shift of 1 s"),
    data_column("sgm_10s_s", Seconds, "the same with a shift of 10 s, that of Mittelmann's tables"),
    column("par2_s", "PAR-2", Seconds, "mean time, unanswered instances counting twice the limit"),
    data_column("par10_s", Seconds, "mean time, unanswered instances counting ten times the limit"),
    data_column(
        "time_spread",
        Share,
        "quartile coefficient of the times of repeated runs, the median over instances",
    ),
];

fn summary_cells(summary: &Summary) -> Vec<Cell> {
    row![
        summary.instances,
        summary.answered,
        summary.proved,
        summary.certified,
        summary.best,
        summary.gap,
        summary.sgm_10ms,
        summary.sgm_1s,
        summary.sgm_10s,
        summary.par2,
        summary.par10,
        summary.spread,
    ]
}

/// Methods over everything of a family.
pub(super) fn methods(families: &[Data<'_>]) -> Table {
    let mut columns = vec![
        column("family", "family", Text, "family of problems"),
        column("method", "method", Text, "id of the method"),
        data_column("kind", Text, "kind of the method"),
        data_column("runs", Count, "finished runs, each seed and each repetition as one"),
        data_column("runs_answered", Count, "runs with a correct answer"),
        data_column("runs_proved", Count, "runs with a correct answer that claims a proof"),
        data_column(
            "runs_certified",
            Count,
            "runs with a correct answer whose bound or refutation was derived again",
        ),
        data_column("timeout", Count, "runs stopped at the time limit"),
        data_column("out_of_memory", Count, "runs stopped at the memory limit"),
        data_column("crashed", Count, "runs ended by a signal"),
        data_column(
            "failed",
            Count,
            "runs that ended with an error, or without an answer that can be read",
        ),
        data_column("wrong", Count, "runs with an answer in which something is false"),
    ];
    columns.extend(SUMMARY);
    columns.push(column("peak_rss_bytes", "memory", Bytes, "the greatest peak memory of any run"));
    columns.push(column(
        "unbeaten",
        "front",
        Text,
        "whether it answered everything, and no other method that did has both a smaller gap and a smaller SGM, 10 ms",
    ));
    let all = families.iter().flat_map(|data| {
        let trade_offs = data.trade_offs();
        let is_unbeaten = move |k| trade_offs.iter().any(|t| t.method == k && t.unbeaten);
        data.methods.iter().enumerate().map(move |(k, m)| (data, m, is_unbeaten(k)))
    });
    let rows = all.map(|(data, m, unbeaten)| {
        let c = &m.counts;
        let ended = |end| ended(c, end);
        let mut row = row![
            data.family.to_string(),
            m.name,
            m.kind.to_string(),
            c.runs,
            answered(c),
            proved(c),
            c.certified,
            ended("timeout"),
            ended("out-of-memory"),
            ended("crashed"),
            ended("failed"),
            c.wrong,
        ];
        row.extend(summary_cells(&data.summary(m, |_| true)));
        row.push(m.peak_rss_bytes.into());
        row.push(if unbeaten { "yes" } else { "" }.into());
        row
    });
    Table {
        name: "methods",
        family: None,
        title: "Methods",
        caption: format!("Over all instances of a family. {}", notes(families)),
        columns,
        rows: rows.collect(),
    }
}

/// What is counted, and by which clock.
fn notes(families: &[Data<'_>]) -> String {
    let clock = families.first().map_or("CPU time", Data::clock_name);
    format!(
        "Counts are of instances: one is answered, proved or certified if all runs on it are, every seed and every \
         repetition. Time is {clock} of solving alone; only answers that were judged correct count."
    )
}

/// Methods dataset by dataset.
pub(super) fn datasets(families: &[Data<'_>]) -> Table {
    let mut columns = vec![
        column("family", "family", Text, "family of problems"),
        column("dataset", "dataset", Text, "suite or path"),
        column("method", "method", Text, "id of the method"),
    ];
    columns.extend(SUMMARY);
    let mut rows = Vec::new();
    for data in families {
        for dataset in data.datasets() {
            for m in &data.methods {
                let mut row = row![data.family.to_string(), dataset, m.name];
                row.extend(summary_cells(&data.summary(m, |i| i.dataset == dataset)));
                rows.push(row);
            }
        }
    }
    Table {
        name: "datasets",
        family: None,
        title: "Methods by dataset",
        caption: notes(families),
        columns,
        rows,
    }
}

/// What every method did on every class, and what was published about it.
pub(super) fn classes(families: &[Data<'_>], classes: &[Vec<Class<'_>>]) -> Table {
    let columns = vec![
        data_column("family", Text, "family of problems"),
        column("dataset", "dataset", Text, "suite or path"),
        column("class", "class", Text, "class; empty for all classes of the dataset"),
        column("method", "method", Text, "id of the method; empty for published figures"),
        column("published_by", "published by", Text, "who published the figures"),
        column("instances", "instances", Count, "instances that it was run on"),
        data_column("answered", Count, "instances that all its runs answered correctly"),
        column("proved", "proved", Count, "instances with a correct answer that claims a proof"),
        data_column("proved_root", Count, "of these, by one certificate that was derived again"),
        data_column("proved_tree", Count, "of these, by a search tree that was derived again"),
        data_column("proved_word", Count, "of these, by the method's word alone"),
        data_column("open", Count, "instances that are open in the literature"),
        column("open_closed", "closed", Count, "of these, proved with a certificate or a tree"),
        data_column("wrong", Count, "instances with an answer that is wrong"),
        column("mean_s", "mean", Seconds, "mean time spent, with or without an answer"),
        column("median_s", "median", Seconds, "median of the time spent").joined(),
        column("max_s", "max", Seconds, "greatest time spent").joined(),
        data_column("clock", Text, "clock of these three"),
        data_column("wall_mean_s", Seconds, "mean wall time spent"),
        data_column("wall_median_s", Seconds, "median of the wall time spent"),
        data_column("wall_max_s", Seconds, "greatest wall time spent"),
        column(
            "mean_gap_left",
            "gap left",
            Share,
            "mean gap between cost and bound of the same answer",
        ),
        column("excess", "excess", Share, "sum of costs above the sum of optima or lower bounds"),
    ];
    let width = columns.len();
    let mut rows = Vec::new();
    for (data, class) in
        families.iter().zip(classes).flat_map(|(data, all)| all.iter().map(move |c| (data, c)))
    {
        let start = || row![data.family.to_string(), class.dataset, class.name.unwrap_or_default()];
        for (method, f) in &class.methods {
            let proofs = |proof| f.proofs.get(&proof).copied().unwrap_or(0);
            let time = f.time(data.clock);
            let mut row = start();
            row.extend(row![
                *method,
                "",
                f.instances,
                f.answered,
                f.proved,
                proofs(Proof::Root),
                proofs(Proof::Tree),
                proofs(Proof::Word),
                f.open,
                f.closed,
                f.wrong,
                time.mean,
                time.median,
                time.max,
                data.clock_name(),
                f.wall_s.mean,
                f.wall_s.median,
                f.wall_s.max,
                f.gap,
                f.excess,
            ]);
            rows.push(row);
        }
        for (publication, f) in &class.published {
            let mut row = start();
            row.extend(row!["", &publication.name, f.instances, None::<u64>, f.proved]);
            row.resize(14, Cell::Nothing);
            row.extend(row![f.mean_s, f.median_s, f.max_s]);
            row.resize(width - 1, Cell::Nothing);
            row.push(f.excess.into());
            rows.push(row);
        }
    }
    Table {
        name: "classes",
        family: None,
        title: "Classes",
        caption: "Time is spent whether or not there was an answer. Published figures are from other machines, and from \
                  as many instances as they say."
            .to_owned(),
        columns,
        rows,
    }
}

/// The exponents of time and memory.
pub(super) fn growth(families: &[Data<'_>]) -> Table {
    let columns = vec![
        data_column("family", Text, "family of problems"),
        column("dataset", "dataset", Text, "suite or path"),
        column("method", "method", Text, "id of the method"),
        column("sizes", "sizes", Count, "different numbers of VMs that it answered"),
        column("least_vms", "from", Count, "the least of them"),
        column("greatest_vms", "to", Count, "the greatest of them").joined(),
        column(
            "cpu_exponent",
            "b of CPU time",
            Ratio,
            "exponent of CPU time over the last two decades of sizes",
        ),
        column("cpu_low", "low", Ratio, "lower end of its 95 % confidence interval").joined(),
        column("cpu_high", "high", Ratio, "upper end of its 95 % confidence interval").joined(),
        data_column("cpu_scatter", Ratio, "by what factor points lie off the line"),
        column(
            "cpu_misfit",
            "no power law",
            Text,
            "why a power law does not fit; empty if nothing speaks against it",
        ),
        data_column("wall_exponent", Ratio, "exponent of wall time"),
        data_column("wall_low", Ratio, "lower end of its 95 % confidence interval"),
        data_column("wall_high", Ratio, "upper end of its 95 % confidence interval"),
        column(
            "memory_exponent",
            "b of memory",
            Ratio,
            "exponent of memory beyond that of the smallest size",
        ),
        column("memory_low", "low", Ratio, "lower end of its 95 % confidence interval").joined(),
        column("memory_high", "high", Ratio, "upper end of its 95 % confidence interval").joined(),
        data_column("memory_misfit", Text, "why a power law does not fit memory"),
    ];
    let mut rows = Vec::new();
    for data in families {
        for growth in growths(data) {
            let vms = |size: Option<&Size>| size.map(|size| size.vms as u64);
            let [cpu, wall, memory] = [growth.laws.cpu, growth.laws.wall, growth.laws.memory];
            let exponent = |law: Option<PowerLaw>| law.map(|law| law.exponent);
            let ends = |law: Option<PowerLaw>| {
                law.and_then(|law| law.interval).map(|i| (i.low, i.high)).unzip()
            };
            let (cpu_low, cpu_high): (Option<f64>, Option<f64>) = ends(cpu);
            let (wall_low, wall_high): (Option<f64>, Option<f64>) = ends(wall);
            let (memory_low, memory_high): (Option<f64>, Option<f64>) = ends(memory);
            let misfit = |law: Option<PowerLaw>| {
                law.and_then(|law| law.misfit()).map(misfit_text).unwrap_or_default()
            };
            rows.push(row![
                data.family.to_string(),
                growth.dataset,
                data.methods[growth.method].name,
                growth.sizes.len(),
                vms(growth.sizes.first()),
                vms(growth.sizes.last()),
                exponent(cpu),
                cpu_low,
                cpu_high,
                cpu.and_then(|law| law.scatter),
                misfit(cpu),
                exponent(wall),
                wall_low,
                wall_high,
                exponent(memory),
                memory_low,
                memory_high,
                misfit(memory),
            ]);
        }
    }
    Table {
        name: "growth",
        family: None,
        title: "Growth",
        caption: "The exponent b of a power of the number of VMs, by least squares between logarithms, geometric means \
                  of runs of one size; intervals are of the regression, with as few points as there are sizes."
            .to_owned(),
        columns,
        rows,
    }
}

/// Why a power law does not fit, in words.
pub(crate) fn misfit_text(misfit: Misfit) -> String {
    match misfit {
        Misfit::Bent(bend) if bend > 0.0 => format!("exponent grows by {bend:.1}"),
        Misfit::Bent(bend) => format!("exponent falls by {:.1}", -bend),
        Misfit::Scattered(factor) => format!("points are off by {factor:.1} times"),
    }
}

/// What placement rules cost.
pub(super) fn rule_prices(families: &[Data<'_>]) -> Table {
    let columns = vec![
        data_column("family", Text, "family of problems"),
        column("dataset", "dataset", Text, "suite or path"),
        column("forms", "rules", Text, "forms of rules"),
        column("method", "method", Text, "id of the method"),
        column("instances", "instances", Count, "instances with these rules"),
        column("pairs", "pairs", Count, "of these, solved by the method with and without them"),
        column(
            "mean_ratio",
            "mean ratio",
            Number,
            "geometric mean of the cost with rules over that without",
        ),
        column("least_ratio", "least", Number, "least of the ratios"),
        column("greatest_ratio", "greatest", Number, "greatest of the ratios"),
        data_column("range_least", Number, "least ratio of the optima, by bounds"),
        data_column("range_most", Number, "greatest ratio of the optima, by bounds"),
    ];
    let mut rows = Vec::new();
    for data in families {
        for price in crate::rule_prices::rule_prices(data) {
            let (least, most) = price.range.unzip();
            for (method, ratios) in &price.methods {
                rows.push(row![
                    data.family.to_string(),
                    price.dataset,
                    price.forms.join(" + "),
                    data.methods[*method].name,
                    price.instances,
                    ratios.pairs,
                    ratios.mean,
                    ratios.least,
                    ratios.greatest,
                    least,
                    most,
                ]);
            }
        }
    }
    Table {
        name: "rule-prices",
        family: None,
        title: "Prices of placement rules",
        caption: "Cost on an instance with rules over that on the same instance without, by the same method.".to_owned(),
        columns,
        rows,
    }
}
