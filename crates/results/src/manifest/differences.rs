//! In what two sessions differ whose records stand side by side.

use std::fmt;

use crate::Manifest;

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
    /// What makes times or answers of two sessions hard to compare: another commit, machine, number of parallel runs or
    /// version of anything.
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
