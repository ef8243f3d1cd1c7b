//! Exact packing for few VM types.

use std::cmp::Reverse;

use vmpack_bounds::{finish, give_up, refute};
use vmpack_model::packing::{Instance, Packing, Pattern, Placement};
use vmpack_model::{Bound, Budget, Kind, Method, Observer, Outcome, Unsupported, Value};

use crate::patterns::{MaximalPattern, maximal_patterns};
use crate::tables::table_bytes;
use crate::worth::Worth;

/// The greatest number of states. At 12 bytes each that is 240 MB.
pub const MAX_STATES: u64 = 20_000_000;

/// Bytes per state: the least cost, and the state that it came from.
const STATE_BYTES: u64 = 12;

/// How many steps the search for maximal patterns may take, over all host types.
const PATTERN_STEPS: u64 = 1_000_000;

/// Exact dynamic program over how many VMs of each type remain.
///
/// A state holds the remaining count of every VM type and, for host types whose stock can run out,
/// the hosts left. From a state one host is opened: it holds the first remaining type (some host
/// must, so the order in which hosts are opened never counts) and is filled by a *maximal* pattern,
/// less what does not remain (fewer VMs left never cost more, so nothing is lost). Maximal patterns
/// are enumerated once per first type and host type; those that a cheaper host type of unlimited
/// stock can hold are dropped. The least cost of the empty state is the optimum.
///
/// # Complexity
/// `O(S P)` time for `S` states, of which there are at most [`MAX_STATES`], and `P` maximal
/// patterns; only states that are reached cost time. Memory is 12 bytes per state; under a memory
/// limit too small for the table the answer is `unknown`. The work that the budget limits are
/// states expanded.
///
/// # References
/// Hochbaum, Shmoys, *Using dual approximation algorithms for scheduling problems*, Journal of the
/// ACM 34 (1987), for the recursion over counts; Gilmore, Gomory, *A linear programming approach to
/// the cutting-stock problem*, Operations Research 9 (1961), for patterns.
#[derive(Clone, Copy, Debug)]
pub struct Counts;

impl Method<Packing> for Counts {
    fn name(&self) -> &'static str {
        "dp-counts"
    }

    fn kind(&self) -> Kind {
        Kind::DynamicProgramming
    }

    fn summary(&self) -> &'static str {
        "exact dynamic program over the remaining counts of few VM types"
    }

    fn reference(&self) -> &'static str {
        "Hochbaum, Shmoys (1987), Using dual approximation algorithms for scheduling problems \
         (recursion over counts); Gilmore, Gomory (1961), A linear programming approach to the \
         cutting-stock problem (patterns)"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        let space = Space::new(instance)?;
        Moves::new(instance, &space).map(drop)
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let plan =
            Space::new(instance).and_then(|space| Ok((Moves::new(instance, &space)?, space)));
        let Ok((moves, space)) = plan else { return give_up(instance, observer) };
        if space.states as u64 * STATE_BYTES > table_bytes(budget) {
            return give_up(instance, observer).with_counter("states", space.states as u64);
        }
        let mut table = Table::new(&space);
        let finished = table.fill(&space, &moves, budget);
        let outcome = if !finished {
            give_up(instance, observer)
        } else if let Some(end) = table.cheapest_end(&space) {
            let placement = table.placement(instance, &space, &moves, end);
            let outcome = finish(instance, placement, observer);
            if outcome.bound.as_ref().is_some_and(|bound| bound.value == table.value(end)) {
                outcome
            } else {
                observer.bound(table.value(end));
                outcome.with_bound(Bound::claimed(table.value(end)))
            }
        } else {
            Outcome::infeasible(refute(instance))
        };
        outcome
            .with_counter("states", space.states as u64)
            .with_counter("expanded", table.expanded)
            .with_counter("patterns", moves.patterns.len() as u64)
    }
}

/// The mixed-radix numbering of states: a digit per VM type, then one per host type of limited
/// stock. Opening a host lowers digits, so states in falling order are in topological order.
struct Space {
    /// VM types of positive count, largest first.
    types: Vec<usize>,
    /// Host types, except those without stock, and the digit of those whose stock can run out.
    hosts: Vec<(usize, Option<usize>)>,
    /// The greatest value of each digit.
    greatest: Vec<u64>,
    /// What a unit of each digit adds to the number of a state.
    strides: Vec<usize>,
    states: usize,
    /// States below this number have no VM left.
    ends: usize,
}

