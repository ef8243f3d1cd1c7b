//! In what two sessions differ whose records stand side by side.

use std::fmt;

use crate::{Calibration, Enforcement, Manifest, Means};

/// How a sentence of a manifest begins that says in what its records differ.
pub const UNLIKE: &str = "Not all records are alike: ";

/// What two manifests do not have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs: `commit`, `the machine`, the name of a backend.
    pub what: String,
    /// In the first.
    pub first: String,
    /// In the second.
    pub second: String,
}

impl fmt::Display for Difference {
    /// A sentence for [`Manifest::missing`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, first, second } = self;
        write!(f, "{UNLIKE}some were made with {what} {first}, others with {second}.")
    }
}

impl Manifest {
    /// What makes times or answers of two sessions hard to compare: another commit, machine, number of parallel runs, way
    /// of confining runs or version of anything, or the same machine at another speed.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let none = || "none".to_owned();
        let mut pairs = vec![
            ("commit".to_owned(), self.commit.clone(), other.commit.clone()),
            ("the machine".to_owned(), self.described(), other.described()),
            (
                "a number of parallel runs of".to_owned(),
                self.jobs.to_string(),
                other.jobs.to_string(),
            ),
        ];
        let pinned = |of: &Self| if of.pinned.is_empty() { "any core" } else { "own cores" };
        pairs.push(("runs on".to_owned(), pinned(self).to_owned(), pinned(other).to_owned()));
        if let (Some(first), Some(second)) = (&self.enforcement, &other.enforcement) {
            let means = |of: &Enforcement| match of.memory {
                Means::CgroupV2 | Means::CgroupV1 => "cgroups".to_owned(),
                Means::Rlimits => "rlimits".to_owned(),
            };
            pairs.push(("memory limits by".to_owned(), means(first), means(second)));
        }
        if let (Some(first), Some(second)) = (&self.calibration, &other.calibration)
            && (first.score / second.score - 1.0).abs() > Calibration::STEADY
        {
            let score = |of: &Calibration| format!("{:.1}", of.score);
            pairs.push(("a calibrated speed of".to_owned(), score(first), score(second)));
        }
        for (name, version) in &self.versions {
            let second = other.versions.get(name).cloned().unwrap_or_else(none);
            pairs.push((name.clone(), version.clone(), second));
        }
        for (name, version) in &other.versions {
            if !self.versions.contains_key(name) {
                pairs.push((name.clone(), none(), version.clone()));
            }
        }
        pairs.retain(|(_, first, second)| first != second);
        pairs.into_iter().map(|(what, first, second)| Difference { what, first, second }).collect()
    }

    /// The machine in words.
    fn described(&self) -> String {
        let machine = &self.machine;
        format!("{} x {:?} on {:?}", machine.cores, machine.cpu, machine.system)
    }
}
