use std::collections::BTreeMap;

use vmpack_check::{Effort, Judge, Verdict};
use vmpack_model::packing::{Demand, Evacuation, Intake, Packing, Pattern, Placement, Rules};
use vmpack_model::{Outcome, Value};

use super::*;
use crate::content_hash;
use crate::generate::{Parameter, generate};

fn make(given: &[(&str, Parameter)], seed: u64) -> Instance {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    match generate("fleet-rules", &given.collect(), seed).expect("valid parameters").instance {
        AnyInstance::Packing(instance) => instance,
        AnyInstance::Allocation(_) => panic!("a packing instance"),
    }
}

fn hash(instance: Instance) -> String {
    content_hash(&AnyInstance::Packing(instance))
}

#[test]
fn switching_a_form_changes_rules_and_nothing_else() {
    let with = |form: &str| {
        make(&[("rules", form.into()), ("stock", "limited".into()), ("sites", 3.into())], 5)
    };
    let plain = with("none");
    assert_eq!(plain.rules(), &Rules::default());
    let all = with("all").rules().clone();
    let mut seen = vec![hash(plain.clone())];
    for form in RULES.iter().filter(|form| **form != "none") {
        let ruled = with(form);
        let of_form = ruled.rules().clone();
        for rule in &of_form.rules {
            assert!(all.rules.contains(rule), "{form} has a rule that all has not: {rule:?}");
            assert!(*form == "all" || rule.demand.name() == *form);
        }
        let parts =
            [of_form.prices.is_some(), !of_form.overcommit.is_empty(), of_form.reserve.is_some()];
        let expected = ["prices", "overcommit", "reserve"].map(|part| [part, "all"].contains(form));
        assert_eq!(parts, expected, "{form}");
        let own = hash(ruled.clone());
        assert!(!seen.contains(&own), "{form} asks for nothing");
        seen.push(own);
        let bare = ruled.with_rules(Rules::default()).expect("no rules");
        assert_eq!(bare.named("x"), plain.clone().named("x"), "{form}");
    }
}

#[test]
fn soft_rules_have_the_price_and_survive_stays_hard() {
    let rules = make(&[("strength", "soft".into()), ("price", 77.into())], 1).rules().clone();
    for rule in &rules.rules {
        let hard = matches!(rule.demand, Demand::Survive { .. });
        assert_eq!(rule.is_hard(), hard, "{}", rule.name);
    }
    assert!(format!("{rules:?}").contains("Soft { price: 77 }"));
}

/// The placement of which the documentation says that it keeps all rules: every VM alone on a host of the
/// largest kind, in turn in the racks of the site that its tenant is cleared for or else the first, and an empty
/// host in every site.
fn one_each(instance: &Instance, racks_per_site: usize, sites: usize) -> Placement {
    let largest: Vec<usize> = (0..instance.hosts().len())
        .filter(|&host| instance.hosts()[host].name.ends_with("-128x1024"))
        .collect();
    assert_eq!(largest.len(), racks_per_site * sites);
    let site_of = |row: usize| {
        let mut demands = instance.rules().rules.iter().map(|rule| &rule.demand);
        let cleared = demands.find_map(|demand| match demand {
            Demand::Restrict { vms, hosts } if vms.contains(&row) => Some(hosts[0]),
            _ => None,
        });
        instance.rules().topology.site_of[cleared.unwrap_or(0)].expect("every host has a site")
    };
    let mut turn = 0;
    let mut filled = BTreeMap::new();
    for (row, vm) in instance.vms().iter().enumerate() {
        for _ in 0..vm.count {
            let host = largest[site_of(row) * racks_per_site + turn % racks_per_site];
            *filled.entry(Pattern { host, vms: vec![(row, 1)] }).or_insert(0) += 1;
            turn += 1;
        }
    }
    let mut patterns: Vec<(Pattern, u64)> = filled.into_iter().collect();
    let first_empty = patterns.len();
    let first_survives = instance.rules().rules.len() - sites;
    let empty = |site| (Pattern { host: largest[site * racks_per_site], vms: Vec::new() }, 1);
    patterns.extend((0..sites).map(empty));
    let evacuate = |failed: usize| {
        let vms = patterns[failed].0.vms.clone();
        let site = site_of(vms[0].0);
        Evacuation {
            rule: first_survives + site,
            failed: vec![(failed, 1)],
            takes: vec![Intake { pattern: first_empty + site, hosts: 1, vms }],
        }
    };
    let evacuations = (0..first_empty).map(evacuate).collect();
    Placement { patterns, evacuations }
}

#[test]
fn there_is_always_a_placement() {
    for (seed, hosts, sites, racks) in [(1, 1, 1, 1), (2, 3, 2, 2), (3, 8, 2, 4), (4, 4, 5, 3)] {
        let given: [(&str, Parameter); 9] = [
            ("vms", 300.into()),
            ("types", 40.into()),
            ("tenants", 7.into()),
            ("groups", 20.into()),
            ("hosts", hosts.into()),
            ("sites", sites.into()),
            ("racks", racks.into()),
            ("spread", 50.into()),
            ("stock", "limited".into()),
        ];
        let instance = make(&given, seed);
        assert_eq!(instance.total_vms(), 300);
        let placement = one_each(&instance, racks as usize, sites as usize);
        let cost = Value::from(placement.cost(&instance));
        let outcome = Outcome::<Packing>::feasible(placement, cost);
        let judgement = Packing::judge(&instance, &outcome, &Effort::default());
        assert_eq!(judgement.verdict, Verdict::Correct, "seed {seed}");
    }
}

#[test]
fn a_million_vms_are_a_few_hundred_types() {
    let given = [("vms", 1_000_000.into()), ("types", 200.into()), ("tenants", 20.into())];
    let instance = make(&given, 1);
    assert_eq!((instance.total_vms(), instance.vms().len()), (1_000_000, 206));
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    let refused = |name: &str, value: i64| {
        let given = [(name.to_owned(), Parameter::from(value))].into();
        generate("fleet-rules", &given, 1).expect_err("refused").to_string()
    };
    assert!(refused("tenants", 10).contains("9 types cannot be of 10 tenants"));
    assert!(refused("vms", 32).contains("too few"));
}
