//! Prometheus's `promtool`, with which a test checks the metrics that the command writes.
//!
//! It is taken out of Debian's package `prometheus` into `.native/`, so that no server is installed or started. Where that
//! cannot be had, the test says that it was skipped.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::habits::{run, say};
use crate::native::find_program;

/// Sees to it that the test finds `promtool`, if this machine can have it.
pub(crate) fn prepare(root: &Path) {
    let own = root.join(".native/promtool");
    if own.is_file() || find_program("promtool").is_some() {
        return;
    }
    let is_debian = ["apt-get", "dpkg-deb"].iter().all(|name| find_program(name).is_some());
    let brought = if is_debian { bring(root, &own) } else { Err("this is no Debian".into()) };
    if let Err(problem) = brought {
        say(&format!("promtool is not here ({problem}): the test that needs it is skipped"));
    }
}

fn bring(root: &Path, own: &Path) -> Result<(), String> {
    let room = root.join(".native/prometheus");
    let io = |error: std::io::Error| format!("{}: {error}", room.display());
    // Nothing of an attempt that broke off.
    let _ = fs::remove_dir_all(&room);
    fs::create_dir_all(&room).map_err(io)?;
    let download = || {
        // `apt-get` downloads to where it runs.
        let script = "cd .native/prometheus && exec apt-get --option Acquire::Retries=0 \
                      --option Acquire::http::Timeout=20 --quiet=2 download prometheus";
        run("bring promtool into .native/", Command::new("sh").args(["-c", script]))
    };
    download().or_else(|_| {
        run("read the package lists", Command::new("apt-get").args(["--quiet=2", "update"]))?;
        download()
    })?;
    let package = fs::read_dir(&room).map_err(io)?.flatten().map(|entry| entry.path());
    let package = package.into_iter().find(|path| path.extension().is_some_and(|e| e == "deb"));
    let package = package.ok_or("apt-get has brought no package")?;
    let mut unpack = Command::new("dpkg-deb");
    run("unpack it", unpack.arg("--extract").arg(package).arg(room.join("files")))?;
    fs::rename(room.join("files/usr/bin/promtool"), own).map_err(io)?;
    fs::remove_dir_all(&room).map_err(io)
}
