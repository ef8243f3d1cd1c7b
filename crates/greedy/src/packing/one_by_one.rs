//! The rules as textbooks state them, one VM and one host at a time: what the rules on counts must equal.

use std::cmp::Reverse;

use ndarray::Array2;
use proptest::prelude::*;
use vmpack_model::packing::{HostType, Instance, Pattern, Placement, VmType};
use vmpack_model::{Budget, NullObserver, Resource, Value};

use super::best_fit::BestFitRule;
use super::bin_centric::{self, FRACTION_BITS, Preference};
use super::dot_product::DotProduct;
use super::first_fit::FirstFitRule;
use super::indexed;
use super::item_centric::{self, Rule};
use super::l2_norm::L2NormGreedy;
use super::next_fit::NextFitRule;
use super::right_size::right_size;
use super::sequence::{Order, Sequence};
use super::stock::Stock;
use super::tight_fill::TightFill;
use super::weighted::{self, Norm, Way};
use super::weights::Bias;
use super::worst_fit::WorstFitRule;
use super::{PACKING, complete};
use vmpack_cluster::covers;
use vmpack_cluster::{Measure, Scale};

/// One open host.
struct Host {
    pattern: Pattern,
    free: Vec<u64>,
}

impl Host {
    fn new(instance: &Instance, host: usize) -> Self {
        let free = instance.capacity(host).to_vec();
        Self { pattern: Pattern { host, vms: vec![] }, free }
    }

    /// The preferred row that fits.
    fn row(&self, instance: &Instance, rows: &[usize]) -> Option<usize> {
        rows.iter().copied().find(|&row| covers(&self.free, instance.demand(row)))
    }

    fn add(&mut self, instance: &Instance, row: usize) {
        let demand = instance.demand(row);
        self.free.iter_mut().zip(demand).for_each(|(free, demand)| *free -= demand);
        self.pattern.vms.push((row, 1));
    }
}

fn placement(hosts: Vec<Host>) -> Placement {
    Placement::from_patterns(hosts.into_iter().map(|host| (host.pattern, 1)))
}

/// Which of the hosts that fit VMs with this preferred row, given by index and free capacity, the textbook rule takes.
type Choice<'a> = &'a dyn Fn(usize, &mut dyn Iterator<Item = (usize, &[u64])>) -> Option<usize>;

fn item_by_item(
    instance: &Instance,
    sequence: &Sequence,
    last_only: bool,
    choose: Choice,
) -> Option<Placement> {
    on_open_hosts(instance, sequence, Vec::new(), last_only, choose)
}

fn on_open_hosts(
    instance: &Instance,
    sequence: &Sequence,
    mut hosts: Vec<Host>,
    last_only: bool,
    choose: Choice,
) -> Option<Placement> {
    let mut stock = Stock::new(instance);
    for job in 0..sequence.len() {
        let rows = sequence.rows(job);
        let mut kind: Option<usize> = None;
        for left in (1..=sequence.count(job)).rev() {
            let first = if last_only { hosts.len().saturating_sub(1) } else { 0 };
            let open = hosts.iter().enumerate().skip(first);
            let mut fitting = open
                .filter(|(_, host)| host.row(instance, rows).is_some())
                .map(|(h, host)| (h, host.free.as_slice()));
            let chosen = choose(rows[0], &mut fitting);
            let h = if let Some(h) = chosen {
                h
            } else {
                if kind.is_none_or(|kind| stock.left(kind) == 0) {
                    let after = sequence.demand_after(job).iter();
                    let all = after.zip(instance.demand(rows[0])).map(|(a, d)| a + left * d);
                    kind = Some(stock.cheapest_for(rows, &all.collect::<Vec<_>>())?);
                }
                let kind = kind.expect("chosen just now");
                stock.take(kind, 1);
                hosts.push(Host::new(instance, kind));
                hosts.len() - 1
            };
            let row = hosts[h].row(instance, rows).expect("it fits");
            hosts[h].add(instance, row);
        }
    }
    Some(placement(hosts))
}

fn host_by_host<P: Preference>(instance: &Instance) -> Placement {
    let scale = Scale::new(instance);
    let fractions = |amounts: &[u64]| -> Vec<u64> {
        let fraction = |(k, &amount)| scale.fraction(k, amount) >> (60 - FRACTION_BITS);
        amounts.iter().enumerate().map(fraction).collect()
    };
    let mut left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    let mut hosts = Vec::new();
    while left.iter().any(|&vms| vms > 0) {
        let mut host = Host::new(instance, 0);
        let mut free = fractions(&host.free);
        loop {
            let rows = (0..instance.rows()).filter(|&row| {
                left[instance.type_of_row(row)] > 0 && covers(&host.free, instance.demand(row))
            });
            let best = rows.min_by_key(|&row| {
                let demand = fractions(instance.demand(row));
                Reverse(P::preference(&demand, &free, scale.weights()))
            });
            let Some(row) = best else { break };
            host.add(instance, row);
            let demand = fractions(instance.demand(row));
            free.iter_mut().zip(demand).for_each(|(free, demand)| *free -= demand);
            left[instance.type_of_row(row)] -= 1;
        }
        assert!(!host.pattern.vms.is_empty(), "every VM fits an empty host");
        hosts.push(host);
    }
    placement(hosts)
}

