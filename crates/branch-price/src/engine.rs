//! Column generation at one node: relax, round, bound, price.

use std::time::Duration;

use vmpack_lp::backend::BackendError;
use vmpack_model::Budget;
use vmpack_model::packing::{Instance, Pattern, Placement, TreeNode, WeightedCut};

use crate::brimful::Brimful;
use crate::columns::{Columns, Rules};
use crate::confined::Partial;
use crate::cuts::Triple;
use crate::duals::{Duals, Proof};
use crate::fleet::Fits;
use crate::incumbent::Incumbent;
use crate::inequalities::exchanges;
use crate::normal::Normal;
use crate::price::Pricers;
use crate::residual::{Items, Residual};
use crate::restricted::{Relaxed, Restricted};

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
    pub(crate) pricers: Pricers,
    pub(crate) brimful: Brimful,
    /// What failed dives had fixed.
    pub(crate) partials: Vec<Partial>,
    pub(crate) counters: Work,
    /// Placements whose hosts are columns from the beginning, beside those of the incumbent.
    pub(crate) seeds: Vec<Placement>,
    /// With how much time left relaxations that need not be solved to the end are to be rounded.
    pub(crate) pause: Option<Duration>,
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
    pub(crate) confined_dives: u64,
    /// Integer programs over known columns, and the simplex steps in them.
    pub(crate) combinations: u64,
    pub(crate) integer_steps: u64,
    /// Units of work of first-order methods.
    pub(crate) first_order: u64,
    pub(crate) lp_micros: u64,
    pub(crate) pricing_micros: u64,
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
    /// The relaxation exceeds the target, and a short search found nothing that would lower it.
    Unlikely,
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
    /// As [`Until::Target`], or until a search of limited length finds no more patterns of several resources.
    Tried,
    /// Until the last relaxations lowered the value by less than one part in so many, or it is time to round.
    Slow(u32),
    /// Until no pattern is missing.
    Converged,
}

