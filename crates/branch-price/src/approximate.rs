//! Column generation and dives over programs that are solved by a first-order method.
//!
//! The simplex method takes most of the time that the relaxation of hundreds of VM types takes, and yields extreme dual
//! values, which change much from one program to the next. A first-order method gets within a percent in a few
//! milliseconds, and its averages change little.

use crate::columns::{Column, Columns, Rules};
use crate::duals::Duals;
use crate::engine::{Engine, Until};
use crate::first_order::FirstOrder;
use crate::residual::{Items, Residual};

/// Steps between two searches for columns.
const STEPS: u32 = 100;
/// So many rounds tell.
const SPAN: usize = 5;
/// A dive fixes one host in so many at once, and those that are used nearly whole,
const FIXED: f64 = 10.0;
/// from this on.
const NEARLY: f64 = 0.95;
/// With fewer VM types the simplex method is as fast;
const FEW: usize = 40;
/// with more VMs of each, values of columns are far from what they start from.
const MOST_COPIES: u64 = 3;
/// Entries that are looked at in the time of a unit of work.
const ENTRIES_PER_UNIT: u64 = 10_000;

impl Engine<'_> {
    /// A program with the hosts of placements that are known; `None` if a first-order method is no good for it.
    pub(crate) fn first_program(&mut self, root: &Residual) -> Option<FirstOrder> {
        let instance = self.instance();
        let (types, hosts) = (instance.rows(), instance.hosts());
        let vms = instance.total_vms();
        let scarce = hosts.iter().any(|host| host.stock.is_some_and(|stock| stock < vms));
        if types < FEW || vms > types as u64 * MOST_COPIES || scarce {
            return None;
        }
        let most = self.incumbent.cost()?.checked_sub(1)?;
        let rules = Rules::new(instance, root, most)?;
        let dearest = hosts.iter().map(|host| host.cost).max()?;
        let mut program = FirstOrder::new(&root.demand, dearest);
        for column in self.incumbent_columns(&rules) {
            let host = self.columns.get(column).host;
            program.add_placed(&self.columns, column, hosts[host].cost);
        }
        Some(program)
    }

    /// Adds columns to a program until the last rounds lowered its value by less than one part in so many, or it is
    /// time.
    pub(crate) fn approach(&mut self, root: &Residual, program: &mut FirstOrder, part: u32) {
        let Some(cost) = self.incumbent.cost() else { return };
        let mut values: Vec<f64> = Vec::new();
        while !self.is_spent() && !self.is_time_to_round() {
            self.take_steps(program);
            values.push(program.value());
            let before = values.len().checked_sub(SPAN).map(|at| values[at]);
            if before.is_some_and(|before| before - program.value() < before / f64::from(part))
                || !self.extend(root, program, cost - 1)
            {
                break;
            }
        }
    }

    /// Fills host after host as a program suggests; whether that makes a cheaper placement.
    pub(crate) fn dive_roughly(&mut self, root: &Residual, program: &FirstOrder) -> bool {
        let Some(cost) = self.incumbent.cost() else { return false };
        self.counters.dives += 1;
        let mut program = program.clone();
        let mut residual = root.clone();
        let mut fixed: Vec<(u32, u64)> = Vec::new();
        loop {
            let chosen = self.fix_roughly(&mut residual, &program);
            let is_stuck = chosen.is_empty();
            fixed.extend(chosen);
            if is_stuck || residual.is_done() || self.is_spent() {
                break;
            }
            let items = &self.items;
            program = program.of_rest(&residual.demand, &mut self.columns, |columns, column| {
                rest_of(columns, items, column, &residual)
            });
            self.take_steps(&mut program);
            if program.value() + residual.spent as f64 > cost as f64 - 0.5 {
                break;
            }
            self.extend(&residual, &mut program, cost - 1);
            self.take_steps(&mut program);
        }
        let pattern =
            |&(column, times): &(u32, u64)| (self.columns.get(column).pattern(&self.items), times);
        let patterns: Vec<_> = fixed.iter().map(pattern).collect();
        if let Some(placement) = vmpack_greedy::complete(self.instance(), &patterns, self.budget) {
            self.incumbent.offer(placement);
        }
        self.incumbent.cost().is_some_and(|now| now < cost)
    }

    /// Fixes the columns that a program uses most, and says which.
    fn fix_roughly(&self, residual: &mut Residual, program: &FirstOrder) -> Vec<(u32, u64)> {
        let hosts = self.instance().hosts();
        let mut order: Vec<(u32, f64)> = program.used().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let all: f64 = order.iter().map(|&(_, x)| x).sum();
        let most = (all / FIXED).ceil() as usize;
        let mut chosen = Vec::new();
        for (column, x) in order {
            if chosen.len() >= most && x < NEARLY {
                break;
            }
            let content = self.columns.get(column);
            let times = content.times(residual).min(x.round().max(1.0) as u64);
            if times > 0 {
                residual.fix(content, hosts[content.host].cost, times);
                chosen.push((column, times));
            }
        }
        chosen
    }

    /// Adds columns that seem worth more than they cost; whether there are any.
    fn extend(&mut self, residual: &Residual, program: &mut FirstOrder, most: u64) -> bool {
        let instance = self.instance();
        let hosts = instance.hosts();
        let Some(rules) = Rules::new(instance, residual, most) else { return false };
        let relaxed = program.relaxed(hosts.len());
        let duals = Duals::new(&relaxed, instance, self.restricted.penalty(), self.most_copies());
        let before = program.len();
        for column in self.price(&rules, &duals, &relaxed, Until::Tried).0 {
            program.add(&self.columns, column, hosts[self.columns.get(column).host].cost);
        }
        program.len() > before
    }

    fn take_steps(&mut self, program: &mut FirstOrder) {
        self.counters.first_order += program.run(STEPS) / ENTRIES_PER_UNIT;
    }
}

/// What the demand that is left can fill of a column; `None` if that is nothing.
fn rest_of(columns: &mut Columns, items: &Items, column: u32, residual: &Residual) -> Option<u32> {
    let content = columns.get(column);
    let left = content.items.iter().filter_map(|&(item, count)| {
        let count = residual.demand(item).min(u64::from(count)) as u32;
        (count > 0).then_some((item, count))
    });
    let (host, left) = (content.host, left.collect::<Vec<_>>());
    (!left.is_empty()).then(|| columns.insert(Column::new(items, host, left)))
}
