//! A cgroup for every run, where the system grants it: nothing that a run starts can leave it, so its
//! limits hold for all of that together, and nothing outlives the run, whatever it forks.
//!
//! While a harness runs it has one folder below its own cgroup in every hierarchy that it uses, locked so
//! that others see that it lives, with a folder in it for every run under way. Of a harness that was
//! killed, the next one removes the folder and what still runs in it.

mod group;
mod hierarchy;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use vmpack_results::{Enforcement, Limits, Means};

pub(crate) use group::Shortage;
use group::{Group, Powers, door, remove, write};
use hierarchy::{Standing, standing};

/// What the folders of harnesses are called, before their number.
const PREFIX: &str = "vmpack-";

/// The folder that the harness itself moves to where the system wants cgroups either to hold processes or
/// to hand controllers on.
const LEAF: &str = "harness";

/// What cgroups limit of a run.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// Processes and threads that a run may have beyond the threads that it is granted: more than any solver
/// with its interpreter has, and few enough that a run that only forks is stopped in time.
const PROCESSES: u64 = 1024;

/// The session of this process while somebody uses it: cgroups are the process's, not a caller's.
static CURRENT: Mutex<Weak<Session>> = Mutex::new(Weak::new());

/// The folders of this process, which are removed when the last user drops the session.
pub(crate) fn session() -> Arc<Session> {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    current.upgrade().unwrap_or_else(|| {
        let session = Arc::new(Session::open());
        *current = Arc::downgrade(&session);
        session
    })
}

/// By what means this process enforces limits on its runs, and why not by better ones.
pub fn enforcement() -> Enforcement {
    session().enforcement().clone()
}

/// What confines the runs of this process.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its folder in the unified hierarchy first, if it has one there.
    homes: Vec<Home>,
    enforcement: Enforcement,
    cages: AtomicU64,
}

/// The folder of this process in one hierarchy.
#[derive(Debug)]
struct Home {
    group: Group,
    /// The cgroup above, from which controllers were handed on and this process has moved.
    left: Option<PathBuf>,
    /// Locks the folder until this process ends, however it does.
    _lock: File,
}

impl Session {
    fn open() -> Self {
        let read =
            |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        Self::at(&standing(&read("cgroup"), &read("mountinfo")))
    }

    /// Uses what is granted of these folders.
    fn at(standing: &Standing) -> Self {
        let mut homes = Vec::new();
        let mut reasons = Vec::new();
        match &standing.unified {
            None => reasons.push("no unified cgroup hierarchy is mounted".to_owned()),
            Some(own) => match Home::unified(own) {
                Ok((home, reason)) => {
                    homes.push(home);
                    reasons.extend(reason);
                }
                Err(error) => reasons.push(format!("{}: {error}", own.display())),
            },
        }
        let has = |homes: &[Home], what: fn(&Powers) -> bool| {
            homes.iter().find(|home| what(&home.group.powers)).map(|home| home.group.powers.version)
        };
        for controller in CONTROLLERS {
            let powers = Powers {
                version: Means::CgroupV1,
                memory: controller == "memory",
                processes: controller == "pids",
            };
            if has(&homes, if powers.memory { |p| p.memory } else { |p| p.processes }).is_some() {
                continue;
            }
            let Some(own) = standing.legacy.get(controller) else { continue };
            match Home::new(own, powers) {
                Ok(home) => homes.push(home),
                Err(error) => reasons.push(format!("{}: {error}", own.display())),
            }
        }
        let memory = has(&homes, |powers| powers.memory).unwrap_or(Means::Rlimits);
        // Any cgroup holds what runs in it together, whether or not it limits how much that is.
        let processes = homes.first().map_or(Means::Rlimits, |home| home.group.powers.version);
        if !homes.is_empty() && has(&homes, |powers| powers.processes).is_none() {
            reasons.push("no controller limits the number of processes".to_owned());
        }
        let is_best = memory == Means::CgroupV2 && processes == Means::CgroupV2;
        let reason = (!is_best).then(|| reasons.join("; ")).filter(|text| !text.is_empty());
        let enforcement = Enforcement { memory, processes, reason };
        Self { homes, enforcement, cages: AtomicU64::new(0) }
    }

