//! What well-formed files mean.

use vmpack_datasets::{content_hash, read_file};
use vmpack_model::AnyInstance;
use vmpack_model::allocation::{Objective, Utility};

use super::{as_allocation, as_packing, read, recognising};

#[test]
fn bin_packing_and_cutting_stock_are_the_same_instance() {
    let bpp = read("bpp", "4\r\n100\r\n60\r\n60\r\n30\r\n60\r\n").expect("valid");
    let csp = read("csp", "2\n100\n60\t3\n30\t1\n").expect("valid");
    assert_eq!(content_hash(&bpp), content_hash(&csp));
    let instance = as_packing(bpp);
    assert_eq!(instance.name(), "test");
    let types: Vec<(&str, u64)> =
        instance.vms().iter().map(|vm| (vm.name.as_str(), vm.count)).collect();
    assert_eq!(types, [("vm1", 3), ("vm2", 1)]);
    assert_eq!((instance.hosts()[0].cost, instance.hosts()[0].stock), (1, None));
    assert_eq!(instance.capacity(0), [100]);
}

#[test]
fn a_vector_file_may_break_its_lines_anywhere() {
    let lines = "2\n10 20\n2\n3 4 1\n5 0 2\n";
    let together = read("vbp", "2 10 20 2 3 4 1 5 0 2").expect("valid");
    assert_eq!(content_hash(&read("vbp", lines).expect("valid")), content_hash(&together));
    let instance = as_packing(together);
    assert_eq!(instance.demand(1), [5, 0]);
    assert_eq!(instance.vms()[1].count, 2);
}

#[test]
fn variable_sized_bins_have_availability_and_price() {
    let text = "2\n10000\t4403\t9900\n7000\t-1\t7000\n2\n7444\t9\n12\t1\n";
    let instance = as_packing(read("vscsp", text).expect("valid"));
    let hosts: Vec<_> = instance.hosts().iter().map(|host| (host.cost, host.stock)).collect();
    assert_eq!(hosts, [(9900, Some(4403)), (7000, None)]);
    assert_eq!(instance.capacities().column(0).to_vec(), [10000, 7000]);
    assert_eq!(instance.total_vms(), 10);
}

#[test]
fn multiple_choice_items_keep_their_alternatives() {
    let text = "2\n\n2\n100 100 30 -1\n150 0 2 1\n\n2\n\n2 3\n50 25\n120 0\n\n1 1\n7 7\n";
    let instance = as_packing(read("mvp", text).expect("valid"));
    assert_eq!(instance.vms()[0].rows, 0..2);
    assert_eq!((instance.vms()[0].count, instance.vms()[1].count), (3, 1));
    assert_eq!(instance.demand(1), [120, 0]);
    assert_eq!(instance.hosts()[1].stock, Some(1));
    assert_eq!((instance.hosts()[0].cost, instance.hosts()[0].stock), (30, None));
}

#[test]
fn own_json_carries_names_units_prices_and_alternatives() {
    let text = r#"{
        "format": "vmpack-instance", "version": 1, "family": "packing", "name": "shop",
        "resources": [{"name": "cpu", "unit": "vCPU"}, {"name": "memory", "unit": "GiB"}],
        "vms": [
            {"name": "web", "count": 12, "demand": {"memory": 4, "cpu": 2}},
            {"name": "batch", "alternatives": [{"cpu": 4, "memory": 8}, {"cpu": 2, "memory": 16}]}
        ],
        "hosts": [{"name": "big", "cost": 70, "stock": 2, "capacity": {"cpu": 16, "memory": 64}}]
    }"#;
    let instance = as_packing(read("json", text).expect("valid"));
    assert_eq!(instance.name(), "shop");
    assert_eq!(instance.resources()[1].unit, "GiB");
    assert_eq!(instance.demand(0), [2, 4], "by name, whatever the order");
    assert_eq!((instance.vms()[1].count, instance.vms()[1].rows.clone()), (1, 1..3));
    assert_eq!((instance.hosts()[0].cost, instance.hosts()[0].stock), (70, Some(2)));
}

#[test]
fn json_accepts_what_is_infeasible_rather_than_malformed() {
    let text = r#"{
        "format": "vmpack-instance", "version": 1, "family": "packing", "name": "too large",
        "resources": [{"name": "cpu"}], "vms": [{"name": "a", "demand": {"cpu": 9}}],
        "hosts": [{"name": "h", "capacity": {"cpu": 8}}]
    }"#;
    let instance = as_packing(read("json", text).expect("an infeasible instance is an instance"));
    assert!(!instance.fits(0, 0));
}

