//! All rules, and what chance makes of the best of them.

mod recipe;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use vmpack_bounds::{best, give_up};
use vmpack_cluster::{Measure, Scale};
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported, Value};

use super::indexed;
use recipe::{Recipe, family};

/// How many recipes are varied, and how many variants there are before they are chosen anew.
const ELITE: usize = 6;
const EPOCH: usize = 12;

/// The most fills of a host that are compared: from the first epoch on, and at last.
const FEW_FILLS: u32 = 64;
const MANY_FILLS: u32 = 1024;

/// How many variants are tried where no limit ends the search.
const VARIANTS: u64 = 36;

/// Multi-start: every rule of the crate that may differ on the instance, on all host types and on each alone, then
/// variants of the best with other weights of resources, other sizes of single VM types, and fewer or more types of
/// host (problem-space search); rules that fill one host after the other take the fullest of more and more fills. On instances with placement rules, the rules that keep them.
///
/// Constructions run in parallel, as many as the budget has threads, and count one unit of work each. The variants of
/// an epoch depend on the seed and on the epochs before, so seed and work decide the answer, whatever the threads.
/// Without a limit of time or work it ends after three dozen variants.
#[derive(Debug)]
pub(super) struct Portfolio;

impl Method<Packing> for Portfolio {
    fn name(&self) -> &'static str {
        "portfolio"
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "all greedy rules in parallel, then variants of the best by chance; keeps placement rules"
    }

    fn reference(&self) -> &'static str {
        "Storer, Wu, Vaccari: New Search Spaces for Sequencing Problems (1992), problem space"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        if instance.rules().only_capacity() { Ok(()) } else { indexed::FF.supports(instance) }
    }

    fn keeps(&self) -> &'static [&'static str] {
        indexed::FORMS
    }

    fn randomised(&self) -> bool {
        true
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let bound = best(instance);
        if let Some(bound) = &bound {
            observer.bound(bound.value);
        }
        let lower = bound.as_ref().map_or(Value::ZERO, |bound| bound.value);
        let mut search = Search::new(instance, budget, lower, observer);
        search.run();
        let work = search.work;
        let Some((cost, placement)) = search.best else { return give_up(instance, observer) };
        let mut outcome = Outcome::feasible(placement, Value::from(cost));
        if let Some(bound) = bound {
            outcome = outcome.with_bound(bound);
        }
        outcome.with_counter("constructions", work)
    }
}

/// A recipe and how good it is; less is better.
struct Rated {
    /// The cost, then how evenly hosts are filled: of equal costs those are promising that leave some hosts nearly
    /// empty.
    cost: u64,
    evenness: u128,
    /// The number of the construction.
    number: u64,
    recipe: Recipe,
}

/// A run.
struct Search<'a> {
    instance: &'a Instance,
    scale: Scale,
    budget: &'a Budget,
    pool: Option<rayon::ThreadPool>,
    /// No placement costs less.
    lower: Value,
    observer: &'a mut dyn Observer,
    best: Option<(u64, Placement)>,
    elite: Vec<Rated>,
    work: u64,
}

impl<'a> Search<'a> {
    fn new(
        instance: &'a Instance,
        budget: &'a Budget,
        lower: Value,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let threads = budget.threads();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Self {
            instance,
            scale: Scale::new(instance),
            budget,
            // One thread needs no pool; without threads to be had one must do.
            pool: (threads > 1).then(|| pool.build().ok()).flatten(),
            lower,
            observer,
            best: None,
            elite: Vec::new(),
            work: 0,
        }
    }

    fn run(&mut self) {
        let family = family(self.instance);
        let endless = self.budget.deadline().is_none() && self.budget.work_limit().is_none();
        let end = family.len() as u64 + VARIANTS;
        self.construct(family);
        let mut rng = ChaCha8Rng::seed_from_u64(self.budget.seed());
        let mut fills = FEW_FILLS;
        while !(self.is_over() || self.elite.is_empty() || (endless && self.work >= end)) {
            let variants = (0..EPOCH).map(|_| {
                // The better, the more often.
                let most = rng.random_range(0..self.elite.len());
                let parent = &self.elite[rng.random_range(0..=most)];
                parent.recipe.varied(self.instance, fills, &mut rng)
            });
            let variants = variants.collect();
            self.construct(variants);
            fills = (2 * fills).min(MANY_FILLS);
        }
    }

    fn is_over(&self) -> bool {
        let proved = |(cost, _): &(u64, Placement)| Value::from(*cost) <= self.lower;
        self.best.as_ref().is_some_and(proved) || self.budget.exhausted_after(self.work)
    }

    /// Runs recipes as long as the budget lasts, and keeps the best of them.
    fn construct(&mut self, recipes: Vec<Recipe>) {
        let mut recipes = recipes.into_iter();
        while !self.is_over() {
            let allowed = self.budget.work_limit().map_or(u64::MAX, |limit| limit - self.work);
            let threads = if self.pool.is_some() { self.budget.threads() } else { 1 };
            let some: Vec<Recipe> = recipes
                .by_ref()
                .take(threads.min(usize::try_from(allowed).unwrap_or(threads)))
                .collect();
            if some.is_empty() {
                break;
            }
            let (instance, scale, budget) = (self.instance, &self.scale, self.budget);
            let one = |recipe: &Recipe| {
                let placement = recipe.construct(instance, scale, budget)?;
                Some((placement.cost(instance), evenness(instance, scale, &placement), placement))
            };
            let placements: Vec<_> = match &self.pool {
                Some(pool) => pool.install(|| some.par_iter().map(one).collect()),
                None => some.iter().map(one).collect(),
            };
            for (recipe, placed) in some.into_iter().zip(placements) {
                let number = self.work;
                self.work += 1;
                let Some((cost, evenness, placement)) = placed else { continue };
                self.elite.push(Rated { cost, evenness, number, recipe });
                if self.best.as_ref().is_none_or(|&(least, _)| cost < least) {
                    self.observer.incumbent(Value::from(cost));
                    self.best = Some((cost, placement));
                }
            }
        }
        self.elite.sort_by_key(|rated| (rated.cost, rated.evenness, rated.number));
        self.elite.truncate(ELITE);
    }
}

/// The complement of the sum of squared loads over hosts.
fn evenness(instance: &Instance, scale: &Scale, placement: &Placement) -> u128 {
    let mut load = vec![0; instance.dimensions()];
    let squares = placement.patterns.iter().map(|(pattern, hosts)| {
        load.fill(0);
        for &(row, count) in &pattern.vms {
            let demand = instance.demand(row);
            load.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += count * demand);
        }
        let load = scale.measure(Measure::L1, &load) >> 36;
        u128::from(*hosts).saturating_mul(load * load)
    });
    !squares.fold(0, u128::saturating_add)
}
