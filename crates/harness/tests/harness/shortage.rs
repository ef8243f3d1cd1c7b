//! Who lacked memory: a run by its own limit, or a cgroup above it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use vmpack_results::{Cause, Termination, read};

use crate::skip::skipped;
use crate::{RIG, write_instances};

/// A cgroup below that of this process, with a limit on memory.
struct Narrow(PathBuf);

impl Narrow {
    /// None if it may not be made.
    fn new(bytes: u64) -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let limit = bytes.to_string();
        let (root, path, memory, swap) = own.lines().find_map(|line| {
            if let Some((_, path)) = line.split_once(":memory:") {
                let swap = ("memory.memsw.limit_in_bytes", &*limit);
                return Some(("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", swap));
            }
            let path = line.strip_prefix("0::")?;
            Some(("/sys/fs/cgroup", path, "memory.max", ("memory.swap.max", "0")))
        })?;
        let place = Path::new(root).join(path.trim_start_matches('/'));
        let narrow = Self(place.join(format!("narrow-{}", std::process::id())));
        fs::create_dir(&narrow.0).ok()?;
        // Where the kernel put no such file there is no controller.
        let set = |file: &str, text: &str| {
            let file = narrow.0.join(file);
            file.exists() && fs::write(file, text).is_ok()
        };
        let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default().lines().count() > 1;
        let limits = set(memory, &limit) && (set(swap.0, swap.1) || !swaps);
        limits.then_some(narrow)
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// What is below its own limit when the kernel kills it had no fault: a cgroup above, as of a container, had no more.
#[test]
fn the_want_of_others_is_told_from_ones_own() {
    let Some(narrow) = Narrow::new(64_000_000) else {
        return skipped("no cgroup with a limit on memory may be made here");
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    write_instances(folder.path(), &["a"], 1);
    let path = |name: &str| folder.path().join(name);
    let text = "name = 'shortage'\ndatasets = ['a.vbp']\nmethods = ['burst']\n\
                limits = { wall_s = 200, memory_mb = 1000 }\n";
    fs::write(path("e.toml"), text).expect("writable");
    let script = "echo 0 > \"$1/cgroup.procs\" && exec \"$2\" run \"$3\" \"$4\" 1";
    let mut harness = Command::new("sh");
    harness.args(["-c", script, "sh"]).arg(&narrow.0).arg(RIG);
    harness.arg(path("e.toml")).arg(path("out"));
    let status = harness.stderr(Stdio::null()).status().expect("sh is there");
    assert!(status.success(), "{status}");
    let mut records = read(&path("out")).expect("a store");
    let record = records.next().expect("a record").expect("whole");
    assert_eq!(record.termination, Termination::OutOfMemory, "{record:?}");
    assert_eq!(record.cause, Some(Cause::Machine), "{record:?}");
    let left: Vec<_> = fs::read_dir(&narrow.0).expect("it is there").flatten().collect();
    assert!(left.iter().all(|entry| !entry.path().is_dir()), "nothing is left below: {left:?}");
}
