//! One child process from start to end, under limits that are enforced from outside.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use vmpack_results::{Limits, Means, Noise};

use crate::Interrupt;
use crate::child::READY;
use crate::confine::{self, Cage, Shortage};
use crate::limits::{
    Ceilings, Exit, Usage, confine, kill_group, kill_process, reap, wait_for_exit,
};
use crate::machine::{Process, family_tree, load_average, peak_rss, processes};
use crate::noise::Listener;

/// How long after its limit of wall time or CPU time a child may still solve. Past the wall time its whole
/// process group is killed.
pub const GRACE: Duration = Duration::from_millis(400);

/// The CPU time after its limit in which a child of this project may still hand over what it has.
const CPU_GRACE: Duration = Duration::from_secs(1);

/// How long a child may take to load its instance before solving begins.
pub const LOADING_LIMIT: Duration = Duration::from_mins(2);

/// How often the memory and CPU time of a running child and the interrupt are looked at; more often in
/// the beginning.
const PATROL: Duration = Duration::from_millis(50);

/// After what time a child is looked at first.
const FIRST_PATROL: Duration = Duration::from_millis(1);

/// How long after the end of a child its pipes may stay open. Its process group is dead by then; only a
/// descendant that left the group can hold them.
const LINGER: Duration = Duration::from_secs(1);

/// How long a child of this project may take to end once it has answered: gigabytes are given back before its
/// pipes close.
const TEARDOWN: Duration = Duration::from_secs(5);

/// The most that a child may print: some ten million host patterns.
pub(crate) const OUTPUT_CAP: u64 = 1 << 28;

/// The end of what it prints on standard error that is kept.
const ERRORS_KEPT: usize = 1 << 14;

/// Address space beyond the memory limit for the program itself, its shared libraries and the main
/// stack: space that is reserved, hardly any of it ever touched.
const HEADROOM_BYTES: u64 = 256 << 20;

/// Address space for every thread beyond that: its stack, and the arena that the allocator of the C
/// library reserves for it.
const HEADROOM_PER_THREAD_BYTES: u64 = 80 << 20;

/// What is to be run.
#[derive(Debug)]
pub(crate) struct Job {
    /// The command.
    pub(crate) command: Command,
    /// What it reads on its standard input.
    pub(crate) request: Vec<u8>,
    /// Whether it is a child of this project: it says when it is ready, from when on its wall time is
    /// counted, and its address space is bounded as well. Programs from outside are counted from their
    /// start, and may reserve addresses as they like: some do so by the gigabyte and never use them.
    pub(crate) is_ours: bool,
    /// The cores that it is kept to; all if none are named.
    pub(crate) cores: Vec<usize>,
}

/// Why the parent killed a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It solved for longer than its wall limit and the grace.
    Wall,
    /// It used more CPU time than its limit.
    Cpu,
    /// It held more memory than its limit.
    Memory,
    /// It took too long to load its instance.
    Loading,
    /// It printed too much.
    Output,
    /// Somebody interrupted the experiment.
    Interrupt,
}

/// A child that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// How.
    pub(crate) exit: Exit,
    /// Why it was killed, if it was.
    pub(crate) stop: Option<Stop>,
    /// What it printed after the line `ready`.
    pub(crate) output: Vec<u8>,
    /// The end of what it printed on standard error.
    pub(crate) errors: String,
    /// Wall time from start to end.
    pub(crate) wall: Duration,
    /// Wall time from when it was ready until its answer was there, of a child of this project that answered.
    pub(crate) answered: Option<Duration>,
    /// What it used, from the operating system, with the CPU time of its descendants.
    pub(crate) usage: Usage,
    /// What its cgroup held at most, in bytes; without one, the greatest resident memory seen from outside
    /// while it and its descendants ran, or the operating system's own figure where that is more and cannot
    /// be this process's.
    pub(crate) peak_rss_bytes: u64,
    /// The cgroup that the peak is of.
    pub(crate) peak_by: Option<Means>,
    /// Whether one of its processes was killed for want of memory; `None` if nobody counts.
    pub(crate) shortage: Option<Shortage>,
    /// The load average when it started.
    pub(crate) load: f64,
    /// What else went on.
    pub(crate) noise: Noise,
}