const MEASURES: [Measure; 5] =
    [Measure::L1, Measure::L2, Measure::Linf, Measure::Product, Measure::AverageSum];

/// A few VM types with up to 30 VMs each, with so many alternatives at most, some without any demand; host types of
/// which some are scarce.
fn instances(host_types: usize, alternatives: usize) -> impl Strategy<Value = Instance> {
    (1_usize..=3, 1..=host_types, 1_usize..=7).prop_flat_map(move |(d, hosts, types)| {
        (
            prop::collection::vec(prop::collection::vec(10_u64..=40, d), hosts),
            prop::collection::vec((1_u64..=9, prop::option::of(0_u64..=6)), hosts),
            prop::collection::vec((0_u64..=30, 1..=alternatives), types),
            prop::collection::vec(prop::collection::vec(0_u64..=12, d), 3 * types),
        )
            .prop_map(|(capacities, hosts, vms, demands)| {
                let d = capacities[0].len();
                let alone = hosts.len() == 1;
                let host_type = |(t, &(cost, stock)): (usize, &(u64, Option<u64>))| HostType {
                    name: format!("h{t}"),
                    cost,
                    stock: stock.filter(|_| !alone),
                };
                let mut rows = 0;
                let vm_type = |(i, &(count, alternatives)): (usize, &(u64, usize))| {
                    let name = format!("v{i}");
                    rows += alternatives;
                    VmType { name, count, rows: rows - alternatives..rows }
                };
                let vms: Vec<_> = vms.iter().enumerate().map(vm_type).collect();
                let matrix = |rows: &[Vec<u64>]| {
                    Array2::from_shape_vec((rows.len(), d), rows.concat()).expect("d columns")
                };
                Instance::new(
                    "random",
                    Resource::anonymous(d),
                    vms,
                    matrix(&demands[..rows]),
                    hosts.iter().enumerate().map(host_type).collect(),
                    matrix(&capacities),
                )
                .expect("valid")
            })
    })
}

