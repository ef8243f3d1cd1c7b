//! Columns of positive reduced profit: those known already, those near the basis, those that a search finds.

use vmpack_dp::pricing::{
    Answer, Conflicts, Effort, ExchangePricer, OneResourcePricer, Penalty, Priced, Problem,
    VectorPricer,
};
use vmpack_lp::backend::BackendError;

use crate::columns::{Rules, from_priced};
use crate::cuts::Triple;
use crate::duals::Duals;
use crate::engine::{Engine, Until};
use crate::restricted::Relaxed;

/// Columns per pricing call and host type.
const COLUMNS_PER_CALL: usize = 100;
/// In how many columns of one call an item may be.
const REPEATS: u32 = 3;
/// A call that finds one pattern for so many items finds enough.
const PART_OF_ITEMS: usize = 20;
/// Vector pricing may take so many times its least effort.
const MOST_ZEAL: u64 = 32;

/// One pricer of each kind, with its buffers.
pub(crate) struct Pricers {
    one: OneResourcePricer,
    vector: VectorPricer,
    exchange: ExchangePricer,
    /// How long vector pricing searches, in multiples of the least effort.
    zeal: u64,
}

impl Pricers {
    /// Pricers whose tables take at most `bytes`.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            one: OneResourcePricer::new(bytes),
            vector: VectorPricer::new(),
            exchange: ExchangePricer::new(),
            zeal: 1,
        }
    }

    /// What tables take.
    pub(crate) fn bytes(&self) -> u64 {
        self.one.bytes()
    }

    /// Whether a table would have taken more than allowed.
    pub(crate) fn ran_out(&self) -> bool {
        self.one.ran_out()
    }
}

