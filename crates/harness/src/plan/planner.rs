//! A plan in the making.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use vmpack_datasets::{Entry, SUITES, Source, Suite, SuiteError, suggestion, suite};
use vmpack_results::Skipped;

use super::{LoadedInstance, Places, Plan, PlanError, Run, Work, run_id};
use crate::replays::{self, replay_id};
use crate::{
    Block, Experiment, MethodInfo, Methods, Named, ReplayBlock, ReplayRun, Scenario, Simulator,
};

/// What is known while a plan is made.
pub(super) struct Planner<'a> {
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

impl<'a> Planner<'a> {
    /// Before anything is planned.
    pub(super) fn new(
        experiment: Experiment,
        methods: &'a Methods<'a>,
        data_directory: &'a Path,
        only: Option<&'a Places>,
    ) -> Self {
        Self {
            methods,
            data_directory,
            only,
            suites: BTreeMap::new(),
            loaded: BTreeMap::new(),
            ids: BTreeMap::new(),
            files: BTreeMap::new(),
            taken: BTreeMap::new(),
            contenders: BTreeMap::new(),
            plan: Plan {
                experiment,
                instances: Vec::new(),
                datasets: Vec::new(),
                places: Vec::new(),
                runs: Vec::new(),
                shards: None,
                skipped: Vec::new(),
                missing: Vec::new(),
            },
        }
    }

    /// All runs, in the order of the file.
    pub(super) fn plan(mut self) -> Result<Plan, PlanError> {
        for block in self.plan.experiment.blocks.clone() {
            let mut chosen: Vec<MethodInfo> = Vec::new();
            for entry in &block.methods {
                chosen.extend(self.select(entry)?);
            }
            for dataset in &block.datasets {
                let instances = self.instances_of(dataset, block.sample)?;
                self.ask(&instances, &chosen);
                for instance in instances {
                    for method in &chosen {
                        self.add(instance, method, &block);
                    }
                }
            }
        }
        let simulator = self.methods.simulator;
        for block in self.plan.experiment.replays.clone() {
            self.replays(&block, simulator)?;
        }
        Ok(self.plan)
    }

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
                SuiteError::Unknown { name } => wrong(no_suite(&name)),
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

/// That there is no suite of a name, and what may be meant.
fn no_suite(name: &str) -> String {
    // Datasets have folders of their names, which suites take files from.
    let folder = format!("\"{name}/");
    let takers: Vec<&str> =
        SUITES.iter().filter(|(_, text)| text.contains(&folder)).map(|(taker, _)| *taker).collect();
    if takers.is_empty() {
        let known = SUITES.iter().map(|(known, _)| *known);
        return format!("there is no suite {name:?}: {}", suggestion(name, known));
    }
    let takers = takers.join(", ");
    format!("there is no suite {name:?}; suites that take instances from this dataset: {takers}")
}
