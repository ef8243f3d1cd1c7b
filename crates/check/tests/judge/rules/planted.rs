//! One placement that keeps a rule of each form, and one change at a time that breaks it.

use ndarray::Array2;
use vmpack_check::{Judgement, Verdict};
use vmpack_model::packing::{
    Certificate, Demand, Evacuation, Instance, Intake, Level, Packing, Pattern, Placement, Ratio,
    Refutation, Rule, Rules, Strength, Topology,
};
use vmpack_model::{Bound, Outcome, Status, Value};

use crate::{assert_correct, assert_verdict, judge, judge_bound, optimal, tiny, value};

const HARD: Strength = Strength::Hard;

/// Types a, b, c of size 2, two VMs each; host types x, y of capacity 8 and cost 10 in rack r, z in none.
fn plain() -> Instance {
    let kinds = [0, 1, 2].map(|_| (vec![vec![2]], 2));
    let hosts = [0, 1, 2].map(|_| (vec![8], 10, Some(4)));
    tiny::instance(&kinds, &hosts)
}

fn topology() -> Topology {
    Topology {
        racks: vec!["r".into()],
        rack_of: vec![Some(0), Some(0), None],
        ..Topology::default()
    }
}

fn with(demand: Demand, strength: Strength) -> Instance {
    let rules = vec![Rule { name: "mine".into(), demand, strength }];
    plain().with_rules(Rules { topology: topology(), rules, ..Rules::default() }).expect("valid")
}

fn pattern(host: usize, vms: &[(usize, u64)]) -> Pattern {
    Pattern { host, vms: vms.to_vec() }
}

/// Two hosts x with an a and a b each, one z with both c: cost 30.
fn placement() -> Placement {
    Placement {
        patterns: vec![(pattern(0, &[(0, 1), (1, 1)]), 2), (pattern(2, &[(2, 2)]), 1)],
        ..Placement::default()
    }
}

fn verdict_on(instance: &Instance, placement: Placement, cost: u64) -> Judgement {
    judge(instance, &Outcome::<Packing>::feasible(placement, Value::from(cost)))
}

/// The placement keeps `kept` and breaks `broken` so many times: hard, it says so; soft, that must be paid.
#[track_caller]
fn assert_planted(kept: Demand, broken: Demand, times: u64, parts: &[&str]) {
    assert_correct(&verdict_on(&with(kept, HARD), placement(), 30));
    let judgement = verdict_on(&with(broken.clone(), HARD), placement(), 30);
    let form = format!("rule \"mine\" ({}): ", broken.name());
    assert_verdict(&judgement, "Infeasible", &[&form]);
    assert_verdict(&judgement, "Infeasible", parts);
    let soft = with(broken, Strength::Soft { price: 7 });
    assert_correct(&verdict_on(&soft, placement(), 30 + 7 * times));
    let judgement = verdict_on(&soft, placement(), 30);
    let actual = Value::from(30 + 7 * times);
    assert_eq!(judgement.verdict, Verdict::WrongCost { claimed: value("30"), actual });
    assert!(judgement.notes.iter().any(|note| note.starts_with("rule \"mine\"")), "{judgement:?}");
}

#[test]
fn vms_where_they_may_not_be() {
    let restrict = |hosts| Demand::Restrict { vms: vec![0, 2], hosts };
    let parts = ["host of type \"host0\" (pattern 1) holds 1 of its VMs"];
    assert_planted(restrict(vec![0, 2]), restrict(vec![1, 2]), 2, &parts);
    assert_planted(restrict(vec![0, 2]), restrict(vec![]), 4, &parts);
}

#[test]
fn too_many_in_a_domain() {
    let most = |most, within| Demand::AtMost { vms: vec![0, 1], most, within };
    let parts = ["(pattern 1) holds 2 of its VMs, 1 more than 1"];
    assert_planted(most(2, Level::Host), most(1, Level::Host), 2, &parts);
    let parts = ["rack \"r\" holds 4 of its VMs, 3 more than 1"];
    assert_planted(most(4, Level::Rack), most(1, Level::Rack), 3, &parts);
    let lone = |most| Demand::AtMost { vms: vec![2], most, within: Level::Rack };
    let parts = ["the rack of host type \"host2\" holds 2 of its VMs, 1 more than 1"];
    assert_planted(lone(2), lone(1), 1, &parts);
}

