//! Column generation and dives on programs of first order.

use std::time::Instant;

use crate::columns::{Column, Rules};
use crate::duals::Duals;
use crate::engine::{Engine, Until};
use crate::first_order::FirstOrder;
use crate::residual::Residual;

fn env(name: &str, or: f64) -> f64 {
    std::env::var(name).ok().and_then(|x| x.parse().ok()).unwrap_or(or)
}
pub(crate) fn log(s: String) {
    use std::io::Write;
    if std::env::var("DBG").is_ok() {
        let mut f = std::fs::OpenOptions::new().append(true).create(true).open("/tmp/dev/quality/dbg.log").unwrap();
        let _ = writeln!(f, "{s}");
    }
}

impl Engine<'_> {
    /// A program to begin with: the hosts of placements that are known.
    pub(crate) fn approximate(&mut self, root: &Residual) -> Option<FirstOrder> {
        let instance = self.instance();
        let cost = self.incumbent.cost()?;
        let rules = Rules::new(instance, root, cost.checked_sub(1)?)?;
        let first = self.incumbent_columns(&rules);
        let mut weights = vec![0.0; root.demand.len()];
        for &column in &first {
            let content = self.columns.get(column);
            let cost = instance.hosts()[content.host].cost as f64;
            let many: u32 = content.items.iter().map(|&(_, n)| n).sum();
            for &(item, _) in &content.items {
                weights[item as usize] = cost / f64::from(many);
            }
        }
        let mut program = FirstOrder::new(&root.demand, weights);
        for &column in &first {
            let host = self.columns.get(column).host;
            program.add(&self.columns, column, instance.hosts()[host].cost, 0.5);
        }
        Some(program)
    }

    pub(crate) fn price_approximately(&mut self, residual: &Residual, program: &mut FirstOrder, most: u64) -> usize {
        let instance = self.instance();
        let Some(rules) = Rules::new(instance, residual, most) else { return 0 };
        let relaxed = program.relaxed(instance.hosts().len());
        let duals = Duals::new(&relaxed, instance, self.restricted.penalty(), self.most_copies());
        let (new, _) = self.price(&rules, &duals, &relaxed, Until::Slow(1));
        let before = program.len();
        for column in new {
            let host = self.columns.get(column).host;
            program.add(&self.columns, column, instance.hosts()[host].cost, 0.0);
        }
        program.len() - before
    }

    pub(crate) fn approach(&mut self, root: &Residual, program: &mut FirstOrder, until: Option<Instant>) {
        let t0 = Instant::now();
        let steps = env("FO_STEPS", 200.0) as u32;
        let mut values: Vec<f64> = Vec::new();
        let part = env("FO_PART", 200.0);
        for _ in 0..1000 {
            if self.is_spent() || until.is_some_and(|until| Instant::now() >= until) { break; }
            program.run(steps);
            values.push(program.value());
            if values.len() > 4 {
                let before = values[values.len() - 5];
                if before - program.value() < before / part { break; }
            }
            let Some(cost) = self.incumbent.cost() else { break };
            if self.price_approximately(root, program, cost - 1) == 0 { break; }
        }
        log(format!("approach {:.3} value {:.2} columns {} rounds {}", t0.elapsed().as_secs_f64(), program.value(), program.len(), values.len()));
    }

    pub(crate) fn dive_approximately(&mut self, root: &Residual, program: &FirstOrder) -> bool {
        let t0 = Instant::now();
        let instance = self.instance();
        let hosts = instance.hosts();
        let Some(cost) = self.incumbent.cost() else { return false };
        let steps = env("FO_DSTEPS", 200.0) as u32;
        let width = env("FO_WIDTH", 0.1);
        let mut program = program.clone();
        let mut residual = root.clone();
        let mut fixed: Vec<(u32, u64)> = Vec::new();
        let mut batches = 0;
        while !residual.is_done() && !self.is_spent() {
            batches += 1;
            let mut order: Vec<(u32, f64)> = program.columns().filter(|&(_, x)| x > 1e-3).collect();
            order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let all: f64 = order.iter().map(|&(_, x)| x).sum();
            let most = (all * width).ceil() as u64;
            let mut taken = 0;
            for &(column, x) in &order {
                if taken >= most && x < 0.95 { break; }
                let content = self.columns.get(column);
                let times = content.times(&residual).min((x + 0.05).floor().max(1.0) as u64);
                if times > 0 {
                    residual.fix(content, hosts[content.host].cost, times);
                    fixed.push((column, times));
                    taken += times;
                }
            }
            if taken == 0 || residual.is_done() { break; }
            // what is left of columns
            let kept: Vec<(u32, f64)> = program.columns().collect();
            let weights = program.weights().to_vec();
            let mut next = FirstOrder::new(&residual.demand, weights);
            for (column, x) in kept {
                let content = self.columns.get(column);
                let host = content.host;
                if content.items.iter().all(|&(item, n)| residual.demand(item) >= u64::from(n)) {
                    next.add(&self.columns, column, hosts[host].cost, x);
                } else if x > 1e-3 {
                    let left: Vec<(u32, u32)> = content.items.iter().map(|&(item, n)| (item, n.min(residual.demand(item) as u32))).filter(|&(_, n)| n > 0).collect();
                    if left.is_empty() { continue; }
                    let column = self.columns.insert(Column::new(&self.items, host, left));
                    next.add(&self.columns, column, hosts[host].cost, x);
                }
            }
            program = next;
            program.run(steps);
            if program.value() + residual.spent as f64 > cost as f64 - 0.5 { break; }
            self.price_approximately(&residual, &mut program, cost - 1);
            program.run(steps);
        }
        let patterns: Vec<_> = fixed.iter().map(|&(column, times)| (self.columns.get(column).pattern(&self.items), times)).collect();
        let offered = vmpack_greedy::complete(instance, &patterns, self.budget).map(|placement| { let c = placement.cost(instance); self.incumbent.offer(placement); c });
        log(format!("dive {:.3} batches {batches} spent {} value {:.2} -> {offered:?} cost {:?}", t0.elapsed().as_secs_f64(), residual.spent, program.value(), self.incumbent.cost()));
        self.incumbent.cost() < Some(cost)
    }
}