    /// By what means limits are enforced, and why not by better ones.
    pub(crate) fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// The CPU seconds of all runs so far, those that ended included; `None` if no cgroup counts them.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        self.homes.iter().find_map(|home| home.group.cpu_seconds())
    }

    /// A cgroup for one run. What cannot be had of it is left out.
    pub(crate) fn cage(self: &Arc<Self>, limits: &Limits) -> Cage {
        let name = format!("run-{}", self.cages.fetch_add(1, Ordering::Relaxed));
        let make = |home: &Home| -> io::Result<Group> {
            let folder = home.group.folder.join(&name);
            fs::create_dir(&folder)?;
            let group = Group { folder, powers: home.group.powers };
            let limited = || -> io::Result<()> {
                if let Some(bytes) = limits.memory_bytes.filter(|_| group.powers.memory) {
                    group.limit_memory(bytes)?;
                }
                if group.powers.processes {
                    group.limit_processes(limits.threads.saturating_add(PROCESSES))?;
                }
                Ok(())
            };
            limited().inspect_err(|_| {
                group.remove();
            })?;
            Ok(group)
        };
        let groups = self.homes.iter().filter_map(|home| make(home).ok()).collect();
        Cage { groups, _session: Arc::clone(self) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for home in &self.homes {
            if let Some(own) = &home.left {
                // Cgroups that hand controllers on may hold no processes, and stop only from below.
                for folder in [&home.group.folder, own] {
                    // One by one: a kernel that lacks one of them would keep the other as well.
                    for controller in CONTROLLERS {
                        let _ = control(folder, '-', controller);
                    }
                }
                let _ = write(&own.join("cgroup.procs"), &std::process::id().to_string());
            }
            home.group.remove();
        }
    }
}

impl Home {
    /// A new folder below a cgroup, from which those of dead harnesses are removed first.
    fn new(own: &Path, powers: Powers) -> io::Result<Self> {
        sweep(own);
        let mut attempt = 0;
        loop {
            let folder = own.join(format!("{PREFIX}{}-{attempt}", std::process::id()));
            match fs::create_dir(&folder) {
                Ok(()) => {
                    // Whoever sweeps at this moment may have it: then it is gone, or will be.
                    let lock = File::open(&folder)?;
                    if lock.try_lock().is_ok() && folder.exists() {
                        let group = Group { folder, powers };
                        return Ok(Self { group, left: None, _lock: lock });
                    }
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) => {}
            }
            attempt += 1;
            if attempt == 100 {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
        }
    }

    /// A new folder in the unified hierarchy, and why it does not limit memory if it does not.
    fn unified(own: &Path) -> io::Result<(Self, Option<String>)> {
        let powers = Powers { version: Means::CgroupV2, memory: false, processes: false };
        let mut home = Self::new(own, powers)?;
        let granted = fs::read_to_string(own.join("cgroup.controllers")).unwrap_or_default();
        let granted: Vec<&str> = granted.split_whitespace().collect();
        if !granted.contains(&"memory") {
            let reason = format!("{} has no memory controller", own.display());
            return Ok((home, Some(reason)));
        }
        match home.hand_on(own) {
            Ok(()) => {
                home.group.powers.memory = true;
                home.group.powers.processes = granted.contains(&"pids")
                    && control(own, '+', "pids").is_ok()
                    && control(&home.group.folder, '+', "pids").is_ok();
                Ok((home, None))
            }
            Err(error) => {
                let reason = format!(
                    "{} does not hand its memory controller on ({error}); \
                     `systemd-run --user --scope -p Delegate=yes` starts a program so that it does",
                    own.display()
                );
                Ok((home, Some(reason)))
            }
        }
    }

    /// Has the cgroup hand its memory controller on to the cgroups of runs. If it holds nobody but this process,
    /// that moves out of the way.
    fn hand_on(&mut self, own: &Path) -> io::Result<()> {
        if control(own, '+', "memory").is_err() {
            let this = std::process::id().to_string();
            let inside = fs::read_to_string(own.join("cgroup.procs"))?;
            if inside.lines().any(|process| process != this) {
                return Err(io::Error::other("other processes are in it"));
            }
            let leaf = self.group.folder.join(LEAF);
            fs::create_dir(&leaf)?;
            write(&leaf.join("cgroup.procs"), &this)?;
            if let Err(error) = control(own, '+', "memory") {
                let _ = write(&own.join("cgroup.procs"), &this);
                remove(&leaf);
                return Err(error);
            }
            self.left = Some(own.to_owned());
        }
        control(&self.group.folder, '+', "memory")
    }
}

/// Has a cgroup of version 2 hand a controller on to those below it (`+`), or no longer (`-`).
fn control(folder: &Path, sign: char, controller: &str) -> io::Result<()> {
    write(&folder.join("cgroup.subtree_control"), &format!("{sign}{controller}"))
}

/// Removes the folders of harnesses that are dead, with what still runs in them.
fn sweep(own: &Path) {
    let entries = fs::read_dir(own).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        // The living hold the lock.
        if let Ok(folder) = File::open(entry.path())
            && folder.try_lock().is_ok()
        {
            remove(&entry.path());
        }
    }
}

