//! The configuration of monitoring, and the file that holds it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::detect::{Baseline, Side, Statistic};
use super::metric::{self, METRICS, Metric};
use super::rule::Rule;
use super::truth::Trouble;
use crate::operation::Time;

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

/// The rules that are used if no others are given.
const DEFAULT: &str = include_str!("default.toml");

impl Default for Configuration {
    fn default() -> Self {
        Self::parse(Path::new("default.toml"), DEFAULT).expect("a test reads it")
    }
}

impl Configuration {
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
            line: text[..wrong.span.start.min(text.len())].matches('\n').count() + 1,
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

impl Form {
    /// What it says as part of another file, where only the rules that it lacks are the built-in ones.
    ///
    /// # Errors
    /// The rule if there is one, the field, what was expected and what was found.
    pub(crate) fn within(&self) -> Result<Configuration, String> {
        let mut configuration = self.configuration().map_err(|wrong| {
            let Wrong { rule, field, expected, found, .. } = wrong;
            let rule = rule.map(|rule| format!("rule {rule:?}: ")).unwrap_or_default();
            format!("{rule}{field}: expected {expected}, found {found}")
        })?;
        if self.rules.is_empty() {
            configuration.rules = Configuration::default().rules;
        }
        Ok(configuration)
    }
}

/// The file as it is written. Times are in seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    period: Option<Spanned<f64>>,
    delay: Option<Spanned<f64>>,
    horizon: Option<Spanned<f64>>,
    apart: Option<Spanned<f64>>,
    metrics: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    rules: Vec<Spanned<RuleForm>>,
}

/// One `[[rules]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    name: Spanned<String>,
    metric: Spanned<String>,
    tells: Option<Spanned<String>>,
    kind: Spanned<String>,
    above: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    side: Option<Spanned<String>>,
    limit: Option<Spanned<f64>>,
    clear: Option<Spanned<f64>>,
    r#for: Option<Spanned<f64>>,
    hold: Option<Spanned<f64>>,
    lambda: Option<Spanned<f64>>,
    slack: Option<Spanned<f64>>,
    mean: Option<Spanned<f64>>,
    deviation: Option<Spanned<f64>>,
    learn: Option<Spanned<u32>>,
    least_deviation: Option<Spanned<f64>>,
}

/// What is wrong, and where.
struct Wrong {
    span: Range<usize>,
    /// The rule that it is in.
    rule: Option<String>,
    field: String,
    expected: String,
    found: String,
}

fn wrong<T: std::fmt::Debug>(at: &Spanned<T>, field: &str, expected: impl Into<String>) -> Wrong {
    Wrong {
        span: at.span(),
        rule: None,
        field: field.into(),
        expected: expected.into(),
        found: format!("{:?}", at.get_ref()),
    }
}

/// A number of seconds as milliseconds.
fn time(value: &Spanned<f64>, field: &str) -> Result<Time, Wrong> {
    let seconds = *value.get_ref();
    if (0.0..=1e9).contains(&seconds) {
        Ok((seconds * 1000.0).round() as Time)
    } else {
        Err(wrong(value, field, "seconds from 0 to 1e9"))
    }
}

fn time_or(value: Option<&Spanned<f64>>, field: &str, default: Time) -> Result<Time, Wrong> {
    value.map_or(Ok(default), |value| time(value, field))
}

/// A finite number in a range that is described for messages.
fn number(
    value: &Spanned<f64>,
    field: &str,
    accepts: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<f64, Wrong> {
    let number = *value.get_ref();
    if number.is_finite() && accepts(number) {
        Ok(number)
    } else {
        Err(wrong(value, field, expected))
    }
}

fn named(name: &Spanned<String>, field: &str) -> Result<&'static Metric, Wrong> {
    metric::named(name.get_ref()).ok_or_else(|| {
        let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        wrong(name, field, format!("one of the metrics {}", names.join(", ")))
    })
}