impl Space {
    fn new(instance: &Instance) -> Result<Self, Unsupported> {
        let worth = Worth::new(instance);
        let least = |vm: usize| {
            let rows = instance.vms()[vm].rows.clone();
            rows.map(|row| worth.of(instance.demand(row))).min()
        };
        let mut types: Vec<usize> =
            (0..instance.vms().len()).filter(|&vm| instance.vms()[vm].count > 0).collect();
        types.sort_by_cached_key(|&vm| (Reverse(least(vm)), vm));
        let mut greatest: Vec<u64> = types.iter().map(|&vm| instance.vms()[vm].count).collect();
        let mut hosts = Vec::new();
        for (host, host_type) in instance.hosts().iter().enumerate() {
            // No host is opened for nothing, so more hosts than VMs that fit are as good as
            // unlimited.
            let fits =
                |vm: &&usize| instance.vms()[**vm].rows.clone().any(|row| instance.fits(row, host));
            let useful: u64 = types.iter().filter(fits).map(|&vm| instance.vms()[vm].count).sum();
            let binding = host_type.stock.filter(|&stock| stock < useful);
            if binding != Some(0) && useful > 0 {
                hosts.push((host, binding.map(|_| greatest.len())));
                greatest.extend(binding);
            }
        }
        let states = |digits: &[u64]| -> u128 {
            digits
                .iter()
                .fold(1, |states: u128, &digit| states.saturating_mul(u128::from(digit) + 1))
        };
        let total = states(&greatest);
        if total > u128::from(MAX_STATES) {
            return Err(Unsupported(format!(
                "needs a state for each of {total} combinations of remaining VMs{}, at most \
                 {MAX_STATES} fit",
                if greatest.len() > types.len() { " and hosts in stock" } else { "" },
            )));
        }
        let mut strides = vec![0; greatest.len()];
        let mut stride = 1;
        for (digit, slot) in strides.iter_mut().enumerate().rev() {
            *slot = stride;
            stride *= greatest[digit] as usize + 1;
        }
        let ends = states(&greatest[types.len()..]) as usize;
        Ok(Self { types, hosts, greatest, strides, states: total as usize, ends })
    }

    fn digits(&self, state: usize) -> Vec<u64> {
        let digit = |(&stride, &greatest): (&usize, &u64)| (state / stride) as u64 % (greatest + 1);
        self.strides.iter().zip(&self.greatest).map(digit).collect()
    }

    /// The position of the first type of which VMs remain.
    fn first(&self, digits: &[u64]) -> Option<usize> {
        digits[..self.types.len()].iter().position(|&count| count > 0)
    }

    /// Whether a host type of unlimited stock holds the pattern at a lower cost; among host types
    /// of the same cost the first of unlimited stock counts as the cheapest.
    fn holds_cheaper(
        &self,
        instance: &Instance,
        pattern: &MaximalPattern,
        stock: Option<usize>,
    ) -> bool {
        let rank = |host: usize, limited: bool| (instance.hosts()[host].cost, limited, host);
        let rank_here = rank(pattern.host, stock.is_some());
        let holds = |host: usize| {
            (0..instance.dimensions()).all(|k| {
                let demand = |&(row, count): &(usize, u64)| instance.demand(row)[k] * count;
                pattern.rows.iter().map(demand).sum::<u64>() <= instance.capacity(host)[k]
            })
        };
        self.hosts
            .iter()
            .any(|&(host, stock)| stock.is_none() && rank(host, false) < rank_here && holds(host))
    }
}

/// Every way of opening one host.
struct Moves {
    patterns: Vec<MaximalPattern>,
    steps: Vec<Step>,
    /// Digits and by how much a pattern lowers them at most, for all patterns.
    entries: Vec<(usize, u64)>,
    /// Per position of the first remaining type, where its patterns begin; they end where the next
    /// begin.
    begin: Vec<usize>,
}

/// What the loop over states needs of a pattern.
struct Step {
    cost: u64,
    /// Its range of `entries`.
    entries: std::ops::Range<usize>,
    /// The digit of the host type's stock, if that can run out.
    stock: Option<usize>,
}

impl Moves {
    fn new(instance: &Instance, space: &Space) -> Result<Self, Unsupported> {
        let mut left = PATTERN_STEPS;
        let mut moves =
            Self { patterns: Vec::new(), steps: Vec::new(), entries: Vec::new(), begin: vec![0] };
        for first in 0..space.types.len() {
            for &(host, stock) in &space.hosts {
                let patterns = maximal_patterns(instance, host, &space.types[first..], &mut left)
                    .ok_or_else(|| {
                    Unsupported(format!(
                        "has too many maximal patterns: not all found in {PATTERN_STEPS} steps"
                    ))
                })?;
                for pattern in patterns {
                    if !space.holds_cheaper(instance, &pattern, stock) {
                        moves.push(instance, space, pattern, stock);
                    }
                }
            }
            moves.begin.push(moves.patterns.len());
        }
        Ok(moves)
    }