/// The cgroup of one run, in every hierarchy that is used. When it is dropped, what is left in it is
/// killed, and it is removed.
#[derive(Debug)]
pub(crate) struct Cage {
    groups: Vec<Group>,
    /// Whose folders these are in.
    _session: Arc<Session>,
}

impl Cage {
    /// Through these files a process enters, by writing `0`. Whichever cannot be opened is left out.
    pub(crate) fn doors(&self) -> Vec<File> {
        self.groups.iter().filter_map(|group| door(&group.folder).ok()).collect()
    }

    fn first<T>(&self, figure: impl Fn(&Group) -> Option<T>) -> Option<T> {
        self.groups.iter().find_map(figure)
    }

    /// The processes in it; `None` if there is no cgroup to ask.
    pub(crate) fn processes(&self) -> Option<Vec<u32>> {
        self.groups.first().map(Group::processes)
    }

    /// The CPU seconds of all that ever ran in it.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        self.first(Group::cpu_seconds)
    }

    /// The seconds in which something in it wanted to go on and had no core.
    pub(crate) fn waited_seconds(&self) -> Option<f64> {
        self.first(Group::waited_seconds)
    }

    /// The most memory that was held in it, in bytes, and by which means that is known.
    pub(crate) fn memory_peak(&self) -> Option<(u64, Means)> {
        self.first(|group| Some((group.memory_peak()?, group.powers.version)))
    }

    /// Whether a process in it was killed for want of memory; `None` if that is not counted.
    pub(crate) fn shortage(&self) -> Option<Shortage> {
        self.first(Group::shortage)
    }

    /// Kills everything in it.
    pub(crate) fn kill(&self) {
        if let Some(group) = self.groups.first() {
            group.kill();
        }
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        for group in &self.groups {
            group.remove();
        }
    }
}

/// On folders like those of a kernel, as far as files on a disk can be like them.
#[cfg(test)]
mod tests {
    use super::*;

    /// A hierarchy of version 2 whose own cgroup has these controllers and holds these processes. It hands nothing
    /// on: the file for that is missing.
    fn unified(controllers: &str, processes: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in [("cgroup.controllers", controllers), ("cgroup.procs", processes)] {
            fs::write(folder.path().join(name), text).expect("writable");
        }
        folder
    }

    fn subfolders(of: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(of).expect("a folder").map(|entry| entry.expect("whole").path());
        entries.filter(|path| path.is_dir()).collect()
    }