/// What alarms on a metric tell of.
fn trouble(word: &Spanned<String>, metric: &Metric) -> Result<Trouble, Wrong> {
    let expected = if metric.is_of_vms() {
        "shortfall: the metric is of VMs"
    } else {
        "overload, failure or shortfall"
    };
    Trouble::named(word.get_ref())
        .filter(|&trouble| !metric.is_of_vms() || trouble == Trouble::Shortfall)
        .ok_or_else(|| wrong(word, "tells", expected))
}

impl Form {
    fn configuration(&self) -> Result<Configuration, Wrong> {
        let period = time_or(self.period.as_ref(), "period", 300_000)?;
        if let Some(given) = self.period.as_ref().filter(|_| period == 0) {
            return Err(wrong(given, "period", "at least 0.001 seconds"));
        }
        let recorded = match &self.metrics {
            None => METRICS.iter().collect(),
            Some(names) => {
                names.iter().map(|name| named(name, "metrics")).collect::<Result<_, _>>()?
            }
        };
        let mut rules: Vec<Rule> = Vec::with_capacity(self.rules.len());
        for form in &self.rules {
            let name = form.get_ref().name.get_ref();
            let rule = form.get_ref().rule(&form.span());
            let rule = rule.map_err(|wrong| Wrong { rule: Some(name.clone()), ..wrong })?;
            if rules.iter().any(|other| other.name == rule.name) {
                return Err(wrong(&form.get_ref().name, "name", "a name unlike any other rule's"));
            }
            rules.push(rule);
        }
        Ok(Configuration {
            period,
            delay: time_or(self.delay.as_ref(), "delay", 0)?,
            horizon: time_or(self.horizon.as_ref(), "horizon", 1_800_000)?,
            apart: time_or(self.apart.as_ref(), "apart", 900_000)?,
            recorded,
            rules,
        })
    }
}

