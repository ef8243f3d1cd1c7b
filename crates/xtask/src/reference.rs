//! The report that lies in the repository, and the pictures of the README that are taken from it.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::Options;
use crate::habits::{Done, build, cargo, prepare, root, run, say, vmpack};

/// Where its runs are, with solutions and instances, which do not go into the repository.
const RUNS: &str = "reports/reference-runs";
/// What does.
const REPORT: &str = "reports/reference";

/// Runs the reference experiment anew, and replaces its report.
pub(crate) fn reference(options: &Options) -> Done {
    build(&Options { without_highs: options.without_highs, arguments: Vec::new() })?;
    remove(&root().join(RUNS))?;
    let mut experiment = Command::new(vmpack());
    // The report shows the command, whoever built it wherever.
    experiment.arg0("vmpack");
    experiment.args(["run", "benches/experiments/reference.toml", "--out", RUNS]);
    run("run the reference experiment", experiment.args(&options.arguments))?;
    remove(&root().join(REPORT))?;
    let mut report = Command::new(vmpack());
    run("write its report", report.args(["report", RUNS, "--out", REPORT]))?;
    let [from, to] = [RUNS, REPORT].map(|folder| root().join(folder));
    let copied = fs::copy(from.join("manifest.json"), to.join("manifest.json"));
    copied.map_err(|error| format!("{}: {error}", to.display()))?;
    // The same figures as SVG are smaller, and sharper than pictures.
    remove_pictures(&to.join("figures"))?;
    say(&format!("open {REPORT}/report.html in a browser"));
    Ok(())
}

fn remove(folder: &Path) -> Done {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn remove_pictures(folder: &Path) -> Done {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "png" || extension == "pdf") {
            fs::remove_file(path).map_err(failed)?;
        }
    }
    Ok(())
}

/// Takes the pictures, by a test that drives a browser and is otherwise left out.
pub(crate) fn gallery(options: &Options) -> Done {
    prepare(options)?;
    let mut test = cargo(&["test", "--release", "--test", "end_to_end", "gallery", "--"], options);
    run("take the pictures of the README", test.args(["--ignored", "--nocapture"]))
}
