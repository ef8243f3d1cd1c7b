//! The configuration as it is written, and what each field of it may be.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::Configuration;
use crate::monitoring::detect::{Baseline, Side, Statistic};
use crate::monitoring::metric::{self, METRICS, Metric};
use crate::monitoring::rule::Rule;
use crate::monitoring::truth::Trouble;
use crate::operation::Time;

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
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    /// The rule that it is in.
    pub(super) rule: Option<String>,
    pub(super) field: String,
    pub(super) expected: String,
    pub(super) found: String,
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
    /// What it says as part of another file.
    ///
    /// # Errors
    /// The rule if there is one, the field, what was expected and what was found.
    pub(crate) fn within(&self) -> Result<Configuration, String> {
        self.configuration().map_err(|wrong| {
            let Wrong { rule, field, expected, found, .. } = wrong;
            let rule = rule.map(|rule| format!("rule {rule:?}: ")).unwrap_or_default();
            format!("{rule}{field}: expected {expected}, found {found}")
        })
    }

    /// What it says; the rules are the built-in ones if it has none.
    pub(super) fn configuration(&self) -> Result<Configuration, Wrong> {
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
        if rules.is_empty() {
            rules = Configuration::default().rules;
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
