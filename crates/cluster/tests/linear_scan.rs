//! Every index against a scan of all hosts, through long sequences of changes.

use std::cmp::Reverse;

use proptest::prelude::*;
use vmpack_cluster::{Cluster, FirstFit, GreatestScore, Index, LeastCost, covers};

/// What happens to the cluster; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Add { capacity: usize },
    Place { vm: usize },
    TakeOff { at: usize },
    Close { host: usize },
    Open { host: usize },
    Mark { host: usize, marks: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_usize..3).prop_map(|capacity| Step::Add { capacity }),
        12 => (0_usize..8).prop_map(|vm| Step::Place { vm }),
        7 => any::<usize>().prop_map(|at| Step::TakeOff { at }),
        1 => any::<usize>().prop_map(|host| Step::Close { host }),
        1 => any::<usize>().prop_map(|host| Step::Open { host }),
        3 => (any::<usize>(), 0_u64..8).prop_map(|(host, marks)| Step::Mark { host, marks }),
    ];
    // Long enough for trees of several levels.
    prop::collection::vec(step, 0..2500)
}

/// Capacities of three kinds of host, demands of eight kinds of VM; small numbers, so that ties abound.
fn kinds() -> impl Strategy<Value = (Vec<Vec<u64>>, Vec<Vec<u64>>)> {
    (1_usize..=5).prop_flat_map(|d| {
        (
            prop::collection::vec(prop::collection::vec(0_u64..=60, d), 3),
            prop::collection::vec(prop::collection::vec(0_u64..=25, d), 8),
        )
    })
}

/// A rule: which of the hosts that may take a demand, with what they have free, it prefers.
type Scan<'a> = dyn Fn(&[u64], &mut dyn Iterator<Item = (usize, &[u64])>) -> Option<usize> + 'a;

/// Runs the steps; each VM is asked for twice, without and with an admission predicate and marks to avoid, and goes where
/// the second answer says. `scan` is the rule on all hosts that may take the VM.
fn agree<I: Index>(
    index: I,
    kinds: &(Vec<Vec<u64>>, Vec<Vec<u64>>),
    steps: &[Step],
    scan: &Scan<'_>,
) -> Result<(), TestCaseError> {
    let (capacities, demands) = kinds;
    let least = (0..capacities[0].len()).map(|k| demands.iter().map(|vm| vm[k]).min().unwrap_or(0));
    let least: Vec<u64> = least.collect();
    let mut cluster = Cluster::new(least.len(), index).with_least(&least);
    let mut placed: Vec<(usize, usize)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Add { capacity } => drop(cluster.add(&capacities[capacity])),
            Step::Close { host } if !cluster.is_empty() => cluster.close(host % cluster.len()),
            Step::Open { host } if !cluster.is_empty() => cluster.open(host % cluster.len()),
            Step::Mark { host, marks } if !cluster.is_empty() => {
                cluster.mark(host % cluster.len(), marks);
            }
            Step::TakeOff { at } if !placed.is_empty() => {
                let (vm, host) = placed.swap_remove(at % placed.len());
                cluster.take_off(host, &demands[vm], 1);
            }
            Step::Place { vm } => {
                let demand = &demands[vm];
                let admit = |host: usize| !(host * 7 + number).is_multiple_of(3);
                let scanned = |admit: &dyn Fn(usize) -> bool| {
                    let fit = |&h: &usize| cluster.is_open(h) && covers(cluster.free(h), demand);
                    let hosts = (0..cluster.len()).filter(fit).filter(|&h| admit(h));
                    scan(demand, &mut hosts.map(|h| (h, cluster.free(h))))
                };
                let avoid = number as u64 % 8;
                let unmarked = |host: usize| cluster.marks(host) & avoid == 0;
                let first = scanned(&|_| true);
                let second = scanned(&|host| unmarked(host) && admit(host));
                prop_assert_eq!(cluster.find(demand), first);
                let mut asked = Vec::new();
                let found = cluster.find_unmarked(demand, avoid, |host| {
                    asked.push(host);
                    admit(host)
                });
                prop_assert_eq!(found, second);
                let fits = |&h: &usize| cluster.is_open(h) && covers(cluster.free(h), demand);
                prop_assert!(asked.iter().all(fits), "the predicate is for hosts that fit");
                prop_assert!(asked.iter().all(|&host| unmarked(host)), "and for unmarked ones");
                if let Some(host) = found {
                    cluster.place(host, demand, 1);
                    placed.push((vm, host));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn largest(capacities: &[Vec<u64>]) -> Vec<u64> {
    (0..capacities[0].len()).map(|k| capacities.iter().map(|c| c[k]).max().unwrap_or(0)).collect()
}

fn sum(free: &[u64]) -> u128 {
    free.iter().map(|&free| u128::from(free)).sum()
}

fn dot(demand: &[u64], free: &[u64]) -> u128 {
    demand.iter().zip(free).map(|(&demand, &free)| u128::from(demand) * u128::from(free)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn first_fit_equals_the_scan(kinds in kinds(), steps in steps()) {
        let index = FirstFit::new(&largest(&kinds.0));
        agree(index, &kinds, &steps, &|_, hosts| hosts.next().map(|(host, _)| host))?;
    }

    #[test]
    fn best_fit_equals_the_scan(kinds in kinds(), steps in steps()) {
        let index = LeastCost::new(&largest(&kinds.0), sum);
        let scan = |_: &[u64], hosts: &mut dyn Iterator<Item = (usize, &[u64])>| {
            hosts.min_by_key(|(_, free)| sum(free)).map(|(host, _)| host)
        };
        agree(index, &kinds, &steps, &scan)?;
    }

    #[test]
    fn worst_fit_equals_the_scan(kinds in kinds(), steps in steps()) {
        let index = LeastCost::new(&largest(&kinds.0), |free: &[u64]| !sum(free));
        let scan = |_: &[u64], hosts: &mut dyn Iterator<Item = (usize, &[u64])>| {
            hosts.min_by_key(|(_, free)| Reverse(sum(free))).map(|(host, _)| host)
        };
        agree(index, &kinds, &steps, &scan)?;
    }

    #[test]
    fn dot_product_equals_the_scan(kinds in kinds(), steps in steps()) {
        let index = GreatestScore::new(&largest(&kinds.0), dot);
        let scan = |demand: &[u64], hosts: &mut dyn Iterator<Item = (usize, &[u64])>| {
            hosts.min_by_key(|(_, free)| Reverse(dot(demand, free))).map(|(host, _)| host)
        };
        agree(index, &kinds, &steps, &scan)?;
    }
}

#[test]
#[should_panic(expected = "the VMs fit")]
fn a_vm_that_does_not_fit_is_an_error() {
    let mut cluster = Cluster::new(1, FirstFit::new(&[5]));
    let host = cluster.add(&[5]);
    cluster.place(host, &[3], 2);
}
