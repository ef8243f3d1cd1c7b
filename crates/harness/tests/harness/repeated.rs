//! Repetitions, warming up, cores of one's own, and what the manifest says of the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;
use vmpack_results::{Record, read, read_manifest};

use crate::{RIG, write_instances};

/// An experiment on two instances whose contender `witness` writes down where it runs.
struct Scene(TempDir);

impl Scene {
    fn new(experiment: &str) -> Self {
        let scene = Self(tempfile::tempdir().expect("a temporary directory"));
        write_instances(scene.0.path(), &["a", "b"], 1);
        let file = scene.path("seen");
        let script = format!(
            "grep Cpus_allowed_list /proc/self/status >> {}; echo host 0 x9: 0",
            file.display()
        );
        let contender = format!(
            "name = 'witness'\ncommand = ['sh', '-c', '{script}', '{{instance}}']\ninput = 'vbp'\n"
        );
        fs::write(scene.path("witness.toml"), contender).expect("writable");
        scene.write(experiment);
        scene
    }

    fn write(&self, experiment: &str) {
        let text = format!("name = 'e'\ndatasets = ['*.vbp']\nlimits.wall_s = 100\n{experiment}");
        fs::write(self.path("e.toml"), text).expect("writable");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, jobs: &str, more: &[&str]) -> Output {
        let mut command = Command::new(RIG);
        command.arg("run").arg(self.path("e.toml")).arg(self.path("out")).arg(jobs).args(more);
        command.output().expect("the rig starts")
    }

    fn records(&self) -> Vec<Record> {
        read(&self.path("out")).expect("a store").map(|record| record.expect("whole")).collect()
    }

    /// The lists of cores that the contender saw.
    fn seen(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("seen")).expect("it ran");
        text.lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(_, list)| list.to_owned())
            .collect()
    }
}

#[test]
fn repetitions_are_runs_of_their_own_and_the_first_is_the_one_it_always_was() {
    let scene = Scene::new("methods = ['one-per-host', 'seeded']\nseeds = [1, 2]\n");
    assert!(scene.run("2", &[]).status.success());
    let single: BTreeSet<String> = scene.records().into_iter().map(|r| r.run).collect();
    assert_eq!(single.len(), 6);

    scene.write("methods = ['one-per-host', 'seeded']\nseeds = [1, 2]\nrepeats = 5\n");
    assert!(scene.run("2", &["--resume"]).status.success());
    let records = scene.records();
    let all: BTreeSet<&str> = records.iter().map(|record| record.run.as_str()).collect();
    assert_eq!((records.len(), all.len()), (30, 30));
    let mut cells: BTreeMap<(&str, &str, u64), Vec<u64>> = BTreeMap::new();
    for record in &records {
        let cell = (record.method.as_str(), record.instance.as_str(), record.seed);
        cells.entry(cell).or_default().push(record.repetition);
        assert_eq!(single.contains(&record.run), record.repetition == 0, "{record:?}");
    }
    for repetitions in cells.values_mut() {
        repetitions.sort_unstable();
        assert_eq!(*repetitions, [0, 1, 2, 3, 4]);
    }
    // The new ones come in a shuffled order, not run by run.
    let order: Vec<&str> = records[6..].iter().map(|record| record.method.as_str()).collect();
    assert!(order.windows(2).filter(|pair| pair[0] != pair[1]).count() > 3, "{order:?}");
}

#[test]
fn workers_warm_up_unrecorded() {
    let scene = Scene::new("methods = ['witness.toml']\nwarm_up = 3\n");
    assert!(scene.run("1", &[]).status.success());
    assert_eq!((scene.records().len(), scene.seen().len()), (2, 5));
    let manifest = read_manifest(&scene.path("out")).expect("a manifest");
    assert_eq!((manifest.warm_up, manifest.pinned), (3, Vec::<Vec<usize>>::new()));
}

#[test]
fn pinned_runs_keep_to_the_cores_of_their_worker() {
    let scene = Scene::new("methods = ['witness.toml']\npin = true\nrepeats = 3\n");
    assert!(scene.run("1", &[]).status.success());
    let manifest = read_manifest(&scene.path("out")).expect("a manifest");
    let [cores] = &manifest.pinned[..] else { panic!("one worker: {:?}", manifest.pinned) };
    assert_eq!(cores.len(), 1);
    let seen: BTreeSet<String> = scene.seen().into_iter().collect();
    assert_eq!(seen, BTreeSet::from([cores[0].to_string()]));
}

#[test]
fn more_runs_than_cores_are_not_pinned() {
    let scene = Scene::new("methods = ['one-per-host']\npin = true\n");
    let output = scene.run("9999", &[]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("9999 runs at a time of up to 1 threads cannot be pinned"), "{said}");
    assert!(!scene.path("out").exists(), "nothing is begun");
}

#[test]
fn the_manifest_says_how_fast_the_machine_was_from_the_first_session_to_the_last() {
    let scene = Scene::new("methods = ['one-per-host']\n");
    assert!(scene.run("1", &[]).status.success());
    let samples = || {
        let manifest = read_manifest(&scene.path("out")).expect("a manifest");
        manifest.calibration.expect("it is measured").samples
    };
    let first = samples();
    assert!(first.len() >= 4 && first.iter().all(|score| *score > 0.0), "{first:?}");
    assert!(scene.run("1", &["--resume"]).status.success());
    let both = samples();
    assert_eq!(both[..first.len()], first);
    assert!(both.len() >= first.len() + 4, "{both:?}");
}

#[test]
fn every_record_says_what_else_went_on() {
    let scene = Scene::new("methods = ['slow']\n");
    assert!(scene.run("2", &[]).status.success());
    for record in scene.records() {
        let measurement = record.measurement;
        let noise = measurement.noise.expect("it is recorded");
        assert!(noise.cores > 0 && noise.steal_s >= 0.0 && noise.others_s >= 0.0, "{noise:?}");
        // It sleeps for 0.1 s: what it does not want it does not wait for.
        assert!(noise.waited_s.is_none_or(|s| s < measurement.process_wall_s), "{noise:?}");
        let found =
            noise.disturbances(measurement.process_wall_s, measurement.involuntary_switches);
        assert_eq!(noise.disturbed, !found.is_empty(), "{measurement:?}");
    }
}
