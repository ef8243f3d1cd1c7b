//! Random instances of both families.

use ndarray::Array2;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use vmpack_model::Resource;
use vmpack_model::allocation::{self, Data, Objective, Service, Term, Utility, Vm};
use vmpack_model::packing::{self, HostType, VmType};

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
