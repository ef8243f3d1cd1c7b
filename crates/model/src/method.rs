//! The registry entry of a solver.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::allocation::Allocation;
use crate::packing::Packing;
use crate::{Budget, Observer, Outcome, Problem};

/// The kinds of method that vmpack compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Constructive rules that never take a decision back.
    Greedy,
    /// Dynamic programs.
    DynamicProgramming,
    /// Linear and mixed-integer programs handed to a solver.
    LinearProgramming,
    /// Column generation over host patterns, with or without a search tree.
    ColumnGeneration,
    /// Searches that improve a placement step by step.
    LocalSearch,
    /// Programs from outside the project, of whatever kind: contenders.
    External,
    /// Policies that replays run under.
    Policy,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greedy => "greedy",
            Self::DynamicProgramming => "dynamic-programming",
            Self::LinearProgramming => "linear-programming",
            Self::ColumnGeneration => "column-generation",
            Self::LocalSearch => "local-search",
            Self::External => "external",
            Self::Policy => "policy",
        })
    }
}

/// Why a method does not take an instance: one sentence for a user, for example
/// `needs one resource, the instance has 3`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(pub String);

/// A way of solving instances of one family: one unit struct in one file, one line in its crate's array.
pub trait Method<P: Problem>: Sync {
    /// The id used everywhere: in experiment files, records, tables and plots. Lower case, words joined
    /// by `-`, as the literature abbreviates it, for example `ffd-l2`.
    fn name(&self) -> &'static str;

    /// Which kind of method it is.
    fn kind(&self) -> Kind;

    /// What it does, in one sentence.
    fn summary(&self) -> &'static str;

    /// Where it is published: authors, title, year, section.
    fn reference(&self) -> &'static str;

    /// Whether [`Method::solve`] may be called on the instance, as far as its shape and size go; callers ask
    /// [`Method::accepts`].
    ///
    /// # Errors
    /// The reason why not.
    fn supports(&self, instance: &P::Instance) -> Result<(), Unsupported>;

    /// The kinds of rule that its answers keep, of those that [`Problem::rules`] names; none unless it says so.
    fn keeps(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether [`Method::solve`] may be called on the instance: it knows all its rules, and
    /// [`Method::supports`] its shape.
    ///
    /// # Errors
    /// The reason why not.
    fn accepts(&self, instance: &P::Instance) -> Result<(), Unsupported> {
        let unknown: Vec<_> =
            P::rules(instance).into_iter().filter(|rule| !self.keeps().contains(rule)).collect();
        if unknown.is_empty() {
            return self.supports(instance);
        }
        Err(Unsupported(format!("does not keep rules of the kind {}", unknown.join(", "))))
    }

    /// Whether the answer depends on the seed of the budget. Methods that do not are run once.
    fn randomised(&self) -> bool {
        false
    }

    /// Solves a supported instance within the budget, telling the observer of every improvement.
    fn solve(
        &self,
        instance: &P::Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<P>;
}

impl<P: Problem> fmt::Debug for dyn Method<P> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The methods that the program knows, by family: handed down from the command, so that the harness
/// depends on no solver.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Methods of the packing family.
    pub packing: Vec<&'static dyn Method<Packing>>,
    /// Methods of the allocation family.
    pub allocation: Vec<&'static dyn Method<Allocation>>,
}
