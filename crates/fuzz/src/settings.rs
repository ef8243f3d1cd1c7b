//! What people write to say what is to be done: experiments, suites, contenders, scenarios, rules of monitoring, and
//! descriptions in one line.

use std::path::Path;

use vmpack_datasets::{SUITES, suite};
use vmpack_harness::{Contender, Experiment};
use vmpack_sim::arrivals::{Fleet, Generator, Resource};
use vmpack_sim::edge::Rule;
use vmpack_sim::faults::{Detector, Failures, Law, RecoveryPolicy, Scope};
use vmpack_sim::monitoring::Configuration;
use vmpack_sim::scenario::Scenario;
use vmpack_sim::scheduling;

use crate::Target;
use crate::cases::{Folder, as_file, text};

/// Files of the repository.
macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        vec![$(include_bytes!(concat!("../../../", $path)).to_vec()),+]
    };
}

/// See [`crate::targets`].
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "experiment",
        run: |data| {
            text(data).is_some_and(|text| Experiment::parse(Path::new("fuzz.toml"), text).is_ok())
        },
        seeds: || {
            files![
                "benches/experiments/demo.toml",
                "benches/experiments/exact-1d.toml",
                "benches/experiments/queueing.toml",
            ]
        },
    },
    Target {
        name: "suite",
        run: |data| {
            let folder = Folder::new();
            let path = folder.file("suite.toml", data);
            suite(&path.to_string_lossy(), folder.path()).is_ok()
        },
        seeds: || SUITES.iter().take(6).map(|(_, text)| text.as_bytes().to_vec()).collect(),
    },
    Target {
        name: "contender",
        run: |data| as_file("contender.toml", data, |path| Contender::read(path).is_ok()),
        seeds: || files!["benches/contenders/ortools.toml", "benches/contenders/vpsolver.toml"],
    },
    Target {
        name: "scenario",
        run: |data| {
            let check = |text| Scenario::check(text, Path::new("fuzz.toml"), &[]);
            text(data).is_some_and(|text| check(text).is_ok())
        },
        seeds: || {
            files![
                "datasets/scenarios/allotments.toml",
                "datasets/scenarios/balancing.toml",
                "datasets/scenarios/consolidation.toml",
                "datasets/scenarios/day.toml",
                "datasets/scenarios/edge.toml",
                "datasets/scenarios/faults.toml",
                "datasets/scenarios/interference.toml",
                "datasets/scenarios/isolation.toml",
                "datasets/scenarios/monitored.toml",
            ]
        },
    },
    Target {
        name: "monitoring",
        run: |data| {
            let parse = |text| Configuration::parse(Path::new("fuzz.toml"), text);
            text(data).is_some_and(|text| parse(text).is_ok())
        },
        seeds: || files!["crates/sim/src/monitoring/default.toml"],
    },
    Target { name: "descriptions", run: descriptions, seeds: described },
];

/// Whatever a text may be meant to describe.
fn descriptions(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let cores = [Resource::CPU];
    [
        scheduling::Generator::parse(text).is_ok(),
        Generator::parse(text).is_some_and(|read| read.is_ok()),
        Detector::parse(text).is_ok(),
        Failures::parse(text).is_ok(),
        Law::parse(text).is_ok(),
        RecoveryPolicy::parse(text).is_ok(),
        Scope::parse(text).is_ok(),
        Rule::parse(text, 1).is_ok(),
        Fleet::parse(text, &cores, None).is_ok(),
    ]
    .contains(&true)
}

fn described() -> Vec<Vec<u8>> {
    [
        "poisson:rate=100,life=4,days=7,seed=1",
        "bursty:rate=2,jobs=100,work=log-normal:3:0.5,burst=10,classes=2,weights=1:3",
        "timeout:after=5s,jitter=20ms,loss=0.001",
        "phi:threshold=8,window=100,deviation=100ms",
        "host:up=weibull:60d:0.7,down=log-normal:2h:1",
        "restart:fence=20s,at-once=50",
        "racks:1",
        "1100x64c+2x96c",
    ]
    .map(Vec::from)
    .into()
}
