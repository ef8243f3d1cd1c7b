//! JSON objects with one member per resource: order kept, no member twice.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vmpack_model::Resource;

use super::super::ReadError;

/// Values by the name of their resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named<T>(Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    /// One value per resource, in the order of the resources.
    pub(crate) fn new(resources: &[Resource], values: impl IntoIterator<Item = T>) -> Self {
        Self(resources.iter().map(|resource| resource.name.clone()).zip(values).collect())
    }

    /// Only the resources that have a value.
    pub(crate) fn sparse(
        resources: &[Resource],
        values: impl IntoIterator<Item = Option<T>>,
    ) -> Self {
        let named = resources.iter().zip(values);
        Self(named.filter_map(|(r, value)| Some((r.name.clone(), value?))).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in their order.
    pub(crate) fn into_pairs(self) -> impl Iterator<Item = (String, T)> {
        self.0.into_iter()
    }

    /// The values in the order of the resources, `None` where there is no member.
    pub(crate) fn resolve(
        self,
        field: &str,
        resources: &[Resource],
    ) -> Result<Vec<Option<T>>, ReadError> {
        let mut values: Vec<Option<T>> = resources.iter().map(|_| None).collect();
        for (name, value) in self.0 {
            let index = resources.iter().position(|resource| resource.name == name);
            values[index
                .ok_or_else(|| unknown(field, "resource", &name, resource_names(resources)))?] =
                Some(value);
        }
        Ok(values)
    }

    /// The values in the order of the resources, of which none may be missing.
    pub(crate) fn resolve_all(
        self,
        field: &str,
        resources: &[Resource],
    ) -> Result<Vec<T>, ReadError> {
        let values = self.resolve(field, resources)?;
        values
            .into_iter()
            .zip(resources)
            .map(|(value, resource)| {
                value.ok_or_else(|| ReadError {
                    line: None,
                    field: field.to_owned(),
                    expected: format!("a member for every resource: {}", resource_names(resources)),
                    found: format!("none for {:?}", resource.name),
                })
            })
            .collect()
    }
}

fn resource_names(resources: &[Resource]) -> String {
    list(resources.iter().map(|resource| resource.name.as_str()))
}

/// The first few names, for messages.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = names.take(SHOWN + 1).map(|name| format!("{name:?}")).collect();
    if names.len() > SHOWN {
        "...".clone_into(&mut names[SHOWN]);
    }
    names.join(", ")
}

/// A name that nothing bears.
pub(crate) fn unknown(field: &str, what: &str, name: &str, known: String) -> ReadError {
    let known = if known.is_empty() { "there is none".to_owned() } else { known };
    ReadError {
        line: None,
        field: field.to_owned(),
        expected: format!("the name of a {what} ({known})"),
        found: format!("{name:?}"),
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one member per resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, T)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom(format_args!("the member {name:?} twice")));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Named(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}
