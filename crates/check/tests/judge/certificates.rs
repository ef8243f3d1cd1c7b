//! Bounds and refutations of the packing family: by hand, and against brute force.

use proptest::prelude::*;
use vmpack_check::{Effort, Judge, Judgement};
use vmpack_model::packing::{Certificate, DualFeasibleFunction, Instance, Packing, Refutation};
use vmpack_model::{Bound, Outcome, Value};

use crate::tiny::{self, Host};
use crate::{assert_correct, assert_verdict, judge, judge_bound, value};

#[track_caller]
fn assert_proves(instance: &Instance, certificate: &Certificate, exactly: &str, too_much: &str) {
    let judgement = judge_bound::<Packing>(instance, value(exactly), certificate.clone());
    assert_correct(&judgement);
    assert!(judgement.certified, "{judgement:?}");
    let judgement = judge_bound::<Packing>(instance, value(too_much), certificate.clone());
    assert_verdict(&judgement, "InvalidBound", &[&format!("proves {exactly} only")]);
    assert!(!judgement.certified);
}

#[track_caller]
fn assert_invalid(instance: &Instance, certificate: Certificate, parts: &[&str]) {
    // Zero is a true bound of everything, so only the certificate can be wrong.
    let judgement = judge_bound::<Packing>(instance, Value::ZERO, certificate);
    assert_verdict(&judgement, "InvalidBound", parts);
}

/// VMs of one resource on one host type of cost 1.
fn bins(capacity: u64, sizes: &[(u64, u64)]) -> Instance {
    let items: Vec<_> = sizes.iter().map(|&(size, count)| (vec![size], count)).collect();
    Instance::identical_hosts("bins", &[capacity], &items).expect("a valid instance")
}

#[test]
fn volume_is_a_fractional_cover_within_stock() {
    assert_proves(&bins(10, &[(3, 7)]), &Certificate::Volume { resource: 0 }, "3", "4");
    // 20 units: two cheap hosts of 5 at 2 each, then 10 of the 8 at 9: 4 + 45/4 = 61/4, up to 16.
    let stocked = [(vec![5], 2, Some(2)), (vec![8], 9, None)];
    let instance = tiny::instance(&[(vec![vec![4]], 5)], &stocked);
    assert_proves(&instance, &Certificate::Volume { resource: 0 }, "16", "17");
    // With costs 2 and 10 all costs are even: 4 + 50/4 = 33/2, up to 18.
    let even = [(vec![5], 2, Some(2)), (vec![8], 10, None)];
    let instance = tiny::instance(&[(vec![vec![4]], 5)], &even);
    assert_proves(&instance, &Certificate::Volume { resource: 0 }, "18", "19");
    assert_invalid(&instance, Certificate::Volume { resource: 1 }, &["no resource number 1"]);
}

#[test]
fn volume_takes_the_least_of_alternatives() {
    let instance = tiny::instance(&[(vec![vec![4], vec![3]], 5)], &[(vec![5], 1, None)]);
    assert_proves(&instance, &Certificate::Volume { resource: 0 }, "3", "4");
}

#[test]
fn dual_feasible_functions_by_hand() {
    let rounding = |k| Certificate::DualFeasible {
        resource: 0,
        function: DualFeasibleFunction::Rounding { k },
    };
    // No three of size 4 share a host of 10: u^(2) counts each as half a host.
    assert_proves(&bins(10, &[(4, 7)]), &rounding(2), "4", "5");
    // With k = 1, two of size 5 fill a host exactly: 7 * 5 * 1 of 10.
    assert_proves(&bins(10, &[(5, 7)]), &rounding(1), "4", "5");
    let threshold = |threshold| Certificate::DualFeasible {
        resource: 0,
        function: DualFeasibleFunction::Threshold { threshold },
    };
    // Threshold 4: 7s take a host each, 4s count 4: 3 + ceil(16 / 10).
    assert_proves(&bins(10, &[(4, 4), (7, 3)]), &threshold(4), "5", "6");
    // A 6 leaves room for a 4, so it is no whole host yet.
    assert_proves(&bins(10, &[(6, 1), (4, 1)]), &threshold(4), "1", "2");
    // Threshold 0 is the volume: 37 of 10.
    assert_proves(&bins(10, &[(4, 4), (7, 3)]), &threshold(0), "4", "5");
    let counting = |threshold| Certificate::DualFeasible {
        resource: 0,
        function: DualFeasibleFunction::Counting { threshold },
    };
    // m = 2: 4s count 2 of 4, so two per host.
    assert_proves(&bins(10, &[(4, 7)]), &counting(4), "4", "5");
    // 6 > 10 / 2 counts 2 * (3 - floor(4 / 3)) = 4 of 6; 3 counts 2: (4 * 3 + 2 * 2) / 6.
    assert_proves(&bins(10, &[(6, 3), (3, 2)]), &counting(3), "3", "4");
}

