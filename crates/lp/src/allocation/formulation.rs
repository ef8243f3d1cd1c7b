//! The allocation problem as a linear program, or a mixed-integer one where utilities are stepped.

use ndarray::Array2;
use vmpack_model::allocation::{Instance, Objective, Utility};

use crate::model::{Column, Model, Sense};

/// The range of an amount: reservation to limit, and no more than the host offers. Without limit and
/// host the upper end is missing; a range may be empty.
pub(super) fn range(instance: &Instance, i: usize, r: usize) -> (u64, Option<u64>) {
    let capacity = instance.vms()[i].host.map(|host| instance.capacity(host, r));
    (instance.reservation(i, r), instance.limit(i, r).into_iter().chain(capacity).min())
}

/// The steps of a utility that lie above the lower end of the range and within it: those that need a
/// decision.
pub(super) fn open_steps(
    points: &[(u64, u64)],
    (low, high): (u64, Option<u64>),
) -> impl Iterator<Item = (u64, u64)> {
    let open =
        move |&(amount, _): &(u64, u64)| amount > low && high.is_none_or(|high| amount <= high);
    points.iter().copied().filter(open)
}

/// The rows of services and capacities in a model under construction, and the entries of every amount
/// in them.
pub(super) struct Constraints {
    /// Row of every capacity that binds somebody, hosts x resources; services have the first rows.
    capacities: Array2<Option<usize>>,
    /// Row and coefficient for VM `i` and resource `r` at `i * resources + r`.
    entries: Vec<Vec<(usize, f64)>>,
}

impl Constraints {
    /// Adds the rows to an empty model.
    pub(super) fn add(model: &mut Model, instance: &Instance) -> Self {
        let d = instance.resources().len();
        let mut entries = vec![Vec::new(); instance.vms().len() * d];
        for service in instance.services() {
            let row = model.add_row(Sense::Ge, service.required as f64);
            for term in &service.terms {
                entries[term.vm * d + term.resource].push((row, term.coefficient as f64));
            }
        }
        let mut capacities = Array2::from_elem((instance.hosts().len(), d), None);
        for (i, vm) in instance.vms().iter().enumerate() {
            let Some(host) = vm.host else { continue };
            for r in 0..d {
                let row = *capacities[[host, r]].get_or_insert_with(|| {
                    model.add_row(Sense::Le, instance.capacity(host, r) as f64)
                });
                entries[i * d + r].push((row, 1.0));
            }
        }
        Self { capacities, entries }
    }

    /// The coefficients of the amount at `i * resources + r`.
    pub(super) fn entries(&self, at: usize) -> &[(usize, f64)] {
        &self.entries[at]
    }

    /// The rows of capacities that bind somebody.
    pub(super) fn capacity_rows(&self) -> impl Iterator<Item = usize> {
        self.capacities.iter().copied().flatten()
    }

    /// The dual values of the rows as prices: of each service, and of each host's resources. Signs that
    /// only rounding can produce are removed.
    pub(super) fn prices(&self, duals: &[f64], services: usize) -> (Vec<f64>, Array2<f64>) {
        let price = |row: &Option<usize>| row.map_or(0.0, |row| (-duals[row]).max(0.0));
        let demands = duals[..services].iter().map(|&y| y.max(0.0)).collect();
        (demands, self.capacities.map(price))
    }
}

/// The columns whose sum is one amount, and the choice among the steps of its utility.
#[derive(Clone, Debug)]
struct Share {
    /// Columns that add up to the amount.
    parts: std::ops::Range<usize>,
    /// Binary columns, one per step that can be reached, with the amount that reaches it.
    steps: Vec<(usize, f64)>,
}

/// The program with what is needed to read its solutions.
pub(super) struct Formulation {
    pub(super) model: Model,
    pub(super) constraints: Constraints,
    /// One share per VM and resource, at `i * resources + r`.
    shares: Vec<Share>,
}

impl Formulation {
    /// Builds the program.
    ///
    /// * Cost: one column per amount.
    /// * Concave utility: one column per segment within the range of the amount. Slopes fall from one
    ///   segment to the next, so an optimum fills them in order (Dantzig 1956).
    /// * Stepped utility: one column for the amount, one binary per step above the reservation, at most
    ///   one of them chosen, and the amount at least that of the chosen step.
    pub(super) fn new(instance: &Instance) -> Self {
        let mut model = Model::default();
        let constraints = Constraints::add(&mut model, instance);
        let d = instance.resources().len();
        let shares = (0..instance.vms().len() * d)
            .map(|at| {
                let range = range(instance, at / d, at % d);
                let entries = constraints.entries(at);
                match instance.objective() {
                    Objective::Cost(costs) => {
                        add_linear(&mut model, costs[[at / d, at % d]] as f64, range, entries)
                    }
                    Objective::Utility(utilities) => match &utilities[at] {
                        Utility::Concave(points) => add_concave(&mut model, points, range, entries),
                        Utility::Steps(points) => add_steps(&mut model, points, range, entries),
                    },
                }
            })
            .collect();
        Self { model, constraints, shares }
    }

