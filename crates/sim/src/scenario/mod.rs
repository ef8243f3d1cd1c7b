//! A cluster in operation, described by a file: hosts, VMs, and what acts on them, a section each.
//!
//! A scenario is a TOML file with the sections `[cluster]`, `[workload]`, `[placement]` and those of `PARTS`; the grammar
//! is in `FORMATS.md`. [`Scenario::read`] checks it as a whole, [`Scenario::run`] runs it and returns [`Metric`]s.
//!
//! A part is a file with a type that can be read from its section and is a [`Part`], and a line in `PARTS`.

mod allocation;
mod balancing;
mod cluster;
mod consolidation;
mod document;
mod edge;
mod faults;
mod interference;
mod isolation;
mod metric;
mod migration;
mod monitoring;
mod placement;
mod workload;

use std::path::{Path, PathBuf};

use vmpack_model::Registry;

pub use document::ScenarioError;
pub use metric::{Amount, Metric, Metrics};

use crate::isolation::Isolation;
use crate::monitoring::Configuration;
use crate::operation::{ByPolicy, Engine, Hosts, Ledger, Observer, Setting, Simple, Time, Vm};
use document::{Document, Places, Section};

/// The bandwidth of a host's link unless a part says otherwise: 1 Gbit/s, in bytes per second.
const BANDWIDTH: u64 = 125_000_000;

/// What a part is made for.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The hosts.
    pub hosts: &'a Hosts,
    /// The VMs.
    pub vms: &'a [Vm],
    /// When the run ends, in milliseconds.
    pub end: u64,
    /// The seed of random choices; parts draw from streams of their own.
    pub seed: u64,
    /// The folder that paths are relative to.
    pub folder: &'a Path,
    /// Methods that policies may use.
    pub methods: &'a Registry,
}

/// A section of a scenario as it acts on a run.
pub trait Part {
    /// The files that the section refers to, relative to the scenario's folder.
    fn files(&self) -> Vec<&Path> {
        Vec::new()
    }

    /// Whether values can be that [`Part::join`] would refuse, as far as can be said without hosts and VMs.
    ///
    /// # Errors
    /// What is wrong with what the section says.
    fn check(&self, _methods: &Registry) -> Result<(), String> {
        Ok(())
    }

    /// Changes VMs or hosts before the run: classes, tenants, sites.
    ///
    /// # Errors
    /// What is wrong with what the section says.
    fn prepare(&mut self, _seed: u64, _hosts: &mut Hosts, _vms: &mut [Vm]) -> Result<(), String> {
        Ok(())
    }

    /// Gives the engine what the part consists of.
    ///
    /// # Errors
    /// What is wrong with what the section says.
    fn join<'a>(&'a mut self, engine: Engine<'a>, scene: Scene<'a>) -> Result<Engine<'a>, String>;

    /// What the part measured, after the run.
    fn report(&self, _metrics: &mut Metrics) {}

    /// The rules on who may be where, and whether they are kept, if the section says that.
    ///
    /// # Errors
    /// What is wrong with what the section says.
    fn isolation(&self, _hosts: &Hosts, _vms: &[Vm]) -> Result<Option<(Isolation, bool)>, String> {
        Ok(None)
    }

    /// How the cluster is monitored, if the section says that.
    fn monitoring(&self) -> Option<&Configuration> {
        None
    }

    /// When alarms were raised in the run, in order, if the section raises any.
    fn alarms(&self) -> Option<Vec<Time>> {
        None
    }
}