/// So many relaxations tell how fast the value falls.
const SPAN: usize = 6;

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
            pricers: Pricers::new(bytes.min(TABLE_BYTES)),
            brimful: Brimful::default(),
            partials: Vec::new(),
            counters: Work::default(),
            seeds: Vec::new(),
            pause: None,
            most_copies: most_copies.unwrap_or(1),
        })
    }

    pub(crate) fn instance(&self) -> &'a Instance {
        &self.normal.instance
    }

    /// The most items that one host can hold.
    pub(crate) fn most_copies(&self) -> u64 {
        self.most_copies
    }

    /// Whether the budget is spent.
    pub(crate) fn is_spent(&self) -> bool {
        self.budget.exhausted_after(self.work()) || self.is_out_of_memory()
    }

    /// Has relaxations be rounded once they have taken this share of the time that is left.
    pub(crate) fn pause_after(&mut self, share: f64) {
        self.pause = self.budget.remaining().map(|left| left.mul_f64(1.0 - share));
    }

    /// Whether they have.
    pub(crate) fn is_time_to_round(&self) -> bool {
        let left = self.budget.remaining();
        self.pause.zip(left).is_some_and(|(pause, left)| left <= pause)
    }

    /// Whether no more columns may be kept.
    fn is_out_of_memory(&self) -> bool {
        let taken = BASE_BYTES + self.columns.bytes() + self.pricers.bytes();
        self.pricers.ran_out() || self.budget.memory_limit().is_some_and(|limit| taken > limit)
    }

    /// Work in the units of the budget: simplex steps, and a thousand pricing steps each.
    pub(crate) fn work(&self) -> u64 {
        self.restricted.iterations()
            + self.counters.integer_steps
            + self.counters.first_order
            + self.counters.pricing_steps / 1000
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
        watch: impl FnMut(&Duals, &[i64]) -> u64,
    ) -> Result<End, BackendError> {
        let end = self.generate_columns(residual, target, until, fixed, watch);
        self.restricted.drop_exchanges()?;
        end
    }

    fn generate_columns(
        &mut self,
        residual: &Residual,
        target: u64,
        until: Until,
        fixed: &[(u32, u64)],
        mut watch: impl FnMut(&Duals, &[i64]) -> u64,
    ) -> Result<End, BackendError> {
        let instance = self.instance();
        let Some(rules) = Rules::new(instance, residual, target) else { return Ok(End::TooFew) };
        // A program of very many items takes a while to write down.
        if self.is_spent() {
            return Ok(End::Stopped);
        }
        let clock = std::time::Instant::now();
        // Dives have ever fewer items, and soon come back to nodes that need the columns.
        if fixed.is_empty() {
            self.restricted.purge(residual.live().count())?;
        }
        self.restricted.adapt(&self.items, &self.columns, &rules)?;
        self.restricted.count_fixed(fixed)?;
        let listed = self.list_brimful(&rules);
        if self.counters.relaxations == 0 {
            let first = self.incumbent_columns(&rules);
            self.restricted.add(&self.columns, &first)?;
            self.restricted.add(&self.columns, &listed.columns)?;
            if !listed.complete && !instance.has_alternatives() {
                let pairs = exchanges(&self.items, residual, instance.capacity(0));
                self.restricted.add_exchanges(&pairs)?;
            }
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|&column| rules.admit(self.columns.get(column)));
        self.restricted.add(&self.columns, &fresh)?;
        self.counters.lp_micros += clock.elapsed().as_micros() as u64;
        let mut last_value = f64::INFINITY;
        let mut values: Vec<f64> = Vec::new();
        loop {
            if self.is_spent() {
                return Ok(End::Stopped);
            }
            let clock = std::time::Instant::now();
            let solved = self.restricted.solve(&self.columns, self.budget.deadline())?;
            self.counters.lp_micros += clock.elapsed().as_micros() as u64;
            self.counters.relaxations += 1;
            let Some(relaxed) = solved else { return Ok(End::Stopped) };
            let duals = Duals::new(&relaxed, instance, self.restricted.penalty(), self.most_copies);
            let value = relaxed.value + residual.spent as f64;
            let covers = relaxed.artificial < 1e-7;
            if covers && value < last_value - 1e-7 {
                last_value = value;
                self.round(residual, &relaxed, fixed);
                let found = match until {
                    Until::Target | Until::Tried => {
                        self.incumbent.cost().is_some_and(|cost| cost <= target)
                    }
                    Until::Slow(_) | Until::Converged => self.incumbent.is_optimal(),
                };
                if found {
                    return Ok(End::Found);
                }
            }
            let reached = covers
                && match until {
                    Until::Converged => false,
                    Until::Target | Until::Tried => value <= target as f64 + 1e-7,
                    Until::Slow(part) => {
                        values.push(value);
                        let before = values.len().checked_sub(SPAN + 1).map(|at| values[at]);
                        let falls = value < values[0] - 1e-7;
                        falls
                            && before
                                .is_some_and(|before| before - value < before / f64::from(part))
                            || self.is_time_to_round()
                    }
                };
            if reached && !may_close(&rules, &duals, instance) {
                if self.restricted.drop_exchanges()? {
                    last_value = f64::INFINITY;
                    continue;
                }
                return Ok(End::Open(relaxed));
            }
            if self.use_pool(&rules, &duals)? > 0 {
                continue;
            }
            let (new, heaviest) = if listed.complete {
                (Vec::new(), vec![listed.heaviest(&self.columns, &duals)])
            } else {
                self.price(&rules, &duals, &relaxed, until)
            };
            if let Some(proof) = duals.closing(instance, &rules, &heaviest, target) {
                return Ok(End::Closed(Closing { duals, proof }));
            }
            let proved = watch(&duals, &heaviest);
            if covers && proved as f64 >= value - 1e-6 {
                if self.restricted.drop_exchanges()? {
                    last_value = f64::INFINITY;
                    continue;
                }
                return Ok(End::Open(relaxed));
            }
            if self.is_spent() {
                return Ok(End::Stopped);
            }
            if self.restricted.add(&self.columns, &new)? > 0 {
                continue;
            }
            // What is left to find, if anything, is found without them.
            if self.restricted.drop_exchanges()? {
                last_value = f64::INFINITY;
                continue;
            }
            if !covers && self.restricted.raise_penalty()? {
                continue;
            }
            if until == Until::Tried && value > target as f64 + 1e-7 {
                return Ok(End::Unlikely);
            }
            return Ok(End::Open(relaxed));
        }
    }

    /// The patterns of a relaxation that it uses once or more, as often as in whole. They hold no more VMs than
    /// are demanded.
    pub(crate) fn whole_parts(&self, relaxed: &Relaxed) -> Vec<(Pattern, u64)> {
        let mut left: Vec<u64> = self.instance().vms().iter().map(|vm| vm.count).collect();
        let mut whole = Vec::new();
        for &(column, x) in &relaxed.columns {
            let content = self.columns.get(column);
            let often = content.items.iter().map(|&(item, n)| left[item as usize] / u64::from(n));
            let times = often.min().unwrap_or(0).min((x + 1e-9).floor() as u64);
            for &(item, n) in &content.items {
                left[item as usize] -= u64::from(n) * times;
            }
            if times > 0 {
                whole.push((content.pattern(&self.items), times));
            }
        }
        whole
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

/// Whether whole hosts may be too few where fractions of them suffice, going by dual values that patterns
/// may still exceed.
fn may_close(rules: &Rules<'_>, duals: &Duals, instance: &Instance) -> bool {
    let limits =
        (0..instance.hosts().len()).map(|t| duals.allowance(instance, t)).collect::<Vec<_>>();
    limits.len() > 1 && rules.fleet.fits(duals.total(rules.residual), &limits) == Fits::No
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