#[test]
fn own_json_carries_the_allocation_family() {
    let text = r#"{
        "format": "vmpack-instance", "version": 1, "family": "allocation", "name": "shares",
        "objective": "utility",
        "resources": [{"name": "cpu"}, {"name": "memory"}],
        "hosts": [{"name": "h", "capacity": {"cpu": 8, "memory": 9}}],
        "vms": [
            {"name": "a", "host": "h", "reservation": {"cpu": 1}, "limit": {"memory": 4},
             "utility": {"memory": {"concave": [[0, 0], [4, 8]]}}},
            {"name": "b"}
        ],
        "services": [{"name": "s", "required": -3,
                      "terms": [{"vm": "b", "resource": "memory", "coefficient": -2}]}]
    }"#;
    let instance = as_allocation(read("json", text).expect("valid"));
    assert_eq!((instance.reservation(0, 0), instance.reservation(0, 1)), (1, 0));
    assert_eq!((instance.limit(0, 0), instance.limit(0, 1)), (None, Some(4)));
    assert_eq!((instance.vms()[0].host, instance.vms()[1].host), (Some(0), None));
    assert_eq!(instance.utility(0, 0), Some(&Utility::zero()));
    assert_eq!(instance.utility(0, 1), Some(&Utility::Concave(vec![(0, 0), (4, 8)])));
    let service = &instance.services()[0];
    let term = service.terms[0];
    assert_eq!((term.vm, term.resource, term.coefficient, service.required), (1, 1, -2, -3));

    let cost = text
        .replace("\"utility\",", "\"cost\",")
        .replace(
            "\"utility\": {\"memory\": {\"concave\": [[0, 0], [4, 8]]}}",
            "\"cost\": {\"cpu\": 5, \"memory\": -1}",
        )
        .replace("{\"name\": \"b\"}", "{\"name\": \"b\", \"cost\": {\"cpu\": 2, \"memory\": 0}}");
    let instance = as_allocation(read("json", &cost).expect("valid"));
    let Objective::Cost(costs) = instance.objective() else { panic!("the objective is cost") };
    assert_eq!(costs.as_slice().expect("row-major"), [5, -1, 2, 0]);
}

#[test]
fn each_layout_is_recognised_as_one_format() {
    for (format, text) in [
        ("json", "\u{feff} \n{}"),
        ("bpp", "1\n5\n3"),
        ("bpp", "3\r\n10\r\n\r\n1\r\n2\r\n3\r\n"),
        ("csp", "1\n10\n3 4\n"),
        ("csp", "2\n10\n3\t4\n2\t1\n"),
        ("vscsp", "1\n10 5 10\n1\n3 4\n"),
        ("vscsp", "3\n10 5 10\n9 5 9\n8 5 8\n1\n3 4\n"),
        ("vbp", "1\n10\n1\n3 4\n"),
        ("vbp", "3\n10 10 10\n1\n1 2 3 1\n"),
        ("mvp", "1\n1\n10 1 -1\n1\n1 1\n3\n"),
        ("mvp", "\n2\n\n1\n10 10 1 -1\n1\n1 1\n3 3\n"),
    ] {
        assert_eq!(recognising(text.as_bytes()), [format], "{text:?}");
        if format != "json" {
            read(format, text).expect("the example is valid");
        }
    }
    for text in ["", "\n", "hello", "3\n10 20\n", "1 2\n", "inf\nnan\n1\n", "0\n0\n2\n"] {
        let recognised = recognising(text.as_bytes());
        assert!(recognised.len() <= 1, "{text:?}: {recognised:?}");
    }
}

#[test]
fn the_extension_decides_where_the_layout_does_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, "1 10 1 3 4").expect("written");
        path
    };
    let instance: AnyInstance = read_file(&write("one-line.vbp"), None).expect("by extension");
    assert_eq!(instance.name(), "one-line");
    let error = read_file(&write("one-line.txt"), None).expect_err("three formats use txt");
    assert!(error.to_string().contains("name the format"), "{error}");
    read_file(&write("one-line.txt"), Some("vbp")).expect("named");
    let error = read_file(&write("one-line.txt"), Some("vpb")).expect_err("no such format");
    assert!(error.to_string().contains("json, bpp, csp, vscsp, vbp, mvp"), "{error}");
}