#[test]
fn group_torn_apart() {
    let together = |vms: &[usize], within| Demand::Together { vms: vms.to_vec(), within };
    let parts = ["in 2 hosts instead of one"];
    assert_planted(together(&[0], Level::Rack), together(&[0], Level::Host), 1, &parts);
    let parts = ["in 2 racks instead of one"];
    assert_planted(together(&[2], Level::Rack), together(&[1, 2], Level::Rack), 1, &parts);
}

#[test]
fn group_crowded() {
    let spread = |least, over| Demand::Spread { vms: vec![0, 2], least, over };
    let parts = ["in 3 hosts instead of 5"];
    assert_planted(spread(3, Level::Host), spread(5, Level::Host), 2, &parts);
    // Without sites every host type is one of its own.
    assert_planted(spread(2, Level::Site), spread(3, Level::Site), 1, &["in 2 sites"]);
}

#[test]
fn classes_mixed() {
    let apart = |classes: &[&[usize]], within| Demand::Separate {
        classes: classes.iter().map(|class| class.to_vec()).collect(),
        within,
    };
    let parts = ["(pattern 1) holds VMs of 2 classes"];
    let kept = apart(&[&[0, 1], &[2]], Level::Host);
    assert_planted(kept.clone(), apart(&[&[0], &[1, 2]], Level::Host), 2, &parts);
    assert_planted(kept, apart(&[&[0], &[1]], Level::Rack), 1, &["rack \"r\" holds VMs of 2"]);
}

#[test]
fn every_class_beyond_the_first_counts() {
    let classes = vec![vec![0], vec![1], vec![2]];
    let demand = Demand::Separate { classes, within: Level::Host };
    let mixed = || Placement {
        patterns: vec![(pattern(0, &[(0, 1), (1, 1), (2, 1)]), 2)],
        ..Placement::default()
    };
    let judgement = verdict_on(&with(demand.clone(), HARD), mixed(), 20);
    assert_verdict(&judgement, "Infeasible", &["(pattern 1) holds VMs of 3 classes"]);
    let soft = with(demand, Strength::Soft { price: 7 });
    assert_correct(&verdict_on(&soft, mixed(), 20 + 2 * 2 * 7));
}

#[test]
fn prices_are_paid_per_vm() {
    let prices = Array2::from_shape_fn((3, 3), |(vm, host)| (vm + 10 * host) as u64);
    let instance =
        plain().with_rules(Rules { prices: Some(prices), ..Rules::default() }).expect("valid");
    // Two b on x at 1, two c on z at 22.
    assert_correct(&verdict_on(&instance, placement(), 30 + 2 + 44));
    assert_verdict(&verdict_on(&instance, placement(), 30), "WrongCost", &["76"]);
}

#[test]
fn capacity_is_what_overcommit_and_reserve_leave() {
    let rules = |sold, real, reserve| Rules {
        overcommit: vec![Ratio { sold, real }],
        reserve: Some(Array2::from_elem((3, 1), reserve)),
        ..Rules::default()
    };
    let instance =
        |sold, real, reserve| plain().with_rules(rules(sold, real, reserve)).expect("ok");
    assert_correct(&verdict_on(&instance(1, 1, 4), placement(), 30));
    // floor(8 * 5 / 3) = 13 less 9; one more kept free is too much.
    assert_correct(&verdict_on(&instance(5, 3, 9), placement(), 30));
    for broken in [instance(5, 3, 10), instance(1, 3, 0), instance(1, 1, 99)] {
        assert_verdict(&verdict_on(&broken, placement(), 30), "Infeasible", &["\"size\""]);
    }
}

#[test]
fn rules_that_forbid_every_host_refute() {
    let refuted = |hosts, strength| {
        let refutation = Some(Refutation::FitsNowhere { vm: 1 });
        let outcome =
            Outcome::<Packing> { status: Status::Infeasible, refutation, ..Outcome::unknown() };
        judge(&with(Demand::Restrict { vms: vec![1], hosts }, strength), &outcome)
    };
    assert!(refuted(vec![], HARD).certified);
    assert_verdict(&refuted(vec![1], HARD), "FalseRefutation", &["fits host type \"host1\""]);
    assert_verdict(&refuted(vec![], Strength::Soft { price: 1 }), "FalseRefutation", &[]);
}

