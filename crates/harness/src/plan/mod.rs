//! The plan: every run of an experiment, decided before the first one starts.

mod planner;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use planner::Planner;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use vmpack_datasets::{Entry, LoadError, Source, SuiteError, content_hash, load};
use vmpack_model::{AnyInstance, Reference};
use vmpack_results::{Asked, Features, Limits, SOLVING_SCHEMA, Shards, Skipped};

use crate::family::{asked, features};
use crate::{Experiment, MethodInfo, Methods, Place, ReplayRun};

/// An instance with what is recorded of it.
#[derive(Clone, Debug)]
pub struct LoadedInstance {
    /// The suite, file or pattern that it came from.
    pub dataset: String,
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// The instance.
    pub instance: AnyInstance,
    /// The hash of its content.
    pub hash: String,
    /// What is known of the optimum.
    pub reference: Option<Reference>,
    /// The class that it belongs to.
    pub class: Option<String>,
    /// How large it is.
    pub features: Features,
    /// What it asks for by placement rules.
    pub rules: Option<Asked>,
}

impl LoadedInstance {
    /// Loads an instance of which nothing is known but where it comes from.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(dataset: String, source: Source) -> Result<Self, Box<LoadError>> {
        let instance = load(&source).map_err(Box::new)?;
        Ok(Self {
            dataset,
            name: instance.name().to_owned(),
            source,
            hash: content_hash(&instance),
            features: features(&instance),
            rules: asked(&instance),
            instance,
            reference: None,
            class: None,
        })
    }

    /// Loads an instance of a suite, with what the suite says of it.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn of_suite(suite: String, entry: Entry) -> Result<Self, Box<LoadError>> {
        let Entry { name, source, reference, class } = entry;
        Ok(Self { name, reference, class, ..Self::load(suite, source)? })
    }
}

/// One run of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The id: a hash of everything that determines it.
    pub id: String,
    /// What is done.
    pub work: Work,
    /// The seed.
    pub seed: u64,
    /// Which repetition it is.
    pub repetition: u64,
    /// The limits.
    pub limits: Limits,
}

/// What a run does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A method solves an instance.
    Solve {
        /// The index of the instance.
        instance: usize,
        /// The method.
        method: MethodInfo,
    },
    /// A trace is replayed.
    Replay(Box<ReplayRun>),
}

impl Run {
    /// The method, of a run that solves.
    pub fn method(&self) -> Option<&MethodInfo> {
        match &self.work {
            Work::Solve { method, .. } => Some(method),
            Work::Replay(_) => None,
        }
    }

    /// The method, or the policy, as records name it.
    pub fn method_name(&self) -> &str {
        match &self.work {
            Work::Solve { method, .. } => &method.name,
            Work::Replay(replay) => &replay.accepted.policy,
        }
    }

    /// The replay, of a run that replays.
    pub fn replay(&self) -> Option<&ReplayRun> {
        match &self.work {
            Work::Solve { .. } => None,
            Work::Replay(replay) => Some(replay),
        }
    }
}

/// Where instances stand: of each dataset, as the experiment names it, places in it from 0.
pub type Places = BTreeMap<String, BTreeSet<usize>>;

/// Every run of an experiment, in the order in which they are started.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment.
    pub experiment: Experiment,
    /// The instances, in the order of the file.
    pub instances: Vec<LoadedInstance>,
    /// The datasets, as the experiment names them, each once.
    pub datasets: Vec<String>,
    /// Where each instance stands: the index of its dataset, and its place there.
    pub places: Vec<(usize, usize)>,
    /// The runs, shuffled: neither a method nor a dataset meets a quieter machine than the others.
    pub runs: Vec<Run>,
    /// Which part of the experiment these runs are, if they are not all.
    pub shards: Option<Shards>,
    /// Pairs of an instance and a method of its family that does not take it.
    pub skipped: Vec<Skipped>,
    /// What is missing from this build or this machine, one sentence each.
    pub missing: Vec<String>,
}

