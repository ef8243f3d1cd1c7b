//! The harness: plans an experiment, runs every method in a process of its own under limits enforced
//! from outside, has the answers judged, and records them.
//!
//! An [`Experiment`] is read from a file, a [`Plan`] is its cross product of instances, methods and
//! seeds, and [`run()`] works it off into a store that survives interruption. [`measure()`] is one run of
//! it. The harness knows no solver: the [`Registry`](vmpack_model::Registry) is handed in, and the
//! program that holds it answers for one run when it is started with the arguments of its
//! [`Launcher`], by calling [`run_one`]. Programs from outside take part as [`Contender`]s. Replays of
//! traces are runs like all others; it knows no simulator either, and is handed a [`Simulator`].

mod calibrate;
mod child;
mod confine;
mod contender;
mod experiment;
mod family;
mod interrupt;
mod judge;
mod launcher;
mod limits;
mod machine;
mod measure;
mod methods;
mod monitor;
mod noise;
mod pin;
mod plan;
mod process;
mod replays;
mod run;
mod shard;
mod simulator;
mod solutions;
pub mod submission;

pub use calibrate::calibrate;
pub use child::{ChildError, RUN_ONE, run_one};
pub use confine::enforcement;
pub use contender::{Contender, ContenderError, placement};
pub use experiment::{
    Block, Experiment, ExperimentError, Named, OptionValues, Place, ReplayBlock, Solutions,
};
pub use family::AnyOutcome;
pub use interrupt::Interrupt;
pub use judge::{understand, understand_replay};
pub use launcher::Launcher;
pub use limits::own_cpu_seconds;
pub use machine::{machine, peak_rss};
pub use measure::{MeasureError, Measured, Task, measure, measure_one};
pub use methods::{MethodInfo, Methods, MissingMethod};
pub use monitor::{Monitor, Quiet, Terminal, tell};
pub use plan::{LoadedInstance, Places, Plan, PlanError, Run, Work};
pub use process::{GRACE, LOADING_LIMIT};
pub use replays::ReplayRun;
pub use run::{RunError, RunOptions, Setup, Summary, run};
pub use shard::{Expectation, PlannedRun, Shard, divide};
pub use simulator::{Accepted, NoSimulator, Refusal, Replayed, Scenario, Simulator, Wanted};
pub use solutions::solution_text;
