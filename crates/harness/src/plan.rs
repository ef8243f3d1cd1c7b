//! The plan: every run of an experiment, decided before the first one starts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use vmpack_datasets::{
    Entry, LoadError, SUITES, Source, Suite, SuiteError, content_hash, load, suggestion, suite,
};
use vmpack_model::{AnyInstance, Reference};
use vmpack_results::{Asked, Features, Limits, SOLVING_SCHEMA, Shards, Skipped};

use crate::family::{asked, features};
use crate::replays::{self, replay_id};
use crate::{
    Block, Experiment, MethodInfo, Methods, Named, Place, ReplayBlock, ReplayRun, Scenario,
    Simulator,
};

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
        let mut planner = Planner {
            methods,
            data_directory,
            only,
            suites: BTreeMap::new(),
            loaded: BTreeMap::new(),
            ids: BTreeMap::new(),
            files: BTreeMap::new(),
            taken: BTreeMap::new(),
            contenders: BTreeMap::new(),
            plan: Self {
                experiment,
                instances: Vec::new(),
                datasets: Vec::new(),
                places: Vec::new(),
                runs: Vec::new(),
                shards: None,
                skipped: Vec::new(),
                missing: Vec::new(),
            },
        };
        for block in planner.plan.experiment.blocks.clone() {
            let mut chosen: Vec<MethodInfo> = Vec::new();
            for entry in &block.methods {
                chosen.extend(planner.select(entry)?);
            }
            for dataset in &block.datasets {
                let instances = planner.instances_of(dataset, block.sample)?;
                planner.ask(&instances, &chosen);
                for instance in instances {
                    for method in &chosen {
                        planner.add(instance, method, &block);
                    }
                }
            }
        }
        for block in planner.plan.experiment.replays.clone() {
            planner.replays(&block, methods.simulator)?;
        }
        let mut plan = planner.plan;
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

/// A plan in the making.
struct Planner<'a> {
    methods: &'a Methods<'a>,
    data_directory: &'a Path,
    /// The only instances that are planned, if not all are.
    only: Option<&'a Places>,
    /// The suites that were named so far.
    suites: BTreeMap<String, Suite>,
    /// The instances loaded so far, by dataset and place in its suite.
    loaded: BTreeMap<(String, usize), usize>,
    /// The runs planned so far, and their places.
    ids: BTreeMap<String, usize>,
    /// Hashes of the files that scenarios refer to.
    files: BTreeMap<PathBuf, blake3::Hash>,
    /// Pairs of content and method that were asked about so far, and whether the method takes it.
    taken: BTreeMap<(String, String), bool>,
    /// The contenders that were named so far, by their names.
    contenders: BTreeMap<String, MethodInfo>,
    plan: Plan,
}