enum Event {
    Ready,
    /// The last byte of the answer came, unless more follows.
    Answered,
    TooMuch,
    Output(Vec<u8>),
    Errors(Vec<u8>),
    Exited,
}

/// Runs a child to its end.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn run(job: Job, limits: &Limits, interrupt: &Interrupt) -> io::Result<Ended> {
    let load = load_average();
    let own_peak = peak_rss("self").unwrap_or(u64::MAX);
    let Job { mut command, request, is_ours, cores } = job;
    let session = confine::session();
    let cage = session.cage(limits);
    let listener = Listener::new(&session);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    confine(&mut command, ceilings(limits, is_ours), cage.doors(), &cores);
    let started = Instant::now();
    let mut child = command.spawn()?;
    // Its doors are shut.
    drop(command);
    let id = child.id();
    let (events, inbox) = mpsc::channel();
    if let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    {
        let (to, errors_to) = (events.clone(), events.clone());
        thread::spawn(move || speak_and_listen(&request, is_ours, stdin, stdout, &to));
        thread::spawn(move || errors_to.send(Event::Errors(tail(stderr))));
    }
    thread::spawn(move || {
        // Fails only for a process that is no child of ours, which it is until it is reaped.
        let _ = wait_for_exit(id);
        events.send(Event::Exited)
    });

    let mut watch = Watch::new(limits, is_ours, started, &cage);
    if !is_ours {
        watch.begin(started);
    }
    while !watch.is_over() {
        let now = Instant::now();
        let pause = (now - started).clamp(FIRST_PATROL, PATROL);
        let patience = watch.until.saturating_duration_since(now).min(pause);
        match inbox.recv_timeout(patience) {
            Ok(event) => watch.hear(event, id),
            Err(RecvTimeoutError::Timeout) => watch.patrol(id, interrupt),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let (exit, mut usage) = reap(id)?;
    usage.cpu_s = usage.cpu_s.max(watch.cpu_s).max(cage.cpu_seconds().unwrap_or(0.0));
    // The kernel's figure is at least what this process had when it forked. Only above that is it the
    // child's.
    let from_kernel = Some(usage.peak_rss_bytes).filter(|&peak| peak > own_peak);
    let resident = watch.peak_rss_bytes.max(from_kernel.unwrap_or(0));
    let (peak_rss_bytes, peak_by) = match cage.memory_peak() {
        Some((held, means)) => (held, Some(means)),
        None => (resident, None),
    };
    let wall = watch.exited.unwrap_or_else(Instant::now) - started;
    let waited = cage.waited_seconds();
    let noise = listener.heard(wall.as_secs_f64(), waited, usage.involuntary_switches);
    Ok(Ended {
        exit,
        stop: watch.stop,
        output: watch.output.unwrap_or_default(),
        errors: String::from_utf8_lossy(&watch.errors.unwrap_or_default()).into_owned(),
        wall,
        answered: watch.answered,
        usage,
        peak_rss_bytes,
        peak_by,
        shortage: cage.shortage(),
        load,
        noise,
    })
}

fn ceilings(limits: &Limits, is_ours: bool) -> Ceilings {
    let headroom =
        HEADROOM_BYTES.saturating_add(limits.threads.saturating_mul(HEADROOM_PER_THREAD_BYTES));
    Ceilings {
        address_space: limits
            .memory_bytes
            .filter(|_| is_ours)
            .map(|bytes| bytes.saturating_add(headroom)),
        cpu_seconds: cpu_limit(limits, is_ours).map(cpu_ceiling),
    }
}

/// The CPU seconds after which a process is killed. A child of ours knows its limit and stops by itself,
/// and is given time for its answer.
fn cpu_limit(limits: &Limits, is_ours: bool) -> Option<f64> {
    let grace = if is_ours { CPU_GRACE.as_secs_f64() } else { 0.0 };
    limits.cpu_s.map(|seconds| seconds + grace)
}

/// The whole CPU seconds at which the operating system steps in, should nobody have killed the process
/// at its limit. For its own ceiling it charges a full tick to whoever runs when the clock ticks: on a
/// busy machine that is a seventh more than was used, so the ceiling is well above the limit.
fn cpu_ceiling(limit: f64) -> u64 {
    (limit * 1.5).max(limit + 2.0).ceil() as u64
}

/// What is known of a running child.
struct Watch<'a> {
    cage: &'a Cage,
    wall_limit: Duration,
    memory_limit: Option<u64>,
    /// In seconds; none once a child of ours has answered.
    cpu_limit: Option<f64>,
    /// When to kill it, or, once it has ended, when to stop waiting for its pipes.
    until: Instant,
    /// What the end of `until` means.
    phase: Stop,
    /// When its wall time began.
    began: Option<Instant>,
    answered: Option<Duration>,
    stop: Option<Stop>,
    exited: Option<Instant>,
    output: Option<Vec<u8>>,
    errors: Option<Vec<u8>>,
    peak_rss_bytes: u64,
    cpu_s: f64,
    /// What it started, when that was looked at last.
    descendants: Vec<Process>,
}