    fn push(
        &mut self,
        instance: &Instance,
        space: &Space,
        pattern: MaximalPattern,
        stock: Option<usize>,
    ) {
        let start = self.entries.len();
        for &(row, count) in &pattern.rows {
            let vm = instance.type_of_row(row);
            let digit = space.types.iter().position(|&t| t == vm).expect("patterns are of types");
            match self.entries[start..].last_mut() {
                Some((last, total)) if *last == digit => *total += count,
                _ => self.entries.push((digit, count)),
            }
        }
        let cost = instance.hosts()[pattern.host].cost;
        self.steps.push(Step { cost, entries: start..self.entries.len(), stock });
        self.patterns.push(pattern);
    }

    /// The patterns that hold the type at position `first`.
    fn of(&self, first: usize) -> std::ops::Range<usize> {
        self.begin[first]..self.begin[first + 1]
    }

    /// The state after a step from a state with these digits; `None` if the stock has run out.
    fn target(&self, space: &Space, state: usize, digits: &[u64], step: &Step) -> Option<usize> {
        let mut target = state;
        if let Some(digit) = step.stock {
            if digits[digit] == 0 {
                return None;
            }
            target -= space.strides[digit];
        }
        for &(digit, count) in &self.entries[step.entries.clone()] {
            target -= count.min(digits[digit]) as usize * space.strides[digit];
        }
        Some(target)
    }
}

/// Stands for a state that was not reached.
const UNREACHED: u64 = u64::MAX;

/// The least cost of every state, and the state it was reached from.
struct Table {
    costs: Vec<u64>,
    from: Vec<u32>,
    expanded: u64,
}

impl Table {
    fn new(space: &Space) -> Self {
        let mut costs = vec![UNREACHED; space.states];
        costs[space.states - 1] = 0;
        Self { costs, from: vec![0; space.states], expanded: 0 }
    }

    /// Relaxes all steps from all states with VMs left; whether the budget lasted.
    fn fill(&mut self, space: &Space, moves: &Moves, budget: &Budget) -> bool {
        /// Steps between looks at the clock.
        const STRIDE: usize = 1 << 18;
        let mut digits = space.greatest.clone();
        let mut steps = 0;
        for state in (space.ends..space.states).rev() {
            steps += 1;
            if self.costs[state] != UNREACHED {
                let first = space.first(&digits).expect("states from `ends` on have VMs");
                let moves_of = moves.of(first);
                steps += moves_of.len();
                self.expanded += 1;
                for step in &moves.steps[moves_of] {
                    if let Some(target) = moves.target(space, state, &digits, step) {
                        let cost = self.costs[state] + step.cost;
                        if cost < self.costs[target] {
                            self.costs[target] = cost;
                            self.from[target] = state as u32;
                        }
                    }
                }
            }
            if steps >= STRIDE {
                steps = 0;
                if budget.exhausted_after(self.expanded) {
                    return false;
                }
            }
            for (digit, greatest) in digits.iter_mut().zip(&space.greatest).rev() {
                if *digit > 0 {
                    *digit -= 1;
                    break;
                }
                *digit = *greatest;
            }
        }
        true
    }

    /// The cheapest state without VMs, if one was reached.
    fn cheapest_end(&self, space: &Space) -> Option<usize> {
        let end = (0..space.ends).min_by_key(|&state| self.costs[state])?;
        (self.costs[end] != UNREACHED).then_some(end)
    }

    fn value(&self, state: usize) -> Value {
        Value::from(self.costs[state])
    }

    /// The hosts on the way to a state without VMs.
    fn placement(
        &self,
        instance: &Instance,
        space: &Space,
        moves: &Moves,
        end: usize,
    ) -> Placement {
        let mut patterns = Vec::new();
        let mut state = end;
        while state + 1 != space.states {
            let before = self.from[state] as usize;
            let digits = space.digits(before);
            let first = space.first(&digits).expect("a host was opened for some VM");
            let leads_here = |&at: &usize| {
                let step = &moves.steps[at];
                moves.target(space, before, &digits, step) == Some(state)
                    && self.costs[before] + step.cost == self.costs[state]
            };
            let at = moves.of(first).find(leads_here).expect("some step led here");
            patterns.push((remaining_part(instance, space, &moves.patterns[at], digits), 1));
            state = before;
        }
        Placement::from_patterns(patterns)
    }
}

/// The part of a maximal pattern that remains.
fn remaining_part(
    instance: &Instance,
    space: &Space,
    pattern: &MaximalPattern,
    mut digits: Vec<u64>,
) -> Pattern {
    let mut vms = Vec::with_capacity(pattern.rows.len());
    for &(row, count) in &pattern.rows {
        let vm = instance.type_of_row(row);
        let digit = space.types.iter().position(|&t| t == vm).expect("patterns are of types");
        let copies = count.min(digits[digit]);
        digits[digit] -= copies;
        vms.push((row, copies));
    }
    Pattern { host: pattern.host, vms }
}
