//! Parameters of generators: named, with defaults and ranges.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{GenerateError, Generator};

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged, expecting = "an integer or a word")]
pub enum Parameter {
    /// A number.
    Integer(i64),
    /// A choice.
    Word(String),
}

impl Parameter {
    /// The value that somebody typed: a number if it is one, else a word.
    pub fn from_text(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Word(text.to_owned()), Self::Integer)
    }
}

impl From<i64> for Parameter {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Parameter {
    fn from(value: &str) -> Self {
        Self::Word(value.to_owned())
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => fmt::Display::fmt(value, f),
            Self::Word(value) => f.write_str(value),
        }
    }
}

/// A parameter that a generator takes.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSpec {
    /// The name.
    pub name: &'static str,
    /// What it is, in a few words, with its unit.
    pub description: &'static str,
    /// The value if none is given.
    pub default: DefaultValue,
    /// Which values it may have.
    pub range: ParameterRange,
}

/// The value of a parameter if none is given: a [`Parameter`] that can be a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// A number.
    Integer(i64),
    /// A choice.
    Word(&'static str),
}

impl From<DefaultValue> for Parameter {
    fn from(value: DefaultValue) -> Self {
        match value {
            DefaultValue::Integer(value) => value.into(),
            DefaultValue::Word(value) => value.into(),
        }
    }
}

impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Parameter::from(*self).fmt(f)
    }
}

/// The values that a parameter may have.
#[derive(Clone, Copy, Debug)]
pub enum ParameterRange {
    /// Integers between two bounds, both included.
    Integers {
        /// The least value.
        least: i64,
        /// The greatest value.
        greatest: i64,
    },
    /// One of a few words.
    Words {
        /// The words.
        choices: &'static [&'static str],
    },
}

impl ParameterRange {
    /// Whether the value lies in the range.
    ///
    /// # Errors
    /// What was expected.
    pub fn check(&self, value: &Parameter) -> Result<(), String> {
        let inside = match (self, value) {
            (Self::Integers { least, greatest }, Parameter::Integer(value)) => {
                (least..=greatest).contains(&value)
            }
            (Self::Words { choices }, Parameter::Word(value)) => choices.contains(&value.as_str()),
            _ => false,
        };
        if inside { Ok(()) } else { Err(self.to_string()) }
    }
}

impl fmt::Display for ParameterRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integers { least, greatest } => {
                write!(f, "an integer from {least} to {greatest}")
            }
            Self::Words { choices } => write!(f, "one of {}", choices.join(", ")),
        }
    }
}

/// An integer parameter.
pub(super) const fn integer(
    name: &'static str,
    description: &'static str,
    default: i64,
    (least, greatest): (i64, i64),
) -> ParameterSpec {
    let default = DefaultValue::Integer(default);
    ParameterSpec {
        name,
        description,
        default,
        range: ParameterRange::Integers { least, greatest },
    }
}

/// A choice among words, of which the first is the default.
pub(super) const fn word(
    name: &'static str,
    description: &'static str,
    choices: &'static [&'static str],
) -> ParameterSpec {
    let default = DefaultValue::Word(choices[0]);
    ParameterSpec { name, description, default, range: ParameterRange::Words { choices } }
}

/// A value for every parameter of a generator, each in its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters(Vec<(&'static str, Parameter)>);

impl Parameters {
    /// The given values, and defaults for the others.
    ///
    /// # Errors
    /// If a parameter is unknown or out of its range.
    pub fn resolve(
        generator: &dyn Generator,
        given: &BTreeMap<String, Parameter>,
    ) -> Result<Self, GenerateError> {
        let specs = generator.parameters();
        if let Some(name) = given.keys().find(|name| specs.iter().all(|spec| spec.name != **name)) {
            let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
            return Err(GenerateError::UnknownParameter {
                generator: generator.name(),
                name: name.clone(),
                known: known.join(", "),
            });
        }
        let value = |spec: &ParameterSpec| {
            let value = given.get(spec.name).cloned().unwrap_or_else(|| spec.default.into());
            match spec.range.check(&value) {
                Ok(()) => Ok((spec.name, value)),
                Err(expected) => Err(GenerateError::Range {
                    generator: generator.name(),
                    name: spec.name,
                    expected,
                    found: value.to_string(),
                }),
            }
        };
        specs.iter().map(value).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> &Parameter {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.expect("generators ask for parameters that they declare").1
    }

    /// The value of an integer parameter.
    ///
    /// # Panics
    /// If the generator has no such parameter.
    pub fn signed(&self, name: &str) -> i64 {
        match self.get(name) {
            Parameter::Integer(value) => *value,
            Parameter::Word(_) => unreachable!("the range of {name} is integer"),
        }
    }

    /// The value of an integer parameter whose range has no negative numbers.
    ///
    /// # Panics
    /// If the generator has no such parameter.
    pub fn integer(&self, name: &str) -> u64 {
        u64::try_from(self.signed(name)).expect("the range has no negative numbers")
    }

    /// The value of a parameter that is a choice of words.
    ///
    /// # Panics
    /// If the generator has no such parameter.
    pub fn word(&self, name: &str) -> &str {
        match self.get(name) {
            Parameter::Word(value) => value,
            Parameter::Integer(_) => unreachable!("the range of {name} is words"),
        }
    }
}

/// The parameters as they stand in the names of instances: `-class1-n25`.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Parameter::Integer(value) => write!(f, "-{name}{value}")?,
                Parameter::Word(value) => write!(f, "-{value}")?,
            }
        }
        Ok(())
    }
}
