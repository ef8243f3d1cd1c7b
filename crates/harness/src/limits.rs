//! What only the operating system can do to a process: limit it, kill it with its descendants, and say
//! what it used. All unsafe code of the harness is in this file. Linux.

#![expect(
    unsafe_code,
    reason = "rlimits, process groups and wait4 are only reachable through libc"
)]

use std::fs::File;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt;
use std::process::Command;

use libc::{c_int, pid_t};

/// Limits that the operating system enforces on one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ceilings {
    /// Bytes of address space: a request for more fails.
    pub(crate) address_space: Option<u64>,
    /// Seconds of CPU time by the kernel's ticks, which may be more than were used: the process then gets
    /// SIGXCPU, and a second later SIGKILL.
    pub(crate) cpu_seconds: Option<u64>,
}

/// Makes the command start in a process group of its own, in the cgroups behind the doors, on the given
/// cores if any are given, under the ceilings, without core dumps, die with this process, and stay the
/// ancestor of whatever it starts: who loses the parent becomes its child.
pub(crate) fn confine(
    command: &mut Command,
    ceilings: Ceilings,
    doors: Vec<File>,
    cores: &[usize],
) {
    command.process_group(0);
    let parent = std::process::id();
    let cores = (!cores.is_empty()).then(|| core_set(cores));
    let prepare = move || {
        doors.iter().try_for_each(enter)?;
        if let Some(cores) = &cores {
            keep_to(cores)?;
        }
        limit(libc::RLIMIT_CORE, 0, 0)?;
        if let Some(bytes) = ceilings.address_space {
            limit(libc::RLIMIT_AS, bytes, bytes)?;
        }
        if let Some(seconds) = ceilings.cpu_seconds {
            limit(libc::RLIMIT_CPU, seconds, seconds.saturating_add(1))?;
        }
        adopt_orphans()?;
        die_with(parent)
    };
    // SAFETY: between fork and exec only async-signal-safe functions may be called. `prepare` calls write,
    // sched_setaffinity, setrlimit, prctl and getppid alone; it takes no lock and allocates nothing, its
    // errors included (they carry an error number).
    unsafe { command.pre_exec(prepare) };
}