#[test]
fn dual_feasible_functions_out_of_their_range_are_refused() {
    let instance = bins(10, &[(4, 7)]);
    let with = |function| Certificate::DualFeasible { resource: 0, function };
    for function in [
        DualFeasibleFunction::Rounding { k: 0 },
        DualFeasibleFunction::Threshold { threshold: 6 },
        DualFeasibleFunction::Counting { threshold: 0 },
        DualFeasibleFunction::Counting { threshold: 6 },
    ] {
        assert_invalid(&instance, with(function), &[]);
    }
    let function = DualFeasibleFunction::Rounding { k: 1 };
    let resource = 3;
    assert_invalid(&instance, Certificate::DualFeasible { resource, function }, &["resource"]);
    let two = [(vec![10], 1, None), (vec![9], 1, None)];
    let two = tiny::instance(&[(vec![vec![4]], 7)], &two);
    assert_invalid(&two, with(function), &["single host type"]);
    let nothing = tiny::instance(&[(vec![vec![0]], 7)], &[(vec![0], 1, None)]);
    assert_invalid(&nothing, with(function), &["offers nothing"]);
}

/// Weights that prove the optimum of seven 4s and two 3s on hosts of 10: patterns 4+4, 4+3+3, so weight
/// 2 and 1 of 4 per host prove (14 + 2) / 4 = 4.
fn weights(weights: [u64; 2], scale: u64) -> Certificate {
    Certificate::DualWeights { weights: weights.to_vec(), scale, prices: vec![0] }
}

#[test]
fn dual_weights_are_proved_by_knapsacks() {
    let instance = bins(10, &[(4, 7), (3, 2)]);
    assert_proves(&instance, &weights([2, 1], 4), "4", "5");
    // One more for the second type, and 4 + 3 + 3 outweighs a host.
    assert_invalid(&instance, weights([2, 2], 4), &["\"host\"", "1 x \"vm1\" + 2 x \"vm2\"", "6"]);
    assert_invalid(&instance, weights([3, 1], 4), &["2 x \"vm1\"", "6, more than 4"]);
    assert_invalid(&instance, weights([2, 1], 3), &["more than 3"]);
    assert_invalid(&instance, weights([2, 1], 0), &["scale"]);
    // Only two of the second type exist: three would weigh too much, but cannot come together.
    assert_proves(&bins(9, &[(3, 2)]), &weights_of_one(2), "1", "2");
    assert_invalid(&bins(9, &[(3, 3)]), weights_of_one(2), &["3 x \"vm1\""]);
}

fn weights_of_one(weight: u64) -> Certificate {
    Certificate::DualWeights { weights: vec![weight], scale: 4, prices: vec![0] }
}

#[test]
fn prices_belong_to_limited_stock() {
    // Ten VMs of size 1; two cheap hosts of 4 at 1, the others of 4 at 3.
    let hosts = [(vec![4], 1, Some(2)), (vec![4], 3, None)];
    let instance = tiny::instance(&[(vec![vec![1]], 10)], &hosts);
    let certificate = |prices: [u64; 2]| Certificate::DualWeights {
        weights: vec![3],
        scale: 4,
        prices: prices.to_vec(),
    };
    // 30 - 2 * 8 = 14 of 4: the third host must be a dear one, and 7/2 rounds up to 4.
    assert_proves(&instance, &certificate([8, 0]), "4", "5");
    assert_invalid(&instance, certificate([7, 0]), &["\"host0\"", "12, more than 11"]);
    assert_invalid(&instance, certificate([8, 1]), &["\"host1\" of unlimited stock"]);
    let short = Certificate::DualWeights { weights: vec![], scale: 4, prices: vec![8, 0] };
    assert_invalid(&instance, short, &["0 weights for 1 demand rows"]);
    let long = Certificate::DualWeights { weights: vec![3], scale: 4, prices: vec![8, 0, 0] };
    assert_invalid(&instance, long, &["3 prices for 2 host types"]);
}

