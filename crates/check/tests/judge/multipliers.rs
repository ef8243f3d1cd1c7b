//! Bounds from multipliers against enumeration on a grid, and rays against their points.

use proptest::prelude::*;
use vmpack_model::allocation::{
    Allocation, Amounts, Instance, Multipliers, Objective, Refutation, Utility,
};
use vmpack_model::{Outcome, Value};

use crate::allocation::{costs, instance};
use crate::{judge, judge_bound};

/// Two VMs of one resource, up to two services, one host; small numbers.
#[derive(Clone, Debug)]
struct Tiny {
    vms: [(Option<usize>, u64, Option<u64>); 2],
    capacity: u64,
    services: Vec<([i64; 2], i64)>,
    objective: Objective,
}

impl Tiny {
    fn instance(&self) -> Instance {
        let services: Vec<(&[i64], i64)> =
            self.services.iter().map(|(row, b)| (&row[..], *b)).collect();
        instance(&self.vms, &[self.capacity], &services, self.objective.clone())
    }

    /// The cost of amounts in thirds, as a number of thirds times six, or `None` if infeasible.
    fn cost_of_thirds(&self, x: [i64; 2]) -> Option<i64> {
        let on_host: i64 = (0..2).filter(|&i| self.vms[i].0.is_some()).map(|i| x[i]).sum();
        let in_range = (0..2).all(|i| {
            let (_, low, high) = self.vms[i];
            x[i] >= 3 * low as i64 && high.is_none_or(|high| x[i] <= 3 * high as i64)
        });
        let served = self
            .services
            .iter()
            .all(|(row, required)| row[0] * x[0] + row[1] * x[1] >= 3 * required);
        let feasible = in_range && served && on_host <= 3 * self.capacity as i64;
        feasible.then(|| (0..2).map(|i| 6 * self.share_of_thirds(i, x[i])).sum())
    }

    /// Three times what VM `i` adds to the cost at `x` thirds; whole because runs are 1 and 3.
    fn share_of_thirds(&self, i: usize, x: i64) -> i64 {
        match &self.objective {
            Objective::Cost(costs) => costs[[i, 0]] * x,
            Objective::Utility(utilities) => {
                let points = utilities[i].points();
                let greatest = points.last().map_or(0, |&(_, utility)| utility) as i64;
                3 * greatest - thirds_of_utility(&utilities[i], x)
            }
        }
    }
}

/// Three times the utility of `x` thirds, by walking along the points.
fn thirds_of_utility(utility: &Utility, x: i64) -> i64 {
    let concave = matches!(utility, Utility::Concave(_));
    let mut total = 0;
    let mut before: Option<(i64, i64)> = None;
    for &(amount, worth) in utility.points() {
        let (amount, worth) = (3 * amount as i64, 3 * worth as i64);
        if x >= amount {
            total = worth;
        } else if let Some((start, base)) = before.filter(|&(start, _)| concave && x > start) {
            total = base + (x - start) * (worth - base) / (amount - start);
        }
        before = Some((amount, worth));
    }
    total
}

fn utility() -> impl Strategy<Value = Utility> {
    // Concave through (0, a), (1, a + b), (4, a + b + 3 c) with b >= c: thirds of units are exact.
    let concave = (0_u64..3, 0_u64..4, 0_u64..4).prop_map(|(a, b, c)| {
        let (b, c) = (b.max(c), b.min(c));
        Utility::Concave(vec![(0, a), (1, a + b), (4, a + b + 3 * c)])
    });
    let steps = (0_u64..3, 1_u64..3, 0_u64..4, 0_u64..4)
        .prop_map(|(at, gap, a, b)| Utility::Steps(vec![(at, a), (at + gap, a + b)]));
    prop_oneof![concave, steps]
}

fn tiny() -> impl Strategy<Value = Tiny> {
    let vm = || {
        let limit = prop::option::of(0_u64..=4);
        (prop::option::of(Just(0)), 0_u64..=2, limit)
            .prop_map(|(host, low, room)| (host, low, room.map(|room| low + room)))
    };
    let service = (prop::array::uniform2(-3_i64..=3), -4_i64..=9);
    let objective = prop_oneof![
        prop::array::uniform2(-4_i64..=4).prop_map(|c| costs(&c)),
        prop::collection::vec(utility(), 2).prop_map(Objective::Utility),
    ];
    let services = prop::collection::vec(service, 0..=2);
    ([vm(), vm()], 0_u64..=8, services, objective).prop_map(
        |(vms, capacity, services, objective)| Tiny { vms, capacity, services, objective },
    )
}

/// Prices in sixths, zero more often than not.
fn prices() -> impl Strategy<Value = (Vec<i64>, i64)> {
    let price = || prop_oneof![Just(0_i64), 0_i64..=24];
    (prop::collection::vec(price(), 2), price())
}

