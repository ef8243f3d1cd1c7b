//! All placements of tiny instances with random rules: the judge against single VMs on single hosts.

use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;
use vmpack_check::{Judgement, Verdict};
use vmpack_model::packing::{
    Certificate, Demand, Instance, Level, Packing, Ratio, Refutation, Rule, Rules, Strength,
    Topology,
};
use vmpack_model::{Bound, Outcome, Status, Value};

use super::naive::Fleet;
use crate::{judge, optimal, tiny};

/// The elements of `0..end` whose bits are set.
fn subset(bits: u32, end: usize) -> Vec<usize> {
    (0..end).filter(|&i| bits & (1 << i) != 0).collect()
}

fn demand(vms: usize, hosts: usize) -> impl Strategy<Value = Demand> {
    let group = move || (1_u32..1 << vms).prop_map(move |bits| subset(bits, vms));
    let places = move |least: u32| (least..1 << hosts).prop_map(move |bits| subset(bits, hosts));
    let level = || prop::sample::select(vec![Level::Host, Level::Rack, Level::Site]);
    let classes = vec(0_usize..4, vms).prop_map(move |class| {
        let of = |c: usize| (0..vms).filter(|&vm| class[vm] == c).collect::<Vec<_>>();
        (0..3).map(of).filter(|class| !class.is_empty()).collect::<Vec<_>>()
    });
    prop_oneof![
        (group(), places(0)).prop_map(|(vms, hosts)| Demand::Restrict { vms, hosts }),
        (group(), 1_u64..3, level()).prop_map(|(vms, most, within)| Demand::AtMost {
            vms,
            most,
            within
        }),
        (group(), level()).prop_map(|(vms, within)| Demand::Together { vms, within }),
        (group(), 0_u64..4, level()).prop_map(|(vms, least, over)| Demand::Spread {
            vms,
            least,
            over
        }),
        (classes, level()).prop_map(|(classes, within)| Demand::Separate { classes, within }),
        (places(1), 1_u64..3).prop_map(|(hosts, failures)| Demand::Survive { hosts, failures }),
    ]
}

fn rules(vms: usize, hosts: usize) -> impl Strategy<Value = Rules> {
    let rule = (demand(vms, hosts), prop::option::of(0_u64..5));
    let place = move || vec(prop::option::of(0_usize..2), hosts);
    let prices = prop::option::of(vec(0_u64..4, vms * hosts));
    let reserve = prop::option::of(vec(0_u64..4, hosts));
    let ratio = (1_u64..4, 1_u64..3).prop_map(|(sold, real)| Ratio { sold, real });
    (vec(rule, 0..3), place(), place(), prices, reserve, prop::option::of(ratio)).prop_map(
        move |(rules, rack_of, site_of, prices, reserve, ratio)| Rules {
            overcommit: ratio.into_iter().collect(),
            reserve: reserve.map(|all| Array2::from_shape_vec((hosts, 1), all).expect("a column")),
            topology: Topology {
                racks: vec!["r0".into(), "r1".into()],
                sites: vec!["s0".into(), "s1".into()],
                rack_of,
                site_of,
            },
            prices: prices.map(|all| Array2::from_shape_vec((vms, hosts), all).expect("a matrix")),
            rules: rules
                .into_iter()
                .enumerate()
                .map(|(i, (demand, price))| {
                    let hard = matches!(demand, Demand::Survive { .. });
                    let price = price.filter(|_| !hard);
                    let strength = price.map_or(Strength::Hard, |price| Strength::Soft { price });
                    Rule { name: format!("rule{i}"), demand, strength }
                })
                .collect(),
        },
    )
}

/// Up to five VMs of up to three types, on three hosts of up to three types, and whether idle ones are opened.
fn cases() -> impl Strategy<Value = (Instance, Vec<usize>, bool)> {
    (1_usize..=3, 1_usize..=3)
        .prop_flat_map(|(vms, types)| {
            let kinds = vec((1_u64..5, 1_u64..=2), vms);
            let hosts = (vec((4_u64..12, 0_u64..5), types), vec(0..types, 3));
            (kinds, hosts, rules(vms, types), any::<bool>())
        })
        .prop_map(|(kinds, (types, hosts), rules, standby)| {
            let kinds: Vec<tiny::Kind> =
                kinds.into_iter().map(|(size, count)| (vec![vec![size]], count)).collect();
            let stock = |t: usize| hosts.iter().filter(|&&host| host == t).count() as u64;
            let types = types.into_iter().enumerate();
            let types: Vec<tiny::Host> =
                types.map(|(t, (capacity, cost))| (vec![capacity], cost, Some(stock(t)))).collect();
            let instance = tiny::instance(&kinds, &types).with_rules(rules).expect("they belong");
            (instance, hosts, standby)
        })
}

