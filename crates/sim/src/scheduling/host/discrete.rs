//! Cores that serve one job each.
//!
//! A scheduler is an order of the jobs that are ready, and a rule when a core is taken from its job: never, when a more
//! urgent job comes, or at the end of a slice. A slice that ends while nobody waits has no event: such a core is kept by
//! the phase of its slices, and the next end is looked up only when somebody waits.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::super::job::{Job, Schedule};
use super::{Host, Scheduler, Slice};

/// No job, or no core.
const NONE: u32 = u32::MAX;

/// What a core does.
#[derive(Clone, Copy, Debug)]
struct Core {
    /// The job on it, if any.
    job: u32,
    /// The job that was on it last.
    last: u32,
    /// When the job begins to work, after the switch.
    begin: u64,
    /// The rank of the job among those that run.
    rank: u64,
    /// How many dispatches and preemptions it has seen; tells events that no longer hold.
    version: u32,
}

/// Cores and jobs at an instant.
pub(super) struct Discrete<'a, W> {
    jobs: &'a [Job],
    scheduler: Scheduler,
    switch_cost: u64,
    watch: W,
    now: u64,
    /// The next job to arrive.
    next: usize,
    /// What each job has still to do.
    remaining: Vec<u64>,
    /// The core that each job was on last.
    home: Vec<u32>,
    /// Jobs that wait for a core, by rank: the least runs first.
    ready: BinaryHeap<Reverse<(u64, u32)>>,
    /// Jobs that went to the end of the queue so far.
    queued: u64,
    cores: Vec<Core>,
    idle: BTreeSet<u32>,
    /// Ends of jobs or of their first slices: time, core, version.
    events: BinaryHeap<Reverse<(u64, u32, u32)>>,
    /// Jobs that run and may be preempted, by rank, with their cores: the greatest is given up first.
    running: BTreeSet<(u64, u32, u32)>,
    /// Cores whose job has outlived a slice because nobody waited, by the phase of their slices.
    lapsed: BTreeSet<(u64, u32)>,
    /// Jobs about to get a core.
    chosen: Vec<u32>,
    schedule: Schedule,
}

impl<'a, W: FnMut(Slice)> Discrete<'a, W> {
    pub(super) fn new(jobs: &'a [Job], host: Host, scheduler: Scheduler, watch: W) -> Self {
        let core = Core { job: NONE, last: NONE, begin: 0, rank: 0, version: 0 };
        let cores = host.cores.min(jobs.len().max(1));
        Self {
            jobs,
            scheduler,
            switch_cost: host.switch_cost,
            watch,
            now: 0,
            next: 0,
            remaining: jobs.iter().map(|job| job.work).collect(),
            home: vec![NONE; jobs.len()],
            ready: BinaryHeap::new(),
            queued: 0,
            cores: vec![core; cores],
            idle: (0..cores as u32).collect(),
            events: BinaryHeap::new(),
            running: BTreeSet::new(),
            lapsed: BTreeSet::new(),
            chosen: Vec::new(),
            schedule: Schedule::new(jobs.len()),
        }
    }

    pub(super) fn run(mut self) -> Schedule {
        while self.step() {}
        self.schedule
    }

    /// Goes to the next instant at which something happens; whether there is one.
    fn step(&mut self) -> bool {
        let arrival = self.jobs.get(self.next).map(|job| job.arrival);
        let event = self.next_event().map(|(time, _)| time);
        let lapse = self.next_lapse().map(|(time, _)| time);
        let Some(now) = [arrival, event, lapse].into_iter().flatten().min() else {
            return false;
        };
        self.now = now;
        while let Some(job) = self.jobs.get(self.next)
            && job.arrival == now
        {
            self.enqueue(self.next as u32);
            self.next += 1;
        }
        while let Some((time, core)) = self.next_event()
            && time == now
        {
            self.events.pop();
            self.end_of_slice(core);
        }
        while let Some((time, core)) = self.next_lapse()
            && time == now
        {
            self.give_up(core);
        }
        self.dispatch();
        if self.scheduler.preempts() {
            while self.preempt() {
                self.dispatch();
            }
        }
        true
    }

    /// The next end of a job or of its first slice, if there is one, with the core.
    fn next_event(&mut self) -> Option<(u64, u32)> {
        while let Some(&Reverse((time, core, version))) = self.events.peek() {
            if self.cores[core as usize].version == version {
                return Some((time, core));
            }
            self.events.pop();
        }
        None
    }

    /// The next end of a later slice, with the core, if somebody waits for it.
    fn next_lapse(&self) -> Option<(u64, u32)> {
        let Scheduler::RoundRobin { quantum } = self.scheduler else { return None };
        if self.ready.is_empty() {
            return None;
        }
        let phase = self.now % quantum;
        let round = self.now - phase;
        let later = self.lapsed.range((phase, 0)..).next();
        later
            .map(|&(at, core)| (round + at, core))
            .or_else(|| self.lapsed.first().map(|&(at, core)| (round + quantum + at, core)))
    }

