//! The methods that an experiment may name.

use std::path::Path;
use std::sync::Arc;

use vmpack_datasets::suggestion;
use vmpack_model::{Family, Kind, Registry};

use crate::family::{self, Measurable, Visit};
use crate::plan::LoadedInstance;
use crate::{Contender, Simulator};

/// What the harness knows of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodInfo {
    /// The id.
    pub name: String,
    /// The family whose instances it solves.
    pub family: Family,
    /// The kind.
    pub kind: Kind,
    /// Whether its answer depends on the seed.
    pub randomised: bool,
    /// The contender that it is, with its version; `None` for a method of the registry.
    pub contender: Option<Arc<Contender>>,
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

/// The methods of this build, those that it lacks, and what replays traces.
#[derive(Clone, Copy, Debug)]
pub struct Methods<'a> {
    /// The methods of this build.
    pub registry: &'a Registry,
    /// The methods that it lacks: naming one of them is no error, but reported.
    pub missing: &'a [MissingMethod],
    /// What replays traces.
    pub simulator: &'a dyn Simulator,
}

/// The methods that one entry of an experiment means.
#[derive(Clone, Debug, Default, PartialEq)]
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
                name: method.name().to_owned(),
                family: P::FAMILY,
                kind: method.kind(),
                randomised: method.randomised(),
                contender: None,
            })
        }
        of::<vmpack_model::packing::Packing>(self.registry)
            .chain(of::<vmpack_model::allocation::Allocation>(self.registry))
            .collect()
    }

    /// The methods that an entry of an experiment means: an id, `*`, `kind:` with the name of a kind,
    /// `family:` with the name of a family, or the path of a contender's file, which starts from
    /// `folder`. The error says what is unknown and what was likely meant.
    pub(crate) fn select(&self, entry: &str, folder: &Path) -> Result<Selection, String> {
        if Path::new(entry).extension().is_some_and(|extension| extension == "toml") {
            return self.contender(&folder.join(entry));
        }
        let is_meant = |name: &str, family: Family, kind: Kind| match entry.split_once(':') {
            Some(("kind", meant)) => kind.to_string() == meant,
            Some(("family", meant)) => family.to_string() == meant,
            _ => entry == "*" || entry == name,
        };
        let all = self.all();
        let present: Vec<MethodInfo> =
            all.iter().filter(|m| is_meant(&m.name, m.family, m.kind)).cloned().collect();
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
                .map(|method| method.name.as_str())
                .chain(self.missing.iter().map(|method| method.name.as_str()))
                .chain(selectors.iter().map(String::as_str));
            return Err(format!("there is no method {entry:?}: {}", suggestion(entry, known)));
        }
        Ok(Selection { present, missing })
    }

    /// The contender that a file describes, or why it is missing.
    fn contender(&self, path: &Path) -> Result<Selection, String> {
        let contender = Contender::read(path).map_err(|error| error.to_string())?;
        let name = contender.name.clone();
        let (family, kind) = (contender.family, Kind::External);
        let missing = self.missing.iter().map(|method| &method.name);
        if self.all().iter().map(|method| &method.name).chain(missing).any(|known| *known == name) {
            return Err(format!(
                "{}: name: expected one that no method bears, found {name:?}",
                path.display()
            ));
        }
        Ok(match contender.installed() {
            Ok(contender) => {
                let randomised = contender.is_randomised();
                let contender = Some(Arc::new(contender));
                let method = MethodInfo { name, family, kind, randomised, contender };
                Selection { present: vec![method], missing: Vec::new() }
            }
            Err(reason) => {
                let missing = MissingMethod { name, family, kind, reason };
                Selection { present: Vec::new(), missing: vec![missing.sentence()] }
            }
        })
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
                method.accepts(instance).map_err(|reason| reason.to_string())
            }
        }
        let instance = &instance.instance;
        match &method.contender {
            None => family::visit(instance, Supports(self.registry, &method.name)),
            Some(contender) => contender.supports(instance).map_err(|reason| reason.to_string()),
        }
    }
}

impl MissingMethod {
    pub(crate) fn sentence(&self) -> String {
        format!("The method {} is missing, because {}.", self.name, self.reason)
    }
}