    /// The amounts at a solution, in order of VM and resource.
    pub(super) fn amounts(&self, values: &[f64]) -> Vec<f64> {
        self.shares.iter().map(|share| values[share.parts.clone()].iter().sum()).collect()
    }

    /// A feasible point of the mixed-integer program from one of its relaxation: every VM keeps its
    /// amount and enjoys the highest step that it reaches.
    pub(super) fn round(&self, relaxed: &[f64]) -> Vec<f64> {
        let mut values = relaxed.to_vec();
        for share in &self.shares {
            let amount: f64 = relaxed[share.parts.clone()].iter().sum();
            let mut open = true;
            for &(column, reached_at) in share.steps.iter().rev() {
                let chosen = open && amount >= reached_at;
                values[column] = f64::from(u8::from(chosen));
                open &= !chosen;
            }
        }
        values
    }

    /// The linear program that remains when the steps are chosen as in `values`.
    pub(super) fn with_steps_of(&self, values: &[f64]) -> Model {
        let mut model = self.model.relaxed();
        for &(column, _) in self.shares.iter().flat_map(|share| &share.steps) {
            let choice = values[column].round();
            model.set_range(column, choice, choice);
        }
        model
    }
}

fn upper_end(high: Option<u64>) -> f64 {
    high.map_or(f64::INFINITY, |high| high as f64)
}

fn add_linear(
    model: &mut Model,
    cost: f64,
    (low, high): (u64, Option<u64>),
    entries: &[(usize, f64)],
) -> Share {
    let column = Column::continuous(cost, low as f64, upper_end(high));
    let first = model.add_column(column, entries.iter().copied());
    Share { parts: first..first + 1, steps: Vec::new() }
}

fn add_concave(
    model: &mut Model,
    points: &[(u64, u64)],
    (low, high): (u64, Option<u64>),
    entries: &[(usize, f64)],
) -> Share {
    let greatest = points.last().map_or(0, |&(_, utility)| utility) as f64;
    let first = model.columns().len();
    let (mut start, mut at_low) = (low as f64, None);
    // The segments between points, then the flat one after the last.
    let segments = points.windows(2).map(|w| {
        let (run, rise) = ((w[1].0 - w[0].0) as f64, (w[1].1 - w[0].1) as f64);
        (w[1].0 as f64, w[1].1 as f64, rise / run)
    });
    for (end, utility, slope) in segments.chain([(f64::INFINITY, greatest, 0.0)]) {
        let stop = end.min(upper_end(high));
        if at_low.is_some() && stop <= start || at_low.is_none() && end <= start {
            continue;
        }
        let lower = if at_low.is_none() {
            // The first part starts at the reservation, the others at nothing.
            let worth = if end.is_finite() { utility - slope * (end - start) } else { greatest };
            at_low = Some(worth);
            model.add_offset(greatest - worth + slope * start);
            start
        } else {
            0.0
        };
        let column = Column::continuous(-slope, lower, lower + (stop - start));
        model.add_column(column, entries.iter().copied());
        start = stop;
    }
    Share { parts: first..model.columns().len(), steps: Vec::new() }
}

fn add_steps(
    model: &mut Model,
    points: &[(u64, u64)],
    range: (u64, Option<u64>),
    entries: &[(usize, f64)],
) -> Share {
    let (low, high) = range;
    let greatest = points.last().map_or(0, |&(_, utility)| utility) as f64;
    let reached = points.iter().take_while(|point| point.0 <= low).last();
    let base = reached.map_or(0, |&(_, utility)| utility) as f64;
    model.add_offset(greatest - base);
    let above: Vec<(f64, f64)> = open_steps(points, range)
        .map(|(amount, utility)| (amount as f64, utility as f64))
        .collect();
    if above.is_empty() {
        return add_linear(model, 0.0, range, entries);
    }
    let level = model.add_row(Sense::Ge, low as f64);
    let choice = model.add_row(Sense::Le, 1.0);
    let amount = Column::continuous(0.0, low as f64, upper_end(high));
    let with_level = entries.iter().copied().chain([(level, 1.0)]);
    let first = model.add_column(amount, with_level);
    let steps = above
        .into_iter()
        .map(|(amount, utility)| {
            let column = Column::integer(base - utility, 0.0, 1.0);
            let entries = [(level, low as f64 - amount), (choice, 1.0)];
            (model.add_column(column, entries), amount)
        })
        .collect();
    Share { parts: first..first + 1, steps }
}