/// Moves the calling process into the cgroup behind the door.
fn enter(door: &File) -> io::Result<()> {
    let itself = b"0";
    // SAFETY: the buffer is valid for the length given, and the descriptor open as long as the file lives.
    let written = unsafe { libc::write(door.as_raw_fd(), itself.as_ptr().cast(), itself.len()) };
    if written == 1 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Cores as the system calls take them. Those beyond the greatest that they can name are left out.
fn core_set(cores: &[usize]) -> libc::cpu_set_t {
    // SAFETY: all-zero bytes are the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &core in cores.iter().filter(|core| **core < libc::CPU_SETSIZE as usize) {
        // SAFETY: the core is within the set.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    set
}

/// Has the calling thread, and all that it starts, run on these cores alone.
fn keep_to(cores: &libc::cpu_set_t) -> io::Result<()> {
    // SAFETY: the set is valid for the size given and is only read.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), cores) })
}

/// The cores that this process may use, ascending; empty if the system does not tell.
pub(crate) fn allowed_cores() -> Vec<usize> {
    let mut set = core_set(&[]);
    // SAFETY: the set is valid for the size given, which the call writes at most.
    let told = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    if told != 0 {
        return Vec::new();
    }
    // SAFETY: the core is within the set.
    (0..libc::CPU_SETSIZE as usize).filter(|&core| unsafe { libc::CPU_ISSET(core, &set) }).collect()
}

fn limit(resource: libc::__rlimit_resource_t, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` is a valid `rlimit` that outlives the call, which only reads it.
    check(unsafe { libc::setrlimit(resource, &raw const limit) })
}

/// Makes the calling process the parent of its descendants whose own parents end, and have it be so
/// after exec.
fn adopt_orphans() -> io::Result<()> {
    // SAFETY: PR_SET_CHILD_SUBREAPER takes a flag and touches no memory of ours.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) })
}

/// Has the kernel kill the calling process when the thread that forked it ends.
fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes a signal number and touches no memory of ours.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    // SAFETY: getppid has no preconditions.
    let now = unsafe { libc::getppid() };
    // Had the parent died before the call above, nobody would send the signal.
    if u32::try_from(now) == Ok(parent) {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(libc::ESRCH))
}

/// Kills the process group that `leader` leads, whether or not it is still running, as long as it has
/// not been reaped.
pub(crate) fn kill_group(leader: u32) {
    let group = leader as pid_t;
    // SAFETY: kill touches no memory of ours. Until the leader is reaped, its number belongs to it and
    // its group, so nobody else is hit. That the group may be gone already is no error worth telling.
    unsafe { libc::kill(-group, libc::SIGKILL) };
}

/// Kills one process. Whoever calls this has made sure that the number still belongs to it.
pub(crate) fn kill_process(process: u32) {
    // SAFETY: kill touches no memory of ours. That the process may be gone already is no error worth
    // telling.
    unsafe { libc::kill(process as pid_t, libc::SIGKILL) };
}

/// Clock ticks per second, in which the kernel's files count CPU time.
pub(crate) fn ticks_per_second() -> f64 {
    // SAFETY: sysconf has no preconditions.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    if ticks > 0 { ticks as f64 } else { 100.0 }
}

/// Waits until the child has ended, and leaves it to be reaped.
pub(crate) fn wait_for_exit(child: u32) -> io::Result<()> {
    loop {
        let mut information = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: `information` is large enough for the `siginfo_t` that waitid writes.
        let result = check(unsafe {
            libc::waitid(
                libc::P_PID,
                child as libc::id_t,
                information.as_mut_ptr(),
                libc::WEXITED | libc::WNOWAIT,
            )
        });
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// What a process used, with the descendants that it waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// CPU seconds, over all threads.
    pub(crate) cpu_s: f64,
    /// Peak resident memory in bytes: of the process, or of this one when it forked, whichever was
    /// more, because the kernel carries the figure over from before the program was started.
    pub(crate) peak_rss_bytes: u64,
    /// How often it was taken off a core although it wanted to go on.
    pub(crate) involuntary_switches: u64,
}

/// Reaps the child: waits for it, frees its number, and says how it ended and what it used.
pub(crate) fn reap(child: u32) -> io::Result<(Exit, Usage)> {
    let mut status: c_int = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to values of the types that wait4 writes.
        let reaped = unsafe { libc::wait4(child as pid_t, &raw mut status, 0, usage.as_mut_ptr()) };
        match check(reaped.min(0)) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // SAFETY: wait4 succeeded and filled it in; all-zero bytes are a valid `rusage` besides.
    let usage = unsafe { usage.assume_init() };
    let exit = if libc::WIFSIGNALED(status) {
        Exit::Signal(libc::WTERMSIG(status))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    Ok((exit, Usage::from(usage)))
}

/// CPU seconds of the calling process so far, over all threads.
pub fn own_cpu_seconds() -> f64 {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a value of the type that getrusage writes.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    // SAFETY: all-zero bytes are a valid `rusage`, so it is one even had the call failed.
    Usage::from(unsafe { usage.assume_init() }).cpu_s
}

/// CPU seconds of the calling thread so far.
pub(crate) fn thread_cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value of the type that the call writes. It cannot fail: the clock is there
    // since Linux 2.6.12.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

impl From<libc::rusage> for Usage {
    fn from(usage: libc::rusage) -> Self {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
        Self {
            cpu_s: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            // Linux counts KiB.
            peak_rss_bytes: usage.ru_maxrss as u64 * 1024,
            involuntary_switches: usage.ru_nivcsw as u64,
        }
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
