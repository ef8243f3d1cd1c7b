//! PlanetLab folders.

use std::path::Path;

use super::{TraceError, Traced};
use crate::arrivals::Demand;
use crate::consolidation::{FileOrder, SAMPLES, Trace, VM_KINDS};
use crate::operation::{Time, Usage, Vm};

/// Milliseconds between samples.
const STEP: Time = 300_000;

/// Reads a folder of PlanetLab: a day of CPU load of every VM, five minutes apart.
///
/// VMs are those of the PlanetLab study, equal shares of its four kinds in order of name. 1000 MIPS are a core, so its hosts
/// have 3.72 and 5.32 cores, and 4 GiB. Memory is used as requested.
///
/// # Errors
/// If the folder or a file in it is not as it should be.
pub fn planetlab(folder: &Path) -> Result<Traced, TraceError> {
    let trace = Trace::read_planetlab(folder, FileOrder::Sorted)?;
    let share = trace.len().div_ceil(VM_KINDS.len());
    let vms = trace.names().iter().enumerate().map(|(number, name)| {
        let kind = VM_KINDS[number / share];
        let cpu = kind.mips as u32;
        let amounts = (0..SAMPLES).map(|k| u32::from(trace.percent(number, k)) * cpu / 100);
        let mut request = Demand::default();
        (request[0], request[1]) = (u64::from(cpu), kind.ram_mb);
        let usage = Some(Usage::new(STEP, 1, amounts.collect()));
        Vm { usage, ..Vm::steady(name.clone(), 0, None, request) }
    });
    Ok(Traced { vms: vms.collect(), end: SAMPLES as Time * STEP })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_percentages() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a", "b", "c", "d", "e"] {
            let text = if name == "c" { "7\n".repeat(SAMPLES) } else { "100\n".repeat(SAMPLES) };
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let load = planetlab(folder.path()).expect("a trace");
        assert_eq!(load.end, 86_400_000);
        let names: Vec<&str> = load.vms.iter().map(|vm| &vm.name[..]).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
        let cpu: Vec<u64> = load.vms.iter().map(|vm| vm.request[0]).collect();
        assert_eq!(cpu, [2500, 2500, 2000, 2000, 1000], "two of each kind, as far as they go");
        assert_eq!(load.vms[2].uses(299_999), [140, 1740, 0, 0, 0]);
        assert_eq!(load.vms[4].uses(STEP), load.vms[4].request);
        let error = planetlab(&folder.path().join("none")).expect_err("no folder").to_string();
        assert!(error.contains("none"), "{error}");
    }
}
