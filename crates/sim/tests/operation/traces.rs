//! Real traces of load, where the data directory is there.

use vmpack_sim::operation::traces::{Traced, bitbrains, planetlab};

use crate::skip::data;

/// The mean share of the CPU asked for that VMs use over five-minute steps, in percent.
fn mean_percent(load: &Traced, steps: u64) -> f64 {
    let percent = |k: u64| {
        let of = |vm: &vmpack_sim::operation::Vm| {
            vm.uses(k * 300_000)[0] as f64 * 100.0 / vm.request[0] as f64
        };
        load.vms.iter().map(of).sum::<f64>() / load.vms.len() as f64
    };
    (0..steps).map(percent).sum::<f64>() / steps as f64
}

#[test]
fn a_day_of_planetlab_has_its_published_mean() {
    let Some(folder) = data("planetlab/20110303") else { return };
    let load = planetlab(&folder).expect("a trace");
    assert_eq!(load.vms.len(), 1052);
    let mean = mean_percent(&load, 288);
    assert!((mean - 12.31).abs() < 0.005, "{mean}");
}

#[test]
fn a_file_of_bitbrains_is_read() {
    let file = "opendc_traces/bitbrains_raw_sample/bitbrains.csv";
    let Some(file) = data(file) else { return };
    let load = bitbrains(&file).expect("a trace");
    let [vm] = &load.vms[..] else { panic!("one VM") };
    assert_eq!(vm.name, "bitbrains");
    assert_eq!(vm.request[..2], [1000, 2048]);
    assert_eq!(vm.uses(0)[..2], [8, 108], "0.7333 % of a core, 110448.5 KiB");
    // 8620 samples over 30 days, with a few gaps.
    let steps = vm.usage.as_ref().map_or(0, vmpack_sim::operation::Usage::len);
    assert_eq!(load.end.div_ceil(300_000), steps as u64);
    assert!((8620..8680).contains(&steps), "{steps}");
}