impl<'a> Watch<'a> {
    fn new(limits: &Limits, is_ours: bool, started: Instant, cage: &'a Cage) -> Self {
        Self {
            // A limit that no clock can count is none.
            wall_limit: Duration::try_from_secs_f64(limits.wall_s).unwrap_or(Duration::MAX),
            // Where a cgroup counts, it limits as well, to the byte.
            memory_limit: limits.memory_bytes.filter(|_| cage.shortage().is_none()),
            cage,
            cpu_limit: cpu_limit(limits, is_ours),
            until: started + LOADING_LIMIT,
            phase: Stop::Loading,
            began: None,
            answered: None,
            stop: None,
            exited: None,
            output: None,
            errors: None,
            peak_rss_bytes: 0,
            cpu_s: 0.0,
            descendants: Vec::new(),
        }
    }

    fn is_over(&self) -> bool {
        self.exited.is_some_and(|_| {
            (self.output.is_some() && self.errors.is_some()) || Instant::now() >= self.until
        })
    }

    /// Its wall time is counted from now on.
    fn begin(&mut self, now: Instant) {
        self.phase = Stop::Wall;
        self.began = Some(now);
        let limit = self.wall_limit.saturating_add(GRACE);
        // Ten years, where the sum is beyond the clock.
        self.until = now.checked_add(limit).unwrap_or(now + Duration::from_hours(87_600));
    }

    fn hear(&mut self, event: Event, child: u32) {
        let now = Instant::now();
        match event {
            Event::Ready if self.stop.is_none() && self.exited.is_none() => {
                self.begin(now);
            }
            Event::Ready => {}
            Event::Answered => {
                self.answered = self.began.map(|began| now - began);
                if self.stop.is_none() && self.exited.is_none() {
                    self.until = self.until.max(now + TEARDOWN);
                    self.cpu_limit = None;
                }
            }
            Event::TooMuch => self.kill(child, Stop::Output),
            Event::Output(output) => self.output = Some(output),
            Event::Errors(errors) => self.errors = Some(errors),
            Event::Exited => {
                self.exited = Some(now);
                self.until = now + LINGER;
                // What it started may not outlive it and disturb the runs that follow.
                self.kill_all(child);
            }
        }
    }

    fn patrol(&mut self, child: u32, interrupt: &Interrupt) {
        if self.exited.is_some() {
            return;
        }
        self.look(child);
        if interrupt.is_set() {
            self.kill(child, Stop::Interrupt);
        } else if Instant::now() >= self.until {
            self.kill(child, self.phase);
        } else if self.cpu_limit.is_some_and(|limit| self.cpu_s > limit) {
            self.kill(child, Stop::Cpu);
        } else if self.is_over_memory() {
            self.kill(child, Stop::Memory);
        }
    }

    /// Of cgroups of version 1 the kernel kills one process alone; the run is over all the same.
    fn is_over_memory(&self) -> bool {
        self.memory_limit.is_some_and(|limit| self.peak_rss_bytes > limit)
            || matches!(self.cage.shortage(), Some(Shortage::Own | Shortage::Machines))
    }

