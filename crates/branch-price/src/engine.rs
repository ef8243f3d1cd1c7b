//! Column generation at one node: relax, round, bound, price.

use vmpack_dp::pricing::{Conflicts, Effort, OneResourcePricer, Penalty, Problem, VectorPricer};
use vmpack_lp::backend::BackendError;
use vmpack_model::Budget;
use vmpack_model::packing::{Instance, Pattern, TreeNode, WeightedCut};

use crate::columns::{Columns, Rules, from_priced};
use crate::cuts::Triple;
use crate::duals::{Duals, Proof};
use crate::incumbent::Incumbent;
use crate::normal::Normal;
use crate::residual::{Items, Residual};
use crate::restricted::{Relaxed, Restricted};

/// Columns per pricing call and host type.
const COLUMNS_PER_CALL: usize = 100;
/// In how many columns of one call an item may be.
const REPEATS: u32 = 3;
/// Bytes of the dense table of the pricing knapsack, if the budget sets no limit.
const TABLE_BYTES: u64 = 2 << 30;

/// What the process takes without columns and tables.
const BASE_BYTES: u64 = 24 << 20;

/// What every part of the solver works on.
pub(crate) struct Engine<'a> {
    pub(crate) normal: &'a Normal,
    pub(crate) budget: &'a Budget,
    pub(crate) incumbent: Incumbent<'a>,
    pub(crate) items: Items,
    pub(crate) columns: Columns,
    pub(crate) restricted: Restricted,
    /// Columns that wait for their items to have rows.
    pub(crate) fresh: Vec<u32>,
    pricers: Pricers,
    pub(crate) counters: Work,
    /// The most items that one host can hold.
    most_copies: u64,
}

/// How much was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    pub(crate) relaxations: u64,
    pub(crate) pricings: u64,
    pub(crate) pricing_steps: u64,
    pub(crate) nodes: u64,
    pub(crate) cuts: u64,
    pub(crate) dives: u64,
    pub(crate) lp_micros: u64,
    pub(crate) pricing_micros: u64,
}

struct Pricers {
    one: OneResourcePricer,
    vector: VectorPricer,
}

/// A dual solution that shows that a node holds nothing of interest.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) duals: Duals,
    pub(crate) proof: Proof,
}

impl Closing {
    /// The leaf of a certificate: the weights in the order of the judge.
    pub(crate) fn leaf(&self, residual: &Residual) -> TreeNode {
        let weight = |&item: &u32| {
            if residual.demand(item) > 0 { self.duals.weight(item).unsigned_abs() } else { 0 }
        };
        TreeNode::Leaf {
            weights: residual.order.iter().map(weight).collect(),
            scale: self.proof.scale,
            prices: self.proof.prices.clone(),
            cuts: self.cuts(residual),
        }
    }
}

impl Closing {
    /// The cuts, their items in the order of the judge.
    fn cuts(&self, residual: &Residual) -> Vec<WeightedCut> {
        let mut place = vec![usize::MAX; residual.demand.len()];
        for (at, &item) in residual.order.iter().enumerate() {
            place[item as usize] = at;
        }
        let cut = |&(items, weight): &(Triple, i64)| WeightedCut {
            items: items.map(|item| place[item as usize]),
            weight: weight.unsigned_abs(),
        };
        self.duals.cuts.iter().map(cut).collect()
    }
}

/// How column generation at a node ended.
pub(crate) enum End {
    /// No placement of the node costs at most the target.
    Closed(Closing),
    /// The target has no room for the demand.
    TooFew,
    /// The relaxation does not exceed the target.
    Open(Relaxed),
    /// A placement at the target or below was found.
    Found,
    /// The budget is spent.
    Stopped,
}

