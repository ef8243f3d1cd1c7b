//! The scenarios that ship with the program: a trace `scenario:NAME`.

/// How their names begin.
const PREFIX: &str = "scenario:";

/// Name and text of every scenario that ships.
pub(crate) const SCENARIOS: &[(&str, &str)] = &[
    ("allotments", include_str!("../datasets/scenarios/allotments.toml")),
    ("balancing", include_str!("../datasets/scenarios/balancing.toml")),
    ("consolidation", include_str!("../datasets/scenarios/consolidation.toml")),
    ("day", include_str!("../datasets/scenarios/day.toml")),
    ("edge", include_str!("../datasets/scenarios/edge.toml")),
    ("faults", include_str!("../datasets/scenarios/faults.toml")),
    ("faults-lossy", include_str!("../datasets/scenarios/faults-lossy.toml")),
    ("interference", include_str!("../datasets/scenarios/interference.toml")),
    ("isolation", include_str!("../datasets/scenarios/isolation.toml")),
    ("monitored", include_str!("../datasets/scenarios/monitored.toml")),
];

/// The name in a trace `scenario:NAME`.
pub(crate) fn name(trace: &str) -> Option<&str> {
    trace.strip_prefix(PREFIX)
}

/// The text of a scenario.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|&(_, text)| text)
}
