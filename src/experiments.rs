//! The experiments that ship with the program, known by name.

/// Name and text of every experiment file that ships.
pub(crate) const EXPERIMENTS: &[(&str, &str)] = &[
    ("allotments", include_str!("../benches/experiments/allotments.toml")),
    ("azure-lifetime", include_str!("../benches/experiments/azure-lifetime.toml")),
    ("comparison", include_str!("../benches/experiments/comparison.toml")),
    ("consolidation", include_str!("../benches/experiments/consolidation.toml")),
    ("demo", include_str!("../benches/experiments/demo.toml")),
    ("edge", include_str!("../benches/experiments/edge.toml")),
    ("exact-1d", include_str!("../benches/experiments/exact-1d.toml")),
    ("exact-variable", include_str!("../benches/experiments/exact-variable.toml")),
    ("exact-vector", include_str!("../benches/experiments/exact-vector.toml")),
    ("faults", include_str!("../benches/experiments/faults.toml")),
    ("fleet-rules", include_str!("../benches/experiments/fleet-rules.toml")),
    ("fleet-scale", include_str!("../benches/experiments/fleet-scale.toml")),
    ("fleet-vectorpack", include_str!("../benches/experiments/fleet-vectorpack.toml")),
    ("interference", include_str!("../benches/experiments/interference.toml")),
    ("monitoring", include_str!("../benches/experiments/monitoring.toml")),
    ("open-vector", include_str!("../benches/experiments/open-vector.toml")),
    ("planetlab-cloudsim303", include_str!("../benches/experiments/planetlab-cloudsim303.toml")),
    ("planetlab-corrected", include_str!("../benches/experiments/planetlab-corrected.toml")),
    ("queueing", include_str!("../benches/experiments/queueing.toml")),
    ("reference", include_str!("../benches/experiments/reference.toml")),
    ("smoke-subset", include_str!("../benches/experiments/smoke-subset.toml")),
    ("tiny", include_str!("../benches/experiments/tiny.toml")),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use vmpack_harness::{Experiment, Methods, Plan, PlanError};
    use vmpack_model::Registry;
    use vmpack_sim::consolidation::Policy;

    use super::*;
    use crate::cmd::replay::Simulators;

    #[test]
    fn the_reference_report_is_of_its_experiment() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/reference");
        let manifest = vmpack_results::read_manifest(&folder).expect("its manifest");
        let (name, text) =
            EXPERIMENTS.iter().find(|(name, _)| *name == "reference").expect("it ships");
        let experiment = Experiment::parse(Path::new(name), text).expect("valid");
        assert_eq!(manifest.experiment_hash, experiment.hash, "run `cargo xtask reference`");
        assert!(folder.join("report.html").is_file());
    }

    #[test]
    fn replays_that_ship_are_accepted() {
        let registry = Registry { packing: Vec::new(), allocation: Vec::new() };
        let methods = Methods { registry: &registry, missing: &[], simulator: &Simulators };
        let mut replays = 0;
        for (name, text) in EXPERIMENTS {
            let mut experiment = Experiment::parse(Path::new(name), text).expect("valid");
            experiment.blocks.clear();
            replays += experiment.replays.len();
            // Without their trace, policies of load are not asked about.
            let of_load =
                experiment.replays.iter().filter(|b| b.traces[0].text.starts_with("planet"));
            for policy in of_load.flat_map(|block| &block.policies) {
                assert!(Policy::named(&policy.text).is_some(), "{}: {}", policy.place, policy.text);
            }
            match Plan::new(experiment, &methods, Path::new("/absent")) {
                Ok(_) | Err(PlanError::Empty { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert!(replays >= 10, "{replays}");
    }
}
