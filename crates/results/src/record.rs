//! One run, one record; one experiment, one manifest.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vmpack_check::{Judgement, Verdict};
use vmpack_model::packing::Certificate;
use vmpack_model::{Counters, Family, Kind, Reference, Status, TrajectoryPoint, Value};

use crate::{Calibration, Metric, Noise, Replay};

/// The version of the record format, which records of replays bear; readers refuse newer ones.
pub const SCHEMA: u32 = 2;

/// The version that records of solving bear: nothing in them is younger.
pub const SOLVING_SCHEMA: u32 = 1;

/// The folder of kept solutions in a run directory.
pub(crate) const SOLUTIONS: &str = "solutions";

/// The folder of time series.
pub(crate) const SERIES: &str = "series";

/// The folder of the instances that kept solutions answer, below the run directory.
pub(crate) const INSTANCES: &str = "instances";

/// What one run was asked, how it ended, what it claimed and what the judge found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this format.
    pub schema: u32,
    /// The id of the run: a hash of everything that determines it (instance content, method, seed,
    /// limits), so that the same run has the same id everywhere.
    pub run: String,
    /// The name of the suite or dataset that the instance came from.
    pub dataset: String,
    /// The name of the instance.
    pub instance: String,
    /// A hash of the instance's content.
    pub instance_hash: String,
    /// The class of instances that it belongs to, if its suite names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What the instance asks for beyond the capacity of its hardware, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Asked>,
    /// What was replayed, in records of replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// The problem family.
    pub family: Family,
    /// How large the instance is.
    pub features: Features,
    /// What is known of the optimum, if anything.
    pub reference: Option<Reference>,
    /// The id of the method.
    pub method: String,
    /// The kind of the method.
    pub kind: Kind,
    /// The seed.
    pub seed: u64,
    /// Which repetition it is: repeated runs differ in nothing that determines the answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repetition: u64,
    /// The limits it ran under.
    pub limits: Limits,
    /// How the process ended.
    pub termination: Termination,
    /// Why it did not complete, where the termination alone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What the method answered and the judge found; `None` if it did not live to answer.
    pub answer: Option<Answer>,
    /// Time and memory.
    pub measurement: Measurement,
}

impl Record {
    /// Whether the method answered within its limits and the judge found nothing wrong.
    pub fn is_correct(&self) -> bool {
        self.termination == Termination::Completed
            && self.answer.as_ref().is_some_and(|a| a.judgement.verdict == Verdict::Correct)
    }

    /// Whether the method claimed something that the judge found false.
    pub fn is_wrong(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.judgement.verdict.is_wrong())
    }

    /// Whether the method settled what was asked: a correct solution, or a correct finding that there
    /// is no optimal one. A bound alone is no answer.
    pub fn is_answered(&self) -> bool {
        self.is_correct() && self.answer.as_ref().is_some_and(|a| a.status != Status::Unknown)
    }

    /// Whether the method answered correctly and claims a proof: optimal, infeasible or unbounded.
    pub fn is_proved(&self) -> bool {
        self.is_answered() && self.answer.as_ref().is_some_and(|a| a.status != Status::Feasible)
    }

    /// Whether the judge found nothing wrong and derived the lower bound or the refutation again.
    pub fn is_certified(&self) -> bool {
        self.correct_answer().is_some_and(|answer| answer.judgement.certified)
    }

    /// What the proof rests on, if the method answered correctly and claims one.
    pub fn proof(&self) -> Option<Proof> {
        let answer = self.answer.as_ref().filter(|_| self.is_proved())?;
        // A correct `optimal` whose bound stays below its cost does not exist: the judge sees to it.
        Some(match (answer.judgement.certified, answer.certificate.as_deref()) {
            (false, _) => Proof::Word,
            (true, Some(Certificate::TREE)) => Proof::Tree,
            (true, _) => Proof::Root,
        })
    }

    /// Where the solution of the run is, with bound and certificate, relative to the run directory; only
    /// some experiments keep it.
    pub fn solution_file(&self) -> PathBuf {
        Path::new(SOLUTIONS).join(format!("{}.json", self.run))
    }

    /// Where the instance is that a kept solution answers, as vmpack's own JSON, relative to the run directory.
    pub fn instance_file(&self) -> PathBuf {
        Path::new(INSTANCES).join(format!("{}.json", self.instance_hash))
    }

    /// Where the time series of a replay is, relative to the run directory; only some experiments keep it.
    pub fn series_file(&self, name: &str) -> PathBuf {
        Path::new(SERIES).join(format!("{}.{name}.csv", self.run))
    }

    /// A metric of a replay in which the judge found nothing wrong.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.correct_answer()?.metrics.get(name).map(|metric| metric.value.to_f64())
    }

    /// Whether the optimum was open before the run: a source knows the instance, but proves nothing.
    pub fn is_open(&self) -> bool {
        self.reference.as_ref().is_some_and(|reference| !reference.proved)
    }

    /// The verified cost: present when the judge found nothing wrong.
    pub fn verified_cost(&self) -> Option<Value> {
        self.correct_answer()?.judgement.cost
    }

    /// The lower bound of an answer in which the judge found nothing wrong.
    pub fn correct_bound(&self) -> Option<Value> {
        self.correct_answer()?.lower_bound
    }

    fn correct_answer(&self) -> Option<&Answer> {
        self.answer.as_ref().filter(|_| self.is_correct())
    }
}