/// Why an experiment cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A method that nobody knows.
    #[error("{place}: methods: {message}")]
    Method {
        /// Where it is named.
        place: Place,
        /// What is unknown and what was likely meant.
        message: String,
    },
    /// A suite that is none.
    #[error("{place}: datasets: {source}")]
    Suite {
        /// Where it is named.
        place: Place,
        /// What is wrong.
        source: Box<SuiteError>,
    },
    /// A suite that nobody knows, or a pattern that names no file.
    #[error("{place}: datasets: {message}")]
    Dataset {
        /// Where it stands.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// An instance that cannot be had.
    #[error("{place}: dataset {dataset:?}: {source}")]
    Load {
        /// Where the dataset is named.
        place: Place,
        /// The dataset.
        dataset: String,
        /// What is wrong.
        source: Box<LoadError>,
    },
    /// A trace that cannot be had, or a policy or option that is refused.
    #[error("{place}: replays: {message}")]
    Replay {
        /// Where it stands.
        place: Place,
        /// The field, what was expected and what was found.
        message: String,
    },
    /// Nothing is left to run.
    #[error("{}: there is nothing to run. {}", experiment, missing.join(" "))]
    Empty {
        /// The experiment file.
        experiment: String,
        /// What is missing.
        missing: Vec<String>,
    },
}

impl Plan {
    /// Plans an experiment: loads every instance, asks every method whether it takes it, and shuffles.
    ///
    /// A method meets the instances of its own family; pairs that it does not support are skipped with
    /// its reason. A method whose answers do not depend on the seed runs once, with seed 0. A run that
    /// several blocks or datasets ask for is one run.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn new(
        experiment: Experiment,
        methods: &Methods<'_>,
        data_directory: &Path,
    ) -> Result<Self, PlanError> {
        Self::of(experiment, methods, data_directory, None)
    }

    /// Plans the part of an experiment that is about some instances, without reading the others: as many of the steps of
    /// [`Plan::new`] as there are such instances. Replays are planned all; `skipped` speaks of these instances alone, and
    /// the order is another.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn of_instances(
        experiment: Experiment,
        methods: &Methods<'_>,
        data_directory: &Path,
        only: &Places,
    ) -> Result<Self, PlanError> {
        Self::of(experiment, methods, data_directory, Some(only))
    }

    fn of(
        experiment: Experiment,
        methods: &Methods<'_>,
        data_directory: &Path,
        only: Option<&Places>,
    ) -> Result<Self, PlanError> {
        let mut plan = Planner::new(experiment, methods, data_directory, only).plan()?;
        if plan.runs.is_empty() {
            return Err(PlanError::Empty {
                experiment: plan.experiment.path.display().to_string(),
                missing: plan.missing,
            });
        }
        plan.runs.shuffle(&mut ChaCha8Rng::seed_from_u64(plan.experiment.order_seed));
        Ok(plan)
    }

    /// The most threads that one of its runs may use.
    pub fn threads(&self) -> u64 {
        self.runs.iter().map(|run| run.limits.threads).max().unwrap_or(1)
    }
}

/// The id of a run: a hash of all that determines it, so that the same run has the same id in every
/// experiment and on every machine. 32 hexadecimal digits.
pub(crate) fn run_id(
    instance_hash: &str,
    method: &str,
    seed: u64,
    limits: &Limits,
    repetition: u64,
) -> String {
    #[derive(Serialize)]
    struct Determined<'a> {
        schema: u32,
        instance: &'a str,
        method: &'a str,
        seed: u64,
        limits: &'a Limits,
        #[serde(skip_serializing_if = "Option::is_none")]
        repetition: Option<u64>,
    }
    let schema = SOLVING_SCHEMA;
    let repetition = again(repetition);
    digest(&Determined { schema, instance: instance_hash, method, seed, limits, repetition })
}

/// What the repetition adds to what determines a run: nothing if it is the first.
pub(crate) fn again(repetition: u64) -> Option<u64> {
    (repetition > 0).then_some(repetition)
}

/// 32 hexadecimal digits of a hash of plain data.
pub(crate) fn digest(data: &impl Serialize) -> String {
    let text = serde_json::to_string(data).expect("plain data with string keys");
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}
