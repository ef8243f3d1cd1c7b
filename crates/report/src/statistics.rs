//! How the methods of a family compare: two at a time, together, over time, and how sure that is.

use std::collections::BTreeMap;

use rayon::prelude::*;
use vmpack_results::Record;
use vmpack_results::stats::{
    self, Cell, Contribution, GapSteps, Interval, Known, Resampling, Reversal, Wins,
};

use crate::data::{InstanceData, MethodData};

/// Times that differ by less are equal: no machine repeats them better.
pub(crate) const EQUAL_TIMES: f64 = 0.05;
/// Profiles mislead about a pair if both orders are clear by so many of the instances.
pub(crate) const MISLEADING: f64 = 0.05;
/// The shift of shifted geometric means, in milliseconds.
pub(crate) const SHIFT_MS: f64 = 10.0;
/// Methods differ only where the p-value of a test is below.
pub(crate) const SIGNIFICANT: f64 = 0.05;
/// The seed of all resampling.
pub(crate) const SEED: u64 = 2016;

const RESAMPLES: usize = 10_000;
const LEAST_RESAMPLES: usize = 1000;
/// Draws of instances that a report takes time for: 10,000 resamples of 40,000 pairs of runs.
const MOST_DRAWS: usize = 400_000_000;

/// The statistics of one family; everything is in the order of its methods.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    /// Pairs of methods that have instances in common.
    pub(crate) pairs: Vec<Pair>,
    pub(crate) portfolio: Option<Portfolio>,
    pub(crate) anytime: Vec<Anytime>,
    pub(crate) against: Option<Against>,
}

/// Two methods on the instances that both were run on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) a: usize,
    pub(crate) b: usize,
    /// How often `a` is cheaper than `b`.
    pub(crate) cost: Wins,
    /// How often `a` is faster than `b`.
    pub(crate) time: Wins,
    /// Signed-rank tests of gaps and of logarithms of times, corrected by Holm for the number of pairs.
    pub(crate) cost_p: f64,
    pub(crate) time_p: f64,
    /// Where profiles of all methods are in the opposite order to those of the two alone, if anywhere.
    pub(crate) cost_reversal: Option<Reversal>,
    pub(crate) time_reversal: Option<Reversal>,
}

/// Whether a profile of all methods clearly misleads about two of them.
pub(crate) fn misleads(reversal: &Reversal) -> bool {
    // Shares of instances are sums of floating-point numbers.
    reversal.margin() > MISLEADING - 1e-9
}

/// What methods can do together.
#[derive(Debug)]
pub(crate) struct Portfolio {
    pub(crate) instances: u64,
    pub(crate) answers: Vec<Contribution>,
    pub(crate) proofs: Vec<Contribution>,
    pub(crate) costs: Vec<Contribution>,
    /// The mean gap of all together, and what is added to it without each.
    pub(crate) gap: (f64, Vec<f64>),
    /// PAR-2 of the time to a proof, in seconds, likewise.
    pub(crate) par2: (f64, Vec<f64>),
}

/// How gaps of a method fall over time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anytime {
    /// Instances that it and at least half of the methods were run on, and of which a cost is known.
    pub(crate) instances: u64,
    /// The mean primal gap over wall seconds.
    pub(crate) curve: GapSteps,
    /// Means over instances of the integrals, as shares of the time limit.
    pub(crate) primal: Option<f64>,
    pub(crate) primal_dual: Option<f64>,
}

/// Methods against one of them.
#[derive(Debug)]
pub(crate) struct Against {
    pub(crate) baseline: usize,
    /// Whether it was asked for.
    pub(crate) is_chosen: bool,
    pub(crate) resamples: usize,
    pub(crate) methods: Vec<Versus>,
}

/// One method against the baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versus {
    pub(crate) method: usize,
    /// Instances that both were run on.
    pub(crate) instances: u64,
    /// The ratio of the shifted geometric means of time.
    pub(crate) time: Interval,
    /// The difference of the mean gaps.
    pub(crate) gap: Interval,
    /// Signed-rank tests of logarithms of times and of gaps, corrected by Holm for the number of methods.
    pub(crate) time_p: f64,
    pub(crate) gap_p: f64,
}

