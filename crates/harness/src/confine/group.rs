//! A cgroup: its folder, the files in it, and how it is emptied and removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::Means;
use crate::limits::kill_process;

/// How long killed processes may take to be gone: gigabytes are given back first.
const PATIENCE: Duration = Duration::from_secs(10);

/// More memory than is asked for in one piece by whoever is killed if there is none, in bytes.
const AT_ONCE: u64 = 1 << 20;

/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_micros(200);

/// What a cgroup counts and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Powers {
    /// The version of its hierarchy.
    pub(super) version: Means,
    /// Whether it limits memory.
    pub(super) memory: bool,
    /// Whether it limits the number of processes.
    pub(super) processes: bool,
}

/// Who lacked memory when a process of a cgroup was killed for want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// None was killed.
    Nobodys,
    /// The cgroup, by its limit.
    Own,
    /// The machine, or a cgroup above.
    Machines,
}

/// A cgroup that is ours.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) folder: PathBuf,
    pub(super) powers: Powers,
}

impl Group {
    /// The value in one of its files.
    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }

    fn number(&self, file: &str) -> Option<u64> {
        self.read(file)?.trim().parse().ok()
    }

    /// The number behind a word of a file of lines `word number`.
    fn counter(&self, file: &str, word: &str) -> Option<u64> {
        let text = self.read(file)?;
        let line =
            text.lines().filter_map(|line| line.split_once(' ')).find(|(key, _)| *key == word);
        line?.1.trim().parse().ok()
    }

    fn is_unified(&self) -> bool {
        self.powers.version == Means::CgroupV2
    }

    /// Limits what its processes hold together. Swap counts: what is on the disk is held as well.
    pub(super) fn limit_memory(&self, bytes: u64) -> io::Result<()> {
        let bytes = bytes.to_string();
        if self.is_unified() {
            write(&self.folder.join("memory.max"), &bytes)?;
            // Kernels without swap lack it; whoever exceeds the limit goes as a whole.
            let _ = write(&self.folder.join("memory.swap.max"), "0");
            let _ = write(&self.folder.join("memory.oom.group"), "1");
            return Ok(());
        }
        write(&self.folder.join("memory.limit_in_bytes"), &bytes)?;
        let _ = write(&self.folder.join("memory.memsw.limit_in_bytes"), &bytes);
        Ok(())
    }

    /// Limits the number of its processes and threads.
    pub(super) fn limit_processes(&self, most: u64) -> io::Result<()> {
        write(&self.folder.join("pids.max"), &most.to_string())
    }

    /// The most memory that its processes held together, in bytes, the files that they were first to
    /// read included.
    pub(super) fn memory_peak(&self) -> Option<u64> {
        let file = if self.is_unified() { "memory.peak" } else { "memory.max_usage_in_bytes" };
        self.number(file).filter(|_| self.powers.memory)
    }

    /// Whether one of its processes was killed for want of memory, and who lacked it.
    pub(super) fn shortage(&self) -> Option<Shortage> {
        if !self.powers.memory {
            return None;
        }
        // Kills are counted whoever lacked memory; whether it was the cgroup is told by its own limit.
        let (file, is_full) = if self.is_unified() {
            ("memory.events", self.counter("memory.events", "oom").map(|hits| hits > 0))
        } else {
            ("memory.oom_control", self.is_full())
        };
        Some(match (self.counter(file, "oom_kill")?, is_full) {
            (0, _) => Shortage::Nobodys,
            (_, Some(false)) => Shortage::Machines,
            _ => Shortage::Own,
        })
    }

    /// Whether a cgroup of version 1 once was at its limit, but for what is asked for at once. Its counters of failures
    /// stay at 0 where swap is limited as well.
    fn is_full(&self) -> Option<bool> {
        let full = ["memory", "memory.memsw"].into_iter().filter_map(|counter| {
            let most = self.number(&format!("{counter}.max_usage_in_bytes"))?;
            let limit = self.number(&format!("{counter}.limit_in_bytes"))?;
            Some(most.saturating_add(AT_ONCE) >= limit)
        });
        full.reduce(|one, other| one || other)
    }

    /// The CPU seconds of all processes that were ever in it.
    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        Some(self.counter("cpu.stat", "usage_usec")? as f64 * 1e-6)
    }

    /// The seconds in which one of its threads wanted to go on and had no core.
    pub(super) fn waited_seconds(&self) -> Option<f64> {
        let text = self.read("cpu.pressure")?;
        let total = text.lines().find(|line| line.starts_with("some "))?.rsplit_once("total=")?.1;
        Some(total.trim().parse::<u64>().ok()? as f64 * 1e-6)
    }

    /// The processes in it.
    pub(super) fn processes(&self) -> Vec<u32> {
        processes(&self.folder)
    }

    /// Kills all its processes.
    pub(super) fn kill(&self) {
        kill(&self.folder);
    }

    /// Kills what is in it, and removes it once that is gone. False if it would not go.
    pub(super) fn remove(&self) -> bool {
        remove(&self.folder)
    }
}

/// Writes to a file that is there.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes())
}

/// The file through which processes enter a cgroup.
pub(super) fn door(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(folder.join("cgroup.procs"))
}

fn processes(folder: &Path) -> Vec<u32> {
    let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    // A process that cannot be seen from here has the number 0.
    text.lines().filter_map(|line| line.parse().ok()).filter(|id| *id != 0).collect()
}

