//! The commands that made a report: whoever reads one of its files can make it again.

use std::path::Path;

use vmpack_results::Manifest;

/// Two lines for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commands {
    /// What ran the experiment.
    pub(crate) run: String,
    /// What makes the same report from its records.
    pub(crate) report: String,
}

impl Commands {
    pub(crate) fn new(
        manifest: &Manifest,
        run_dir: &Path,
        out_dir: &Path,
        baseline: Option<&str>,
    ) -> Self {
        let mut report = vec!["vmpack".to_owned(), "report".into(), run_dir.display().to_string()];
        if out_dir != run_dir {
            report.extend(["--out".to_owned(), out_dir.display().to_string()]);
        }
        if let Some(baseline) = baseline {
            report.extend(["--baseline".to_owned(), baseline.to_owned()]);
        }
        Self { run: shell(&manifest.command), report: shell(&report) }
    }

    /// Both in one line.
    pub(crate) fn line(&self) -> String {
        format!("{}; {}", self.run, self.report)
    }
}

/// A command line that a shell reads back as the same words.
pub(crate) fn shell(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    let quote = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_the_shell() {
        let words = ["vmpack", "run", "my file.toml", "it's", "", "--jobs=2"].map(str::to_owned);
        assert_eq!(shell(&words), r"vmpack run 'my file.toml' 'it'\''s' '' --jobs=2");
    }
}