/// Reads a part from its section.
type Build = fn(Section<'_>) -> Result<Box<dyn Part>, toml::de::Error>;

/// The sections that may follow the first three: what each is called and how it is read, in the order in which controllers
/// act.
const PARTS: &[(&str, Build)] = &[
    ("migration", part::<migration::Migration>),
    ("isolation", part::<isolation::Isolation>),
    ("interference", part::<interference::Interference>),
    ("edge", part::<edge::Edge>),
    ("faults", part::<faults::Faults>),
    ("allocation", part::<allocation::Allocation>),
    ("balancing", part::<balancing::Balancing>),
    ("consolidation", part::<consolidation::Consolidation>),
    ("monitoring", part::<monitoring::Monitoring>),
];

/// A part of this type.
fn part<P: Part + serde::de::DeserializeOwned + 'static>(
    section: Section<'_>,
) -> Result<Box<dyn Part>, toml::de::Error> {
    Ok(Box::new(P::deserialize(section)?))
}

/// A cluster in operation, ready to run.
pub struct Scenario {
    hosts: Hosts,
    vms: Vec<Vm>,
    setting: Setting,
    placement: placement::Placement,
    parts: Vec<(&'static str, Box<dyn Part>)>,
    places: Places,
    seed: u64,
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<_> = self.parts.iter().map(|&(name, _)| name).collect();
        f.debug_struct("Scenario")
            .field("vms", &self.vms.len())
            .field("parts", &parts)
            .finish_non_exhaustive()
    }
}

/// A file, read section by section, before anything is made of it.
struct Sections {
    cluster: cluster::Cluster,
    workload: workload::Workload,
    placement: placement::Placement,
    parts: Vec<(&'static str, Box<dyn Part>)>,
    places: Places,
}

impl Sections {
    fn parse(text: &str, path: &Path, changes: &[String]) -> Result<Self, ScenarioError> {
        let mut document = Document::new(path, text, changes)?;
        let cluster = document.take("cluster")?;
        let workload = document.take("workload")?;
        let placement = document.take_or_default("placement")?;
        let mut parts = Vec::new();
        for &(name, build) in PARTS {
            if let Some(section) = document.section(name) {
                let malformed = |error| document.malformed(Some(name), &error);
                parts.push((name, build(section).map_err(malformed)?));
            }
        }
        document.finish(PARTS.iter().map(|&(name, _)| name))?;
        Ok(Self { cluster, workload, placement, parts, places: document.places })
    }
}

impl Scenario {
    /// Whether the text of a scenario file, with changes as for [`Scenario::read`], has sections and fields that there are,
    /// with values of their types; quickly, as no VMs are read or drawn. Returns the files and folders that it refers to, on
    /// which a run depends beside the text.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`].
    pub fn check(
        text: &str,
        path: &Path,
        changes: &[String],
    ) -> Result<Vec<PathBuf>, ScenarioError> {
        let Sections { workload, parts, places, .. } = Sections::parse(text, path, changes)?;
        let of_parts = parts.iter().flat_map(|(_, part)| part.files());
        let files = workload.file().into_iter().chain(of_parts);
        Ok(files.map(|file| places.folder().join(file)).collect())
    }

    /// Whether the values of a scenario file, with changes as for [`Scenario::read`], can be, as far as can be said without
    /// its VMs: what only they or the files that it refers to show is found by [`Scenario::run`]. Takes time and memory for
    /// its hosts. Returns what [`Scenario::check`] does.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`].
    pub fn check_values(
        text: &str,
        path: &Path,
        changes: &[String],
        methods: &Registry,
    ) -> Result<Vec<PathBuf>, ScenarioError> {
        let files = Self::check(text, path, changes)?;
        let Sections { cluster, workload, placement, mut parts, places } =
            Sections::parse(text, path, changes)?;
        let wrong = |section: &'static str| {
            let places = &places;
            move |message: String| places.wrong(section, message)
        };
        let mut hosts = cluster.hosts().map_err(wrong("cluster"))?;
        workload.check().map_err(wrong("workload"))?;
        placement.setting(0).map_err(wrong("placement"))?;
        for (name, part) in &mut parts {
            part.check(methods).map_err(wrong(name))?;
            part.prepare(0, &mut hosts, &mut []).map_err(wrong(name))?;
        }
        Ok(files)
    }