fn kill(folder: &Path) {
    if write(&folder.join("cgroup.kill"), "1").is_err() {
        // Without it they are killed one by one; who forks meanwhile is met at the next call.
        processes(folder).into_iter().for_each(kill_process);
    }
}

/// Kills what is in a cgroup and those below it, and removes them. False if they would not go, or hold this
/// process.
pub(super) fn remove(folder: &Path) -> bool {
    if processes(folder).contains(&std::process::id()) {
        return false;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    below.for_each(|entry| {
        remove(&entry.path());
    });
    let started = Instant::now();
    loop {
        if !processes(folder).is_empty() {
            kill(folder);
        }
        match fs::remove_dir(folder) {
            Ok(()) => return true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return true,
            Err(_) if started.elapsed() > PATIENCE => return false,
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the files that a kernel would put there.
    fn mimic(version: Means, files: &[(&str, &str)]) -> (tempfile::TempDir, Group) {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("writable");
        }
        let powers = Powers { version, memory: true, processes: true };
        let group = Group { folder: folder.path().to_owned(), powers };
        (folder, group)
    }

    #[test]
    fn the_files_of_version_2_are_written_and_read() {
        let (folder, group) = mimic(
            Means::CgroupV2,
            &[
                ("memory.max", "max\n"),
                ("memory.swap.max", "max\n"),
                ("memory.oom.group", "0\n"),
                ("memory.peak", "5000\n"),
                ("memory.events", "low 0\nmax 7\noom 1\noom_kill 3\noom_group_kill 1\n"),
                ("pids.max", "max\n"),
                ("cpu.stat", "usage_usec 1500000\nuser_usec 1\n"),
                (
                    "cpu.pressure",
                    "some avg10=0.00 avg60=0.00 avg300=0.00 total=250000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
                ),
                ("cgroup.procs", "0\n12\n13\n"),
            ],
        );
        group.limit_memory(1_000_000).expect("writable");
        group.limit_processes(99).expect("writable");
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("readable");
        // A kernel's file takes the text as a whole; one on a disk keeps the rest of what was longer.
        assert_eq!(text("memory.max"), "1000000");
        assert!(text("memory.swap.max").starts_with('0'), "no swap");
        assert!(text("memory.oom.group").starts_with('1'), "all or none");
        assert!(text("pids.max").starts_with("99"));
        assert_eq!((group.memory_peak(), group.shortage()), (Some(5000), Some(Shortage::Own)));
        assert_eq!((group.cpu_seconds(), group.waited_seconds()), (Some(1.5), Some(0.25)));
        assert_eq!(group.processes(), [12, 13]);
    }

    #[test]
    fn the_files_of_version_1_are_written_and_read() {
        let (folder, group) = mimic(
            Means::CgroupV1,
            &[
                ("memory.limit_in_bytes", ""),
                ("memory.max_usage_in_bytes", "4096\n"),
                ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
                ("cgroup.procs", ""),
            ],
        );
        group.limit_memory(4096).expect("writable");
        let limit = fs::read_to_string(folder.path().join("memory.limit_in_bytes"));
        assert_eq!(limit.expect("readable"), "4096");
        assert!(!folder.path().join("memory.max").exists(), "nothing is created");
        assert_eq!((group.memory_peak(), group.shortage()), (Some(4096), Some(Shortage::Own)));
        assert_eq!((group.cpu_seconds(), group.waited_seconds()), (None, None));
        assert!(group.limit_processes(1).is_err(), "what the system lacks is an error");
    }

    #[test]
    fn who_lacked_memory_is_told_by_whose_limit_was_hit() {
        let unified = |events| {
            let (_folder, group) = mimic(Means::CgroupV2, &[("memory.events", events)]);
            group.shortage()
        };
        assert_eq!(unified("max 9\noom 0\noom_kill 0\n"), Some(Shortage::Nobodys));
        assert_eq!(unified("max 9\noom 1\noom_kill 1\n"), Some(Shortage::Own));
        assert_eq!(unified("max 0\noom 0\noom_kill 1\n"), Some(Shortage::Machines));
        assert_eq!(unified("low 0\n"), None, "nobody counts");
        let legacy = |kills: u64, files: &[(&str, &str)]| {
            let kills = format!("oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n");
            let files = [&[("memory.oom_control", &*kills)], files].concat();
            let (_folder, group) = mimic(Means::CgroupV1, &files);
            group.shortage()
        };
        let held = |memory, with_swap| {
            [
                ("memory.limit_in_bytes", "64000000\n"),
                ("memory.max_usage_in_bytes", memory),
                ("memory.memsw.limit_in_bytes", "64000000\n"),
                ("memory.memsw.max_usage_in_bytes", with_swap),
            ]
        };
        let (much, little) = ("63995904\n", "20000000\n");
        assert_eq!(legacy(0, &held(much, much)), Some(Shortage::Nobodys), "it was given back");
        assert_eq!(legacy(1, &held(much, much)), Some(Shortage::Own));
        assert_eq!(legacy(1, &held(little, much)), Some(Shortage::Own), "the rest is on the disk");
        assert_eq!(legacy(1, &held(little, little)), Some(Shortage::Machines));
        assert_eq!(legacy(1, &held(much, much)[..2]), Some(Shortage::Own), "swap is not counted");
        assert_eq!(legacy(1, &[]), Some(Shortage::Own), "as far as anybody can tell");
    }
}
