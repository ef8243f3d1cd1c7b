//! Allocation at least cost: a covering knapsack per group of services.

use ndarray::Array2;
use vmpack_model::allocation::{Allocation, Amounts, Instance, Multipliers, Refutation};
use vmpack_model::{Bound, Budget, Observer, Outcome, Unsupported};

use super::duals::{denominator, service_prices};
use super::plan::{Group, Plan};
use super::prices;
use super::quanta::Quanta;
use crate::tables::{DEFAULT_TABLE_BYTES, table_bytes};

pub(super) fn supports(instance: &Instance, costs: &Array2<i64>) -> Result<(), Unsupported> {
    let plan = Plan::new(instance, costs)?;
    plan.groups
        .iter()
        .try_for_each(|group| Quanta::new(&plan, group, DEFAULT_TABLE_BYTES).map(drop))
}

pub(super) fn solve(
    instance: &Instance,
    costs: &Array2<i64>,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Outcome<Allocation> {
    let Ok(plan) = Plan::new(instance, costs) else { return Outcome::unknown() };
    if let Some(((host, r), _)) = plan.spare.indexed_iter().find(|(_, spare)| spare.is_none()) {
        return prices::overbooked(instance, host, r);
    }
    if let Some(service) = plan.starved() {
        let mut multipliers = prices::no_prices(instance);
        multipliers.services[service] = 1;
        return Outcome::infeasible(Some(Refutation::Infeasible { multipliers }));
    }
    let bound = bound(instance, &plan);
    if let Some(bound) = &bound {
        observer.bound(bound.value);
    }
    let mut tables = 0;
    let outcome = match units(&plan, budget, &mut tables) {
        Some(units) => {
            let mut amounts = Array2::from_shape_fn(costs.dim(), |(i, r)| {
                // Reservations and limits fit 48 bits.
                instance.reservation(i, r) as i64
            });
            for (variable, units) in plan.variables.iter().zip(units) {
                amounts[[variable.vm, variable.resource]] += units as i64;
            }
            let amounts = Amounts::integers(amounts);
            let cost = amounts.cost(instance);
            observer.incumbent(cost);
            Outcome::feasible(amounts, cost)
        }
        None => Outcome::unknown(),
    };
    let outcome = outcome.with_counter("tables", tables);
    match bound {
        Some(bound) => outcome.with_bound(bound),
        None => outcome,
    }
}

fn bound(instance: &Instance, plan: &Plan) -> Option<Bound<Multipliers>> {
    let scale = denominator(plan);
    let mut multipliers = prices::no_prices(instance);
    multipliers.denominator = scale as i64;
    for group in &plan.groups {
        for (&service, price) in group.services.iter().zip(service_prices(plan, group, scale)) {
            multipliers.services[service] = price;
        }
    }
    let value = prices::bound(instance, &multipliers)?;
    Some(Bound::certified(value, multipliers))
}

/// Units of every variable that meet all needs within room and hosts; `None` if they were not
/// found. Where budget or memory allow no table, or one of rounded quanta has no answer, a group is
/// topped up from nothing.
fn units(plan: &Plan, budget: &Budget, tables: &mut u64) -> Option<Vec<u64>> {
    let mut units = vec![0; plan.variables.len()];
    for group in &plan.groups {
        let quanta = Quanta::new(plan, group, table_bytes(budget)).ok();
        let found = quanta.filter(|_| !budget.exhausted_after(*tables)).and_then(|quanta| {
            *tables += 1;
            quanta.solve(|| budget.exhausted())
        });
        let nothing = || vec![0; group.variables.len()];
        let mut repair = Repair::new(plan, group, found.unwrap_or_else(nothing));
        repair.top_up()?;
        repair.trim();
        for (&j, found) in group.variables.iter().zip(repair.units) {
            units[j] = found;
        }
    }
    Some(units)
}

/// Makes units that were rounded to quanta fit the needs.
struct Repair<'a> {
    plan: &'a Plan,
    group: &'a Group,
    /// Units of the group's variables, in their order.
    units: Vec<u64>,
    /// What each service of the group has beyond its need; negative if it lacks something.
    surplus: Vec<i128>,
    /// Positions of the variables, dearest first: by cost per share of the needs that a unit meets.
    dearest: Vec<usize>,
}

