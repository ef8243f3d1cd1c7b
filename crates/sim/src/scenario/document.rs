//! The file as sections, each of which is read by its own part.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A section, ready to be read.
pub(super) type Section<'t> = ValueDeserializer<'t>;

/// Why a file is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("{}: cannot read the scenario: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not written as scenarios are, or a value is out of range.
    #[error("{}{}: {message}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1; none if a change from outside is at fault.
        line: Option<usize>,
        /// The section, the field, what was expected and what was found.
        message: String,
    },
}

/// The span of what does not stand in the file.
const OUTSIDE: Range<usize> = usize::MAX..usize::MAX;

/// Where the sections of a file stand, for messages.
#[derive(Clone, Debug)]
pub(super) struct Places {
    path: PathBuf,
    /// Each section of the file and its line.
    sections: Vec<(String, usize)>,
}

impl Places {
    /// The folder that paths in the file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// That a section says something that cannot be.
    pub(super) fn wrong(&self, section: &str, message: impl std::fmt::Display) -> ScenarioError {
        let place = self.sections.iter().find(|(name, _)| name == section);
        self.invalid(place.map(|&(_, line)| line), format!("[{section}]: {message}"))
    }

    fn invalid(&self, line: Option<usize>, message: String) -> ScenarioError {
        ScenarioError::Invalid { path: self.path.clone(), line, message }
    }
}

/// A scenario file whose sections are taken one after the other.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    table: DeTable<'t>,
    pub(super) places: Places,
}

impl<'t> Document<'t> {
    /// The text of a file, with changes that replace fields or add them.
    pub(super) fn new(
        path: &Path,
        text: &'t str,
        changes: &'t [String],
    ) -> Result<Self, ScenarioError> {
        let places = Places { path: path.to_owned(), sections: Vec::new() };
        let mut document = Self { text, table: DeTable::new(), places };
        let parsed = DeTable::parse(text).map_err(|error| document.malformed(None, &error))?;
        document.table = parsed.into_inner();
        let sections = document.table.iter().map(|(name, _)| {
            (name.get_ref().to_string(), document.line(name.span().start).unwrap_or(1))
        });
        document.places.sections = sections.collect();
        for change in changes {
            document.change(change).map_err(|reason| {
                document.places.invalid(None, format!("{change:?}: expected {reason}"))
            })?;
        }
        Ok(document)
    }

    fn change(&mut self, change: &'t str) -> Result<(), &'static str> {
        let (place, value) = change.split_once('=').ok_or("SECTION.FIELD=VALUE")?;
        let (section, field) = place.split_once('.').ok_or("SECTION.FIELD=VALUE")?;
        // A word that is no TOML value is a text.
        let value = DeValue::parse(value)
            .map_or_else(|_| DeValue::String(value.into()), Spanned::into_inner);
        let outside = |name: &'t str| Spanned::new(OUTSIDE, name.into());
        let empty = || Spanned::new(OUTSIDE, DeValue::Table(DeTable::new()));
        let entry = self.table.entry(outside(section)).or_insert_with(empty);
        let DeValue::Table(fields) = entry.get_mut() else { return Err("the name of a section") };
        fields.insert(outside(field), Spanned::new(OUTSIDE, value));
        Ok(())
    }

    /// A section that there must be.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ScenarioError> {
        let absent = || self.places.invalid(Some(1), format!("expected a section [{name}]"));
        let section = self.table.remove(name).ok_or_else(absent)?;
        T::deserialize(Section::from(section)).map_err(|e| self.malformed(Some(name), &e))
    }

    /// A section that may be left out.
    pub(super) fn take_or_default<T: DeserializeOwned + Default>(
        &mut self,
        name: &str,
    ) -> Result<T, ScenarioError> {
        if self.table.contains_key(name) { self.take(name) } else { Ok(T::default()) }
    }

    /// A section as it stands, if it is there.
    pub(super) fn section(&mut self, name: &str) -> Option<Section<'t>> {
        self.table.remove(name).map(Section::from)
    }

    /// That all sections were taken, of which these may follow the first three.
    pub(super) fn finish<'n>(
        &self,
        parts: impl Iterator<Item = &'n str>,
    ) -> Result<(), ScenarioError> {
        let Some((name, _)) = self.table.iter().next() else { return Ok(()) };
        let first = ["cluster", "workload", "placement"];
        let known: Vec<&str> = first.into_iter().chain(parts).collect();
        let message =
            format!("there is no section [{}]: they are {}", name.get_ref(), known.join(", "));
        Err(self.places.invalid(self.line(name.span().start), message))
    }

    /// That a section, or the whole, is not written as it should be.
    pub(super) fn malformed(
        &self,
        section: Option<&str>,
        error: &toml::de::Error,
    ) -> ScenarioError {
        let line = error.span().and_then(|span| self.line(span.start));
        let section = section.map(|name| format!("[{name}]: ")).unwrap_or_default();
        self.places.invalid(line, format!("{section}{}", error.message()))
    }

    /// The line of a place in the text, from 1.
    fn line(&self, at: usize) -> Option<usize> {
        Some(1 + self.text.get(..at)?.matches('\n').count())
    }
}
