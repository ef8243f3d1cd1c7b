//! `cargo xtask sbom`: what is linked into the release build of the command, as `CycloneDX` 1.6 in JSON.
//!
//! Cargo says which crates are linked (no build scripts, no macros), `Cargo.lock` their checksums, and the native code that
//! two of them bring its own version.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Options;
use crate::habits::{cargo_program, root, say, target};

/// Something that is linked.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    name: String,
    version: String,
    /// As SPDX expression; empty if unknown.
    license: String,
    /// Package URL.
    purl: String,
    /// SHA-256 of the package, of those from the registry.
    sha256: Option<String>,
}

/// Everything that is linked, and what uses what directly, by package URL.
#[derive(Default)]
struct Linked {
    components: BTreeSet<Component>,
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Linked {
    /// From the lines of `cargo tree --prefix depth`, in which what was shown before ends with `(*)`.
    fn read(tree: &str, checksums: &BTreeMap<(String, String), String>) -> Self {
        let mut linked = Self::default();
        let mut path: Vec<String> = Vec::new();
        for line in tree.lines() {
            let package = line.trim_start_matches(|c: char| c.is_ascii_digit());
            let depth = line[..line.len() - package.len()].parse().unwrap_or(0);
            let Some(one) = component(package, checksums) else { continue };
            path.truncate(depth);
            let purl = one.purl.clone();
            linked.add(path.last().map(String::as_str), one);
            path.push(purl);
        }
        linked
    }

    fn add(&mut self, user: Option<&str>, one: Component) {
        if let Some(user) = user {
            self.uses.entry(user.to_owned()).or_default().insert(one.purl.clone());
        }
        self.uses.entry(one.purl.clone()).or_default();
        self.components.insert(one);
    }
}

/// Writes the document to `target/vmpack.cdx.json`, or where `--out FILE` says, and checks it against its schema where
/// Python's `cyclonedx` is installed.
pub(crate) fn sbom(options: &Options) -> Result<(), String> {
    let out = match &options.arguments[..] {
        [] => target().join("vmpack.cdx.json"),
        [flag, file] if flag == "--out" => PathBuf::from(file),
        other => return Err(format!("expected --out FILE, found {}", other.join(" "))),
    };
    let lock =
        fs::read_to_string(root().join("Cargo.lock")).map_err(|e| format!("Cargo.lock: {e}"))?;
    let mut linked = Linked::read(&tree(options)?, &checksums(&lock));
    let natives: Vec<_> =
        linked.components.iter().filter_map(|one| Some((one.purl.clone(), native(one)?))).collect();
    for (of, native) in natives {
        linked.add(Some(&of), native);
    }
    let own: Vec<_> = linked.components.extract_if(.., |one| one.name == "vmpack").collect();
    let own = own.first().ok_or("cargo tree does not name vmpack")?;
    linked.add(Some(&own.purl), standard_library(&rustc()?));
    let components = linked.components.len();
    let text = document(own, &linked);
    fs::write(&out, text).map_err(|error| format!("{}: {error}", out.display()))?;
    say(&format!("{components} components are in {}", out.display()));
    validate(&out)
}

/// Every crate that is linked, a line each: how deep it is, name and version, license.
fn tree(options: &Options) -> Result<String, String> {
    let mut cargo = Command::new(cargo_program());
    cargo.args(["tree", "--locked", "--package", "vmpack", "--edges", "normal,no-proc-macro"]);
    cargo.args(["--prefix", "depth", "--format", "{p}|{l}"]).current_dir(root());
    if options.without_highs {
        cargo.arg("--no-default-features");
    }
    text_of(cargo, "cargo tree")
}

fn rustc() -> Result<String, String> {
    let mut rustc = Command::new("rustc");
    rustc.arg("--version");
    let text = text_of(rustc, "rustc --version")?;
    text.split_whitespace().nth(1).map(str::to_owned).ok_or("rustc tells no version".into())
}

fn text_of(mut command: Command, what: &str) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("could not start `{what}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{what}`: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{what}`: {error}"))
}

