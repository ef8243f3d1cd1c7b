//! Contenders: solvers from outside the project, run, limited, judged and recorded like its methods.
//!
//! A contender is described by a TOML file: the command that is run, the format in which it is given the
//! instance, and how its answer is found in what it leaves behind. The grammar is in `FORMATS.md`. What
//! it prints is a claim like any other: a placement is judged, numbers alone are not believed.

mod answer;
mod command;
mod lines;
mod session;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use vmpack_check::Effort;
use vmpack_datasets::{FORMATS, Format, suggestion};
use vmpack_model::{AnyInstance, Family, Unsupported};
use vmpack_results::{Answer, Termination};

use crate::experiment::Place;
use crate::judge::understood;

use answer::Patterns;
use command::{Slot, Word};

pub use lines::placement;

/// How long the command that tells a contender's version may take.
const VERSION_LIMIT: Duration = Duration::from_secs(30);

/// A solver outside the project, as its file describes it.
#[derive(Debug)]
pub struct Contender {
    /// The id used in records, tables and plots.
    pub name: String,
    /// The family whose instances it solves.
    pub family: Family,
    /// What it is, for people.
    pub summary: String,
    /// The file.
    pub path: PathBuf,
    /// What its version command prints, and the beginning of the hash of its file; empty before it was
    /// looked for.
    pub version: String,
    /// The folder of the file, from the root.
    here: PathBuf,
    /// The line of `command` in the file.
    command_at: Place,
    command: Vec<Word>,
    /// Prints the version; fails where the contender is not installed.
    version_command: Vec<Word>,
    input: &'static dyn Format,
    patterns: Patterns,
    /// The BLAKE3 hash of the file's content, in hexadecimal.
    hash: String,
}

/// The same file with the same content.
impl PartialEq for Contender {
    fn eq(&self, other: &Self) -> bool {
        (&self.here, &self.path, &self.hash) == (&other.here, &other.path, &other.hash)
    }
}

/// Why a file describes no contender.
#[derive(Debug, thiserror::Error)]
pub enum ContenderError {
    /// The file cannot be read.
    #[error("{}: cannot read the contender: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// It is not written as contenders are.
    #[error("{place}: {message}")]
    Invalid {
        /// Where.
        place: Place,
        /// The field, what was expected and what was found.
        message: String,
    },
}

impl Contender {
    /// Reads the file of a contender.
    ///
    /// # Errors
    /// See [`ContenderError`].
    pub fn read(path: &Path) -> Result<Self, ContenderError> {
        let unreadable = |source| ContenderError::Read { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let here = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        Self::parse(path, here, &text)
    }

    fn parse(path: &Path, here: PathBuf, text: &str) -> Result<Self, ContenderError> {
        let reader = Reader { path, text };
        let form: Form = toml::from_str(text).map_err(|error| {
            reader.invalid(&error.span().unwrap_or(0..0), error.message().trim().to_owned())
        })?;
        reader.contender(here, form)
    }

    /// Whether its answers depend on the seed: whether its command asks for it.
    pub fn is_randomised(&self) -> bool {
        self.asks_for(Slot::Seed)
    }

    /// Whether it can be given the instance.
    ///
    /// # Errors
    /// What its input format has no place for, and placement rules and prices of VMs on hosts in any format.
    pub fn supports(&self, instance: &AnyInstance) -> Result<(), Unsupported> {
        if let AnyInstance::Packing(instance) = instance
            && !instance.rules().only_capacity()
        {
            let reason = "contenders know no placement rules or prices of VMs on hosts";
            return Err(Unsupported(reason.to_owned()));
        }
        self.input.write(instance).map(drop).map_err(|error| Unsupported(error.to_string()))
    }

    /// What is recorded of a run that printed this and returned in time, like [`understand()`](crate::understand()).
    pub fn understand(
        &self,
        instance: &AnyInstance,
        printed: &[u8],
        effort: Effort,
    ) -> (Termination, Option<Answer>) {
        understood(instance, printed, self, effort)
    }

    /// The same contender with its version, if it is installed: what its version command prints first,
    /// and the beginning of the hash of its file.
    ///
    /// # Errors
    /// The field of its file that asks for what is not there, in words that follow `because`.
    pub fn installed(mut self) -> Result<Self, String> {
        let missing = |reason: String| format!("{}: {reason}", self.command_at);
        let first = self.fill_here(&self.command[..1]).remove(0);
        if let Some(reason) = command::obstacle(Path::new(&first)) {
            return Err(missing(format!("command: {reason}")));
        }
        let files = self.command.iter().filter_map(|word| word.beside(&self.here));
        if let Some(file) = files.into_iter().find(|file| !file.exists()) {
            return Err(missing(format!("command: there is no file {}", file.display())));
        }
        let definition = format!("file {}", &self.hash[..8]);
        self.version = if self.version_command.is_empty() {
            definition
        } else {
            let version = session::version(&self.fill_here(&self.version_command), VERSION_LIMIT)
                .map_err(|reason| missing(format!("version: {reason}")))?;
            format!("{version}, {definition}")
        };
        Ok(self)
    }

    fn asks_for(&self, slot: Slot) -> bool {
        self.command.iter().flat_map(Word::slots).any(|asked| asked == slot)
    }

    /// Words in which `{here}` is the only placeholder.
    fn fill_here(&self, words: &[Word]) -> Vec<OsString> {
        words.iter().map(|word| word.fill(|_| self.here.clone().into())).collect()
    }
}

/// The families whose instances can be solved.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Solved {
    Packing,
    Allocation,
}

