//! Relax and fix: dives that fill host after host as the relaxation suggests.

use vmpack_lp::backend::BackendError;

use crate::columns::{Columns, Rules};
use crate::engine::{End, Engine, Until};
use crate::residual::Residual;
use crate::restricted::Relaxed;

/// Dives from one node; each but the first takes part of the one before back.
const DIVES: usize = 3;
/// As many where all patterns are known: such dives price nothing.
const DIVES_WITHOUT_PRICING: usize = 20;

/// How a round of dives ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dived {
    /// A placement at the target or below was found.
    Found,
    /// None was.
    Nothing,
    /// The budget is spent.
    Stopped,
}

impl Engine<'_> {
    /// Dives from a node whose relaxation does not exceed the target (da Silva and Schouery 2025, section
    /// 6): fixes columns that are used whole, or nearly whole as long as the bound allows, generates
    /// columns for the rest, and after a failure takes the last quarter of the steps back.
    pub(crate) fn dive(
        &mut self,
        node: &Residual,
        relaxed: &Relaxed,
        target: u64,
    ) -> Result<Dived, BackendError> {
        self.counters.dives += 1;
        let mut steps: Vec<(Residual, usize)> = Vec::new();
        let mut fixed: Vec<(u32, u64)> = Vec::new();
        let mut residual = node.clone();
        let mut relaxed = relaxed.clone();
        let full = Rules::new(self.instance(), node, target)
            .is_some_and(|rules| rules.is_brimful(self.instance()));
        let is_priced = !full || !self.brimful.is_complete_for(node);
        for _ in 0..if is_priced { DIVES } else { DIVES_WITHOUT_PRICING } {
            loop {
                steps.push((residual.clone(), fixed.len()));
                let chosen = self.fix(&mut residual, &relaxed, target);
                if chosen.is_empty() || residual.is_done() {
                    fixed.extend(chosen);
                    break;
                }
                fixed.extend(chosen);
                match self.generate(&residual, target, Until::Tried, &fixed)? {
                    End::Open(next) => relaxed = next,
                    End::Found => return Ok(Dived::Found),
                    End::Stopped => return Ok(Dived::Stopped),
                    End::Closed(_) | End::TooFew | End::Unlikely => break,
                }
            }
            if residual.is_done() {
                let patterns: Vec<_> = fixed
                    .iter()
                    .map(|&(column, times)| (self.columns.get(column).pattern(&self.items), times))
                    .collect();
                let complete = vmpack_greedy::complete(self.instance(), &patterns, self.budget);
                if let Some(placement) = complete {
                    self.incumbent.offer(placement);
                }
                if self.incumbent.cost().is_some_and(|cost| cost <= target) {
                    return Ok(Dived::Found);
                }
            }
            // What the last step fixed leads nowhere; what came before may be nearly right.
            if let Some(&(_, before)) = steps.last() {
                self.remember(&fixed[..before]);
            }
            let kept = steps.len() - steps.len().div_ceil(4);
            let Some((before, filled)) = steps.get(kept).cloned() else { break };
            steps.truncate(kept);
            fixed.truncate(filled);
            residual = before;
            match self.generate(&residual, target, Until::Tried, &fixed)? {
                End::Open(next) => relaxed = next,
                End::Found => return Ok(Dived::Found),
                End::Stopped => return Ok(Dived::Stopped),
                End::Closed(_) | End::TooFew | End::Unlikely => break,
            }
        }
        Ok(Dived::Nothing)
    }

    /// Fixes columns of a relaxation in the residual problem, and says which.
    fn fix(&self, residual: &mut Residual, relaxed: &Relaxed, target: u64) -> Vec<(u32, u64)> {
        let hosts = self.instance().hosts();
        let mut chosen = Vec::new();
        let mut take = |residual: &mut Residual, column: u32, times: u64| {
            let content = self.columns.get(column);
            let times = times.min(content.times(residual));
            if times > 0 {
                residual.fix(content, hosts[content.host].cost, times);
                chosen.push((column, times));
            }
            times > 0
        };
        for &(column, x) in &relaxed.columns {
            if x > 1.0 - 1e-9 {
                take(residual, column, (x + 1e-9).floor() as u64);
            }
        }
        if !chosen.is_empty() {
            return chosen;
        }
        let mut take = |residual: &mut Residual, column: u32| {
            let content = self.columns.get(column);
            let fits = content.times(residual) > 0;
            if fits {
                residual.fix(content, hosts[content.host].cost, 1);
                chosen.push((column, 1));
            }
            fits
        };
        // What rounding up may cost before the bound exceeds the target.
        let mut room = target as f64 - relaxed.value - residual.spent as f64;
        let mut first = true;
        for (column, x) in by_use(&relaxed.columns, &self.columns) {
            let price = hosts[self.columns.get(column).host].cost as f64 * (1.0 - x);
            if first {
                if take(residual, column) {
                    first = false;
                    room -= price;
                }
            } else if x < 0.51 || price > room {
                break;
            } else if take(residual, column) {
                room -= price;
            }
        }
        chosen
    }
}

/// Columns by falling value, rounded to two decimals, then by their largest items.
fn by_use(used: &[(u32, f64)], columns: &Columns) -> Vec<(u32, f64)> {
    let mut order = used.to_vec();
    let key = |&(column, x): &(u32, f64)| {
        let content = columns.get(column);
        let fullest: u64 = content.load.iter().copied().max().unwrap_or(0);
        ((x * 100.0).round() as i64, fullest, std::cmp::Reverse(column))
    };
    order.sort_by_key(|entry| std::cmp::Reverse(key(entry)));
    order
}
