//! Moves that even out loads, by local search.

use std::cmp::Reverse;

use vmpack_cluster::covers;

use super::levels::{Level, Levels};
use super::{Goal, Host, Objective, Vm};
use crate::arrivals::Demand;
use crate::migration::plan::Move;

/// Hosts that are looked at together for the best move.
const BREADTH: usize = 16;
/// Hosts on either side that are looked at for an exchange.
const PAIRS: usize = 4;

/// Whether a VM may go to a host, given the host of every VM after the moves so far.
pub type Admits<'a> = &'a dyn Fn(usize, usize, &[usize]) -> bool;

/// Moves that even out loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Moves that can go together, stage after stage: the hosts have room for all that come in a stage before any has
    /// left.
    pub stages: Vec<Vec<Move>>,
    /// The value of the objective before.
    pub before: Level,
    /// Its value after.
    pub after: Level,
}

/// A plan for a goal. Whoever follows it and asks again, with the same loads and a budget that was not used up, is
/// told to move nothing.
///
/// Steps are single moves, the best off the most pressed hosts, and where none gains enough exchanges of two VMs between
/// the most and the least pressed hosts. If the maximum is to be small, steps are off hosts that are at it, as others do
/// not lower it. A step costs `O(v h)` for the `v` VMs of the pressed hosts and `h` hosts; when none is found `O(V h)` for
/// all VMs and the square of the VMs of few hosts.
///
/// # Examples
/// ```
/// use vmpack_sim::balancing::{Goal, Host, Vm, plan};
///
/// let capacity = [10, 0, 0, 0, 0];
/// let host = Host { capacity, free: capacity, takes: true };
/// let vm = Vm { host: 0, load: [4, 0, 0, 0, 0], reserved: [1, 0, 0, 0, 0], movable: true, cost: 1 };
/// let plan = plan(&[host; 2], &[vm; 2], &Goal::cpu(), &|_, _, _| true);
/// assert_eq!((plan.before, plan.after), (400_000, 0));
/// assert_eq!(plan.stages.concat().len(), 1);
/// ```
pub fn plan(hosts: &[Host], vms: &[Vm], goal: &Goal, admits: Admits<'_>) -> Plan {
    let levels = Levels::new(hosts, vms, goal);
    let before = levels.value();
    let mut on = vec![Vec::new(); hosts.len()];
    for (number, vm) in vms.iter().enumerate() {
        on[vm.host].push(number);
    }
    let at = vms.iter().map(|vm| vm.host).collect();
    let mut search = Search {
        hosts,
        vms,
        goal,
        admits,
        levels,
        at,
        on,
        free: hosts.iter().map(|host| host.free).collect(),
        moved: vec![false; vms.len()],
    };
    let (mut stages, mut budget) = (Vec::new(), goal.budget);
    loop {
        let stage = search.stage(budget);
        if stage.is_empty() {
            return Plan { stages, before, after: search.levels.value() };
        }
        budget -= stage.len();
        stages.push(stage);
    }
}

struct Search<'a> {
    hosts: &'a [Host],
    vms: &'a [Vm],
    goal: &'a Goal,
    admits: Admits<'a>,
    levels: Levels<'a>,
    /// The host of every VM, and the VMs of every host.
    at: Vec<usize>,
    on: Vec<Vec<usize>>,
    /// What is free while the VMs of this stage are on both of their hosts.
    free: Vec<Demand>,
    /// Whether a VM moves in this stage.
    moved: Vec<bool>,
}

/// One move, or two that exchange VMs.
struct Step {
    /// What is gained beyond what is asked for, and of equals the less pressed target.
    worth: (Level, Reverse<Level>),
    moves: [Option<Move>; 2],
}

