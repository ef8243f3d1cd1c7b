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
    let checksums = checksums(&lock);
    let mut components = BTreeSet::new();
    for line in tree(options)?.lines() {
        components.extend(component(line, &checksums));
    }
    let natives: Vec<_> = components.iter().filter_map(native).collect();
    components.extend(natives);
    let own: Vec<_> = components.extract_if(.., |one| one.name == "vmpack").collect();
    let own = own.first().ok_or("cargo tree does not name vmpack")?;
    let text = document(own, &components, &rustc()?);
    fs::write(&out, text).map_err(|error| format!("{}: {error}", out.display()))?;
    say(&format!("{} components are in {}", components.len() + 1, out.display()));
    validate(&out)
}

/// Every crate that is linked, a line each: name and version, license, repository.
fn tree(options: &Options) -> Result<String, String> {
    let mut cargo = Command::new(cargo_program());
    cargo.args(["tree", "--locked", "--package", "vmpack", "--edges", "normal,no-proc-macro"]);
    cargo.args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"]).current_dir(root());
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

/// The crate in a line of `cargo tree`: `NAME vVERSION [(PATH)]|LICENSE`.
fn component(line: &str, checksums: &BTreeMap<(String, String), String>) -> Option<Component> {
    let (package, license) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    let sha256 = checksums.get(&(name.clone(), version.clone())).cloned();
    let purl = format!("pkg:cargo/{name}@{version}");
    // Crates of old write `MIT/Apache-2.0` for either.
    let license = license.trim().replace('/', " OR ");
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
            ("HiGHS", "MIT", parts?.join("."))
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

/// The document, without a time stamp, so that the same sources give the same bytes.
fn document(own: &Component, linked: &BTreeSet<Component>, rustc: &str) -> String {
    let mut text = String::from(
        "{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n  \
         \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.6\",\n  \"version\": 1,\n  ",
    );
    let application = entry(own, "application");
    let _ =
        writeln!(text, "\"metadata\": {{ \"component\": {application} }},\n  \"components\": [");
    let standard = Component {
        name: "rust-std".to_owned(),
        version: rustc.to_owned(),
        license: "MIT OR Apache-2.0".to_owned(),
        purl: format!("pkg:generic/rust-std@{rustc}"),
        sha256: None,
    };
    let entries: Vec<_> =
        linked.iter().chain([&standard]).map(|one| entry(one, "library")).collect();
    let _ = writeln!(text, "    {}\n  ]\n}}", entries.join(",\n    "));
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
        let a = component("a v1.0.0|MIT/Apache-2.0", &checksums).expect("a crate");
        assert_eq!((&*a.purl, a.sha256.as_deref()), ("pkg:cargo/a@1.0.0", Some("c0ffee")));
        assert_eq!(a.license, "MIT OR Apache-2.0");
        let own = component("vmpack v0.1.0 (/some/where)|MIT", &checksums).expect("a crate");
        assert_eq!((own.sha256.as_deref(), &*own.version), (None, "0.1.0"));
        assert_eq!(component("", &checksums), None);
        let text = document(&own, &BTreeSet::from([a]), "1.95.0");
        assert!(text.contains("\"name\": \"rust-std\", \"version\": \"1.95.0\""), "{text}");
        assert_eq!(text.matches("\"type\": \"library\"").count(), 2);
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(quoted("a\"\\\n"), r#""a\"\\\u000a""#);
    }
}
