//! From one placement of running VMs to another: an order of migrations that is feasible at every step.
//!
//! A VM that is under way takes its demand on both hosts, so a move needs room on its target before anything has left
//! its source. Moves are put into *stages*: those of a stage go in any order or together, as limits on migrations
//! allow, and the next stage starts when all have ended. Where VMs wait for each other's room in a cycle, one takes a
//! *bypass* over a host that has room for it.
//!
//! Whether there is an order is hard to decide, so the work is shared. Stages are built greedily, in time that is linear
//! in moves but for rare scans of hosts. Where that ends with VMs that cannot move, a search with a limit of steps looks
//! for an order with one bypass at most: in all that moves if there is little of it, else in the parts of it that are
//! stuck. A plan of one bypass at most is found whenever there is one, as long as the search stays below its limit. What
//! cannot be done is named, with what is in the way.

mod search;
mod state;
mod waves;

use std::collections::BTreeMap;

use super::{Migrations, Transfer};
use crate::arrivals::Demand;

use search::Search;
pub use state::View;
use state::{State, compact};

/// A placement that is there, and one that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// What each host has.
    pub capacities: &'a [Demand],
    /// What each VM takes of a host.
    pub demands: &'a [Demand],
    /// The host that each VM is on.
    pub from: &'a [usize],
    /// The host that each is to be on.
    pub to: &'a [usize],
}

/// Whether a VM may go to a host beyond its capacity. The view has all VMs that are on each host, those that are under
/// way on both of theirs.
pub type Rule<'a> = &'a dyn Fn(usize, usize, &View) -> bool;

/// A VM goes from one host to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The VM.
    pub vm: usize,
    /// The host that it is on.
    pub from: usize,
    /// The host that it goes to.
    pub to: usize,
}

/// What keeps a VM from its target when nothing else can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The target has too little of a resource free.
    Resource(usize),
    /// The rule refuses it.
    Rule,
}

/// A VM that cannot be moved to where it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The VM.
    pub vm: usize,
    /// The host that it is on when the plan ends.
    pub at: usize,
    /// The host that it was to be on.
    pub to: usize,
    /// What is in its way.
    pub obstacle: Obstacle,
}

/// An order of migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The moves that go together, stage after stage.
    pub stages: Vec<Vec<Move>>,
    /// How many VMs go over a spare host.
    pub bypasses: usize,
    /// What cannot be done, in order of VMs; empty if all can.
    pub stuck: Vec<Stuck>,
    /// Whether it was proved that no plan with one bypass at most does all; only if something is stuck.
    pub proved: bool,
}

impl Plan {
    /// A plan for a task under a rule.
    ///
    /// # Panics
    /// If the lists of a task differ in length, or name a host that is not there.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::migration::plan::{Move, Plan, Task};
    ///
    /// // Two VMs that fill a host each change places over a third host.
    /// let task = Task {
    ///     capacities: &[[4, 0, 0, 0, 0]; 3],
    ///     demands: &[[4, 0, 0, 0, 0], [3, 0, 0, 0, 0]],
    ///     from: &[0, 1],
    ///     to: &[1, 0],
    /// };
    /// let plan = Plan::new(&task, &|_, _, _| true);
    /// assert_eq!((plan.stages.len(), plan.bypasses), (3, 1));
    /// assert_eq!(plan.stages[0], [Move { vm: 1, from: 1, to: 2 }]);
    /// // Without it there is no way.
    /// let task = Task { capacities: &task.capacities[..2], ..task };
    /// let plan = Plan::new(&task, &|_, _, _| true);
    /// assert_eq!(plan.stuck.len(), 2);
    /// assert!(plan.proved);
    /// ```
    pub fn new(task: &Task<'_>, rule: Rule<'_>) -> Self {
        let start = State::new(task, rule);
        let (stages, end) = waves::stages(start.clone());
        let stuck = end.pending();
        if stuck.is_empty() {
            return Self::ending(&end, stages);
        }
        let mut state = start.clone();
        let mut search = Search::new(&mut state, start.pending());
        let found = search.run();
        let proved = found.is_none() && search.is_exhausted();
        let order = found.or_else(|| in_parts(&start, &stages, &stuck));
        let mut better = start.clone();
        if let Some(order) = order
            && better.play(&order).is_some()
            && better.pending().len() < stuck.len()
        {
            let plan = Self::ending(&better, compact(start, &order));
            return Self { proved: proved && !plan.stuck.is_empty(), ..plan };
        }
        Self { proved, ..Self::ending(&end, stages) }
    }

    fn ending(end: &State<'_>, stages: Vec<Vec<Move>>) -> Self {
        let to = end.task().to;
        let why = |vm| Stuck { vm, at: end.host(vm), to: to[vm], obstacle: end.obstacle(vm) };
        Self {
            bypasses: stages.iter().flatten().filter(|step| step.to != to[step.vm]).count(),
            stages,
            stuck: end.pending().into_iter().map(why).collect(),
            proved: false,
        }
    }

    /// All moves, stage after stage.
    pub fn moves(&self) -> impl Iterator<Item = &Move> {
        self.stages.iter().flatten()
    }

    /// How long the plan takes, in ms: the moves of a stage are asked for at once, and those of the next when all have
    /// ended. `memory` says how many bytes a VM has and how many per second it writes; `migrations` is idle.
    pub fn makespan(
        &self,
        mut migrations: Migrations,
        memory: impl Fn(usize) -> (u64, u64),
    ) -> u64 {
        let mut now = 0;
        for stage in &self.stages {
            for &Move { vm, from, to } in stage {
                let (memory, dirty) = memory(vm);
                migrations.start(now, Transfer { vm, from, to, memory, dirty });
            }
            while let Some(next) = migrations.next() {
                now = next;
                migrations.finished(next);
            }
        }
        now
    }
}

/// An order found by searching the parts that are stuck, each on its own, after the stages of all others; where a part
/// has no way, what the stages did in it.
///
/// A part is made of moves that share hosts with each other. Only bypasses lead from one part into another; `None` if
/// one does not go any more without the moves that are not there.
fn in_parts(start: &State<'_>, stages: &[Vec<Move>], stuck: &[usize]) -> Option<Vec<Move>> {
    let part = waves::parts(start);
    let home = |vm: usize| part[start.host(vm)];
    let mut hard: Vec<usize> = stuck.iter().map(|&vm| home(vm)).collect();
    hard.sort_unstable();
    hard.dedup();
    let (mut order, mut state) = (Vec::new(), start.clone());
    let mut within: BTreeMap<usize, Vec<Move>> = BTreeMap::new();
    for step in stages.iter().flatten() {
        if hard.binary_search(&home(step.vm)).is_ok() {
            within.entry(home(step.vm)).or_default().push(*step);
        } else {
            order.push(*step);
        }
    }
    state.play(&order)?;
    let mut pending: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for vm in state.pending() {
        pending.entry(home(vm)).or_default().push(vm);
    }
    for (home, vms) in pending {
        if let Some(found) = Search::new(&mut state, vms).run() {
            order.extend(found);
        } else if let Some(moves) = within.get(&home) {
            state.play(moves)?;
            order.extend(moves);
        }
    }
    Some(order)
}
