//! Tables of how methods compare, one of each per family.

use vmpack_results::stats::Reversal;

use crate::data::Data;
use crate::format;
use crate::statistics::{EQUAL_TIMES, SEED, SIGNIFICANT, misleads};
use crate::table::Unit::{Count, Probability, Ratio, Seconds, Share, Text};
use crate::table::{Cell, Column, Table, column, data_column, row};

/// The tables that have something to show of a family.
pub(crate) fn statistics(data: &Data<'_>) -> Vec<Table> {
    let some = [contribution(data), intervals(data)].into_iter().flatten();
    let all = [pairwise(data), integrals(data)].into_iter().chain(some);
    all.filter(|table| !table.rows.is_empty()).collect()
}

const METHOD: Column = column("method", "method", Text, "id of the method");

/// Every two methods.
fn pairwise(data: &Data<'_>) -> Table {
    let columns = vec![
        column("method_a", "a", Text, "one method"),
        column("method_b", "b", Text, "another"),
        column("instances", "instances", Count, "instances that both were run on"),
        column(
            "a_cheaper",
            "a cheaper",
            Count,
            "instances on which a costs less, or b has no cost",
        ),
        column(
            "cost_equal",
            "equal",
            Count,
            "instances on which both cost the same, or neither has a cost",
        )
        .joined(),
        column(
            "b_cheaper",
            "b cheaper",
            Count,
            "instances on which b costs less, or a has no cost",
        )
        .joined(),
        column(
            "cost_p_holm",
            "p of cost",
            Probability,
            "signed-rank test of the gaps, corrected by Holm for the number of pairs",
        )
        .joined(),
        column("a_faster", "a faster", Count, "instances that a answered sooner, or alone"),
        column(
            "time_equal",
            "equal",
            Count,
            "instances that both answered in nearly the same time, or neither did",
        )
        .joined(),
        column("b_faster", "b faster", Count, "instances that b answered sooner, or alone").joined(),
        column(
            "time_p_holm",
            "p of time",
            Probability,
            "signed-rank test of the logarithms of times, unanswered instances counting as the limit, corrected by Holm",
        )
        .joined(),
        data_column(
            "cost_reversal",
            Share,
            "by how much the profile of cost shows the opposite order to that of the pair alone",
        ),
        data_column(
            "time_reversal",
            Share,
            "by how much the profile of time shows the opposite order to that of the pair alone",
        ),
        column(
            "profiles_mislead",
            "profiles",
            Text,
            "where profiles of all methods mislead: they show the opposite order at some factor, by at least 5 % of the instances",
        ),
    ];
    let margin = |reversal: Option<Reversal>| reversal.map(|r| r.margin());
    let rows = data.statistics.pairs.iter().map(|pair| {
        let misleads = |reversal: Option<Reversal>| reversal.is_some_and(|r| misleads(&r));
        let mislead = match (misleads(pair.cost_reversal), misleads(pair.time_reversal)) {
            (true, true) => "cost, time",
            (true, false) => "cost",
            (false, true) => "time",
            (false, false) => "",
        };
        row![
            data.methods[pair.a].name,
            data.methods[pair.b].name,
            pair.cost.instances(),
            pair.cost.better,
            pair.cost.equal,
            pair.cost.worse,
            pair.cost_p,
            pair.time.better,
            pair.time.equal,
            pair.time.worse,
            pair.time_p,
            margin(pair.cost_reversal),
            margin(pair.time_reversal),
            mislead,
        ]
    });
    Table {
        name: "pairwise",
        family: Some(data.family),
        title: "Methods two at a time",
        caption: format!(
            "On how many instances one method is better than another. Time is {} until a correct answer; times within \
             {:.0} % are equal. The tests ask whether differences lie to one side further than by chance, and are \
             corrected for {}: below some ten instances they can hardly show anything.",
            data.clock_name(),
            100.0 * EQUAL_TIMES,
            format::counted(data.statistics.pairs.len() as u64, "pair")
        ),
        columns,
        rows: rows.collect(),
    }
}

/// The virtual best, and what each method adds to it.
fn contribution(data: &Data<'_>) -> Option<Table> {
    let portfolio = data.statistics.portfolio.as_ref()?;
    let columns = vec![
        METHOD,
        column("answered", "answered", Count, "instances that all its runs answered correctly"),
        column("only_answered", "only it", Count, "of these, answered by no other method").joined(),
        column("proved", "proved", Count, "instances on which all its runs claim a proof"),
        column("only_proved", "only it", Count, "of these, proved by no other method").joined(),
        column("best_cost_on", "best cost", Count, "instances on which no other method costs less"),
        column(
            "alone_best_on",
            "it alone",
            Count,
            "of these, instances on which every other method costs more",
        )
        .joined(),
        column(
            "gap_without",
            "gap without it",
            Share,
            "what is added to the mean gap of the virtual best when the method is left out",
        ),
        column(
            "par2_without_s",
            "PAR-2 without it",
            Seconds,
            "what is added to the PAR-2 of the virtual best's time to a proof when the method is left out",
        ),
        data_column("gap", Share, "mean gap of the virtual best, in its row"),
        data_column("par2_s", Seconds, "PAR-2 of the virtual best's time to a proof, in its row"),
    ];
    let mut rows = vec![{
        let any = |of: &dyn Fn(&crate::data::MethodData<'_>, &str) -> bool| {
            let compared = data.compared();
            compared.iter().filter(|i| data.methods.iter().any(|m| of(m, i.hash))).count()
        };
        row![
            "virtual best",
            any(&|m, hash| m.cells.get(hash).is_some_and(|cell| cell.answered.is_some())),
            Cell::Nothing,
            any(&|m, hash| m.cells.get(hash).is_some_and(|cell| cell.proved.is_some())),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            portfolio.gap.0,
            portfolio.par2.0,
        ]
    }];
    rows.extend(data.methods.iter().enumerate().map(|(k, m)| {
        let (answers, proofs, costs) =
            (portfolio.answers[k], portfolio.proofs[k], portfolio.costs[k]);
        row![
            m.name,
            answers.solved,
            answers.only,
            proofs.solved,
            proofs.only,
            costs.best,
            costs.alone_best,
            portfolio.gap.1[k],
            portfolio.par2.1[k],
            Cell::Nothing,
            Cell::Nothing,
        ]
    }));
    let (gap, par2) = (format::percent(portfolio.gap.0), format::seconds(portfolio.par2.0));
    let mut table = Table {
        name: "contribution",
        family: Some(data.family),
        title: "Virtual best and marginal contributions",
        caption: format!(
            "The virtual best takes, over {}, the best of all methods on each, as a portfolio would that always guesses \
             right. A method adds what the others together lack: of two that do the same neither adds anything, \
             so 0 does not say that a method is bad. Time is {}.",
            format::counted(portfolio.instances, "instance"),
            data.clock_name()
        ),
        columns,
        rows,
    };
    table.caption.extend([
        " The virtual best's own mean gap is ",
        &gap,
        ", its PAR-2 ",
        &par2,
        ".",
    ]);
    Some(table)
}