impl Versus {
    /// Whether it differs from the baseline in time and in gap: the interval leaves out equality, and the test agrees.
    pub(crate) fn differs(&self) -> (bool, bool) {
        let time = !self.time.holds(1.0) && self.time_p < SIGNIFICANT;
        (time, !self.gap.holds(0.0) && self.gap_p < SIGNIFICANT)
    }
}

/// Cells of methods by instance, as tables without holes in their order.
struct Grid<'a> {
    cells: Vec<Vec<Option<&'a Cell>>>,
    gaps: Vec<Vec<Option<f64>>>,
    /// Whether a cost of the instance is known.
    has_cost: Vec<bool>,
}

impl Grid<'_> {
    fn values(&self, of: impl Fn(&Cell) -> Option<f64>) -> Vec<Vec<Option<f64>>> {
        let row = |cells: &Vec<Option<&Cell>>| cells.iter().map(|cell| of((*cell)?)).collect();
        self.cells.iter().map(row).collect()
    }

    /// The gap of a method that was run on an instance: 1 without an answer, by definition.
    fn gap(&self, method: usize, instance: usize) -> f64 {
        self.gaps[method][instance].unwrap_or(1.0)
    }

    /// Logarithms of milliseconds, unanswered instances counting as the limit; shifted by so many.
    fn log_ms(cell: &Cell, shift: f64) -> f64 {
        (1e3 * cell.answered.unwrap_or(cell.limit) + shift).max(1e-6).ln()
    }

    /// Instances that both methods were run on.
    fn common(&self, a: usize, b: usize) -> impl Iterator<Item = (usize, &Cell, &Cell)> {
        let both = self.cells[a].iter().zip(&self.cells[b]).enumerate();
        both.filter_map(|(p, (a, b))| Some((p, (*a)?, (*b)?)))
    }
}

