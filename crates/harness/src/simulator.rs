//! What the harness asks of whoever replays traces. It knows no simulator: it is handed one.

use std::fmt::Debug;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use vmpack_check::replay::Judged;
use vmpack_results::{Metric, Replay};

/// What is to be replayed, in the words of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// A file, a folder, or the description of a trace that is drawn.
    pub trace: String,
    /// The policy, where the kind of replay has one.
    pub policy: Option<String>,
    /// Everything else, by name; some options may be given several times.
    pub options: Vec<(String, String)>,
    /// The seed.
    pub seed: u64,
}

/// What a scenario means.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The name of the policy as records and tables show it.
    pub policy: String,
    /// The kind of replay, and everything beside trace, policy and seed that determines the result.
    pub replay: Replay,
    /// Whether the result depends on the seed.
    pub randomised: bool,
    /// The files and folders beside the trace that determine the result.
    pub files: Vec<PathBuf>,
}

/// Why a scenario is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong: `trace`, `policy`, or the name of an option; empty if it is the scenario as a whole.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}

impl Refusal {
    /// A refusal of a field.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// What a replay measured, and what it claims to have done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replayed {
    /// What was measured, the most telling first.
    pub metrics: Vec<(String, Metric)>,
    /// What was done, step by step, for the judge; `null` if nobody asked.
    pub log: Box<RawValue>,
    /// Measures over time, if they were asked for: a name and a CSV file each.
    pub series: Vec<(String, String)>,
    /// Wall and CPU seconds of reading the trace, a part of the whole.
    pub reading: (f64, f64),
}

/// What a replay is to leave beside its metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The log, for the judge.
    pub log: bool,
    /// Measures over time.
    pub series: bool,
}

/// Replays traces under policies.
pub trait Simulator: Sync + Debug {
    /// What determines a trace that is drawn instead of being read from a file: its description, or a text that ships under
    /// this name.
    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str>;

    /// What a scenario means, as far as can be said without reading the trace.
    ///
    /// # Errors
    /// What is wrong with it.
    fn accept(&self, scenario: &Scenario) -> Result<Accepted, Refusal>;

    /// Replays.
    ///
    /// # Errors
    /// Why that is not possible.
    fn replay(&self, scenario: &Scenario, wanted: Wanted) -> Result<Replayed, String>;

    /// Has what a replay claims judged, from the trace on.
    ///
    /// # Errors
    /// Why that is not possible: the trace cannot be read, or the log is none.
    fn judge(&self, scenario: &Scenario, replayed: &Replayed) -> Result<Judged, String>;
}

/// Replays nothing: for programs that only solve.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSimulator;

impl Simulator for NoSimulator {
    fn drawn<'a>(&self, _trace: &'a str) -> Option<&'a str> {
        None
    }

    fn accept(&self, _scenario: &Scenario) -> Result<Accepted, Refusal> {
        Err(Refusal::new("", "this program replays nothing"))
    }

    fn replay(&self, _scenario: &Scenario, _wanted: Wanted) -> Result<Replayed, String> {
        Err("this program replays nothing".to_owned())
    }

    fn judge(&self, _scenario: &Scenario, _replayed: &Replayed) -> Result<Judged, String> {
        Err("this program replays nothing".to_owned())
    }
}

/// The choices that an option of an experiment file asks for, each of at least one value: one, or of a list of lists as many,
/// where every value of the one meets every value of the others.
///
/// # Errors
/// What was expected, and what was found if that is not plain.
pub(crate) fn choices(value: &toml::Value) -> Result<Vec<Vec<String>>, &'static str> {
    const EXPECTED: &str =
        "expected a text, a number, true or false, or a list of them, or of such lists";
    let texts = |values: &[toml::Value]| -> Result<Vec<String>, &'static str> {
        if values.is_empty() {
            return Err("expected at least one value in every list, found one that is empty");
        }
        values.iter().map(|value| option_text(value).ok_or(EXPECTED)).collect()
    };
    match value {
        toml::Value::Array(lists) if lists.iter().any(toml::Value::is_array) => {
            lists.iter().map(|list| texts(list.as_array().ok_or(EXPECTED)?)).collect()
        }
        toml::Value::Array(values) => Ok(vec![texts(values)?]),
        single => Ok(vec![vec![option_text(single).ok_or(EXPECTED)?]]),
    }
}

/// The text of an option's value: what the command line would say.
fn option_text(value: &toml::Value) -> Option<String> {
    Some(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_lists_gives_an_option_several_times() {
        let of = |value: &str| {
            let table: toml::Table = format!("set = {value}").parse().expect("valid");
            choices(&table["set"])
        };
        assert_eq!(of("7"), Ok(vec![vec!["7".to_owned()]]));
        assert_eq!(of("['a=1', 'a=2']"), Ok(vec![vec!["a=1".to_owned(), "a=2".to_owned()]]));
        let crossed = of("[['a=1', 'a=2'], [false, 'b=3']]").expect("two choices");
        assert_eq!(crossed, [["a=1", "a=2"], ["false", "b=3"]]);
        for (wrong, found) in [
            ("[]", "empty"),
            ("[[]]", "empty"),
            ("[['a=1'], []]", "empty"),
            ("[['a=1'], 'b=3']", "of such lists"),
            ("[[['a=1']]]", "of such lists"),
            ("{ a = 1 }", "of such lists"),
        ] {
            assert!(of(wrong).is_err_and(|message| message.contains(found)), "{wrong}");
        }
    }
}