/// The checksums in a lock file by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.and_then(|value| value.strip_suffix('"')).map(str::to_owned)
    };
    lock.split("[[package]]")
        .filter_map(|package| {
            let key = (field(package, "name")?, field(package, "version")?);
            Some((key, field(package, "checksum")?))
        })
        .collect()
}

/// The crate in a line of `cargo tree`: `NAME vVERSION [(PATH)]|LICENSE[ (*)]`.
fn component(line: &str, checksums: &BTreeMap<(String, String), String>) -> Option<Component> {
    let (package, license) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    let sha256 = checksums.get(&(name.clone(), version.clone())).cloned();
    // In a package URL a plus sign is a blank.
    let purl = format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"));
    // Crates of old write `MIT/Apache-2.0` for either.
    let license = license.trim_end_matches(" (*)").replace('/', " OR ");
    let license = license.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Component { name, version, license, purl, sha256 })
}

/// The C or C++ code that a crate compiles and links.
fn native(of: &Component) -> Option<Component> {
    let source = |path: &str| {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home =
            home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
        let registries = fs::read_dir(home.join("registry/src")).ok()?;
        let package = format!("{}-{}", of.name, of.version);
        let files = registries.flatten().map(|registry| registry.path().join(&package).join(path));
        files.into_iter().find_map(|file| fs::read_to_string(file).ok())
    };
    let after = |text: &str, word: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(word));
        line.map(|rest| rest.trim().trim_matches('"').to_owned())
    };
    let (name, license, version) = match &*of.name {
        "highs-sys" => {
            let text = source("HiGHS/Version.txt")?;
            let parts = ["HIGHS_MAJOR=", "HIGHS_MINOR=", "HIGHS_PATCH="];
            let parts: Option<Vec<_>> = parts.iter().map(|part| after(&text, part)).collect();
            // It sorts by pdqsort, which is under the licence of zlib; nothing else of its `extern/` is compiled.
            ("HiGHS", "MIT AND Zlib", parts?.join("."))
        }
        "libsqlite3-sys" => {
            let text = source("sqlite3/sqlite3.h")?;
            ("SQLite", "blessing", after(&text, "#define SQLITE_VERSION ")?)
        }
        _ => return None,
    };
    let purl = format!("pkg:generic/{}@{version}", name.to_lowercase());
    let license = license.to_owned();
    Some(Component { name: name.to_owned(), version, license, purl, sha256: None })
}

/// Rust's own library, which Cargo does not name.
fn standard_library(rustc: &str) -> Component {
    Component {
        name: "rust-std".to_owned(),
        version: rustc.to_owned(),
        license: "MIT OR Apache-2.0".to_owned(),
        purl: format!("pkg:generic/rust-std@{rustc}"),
        sha256: None,
    }
}

/// The document, without a time stamp, so that the same sources give the same bytes.
fn document(own: &Component, linked: &Linked) -> String {
    let mut text = String::from(
        "{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n  \
         \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.6\",\n  \"version\": 1,\n  ",
    );
    let application = entry(own, "application");
    let entries: Vec<_> = linked.components.iter().map(|one| entry(one, "library")).collect();
    let depends = |(purl, used): (&String, &BTreeSet<String>)| {
        let used: Vec<_> = used.iter().map(|purl| quoted(purl)).collect();
        format!("{{ \"ref\": {}, \"dependsOn\": [{}] }}", quoted(purl), used.join(", "))
    };
    let uses: Vec<_> = linked.uses.iter().map(depends).collect();
    let _ = write!(
        text,
        "\"metadata\": {{ \"component\": {application} }},\n  \
         \"components\": [\n    {}\n  ],\n  \"dependencies\": [\n    {}\n  ]\n}}\n",
        entries.join(",\n    "),
        uses.join(",\n    ")
    );
    text
}

