//! The columns found so far as an integer program: the cheapest placement that they make up.
//!
//! A heuristic, since columns may be missing that the relaxation does not need. On several host types it finds
//! what dives do not, for it weighs host types against each other, which dives settle one by one.

use std::collections::HashSet;

use vmpack_lp::backend::{Backend, BackendError, Highs, Limits, Progress};
use vmpack_lp::model::{Column, Model, Sense};
use vmpack_model::packing::Pattern;

use crate::engine::{End, Engine, Until};
use crate::residual::Residual;

/// The program has no more columns than this.
const MOST_COLUMNS: usize = 1500;
/// It takes no more than this part of the time that is left, if there is a deadline.
const SHARE: u32 = 16;

impl Engine<'_> {
    /// Looks for a cheaper placement among those made of known columns, those first whose reduced cost in
    /// the relaxation is least, within so many nodes; whether one was found.
    pub(crate) fn combine(&mut self, root: &Residual, nodes: u64) -> Result<bool, BackendError> {
        let Some(cost) = self.incumbent.cost() else { return Ok(false) };
        let relaxed = match self.generate(root, cost - 1, Until::Target, &[])? {
            End::Open(relaxed) => relaxed,
            End::Found => return Ok(true),
            End::Closed(_) | End::TooFew | End::Unlikely | End::Stopped => return Ok(false),
        };
        let instance = self.instance();
        let hosts = instance.hosts();
        // Columns of glued items are patterns of VM types all the same.
        let mut known: HashSet<Pattern> = HashSet::new();
        let mut priced: Vec<(f64, Pattern)> = Vec::new();
        for column in 0..self.columns.len() as u32 {
            let pattern = self.columns.get(column).pattern(&self.items);
            let worth: f64 =
                pattern.vms.iter().map(|&(row, n)| relaxed.duals[row] * n as f64).sum();
            let reduced = hosts[pattern.host].cost as f64 + relaxed.prices[pattern.host] - worth;
            if reduced <= cost as f64 - relaxed.value && known.insert(pattern.clone()) {
                priced.push((reduced, pattern));
            }
        }
        priced.sort_by(|a, b| a.0.total_cmp(&b.0));
        priced.truncate(MOST_COLUMNS);

        let mut model = Model::default();
        for vm in instance.vms() {
            model.add_row(Sense::Ge, vm.count as f64);
        }
        let numbers: Vec<usize> = hosts
            .iter()
            .map(|host| {
                let most = host.stock.unwrap_or(u64::MAX).min(instance.total_vms());
                model.add_row(Sense::Le, most as f64)
            })
            .collect();
        // Once the proved bound is reached, there is nothing left to search for.
        let spent = model.add_row(Sense::Ge, self.incumbent.lower() as f64);
        for (_, pattern) in &priced {
            let price = hosts[pattern.host].cost as f64;
            let covered = pattern.vms.iter().map(|&(row, n)| (row, n as f64));
            let entries = covered.chain([(numbers[pattern.host], 1.0), (spent, price)]);
            model.add_column(Column::integer(price, 0.0, f64::INFINITY), entries);
        }
        // Costs are whole numbers.
        let mut limits =
            Limits { work: Some(nodes), absolute_gap: 0.999, ..Limits::from(self.budget) };
        if let Some(left) = limits.remaining() {
            limits.deadline = Some(std::time::Instant::now() + left / SHARE);
        }
        let clock = std::time::Instant::now();
        let mut points: Vec<Vec<f64>> = Vec::new();
        let solution = Highs.solve_observed(&model, &limits, &mut |progress| {
            if let Progress::Incumbent(values) = progress {
                points.push(values);
            }
        });
        self.counters.lp_micros += clock.elapsed().as_micros() as u64;
        self.counters.combinations += 1;
        // Without an answer there may be points nonetheless.
        let steps = solution.map_or(0, |solution| {
            points.push(solution.values);
            solution.iterations
        });
        self.counters.integer_steps += steps;
        let mut better = false;
        for values in points.iter().filter(|values| values.len() == priced.len()) {
            let used =
                priced.iter().zip(values).map(|((_, pattern), x)| (pattern, x.round() as u64));
            let patterns: Vec<(Pattern, u64)> = used
                .filter(|&(_, times)| times > 0)
                .map(|(pattern, times)| (pattern.clone(), times))
                .collect();
            if let Some(placement) = vmpack_greedy::complete(instance, &patterns, self.budget) {
                better |= self.incumbent.offer(placement);
            }
        }
        Ok(better)
    }
}
