//! Placement by latency and price, beside the cheapest assignment and the bound.

use proptest::prelude::*;
use vmpack_sim::edge::{BySite, HandOver, Reach, Rule, Service, Site, Sites, cost_bound};
use vmpack_sim::operation::{Host, Hosts, Ledger, Setting, Totals, Vm};
use vmpack_sim::power::{ML110_G4, ML110_G5};
use vmpack_sim::square::Square;

use crate::support::{MINUTE, demand, engine};

const HOUR: u64 = 60 * MINUTE;

/// Two edge sites and a cloud: 1 ms within a site, 5 ms between edge sites, 30 ms to the cloud.
fn sites(prices: [u64; 3]) -> Sites {
    let names = ["a", "b", "cloud"].map(str::to_owned).to_vec();
    let table = [1_000, 5_000, 30_000, 5_000, 1_000, 30_000, 30_000, 30_000, 1_000];
    let charge = |host_hour| Site { host_hour, gigabyte: 100_000 };
    let charges = prices.map(charge).to_vec();
    Sites::new(Square::new(names, table.to_vec()), charges, 2).expect("three sites")
}

/// Hosts of 1000 at these sites.
fn hosts(at: &[u32]) -> Hosts {
    let host = |(number, &site): (usize, &u32)| Host {
        capacity: demand(1000, 1000),
        power: if site == 2 { ML110_G5 } else { ML110_G4 },
        rack: number as u32,
        site,
    };
    Hosts::new(at.iter().enumerate().map(host).collect(), 2)
}

fn vm(origin: u32, limit: Option<u64>, cpu: u64) -> Vm {
    Vm { origin, latency_limit: limit, ..Vm::steady("", 0, Some(HOUR), demand(cpu, 10)) }
}

fn replay(sites: &Sites, hosts: &Hosts, vms: &[Vm], rule: Rule, strict: bool) -> (Totals, Service) {
    let mut ledger = Ledger::default();
    let mut service = Service::new(sites.clone(), vms.len(), 1_000_000);
    let mut build = engine(Setting::until(2 * HOUR), hosts, vms)
        .placed_by(Box::new(BySite::new(sites, hosts, vms, rule)))
        .observed(&mut ledger)
        .observed(&mut service);
    if strict {
        build = build.guarded(Box::new(Reach(sites)));
    }
    build.run();
    (*ledger.totals(), service)
}

#[test]
fn rules_differ_as_they_should() {
    let (sites, hosts) = (sites([3_000_000, 2_000_000, 500_000]), hosts(&[0, 0, 1, 2]));
    // One that bears 10 ms, one that bears anything.
    let vms = [vm(0, Some(10_000), 600), vm(0, None, 300)];
    let served = |rule| {
        let (totals, service) = replay(&sites, &hosts, &vms, rule, false);
        assert_eq!(totals.refused, 0);
        (service.host_cost(), service.mean_ms(), service.missed_share(), service.edge_share())
    };
    assert_eq!(served(Rule::Nearest), (3.0, 1.0, 0.0, 1.0), "both on one host at their site");
    assert_eq!(served(Rule::CheapestWithinLimit), (2.5, 17.5, 0.0, 0.5), "one in the cloud");
    assert_eq!(served(Rule::CloudOnly), (0.5, 30.0, 0.5, 0.0), "one of two misses its limit");
    let weighted = |millisecond| served(Rule::LatencyWeighted { millisecond });
    assert_eq!(weighted(1_000_000), (3.0, 1.0, 0.0, 1.0));
    assert_eq!(weighted(10_000), (0.5, 30.0, 0.5, 0.0));
    let (_, service) = replay(&sites, &hosts, &vms, Rule::CloudOnly, false);
    // Two VMs for an hour at 1 MB/s; half and 0.9 of what the host has is used.
    assert!((service.backhaul_gb() - 7.2).abs() < 1e-9, "{}", service.backhaul_gb());
    assert!((service.backhaul_cost() - 0.72).abs() < 1e-9);
    assert!((service.energy_kwh(2) - 0.133).abs() < 1e-9, "133 W at 90 %");
    assert!(service.energy_kwh(0) <= 0.0);
}

#[test]
fn who_has_no_room_in_reach_falls_back_or_is_refused() {
    let (sites, hosts) = (sites([3_000_000, 2_000_000, 500_000]), hosts(&[0, 2]));
    let vms = [vm(0, Some(10_000), 600), vm(0, Some(10_000), 600)];
    let (totals, service) = replay(&sites, &hosts, &vms, Rule::CheapestWithinLimit, false);
    assert_eq!((totals.refused, service.missed_share()), (0, 0.5));
    let (totals, service) = replay(&sites, &hosts, &vms, Rule::CheapestWithinLimit, true);
    assert_eq!((totals.refused, service.missed_share()), (1, 0.0));
}