impl Planner<'_> {
    fn select(&mut self, entry: &Named) -> Result<Vec<MethodInfo>, PlanError> {
        let wrong = |message| PlanError::Method { place: entry.place.clone(), message };
        let folder = entry.place.path.parent().unwrap_or(Path::new(""));
        let selection = self.methods.select(&entry.text, folder).map_err(wrong)?;
        self.miss(selection.missing);
        for method in selection.present.iter().filter(|method| method.contender.is_some()) {
            let known =
                self.contenders.entry(method.name.clone()).or_insert_with(|| method.clone());
            if known != method {
                let name = &method.name;
                return Err(wrong(format!("two contenders have the name {name:?}")));
            }
        }
        Ok(selection.present)
    }

    fn miss(&mut self, sentences: Vec<String>) {
        for sentence in sentences {
            if !self.plan.missing.contains(&sentence) {
                self.plan.missing.push(sentence);
            }
        }
    }

    /// The indices of a dataset's instances, all or a sample of each class, which are loaded when they
    /// are wanted first.
    fn instances_of(
        &mut self,
        dataset: &Named,
        sample: Option<usize>,
    ) -> Result<Vec<usize>, PlanError> {
        if !self.suites.contains_key(&dataset.text) {
            let mut suite = self.suite(dataset)?;
            self.miss(std::mem::take(&mut suite.missing));
            self.suites.insert(dataset.text.clone(), suite);
        }
        let suite = &self.suites[&dataset.text];
        let number = self.plan.datasets.iter().position(|text| *text == dataset.text);
        let number = number.unwrap_or_else(|| {
            self.plan.datasets.push(dataset.text.clone());
            self.plan.datasets.len() - 1
        });
        let mut chosen: Vec<usize> = match sample {
            None => (0..suite.entries.len()).collect(),
            Some(size) => sampled(&suite.entries, size).into_iter().collect(),
        };
        if let Some(only) = self.only {
            let of_dataset = only.get(&dataset.text);
            chosen.retain(|place| of_dataset.is_some_and(|places| places.contains(place)));
        }
        let key = |place: usize| (dataset.text.clone(), place);
        let new: Vec<usize> =
            chosen.iter().copied().filter(|&e| !self.loaded.contains_key(&key(e))).collect();
        let load = |&place: &usize| {
            LoadedInstance::of_suite(suite.name.clone(), suite.entries[place].clone())
        };
        let loaded: Result<Vec<_>, _> = new.par_iter().map(load).collect();
        let loaded = loaded.map_err(|source| PlanError::Load {
            place: dataset.place.clone(),
            dataset: dataset.text.clone(),
            source,
        })?;
        let first = self.plan.instances.len();
        self.plan.places.extend(new.iter().map(|&entry| (number, entry)));
        self.loaded.extend(new.into_iter().map(key).zip(first..));
        self.plan.instances.extend(loaded);
        Ok(chosen.into_iter().map(|place| self.loaded[&key(place)]).collect())
    }

    /// A suite by its name or file; or the files that a path or pattern names, as a suite of that name.
    fn suite(&self, dataset: &Named) -> Result<Suite, PlanError> {
        let text = dataset.text.as_str();
        let is_toml = Path::new(text).extension().is_some_and(|extension| extension == "toml");
        let path = dataset.place.path.parent().unwrap_or(Path::new("")).join(text);
        let path = path.to_string_lossy();
        let wrong = |message| PlanError::Dataset { place: dataset.place.clone(), message };
        if is_toml || !text.contains(['/', '.', '*', '?', '[']) {
            let name = if is_toml { &path } else { text };
            return suite(name, self.data_directory).map_err(|source| match source {
                SuiteError::Unknown { name } => {
                    let known = SUITES.iter().map(|(name, _)| *name);
                    wrong(format!("there is no suite {name:?}: {}", suggestion(&name, known)))
                }
                error => {
                    let source = Box::new(error);
                    PlanError::Suite { place: dataset.place.clone(), source }
                }
            });
        }
        let files: Result<Vec<_>, _> = glob::glob(&path)
            .map_err(|error| wrong(format!("{text:?} is no pattern of files: {error}")))?
            .collect();
        let files = files.map_err(|error| wrong(error.to_string()))?;
        if files.is_empty() {
            return Err(wrong(format!("{path} names no file")));
        }
        let entry = |path: std::path::PathBuf| Entry {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            source: Source::File { path, format: None },
            reference: None,
            class: None,
        };
        Ok(Suite {
            name: text.to_owned(),
            description: String::new(),
            entries: files.into_iter().map(entry).collect(),
            missing: Vec::new(),
        })
    }

    /// Asks the methods which of the instances they take, in parallel: some have to count first.
    fn ask(&mut self, instances: &[usize], methods: &[MethodInfo]) {
        let mut open: Vec<(usize, &MethodInfo)> = Vec::new();
        let mut asked = BTreeSet::new();
        for &index in instances {
            let LoadedInstance { hash, instance, .. } = &self.plan.instances[index];
            for method in methods {
                let key = (hash.clone(), method.name.clone());
                let known = self.taken.contains_key(&key) || !asked.insert(key);
                if method.family == instance.family() && !known {
                    open.push((index, method));
                }
            }
        }
        let answers: Vec<Result<(), String>> = open
            .par_iter()
            .map(|(index, method)| self.methods.supports(method, &self.plan.instances[*index]))
            .collect();
        for ((index, method), answer) in open.into_iter().zip(answers) {
            let LoadedInstance { hash, name, .. } = &self.plan.instances[index];
            self.taken.insert((hash.clone(), method.name.clone()), answer.is_ok());
            if let Err(reason) = answer {
                let (instance, method) = (name.clone(), method.name.clone());
                self.plan.skipped.push(Skipped { instance, method, reason });
            }
        }
    }

    fn add(&mut self, index: usize, method: &MethodInfo, block: &Block) {
        let hash = self.plan.instances[index].hash.clone();
        if self.taken.get(&(hash.clone(), method.name.clone())) != Some(&true) {
            return;
        }
        let limits = block.limits;
        for &seed in if method.randomised { &block.seeds[..] } else { &[0] } {
            for repetition in 0..block.repeats {
                let id = run_id(&hash, &method.name, seed, &limits, repetition);
                let work = Work::Solve { instance: index, method: method.clone() };
                self.run(Run { id, work, seed, repetition, limits });
            }
        }
    }

    /// Plans a run, once.
    fn run(&mut self, run: Run) {
        let runs = &mut self.plan.runs;
        let place = *self.ids.entry(run.id.clone()).or_insert(runs.len());
        match (runs.get_mut(place).map(|known| &mut known.work), run.work) {
            (None, work) => runs.push(Run { work, ..run }),
            // Whoever asks for series gets them.
            (Some(Work::Replay(known)), Work::Replay(again)) => known.series |= again.series,
            _ => {}
        }
    }

    /// Plans a block of replays. A trace that is not there is missing, and no error: not everybody has all data.
    fn replays(&mut self, block: &ReplayBlock, simulator: &dyn Simulator) -> Result<(), PlanError> {
        for entry in &block.traces {
            let traces = replays::find(entry, simulator, self.data_directory)?;
            if traces.is_empty() {
                let data = self.data_directory.display();
                self.miss(vec![format!(
                    "The trace {} is missing: it is neither beside the experiment nor in the data directory {data}.",
                    entry.text
                )]);
            }
            for trace in traces {
                for scenario in replays::scenarios(block, &trace) {
                    let accepted = simulator
                        .accept(&scenario)
                        .map_err(|refusal| replays::refused(block, entry, &scenario, &refusal))?;
                    let content =
                        replays::with_files(&trace.hash, &accepted.files, &mut self.files)
                            .map_err(|message| PlanError::Replay {
                                place: entry.place.clone(),
                                message,
                            })?;
                    for &seed in if accepted.randomised { &block.seeds[..] } else { &[0] } {
                        let replay = Box::new(ReplayRun {
                            dataset: entry.text.clone(),
                            instance: trace.name.clone(),
                            hash: trace.hash.clone(),
                            content: content.clone(),
                            scenario: Scenario { seed, ..scenario.clone() },
                            accepted: accepted.clone(),
                            series: block.series,
                        });
                        let limits = block.limits;
                        for repetition in 0..block.repeats {
                            let id = replay_id(&content, &accepted, seed, &limits, repetition);
                            let work = Work::Replay(replay.clone());
                            self.run(Run { id, work, seed, repetition, limits });
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// At most `size` instances of every class, those whose names have the least hashes: a sample that looks
/// random, is the same everywhere, and is part of every larger one. Their places in the suite.
fn sampled(entries: &[Entry], size: usize) -> BTreeSet<usize> {
    let mut classes: BTreeMap<Option<&str>, Vec<(String, usize)>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let rank = blake3::hash(entry.name.as_bytes()).to_hex().to_string();
        classes.entry(entry.class.as_deref()).or_default().push((rank, index));
    }
    let mut chosen = BTreeSet::new();
    for ranked in classes.values_mut() {
        ranked.sort_unstable();
        chosen.extend(ranked.iter().take(size).map(|(_, index)| *index));
    }
    chosen
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