impl<'a> Repair<'a> {
    fn new(plan: &'a Plan, group: &'a Group, units: Vec<u64>) -> Self {
        let mut surplus: Vec<i128> =
            group.services.iter().map(|&k| -i128::from(plan.needs[k])).collect();
        for (&j, &units) in group.variables.iter().zip(&units) {
            for (surplus, &k) in surplus.iter_mut().zip(&group.services) {
                *surplus += i128::from(plan.variables[j].gain(k)) * i128::from(units);
            }
        }
        let price = |&position: &usize| {
            let variable = &plan.variables[group.variables[position]];
            let shares = variable.gains.iter().map(|&(k, gain)| {
                // A need of a variable is positive; 2^60 keeps the resolution of any.
                ((u128::from(gain.min(plan.needs[k]))) << 60) / u128::from(plan.needs[k])
            });
            (u128::from(variable.cost) << 79) / shares.sum::<u128>().max(1)
        };
        let mut dearest: Vec<usize> = (0..units.len()).collect();
        dearest.sort_by_cached_key(|position| (std::cmp::Reverse(price(position)), *position));
        Self { plan, group, units, surplus, dearest }
    }

    /// Adds units, cheapest first, until no service lacks anything; `None` if room and hosts do not
    /// suffice.
    fn top_up(&mut self) -> Option<()> {
        for at in (0..self.dearest.len()).rev() {
            let position = self.dearest[at];
            let variable = &self.plan.variables[self.group.variables[position]];
            let lacking = self.group.services.iter().zip(&self.surplus).map(|(&k, &surplus)| {
                let gain = variable.gain(k);
                let lack = if gain > 0 { (-surplus).max(0) as u128 } else { 0 };
                lack.div_ceil(u128::from(gain.max(1)))
            });
            // A need fits 48 bits.
            let wanted = lacking.max().unwrap_or(0) as u64;
            let room = variable.room.map_or(u64::MAX, |room| room - self.units[position]);
            let host = self.group.hosts.iter().find(|&&at| variable.takes_from(at));
            let left = host.map_or(u64::MAX, |&at| self.left_on(at));
            self.change(position, i128::from(wanted.min(room).min(left)));
        }
        self.surplus.iter().all(|&surplus| surplus >= 0).then_some(())
    }

    /// Takes units back, dearest first, as long as no service comes to lack anything.
    fn trim(&mut self) {
        for at in 0..self.dearest.len() {
            let position = self.dearest[at];
            let variable = &self.plan.variables[self.group.variables[position]];
            let spare =
                self.group.services.iter().zip(&self.surplus).filter_map(|(&k, &surplus)| {
                    (surplus as u128).checked_div(u128::from(variable.gain(k)))
                });
            let units = spare.min().unwrap_or(0).min(u128::from(self.units[position]));
            self.change(position, -(units as i128));
        }
    }

    /// What a scarce host has left.
    fn left_on(&self, at: (usize, usize)) -> u64 {
        let variables = self.group.variables.iter().zip(&self.units);
        let used: u64 = variables
            .filter(|&(&j, _)| self.plan.variables[j].takes_from(at))
            .map(|(_, units)| units)
            .sum();
        self.plan.spare[at].unwrap_or(0).saturating_sub(used)
    }

    fn change(&mut self, position: usize, by: i128) {
        let variable = &self.plan.variables[self.group.variables[position]];
        for (surplus, &k) in self.surplus.iter_mut().zip(&self.group.services) {
            *surplus += i128::from(variable.gain(k)) * by;
        }
        self.units[position] = (i128::from(self.units[position]) + by) as u64;
    }
}