impl Statistics {
    /// The statistics over the instances on which methods compare; `baseline` is the method that was asked for.
    pub(crate) fn new(
        methods: &[MethodData<'_>],
        compared: &[&InstanceData<'_>],
        known: &BTreeMap<&str, Known>,
        baseline: Option<usize>,
    ) -> Self {
        let by_instance = |m: &MethodData<'_>| -> Vec<Option<f64>> {
            compared.iter().map(|i| m.gaps.get(i.hash).copied()).collect()
        };
        let grid = Grid {
            cells: methods
                .iter()
                .map(|m| compared.iter().map(|i| m.cells.get(i.hash)).collect())
                .collect(),
            gaps: methods.iter().map(by_instance).collect(),
            has_cost: compared
                .iter()
                .map(|i| known.get(i.hash).is_some_and(|known| known.cost.is_some()))
                .collect(),
        };
        let often: Vec<&InstanceData<'_>> = compared
            .iter()
            .enumerate()
            .filter(|(p, _)| {
                2 * grid.cells.iter().filter(|of| of[*p].is_some()).count() >= methods.len()
            })
            .map(|(_, i)| *i)
            .collect();
        let anytime = methods.par_iter().map(|m| anytime(m, &often, known)).collect();
        if methods.len() < 2 || compared.is_empty() {
            return Self { anytime, ..Self::default() };
        }
        Self {
            pairs: pairs(&grid),
            portfolio: Some(portfolio(&grid)),
            anytime,
            against: against(&grid, baseline),
        }
    }
}

fn pairs(grid: &Grid<'_>) -> Vec<Pair> {
    let methods = grid.cells.len();
    let of: Vec<(usize, usize)> =
        (0..methods).flat_map(|a| (a + 1..methods).map(move |b| (a, b))).collect();
    let costs = grid.values(|cell| cell.cost);
    let times = grid.values(|cell| cell.answered);
    let compare = |&(a, b): &(usize, usize)| {
        let common: Vec<(usize, &Cell, &Cell)> = grid.common(a, b).collect();
        if common.is_empty() {
            return None;
        }
        let [cost_p, time_p] = signed_rank(grid, a, b);
        Some(Pair {
            a,
            b,
            cost: stats::wins(common.iter().map(|(_, a, b)| (a.cost, b.cost)), 0.0),
            time: stats::wins(common.iter().map(|(_, a, b)| (a.answered, b.answered)), EQUAL_TIMES),
            cost_p,
            time_p,
            cost_reversal: None,
            time_reversal: None,
        })
    };
    let mut pairs: Vec<Pair> = of.par_iter().filter_map(compare).collect();
    let cost_p = stats::holm(&pairs.iter().map(|pair| pair.cost_p).collect::<Vec<_>>());
    let time_p = stats::holm(&pairs.iter().map(|pair| pair.time_p).collect::<Vec<_>>());
    let (cost, time) = rayon::join(
        || stats::rank_reversals(&without_negative(&costs)),
        || stats::rank_reversals(&times),
    );
    let about = |found: &[Reversal], pair: &Pair| {
        let is =
            |r: &&Reversal| [(pair.a, pair.b), (pair.b, pair.a)].contains(&(r.ahead, r.behind));
        found.iter().find(is).copied()
    };
    for (k, pair) in pairs.iter_mut().enumerate() {
        (pair.cost_p, pair.time_p) = (cost_p[k], time_p[k]);
        pair.cost_reversal = about(&cost, pair);
        pair.time_reversal = about(&time, pair);
    }
    pairs
}

/// The costs on instances where none is negative: only these have ratios.
fn without_negative(costs: &[Vec<Option<f64>>]) -> Vec<Vec<Option<f64>>> {
    let instances = costs.first().map_or(0, Vec::len);
    let kept: Vec<usize> = (0..instances)
        .filter(|&p| costs.iter().all(|of| of[p].is_none_or(|cost| cost >= 0.0)))
        .collect();
    costs.iter().map(|of| kept.iter().map(|&p| of[p]).collect()).collect()
}

fn portfolio(grid: &Grid<'_>) -> Portfolio {
    let instances = grid.cells[0].len();
    let limit =
        |p: usize| grid.cells.iter().filter_map(|of| Some(of[p]?.limit)).fold(0.0, f64::max);
    let limits: Vec<f64> = (0..instances).map(limit).collect();
    let proofs = grid.values(|cell| cell.proved);
    let mean_gap = |best: &[Option<f64>]| {
        let with_cost = best.iter().zip(&grid.has_cost).filter(|(_, has_cost)| **has_cost);
        let gaps: Vec<f64> = with_cost.map(|(gap, _)| gap.unwrap_or(1.0)).collect();
        stats::mean(&gaps).unwrap_or(0.0)
    };
    let par2 = |best: &[Option<f64>]| {
        let times: Vec<(Option<f64>, f64)> =
            best.iter().copied().zip(limits.iter().copied()).collect();
        stats::penalised_average(&times, 2.0).unwrap_or(0.0)
    };
    Portfolio {
        instances: instances as u64,
        answers: stats::contributions(&grid.values(|cell| cell.answered)),
        costs: stats::contributions(&grid.values(|cell| cell.cost)),
        gap: stats::marginal(&grid.gaps, mean_gap),
        par2: stats::marginal(&proofs, par2),
        proofs: stats::contributions(&proofs),
    }
}

fn anytime(
    method: &MethodData<'_>,
    compared: &[&InstanceData<'_>],
    known: &BTreeMap<&str, Known>,
) -> Anytime {
    let mut by_instance: BTreeMap<&str, Vec<&Record>> =
        compared.iter().map(|i| (i.hash, Vec::new())).collect();
    for run in &method.runs {
        if let Some(runs) = by_instance.get_mut(&*run.instance_hash) {
            runs.push(run);
        }
    }
    let (mut curves, mut primal, mut primal_dual) = (Vec::new(), Vec::new(), Vec::new());
    for (hash, runs) in by_instance.into_iter().filter(|(_, runs)| !runs.is_empty()) {
        let integral = |steps: &dyn Fn(&Record) -> GapSteps| {
            stats::over_runs(&runs, |r| Some(stats::gap_integral(&steps(r), r.limits.wall_s)))
        };
        primal_dual.extend(integral(&|run| stats::primal_dual_gaps(run)));
        if let Some(reference) = known.get(hash).and_then(|known| known.cost) {
            let steps: Vec<GapSteps> =
                runs.iter().map(|run| stats::primal_gaps(run, reference)).collect();
            primal.extend(integral(&|run| stats::primal_gaps(run, reference)));
            curves.push(stats::mean_gap_steps(&steps));
        }
    }
    Anytime {
        instances: curves.len() as u64,
        curve: stats::mean_gap_steps(&curves),
        primal: stats::mean(&primal),
        primal_dual: stats::mean(&primal_dual),
    }
}

/// The method that, of those that were run on the most instances, has the least mean gap; of equal ones the fastest.
fn best(grid: &Grid<'_>) -> Option<usize> {
    let ran = |m: usize| grid.cells[m].iter().flatten().count();
    let most = (0..grid.cells.len()).map(ran).max()?;
    let key = |m: usize| {
        let instances = (0..grid.cells[m].len()).filter(|&p| grid.cells[m][p].is_some());
        let gap: f64 = instances.map(|p| grid.gap(m, p)).sum();
        let time: f64 = grid.cells[m].iter().flatten().map(|c| Grid::log_ms(c, SHIFT_MS)).sum();
        (gap, time)
    };
    let everywhere = (0..grid.cells.len()).filter(|&m| ran(m) == most);
    let keyed = everywhere.map(|m| (m, key(m)));
    let best = keyed.min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.map(|(m, _)| m)
}

/// Everything against the method that was chosen, or else the [`best`].
fn against(grid: &Grid<'_>, chosen: Option<usize>) -> Option<Against> {
    let baseline = chosen.or_else(|| best(grid))?;
    let rivals: Vec<usize> = (0..grid.cells.len()).filter(|&m| m != baseline).collect();
    let draws: usize = rivals.iter().map(|&m| grid.common(m, baseline).count()).sum();
    let resamples = (MOST_DRAWS / draws.max(1)).clamp(LEAST_RESAMPLES, RESAMPLES);
    let versus = |&method: &usize| {
        let rows: Vec<[f64; 3]> = grid
            .common(method, baseline)
            .map(|(p, own, base)| {
                let gap = grid.gap(method, p) - grid.gap(baseline, p);
                [Grid::log_ms(own, SHIFT_MS), Grid::log_ms(base, SHIFT_MS), gap]
            })
            .collect();
        // Below a nanosecond there is no time.
        let mean_ms = |log: f64| (log.exp() - SHIFT_MS).max(1e-6);
        let figures = |[own, base, gap]: [f64; 3]| [mean_ms(own) / mean_ms(base), gap];
        let resampling = Resampling { resamples, seed: SEED + method as u64 };
        let [time, gap] = stats::bootstrap(&rows, resampling, figures)?;
        let [gap_p, time_p] = signed_rank(grid, method, baseline);
        Some(Versus { method, instances: rows.len() as u64, time, gap, time_p, gap_p })
    };
    let mut methods: Vec<Versus> = rivals.par_iter().filter_map(versus).collect();
    let time_p = stats::holm(&methods.iter().map(|versus| versus.time_p).collect::<Vec<_>>());
    let gap_p = stats::holm(&methods.iter().map(|versus| versus.gap_p).collect::<Vec<_>>());
    for (k, versus) in methods.iter_mut().enumerate() {
        (versus.time_p, versus.gap_p) = (time_p[k], gap_p[k]);
    }
    let is_chosen = chosen.is_some();
    (!methods.is_empty()).then_some(Against { baseline, is_chosen, resamples, methods })
}

/// The p-values of signed-rank tests of the gaps and of the logarithms of times of two methods.
fn signed_rank(grid: &Grid<'_>, a: usize, b: usize) -> [f64; 2] {
    let gaps: Vec<(f64, f64)> =
        grid.common(a, b).map(|(p, _, _)| (grid.gap(a, p), grid.gap(b, p))).collect();
    let logs: Vec<(f64, f64)> =
        grid.common(a, b).map(|(_, a, b)| (Grid::log_ms(a, 0.0), Grid::log_ms(b, 0.0))).collect();
    [stats::wilcoxon(&gaps), stats::wilcoxon(&logs)]
}
