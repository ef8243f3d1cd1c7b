//! The experiments that ship with the program, known by name.

/// Name and text of every experiment file that ships.
pub(crate) const EXPERIMENTS: &[(&str, &str)] = &[
    ("allotments", include_str!("../benches/experiments/allotments.toml")),
    ("azure-lifetime", include_str!("../benches/experiments/azure-lifetime.toml")),
    ("comparison", include_str!("../benches/experiments/comparison.toml")),
    ("demo", include_str!("../benches/experiments/demo.toml")),
    ("exact-1d", include_str!("../benches/experiments/exact-1d.toml")),
    ("exact-variable", include_str!("../benches/experiments/exact-variable.toml")),
    ("exact-vector", include_str!("../benches/experiments/exact-vector.toml")),
    ("faults", include_str!("../benches/experiments/faults.toml")),
    ("fleet-rules", include_str!("../benches/experiments/fleet-rules.toml")),
    ("fleet-scale", include_str!("../benches/experiments/fleet-scale.toml")),
    ("fleet-vectorpack", include_str!("../benches/experiments/fleet-vectorpack.toml")),
    ("open-vector", include_str!("../benches/experiments/open-vector.toml")),
    ("planetlab-cloudsim303", include_str!("../benches/experiments/planetlab-cloudsim303.toml")),
    ("planetlab-corrected", include_str!("../benches/experiments/planetlab-corrected.toml")),
    ("queueing", include_str!("../benches/experiments/queueing.toml")),
    ("smoke-subset", include_str!("../benches/experiments/smoke-subset.toml")),
    ("tiny", include_str!("../benches/experiments/tiny.toml")),
];