/// What a proof rests on, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// One certificate that speaks of the whole instance, derived again by the judge.
    Root,
    /// A search tree, derived again by the judge leaf by leaf.
    Tree,
    /// The method's word.
    Word,
}

/// What an instance asks for by placement rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The forms of its rules, sorted, with `-soft` appended where they have a price, and `prices`, `overcommit`
    /// and `reserve`.
    pub forms: Vec<String>,
    /// The hash of the content of the same instance without any of it. Runs on that one say what the rules cost.
    pub plain: String,
}

/// How large an instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// The number of VM types (packing) or VMs (allocation).
    pub vm_types: u64,
    /// The number of VMs.
    pub vms: u64,
    /// The number of host types (packing) or hosts (allocation).
    pub hosts: u64,
    /// The number of resources.
    pub resources: u64,
    /// The number of service demands (allocation).
    pub services: u64,
}

/// The limits of a run, enforced from outside the process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time in seconds.
    pub wall_s: f64,
    /// CPU time in seconds, over all threads.
    pub cpu_s: Option<f64>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// The limit on the method's own work.
    pub work: Option<u64>,
    /// Threads that the method may use.
    pub threads: u64,
}

/// How a process ended: a closed vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Termination {
    /// It answered and exited by itself, within the limits.
    Completed,
    /// It was stopped at the wall or CPU limit, or answered after it.
    Timeout,
    /// It exceeded the memory limit.
    OutOfMemory,
    /// It was ended by a signal.
    Crashed {
        /// The number of the signal.
        signal: i32,
    },
    /// It exited with an error, or what it printed is no answer.
    Failed {
        /// What it said.
        message: String,
    },
}

impl Termination {
    /// The name as tables show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out-of-memory",
            Self::Crashed { .. } => "crashed",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Why a run did not complete: a closed vocabulary beside [`Termination`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It was killed at the wall limit.
    WallLimit,
    /// It was killed at the CPU limit.
    CpuLimit,
    /// It answered after a limit.
    LateAnswer,
    /// It, or something that it started, was killed at the memory limit.
    MemoryLimit,
    /// It was refused memory and gave up.
    Allocation,
    /// The machine, or a cgroup above its own, ran out of memory; where nobody counts such kills, any SIGKILL from
    /// somebody else is taken for one.
    Machine,
    /// It was killed because loading the instance took too long.
    LoadingLimit,
    /// It was killed because it printed more than an answer can be.
    OutputLimit,
    /// It could not be started.
    NotStarted,
    /// It exited with a code other than 0.
    ExitCode,
    /// What it printed is no answer.
    NoAnswer,
    /// It reported times that cannot be.
    AbsurdTimes,
}

impl fmt::Display for Cause {
    /// The name as records and tables show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WallLimit => "wall-limit",
            Self::CpuLimit => "cpu-limit",
            Self::LateAnswer => "late-answer",
            Self::MemoryLimit => "memory-limit",
            Self::Allocation => "allocation",
            Self::Machine => "machine",
            Self::LoadingLimit => "loading-limit",
            Self::OutputLimit => "output-limit",
            Self::NotStarted => "not-started",
            Self::ExitCode => "exit-code",
            Self::NoAnswer => "no-answer",
            Self::AbsurdTimes => "absurd-times",
        })
    }
}

/// What a method answered and what the judge found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What the method claims.
    pub status: Status,
    /// The cost it claims.
    pub claimed_cost: Option<Value>,
    /// The lower bound it claims.
    pub lower_bound: Option<Value>,
    /// The kind of certificate that came with the bound, as solution files call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// What the judge found, with the cost and whether the bound is certified.
    pub judgement: Judgement,
    /// Counts of work.
    pub counters: Counters,
    /// When incumbent and bound improved.
    pub trajectory: Vec<TrajectoryPoint>,
    /// What a replay measured, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Metric>,
    /// The metrics that the judge derived again, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<String>,
}

