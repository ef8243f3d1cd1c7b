//! The configuration of monitoring, and the file that holds it.

mod form;

use std::path::{Path, PathBuf};

use super::metric::Metric;
use super::rule::Rule;
use crate::operation::Time;

pub(crate) use form::Form;
use form::Wrong;

/// What is sampled how often, and what is alarming.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// From one sample to the next, in milliseconds; positive.
    pub period: Time,
    /// From the measurement until an operator sees it, in milliseconds.
    pub delay: Time,
    /// How long before trouble an alarm may be raised to tell of it, in milliseconds.
    pub horizon: Time,
    /// How far apart trouble on a host may be to be one incident, in milliseconds.
    pub apart: Time,
    /// The metrics that are written down: all, or those named.
    pub recorded: Vec<&'static Metric>,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The file cannot be read.
    #[error("{}: cannot read the file: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A field holds something else than it should.
    #[error("{}:{line}: {field}: expected {expected}, found {found}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field.
        field: String,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
    },
}

/// The most samples of a run.
const MOST_SAMPLES: u64 = 1_000_000;

/// The rules that are used if no others are given.
const DEFAULT: &str = include_str!("../default.toml");

impl Default for Configuration {
    fn default() -> Self {
        Self::parse(Path::new("default.toml"), DEFAULT).expect("a test reads it")
    }
}

impl Configuration {
    /// Whether a run that ends then can be monitored by it in reasonable time.
    ///
    /// # Errors
    /// That there would be too many samples.
    pub fn suits(&self, end: Time) -> Result<(), String> {
        let samples = end / self.period;
        if samples <= MOST_SAMPLES {
            return Ok(());
        }
        Err(format!("period: expected at most {MOST_SAMPLES} samples in a run, found {samples}"))
    }