    /// Reads a scenario file. Each of `changes` is `SECTION.FIELD=VALUE` in the notation of the file, and replaces what the
    /// file says or adds to it; text needs no quotes. Paths in the file are relative to it.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn read(path: &Path, changes: &[String], seed: u64) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path, changes, seed)
    }

    /// Reads the text of a scenario file; `path` is for messages, and what paths in the text are relative to.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn parse(
        text: &str,
        path: &Path,
        changes: &[String],
        seed: u64,
    ) -> Result<Self, ScenarioError> {
        let Sections { cluster, workload, placement, mut parts, places } =
            Sections::parse(text, path, changes)?;
        let wrong = |section: &'static str| {
            let places = &places;
            move |message: String| places.wrong(section, message)
        };
        let mut hosts = cluster.hosts().map_err(wrong("cluster"))?;
        let (mut vms, end) = workload.vms(places.folder(), seed).map_err(wrong("workload"))?;
        let setting = placement.setting(end).map_err(wrong("placement"))?;
        for (name, part) in &mut parts {
            part.prepare(seed, &mut hosts, &mut vms).map_err(wrong(name))?;
        }
        Ok(Self { hosts, vms, setting, placement, parts, places, seed })
    }

    /// The VMs, with what parts changed in them.
    pub fn vms(&self) -> &[Vm] {
        &self.vms
    }

    /// The hosts.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// When the run ends, in milliseconds.
    pub fn end(&self) -> u64 {
        self.setting.end
    }

    /// Whether it has a section of that name.
    pub fn has(&self, part: &str) -> bool {
        self.parts.iter().any(|&(name, _)| name == part)
    }

    /// Its rules on who may be where, and whether they are kept; nothing if no section says that.
    ///
    /// # Errors
    /// If something is wrong with the section.
    pub fn isolation(&self) -> Result<Option<(Isolation, bool)>, ScenarioError> {
        for (name, part) in &self.parts {
            let said = part.isolation(&self.hosts, &self.vms);
            if let Some(said) = said.map_err(|message| self.places.wrong(name, message))? {
                return Ok(Some(said));
            }
        }
        Ok(None)
    }

    /// How it is monitored: as its section says, or as is built in.
    pub fn monitoring(&self) -> Configuration {
        let said = self.parts.iter().find_map(|(_, part)| part.monitoring());
        said.cloned().unwrap_or_default()
    }

    /// When alarms were raised in the last run, in order; `None` if no section raises any.
    pub fn alarms(&self) -> Option<Vec<Time>> {
        self.parts.iter().find_map(|(_, part)| part.alarms())
    }

    /// Runs it, with others looking on, and returns what was measured, the most telling first.
    ///
    /// # Errors
    /// If a part finds something wrong with its section.
    pub fn run(
        &mut self,
        methods: &Registry,
        observers: Vec<&mut dyn Observer>,
    ) -> Result<Metrics, ScenarioError> {
        let mut ledger = Ledger::default();
        {
            let Self { hosts, vms, setting, placement, parts, places, seed } = self;
            let (hosts, vms) = (&*hosts, &*vms);
            let (places, folder) = (&*places, places.folder());
            let scene = Scene { hosts, vms, end: setting.end, seed: *seed, folder, methods };
            let placer = Box::new(ByPolicy(placement.policy(&scene)));
            let mover = Box::new(Simple::new(BANDWIDTH));
            let mut engine = Engine::new(*setting, hosts, vms, placer, mover).observed(&mut ledger);
            for (name, part) in parts.iter_mut() {
                engine = part.join(engine, scene).map_err(|message| places.wrong(name, message))?;
            }
            for observer in observers {
                engine = engine.observed(observer);
            }
            engine.run();
        }
        let mut metrics = Metrics::default();
        metrics.totals(ledger.totals());
        for (_, part) in &self.parts {
            part.report(&mut metrics);
        }
        Ok(metrics)
    }
}
