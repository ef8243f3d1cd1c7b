//! The file as sections, each of which is read by its own part.

use std::borrow::Cow;
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

/// Where the text ends for sure: the span of what the n-th change says is this and n more.
const OUTSIDE: usize = usize::MAX / 2;

/// Where sections and their fields stand, for messages.
#[derive(Clone, Debug)]
pub(super) struct Places {
    path: PathBuf,
    /// Each section with its fields: the name, empty of the section itself, and where it stands.
    sections: Vec<(String, Vec<(String, Place)>)>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In a line of the file, from 1.
    Line(usize),
    /// In a change from outside, which this is.
    Change(String),
    Unknown,
}

impl Places {
    /// The folder that paths in the file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// That a section says something that cannot be; a message about a field begins with its name.
    pub(super) fn wrong(&self, section: &str, message: impl std::fmt::Display) -> ScenarioError {
        let message = message.to_string();
        let field = message.split([':', '.', '[']).next().unwrap_or_default();
        let fields = self.sections.iter().find(|(name, _)| name == section).map(|(_, of)| of);
        let find = |name: &str| fields?.iter().find(|(field, _)| field == name);
        let place = find(field).or_else(|| find("")).map(|(_, place)| place.clone());
        self.invalid(place.unwrap_or(Place::Unknown), format!("[{section}]: {message}"))
    }

    fn invalid(&self, place: Place, message: String) -> ScenarioError {
        let path = self.path.clone();
        match place {
            Place::Line(line) => ScenarioError::Invalid { path, line: Some(line), message },
            Place::Change(change) => {
                let message = format!("{change:?}: {message}");
                ScenarioError::Invalid { path, line: None, message }
            }
            Place::Unknown => ScenarioError::Invalid { path, line: None, message },
        }
    }
}

/// A scenario file whose sections are taken one after the other.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    changes: &'t [String],
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
        let mut document = Self { text, changes, table: DeTable::new(), places };
        let parsed = DeTable::parse(text).map_err(|error| document.malformed(None, &error))?;
        document.table = parsed.into_inner();
        for (number, change) in changes.iter().enumerate() {
            let place = |change: &'t String| change.split_once('=').map(|(place, _)| place);
            let before = &changes[..number];
            if let Some(other) = before.iter().find(|other| place(other) == place(change)) {
                let message = format!("{change:?}: expected each field once, found {other:?} too");
                return Err(document.places.invalid(Place::Unknown, message));
            }
            document.change(change, OUTSIDE + number).map_err(|reason| {
                let message = format!("{change:?}: expected {reason}");
                document.places.invalid(Place::Unknown, message)
            })?;
        }
        document.places.sections = document.sections();
        Ok(document)
    }

    /// Where every section and field stands.
    fn sections(&self) -> Vec<(String, Vec<(String, Place)>)> {
        let of = |(name, section): (&Spanned<Cow<'t, str>>, &Spanned<DeValue<'t>>)| {
            let fields = section.get_ref().as_table().into_iter().flatten();
            let fields = fields.map(|(field, value)| {
                (field.get_ref().to_string(), self.place(value.span().start))
            });
            let itself = (String::new(), self.place(name.span().start));
            (name.get_ref().to_string(), std::iter::once(itself).chain(fields).collect())
        };
        self.table.iter().map(of).collect()
    }

    fn change(&mut self, change: &'t str, at: usize) -> Result<(), &'static str> {
        let (place, value) = change.split_once('=').ok_or("SECTION.FIELD=VALUE")?;
        let (section, field) = place.split_once('.').ok_or("SECTION.FIELD=VALUE")?;
        // A word that is no TOML value is a text.
        let value = DeValue::parse(value)
            .map_or_else(|_| DeValue::String(value.into()), Spanned::into_inner);
        let empty = || Spanned::new(at..at, DeValue::Table(DeTable::new()));
        let entry = self.table.entry(Spanned::new(at..at, section.into())).or_insert_with(empty);
        let DeValue::Table(fields) = entry.get_mut() else { return Err("the name of a section") };
        let field = Spanned::new(at..at, field.into());
        // The name must not keep its place in the file.
        fields.remove(&field);
        fields.insert(field, outside(at, value));
        Ok(())
    }

    /// A section that there must be.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ScenarioError> {
        let message = || format!("expected a section [{name}]");
        let absent = || self.places.invalid(Place::Line(1), message());
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
        Err(self.places.invalid(self.place(name.span().start), message))
    }

    /// That a section, or the whole, is not written as it should be.
    pub(super) fn malformed(
        &self,
        section: Option<&str>,
        error: &toml::de::Error,
    ) -> ScenarioError {
        let place = error.span().map_or(Place::Unknown, |span| self.place(span.start));
        let section = section.map(|name| format!("[{name}]: ")).unwrap_or_default();
        self.places.invalid(place, format!("{section}{}", error.message()))
    }

    /// Where a span begins.
    fn place(&self, at: usize) -> Place {
        let change = at.checked_sub(OUTSIDE).and_then(|number| self.changes.get(number));
        match (self.text.get(..at), change) {
            (Some(before), _) => Place::Line(1 + before.matches('\n').count()),
            (None, Some(change)) => Place::Change(change.clone()),
            (None, None) => Place::Unknown,
        }
    }
}

/// A value of a change, which stands nowhere in the file; nor does what it consists of.
fn outside(at: usize, value: DeValue<'_>) -> Spanned<DeValue<'_>> {
    let value = match value {
        DeValue::Array(items) => {
            DeValue::Array(items.into_iter().map(|item| outside(at, item.into_inner())).collect())
        }
        DeValue::Table(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                (Spanned::new(at..at, name.into_inner()), outside(at, value.into_inner()))
            });
            DeValue::Table(fields.collect())
        }
        other => other,
    };
    Spanned::new(at..at, value)
}
