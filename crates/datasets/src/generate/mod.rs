//! Seeded generators: one unit struct per generator, one line in [`GENERATORS`].
//!
//! The same generator, parameters and seed give the same instance on every machine and in every
//! release: the random numbers are a `ChaCha8` stream keyed by generator and seed, every draw is integer
//! arithmetic on 64-bit words, and tests hold the content hashes of some instances. The parameters and
//! the seed are part of the instance's name.

mod allocation_cost;
mod allocation_utility;
mod caprara_toth;
mod covering;
mod cutting_stock;
mod draw;
mod falkenauer_triplets;
mod falkenauer_uniform;
mod flavours;
mod fleet;
mod fleet_correlated;
mod fleet_rules;
mod panigrahy;
mod parameters;
mod planted;
mod prices;

use std::collections::BTreeMap;
use std::fmt;

use vmpack_model::{AnyInstance, Reference, Value};

pub use parameters::{DefaultValue, Parameter, ParameterRange, ParameterSpec, Parameters};

/// A way of making instances.
pub trait Generator: Sync {
    /// The name by which suites and the command call it: lower case, words joined by `-`.
    fn name(&self) -> &'static str;

    /// What it makes, in one sentence.
    fn summary(&self) -> &'static str;

    /// Where the recipe is published: authors, title, year.
    fn reference(&self) -> &'static str;

    /// What can be chosen.
    fn parameters(&self) -> &'static [ParameterSpec];

    /// Makes the instance for parameters that were resolved against [`Generator::parameters`].
    ///
    /// # Errors
    /// If the parameters, each in its range, do not go together.
    fn generate(&self, parameters: &Parameters, seed: u64) -> Result<Generated, GenerateError>;
}

impl fmt::Debug for dyn Generator + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A generated instance and what is known of it by construction.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The instance.
    pub instance: AnyInstance,
    /// Its optimum, where the construction proves one.
    pub reference: Option<Reference>,
}

/// Why a generator makes no instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// There is no generator of that name.
    #[error("there is no generator {name:?}; the generators are {}", known())]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The generator has no such parameter.
    #[error("generator {generator} has no parameter {name:?}; its parameters are {known}")]
    UnknownParameter {
        /// The generator.
        generator: &'static str,
        /// The name given.
        name: String,
        /// The parameters it has.
        known: String,
    },
    /// A parameter is out of its range.
    #[error("generator {generator}, parameter {name}: expected {expected}, found {found}")]
    Range {
        /// The generator.
        generator: &'static str,
        /// The parameter.
        name: &'static str,
        /// The range.
        expected: String,
        /// The value given.
        found: String,
    },
    /// Parameters that do not go together.
    #[error("generator {generator}: {reason}")]
    Combination {
        /// The generator.
        generator: &'static str,
        /// What is wrong with them.
        reason: String,
    },
}

fn known() -> String {
    GENERATORS.iter().map(|generator| generator.name()).collect::<Vec<_>>().join(", ")
}

/// The generators that vmpack knows.
pub const GENERATORS: &[&dyn Generator] = &[
    &caprara_toth::CapraraToth,
    &falkenauer_uniform::FalkenauerUniform,
    &falkenauer_triplets::FalkenauerTriplets,
    &cutting_stock::CuttingStock,
    &panigrahy::Panigrahy,
    &planted::Planted,
    &fleet::Fleet,
    &fleet_correlated::FleetCorrelated,
    &fleet_rules::FleetRules,
    &covering::Covering,
    &allocation_cost::AllocationCost,
    &allocation_utility::AllocationUtility,
];

/// The generator of that name.
pub fn generator(name: &str) -> Option<&'static dyn Generator> {
    GENERATORS.iter().copied().find(|generator| generator.name() == name)
}

/// Makes the instance of the named generator; parameters that are not given have their defaults.
///
/// # Errors
/// See [`GenerateError`].
pub fn generate(
    name: &str,
    given: &BTreeMap<String, Parameter>,
    seed: u64,
) -> Result<Generated, GenerateError> {
    let generator =
        generator(name).ok_or_else(|| GenerateError::Unknown { name: name.to_owned() })?;
    let parameters = Parameters::resolve(generator, given)?;
    let mut generated = generator.generate(&parameters, seed)?;
    let name = format!("{name}{parameters}-s{seed}");
    generated.instance = match generated.instance {
        AnyInstance::Packing(instance) => AnyInstance::Packing(instance.named(name)),
        AnyInstance::Allocation(instance) => AnyInstance::Allocation(instance.named(name)),
    };
    Ok(generated)
}

/// An optimum that the construction proves.
fn by_construction(cost: u64) -> Reference {
    let source = "by construction".to_owned();
    Reference { cost: Value::from(cost), proved: true, lower_bound: None, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generator_works_with_its_defaults_and_depends_on_the_seed() {
        for generator in GENERATORS {
            let name = generator.name();
            let make = |seed| generate(name, &BTreeMap::new(), seed).expect(name).instance;
            let hash = |seed| crate::content_hash(&make(seed));
            assert_eq!(hash(1), hash(1), "{name}");
            assert_ne!(hash(1), hash(2), "{name}");
            assert!(make(3).name().ends_with("-s3"), "{name}");
            assert_eq!(GENERATORS.iter().filter(|other| other.name() == name).count(), 1);
        }
    }

    #[test]
    fn defaults_lie_in_their_ranges() {
        for generator in GENERATORS {
            for spec in generator.parameters() {
                assert_eq!(spec.range.check(&spec.default.into()), Ok(()), "{spec:?}");
            }
        }
    }

    #[test]
    fn wrong_names_and_values_are_answered_with_what_is_right() {
        let error = |name: &str, given: &[(&str, Parameter)]| {
            let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            generate(name, &given.collect(), 0).expect_err("refused").to_string()
        };
        assert!(error("planed", &[]).contains("planted"));
        assert!(error("planted", &[("host", 3.into())]).contains("hosts"));
        let range = error("caprara-toth-2d", &[("class", 11.into())]);
        assert!(range.contains("an integer from 1 to 10, found 11"), "{range}");
        let word = error("allocation-utility", &[("shape", 3.into())]);
        assert!(word.contains("concave"), "{word}");
        assert!(error("falkenauer-triplets", &[("n", 61.into())]).contains("multiple of 3"));
    }
}