    #[test]
    fn what_version_2_lacks_is_taken_from_version_1() {
        let (two, memory) = (unified("cpu io pids\n", "1\n"), unified("", ""));
        let legacy = [("memory".to_owned(), memory.path().to_owned())].into();
        let session = Session::at(&Standing { unified: Some(two.path().to_owned()), legacy });
        let Enforcement { memory: by, processes, reason } = session.enforcement().clone();
        assert_eq!((by, processes), (Means::CgroupV1, Means::CgroupV2));
        let reason = reason.expect("version 1 is not the best");
        assert!(reason.contains("has no memory controller"), "{reason}");
        assert!(reason.contains("no controller limits the number of processes"), "{reason}");
        let homes = [subfolders(two.path()), subfolders(memory.path())];
        assert_eq!(homes.each_ref().map(Vec::len), [1, 1], "a folder in each");
        drop(session);
        assert!(!homes.into_iter().flatten().any(|home| home.exists()), "they are gone");
    }

    #[test]
    fn nobody_is_moved_who_is_not_alone() {
        let this = std::process::id();
        for (inside, expected) in [
            (format!("{this}\n1\n"), "other processes are in it"),
            // Of another namespace of process numbers.
            (format!("0\n{this}\n"), "other processes are in it"),
            // A threaded cgroup does not tell its processes.
            (String::new(), "systemd-run"),
        ] {
            let two = unified("memory pids\n", &inside);
            if inside.is_empty() {
                fs::remove_file(two.path().join("cgroup.procs")).expect("it was there");
            }
            let standing = Standing { unified: Some(two.path().to_owned()), ..Standing::default() };
            let session = Session::at(&standing);
            let Enforcement { memory, processes, reason } = session.enforcement();
            assert_eq!((*memory, *processes), (Means::Rlimits, Means::CgroupV2));
            let reason = reason.as_deref().unwrap_or_default();
            assert!(reason.contains("does not hand its memory controller on"), "{reason}");
            assert!(reason.contains(expected), "{reason}");
            let [home] = &subfolders(two.path())[..] else { panic!("one folder") };
            assert_eq!(subfolders(home), Vec::<PathBuf>::new(), "no leaf");
        }
    }

    #[test]
    fn where_nothing_is_granted_the_reason_is_said() {
        let session = Session::at(&Standing::default());
        let expected = Enforcement {
            memory: Means::Rlimits,
            processes: Means::Rlimits,
            reason: Some("no unified cgroup hierarchy is mounted".to_owned()),
        };
        assert_eq!(*session.enforcement(), expected);
        let absent = PathBuf::from("/no/such/cgroup");
        let standing = Standing { unified: Some(absent), ..Standing::default() };
        let reason =
            Session::at(&standing).enforcement().reason.clone().expect("nothing is granted");
        assert!(reason.starts_with("/no/such/cgroup: "), "{reason}");
    }

    #[test]
    fn folders_of_the_dead_are_removed_and_those_of_the_living_kept() {
        let two = unified("cpu\n", "1\n");
        let folder = |name: &str| {
            let folder = two.path().join(name);
            fs::create_dir_all(folder.join("run-0")).expect("writable");
            folder
        };
        let (dead, alive, foreign) = (folder("vmpack-1-0"), folder("vmpack-2-0"), folder("other"));
        let lock = File::open(&alive).expect("it is there");
        lock.try_lock().expect("nobody else has it");
        let standing = Standing { unified: Some(two.path().to_owned()), ..Standing::default() };
        let session = Arc::new(Session::at(&standing));
        assert_eq!([&dead, &alive, &foreign].map(|folder| folder.exists()), [false, true, true]);
        let limits =
            Limits { wall_s: 1.0, cpu_s: None, memory_bytes: Some(1), work: None, threads: 1 };
        let cages = [session.cage(&limits), session.cage(&limits)];
        let [home] = &session.homes[..] else { panic!("one home") };
        assert_eq!(subfolders(&home.group.folder).len(), 2, "a folder for each run");
        assert_eq!(cages[0].shortage(), None, "nobody counts");
        drop(cages);
        assert_eq!(subfolders(&home.group.folder), Vec::<PathBuf>::new());
    }
}