#[test]
fn prices_make_costs_between_those_of_hosts() {
    let soft = with(
        Demand::AtMost { vms: vec![0, 1], most: 1, within: Level::Host },
        Strength::Soft { price: 4 },
    );
    // Costs are even: 37 proves 38, but 36 does not, though hosts cost 10.
    let claim = |bound| Outcome {
        bound: Some(Bound::claimed(value(bound))),
        ..optimal::<Packing>(placement(), value("38"))
    };
    assert_correct(&judge(&soft, &claim("37")));
    assert_verdict(&judge(&soft, &claim("36")), "Inconsistent", &[]);
}

#[test]
fn bounds_are_rounded_to_costs_of_hosts() {
    let demand = Demand::AtMost { vms: vec![0], most: 1, within: Level::Host };
    let soft = with(demand, Strength::Soft { price: 4 });
    // 12 of 8 a host are one and a half, so two hosts of 10, whatever broken rules add.
    let certified =
        |bound| judge_bound::<Packing>(&soft, value(bound), Certificate::Volume { resource: 0 });
    assert!(certified("20").certified);
    assert!(!certified("21").certified);
}

/// One host of x and y each may fail; a second y stands by.
fn surviving() -> (Instance, Placement) {
    let demand = Demand::Survive { hosts: vec![0, 1], failures: 1 };
    let take =
        |pattern: usize, vms: &[(usize, u64)]| Intake { pattern, hosts: 1, vms: vms.to_vec() };
    let placement = Placement {
        patterns: vec![
            (pattern(0, &[(0, 1), (1, 1)]), 2),
            (pattern(2, &[(2, 2)]), 1),
            (pattern(1, &[]), 1),
        ],
        evacuations: vec![Evacuation {
            rule: 0,
            failed: vec![(0, 1)],
            takes: vec![take(0, &[(0, 1)]), take(2, &[(1, 1)])],
        }],
    };
    (with(demand, HARD), placement)
}

#[track_caller]
fn assert_not_survived(part: &str, change: impl FnOnce(&mut Placement)) {
    let (instance, mut placement) = surviving();
    change(&mut placement);
    let judgement = verdict_on(&instance, placement, 40);
    assert_verdict(&judgement, "Infeasible", &["rule \"mine\" (survive): ", part]);
}

#[test]
fn failures_are_survived_by_showing_who_goes_where() {
    let (instance, placement) = surviving();
    assert_correct(&verdict_on(&instance, placement, 40));
    assert_not_survived("no evacuation for the failure of 1 x pattern 1", |p| {
        p.evacuations.clear();
    });
    assert_not_survived("leaves out 1 VMs of type \"vm1\"", |p| {
        p.evacuations[0].takes.pop();
    });
    assert_not_survived("takes in too many: 1 VMs of type \"vm0\"", |p| {
        p.evacuations[0].takes[1].vms = vec![(0, 1), (1, 1)];
    });
    assert_not_survived("with 10 of \"size\", 2 more than its 8", |p| {
        p.evacuations[0].takes[0].vms = vec![(0, 1), (1, 2)];
    });
    assert_not_survived("lets 3 hosts of pattern 1 fail or take VMs in, and there are 2", |p| {
        p.evacuations[0].takes[1].pattern = 0;
    });
    assert_not_survived("host of type \"host2\" takes VMs in", |p| {
        p.evacuations[0].takes[1].pattern = 1;
    });
    assert_not_survived("lets 2 hosts fail, not 1", |p| {
        p.evacuations[0].failed = vec![(0, 2)];
    });
    assert_not_survived("speaks of an unknown pattern, number 8", |p| {
        p.evacuations[0].takes[0].pattern = 7;
    });
    assert_not_survived("moves 1 VMs of demand row 9", |p| {
        p.evacuations[0].takes[0].vms[0].0 = 9;
    });
    assert_not_survived("moves 0 VMs", |p| p.evacuations[0].takes[0].vms.push((2, 0)));
    assert_not_survived("twice or out of order", |p| {
        p.evacuations[0].failed = vec![(0, 1), (0, 1)];
    });
    assert_not_survived("lets 0 hosts fail, not 1", |p| {
        p.evacuations.push(Evacuation { rule: 0, failed: vec![], takes: vec![] });
    });
    let (instance, mut placement) = surviving();
    placement.evacuations[0].rule = 3;
    let judgement = verdict_on(&instance, placement, 40);
    assert_verdict(&judgement, "Infeasible", &["evacuation 1 is for no rule about failures"]);
}

