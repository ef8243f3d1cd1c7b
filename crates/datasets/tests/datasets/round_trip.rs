//! What is written is read back the same.

use std::collections::HashMap;

use proptest::prelude::*;
use vmpack_datasets::{WriteError, content_hash, write_instance};
use vmpack_model::AnyInstance;
use vmpack_model::packing::Instance;

use super::strategy::{any_allocation, any_packing};
use super::{as_allocation, as_packing, read, recognising};

/// VM types with their demands, with equal ones added up: what a text format makes of an instance.
fn merged(instance: &Instance) -> Vec<(Vec<u64>, u64)> {
    let mut index: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut types: Vec<(Vec<u64>, u64)> = Vec::new();
    for vm in instance.vms() {
        let demands: Vec<u64> =
            vm.rows.clone().flat_map(|row| instance.demand(row).to_vec()).collect();
        let at = *index.entry(demands.clone()).or_insert(types.len());
        if at == types.len() {
            types.push((demands, 0));
        }
        types[at].1 += vm.count;
    }
    types
}

/// Why a format has to refuse an instance, in a word that its message contains.
fn reason(format: &str, instance: &Instance) -> Option<&'static str> {
    if !instance.rules().only_capacity() {
        return Some("rules");
    }
    let hosts = 0..instance.hosts().len();
    let fits = |row| hosts.clone().any(|host| instance.fits(row, host));
    let nowhere = instance.vms().iter().any(|vm| !vm.rows.clone().any(fits));
    if format == "mvp" {
        let nothing = |host| instance.capacity(host).iter().all(|&capacity| capacity == 0);
        if hosts.clone().any(nothing) {
            return Some("offers nothing");
        }
        return nowhere.then_some("fits no host type");
    }
    let host = &instance.hosts()[0];
    if hosts.len() > 1 {
        Some("host types")
    } else if host.cost != 1 {
        Some("costs")
    } else if host.stock.is_some() {
        Some("stock")
    } else if instance.has_alternatives() {
        Some("alternative")
    } else if instance.capacity(0).contains(&0) {
        Some("capacity of 0")
    } else {
        nowhere.then_some("larger")
    }
}

proptest! {
    #[test]
    fn json_keeps_packing_instances(instance in any_packing()) {
        let any = AnyInstance::Packing(instance.clone());
        let text = write_instance(&any, "json").expect("JSON carries everything");
        prop_assert_eq!(recognising(text.as_bytes()), ["json"]);
        let back = read("json", &text).expect("what was written");
        prop_assert_eq!(content_hash(&back), content_hash(&any));
        prop_assert_eq!(as_packing(back), instance);
    }

    #[test]
    fn json_keeps_allocation_instances(instance in any_allocation()) {
        let any = AnyInstance::Allocation(instance.clone());
        let text = write_instance(&any, "json").expect("JSON carries everything");
        let back = read("json", &text).expect("what was written");
        prop_assert_eq!(content_hash(&back), content_hash(&any));
        prop_assert_eq!(as_allocation(back), instance);
    }

    #[test]
    fn text_formats_keep_what_they_do_not_refuse(instance in any_packing()) {
        let any = AnyInstance::Packing(instance.clone());
        for format in ["vbp", "mvp"] {
            match (write_instance(&any, format), reason(format, &instance)) {
                (Ok(text), None) => {
                    prop_assert_eq!(recognising(text.as_bytes()), [format]);
                    let back = as_packing(read(format, &text).expect("what was written"));
                    prop_assert_eq!(merged(&back), merged(&instance));
                    prop_assert_eq!(back.capacities(), instance.capacities());
                    for (read, written) in back.hosts().iter().zip(instance.hosts()) {
                        prop_assert_eq!((read.cost, read.stock), (written.cost, written.stock));
                    }
                }
                (Err(WriteError::Unsupported { reason: found, .. }), Some(expected)) => {
                    prop_assert!(found.contains(expected), "{} / {}", found, expected);
                }
                (result, reason) => prop_assert!(false, "{:?} / {:?}", result, reason),
            }
        }
    }

    #[test]
    fn no_text_format_takes_an_allocation(instance in any_allocation()) {
        let any = AnyInstance::Allocation(instance);
        for format in ["vbp", "mvp"] {
            let error = write_instance(&any, format).expect_err("refused").to_string();
            prop_assert!(error.contains("allocation family"), "{}", error);
        }
    }
}

/// Prices of nothing are no prices: what is read, written and read again is the same problem.
#[test]
fn prices_of_nothing_are_no_prices() {
    let text = r#"{"format": "vmpack-instance", "version": 1, "family": "packing", "name": "free",
        "resources": [{"name": "cpu"}], "hosts": [{"name": "h", "capacity": {"cpu": 8}}],
        "vms": [{"name": "a", "demand": {"cpu": 3}}],
        "prices": [{"vm": "a", "host": "h", "price": 0}]}"#;
    let priced = read("json", text).expect("an instance");
    let again = read("json", &write_instance(&priced, "json").expect("written")).expect("it");
    assert_eq!(content_hash(&again), content_hash(&priced));
    let plain = text.replace(r#"{"vm": "a", "host": "h", "price": 0}"#, "");
    assert_eq!(content_hash(&priced), content_hash(&read("json", &plain).expect("an instance")));
    write_instance(&priced, "mvp").expect("nothing that the format has no place for");
}