impl Engine<'_> {
    /// Puts known columns of positive reduced profit back into the program.
    pub(crate) fn use_pool(
        &mut self,
        rules: &Rules<'_>,
        duals: &Duals,
    ) -> Result<usize, BackendError> {
        let mut found: Vec<(i64, u32)> = Vec::new();
        for column in 0..self.columns.len() as u32 {
            if self.restricted.is_known(column) {
                continue;
            }
            let over = self.reduced_profit(duals, column);
            if over > accuracy(duals) && rules.admit(self.columns.get(column)) {
                found.push((-over, column));
            }
        }
        found.sort_unstable();
        found.truncate(COLUMNS_PER_CALL);
        let columns: Vec<u32> = found.into_iter().map(|(_, column)| column).collect();
        self.restricted.add(&self.columns, &columns)
    }

    /// What a column is worth beyond its cost.
    fn reduced_profit(&self, duals: &Duals, column: u32) -> i64 {
        let content = self.columns.get(column);
        duals.pattern(&content.items) - duals.allowance(self.instance(), content.host)
    }

    /// New columns of positive reduced profit, and what the heaviest pattern of every host type weighs at
    /// most, whether or not the search was cut short.
    pub(crate) fn price(
        &mut self,
        rules: &Rules<'_>,
        duals: &Duals,
        relaxed: &Relaxed,
        until: Until,
    ) -> (Vec<u32>, Vec<i64>) {
        let clock = std::time::Instant::now();
        let instance = self.instance();
        let residual = rules.residual;
        // Items without weight help a pattern to its least load, and with nothing else.
        let full = rules.fleet.wants_load();
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
        for t in 0..instance.hosts().len() {
            if !rules.fleet.opens(t) {
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
            let allowance = duals.allowance(instance, t).max(0);
            let problem = Problem {
                capacity,
                least_load: rules.fleet.least(t),
                sizes: &sizes,
                copies: &copies,
                profits: &profits,
                conflicts: &conflicts,
                penalties: &penalties,
                threshold: allowance + accuracy(duals),
            };
            let answer = if d == 1 {
                self.price_one(&problem)
            } else {
                let starts = self.starts(relaxed, t, &index);
                self.price_vector(&problem, t, &live, &starts, until)
            };
            self.counters.pricings += 1;
            self.counters.pricing_steps += answer.steps;
            heaviest.push(answer.bound.max(0));
            for priced in &answer.patterns {
                let column = from_priced(&self.items, t, priced, &live);
                new.push(self.columns.insert(column));
            }
        }
        // A call that brings few columns was too short, or there are few.
        if new.len() * PART_OF_ITEMS < live.len() {
            self.pricers.zeal = (self.pricers.zeal * 2).min(MOST_ZEAL);
        } else if new.len() * 8 > live.len() {
            self.pricers.zeal = (self.pricers.zeal / 2).max(1);
        }
        self.counters.pricing_micros += clock.elapsed().as_micros() as u64;
        (new, heaviest)
    }

    /// Patterns of one resource above the threshold.
    fn price_one(&mut self, problem: &Problem<'_>) -> Answer {
        let cells = problem.capacity[0].saturating_mul(problem.items() as u64);
        let effort = Effort {
            patterns: COLUMNS_PER_CALL,
            enough: COLUMNS_PER_CALL,
            repeats: REPEATS,
            steps: (cells / 20).clamp(20_000, 5_000_000),
            most_steps: u64::MAX,
        };
        let budget = self.budget;
        self.pricers.one.price(problem, &effort, &|| budget.exhausted())
    }

    /// Patterns of several resources above the threshold: those near the patterns in `starts`, and if they
    /// bring little, those of a search. Items of the problem are the `live` ones of host type `host`.
    fn price_vector(
        &mut self,
        problem: &Problem<'_>,
        host: usize,
        live: &[u32],
        starts: &[Vec<(u32, u32)>],
        until: Until,
    ) -> Answer {
        let least = 2000 * live.len() as u64;
        let effort = Effort {
            patterns: (live.len() / 2).max(COLUMNS_PER_CALL / 5),
            enough: (live.len() / PART_OF_ITEMS * 2).max(1),
            repeats: REPEATS,
            steps: least * self.pricers.zeal,
            most_steps: match until {
                Until::Tried | Until::Slow(_) => least * MOST_ZEAL,
                Until::Target | Until::Converged => u64::MAX,
            },
        };
        let budget = self.budget;
        let stop = || budget.exhausted();
        let mut near = self.pricers.exchange.price(problem, starts, &effort, &stop);
        near.patterns.retain(|priced| self.is_new(host, priced, live));
        if near.patterns.len() * PART_OF_ITEMS > live.len() {
            return near;
        }
        let mut answer = self.pricers.vector.price(problem, &effort, &stop);
        // Within tolerances, columns of the program may seem worth more than they cost. Only a search to
        // the end bounds what they are worth.
        let mut found = answer.patterns.iter();
        if found.len() > 0 && !found.any(|priced| self.is_new(host, priced, live)) {
            let full = Effort { enough: usize::MAX, steps: effort.most_steps, ..effort };
            let before = answer.steps;
            answer = self.pricers.vector.price(problem, &full, &stop);
            answer.steps += before;
        }
        answer.steps += near.steps;
        answer.patterns.extend(near.patterns);
        answer
    }

    /// Whether a priced pattern is no column of the program.
    fn is_new(&mut self, host: usize, priced: &Priced, live: &[u32]) -> bool {
        let column = from_priced(&self.items, host, priced, live);
        !self.restricted.is_known(self.columns.insert(column))
    }

    /// The patterns of a host type that a relaxation uses, in the numbers of `index`.
    fn starts(&self, relaxed: &Relaxed, host: usize, index: &[usize]) -> Vec<Vec<(u32, u32)>> {
        let of_host = |&(column, _): &(u32, f64)| {
            let content = self.columns.get(column);
            if content.host != host {
                return None;
            }
            let items = content.items.iter().map(|&(item, n)| (index[item as usize], n));
            let known: Option<Vec<(u32, u32)>> =
                items.map(|(at, n)| (at != usize::MAX).then_some((at as u32, n))).collect();
            known
        };
        relaxed.columns.iter().filter_map(of_host).collect()
    }
}

/// Patterns must be worth this much more than they cost: below it the linear program cannot tell.
fn accuracy(duals: &Duals) -> i64 {
    duals.scale >> 38
}
