//! Random instances of both families.

use ndarray::Array2;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use vmpack_model::Resource;
use vmpack_model::allocation::{self, Data, Objective, Service, Term, Utility, Vm};
use vmpack_model::packing::{
    self, Demand, HostType, Level, Ratio, Rule, Rules, Strength, Topology, VmType,
};

/// Names with characters that need care in JSON.
fn names(prefix: &'static str, count: usize) -> Vec<String> {
    const ODD: [&str; 4] = ["", " \"quoted\"", "\\\n\u{1}", " \u{fc}\u{1f680}"];
    (0..count).map(|i| format!("{prefix}{i}{}", ODD[i % ODD.len()])).collect()
}

fn resources(count: usize) -> Vec<Resource> {
    let units = ["", "MiB", "1/1000 core"];
    let names = names("resource", count).into_iter().enumerate();
    names.map(|(i, name)| Resource::new(name, units[i % units.len()])).collect()
}

/// Packing instances that each format may or may not be able to carry: several host types or one, with and
/// without costs, stock and alternatives, equal VM types, oversized ones, types without a VM.
pub(crate) fn any_packing() -> impl Strategy<Value = packing::Instance> {
    let host = (0_u64..5, option::weighted(0.3, 0_u64..9));
    (1_usize..4, 1_usize..6, prop_oneof![Just(1_usize), 1_usize..4])
        .prop_flat_map(move |(d, types, host_types)| {
            let rows = vec(prop_oneof![3 => Just(1_usize), 1 => 1_usize..4], types);
            let plain = prop_oneof![Just((1, None)), host.clone()];
            (
                Just(d),
                rows.prop_flat_map(move |rows| {
                    let total = rows.iter().sum::<usize>();
                    (Just(rows), vec(0_u64..12, total * d))
                }),
                vec(0_u64..50, types),
                vec(plain, host_types),
                vec(1_u64..20, host_types * d),
            )
        })
        .prop_map(|(d, (rows, demands), counts, hosts, capacities)| {
            let mut start = 0;
            let mut vms = Vec::new();
            for ((name, rows), count) in names("vm", rows.len()).into_iter().zip(&rows).zip(counts)
            {
                vms.push(VmType { name, count, rows: start..start + rows });
                start += rows;
            }
            let named = names("host", hosts.len()).into_iter().zip(&hosts);
            let host_types: Vec<HostType> =
                named.map(|(name, &(cost, stock))| HostType { name, cost, stock }).collect();
            let demands = Array2::from_shape_vec((start, d), demands).expect("whole rows");
            let capacities =
                Array2::from_shape_vec((hosts.len(), d), capacities).expect("whole rows");
            packing::Instance::new(
                "odd \"name\"",
                resources(d),
                vms,
                demands,
                host_types,
                capacities,
            )
            .expect("the strategy makes valid instances")
        })
        .prop_flat_map(|instance| {
            let rules =
                any_rules(instance.vms().len(), instance.hosts().len(), instance.dimensions());
            (Just(instance), option::weighted(0.4, rules))
        })
        .prop_map(|(instance, rules)| {
            instance.with_rules(rules.unwrap_or_default()).expect("rules of the instance")
        })
}

/// Rules of every form, with places named in order of appearance, as reading names them.
fn any_rules(vms: usize, hosts: usize, d: usize) -> impl Strategy<Value = Rules> {
    let subset = |end: usize| {
        vec(any::<bool>(), end).prop_map(move |of| (0..end).filter(|&i| of[i]).collect::<Vec<_>>())
    };
    let group = move || subset(vms).prop_filter("not empty", |set| !set.is_empty());
    let level = || prop::sample::select(vec![Level::Host, Level::Rack, Level::Site]);
    let demand = prop_oneof![
        (group(), subset(hosts)).prop_map(|(vms, hosts)| Demand::Restrict { vms, hosts }),
        (group(), 1_u64..9, level()).prop_map(|(vms, most, within)| Demand::AtMost {
            vms,
            most,
            within
        }),
        (group(), level()).prop_map(|(vms, within)| Demand::Together { vms, within }),
        (group(), 0_u64..9, level()).prop_map(|(vms, least, over)| Demand::Spread {
            vms,
            least,
            over
        }),
        (group(), level()).prop_map(|(vms, within)| Demand::Separate {
            classes: vms.into_iter().map(|vm| vec![vm]).collect(),
            within,
        }),
        (1_u64..9).prop_map(|failures| Demand::Survive { hosts: vec![0], failures }),
    ];
    let places = move || vec(option::of(0_usize..2), hosts).prop_map(|places| in_order(&places));
    let ratios = prop_oneof![
        Just(Vec::new()),
        vec((1_u64..5, 1_u64..3).prop_map(|(sold, real)| Ratio { sold, real }), d),
    ];
    (
        ratios,
        option::of(vec(0_u64..3, hosts * d)),
        (places(), places()),
        option::of(vec(0_u64..9, vms * hosts)),
        vec((demand, option::of(0_u64..9)), 0..4),
    )
        .prop_map(
            move |(overcommit, reserve, ((rack_of, racks), (site_of, sites)), prices, all)| {
                let name = |what: &'static str, count| names(what, count);
                let rule = |(name, (demand, price)): (String, (Demand, Option<u64>))| {
                    let price = price.filter(|_| !matches!(demand, Demand::Survive { .. }));
                    let strength = price.map_or(Strength::Hard, |price| Strength::Soft { price });
                    Rule { name, demand, strength }
                };
                let matrix = |rows, columns, all| {
                    Array2::from_shape_vec((rows, columns), all).expect("whole rows")
                };
                Rules {
                    overcommit,
                    reserve: reserve.map(|all| matrix(hosts, d, all)),
                    topology: Topology {
                        racks: name("rack", racks),
                        sites: name("site", sites),
                        rack_of,
                        site_of,
                    },
                    prices: prices.map(|all| matrix(vms, hosts, all)),
                    rules: name("rule", all.len()).into_iter().zip(all).map(rule).collect(),
                }
            },
        )
}