fn entry(one: &Component, kind: &str) -> String {
    let mut text = format!(
        "{{ \"type\": {}, \"bom-ref\": {}, \"name\": {}, \"version\": {}, \"purl\": {}",
        quoted(kind),
        quoted(&one.purl),
        quoted(&one.name),
        quoted(&one.version),
        quoted(&one.purl)
    );
    if !one.license.is_empty() {
        let _ = write!(text, ", \"licenses\": [{{ \"expression\": {} }}]", quoted(&one.license));
    }
    if let Some(hash) = &one.sha256 {
        let hash = quoted(hash);
        let _ = write!(text, ", \"hashes\": [{{ \"alg\": \"SHA-256\", \"content\": {hash} }}]");
    }
    text + " }"
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// Against the published schema, by the library of the format's makers.
fn validate(file: &Path) -> Result<(), String> {
    const CODE: &str = "import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
sys.exit(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))";
    let python = root().join(".native/python/bin/python3");
    let installed = Command::new(&python).args(["-c", "import cyclonedx"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        say(
            "skipped: its schema is not checked, since `cargo xtask aids` has not brought cyclonedx",
        );
        return Ok(());
    }
    let mut check = Command::new(python);
    check.args(["-c", CODE]).arg(file);
    text_of(check, "the check against the schema of CycloneDX")
        .map(|_| say("it keeps to its schema"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_become_components() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\n\
                    checksum = \"c0ffee\"\n\n[[package]]\nname = \"vmpack\"\nversion = \"0.1.0\"\n";
        let checksums = checksums(lock);
        let a = component("a v1.0.0|MIT / Apache-2.0 (*)", &checksums).expect("a crate");
        assert_eq!((&*a.purl, a.sha256.as_deref()), ("pkg:cargo/a@1.0.0", Some("c0ffee")));
        assert_eq!(a.license, "MIT OR Apache-2.0");
        let own = component("vmpack v0.1.0 (/some/where)|MIT", &checksums).expect("a crate");
        assert_eq!((own.sha256.as_deref(), &*own.version), (None, "0.1.0"));
        let built = component("c v1.0.0+spec-1|MIT", &checksums).expect("a crate");
        assert_eq!((&*built.version, &*built.purl), ("1.0.0+spec-1", "pkg:cargo/c@1.0.0%2Bspec-1"));
        assert_eq!(component("", &checksums), None);
    }

    #[test]
    fn what_uses_what_is_told() {
        let tree = "0vmpack v0.1.0 (/some/where)|MIT\n1a v1.0.0|MIT\n2b v2.0.0|MIT\n\
                    1c v3.0.0|MIT\n2b v2.0.0|MIT (*)\n";
        let mut linked = Linked::read(tree, &BTreeMap::new());
        linked.add(Some("pkg:cargo/vmpack@0.1.0"), standard_library("1.95.0"));
        assert_eq!(linked.components.len(), 5, "each once");
        let uses = |purl: &str| linked.uses[purl].iter().map(String::as_str).collect::<Vec<_>>();
        let own = ["pkg:cargo/a@1.0.0", "pkg:cargo/c@3.0.0", "pkg:generic/rust-std@1.95.0"];
        assert_eq!(uses("pkg:cargo/vmpack@0.1.0"), own);
        for user in ["pkg:cargo/a@1.0.0", "pkg:cargo/c@3.0.0"] {
            assert_eq!(uses(user), ["pkg:cargo/b@2.0.0"], "{user}");
        }
        let own: Vec<_> = linked.components.extract_if(.., |one| one.name == "vmpack").collect();
        let text = document(&own[0], &linked);
        assert!(text.contains("\"name\": \"rust-std\", \"version\": \"1.95.0\""), "{text}");
        assert_eq!(text.matches("\"type\": \"library\"").count(), 4);
        assert!(text.contains("\"ref\": \"pkg:cargo/b@2.0.0\", \"dependsOn\": []"), "{text}");
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(quoted("a\"\\\n"), r#""a\"\\\u000a""#);
    }
}
