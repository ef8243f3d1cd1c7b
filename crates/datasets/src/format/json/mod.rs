//! vmpack's own JSON: everything that either family has, with names and units, versioned.

mod allocation;
mod layout;
mod named;
mod packing;
mod rules;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vmpack_model::AnyInstance;

pub(crate) use self::named::{Named, list, unknown};

use self::allocation::AllocationFile;
use self::packing::PackingFile;
use super::text::utf8;
use super::{Format, ReadError, WriteError};

/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

/// JSON with the members `format`, `version` and `family`, and then what the family needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn description(&self) -> &'static str {
        "vmpack's own: both families, named resources with units, priced hosts, alternatives, placement rules, services"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn recognises(&self, content: &[u8]) -> bool {
        let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
        content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
    }

    fn read(&self, content: &[u8], _: &str) -> Result<AnyInstance, ReadError> {
        let text = utf8(content)?;
        let family = read_header(text, "vmpack-instance", VERSION)?;
        match family {
            FamilyName::Packing => {
                let file: PackingFile = parse(text)?;
                file.into_instance().map(AnyInstance::Packing)
            }
            FamilyName::Allocation => {
                let file: AllocationFile = parse(text)?;
                file.into_instance().map(AnyInstance::Allocation)
            }
        }
    }

    fn writes(&self) -> bool {
        true
    }

    fn write(&self, instance: &AnyInstance) -> Result<String, WriteError> {
        let file = match instance {
            AnyInstance::Packing(instance) => {
                InstanceFile::Packing(PackingFile::from_instance(instance))
            }
            AnyInstance::Allocation(instance) => {
                InstanceFile::Allocation(AllocationFile::from_instance(instance))
            }
        };
        Ok(to_text(&file))
    }
}

/// An instance of either family, version 1.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum InstanceFile {
    Packing(PackingFile),
    Allocation(AllocationFile),
}

/// The name of the format.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
enum InstanceTag {
    #[default]
    #[serde(rename = "vmpack-instance")]
    Instance,
}

/// The version of the format: 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
struct Version(#[schemars(range(min = 1, max = 1))] u64);

impl Default for Version {
    fn default() -> Self {
        Self(VERSION)
    }
}

/// A problem family, as files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FamilyName {
    Packing,
    Allocation,
}

/// Checks the members that say what a file is, before anything else is looked at, so that a newer
/// version or another kind of file is called that and not a file with unknown fields.
pub(crate) fn read_header(text: &str, tag: &str, version: u64) -> Result<FamilyName, ReadError> {
    #[derive(Deserialize)]
    struct Header {
        format: String,
        version: u64,
        family: FamilyName,
    }
    let header: Header = parse(text)?;
    let wrong = |field: &str, expected: String, found: String| ReadError {
        line: None,
        field: field.to_owned(),
        expected,
        found,
    };
    if header.format != tag {
        return Err(wrong("format", format!("{tag:?}"), format!("{:?}", header.format)));
    }
    if header.version != version {
        return Err(wrong("version", version.to_string(), header.version.to_string()));
    }
    Ok(header.family)
}

/// Parses a whole document into an external type; errors name line and field.
pub(crate) fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        json_error(error.inner(), &path)
    })?;
    deserializer.end().map_err(|error| json_error(&error, "."))?;
    Ok(value)
}

fn json_error(error: &serde_json::Error, path: &str) -> ReadError {
    // The position is part of the message, but belongs before it.
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    ReadError {
        line: Some(error.line().max(1)),
        field: if path == "." { "the document".to_owned() } else { path.to_owned() },
        expected: "a document of the published schema".to_owned(),
        found: message.to_owned(),
    }
}

/// Text with indented lines and a final line break.
pub(crate) fn to_text(value: &impl Serialize) -> String {
    let compact = serde_json::to_string(value)
        .expect("external types have string keys and no failing serialiser");
    layout::lay_out(&compact) + "\n"
}

/// The JSON Schema (2020-12) of instance files, as published in `schema/instance.schema.json`.
pub fn instance_schema() -> String {
    let mut schema = schemars::schema_for!(InstanceFile);
    schema.insert("title".to_owned(), "vmpack instance".into());
    to_text(&schema)
}