/// Time and memory of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Wall seconds of solving alone, measured in the process; of the whole process if it did not answer.
    pub wall_s: f64,
    /// CPU seconds of solving alone, over all threads; of the whole process if it did not answer.
    pub cpu_s: f64,
    /// Wall seconds of the whole process, measured from outside.
    pub process_wall_s: f64,
    /// CPU seconds of the whole process, from the operating system.
    pub process_cpu_s: f64,
    /// Peak resident memory in bytes, pages that other processes share included: what the process said of itself, or what
    /// was seen of it and its descendants from outside. Where neither is to be had, what their cgroup held.
    pub peak_rss_bytes: u64,
    /// The cgroup that `peak_rss_bytes` is of; `None` for resident memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_by: Option<Means>,
    /// What the cgroup held at most in bytes, if `peak_rss_bytes` does not say so already: pages that other processes
    /// brought to memory are not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_peak_bytes: Option<u64>,
    /// How often the process was taken off a core by the system: high counts mark a disturbed run.
    pub involuntary_switches: u64,
    /// The one-minute load average when the run started.
    pub load: f64,
    /// What else went on meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
}

impl Measurement {
    /// Peak resident memory in bytes, if it is known.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.peak_by.is_none().then_some(self.peak_rss_bytes)
    }

    /// What its cgroup held at most, in bytes, if it had one.
    pub fn cgroup_bytes(&self) -> Option<u64> {
        self.cgroup_peak_bytes.or(self.peak_by.map(|_| self.peak_rss_bytes))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A pair of instance and method that is not run, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// The name of the instance.
    pub instance: String,
    /// The id of the method.
    pub method: String,
    /// The method's reason.
    pub reason: String,
}

/// What an experiment was and where it ran: one file beside the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the record format.
    pub schema: u32,
    /// The name of the experiment.
    pub experiment: String,
    /// A hash of the experiment file's content.
    pub experiment_hash: String,
    /// The seed that shuffled the order of runs.
    pub order_seed: u64,
    /// The number of runs planned.
    pub planned: u64,
    /// Which parts of the experiment these are, if it is run in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<Shards>,
    /// Pairs that are not run.
    pub skipped: Vec<Skipped>,
    /// What is missing from this build or this machine, one sentence each, shown in every report.
    pub missing: Vec<String>,
    /// Versions: vmpack, the compiler, every backend.
    pub versions: BTreeMap<String, String>,
    /// The commit it was built from, with `-dirty` when there were changes; empty if unknown.
    pub commit: String,
    /// When the run started, RFC 3339.
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// Runs in parallel.
    pub jobs: u64,
    /// Where it ran.
    pub machine: Machine,
    /// How limits were enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// The cores that the runs of each worker were kept to; empty if they could run anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Vec<usize>>,
    /// Unrecorded runs of each worker before its first recorded one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up: u64,
    /// How fast the machine was while the experiment ran, and how steadily.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

/// By what means limits were enforced on runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcement {
    /// Memory.
    pub memory: Means,
    /// That nothing outlives a run.
    pub processes: Means,
    /// Why not by cgroups of version 2 alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A means of the operating system to confine processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// A cgroup of the unified hierarchy.
    CgroupV2,
    /// A cgroup of a hierarchy of version 1.
    CgroupV1,
    /// Limits of single processes, process groups, and a look at what runs every 50 ms.
    Rlimits,
}

impl Means {
    /// The word of records.
    pub fn name(self) -> &'static str {
        match self {
            Self::CgroupV2 => "cgroup-v2",
            Self::CgroupV1 => "cgroup-v1",
            Self::Rlimits => "rlimits",
        }
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CgroupV2 => "cgroup v2",
            Self::CgroupV1 => "cgroup v1",
            Self::Rlimits => "rlimits, process groups and a look every 50 ms",
        })
    }
}

/// Parts of an experiment that was divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Into how many it was divided.
    pub of: u64,
    /// The runs planned in each part that is here, by its number from 1.
    pub planned: BTreeMap<u64, u64>,
}

impl Shards {
    /// Whether these are the same parts of the same division.
    pub fn are_those_of(&self, other: &Self) -> bool {
        self.of == other.of && self.planned.keys().eq(other.planned.keys())
    }
}

impl fmt::Display for Shards {
    /// As the command line names one: `2/5`, and `1+2/5` where several were merged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.planned.keys().map(ToString::to_string).collect();
        write!(f, "{}/{}", parts.join("+"), self.of)
    }
}

/// The machine of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model name.
    pub cpu: String,
    /// Logical processors.
    pub cores: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Operating system and kernel.
    pub system: String,
}