impl Solved {
    fn family(self) -> Family {
        match self {
            Self::Packing => Family::Packing,
            Self::Allocation => Family::Allocation,
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: Spanned<String>,
    family: Option<Solved>,
    #[serde(default)]
    summary: String,
    command: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    version: Vec<Spanned<String>>,
    input: Spanned<String>,
    #[serde(default)]
    output: OutputForm,
}

/// Regular expressions over the lines of what it prints.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputForm {
    cost: Option<Spanned<String>>,
    bound: Option<Spanned<String>>,
    optimal: Option<Spanned<String>>,
    infeasible: Option<Spanned<String>>,
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn contender(&self, here: PathBuf, form: Form) -> Result<Contender, ContenderError> {
        let name = form.name.get_ref();
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(is_id) {
            let message = format!(
                "name: expected lower-case letters, digits, `-`, `_` and `.`, found {name:?}"
            );
            return Err(self.invalid(&form.name.span(), message));
        }
        let command_span = form.command.span();
        let command = self.words("command", form.command.into_inner(), |_| true)?;
        self.check_command(&command_span, &here, &command)?;
        let version_command = self.words("version", form.version, |slot| slot == Slot::Here)?;
        Ok(Contender {
            name: form.name.into_inner(),
            family: form.family.map_or(Family::Packing, Solved::family),
            summary: form.summary,
            path: self.path.to_owned(),
            version: String::new(),
            here,
            command_at: Place::of(self.path, self.text, &command_span),
            command,
            version_command,
            input: self.input(&form.input)?,
            patterns: self.patterns(form.output)?,
            hash: blake3::hash(self.text.as_bytes()).to_hex().to_string(),
        })
    }

    fn words(
        &self,
        field: &str,
        words: Vec<Spanned<String>>,
        is_allowed: impl Fn(Slot) -> bool,
    ) -> Result<Vec<Word>, ContenderError> {
        let word = |text: Spanned<String>| {
            let invalid = |message| self.invalid(&text.span(), format!("{field}: {message}"));
            let word = Word::parse(text.get_ref()).map_err(invalid)?;
            if !word.slots().all(&is_allowed) {
                let message =
                    format!("expected no placeholder but {{here}}, found {:?}", text.get_ref());
                return Err(invalid(message));
            }
            Ok(word)
        };
        words.into_iter().map(word).collect()
    }

    fn check_command(
        &self,
        span: &Range<usize>,
        here: &Path,
        command: &[Word],
    ) -> Result<(), ContenderError> {
        let invalid = |message: &str| self.invalid(span, format!("command: {message}"));
        let Some(first) = command.first() else {
            return Err(invalid("expected a program and its arguments, found nothing"));
        };
        if !first.slots().all(|slot| slot == Slot::Here) {
            return Err(invalid("expected a program first, with no placeholder but {here}"));
        }
        let program = PathBuf::from(first.fill(|_| here.into()));
        if program.is_relative() && program.components().count() != 1 {
            return Err(invalid(
                "expected a program on the search path, or a path that begins with {here}/ or /, \
                 because commands are run in a folder of their own",
            ));
        }
        if !command.iter().flat_map(Word::slots).any(|slot| slot == Slot::Instance) {
            return Err(invalid("expected the placeholder {instance} in one of its words"));
        }
        Ok(())
    }

    fn input(&self, name: &Spanned<String>) -> Result<&'static dyn Format, ContenderError> {
        let written = || FORMATS.iter().copied().filter(|format| format.writes());
        written().find(|format| format.name() == name.get_ref()).ok_or_else(|| {
            let known = suggestion(name.get_ref(), written().map(Format::name));
            let message = format!(
                "input: expected a format that is written, found {:?}: {known}",
                name.get_ref()
            );
            self.invalid(&name.span(), message)
        })
    }

