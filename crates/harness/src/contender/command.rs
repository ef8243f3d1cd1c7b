//! The command line of a contender: words with placeholders.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use vmpack_datasets::suggestion;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The folder of the contender's file.
    Here,
    /// The file that holds the instance.
    Instance,
    /// The file that the command writes its solution to.
    Solution,
    /// The limit on wall time in seconds.
    Wall,
    /// The number of threads it may use.
    Threads,
    /// The seed.
    Seed,
}

impl Slot {
    /// The placeholders by their names.
    const NAMES: [(&'static str, Self); 6] = [
        ("here", Self::Here),
        ("instance", Self::Instance),
        ("solution", Self::Solution),
        ("wall_s", Self::Wall),
        ("threads", Self::Threads),
        ("seed", Self::Seed),
    ];
}

/// One word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

impl Word {
    /// Understands `text{placeholder}text`; `{{` and `}}` are the braces themselves.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}').filter(|_| brace == "{") else {
                return Err(format!(
                    "expected braces in pairs around a placeholder, found {text:?}; a brace itself \
                     is written twice"
                ));
            };
            let Some(&(_, slot)) = Slot::NAMES.iter().find(|(known, _)| *known == name) else {
                let known = Slot::NAMES.iter().map(|(known, _)| *known);
                return Err(format!(
                    "there is no placeholder {{{name}}}: {}",
                    suggestion(name, known)
                ));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Slot(slot));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The placeholders in it.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(*slot),
            Piece::Text(_) => None,
        })
    }

    /// The word with every placeholder replaced by what it stands for.
    pub(super) fn fill(&self, value: impl Fn(Slot) -> OsString) -> OsString {
        let mut word = OsString::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => word.push(text),
                Piece::Slot(slot) => word.push(value(*slot)),
            }
        }
        word
    }

    /// The file beside the contender's own that the word names, if it begins with `{here}/`.
    pub(super) fn beside(&self, here: &Path) -> Option<PathBuf> {
        match &self.0[..] {
            [Piece::Slot(Slot::Here), Piece::Text(path)] => {
                path.strip_prefix('/').map(|path| here.join(path))
            }
            _ => None,
        }
    }
}

/// Why a program cannot be started; `None` if nothing speaks against it. A bare name is looked for on
/// the search path.
pub(super) fn obstacle(program: &Path) -> Option<String> {
    let is_executable = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return match program.try_exists() {
            Ok(true) if is_executable(program) => None,
            Ok(true) => Some(format!("{} is no executable file", program.display())),
            _ => Some(format!("there is no file {}", program.display())),
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|folder| is_executable(&folder.join(program))) {
        return None;
    }
    Some(format!("there is no program {:?} on the search path", program.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_doubled_braces_are_braces() {
        let word = Word::parse("--set={{{seed}}}/{instance}.x").expect("a valid word");
        assert_eq!(word.slots().collect::<Vec<_>>(), [Slot::Seed, Slot::Instance]);
        let filled = word.fill(|slot| format!("{slot:?}").into());
        assert_eq!(filled, "--set={Seed}/Instance.x");
        assert_eq!(Word::parse("").expect("a valid word").fill(|_| "x".into()), "");
    }

    #[test]
    fn what_is_no_placeholder_is_refused_with_the_nearest() {
        for (text, expected) in [
            ("{sed}", "there is no placeholder {sed}: did you mean \"seed\"?"),
            ("{}", "known are here, instance, solution, wall_s, threads, seed"),
            ("{seed", "braces in pairs"),
            ("seed}", "a brace itself is written twice"),
        ] {
            let error = Word::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn only_programs_can_be_started() {
        assert_eq!(obstacle(Path::new("sh")), None);
        assert_eq!(obstacle(Path::new("/bin/sh")), None);
        for (program, expected) in [
            ("no-such-program", "on the search path"),
            ("/no/such/program", "there is no file"),
            ("/etc/passwd", "no executable file"),
            ("/etc", "no executable file"),
        ] {
            let reason = obstacle(Path::new(program)).expect(program);
            assert!(reason.contains(expected), "{program}: {reason}");
        }
    }
}