/// How far to go at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until the relaxation is at the target or below: then no bound of the node can exceed it.
    Target,
    /// Until no pattern is missing.
    Converged,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(
        normal: &'a Normal,
        budget: &'a Budget,
        incumbent: Incumbent<'a>,
    ) -> Result<Self, BackendError> {
        let instance = &normal.instance;
        let bytes = budget.memory_limit().map_or(TABLE_BYTES, |limit| limit / 2);
        let most_copies = (0..instance.hosts().len()).map(|t| most_items(instance, t)).max();
        Ok(Self {
            normal,
            budget,
            incumbent,
            items: Items::new(instance),
            columns: Columns::default(),
            restricted: Restricted::new(instance, budget)?,
            fresh: Vec::new(),
            pricers: Pricers {
                one: OneResourcePricer::new(bytes.min(TABLE_BYTES)),
                vector: VectorPricer::new(),
            },
            counters: Work::default(),
            most_copies: most_copies.unwrap_or(1),
        })
    }

    pub(crate) fn instance(&self) -> &'a Instance {
        &self.normal.instance
    }

    /// Whether the budget is spent.
    pub(crate) fn is_spent(&self) -> bool {
        self.budget.exhausted_after(self.work()) || self.is_out_of_memory()
    }

    /// Whether no more columns may be kept.
    fn is_out_of_memory(&self) -> bool {
        let taken = BASE_BYTES + self.columns.bytes() + self.pricers.one.bytes();
        self.pricers.one.ran_out() || self.budget.memory_limit().is_some_and(|limit| taken > limit)
    }

    /// Work in the units of the budget: simplex steps, and a thousand pricing steps each.
    pub(crate) fn work(&self) -> u64 {
        self.restricted.iterations() + self.counters.pricing_steps / 1000
    }

    /// Generates columns for the placements of a residual problem that cost at most `target`.
    ///
    /// `fixed` are the columns of hosts that are already filled; they count in placements that rounding
    /// finds.
    pub(crate) fn generate(
        &mut self,
        residual: &Residual,
        target: u64,
        until: Until,
        fixed: &[(u32, u64)],
    ) -> Result<End, BackendError> {
        self.generate_with(residual, target, until, fixed, |_, _| 0)
    }

    /// As [`Engine::generate`], showing all dual values with what they leave hosts to weigh to `watch`,
    /// which says how much is proved. It ends once that is the value of the relaxation, rounded up.
    pub(crate) fn generate_with(
        &mut self,
        residual: &Residual,
        target: u64,
        until: Until,
        fixed: &[(u32, u64)],
        mut watch: impl FnMut(&Duals, &[i64]) -> u64,
    ) -> Result<End, BackendError> {
        let instance = self.instance();
        let Some(rules) = Rules::new(instance, residual, target) else { return Ok(End::TooFew) };
        let clock = std::time::Instant::now();
        self.restricted.purge(residual.live().count())?;
        self.restricted.adapt(&self.items, &self.columns, &rules)?;
        if self.counters.relaxations == 0 {
            let brimful = self.brimful_columns(&rules);
            self.restricted.add(&self.columns, &brimful)?;
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|&column| rules.admit(self.columns.get(column)));
        self.restricted.add(&self.columns, &fresh)?;
        self.counters.lp_micros += clock.elapsed().as_micros() as u64;
        let mut last_value = f64::INFINITY;
        loop {
            if self.is_spent() {
                return Ok(End::Stopped);
            }
            let clock = std::time::Instant::now();
            let solved = self.restricted.solve(&self.columns, self.budget.deadline())?;
            self.counters.lp_micros += clock.elapsed().as_micros() as u64;
            self.counters.relaxations += 1;
            let Some(relaxed) = solved else { return Ok(End::Stopped) };
            let value = relaxed.value + residual.spent as f64;
            let covers = relaxed.artificial < 1e-7;
            if covers && value < last_value - 1e-7 {
                last_value = value;
                self.round(residual, &relaxed, fixed);
                if self.incumbent.cost().is_some_and(|cost| cost <= target) {
                    return Ok(End::Found);
                }
            }
            if covers && until == Until::Target && value <= target as f64 + 1e-7 {
                return Ok(End::Open(relaxed));
            }
            let duals = Duals::new(&relaxed, instance, self.restricted.penalty(), self.most_copies);
            if self.use_pool(&rules, &duals)? > 0 {
                continue;
            }
            let (new, heaviest) = self.price(&rules, &duals);
            for proof in duals.proofs(instance, &heaviest).into_iter().flatten() {
                if duals.closes(instance, residual, &proof, target) {
                    return Ok(End::Closed(Closing { duals, proof }));
                }
            }
            let proved = watch(&duals, &heaviest);
            if covers && proved as f64 >= value - 1e-6 {
                return Ok(End::Open(relaxed));
            }
            if self.is_spent() {
                return Ok(End::Stopped);
            }
            if self.restricted.add(&self.columns, &new)? > 0 {
                continue;
            }
            if !covers && self.restricted.raise_penalty()? {
                continue;
            }
            return Ok(End::Open(relaxed));
        }
    }

    /// Puts known columns of positive reduced profit back into the program.
    fn use_pool(&mut self, rules: &Rules<'_>, duals: &Duals) -> Result<usize, BackendError> {
        let mut found: Vec<(i64, u32)> = Vec::new();
        for column in 0..self.columns.len() as u32 {
            if self.restricted.is_known(column) {
                continue;
            }
            let content = self.columns.get(column);
            let over =
                duals.pattern(&content.items) - duals.allowance(self.instance(), content.host);
            if over > accuracy(duals) && rules.admit(content) {
                found.push((-over, column));
            }
        }
        found.sort_unstable();
        found.truncate(COLUMNS_PER_CALL);
        let columns: Vec<u32> = found.into_iter().map(|(_, column)| column).collect();
        self.restricted.add(&self.columns, &columns)
    }

    /// New columns of positive reduced profit, and what the heaviest pattern of every host type weighs at
    /// most, whether or not the search was cut short.
    fn price(&mut self, rules: &Rules<'_>, duals: &Duals) -> (Vec<u32>, Vec<i64>) {
        let clock = std::time::Instant::now();
        let instance = self.instance();
        let residual = rules.residual;
        // Items without weight help a pattern to its least load, and with nothing else.
        let full = rules.least_load.iter().any(|&load| load > 0);
        let of_cuts: Vec<u32> = duals.cuts.iter().flat_map(|&(items, _)| items).collect();
        let matters = |item: &u32| full || duals.weight(*item) > 0 || of_cuts.contains(item);
        let live: Vec<u32> = residual.live().filter(matters).collect();
        let d = instance.dimensions();
        let mut sizes = Vec::with_capacity(live.len() * d);
        let mut index = vec![usize::MAX; self.items.len()];
        for (at, &item) in live.iter().enumerate() {
            sizes.extend_from_slice(self.items.size(item));
            index[item as usize] = at;
        }
        let profits: Vec<i64> = live.iter().map(|&item| duals.weight(item)).collect();
        let mut conflicts = Conflicts::none(live.len());
        for &(i, j) in &residual.conflicts {
            let (i, j) = (index[i as usize], index[j as usize]);
            if i != usize::MAX && j != usize::MAX {
                conflicts.insert(i, j);
            }
        }
        let penalty = |&(items, amount): &(Triple, i64)| Penalty {
            items: items.map(|item| index[item as usize]),
            amount,
        };
        let penalties: Vec<Penalty> = duals.cuts.iter().map(penalty).collect();
        let mut new = Vec::new();
        let mut heaviest = Vec::with_capacity(instance.hosts().len());
        for (t, host) in instance.hosts().iter().enumerate() {
            let out_of_stock = host.stock.is_some_and(|stock| stock <= residual.opened[t]);
            if out_of_stock {
                heaviest.push(0);
                continue;
            }
            let capacity = instance.capacity(t);
            let copies: Vec<u32> = live
                .iter()
                .map(|&item| {
                    let size = self.items.size(item);
                    let fit = size.iter().zip(capacity).filter_map(|(&s, &c)| c.checked_div(s));
                    let most = fit.min().unwrap_or(0).min(residual.demand(item));
                    u32::try_from(most).unwrap_or(u32::MAX)
                })
                .collect();
            let allowance = duals.allowance(instance, t);
            let problem = Problem {
                capacity,
                least_load: &rules.least_load,
                sizes: &sizes,
                copies: &copies,
                profits: &profits,
                conflicts: &conflicts,
                penalties: &penalties,
                threshold: allowance + accuracy(duals),
            };
            let budget = self.budget;
            let answer = if d == 1 {
                let cells = capacity[0].saturating_mul(live.len() as u64);
                let effort = Effort {
                    patterns: COLUMNS_PER_CALL,
                    repeats: REPEATS,
                    steps: (cells / 20).clamp(20_000, 5_000_000),
                    most_steps: u64::MAX,
                };
                self.pricers.one.price(&problem, &effort, &|| budget.exhausted())
            } else {
                let effort = Effort {
                    patterns: (live.len() / 2).max(COLUMNS_PER_CALL / 5),
                    repeats: REPEATS,
                    steps: 2000 * live.len() as u64,
                    most_steps: u64::MAX,
                };
                self.pricers.vector.price(&problem, &effort, &|| budget.exhausted())
            };
            self.counters.pricings += 1;
            self.counters.pricing_steps += answer.steps;
            heaviest.push(answer.bound.max(0));
            for priced in &answer.patterns {
                let column = from_priced(&self.items, t, priced, &live);
                new.push(self.columns.insert(column));
            }
        }
        self.counters.pricing_micros += clock.elapsed().as_micros() as u64;
        (new, heaviest)
    }

    /// Rounds a relaxation: columns that are used nearly whole keep their hosts, best fit places the rest
    /// (da Silva and Schouery 2025, section 6).
    fn round(&mut self, residual: &Residual, relaxed: &Relaxed, fixed: &[(u32, u64)]) {
        const NEARLY: f64 = 0.6;
        let mut chosen: Vec<(f64, u32, u64)> = Vec::new();
        for &(column, x) in &relaxed.columns {
            let (whole, part) = ((x + 1e-9).floor(), (x + 1e-9).fract());
            if whole >= 1.0 {
                chosen.push((1.0, column, whole as u64));
            }
            if part > NEARLY {
                chosen.push((part, column, 1));
            }
        }
        chosen.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let pattern =
            |&(column, times): &(u32, u64)| (self.columns.get(column).pattern(&self.items), times);
        let mut patterns: Vec<(Pattern, u64)> = fixed.iter().map(pattern).collect();
        let mut left = residual.demand.clone();
        for (_, column, times) in chosen {
            let content = self.columns.get(column);
            let often = content.items.iter().map(|&(item, n)| left[item as usize] / u64::from(n));
            let whole = often.min().unwrap_or(0).min(times);
            for &(item, count) in &content.items {
                left[item as usize] -= u64::from(count) * whole;
            }
            if whole > 0 {
                patterns.push((content.pattern(&self.items), whole));
            }
        }
        if let Some(placement) = vmpack_greedy::complete(self.instance(), &patterns, self.budget) {
            self.incumbent.offer(placement);
        }
    }
}

/// Patterns must be worth this much more than they cost: below it the linear program cannot tell.
fn accuracy(duals: &Duals) -> i64 {
    duals.scale >> 38
}

/// The most items that one host of a type can hold.
fn most_items(instance: &Instance, host: usize) -> u64 {
    let capacity = instance.capacity(host);
    let fit = |row: usize| {
        let often =
            instance.demand(row).iter().zip(capacity).filter_map(|(&s, &c)| c.checked_div(s));
        often.min().unwrap_or(0).min(instance.vms()[row].count)
    };
    // The sum over all types is far too high; the largest resource's share is enough.
    let all: u64 = (0..instance.rows()).map(fit).fold(0, u64::saturating_add);
    let smallest =
        |k: usize| (0..instance.rows()).map(|row| instance.demand(row)[k]).min().unwrap_or(0);
    let bounds = (0..instance.dimensions()).filter_map(|k| capacity[k].checked_div(smallest(k)));
    bounds.fold(all, u64::min).max(1)
}