fn grouped(instance: &Instance, sequence: &Sequence, mut rule: impl Rule) -> Option<Placement> {
    let mut stock = Stock::new(instance);
    item_centric::construct(instance, sequence, &mut stock, &mut rule, &Budget::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn item_centric_rules_equal_the_textbook(instance in instances(4, 3), given: bool) {
        let scale = Scale::new(&instance);
        for measure in MEASURES {
            let order = if given { Order::Given } else { Order::Decreasing(measure) };
            let sequence = Sequence::new(&instance, &scale, order);
            let by = |free: &[u64]| scale.measure(measure, free);

            let first: Choice = &|_, hosts| hosts.next().map(|(h, _)| h);
            prop_assert_eq!(
                grouped(&instance, &sequence, FirstFitRule),
                item_by_item(&instance, &sequence, false, first)
            );
            prop_assert_eq!(
                grouped(&instance, &sequence, NextFitRule),
                item_by_item(&instance, &sequence, true, first)
            );
            prop_assert_eq!(
                grouped(&instance, &sequence, BestFitRule { measure, scale: &scale }),
                item_by_item(&instance, &sequence, false, &|_, hosts| {
                    hosts.min_by_key(|(_, free)| by(free)).map(|(h, _)| h)
                })
            );
            let worst = WorstFitRule { instance: &instance, measure, scale: &scale };
            prop_assert_eq!(
                grouped(&instance, &sequence, worst),
                item_by_item(&instance, &sequence, false, &|_, hosts| {
                    hosts.min_by_key(|(_, free)| Reverse(by(free))).map(|(h, _)| h)
                })
            );
        }
    }

    /// Weights by the average demand are those of the named rules, and there is nothing to follow in one resource.
    #[test]
    fn weighted_rules_equal_their_named_members(instance in instances(4, 3)) {
        let solve = |name: &str| {
            let method = PACKING.iter().find(|method| method.name() == name).expect("registered");
            method.solve(&instance, &Budget::default(), &mut NullObserver)
        };
        let scale = Scale::new(&instance);
        let weigh = |way| -> Option<u64> {
            let mut stock = Stock::new(&instance);
            let (bias, budget) = (Bias::default(), Budget::default());
            let placement =
                weighted::construct(&instance, &scale, way, &bias, &mut stock, &budget)?;
            Some(right_size(&instance, placement, &mut stock).cost(&instance))
        };
        let pairs = [
            (Way::First(Norm::L1), "ffd-avg-sum"),
            (Way::First(Norm::L2), "ffd-l2-avg"),
            (Way::Best(Norm::L1), "bfd-avg-sum"),
            (Way::Best(Norm::Linf), "bfd-linf-avg"),
            (Way::Dot, "dot-product"),
            (Way::Gap, "l2-norm-greedy"),
        ];
        for (way, name) in pairs {
            let cost = solve(name).solved.map(|solved| solved.cost);
            prop_assert_eq!(weigh(way).map(Value::from), cost, "{}", name);
        }
        if instance.dimensions() == 1 {
            prop_assert_eq!(solve("bfd-l1-avg-dyn"), solve("bfd-l1"));
            prop_assert_eq!(solve("dot-product-avg-dyn"), solve("dot-product-unit"));
        }
    }

    /// What an index finds is what a look at all hosts does.
    #[test]
    fn indexed_rules_equal_those_on_counts(instance in instances(4, 3)) {
        let solve = |name: &str| {
            let method = PACKING.iter().find(|method| method.name() == name).expect("registered");
            method.solve(&instance, &Budget::default(), &mut NullObserver)
        };
        let pairs = [("ff", "ff"), ("bf", "bf"), ("wf", "wf"), ("ffd", "ffd-l2"), ("bfd", "bfd-l2")];
        for (indexed, counted) in pairs {
            prop_assert_eq!(solve(&format!("{indexed}-indexed")), solve(counted), "{}", counted);
        }
    }

    #[test]
    fn the_indexed_dot_product_equals_a_scan(instance in instances(4, 1)) {
        let scale = Scale::new(&instance);
        let sequence = Sequence::new(&instance, &scale, Order::Given);
        let scanned = item_by_item(&instance, &sequence, false, &|row, hosts| {
            let dot = |free: &[u64]| scale.dot(instance.demand(row), free);
            hosts.min_by_key(|(_, free)| Reverse(dot(free))).map(|(h, _)| h)
        });
        let sized = scanned.map(|placement| {
            let mut stock = Stock::after(&instance, &placement);
            right_size(&instance, placement, &mut stock)
        });
        let aligned = indexed::Choice::Aligned;
        let found = indexed::construct(&instance, &scale, &sequence, aligned, false, &Budget::default());
        prop_assert_eq!(found, sized);
    }

    /// On hosts that hold VMs already; some are to hold more than there are.
    #[test]
    fn completion_equals_the_textbook(
        instance in instances(1, 3),
        wanted in prop::collection::vec((prop::collection::vec((0_usize..21, 0_u64..=2), 0..4), 1_u64..=4), 0..4),
    ) {
        let mut left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let mut patterns: Vec<(Pattern, u64)> = Vec::new();
        let mut hosts = Vec::new();
        for (vms, often) in wanted {
            let mut content = Host::new(&instance, 0);
            for (row, count) in vms {
                for _ in 0..count {
                    let row = row % instance.rows();
                    if covers(&content.free, instance.demand(row)) {
                        content.add(&instance, row);
                    }
                }
            }
            let pattern = content.pattern.normalised();
            for _ in 0..often {
                let mut host = Host::new(&instance, 0);
                for &(row, count) in &pattern.vms {
                    for _ in 0..count {
                        let left = &mut left[instance.type_of_row(row)];
                        if *left > 0 {
                            *left -= 1;
                            host.add(&instance, row);
                        }
                    }
                }
                if !host.pattern.vms.is_empty() {
                    hosts.push(host);
                }
            }
            patterns.push((pattern, often));
        }
        let scale = Scale::new(&instance);
        let sequence = Sequence::of(&instance, &scale, Order::Decreasing(Measure::L2), &left);
        let fullest: Choice = &|_, hosts| {
            hosts.min_by_key(|(_, free)| scale.measure(Measure::L2, free)).map(|(h, _)| h)
        };
        prop_assert_eq!(
            complete(&instance, &patterns, &Budget::default()),
            on_open_hosts(&instance, &sequence, hosts, false, fullest)
        );
    }

    #[test]
    fn bin_centric_rules_equal_the_textbook(instance in instances(1, 3)) {
        let fits = |row| instance.fits(row, 0);
        let homeless = instance.vms().iter().any(|vm| !vm.rows.clone().any(fits));
        prop_assume!(!homeless);
        let (bias, budget) = (Bias::default(), Budget::default());
        prop_assert_eq!(
            bin_centric::construct::<DotProduct>(&instance, &mut Stock::new(&instance), &bias, &budget),
            Some(host_by_host::<DotProduct>(&instance))
        );
        prop_assert_eq!(
            bin_centric::construct::<L2NormGreedy>(&instance, &mut Stock::new(&instance), &bias, &budget),
            Some(host_by_host::<L2NormGreedy>(&instance))
        );
        prop_assert_eq!(
            bin_centric::construct::<TightFill>(&instance, &mut Stock::new(&instance), &bias, &budget),
            Some(host_by_host::<TightFill>(&instance))
        );
    }
}