impl Search<'_> {
    /// Moves that can go together.
    fn stage(&mut self, budget: usize) -> Vec<Move> {
        let mut stage = Vec::new();
        while stage.len() < budget && self.levels.value() > self.goal.target {
            let mut pressed: Vec<usize> =
                (0..self.hosts.len()).filter(|&host| !self.on[host].is_empty()).collect();
            pressed.sort_by_key(|&host| (Reverse(self.levels.pressure(host)), host));
            let sources = self.sources(&pressed);
            let single = sources.chunks(BREADTH).find_map(|hosts| self.single(hosts));
            let may_exchange = budget - stage.len() > 1;
            let exchange = || self.exchange(sources, &pressed).filter(|_| may_exchange);
            let Some(step) = single.or_else(exchange) else { break };
            for step in step.moves.into_iter().flatten() {
                self.take(step);
                stage.push(step);
            }
        }
        for Move { vm, from, .. } in &stage {
            let reserved = &self.vms[*vm].reserved;
            self.free[*from].iter_mut().zip(reserved).for_each(|(free, back)| *free += back);
            self.moved[*vm] = false;
        }
        stage
    }

    /// The hosts that steps are off, of those in order of pressure.
    fn sources<'p>(&self, pressed: &'p [usize]) -> &'p [usize] {
        match self.goal.objective {
            Objective::Deviation => pressed,
            Objective::Maximum => {
                let pressure = |&host: &usize| self.levels.pressure(host);
                let most = pressed.first().map(pressure);
                &pressed[..pressed.partition_point(|host| Some(pressure(host)) == most)]
            }
        }
    }

    /// The best move off these hosts.
    fn single(&self, from: &[usize]) -> Option<Step> {
        let mut best: Option<Step> = None;
        for &from in from {
            for &vm in self.on[from].iter().filter(|&&vm| self.may_move(vm)) {
                let (load, least) = (&self.vms[vm].load, self.least(vm));
                for to in 0..self.hosts.len() {
                    if to == from || !self.has_room(vm, to) {
                        continue;
                    }
                    let gain = self.levels.gain((from, to), load, &Demand::default(), least);
                    let Some(gain) = gain else { continue };
                    let worth = (gain - least, Reverse(self.levels.pressure(to)));
                    if best.as_ref().is_none_or(|best| worth > best.worth)
                        && (self.admits)(vm, to, &self.at)
                    {
                        best = Some(Step { worth, moves: [Some(Move { vm, from, to }), None] });
                    }
                }
            }
        }
        best
    }

    /// The best exchange of a VM of the first sources with one of the least pressed hosts.
    fn exchange(&self, sources: &[usize], pressed: &[usize]) -> Option<Step> {
        let mut best: Option<Step> = None;
        for &from in sources.iter().take(PAIRS) {
            for &to in pressed.iter().rev().take(PAIRS).filter(|&&to| to != from) {
                let leaving = |&&vm: &&usize| self.may_move(vm) && self.has_room(vm, to);
                let coming = |&&vm: &&usize| self.may_move(vm) && self.has_room(vm, from);
                for &out in self.on[from].iter().filter(leaving) {
                    for &back in self.on[to].iter().filter(coming) {
                        let least = self.least(out).saturating_add(self.least(back));
                        let loads = (&self.vms[out].load, &self.vms[back].load);
                        let gain = self.levels.gain((from, to), loads.0, loads.1, least);
                        let Some(gain) = gain else { continue };
                        let worth = (gain - least, Reverse(self.levels.pressure(to)));
                        if best.as_ref().is_none_or(|best| worth > best.worth)
                            && (self.admits)(out, to, &self.at)
                            && (self.admits)(back, from, &self.at)
                        {
                            let there = Move { vm: out, from, to };
                            let here = Move { vm: back, from: to, to: from };
                            best = Some(Step { worth, moves: [Some(there), Some(here)] });
                        }
                    }
                }
            }
        }
        best
    }

    fn may_move(&self, vm: usize) -> bool {
        self.vms[vm].movable && !self.moved[vm]
    }

    fn has_room(&self, vm: usize, to: usize) -> bool {
        self.hosts[to].takes && covers(&self.free[to], &self.vms[vm].reserved)
    }

    /// What moving a VM must gain.
    fn least(&self, vm: usize) -> Level {
        self.goal.margin.saturating_add(self.goal.price.saturating_mul(self.vms[vm].cost))
    }

    fn take(&mut self, Move { vm, from, to }: Move) {
        let Vm { load, reserved, .. } = &self.vms[vm];
        self.levels.shift(from, to, load);
        self.free[to].iter_mut().zip(reserved).for_each(|(free, taken)| *free -= taken);
        self.on[from].retain(|&other| other != vm);
        self.on[to].push(vm);
        self.at[vm] = to;
        self.moved[vm] = true;
    }
}
