//! The entries of the registry.

use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use crate::solve::{Search, solve, solve_in_parts};

/// Column generation with rounding and dives: bounds from the root, placements from rounding it.
#[derive(Clone, Copy, Debug)]
pub struct ColumnGeneration;

/// Branch-and-price: column generation at every node of a tree over pairs of items.
#[derive(Clone, Copy, Debug)]
pub struct BranchPrice;

fn supports(instance: &Instance) -> Result<(), Unsupported> {
    if instance.has_alternatives() {
        return Err(Unsupported("needs one demand row per VM type".to_owned()));
    }
    if let Some(free) = instance.hosts().iter().find(|host| host.cost == 0 && host.stock != Some(0))
    {
        return Err(Unsupported(format!(
            "needs hosts that cost something, {:?} is free",
            free.name
        )));
    }
    let dearest = instance.hosts().iter().map(|host| host.cost).max().unwrap_or(0);
    if u128::from(dearest) * u128::from(instance.total_vms()) >= 1 << 52 {
        return Err(Unsupported("costs and counts exceed 2^52 together".to_owned()));
    }
    for (t, host) in instance.hosts().iter().enumerate() {
        let copies = copies_on(instance, t);
        if copies > MOST_COPIES {
            return Err(Unsupported(format!(
                "host type {:?} holds {copies} VMs or more of single types, the most taken are {MOST_COPIES}",
                host.name
            )));
        }
    }
    Ok(())
}

/// Pricing looks at every VM that fits a host beside its equals; beyond this its tables outgrow memory.
const MOST_COPIES: u64 = 1_000_000;

/// How many VMs of each type one host holds, summed over the types.
fn copies_on(instance: &Instance, host: usize) -> u64 {
    let capacity = instance.capacity(host);
    let fit = |row: usize| {
        let demand = instance.demand(row);
        let often = demand.iter().zip(capacity).filter_map(|(&d, &c)| c.checked_div(d));
        // VMs that demand nothing are not priced.
        often.min().map_or(0, |fit| fit.min(instance.vms()[row].count))
    };
    (0..instance.rows()).map(fit).fold(0, u64::saturating_add)
}

/// What [`ColumnGeneration`] makes of a placement that is known: the same search for cheaper ones, which starts
/// from it instead of the placements of greedy rules. The answer is never dearer. Without `prove`, identical hosts
/// are asked for one host less right away, not for a bound first.
///
/// Large-neighbourhood searches call it on a few hosts at a time. Work and complexity are those of the method.
///
/// # Errors
/// If the method does not support the instance.
///
/// # Panics
/// If the placement is none of the instance.
///
/// # Examples
/// ```
/// use vmpack_model::packing::{Instance, Pattern, Placement};
/// use vmpack_model::{Budget, NullObserver};
///
/// let instance = Instance::identical_hosts("", &[9], &[(vec![5], 2), (vec![4], 2)])?;
/// let same = |row| (Pattern { host: 0, vms: vec![(row, 1)] }, 2);
/// let four = Placement::from_patterns([same(0), same(1)]);
/// let outcome = vmpack_branch_price::improve(&instance, &four, &Budget::default(), true, &mut NullObserver)?;
/// assert_eq!(outcome.solved.expect("never worse").solution.hosts_opened(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn improve(
    instance: &Instance,
    placement: &Placement,
    budget: &Budget,
    prove: bool,
    observer: &mut dyn Observer,
) -> Result<Outcome<Packing>, Unsupported> {
    supports(instance)?;
    let search = if prove { Search::Root } else { Search::Below };
    Ok(solve(instance, search, &[placement], budget, observer))
}

/// Placements from relaxations that are solved ever closer to the end, each rounded by dives: long before a
/// relaxation of hundreds of VM types is solved, it tells which of them go well together. Where most VMs differ and no
/// host is scarce, the first programs are solved by a first-order method (primal-dual hybrid gradient), and dives over
/// them fix a tenth of the hosts at a time; then comes the simplex method. It starts from the hosts of `placements`; the
/// answer is never dearer than the cheapest of these. Ends when the relaxation is solved, or when a bound shows that
/// nothing is cheaper; the time of the budget is shared between relaxations and dives.
///
/// # Errors
/// If column generation does not support the instance.
///
/// # Panics
/// If a placement is none of the instance.
///
/// # Examples
/// ```
/// use vmpack_model::packing::{Instance, Pattern, Placement};
/// use vmpack_model::{Budget, NullObserver};
///
/// let instance = Instance::identical_hosts("", &[9, 9], &[(vec![5, 3], 2), (vec![4, 6], 2)])?;
/// let same = |row| (Pattern { host: 0, vms: vec![(row, 1)] }, 2);
/// let four = Placement::from_patterns([same(0), same(1)]);
/// let outcome = vmpack_branch_price::sketch(&instance, &[&four], &Budget::default(), &mut NullObserver)?;
/// assert_eq!(outcome.solved.expect("never worse").solution.hosts_opened(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sketch(
    instance: &Instance,
    placements: &[&Placement],
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Result<Outcome<Packing>, Unsupported> {
    supports(instance)?;
    Ok(solve(instance, Search::Sketch, placements, budget, observer))
}

/// The relaxation of an instance: its bound, the best placement that rounding it led to, and the patterns that it
/// uses once or more, as often as in whole: with few VM types that is nearly everything, however many VMs there
/// are. There are none if a bound showed before that the placement is optimal, or the budget ran out.
///
/// # Errors
/// If column generation does not support the instance.
pub fn relax(
    instance: &Instance,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Result<(Outcome<Packing>, Placement), Unsupported> {
    supports(instance)?;
    Ok(solve_in_parts(instance, Search::Relaxation, &[], budget, observer))
}

impl Method<Packing> for ColumnGeneration {
    fn name(&self) -> &'static str {
        "column-generation"
    }

    fn kind(&self) -> Kind {
        Kind::ColumnGeneration
    }

    fn summary(&self) -> &'static str {
        "Gilmore and Gomory's relaxation by column generation, its bound certified, rounded by dives"
    }

    fn reference(&self) -> &'static str {
        "Gilmore, Gomory (1961); da Silva, Schouery (INFORMS Journal on Computing 2025), sections 3 to 6"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        supports(instance)
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        solve(instance, Search::Root, &[], budget, observer)
    }
}

impl Method<Packing> for BranchPrice {
    fn name(&self) -> &'static str {
        "branch-price"
    }

    fn kind(&self) -> Kind {
        Kind::ColumnGeneration
    }

    fn summary(&self) -> &'static str {
        "column generation in a tree over pairs of items, together on a host or apart"
    }

    fn reference(&self) -> &'static str {
        "Ryan, Foster (1981); da Silva, Schouery (INFORMS Journal on Computing 2025)"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        supports(instance)
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        solve(instance, Search::Tree, &[], budget, observer)
    }
}
