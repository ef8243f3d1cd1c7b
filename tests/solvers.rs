//! The contenders that ship, on tiny instances, each where its package is installed: `cargo xtask aids` brings them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::skip::skipped;
use crate::support::{native_python, records, vmpack};

/// A contender that ships: its file, and the packages that it needs.
struct Shipped {
    file: &'static str,
    needs: &'static [Package],
}

#[derive(Clone, Copy)]
enum Package {
    Python(&'static str),
    Debian(&'static str),
}

use Package::{Debian, Python};

const SHIPPED: [Shipped; 7] = [
    Shipped { file: "ortools.toml", needs: &[Python("ortools")] },
    Shipped { file: "cbc.toml", needs: &[Debian("coinor-cbc")] },
    Shipped { file: "highs.toml", needs: &[Python("highsbox")] },
    Shipped { file: "scip.toml", needs: &[Python("pyscipopt")] },
    Shipped { file: "vpsolver.toml", needs: &[Python("pyvpsolver"), Python("highsbox")] },
    Shipped { file: "vpsolver-cbc.toml", needs: &[Python("pyvpsolver"), Debian("coinor-cbc")] },
    Shipped { file: "vpsolver-scip.toml", needs: &[Python("pyvpsolver"), Python("pyscipopt")] },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The search path with more folders before it.
fn path_with(folders: &[PathBuf]) -> OsString {
    let known = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(folders.iter().cloned().chain(std::env::split_paths(&known))).unwrap()
}

/// The search path on which `cargo xtask aids` installs.
fn path() -> OsString {
    path_with(&[root().join(".native/python/bin")])
}

impl Package {
    /// Its version, asked of the package manager that brought it; `None` if it did not.
    fn version(self) -> Option<String> {
        let mut command = match self {
            Python(name) => {
                let mut command = Command::new(native_python());
                let code = "import importlib.metadata, sys; \
                            print(importlib.metadata.version(sys.argv[1]), end='')";
                command.args(["-c", code, name]);
                command
            }
            Debian(name) => {
                let mut command = Command::new("dpkg-query");
                command.args(["--show", "--showformat=${Version}", name]);
                command
            }
        };
        let output = command.output().ok().filter(|output| output.status.success())?;
        let version = String::from_utf8(output.stdout).unwrap();
        // What follows is Debian's: `2.10.8+ds1-3`.
        Some(version.split('+').next().unwrap().to_owned()).filter(|version| !version.is_empty())
    }
}

/// Those that are installed, each with what its version must hold.
fn installed() -> Vec<(&'static str, Vec<String>)> {
    let versions = |shipped: &Shipped| {
        let versions = shipped.needs.iter().map(|package| package.version());
        let versions = versions.collect::<Option<Vec<_>>>();
        if versions.is_none() {
            skipped(format_args!("of {} a package is not installed", shipped.file));
        }
        versions.map(|versions| (shipped.file, versions))
    };
    SHIPPED.iter().filter_map(versions).collect()
}

/// Runs an experiment with these contenders; its folder, records and manifest.
fn run(
    files: &[&str],
    methods: &[&str],
    datasets: &[(&str, &str)],
    limits: &str,
) -> (tempfile::TempDir, Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in datasets {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let names: Vec<_> = datasets.iter().map(|(name, _)| name).collect();
    let contenders = files.iter().map(|file| root().join("benches/contenders").join(file));
    let own = methods.iter().map(|&method| method.to_owned());
    let methods: Vec<_> = contenders.map(|path| path.display().to_string()).chain(own).collect();
    let text = format!(
        "name = \"solvers\"\ndatasets = {names:?}\nmethods = {methods:?}\nlimits = {{ {limits} }}\n"
    );
    let experiment = folder.path().join("solvers.toml");
    fs::write(&experiment, text).unwrap();
    let out = folder.path().join("out");
    vmpack()
        .env("PATH", path())
        .arg("run")
        .arg(experiment)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
    let (records, manifest) = (records(&out), serde_json::from_str(&manifest).unwrap());
    (folder, records, manifest)
}

/// Generated instances with two resources, and with prices and stock.
const SUITE: &str = "description = \"tiny\"
[[generate]]
generator = \"caprara-toth-2d\"
parameters = { class = 6, n = 9 }
seeds = [1]
[[generate]]
generator = \"fleet\"
parameters = { vms = 12, types = 4, hosts = 3, stock = \"limited\" }
seeds = [1]
";

/// An item with alternatives, and both host types needed.
const PRICED: &str = "1\n2\n10 3 1\n20 5 1\n2\n2 2\n6\n7\n1 3\n3\n";

/// Three items of 6 and four of 3 do not go into two hosts of 10 and one of 9.
const INFEASIBLE: &str = "1\n2\n10 1 2\n9 1 1\n2\n1 3\n6\n1 4\n3\n";

#[test]
fn contenders_find_and_prove_what_is_optimal() {
    let installed = installed();
    if installed.is_empty() {
        return;
    }
    let own: &[&str] = if cfg!(feature = "highs") { &["branch-price"] } else { &[] };
    let files: Vec<_> = installed.iter().map(|(file, _)| *file).collect();
    let datasets = [("suite.toml", SUITE), ("priced.mvp", PRICED), ("infeasible.mvp", INFEASIBLE)];
    let (_folder, records, manifest) = run(&files, own, &datasets, "wall_s = 300");
    assert_eq!(manifest["missing"], Value::Array(Vec::new()), "all of them are installed");
    // The format that CP-SAT is given has no place for prices and stock; nobody else is excused.
    let skipped = manifest["skipped"].as_array().unwrap();
    let excused = |skip: &Value| {
        skip["method"] == "ortools-assignment" || own.contains(&skip["method"].as_str().unwrap())
    };
    assert!(skipped.iter().all(excused), "{skipped:?}");
    assert_eq!(records.len(), 4 * (files.len() + own.len()) - skipped.len());
    let mut answers: BTreeMap<&str, Vec<(&str, &Value, &Value)>> = BTreeMap::new();
    for record in &records {
        let answer = &record["answer"];
        assert_eq!(answer["judgement"]["verdict"], "correct", "{record}");
        let found = (&answer["status"], &answer["judgement"]["cost"]);
        let of = answers.entry(record["instance"].as_str().unwrap()).or_default();
        of.push((record["method"].as_str().unwrap(), found.0, found.1));
    }
    for (instance, answers) in &answers {
        let expected = match *instance {
            "infeasible" => ("infeasible", Value::Null),
            "priced" => ("optimal", 8.into()),
            _ => ("optimal", answers[0].2.clone()),
        };
        for (method, status, cost) in answers {
            assert_eq!((*status, *cost), (&expected.0.into(), &expected.1), "{instance}, {method}");
        }
    }
    for (file, versions) in &installed {
        let text = fs::read_to_string(root().join("benches/contenders").join(file)).unwrap();
        let name =
            toml::from_str::<toml::Table>(&text).unwrap()["name"].as_str().unwrap().to_owned();
        let said = manifest["versions"][&name].as_str().unwrap();
        for version in versions {
            let is_word = |word: &str| word.trim_end_matches(',') == version;
            assert!(said.split(' ').any(is_word), "{file}: {version} in {said:?}");
        }
    }
}

/// The time of an instance that is too hard ends when it should, and what was found until then is a packing.
#[test]
fn contenders_keep_to_the_limit() {
    let installed = installed();
    if installed.is_empty() {
        return;
    }
    let hard = "description = \"hard\"\n[[generate]]\ngenerator = \"cutting-stock\"\nseeds = [1]\n\
                parameters = { m = 60, demand = 3, capacity = 1000, least = 15, greatest = 45 }\n";
    let files: Vec<_> = installed.iter().map(|(file, _)| *file).collect();
    let (_folder, records, _) = run(&files, &[], &[("hard.toml", hard)], "wall_s = 1");
    assert_eq!(records.len(), files.len());
    for record in &records {
        let wall = record["measurement"]["process_wall_s"].as_f64().unwrap();
        // The search would take hours.
        assert!(wall < 60.0, "{record}");
        let ending = record["termination"]["kind"].as_str().unwrap();
        assert!(["completed", "timeout"].contains(&ending), "{record}");
        let verdict = record["answer"]["judgement"]["verdict"].as_str().unwrap_or("no-answer");
        assert!(["correct", "no-answer"].contains(&verdict), "{record}");
    }
}

/// The program of Vectorpack by its sources: names that it knows, and the file that it writes. This one fills bins by
/// next fit, and worse for one of its algorithms.
const IMITATION: &str = "#!/usr/bin/env python3
import re, sys
file, algorithm, option, out = sys.argv[1:]
assert option == '--output' and file.endswith('.vbp')
weight = '(Unit|Avg|Expo|ReciprocAvg|UtilRatio)(-Dyn)?'
centric = f'FF|FFD-(L1|L2|Linf)-{weight}|BCS-(DP[12]|NormDP|L2Norm|TFSum|TFMin)-{weight}'
if not re.fullmatch(f'{centric}|[WB]FDm-BS-(L1|L2|L2Load|Linf)-{weight}', algorithm):
    sys.exit(f'Unknown algorithm name {algorithm!r}')
rows = [[int(word) for word in line.split()] for line in open(file)]
capacity, items = rows[1], rows[3:]
assert len(items) == rows[2][0] and all(len(item) == rows[0][0] + 1 for item in items)
bins = []
for number, item in enumerate(items):
    if not bins or algorithm == 'FF' or sum(items[i][0] for i in bins[-1]) + item[0] > capacity[0]:
        bins.append([])
    bins[-1].append(number)
with open(out, 'w') as file:
    print(len(bins), file=file)
    for held in bins:
        print(len(held), *held, file=file)
";

fn vectorpack(path: &std::ffi::OsStr, contender: &Path) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let instance = folder.path().join("items.vbp");
    fs::write(&instance, "1\n10\n2\n6 2\n3 3\n").unwrap();
    let mut command = vmpack();
    command
        .env("PATH", path)
        .arg("solve")
        .arg(&instance)
        .args(["--json", "--method"])
        .arg(contender);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_best_of_vectorpacks_heuristics_is_taken() {
    if Command::new("python3").arg("--version").output().is_err() {
        skipped("there is no python3");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("vectorpack");
    fs::write(&program, IMITATION).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let text = fs::read_to_string(root().join("benches/contenders/vectorpack.toml")).unwrap();
    let here = root().join("benches/contenders").display().to_string();
    let text =
        text.replace("{here}", &here).replace("\"FFD-L2-Avg\"", "\"FF\", \"FFD-L2-Avg\", \"FF\"");
    let contender = folder.path().join("vectorpack.toml");
    fs::write(&contender, text).unwrap();
    let answer = vectorpack(&path_with(&[folder.path().to_owned()]), &contender);
    // Next fit: 6 | 6 3 | 3 3, with every item in a bin of its own for the algorithm FF.
    assert_eq!((&answer["verdict"], &answer["cost"]), (&"Correct".into(), &3.into()), "{answer}");
    assert_eq!(answer["status"], "feasible");
    // What it does not know, it says.
    let text = fs::read_to_string(&contender).unwrap().replace("FFD-L2-Avg", "FFD-Sum-Avg");
    fs::write(&contender, text).unwrap();
    let mut command = vmpack();
    let items = folder.path().join("items.vbp");
    fs::write(&items, "1\n10\n2\n6 2\n3 3\n").unwrap();
    command.env("PATH", path_with(&[folder.path().to_owned()])).arg("solve").arg(&items);
    let output = command.arg("--method").arg(&contender).output().unwrap();
    let said = format!("{output:?}");
    assert!(!output.status.success() && said.contains("Unknown algorithm name"), "{said}");
}

#[test]
fn vectorpack_itself_takes_part() {
    let path = path();
    if !std::env::split_paths(&path).any(|folder| folder.join("vectorpack").is_file()) {
        skipped("no package has vectorpack, and it is not installed");
        return;
    }
    let answer = vectorpack(&path, &root().join("benches/contenders/vectorpack.toml"));
    assert_eq!((&answer["verdict"], &answer["cost"]), (&"Correct".into(), &3.into()), "{answer}");
}