    fn patterns(&self, form: OutputForm) -> Result<Patterns, ContenderError> {
        let mut patterns = Patterns::default();
        for (field, own, pattern, is_number) in [
            ("cost", form.cost, &mut patterns.cost, true),
            ("bound", form.bound, &mut patterns.bound, true),
            ("optimal", form.optimal, &mut patterns.optimal, false),
            ("infeasible", form.infeasible, &mut patterns.infeasible, false),
        ] {
            let Some(own) = own else { continue };
            *pattern = answer::pattern(own.get_ref(), is_number).map_err(|message| {
                self.invalid(&own.span(), format!("output.{field}: {message}"))
            })?;
        }
        Ok(patterns)
    }

    fn invalid(&self, span: &Range<usize>, message: String) -> ContenderError {
        ContenderError::Invalid { place: Place::of(self.path, self.text, span), message }
    }
}

#[cfg(test)]
mod tests {
    use vmpack_model::packing::{Demand, Instance, Level, Ratio, Rule, Rules, Strength};

    use super::*;

    const VALID: &str = "name = 'x'\ncommand = ['sh', '{instance}']\ninput = 'vbp'\n";

    fn parse(text: &str) -> Result<Contender, String> {
        Contender::parse(Path::new("dir/x.toml"), "/dir".into(), text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let contender = parse(VALID).expect("valid");
        assert_eq!((contender.name.as_str(), contender.family), ("x", Family::Packing));
        assert!(!contender.is_randomised());
        let seeded = VALID.replace("'sh'", "'sh', '--seed={seed}'");
        assert!(parse(&seeded).expect("valid").is_randomised());
        assert_ne!(parse(&seeded).expect("valid"), contender);
    }

    #[test]
    fn rules_are_refused_in_every_format_but_capacity_is_not() {
        let twice = Ratio { sold: 2, real: 1 };
        let capacity = Rules { overcommit: vec![twice], ..Rules::default() };
        let demand = Demand::Together { vms: vec![0], within: Level::Host };
        let rule = Rule { name: "r".into(), demand, strength: Strength::Hard };
        let ruled = Rules { rules: vec![rule], ..Rules::default() };
        let instance = |rules| {
            let plain = Instance::identical_hosts("two", &[9], &[(vec![3], 2)]).expect("valid");
            AnyInstance::Packing(plain.with_rules(rules).expect("they belong to it"))
        };
        for input in ["vbp", "mvp", "json"] {
            let contender = parse(&VALID.replace("vbp", input)).expect("valid");
            contender.supports(&instance(capacity.clone())).expect(input);
            let Unsupported(reason) =
                contender.supports(&instance(ruled.clone())).expect_err(input);
            assert!(reason.contains("placement rules"), "{input}: {reason}");
        }
    }

    #[test]
    fn messages_name_file_line_field_and_expectation() {
        for (from, to, line, expected) in [
            ("name = 'x'", "name = 'X y'", 1, "name: expected lower-case letters"),
            ("name = 'x'\n", "", 1, "missing field `name`"),
            ("['sh', '{instance}']", "[]", 2, "command: expected a program and its arguments"),
            ("'sh'", "'sh',\n'{tiem}'", 3, "command: there is no placeholder {tiem}"),
            ("'{instance}'", "'a'", 2, "command: expected the placeholder {instance}"),
            ("'sh'", "'{seed}'", 2, "command: expected a program first"),
            ("'sh'", "'bin/solve'", 2, "command: expected a program on the search path"),
            ("'vbp'", "'vpb'", 3, "found \"vpb\": did you mean \"vbp\"?"),
            ("'vbp'", "'csp'", 3, "input: expected a format that is written, found \"csp\""),
            ("input", "inputs", 3, "unknown field `inputs`"),
            ("'vbp'\n", "'vbp'\nversion = ['x', '{seed}']", 4, "version: expected no placeholder"),
            ("'vbp'\n", "'vbp'\nfamily = 'fleet'", 4, "expected `packing` or `allocation`"),
            ("'vbp'\n", "'vbp'\n[output]\ncost = '('", 5, "output.cost: expected a regular"),
            ("'vbp'\n", "'vbp'\n[output]\ncost = 'Z'", 5, "output.cost: expected one group"),
            ("'vbp'\n", "'vbp'\n[output]\nstate = 'Z'", 5, "unknown field `state`"),
        ] {
            let error = parse(&VALID.replace(from, to)).expect_err(to);
            assert!(error.starts_with(&format!("dir/x.toml:{line}: ")), "{to}: {error}");
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn the_documented_ones_are_contenders() {
        let page = include_str!("../../../../FORMATS.md");
        let (_, section) = page.split_once("\n## Contenders\n").expect("the section");
        let (_, block) = section.split_once("```toml\n").expect("the example");
        let (block, _) = block.split_once("```").expect("its end");
        assert_eq!(parse(block).expect("valid").name, "vpsolver-highs");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/contenders");
        for (file, randomised) in [("ortools.toml", true), ("vpsolver.toml", false)] {
            let contender = Contender::read(&folder.join(file)).expect("valid");
            assert_eq!(contender.is_randomised(), randomised, "{file}");
            let files = contender.command.iter().filter_map(|word| word.beside(&contender.here));
            assert_eq!(files.filter(|file| file.exists()).count(), 1, "{file}");
        }
    }

    #[test]
    fn what_is_not_installed_is_missing_with_its_field() {
        let probe = |text: &str| parse(text).expect("valid").installed().map(|c| c.version);
        assert!(probe(VALID).expect("sh is everywhere").starts_with("file "));
        for (from, to, expected) in [
            ("'sh'", "'no-such-program'", "command: there is no program \"no-such-program\""),
            ("'sh'", "'{here}/solve.sh'", "command: there is no file /dir/solve.sh"),
            ("'sh'", "'sh', '{here}/solve.py'", "command: there is no file /dir/solve.py"),
            ("'vbp'\n", "'vbp'\nversion = ['sh', '-c', 'echo lacks x >&2; exit 1']", "lacks x"),
            ("'vbp'\n", "'vbp'\nversion = ['no-such-program']", "version: cannot start"),
        ] {
            let reason = probe(&VALID.replace(from, to)).expect_err(to);
            assert!(reason.starts_with("dir/x.toml:2: "), "{to}: {reason}");
            assert!(reason.contains(expected), "{to}: {reason}");
        }
        let version = VALID.to_owned() + "version = ['sh', '-c', 'echo; echo x 1.2; echo more']\n";
        assert!(probe(&version).expect("it says so").starts_with("x 1.2, file "));
        // Whoever prints something else has at least a version of bounded length, in one line.
        let script = r"head -c 100000 /dev/zero | tr '\\0' v; printf '\\033[0m\\n'";
        let noisy = format!("{VALID}version = ['sh', '-c', \"{script}\"]\n");
        let said = probe(&noisy).expect("it says something");
        assert!(said.starts_with(&format!("{}, file ", "v".repeat(200))), "{said}");
    }
}