fn verdict_on(fleet: &Fleet, claimed: u64) -> Judgement {
    judge(fleet.instance, &Outcome::<Packing>::feasible(fleet.placement(), Value::from(claimed)))
}

/// Which rule about failures a placement cannot keep.
fn lost(fleet: &Fleet) -> Option<String> {
    let mut rules = fleet.instance.rules().rules.iter();
    let rule = rules.find(|rule| match &rule.demand {
        Demand::Survive { hosts, failures } => {
            fleet.failures(hosts, *failures).iter().any(|(_, moves)| moves.is_none())
        }
        _ => false,
    });
    rule.map(|rule| rule.name.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn all_placements_are_judged_as_by_hand((instance, hosts, standby) in cases()) {
        let types: Vec<usize> = (0..instance.vms().len())
            .flat_map(|vm| std::iter::repeat_n(vm, instance.vms()[vm].count as usize))
            .collect();
        let mut kept: Vec<(u64, Fleet)> = Vec::new();
        for code in 0..hosts.len().pow(types.len() as u32) {
            let at = |i: usize| code / hosts.len().pow(i as u32) % hosts.len();
            let vms = types.iter().enumerate().map(|(i, &vm)| (vm, at(i))).collect();
            let fleet = Fleet { instance: &instance, hosts: hosts.clone(), standby, vms };
            let broken: Vec<&str> = instance
                .rules()
                .rules
                .iter()
                .filter(|rule| rule.is_hard() && fleet.violations(&rule.demand) > 0)
                .map(|rule| rule.name.as_str())
                .collect();
            let judgement = verdict_on(&fleet, fleet.cost().unwrap_or(0));
            match (fleet.cost(), lost(&fleet), judgement.verdict) {
                (Some(cost), None, Verdict::Correct) => kept.push((cost, fleet)),
                (cost, lost, Verdict::Infeasible { violations }) => {
                    prop_assert!(cost.is_none() || lost.is_some(), "{:?}: {:?}", fleet, violations);
                    for name in broken.iter().copied().chain(lost.as_deref()) {
                        let told = |told: &String| told.starts_with(&format!("rule {name:?}"));
                        prop_assert!(violations.iter().any(told), "{} in {:?}", name, violations);
                    }
                }
                (cost, lost, verdict) => {
                    prop_assert!(false, "{:?} {:?}: {:?} of {:?}", cost, lost, verdict, fleet);
                }
            }
        }
        let optimum = kept.iter().map(|(cost, _)| *cost).min();
        check_bounds(&instance, optimum)?;
        if let Some(optimum) = optimum {
            check_optimality(&kept, optimum)?;
        }
    }
}

/// No certificate proves more than the optimum, nor a refutation that there is none where there is one.
fn check_bounds(instance: &Instance, optimum: Option<u64>) -> Result<(), TestCaseError> {
    if let Some(optimum) = optimum {
        let bound = Bound::certified(Value::from(optimum + 1), Certificate::Volume { resource: 0 });
        let judgement = judge(instance, &Outcome::<Packing>::unknown().with_bound(bound));
        prop_assert!(!judgement.certified, "more than {}", optimum);
    }
    for vm in 0..instance.vms().len() {
        let refutation = Some(Refutation::FitsNowhere { vm });
        let outcome =
            Outcome::<Packing> { status: Status::Infeasible, refutation, ..Outcome::unknown() };
        prop_assert!(!judge(instance, &outcome).certified || optimum.is_none());
    }
    Ok(())
}

/// Dearer placements are not called optimal beside a bound that holds, and some soft rule or price unpaid is a
/// wrong cost.
fn check_optimality(kept: &[(u64, Fleet)], optimum: u64) -> Result<(), TestCaseError> {
    for (cost, fleet) in kept {
        let outcome = Outcome {
            bound: Some(Bound::claimed(Value::from(optimum))),
            ..optimal::<Packing>(fleet.placement(), Value::from(*cost))
        };
        let expected = if *cost == optimum { "Correct" } else { "Inconsistent" };
        prop_assert_eq!(judge(fleet.instance, &outcome).verdict.name(), expected);
        prop_assert_eq!(verdict_on(fleet, cost + 1).verdict.name(), "WrongCost");
    }
    Ok(())
}