#[test]
fn too_little_effort_is_a_note_not_a_verdict() {
    let sizes: Vec<_> = (0..60).map(|i| (200_003 + 15_838 * i, 1)).collect();
    let instance = bins(10_000_001, &sizes);
    let weights = sizes.iter().map(|&(size, _)| size).collect();
    // The limit is one below the capacity: whether some subset fills it exactly is a hard question.
    let certificate = Certificate::DualWeights { weights, scale: 10_000_000, prices: vec![0] };
    let outcome =
        Outcome::<Packing>::unknown().with_bound(Bound::certified(value("4"), certificate));
    let judgement =
        Packing::judge(&instance, &outcome, &Effort { knapsack_steps: 500, ..Effort::default() });
    assert_correct(&judgement);
    assert!(!judgement.certified);
    assert!(judgement.notes[0].contains("more than 500 steps"), "{judgement:?}");
}

#[track_caller]
fn judge_infeasible(instance: &Instance, refutation: Refutation) -> Judgement {
    judge(instance, &Outcome::<Packing>::infeasible(Some(refutation)))
}

#[test]
fn refutations_by_hand() {
    let hosts = |stock| [(vec![5, 9], 1, None), (vec![9, 5], 1, stock)];
    let kinds = [(vec![vec![6, 6]], 1), (vec![vec![6, 5]], 1), (vec![vec![9, 9]], 0)];
    let instance = tiny::instance(&kinds, &hosts(None));
    let judgement = judge_infeasible(&instance, Refutation::FitsNowhere { vm: 0 });
    assert_correct(&judgement);
    assert!(judgement.certified);
    for (vm, reason) in [(1, "fits host type \"host1\""), (2, "no VMs"), (3, "no VM type number 3")]
    {
        let judgement = judge_infeasible(&instance, Refutation::FitsNowhere { vm });
        assert_verdict(&judgement, "FalseRefutation", &[reason]);
        assert!(!judgement.certified);
    }
    // Without stock of the only host that it fits, it fits nowhere.
    let instance = tiny::instance(&kinds, &hosts(Some(0)));
    assert_correct(&judge_infeasible(&instance, Refutation::FitsNowhere { vm: 1 }));
}

#[test]
fn stock_too_small_by_one_and_just_enough() {
    let refuted = |count, stock| {
        let instance = tiny::instance(&[(vec![vec![3]], count)], &[(vec![4], 1, stock)]);
        judge_infeasible(&instance, Refutation::StockTooSmall { resource: 0 })
    };
    assert_correct(&refuted(3, Some(2)));
    // Nine units on twelve: it does not fit either, but not for want of volume.
    assert_verdict(&refuted(3, Some(3)), "FalseRefutation", &["offers 12", "9 is demanded"]);
    assert_verdict(&refuted(3, None), "FalseRefutation", &["unlimited"]);
    let instance = tiny::instance(&[(vec![vec![3]], 4)], &[(vec![4], 1, Some(3))]);
    // Four VMs of 3 on three hosts of 4: one each is all that fits, which weights show.
    let weights = |weights, prices| Refutation::Weights { weights, prices };
    let judgement = judge_infeasible(&instance, weights(vec![1], vec![1]));
    assert_correct(&judgement);
    assert!(judgement.certified);
    let judgement = judge_infeasible(&instance, weights(vec![2], vec![1]));
    assert_verdict(&judgement, "FalseRefutation", &["2, more than 1"]);
    let judgement = judge_infeasible(&instance, weights(vec![1], vec![2]));
    assert_verdict(&judgement, "FalseRefutation", &["weigh 4", "may hold 6"]);
}

#[test]
fn infeasible_without_evidence_rests_on_the_word() {
    let judgement = judge(&bins(10, &[(3, 1)]), &Outcome::<Packing>::infeasible(None));
    assert_correct(&judgement);
    assert!(!judgement.certified);
    assert!(judgement.notes[0].contains("word"), "{judgement:?}");
}

/// Asserts that nothing above the optimum is certified.
fn assert_sound(instance: &Instance, certificate: &Certificate) {
    if let Some(optimum) = tiny::optimum(instance) {
        let above = judge_bound::<Packing>(instance, Value::from(optimum + 1), certificate.clone());
        assert!(!above.certified, "{optimum}: {certificate:?}");
    }
}