    /// Lets a job wait.
    fn enqueue(&mut self, job: u32) {
        let rank = match self.scheduler {
            Scheduler::Sjf | Scheduler::Srpt => self.remaining[job as usize],
            Scheduler::Priority => u64::from(self.jobs[job as usize].priority),
            Scheduler::RoundRobin { .. } => {
                self.queued += 1;
                self.queued
            }
            Scheduler::Fcfs | Scheduler::FairShare => 0,
        };
        self.ready.push(Reverse((rank, job)));
    }

    /// The job of a core is done, or its first slice over.
    fn end_of_slice(&mut self, core: u32) {
        let Core { job, begin, version, .. } = self.cores[core as usize];
        let finish = begin + self.remaining[job as usize];
        if finish == self.now {
            self.stop(core);
            self.schedule.finish[job as usize] = self.now;
        } else if self.ready.is_empty() {
            self.lapsed.insert((self.phase(begin), core));
            self.events.push(Reverse((finish, core, version)));
        } else {
            self.give_up(core);
        }
    }

    /// When the slices of a core that began then end, within a quantum.
    fn phase(&self, begin: u64) -> u64 {
        match self.scheduler {
            Scheduler::RoundRobin { quantum } => begin % quantum,
            _ => 0,
        }
    }

    /// Takes the core from its job, which waits again.
    fn give_up(&mut self, core: u32) {
        let Core { job, begin, .. } = self.cores[core as usize];
        self.stop(core);
        let start = &mut self.schedule.start[job as usize];
        if *start == begin && self.now <= begin {
            // It was only switched to.
            *start = Schedule::NEVER;
        }
        self.enqueue(job);
    }

    /// Takes the core from its job.
    fn stop(&mut self, core: u32) {
        let Core { job, begin, rank, .. } = self.cores[core as usize];
        let done = self.now.saturating_sub(begin);
        if done > 0 {
            (self.watch)(Slice {
                job: job as usize,
                core: core as usize,
                from: begin,
                to: self.now,
            });
        }
        self.remaining[job as usize] -= done;
        // A switch that was cut short took less.
        self.schedule.switch_time -= begin.saturating_sub(self.now);
        self.running.remove(&(rank, job, core));
        self.lapsed.remove(&(self.phase(begin), core));
        self.idle.insert(core);
        let state = &mut self.cores[core as usize];
        state.job = NONE;
        state.version = state.version.wrapping_add(1);
    }

    /// Gives idle cores to those who wait; first to whom they belonged.
    fn dispatch(&mut self) {
        let mut chosen = std::mem::take(&mut self.chosen);
        while chosen.len() < self.idle.len()
            && let Some(Reverse((_, job))) = self.ready.pop()
        {
            chosen.push(job);
        }
        chosen.retain(|&job| {
            let home = self.home[job as usize];
            let free = self.idle.contains(&home) && self.cores[home as usize].last == job;
            if free {
                self.start(job, home);
            }
            !free
        });
        for job in chosen.drain(..) {
            let core = *self.idle.first().expect("as many jobs were chosen as cores are idle");
            self.start(job, core);
        }
        self.chosen = chosen;
    }

    /// Puts a job on an idle core.
    fn start(&mut self, job: u32, core: u32) {
        let last = std::mem::replace(&mut self.cores[core as usize].last, job);
        let switches = last != job && last != NONE;
        let cost = if switches { self.switch_cost } else { 0 };
        let begin = self.now + cost;
        self.schedule.switches += u64::from(switches);
        self.schedule.switch_time += cost;
        let start = &mut self.schedule.start[job as usize];
        if *start == Schedule::NEVER {
            *start = begin;
        }
        let remaining = self.remaining[job as usize];
        let rank = match self.scheduler {
            Scheduler::Srpt => self.now + remaining,
            _ => u64::from(self.jobs[job as usize].priority),
        };
        let slice = match self.scheduler {
            Scheduler::RoundRobin { quantum } => remaining.min(quantum),
            _ => remaining,
        };
        self.home[job as usize] = core;
        self.idle.remove(&core);
        let state = &mut self.cores[core as usize];
        (state.job, state.begin, state.rank) = (job, begin, rank);
        self.events.push(Reverse((begin + slice, core, state.version)));
        if self.scheduler.preempts() {
            self.running.insert((rank, job, core));
        }
    }

    /// Takes the core of the job that runs with the least right to it, if somebody with more waits; whether that was so.
    fn preempt(&mut self) -> bool {
        let (Some(&Reverse((waiting, _))), Some(&(running, _, core))) =
            (self.ready.peek(), self.running.last())
        else {
            return false;
        };
        let waiting = match self.scheduler {
            Scheduler::Srpt => self.now + waiting,
            _ => waiting,
        };
        if waiting >= running {
            return false;
        }
        self.schedule.preemptions += 1;
        self.give_up(core);
        true
    }
}