    /// Reads a file in TOML.
    ///
    /// # Errors
    /// If it cannot be read, or what is wrong in which line.
    pub fn read(path: &Path) -> Result<Self, ConfigurationError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigurationError::Io { path: path.into(), source })?;
        Self::parse(path, &text)
    }

    /// Understands the text of such a file; the path is for messages.
    ///
    /// # Errors
    /// What is wrong in which line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigurationError> {
        let at = |wrong: Wrong| ConfigurationError::Field {
            path: path.into(),
            line: text.get(..wrong.span.start).unwrap_or(text).matches('\n').count() + 1,
            field: wrong.field,
            expected: wrong.expected,
            found: wrong.found,
        };
        let form: Form = toml::from_str(text).map_err(|error| {
            at(Wrong {
                span: error.span().unwrap_or(0..0),
                rule: None,
                field: "configuration".into(),
                expected: "a configuration of monitoring in TOML".into(),
                found: error.message().trim().into(),
            })
        })?;
        form.configuration().map_err(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::detect::{Baseline, Side, Statistic};
    use crate::monitoring::truth::Trouble;

    fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
        Configuration::parse(Path::new("rules.toml"), text)
    }

    #[test]
    fn the_default_is_read_and_has_every_kind() {
        let rules = Configuration::default().rules;
        assert!(rules.iter().any(|rule| matches!(rule.statistic, Statistic::Ewma { .. })));
        assert!(rules.iter().any(|rule| matches!(rule.statistic, Statistic::Cusum { .. })));
        for trouble in Trouble::ALL {
            assert!(rules.iter().any(|rule| rule.tells == Some(trouble)), "{trouble:?}");
        }
    }

    #[test]
    fn a_file_is_understood() {
        let text = r#"
            period = 60
            delay = 1.5
            horizon = 600
            apart = 0
            metrics = ["host_power_watts", "vms_refused"]
            [[rules]]
            name = "idle"
            metric = "host_cpu_wanted_ratio"
            kind = "threshold"
            below = 0.1
            clear = 0.2
            for = 120
            hold = 300
            [[rules]]
            name = "shift"
            metric = "cluster_power_watts"
            kind = "cusum"
            side = "below"
            mean = 1000
            deviation = 50
            slack = 1
            limit = 4
        "#;
        let read = parse(text).expect("right");
        assert_eq!((read.period, read.delay, read.horizon, read.apart), (60_000, 1500, 600_000, 0));
        let names: Vec<&str> = read.recorded.iter().map(|metric| metric.name).collect();
        assert_eq!(names, ["host_power_watts", "vms_refused"]);
        let idle = &read.rules[0];
        assert_eq!((idle.side, idle.raise, idle.clear), (Side::Below, -0.1, -0.2));
        assert_eq!((idle.lasting, idle.hold), (120_000, 300_000));
        let baseline = Baseline::Given { mean: 1000.0, deviation: 50.0 };
        let shift = &read.rules[1];
        assert_eq!(shift.statistic, Statistic::Cusum { slack: 1.0, limit: 4.0, baseline });
        assert_eq!((shift.side, shift.raise, shift.clear), (Side::Below, 4.0, 2.0));
    }

    #[test]
    fn messages_name_line_field_and_what_was_expected() {
        let rule =
            |lines: &str| format!("[[rules]]\nname = \"a\"\nmetric = \"host_failed\"\n{lines}\n");
        for (text, message) in [
            (
                "period = 0".to_owned(),
                "rules.toml:1: period: expected at least 0.001 seconds, found 0.0",
            ),
            (
                "\ndelay = -1".into(),
                "rules.toml:2: delay: expected seconds from 0 to 1e9, found -1.0",
            ),
            ("delay = nan".into(), "rules.toml:1: delay: expected seconds"),
            (
                "metrics = [\n\"watts\"]".into(),
                "rules.toml:2: metrics: expected one of the metrics host_cpu",
            ),
            (
                "speed = 1".into(),
                "rules.toml:1: configuration: expected a configuration of monitoring",
            ),
            (rule("kind = \"fuzzy\""), "rules.toml:4: kind: expected threshold, ewma or cusum"),
            (
                rule("kind = \"threshold\""),
                "rules.toml:1: above: expected above = NUMBER or below = NUMBER",
            ),
            (
                rule("kind = \"threshold\"\nabove = 1\nclear = 2"),
                "rules.toml:6: clear: expected a number not above",
            ),
            (
                rule("kind = \"threshold\"\nbelow = 1\nclear = 0"),
                "rules.toml:6: clear: expected a number not below",
            ),
            (
                rule("kind = \"threshold\"\nabove = 1\nbelow = 0"),
                "rules.toml:6: below: expected either above or below",
            ),
            (
                rule("kind = \"threshold\"\nabove = 1\nlambda = 0.5"),
                "rules.toml:6: lambda: expected no such field",
            ),
            (rule("kind = \"ewma\"\nabove = 1"), "rules.toml:5: above: expected limit"),
            (
                rule("kind = \"ewma\"\nlambda = 0"),
                "rules.toml:5: lambda: expected a number above 0 and at most 1",
            ),
            (rule("kind = \"ewma\"\nslack = 1"), "rules.toml:5: slack: expected no such field"),
            (
                rule("kind = \"cusum\"\nlearn = 1"),
                "rules.toml:5: learn: expected at least 2 samples, found 1",
            ),
            (
                rule("kind = \"cusum\"\nmean = 1"),
                "rules.toml:1: deviation: expected deviation beside mean",
            ),
            (
                rule("kind = \"cusum\"\nlimit = 3\nclear = 4"),
                "rules.toml:6: clear: expected a number above 0, at most limit",
            ),
            (
                rule("kind = \"cusum\"\nside = \"up\""),
                "rules.toml:5: side: expected above or below, found \"up\"",
            ),
            (
                rule("kind = \"threshold\"\nabove = 1\ntells = \"rain\""),
                "rules.toml:6: tells: expected overload, failure",
            ),
            (
                rule("kind = \"threshold\"\nabove = 1\ntells = \"overload\"")
                    .replace("host_failed", "vm_phase"),
                "rules.toml:6: tells: expected shortfall: the metric is of VMs, found \"overload\"",
            ),
            (
                rule("kind = \"threshold\"\nabove = 1").repeat(2),
                "rules.toml:7: name: expected a name unlike any other rule's, found \"a\"",
            ),
        ] {
            let error = parse(&text).expect_err(&text).to_string();
            assert!(error.contains(message), "{text}\n{error}");
        }
    }
}