#[test]
fn a_vm_that_is_too_far_is_handed_over_when_there_is_room() {
    let (sites, hosts) = (sites([3_000_000, 2_000_000, 500_000]), hosts(&[0, 2]));
    let mut vms = [vm(0, Some(10_000), 600), vm(0, Some(10_000), 300), vm(0, Some(10_000), 600)];
    vms[0].end = Some(30 * MINUTE);
    let mut ledger = Ledger::default();
    let mut service = Service::new(sites.clone(), 3, 0);
    engine(Setting::until(HOUR), &hosts, &vms)
        .placed_by(Box::new(BySite::new(&sites, &hosts, &vms, Rule::Nearest)))
        .controlled(Box::new(HandOver::new(&sites, 20 * MINUTE)))
        .observed(&mut ledger)
        .observed(&mut service)
        .run();
    assert_eq!((ledger.totals().migrations, service.hand_overs()), (1, 1));
    // 10 MiB over half a Gbit/s: the third VM is in the cloud for 40 min and 167 ms of 150 VM minutes.
    let missed = (40 * MINUTE + 167) as f64 / (150 * MINUTE) as f64;
    assert!((service.missed_share() - missed).abs() < 1e-9, "{}", service.missed_share());
    assert!((service.backhaul_gb() - 0.01 * 1.048_576).abs() < 1e-12, "what the migration sent");
}

/// The cheapest way to serve all at once within their limits, by trying everything.
fn cheapest(sites: &Sites, hosts: &Hosts, vms: &[Vm], free: &mut [u64], cost: u64) -> Option<u64> {
    let Some((first, rest)) = vms.split_first() else { return Some(cost) };
    let mut best: Option<u64> = None;
    for host in 0..hosts.len() {
        let site = hosts[host].site as usize;
        if free[host] < first.request[0] || !sites.reaches(first, site) {
            continue;
        }
        let opens = free[host] == 1000;
        free[host] -= first.request[0];
        let more = if opens { sites.site(site).host_hour } else { 0 };
        let found = cheapest(sites, hosts, rest, free, cost + more);
        free[host] += first.request[0];
        best = best.into_iter().chain(found).min();
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn bound_and_cheapest_assignment_stand_below_every_rule(
        asked in prop::collection::vec((0_u32..3, 0_usize..4, 1_u64..=1000), 1..6),
        at in prop::collection::vec(0_u32..3, 1..6),
        prices in [1_u64..5_000_000, 1..5_000_000, 1..5_000_000],
    ) {
        let (sites, hosts) = (sites(prices), hosts(&at));
        let limits = [None, Some(2_000), Some(10_000), Some(40_000)];
        let vms: Vec<Vm> =
            asked.iter().map(|&(origin, limit, cpu)| vm(origin, limits[limit], cpu)).collect();
        let exact = cheapest(&sites, &hosts, &vms, &mut vec![1000; at.len()], 0);
        let exact = exact.map(|cost| cost as f64 / 1e6);
        let bound = cost_bound(&sites, &hosts, &vms, 2 * HOUR, false);
        if let Some(exact) = exact {
            prop_assert!(bound > 0.0 && bound <= exact + 1e-9, "{bound} {exact}");
        }
        let rules = [
            Rule::Nearest,
            Rule::CheapestWithinLimit,
            Rule::LatencyWeighted { millisecond: 50_000 },
            Rule::CloudOnly,
        ];
        for rule in rules {
            let (totals, service) = replay(&sites, &hosts, &vms, rule, true);
            prop_assert!(service.missed_share() <= 0.0);
            if totals.refused == 0 {
                let exact = exact.expect("there is an assignment");
                prop_assert!(service.host_cost() >= exact - 1e-9, "{rule:?}");
            }
        }
    }
}

#[test]
fn the_bound_is_tight_where_hosts_are_full() {
    let (sites, hosts) = (sites([3_000_000, 2_000_000, 500_000]), hosts(&[0, 1, 2]));
    // Full hosts: one of them must stay at its site, the other may go to the cloud.
    let vms = [vm(0, Some(1_000), 1000), vm(0, Some(30_000), 1000)];
    let bound = cost_bound(&sites, &hosts, &vms, HOUR / 2, false);
    assert!((bound - 3.5 / 2.0).abs() < 1e-6, "{bound}");
    let (_, service) = replay(&sites, &hosts, &vms, Rule::CheapestWithinLimit, true);
    assert!((service.host_cost() - 3.5).abs() < 1e-9);
}