fn multipliers(tiny: &Tiny, (services, capacity): &(Vec<i64>, i64)) -> Multipliers {
    let services = services[..tiny.services.len()].to_vec();
    Multipliers { denominator: 6, services, capacities: vec![vec![*capacity]] }
}

/// The bound by the formula, in sixths: inner minima over all whole amounts, which hold all corners.
/// `None` if some amount has no end and falls; amounts without limit are tried up to 20.
fn formula(tiny: &Tiny, (services, capacity): &(Vec<i64>, i64)) -> Option<i64> {
    let mut total = -capacity * tiny.capacity as i64;
    for ((_, required), y) in tiny.services.iter().zip(services) {
        total += y * required;
    }
    for i in 0..2 {
        let (host, low, limit) = tiny.vms[i];
        let pulled: i64 = tiny.services.iter().zip(services).map(|((row, _), y)| row[i] * y).sum();
        let slope = if host.is_some() { capacity - pulled } else { -pulled };
        let offered = host.map(|_| tiny.capacity);
        let high = limit.into_iter().chain(offered).min();
        let values: Vec<i64> = (low..=high.unwrap_or(20))
            .map(|x| 2 * tiny.share_of_thirds(i, 3 * x as i64) + slope * x as i64)
            .collect();
        let least = *values.iter().min()?;
        if high.is_none() && values.last() < values.iter().rev().nth(1) {
            return None;
        }
        total += least;
    }
    Some(total)
}

fn is_empty(tiny: &Tiny) -> bool {
    tiny.vms.iter().any(|&(host, low, _)| host.is_some() && low > tiny.capacity)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn bounds_are_the_formula_and_hold_on_a_grid(tiny in tiny(), prices in prices()) {
        let instance = tiny.instance();
        let sixths = |sixths: i64| Value::new(sixths.into(), 6).expect("positive");
        let multipliers = multipliers(&tiny, &prices);
        let certified = |claimed| {
            judge_bound::<Allocation>(&instance, claimed, multipliers.clone()).certified
        };
        if is_empty(&tiny) {
            prop_assert!(certified(sixths(1_000_000)));
            return Ok(());
        }
        let Some(bound) = formula(&tiny, &prices) else {
            prop_assert!(!certified(sixths(-1_000_000)));
            return Ok(());
        };
        prop_assert!(certified(sixths(bound)));
        prop_assert!(!certified(sixths(bound + 1)));
        for a in -1..=30 {
            for b in -1..=30 {
                let Some(cost) = tiny.cost_of_thirds([a, b]) else { continue };
                // Thirds times six against sixths.
                prop_assert!(cost >= 3 * bound, "{:?}: {} < {}", [a, b], cost, 3 * bound);
            }
        }
    }

    #[test]
    fn feasibility_and_cost_agree_with_a_second_opinion(
        tiny in tiny(),
        x in prop::array::uniform2(-1_i64..=30),
    ) {
        let numerators = ndarray::array![[x[0]], [x[1]]];
        let amounts = Amounts { numerators, denominator: 3, tolerance_ppb: 0 };
        let expected = tiny.cost_of_thirds(x);
        let claimed = Value::new(expected.unwrap_or(0).into(), 18).expect("positive");
        let judgement = judge(&tiny.instance(), &Outcome::<Allocation>::feasible(amounts, claimed));
        let verdict = if expected.is_some() { "Correct" } else { "Infeasible" };
        prop_assert_eq!(judgement.verdict.name(), verdict);
    }

    #[test]
    fn contradictions_are_accepted_only_without_a_solution(tiny in tiny(), prices in prices()) {
        let refutation = Refutation::Infeasible { multipliers: multipliers(&tiny, &prices) };
        let outcome = Outcome::<Allocation>::infeasible(Some(refutation));
        if judge(&tiny.instance(), &outcome).certified {
            for a in -1..=60 {
                for b in -1..=60 {
                    prop_assert_eq!(tiny.cost_of_thirds([a, b]), None);
                }
            }
        }
    }

    #[test]
    fn accepted_rays_lead_to_cheaper_solutions(
        tiny in tiny(),
        x in prop::array::uniform2(0_i64..=9),
        ray in prop::array::uniform2(-1_i64..=3),
    ) {
        let point = Amounts::integers(ndarray::array![[x[0]], [x[1]]]);
        let refutation = Refutation::Unbounded { point, ray: vec![vec![ray[0]], vec![ray[1]]] };
        let outcome = Outcome::<Allocation>::unbounded(Some(refutation));
        if judge(&tiny.instance(), &outcome).certified {
            let at = |t: i64| tiny.cost_of_thirds([3 * (x[0] + t * ray[0]), 3 * (x[1] + t * ray[1])]);
            let costs = [at(0), at(1), at(1000)].map(|cost| cost.expect("feasible"));
            prop_assert!(costs[0] > costs[1] && costs[1] > costs[2]);
        }
    }
}