#[test]
fn those_that_move_keep_the_rules_of_single_hosts() {
    let (instance, placement) = surviving();
    let among = |other: Demand, strength| {
        let mut rules = instance.rules().clone();
        rules.rules.push(Rule { name: "other".into(), demand: other, strength });
        verdict_on(&instance.clone().with_rules(rules).expect("valid"), placement.clone(), 40)
    };
    let rules = [
        Demand::Restrict { vms: vec![1], hosts: vec![0] },
        Demand::AtMost { vms: vec![0, 1], most: 2, within: Level::Host },
        Demand::Separate { classes: vec![vec![0], vec![2]], within: Level::Host },
    ];
    let [restrict, at_most, separate] = rules;
    let parts = ["evacuation 1 moves a VM of type \"vm1\" to host type \"host1\"", "\"other\""];
    assert_verdict(&among(restrict.clone(), HARD), "Infeasible", &parts);
    let parts = ["evacuation 1 breaks rule \"other\" on a host of pattern 1"];
    assert_verdict(&among(at_most.clone(), HARD), "Infeasible", &parts);
    assert_correct(&among(separate, HARD));
    for soft in [restrict, at_most] {
        assert_correct(&among(soft, Strength::Soft { price: 1 }));
    }
}

#[test]
fn those_that_move_fit_into_usable_capacity() {
    let (instance, mut placement) = surviving();
    placement.evacuations[0].takes =
        vec![Intake { pattern: 0, hosts: 1, vms: vec![(0, 1), (1, 1)] }];
    assert_correct(&verdict_on(&instance, placement.clone(), 40));
    let reserve = Some(Array2::from_elem((3, 1), 1));
    let rules = Rules { reserve, ..instance.rules().clone() };
    let judgement = verdict_on(&instance.with_rules(rules).expect("valid"), placement, 40);
    assert_verdict(&judgement, "Infeasible", &["with 8 of \"size\", 1 more than its 7"]);
}

#[test]
fn those_that_move_join_no_other_class() {
    let hard = |name: &str, demand| Rule { name: name.into(), demand, strength: HARD };
    let apart = Demand::Separate { classes: vec![vec![0], vec![1]], within: Level::Host };
    let rules = vec![
        hard("mine", Demand::Survive { hosts: vec![0, 1], failures: 1 }),
        hard("other", apart),
    ];
    let instance = plain().with_rules(Rules { rules, ..Rules::default() }).expect("valid");
    let verdict = |receiver| {
        let moves = |failed, pattern, vm| Evacuation {
            rule: 0,
            failed: vec![(failed, 1)],
            takes: vec![Intake { pattern, hosts: 1, vms: vec![(vm, 1)] }],
        };
        let patterns = vec![
            (pattern(0, &[(0, 1)]), 2),
            (pattern(1, &[(1, 1)]), 2),
            (pattern(2, &[(2, 2)]), 1),
        ];
        let evacuations = vec![moves(0, 0, 0), moves(1, receiver, 1)];
        verdict_on(&instance, Placement { patterns, evacuations }, 50)
    };
    assert_correct(&verdict(1));
    let parts =
        ["rule \"mine\" (survive): evacuation 2 breaks rule \"other\" on a host of pattern 1"];
    assert_verdict(&verdict(0), "Infeasible", &parts);
}

#[test]
fn nobody_survives_the_failure_of_all() {
    let demand = Demand::Survive { hosts: vec![2], failures: 5 };
    let instance = with(demand, HARD);
    assert_verdict(&verdict_on(&instance, placement(), 30), "Infeasible", &["1 x pattern 2"]);
    let mut shown = placement();
    shown.evacuations = vec![Evacuation { rule: 0, failed: vec![(1, 1)], takes: vec![] }];
    assert_verdict(&verdict_on(&instance, shown, 30), "Infeasible", &["leaves out 2 VMs"]);
    // Hosts that hold nothing need nobody.
    let idle = with(Demand::Survive { hosts: vec![1], failures: 5 }, HARD);
    let mut standby = placement();
    standby.patterns.push((pattern(1, &[]), 2));
    assert_correct(&verdict_on(&idle, standby, 50));
}