/// Weights in every state: arbitrary ones, and ones whose prices and scale were made to fit.
fn with_weights() -> impl Strategy<Value = (Instance, Vec<u64>, u64, Vec<u64>)> {
    let numbers = || prop::collection::vec(0_u64..=8, 6);
    (tiny::instances(2), numbers(), 1_u64..=6, numbers(), 0..3).prop_map(
        |(instance, weights, mut scale, prices, fitting)| {
            let weights = weights[..instance.rows()].to_vec();
            let mut prices = prices[..instance.hosts().len()].to_vec();
            for (t, host) in instance.hosts().iter().enumerate() {
                let heaviest = tiny::heaviest(&instance, &weights, t);
                if host.stock.is_none() {
                    prices[t] = 0;
                    if fitting > 0 && host.cost > 0 {
                        scale = scale.max(heaviest.div_ceil(host.cost));
                    }
                }
            }
            for (t, host) in instance.hosts().iter().enumerate() {
                if fitting > 1 && host.stock.is_some() {
                    let heaviest = tiny::heaviest(&instance, &weights, t);
                    prices[t] = heaviest.saturating_sub(scale * host.cost);
                }
            }
            (instance, weights, scale, prices)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn weights_are_accepted_exactly_if_no_pattern_breaks_them(
        (instance, weights, scale, prices) in with_weights(),
    ) {
        let holds = instance.hosts().iter().enumerate().all(|(t, host)| {
            let limit = scale * host.cost + prices[t];
            host.stock == Some(0) || tiny::heaviest(&instance, &weights, t) <= limit
        });
        let total: u64 = instance.vms().iter().map(|vm| {
            vm.count * vm.rows.clone().map(|row| weights[row]).min().unwrap_or(0)
        }).sum();
        let stocks = instance.hosts().iter().zip(&prices);
        let paid: u64 = stocks.map(|(host, price)| host.stock.unwrap_or(0) * price).sum();
        let formula = Value::new(i128::from(total) - i128::from(paid), i128::from(scale));
        let formula = Value::from(formula.expect("a positive scale").ceil());
        let certificate = Certificate::DualWeights { weights, scale, prices };
        let judgement = judge_bound::<Packing>(&instance, formula, certificate.clone());
        prop_assert_eq!(judgement.certified, holds, "{:?}", judgement);
        assert_sound(&instance, &certificate);
    }

    #[test]
    fn refuting_weights_are_accepted_only_if_there_is_no_placement(
        (instance, weights, _, prices) in with_weights(),
    ) {
        let judgement = judge_infeasible(&instance, Refutation::Weights { weights, prices });
        if judgement.certified {
            prop_assert_eq!(tiny::optimum(&instance), None);
        }
    }

    #[test]
    fn simple_refutations_are_accepted_only_if_there_is_no_placement(
        instance in tiny::instances(2),
        index in 0_usize..3,
    ) {
        for refutation in [
            Refutation::FitsNowhere { vm: index },
            Refutation::StockTooSmall { resource: index },
        ] {
            let judgement = judge_infeasible(&instance, refutation);
            if judgement.certified {
                prop_assert_eq!(tiny::optimum(&instance), None);
            } else {
                prop_assert_eq!(judgement.verdict.name(), "FalseRefutation");
            }
        }
    }

    #[test]
    fn volumes_hold(instance in tiny::instances(3), resource in 0_usize..2) {
        assert_sound(&instance, &Certificate::Volume { resource });
    }

    #[test]
    fn dual_feasible_functions_hold(
        instance in tiny::instances(1),
        resource in 0_usize..2,
        parameter in 0_u64..14,
    ) {
        for function in [
            DualFeasibleFunction::Rounding { k: parameter },
            DualFeasibleFunction::Threshold { threshold: parameter },
            DualFeasibleFunction::Counting { threshold: parameter },
        ] {
            assert_sound(&instance, &Certificate::DualFeasible { resource, function });
        }
    }

    #[test]
    fn dual_feasible_functions_hold_where_sizes_add_up(
        capacity in 2_u64..=9,
        sizes in prop::collection::vec((1_u64..=9, 1_u64..=2), 1..=3),
        parameter in 0_u64..=5,
    ) {
        let sizes: Vec<_> = sizes.iter().map(|&(x, count)| (1 + x % capacity, count)).collect();
        let instance = bins(capacity, &sizes);
        for function in [
            DualFeasibleFunction::Rounding { k: parameter },
            DualFeasibleFunction::Threshold { threshold: parameter },
            DualFeasibleFunction::Counting { threshold: parameter },
        ] {
            assert_sound(&instance, &Certificate::DualFeasible { resource: 0, function });
        }
    }
}

#[test]
fn bounds_of_an_impossible_instance_are_all_true() {
    let hosts: [Host; 1] = [(vec![4], 1, Some(1))];
    let instance = tiny::instance(&[(vec![vec![3]], 2)], &hosts);
    for certificate in [
        Certificate::Volume { resource: 0 },
        Certificate::DualWeights { weights: vec![100], scale: 1, prices: vec![99] },
    ] {
        let judgement = judge_bound::<Packing>(&instance, value("100"), certificate);
        assert!(judgement.certified, "{judgement:?}");
    }
}