/// Gaps over time.
fn integrals(data: &Data<'_>) -> Table {
    let columns = vec![
        METHOD,
        column(
            "instances",
            "instances",
            Count,
            "instances that it and half of the methods were run on, and of which a cost is known",
        ),
        column(
            "primal_integral",
            "primal integral",
            Share,
            "mean over the time limit of the gap to the best known cost",
        ),
        column(
            "primal_dual_integral",
            "primal-dual integral",
            Share,
            "mean over the time limit of the gap between own cost and own lower bound",
        ),
    ];
    let rows = data.methods.iter().zip(&data.statistics.anytime);
    let rows = rows
        .filter(|(_, anytime)| anytime.instances > 0)
        .map(|(m, anytime)| row![m.name, anytime.instances, anytime.primal, anytime.primal_dual]);
    Table {
        name: "integrals",
        family: Some(data.family),
        title: "Primal and primal-dual integrals",
        caption: "How far a method is from the best known cost, and from its own bound, on average over the whole wall \
                  time limit (Berthold 2013): 0 is perfect from the start, 100 % never answered. Time is wall time, the \
                  clock of trajectories. Where runs need a small part of their limit, the integral is little more than \
                  the gap at the end. Only integrals under the same limit compare."
            .to_owned(),
        columns,
        rows: rows.collect(),
    }
}

/// Methods against the baseline.
fn intervals(data: &Data<'_>) -> Option<Table> {
    let against = data.statistics.against.as_ref()?;
    let baseline = data.methods[against.baseline].name;
    let why = if against.is_chosen {
        "as the report was asked for"
    } else {
        "of the methods that were run on the most instances the one of least mean gap, of equal ones the fastest"
    };
    let columns = vec![
        METHOD,
        data_column("baseline", Text, "the method that it is compared with"),
        column("instances", "instances", Count, "instances that both were run on"),
        column(
            "sgm_ratio",
            "time ratio",
            Ratio,
            "its shifted geometric mean of time (shift 10 ms) over that of the baseline",
        ),
        column("sgm_ratio_low", "from", Ratio, "lower end of the 95 % interval").joined(),
        column("sgm_ratio_high", "to", Ratio, "upper end of the 95 % interval").joined(),
        column(
            "time_p_holm",
            "p of time",
            Probability,
            "signed-rank test of the logarithms of times against the baseline, corrected by Holm",
        )
        .joined(),
        column(
            "gap_difference",
            "gap difference",
            Share,
            "its mean gap less that of the baseline, unanswered instances counting 100 %",
        ),
        column("gap_difference_low", "from", Share, "lower end of the 95 % interval").joined(),
        column("gap_difference_high", "to", Share, "upper end of the 95 % interval").joined(),
        column(
            "gap_p_holm",
            "p of gap",
            Probability,
            "signed-rank test of the gaps against the baseline, corrected by Holm",
        )
        .joined(),
        column(
            "differs",
            "differs in",
            Text,
            "what differs: the interval of time leaves out 1, or that of the gap 0, and its p-value is below 0.05",
        ),
    ];
    let rows = against.methods.iter().map(|versus| {
        let differs = match versus.differs() {
            (true, true) => "time, gap",
            (true, false) => "time",
            (false, true) => "gap",
            (false, false) => "",
        };
        row![
            data.methods[versus.method].name,
            baseline,
            versus.instances,
            versus.time.estimate,
            versus.time.low,
            versus.time.high,
            versus.time_p,
            versus.gap.estimate,
            versus.gap.low,
            versus.gap.high,
            versus.gap_p,
            differs,
        ]
    });
    Some(Table {
        name: "intervals",
        family: Some(data.family),
        title: "Methods against a baseline",
        caption: format!(
            "The baseline is {baseline}, {why}. A method differs from it in what both its interval and its test \
             (p below {SIGNIFICANT}) say. Intervals are from a paired bootstrap over instances, {} resamples, \
             seed {SEED}, seeds of a method averaged first; time is {}, unanswered instances counting as the limit. With fewer than some twenty instances they \
             are too narrow. Tests are corrected for {}.",
            format::count(against.resamples as u64),
            data.clock_name(),
            format::counted(against.methods.len() as u64, "method")
        ),
        columns,
        rows: rows.collect(),
    })
}