/// Places renumbered in order of appearance, and how many there are; no list if there is none.
fn in_order(places: &[Option<usize>]) -> (Vec<Option<usize>>, usize) {
    let mut seen: Vec<usize> = Vec::new();
    for place in places.iter().flatten() {
        if !seen.contains(place) {
            seen.push(*place);
        }
    }
    if seen.is_empty() {
        return (Vec::new(), 0);
    }
    let number = |place: usize| seen.iter().position(|&other| other == place);
    (places.iter().map(|place| place.and_then(number)).collect(), seen.len())
}

fn utility() -> impl Strategy<Value = Utility> {
    let gains = vec((1_u64..9, 0_u64..9), 1..5);
    (any::<bool>(), gains).prop_map(|(stepped, mut gains)| {
        let mut point = (0, 0);
        let mut points = Vec::new();
        if !stepped {
            // Falling slopes: each gain per step of length one.
            gains.sort_unstable_by_key(|&(_, gain)| std::cmp::Reverse(gain));
            points.push(point);
        }
        for (length, gain) in gains {
            let step = if stepped { (length, gain) } else { (length, gain * length) };
            point = (point.0 + step.0, point.1 + step.1);
            points.push(point);
        }
        if stepped { Utility::Steps(points) } else { Utility::Concave(points) }
    })
}

/// Allocation instances with both objectives, with and without hosts, limits and services.
pub(crate) fn any_allocation() -> impl Strategy<Value = allocation::Instance> {
    (1_usize..4, 1_usize..3, 0_usize..3, 0_usize..4).prop_flat_map(|(n, d, hosts, services)| {
        let placed = if hosts == 0 { Just(None).boxed() } else { option::of(0..hosts).boxed() };
        let amounts = vec((0_u64..9, option::of(0_u64..9)), n * d);
        let coefficients = vec(option::of(-9_i64..9), services * n * d);
        let objective = prop_oneof![
            vec(-9_i64..99, n * d).prop_map(move |costs| {
                Objective::Cost(Array2::from_shape_vec((n, d), costs).expect("whole rows"))
            }),
            vec(prop_oneof![Just(Utility::zero()), utility()], n * d).prop_map(Objective::Utility),
        ];
        let capacities = vec(0_u64..99, hosts * d);
        let required = vec(-9_i64..99, services);
        (vec(placed, n), amounts, coefficients, required, capacities, objective).prop_map(
            move |(placed, amounts, coefficients, required, capacities, objective)| {
                let matrix = |amount: &dyn Fn(usize) -> u64| {
                    Array2::from_shape_fn((n, d), |(i, r)| amount(i * d + r))
                };
                let terms = |j: usize| {
                    let row = coefficients[j * n * d..(j + 1) * n * d].iter().enumerate();
                    row.filter_map(|(at, &coefficient)| {
                        Some(Term { vm: at / d, resource: at % d, coefficient: coefficient? })
                    })
                };
                let services = names("service", services).into_iter().enumerate();
                let data = Data {
                    name: "odd \"name\"".to_owned(),
                    resources: resources(d),
                    vms: names("vm", n)
                        .into_iter()
                        .zip(&placed)
                        .map(|(name, &host)| Vm { name, host })
                        .collect(),
                    reservations: matrix(&|at| amounts[at].0),
                    limits: Array2::from_shape_fn((n, d), |(i, r)| {
                        let (reservation, headroom) = amounts[i * d + r];
                        headroom.map(|headroom| reservation + headroom)
                    }),
                    hosts: names("host", hosts),
                    capacities: Array2::from_shape_vec((hosts, d), capacities).expect("whole rows"),
                    services: services
                        .map(|(j, name)| Service {
                            name,
                            terms: terms(j).collect(),
                            required: required[j],
                        })
                        .collect(),
                    objective,
                };
                allocation::Instance::new(data).expect("the strategy makes valid instances")
            },
        )
    })
}
