//! The methods that an experiment may name.

use vmpack_model::{Family, Kind, Registry};

use crate::family::{self, Measurable, Visit};
use crate::names::suggestion;
use crate::plan::LoadedInstance;

/// What the harness knows of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MethodInfo {
    /// The id.
    pub name: &'static str,
    /// The family whose instances it solves.
    pub family: Family,
    /// The kind.
    pub kind: Kind,
    /// Whether its answer depends on the seed.
    pub randomised: bool,
}

/// A method that the project has, but this build does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingMethod {
    /// The id.
    pub name: String,
    /// The family whose instances it would solve.
    pub family: Family,
    /// The kind.
    pub kind: Kind,
    /// Why it is missing, in words that follow `because`.
    pub reason: String,
}

/// The methods of this build, and those that it lacks.
#[derive(Clone, Copy, Debug)]
pub struct Methods<'a> {
    /// The methods of this build.
    pub registry: &'a Registry,
    /// The methods that it lacks: naming one of them is no error, but reported.
    pub missing: &'a [MissingMethod],
}

/// The methods that one entry of an experiment means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) present: Vec<MethodInfo>,
    /// One sentence for each that is not part of this build.
    pub(crate) missing: Vec<String>,
}

impl Methods<'_> {
    /// All methods of this build, packing first, in the order of the registry.
    pub fn all(&self) -> Vec<MethodInfo> {
        fn of<P: Measurable>(registry: &Registry) -> impl Iterator<Item = MethodInfo> {
            P::methods(registry).iter().map(|method| MethodInfo {
                name: method.name(),
                family: P::FAMILY,
                kind: method.kind(),
                randomised: method.randomised(),
            })
        }
        of::<vmpack_model::packing::Packing>(self.registry)
            .chain(of::<vmpack_model::allocation::Allocation>(self.registry))
            .collect()
    }

    /// The methods that an entry of an experiment means: an id, `*`, `kind:` with the name of a kind, or
    /// `family:` with the name of a family. The error says what is unknown and what was likely meant.
    pub(crate) fn select(&self, entry: &str) -> Result<Selection, String> {
        let is_meant = |name: &str, family: Family, kind: Kind| match entry.split_once(':') {
            Some(("kind", meant)) => kind.to_string() == meant,
            Some(("family", meant)) => family.to_string() == meant,
            _ => entry == "*" || entry == name,
        };
        let all = self.all();
        let present: Vec<MethodInfo> =
            all.iter().copied().filter(|m| is_meant(m.name, m.family, m.kind)).collect();
        let missing: Vec<String> = self
            .missing
            .iter()
            .filter(|method| is_meant(&method.name, method.family, method.kind))
            .map(MissingMethod::sentence)
            .collect();
        if present.is_empty() && missing.is_empty() {
            let selectors = all
                .iter()
                .flat_map(|m| [format!("kind:{}", m.kind), format!("family:{}", m.family)])
                .collect::<std::collections::BTreeSet<_>>();
            let known = all
                .iter()
                .map(|method| method.name)
                .chain(self.missing.iter().map(|method| method.name.as_str()))
                .chain(selectors.iter().map(String::as_str));
            return Err(format!("there is no method {entry:?}: {}", suggestion(entry, known)));
        }
        Ok(Selection { present, missing })
    }

    /// Whether the method takes the instance; the method's reason if not.
    pub(crate) fn supports(
        &self,
        method: &MethodInfo,
        instance: &LoadedInstance,
    ) -> Result<(), String> {
        struct Supports<'a>(&'a Registry, &'a str);
        impl Visit for Supports<'_> {
            type Output = Result<(), String>;
            fn visit<P: Measurable>(self, instance: &P::Instance) -> Self::Output {
                let method = family::method::<P>(self.0, self.1)
                    .ok_or_else(|| format!("solves no {} instances", P::FAMILY))?;
                method.supports(instance).map_err(|reason| reason.to_string())
            }
        }
        family::visit(&instance.instance, Supports(self.registry, method.name))
    }
}

impl MissingMethod {
    pub(crate) fn sentence(&self) -> String {
        format!("The method {} is missing, because {}.", self.name, self.reason)
    }
}