    fn kill(&mut self, child: u32, reason: Stop) {
        // Of several reasons the first is the one.
        self.stop.get_or_insert(reason);
        self.look(child);
        self.kill_all(child);
        self.until = Instant::now() + PATROL;
    }

    /// Looks at what it and all that it started use, as far as no cgroup counts it.
    fn look(&mut self, child: u32) {
        let by_cgroup = self.cage.cpu_seconds();
        self.cpu_s = self.cpu_s.max(by_cgroup.unwrap_or(0.0));
        if by_cgroup.is_some() && self.cage.memory_peak().is_some() {
            return;
        }
        let tree = match self.cage.processes() {
            Some(ids) => processes(&ids),
            None => family_tree(child),
        };
        let own_peak = peak_rss(&child.to_string()).unwrap_or(0);
        let together: u64 = tree.iter().map(|process| process.rss_bytes).sum();
        self.peak_rss_bytes = self.peak_rss_bytes.max(own_peak).max(together);
        self.cpu_s = self.cpu_s.max(tree.iter().map(|process| process.cpu_s).sum());
        if !tree.is_empty() {
            self.descendants = tree.into_iter().filter(|process| process.id != child).collect();
        }
    }

    /// Kills all that is in its cgroup; without one, its process group and the descendants that were seen
    /// outside of that.
    fn kill_all(&self, child: u32) {
        kill_group(child);
        self.cage.kill();
        let left = self.descendants.iter().filter(|process| process.is_running());
        left.for_each(|process| kill_process(process.id));
    }
}

/// Hands the request over and reads what the child prints, on a thread of its own, so that a child that
/// neither reads nor writes blocks nobody.
fn speak_and_listen(
    request: &[u8],
    greets: bool,
    mut stdin: ChildStdin,
    mut stdout: ChildStdout,
    to: &Sender<Event>,
) -> Option<()> {
    // A child that ends without reading is judged by how it ended.
    let _ = stdin.write_all(request);
    drop(stdin);
    let mut greeting = [0; READY.len()];
    let greeted = if greets { read_up_to(&mut stdout, &mut greeting) } else { &[] };
    let mut output = Vec::new();
    if greeted == READY {
        to.send(Event::Ready).ok()?;
    } else {
        output.extend_from_slice(greeted);
    }
    let mut rest = BufReader::with_capacity(1 << 16, stdout.take(OUTPUT_CAP));
    if greeted == READY && rest.read_until(b'\n', &mut output).is_ok_and(|read| read > 0) {
        to.send(Event::Answered).ok()?;
    }
    let _ = rest.read_to_end(&mut output);
    if rest.into_inner().limit() == 0 {
        to.send(Event::TooMuch).ok()?;
    }
    to.send(Event::Output(output)).ok()
}

/// Fills the buffer as far as there is input.
fn read_up_to<'a>(from: &mut impl Read, buffer: &'a mut [u8]) -> &'a [u8] {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(read) => filled += read,
        }
    }
    &buffer[..filled]
}

/// The last bytes that the child prints on standard error.
fn tail(mut stderr: ChildStderr) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        if kept.len() > 2 * ERRORS_KEPT {
            kept.drain(..kept.len() - ERRORS_KEPT);
        }
    }
    kept.drain(..kept.len().saturating_sub(ERRORS_KEPT));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_steps_in_well_after_the_patrol() {
        let limits = |cpu_s| Limits {
            wall_s: 1.0,
            cpu_s: Some(cpu_s),
            memory_bytes: None,
            work: None,
            threads: 1,
        };
        for cpu_s in [0.1, 1.0, 8.0, 60.0, 3600.0] {
            for is_ours in [false, true] {
                let limit = cpu_limit(&limits(cpu_s), is_ours).expect("it was given");
                let ceiling = ceilings(&limits(cpu_s), is_ours).cpu_seconds.expect("a ceiling");
                assert!(limit >= cpu_s);
                assert!(ceiling as f64 >= (limit + 2.0).max(limit * 1.5), "{cpu_s}: {ceiling}");
            }
        }
        assert_eq!(cpu_ceiling(f64::MAX), u64::MAX);
    }
}