impl RuleForm {
    /// `rule` is where the rule is written.
    fn rule(&self, rule: &Range<usize>) -> Result<Rule, Wrong> {
        let kind = self.kind.get_ref().as_str();
        let (statistic, side, raise) = match kind {
            "threshold" => self.threshold(rule)?,
            "ewma" | "cusum" => self.chart(kind, rule)?,
            _ => return Err(wrong(&self.kind, "kind", "threshold, ewma or cusum")),
        };
        let clear = match &self.clear {
            Some(clear) if statistic == Statistic::Value => {
                let at_most = |x: f64| x * side.sign() <= raise;
                let expected = match side {
                    Side::Above => "a number not above the threshold",
                    Side::Below => "a number not below the threshold",
                };
                number(clear, "clear", at_most, expected)? * side.sign()
            }
            Some(clear) => number(
                clear,
                "clear",
                |x| x <= raise && x > 0.0,
                "a number above 0, at most limit",
            )?,
            None if statistic == Statistic::Value => raise,
            None => raise / 2.0,
        };
        if self.name.get_ref().is_empty() {
            return Err(wrong(&self.name, "name", "a name that is not empty"));
        }
        let metric = named(&self.metric, "metric")?;
        Ok(Rule {
            name: self.name.get_ref().clone(),
            metric,
            tells: self.tells.as_ref().map(|word| trouble(word, metric)).transpose()?,
            statistic,
            side,
            raise,
            clear,
            lasting: time_or(self.r#for.as_ref(), "for", 0)?,
            hold: time_or(self.hold.as_ref(), "hold", 0)?,
        })
    }

    fn threshold(&self, rule: &Range<usize>) -> Result<(Statistic, Side, f64), Wrong> {
        let of_charts = [
            ("limit", self.limit.as_ref()),
            ("lambda", self.lambda.as_ref()),
            ("slack", self.slack.as_ref()),
            ("mean", self.mean.as_ref()),
            ("deviation", self.deviation.as_ref()),
            ("least_deviation", self.least_deviation.as_ref()),
        ];
        refuse(&of_charts, "no such field in a rule of kind threshold")?;
        refuse(&[("side", self.side.as_ref())], "above = NUMBER or below = NUMBER instead")?;
        refuse(&[("learn", self.learn.as_ref())], "no such field in a rule of kind threshold")?;
        let (side, value) = match (&self.above, &self.below) {
            (Some(above), None) => (Side::Above, number(above, "above", |_| true, "a number")?),
            (None, Some(below)) => (Side::Below, -number(below, "below", |_| true, "a number")?),
            (Some(_), Some(below)) => return Err(wrong(below, "below", "either above or below")),
            (None, None) => return Err(lacking(rule, "above", "above = NUMBER or below = NUMBER")),
        };
        Ok((Statistic::Value, side, value))
    }

    fn chart(&self, kind: &str, rule: &Range<usize>) -> Result<(Statistic, Side, f64), Wrong> {
        let of_thresholds = [("above", self.above.as_ref()), ("below", self.below.as_ref())];
        refuse(&of_thresholds, "limit, in standard deviations, and side instead")?;
        let side = match &self.side {
            None => Side::Above,
            Some(side) => match side.get_ref().as_str() {
                "above" => Side::Above,
                "below" => Side::Below,
                _ => return Err(wrong(side, "side", "above or below")),
            },
        };
        let positive = |value: Option<&Spanned<f64>>, field: &str, default: f64| match value {
            None => Ok(default),
            Some(value) => number(value, field, |x| x > 0.0, "a number above 0"),
        };
        let baseline = match (&self.mean, &self.deviation) {
            (Some(mean), Some(deviation)) => {
                refuse(&[("learn", self.learn.as_ref())], "either learn or mean and deviation")?;
                let least = [("least_deviation", self.least_deviation.as_ref())];
                refuse(&least, "either least_deviation or mean and deviation")?;
                Baseline::Given {
                    mean: number(mean, "mean", |_| true, "a number")?,
                    deviation: positive(Some(deviation), "deviation", 0.0)?,
                }
            }
            (None, None) => {
                let samples = match &self.learn {
                    None => 12,
                    Some(learn) if *learn.get_ref() >= 2 => *learn.get_ref(),
                    Some(learn) => return Err(wrong(learn, "learn", "at least 2 samples")),
                };
                let least = self.least_deviation.as_ref();
                let least_deviation = positive(least, "least_deviation", 0.01)?;
                Baseline::Learnt { samples, least_deviation }
            }
            (Some(_), None) => return Err(lacking(rule, "deviation", "deviation beside mean")),
            (None, Some(_)) => return Err(lacking(rule, "mean", "mean beside deviation")),
        };
        if kind == "ewma" {
            refuse(&[("slack", self.slack.as_ref())], "no such field in a rule of kind ewma")?;
            let lambda = match &self.lambda {
                None => 0.2,
                Some(lambda) => number(
                    lambda,
                    "lambda",
                    |x| x > 0.0 && x <= 1.0,
                    "a number above 0 and at most 1",
                )?,
            };
            let limit = positive(self.limit.as_ref(), "limit", 3.0)?;
            return Ok((Statistic::Ewma { lambda, baseline }, side, limit));
        }
        refuse(&[("lambda", self.lambda.as_ref())], "no such field in a rule of kind cusum")?;
        let slack = match &self.slack {
            None => 0.5,
            Some(slack) => number(slack, "slack", |x| x >= 0.0, "a number not below 0")?,
        };
        let limit = positive(self.limit.as_ref(), "limit", 5.0)?;
        Ok((Statistic::Cusum { slack, limit, baseline }, side, limit))
    }
}

/// Fields that do not belong here.
fn refuse<T: std::fmt::Debug>(
    fields: &[(&str, Option<&Spanned<T>>)],
    expected: &str,
) -> Result<(), Wrong> {
    match fields.iter().find_map(|(field, value)| value.map(|value| (field, value))) {
        Some((field, value)) => Err(wrong(value, field, expected)),
        None => Ok(()),
    }
}

fn lacking(rule: &Range<usize>, field: &str, expected: &str) -> Wrong {
    Wrong {
        span: rule.clone(),
        rule: None,
        field: field.into(),
        expected: expected.into(),
        found: "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
