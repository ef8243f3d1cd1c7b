//! The monitor: samples a cluster, watches the rules, and knows what really happened.

use std::io::Write;

use super::alarm::{Alarm, Subject, Watch};
use super::configuration::Configuration;
use super::incident::incidents;
use super::metric::{METRICS, Metric, Read};
use super::openmetrics::Exposition;
use super::report::{Reach, Report, Sensitivity};
use super::rule::Rule;
use super::score::{Score, Window, score};
use super::tally::Tally;
use super::truth::{Episode, Truth};
use super::unit::Unit;
use crate::operation::{Event, Observer, State, Time, Vm};

/// Periods for which alarms are also scored, in periods of the configuration: what sampling less often would cost.
const MULTIPLES: [u64; 4] = [1, 2, 4, 8];

/// A column of samples: one metric of every subject that has it.
#[derive(Debug)]
struct Column {
    metric: &'static Metric,
    is_recorded: bool,
    values: Vec<(Subject, u64)>,
}

/// Every rule at one period.
#[derive(Debug)]
struct Desk {
    every: u64,
    watches: Vec<Watch>,
    alarms: Vec<Alarm>,
}

/// Looks at a cluster in operation every so often.
///
/// What is measured at a time is seen by an operator `delay` later; the times of alarms are those of the operator. The
/// time of a sample is linear in hosts, VMs that are there, and metrics.
pub struct Monitor {
    configuration: Configuration,
    /// Names of VMs.
    names: Vec<String>,
    hosts: usize,
    columns: Vec<Column>,
    /// Of each rule, the column of its metric.
    watched: Vec<usize>,
    desks: Vec<Desk>,
    tally: Tally,
    truth: Truth,
    due: Time,
    samples: u64,
    values: u64,
    series: Option<csv::Writer<Box<dyn Write>>>,
    fault: Option<csv::Error>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor")
            .field("configuration", &self.configuration)
            .finish_non_exhaustive()
    }
}

impl Monitor {
    /// A monitor of so many hosts and these VMs.
    pub fn new(configuration: Configuration, hosts: usize, vms: &[Vm]) -> Self {
        let is_watched = |metric: &Metric| configuration.rules.iter().any(|r| r.metric == metric);
        let columns: Vec<Column> = METRICS
            .iter()
            .map(|metric| Column {
                metric,
                is_recorded: configuration.recorded.contains(&metric),
                values: Vec::new(),
            })
            .filter(|column| column.is_recorded || is_watched(column.metric))
            .collect();
        let place = |rule: &Rule| columns.iter().position(|c| c.metric == rule.metric);
        let watched = configuration.rules.iter().map(place);
        let watched: Option<Vec<usize>> = watched.collect();
        let desk = |every| Desk {
            every,
            watches: configuration
                .rules
                .iter()
                .enumerate()
                .map(|(number, rule)| Watch::new(rule.clone(), number))
                .collect(),
            alarms: Vec::new(),
        };
        Self {
            names: vms.iter().map(|vm| vm.name.clone()).collect(),
            hosts,
            watched: watched.expect("watched metrics have columns"),
            columns,
            desks: MULTIPLES.map(desk).into(),
            configuration,
            tally: Tally::default(),
            truth: Truth::default(),
            due: 0,
            samples: 0,
            values: 0,
            series: None,
            fault: None,
        }
    }

    /// Has every recorded value written to a table: `time_s`, when it was measured, `metric`, `subject` and `value`.
    #[must_use]
    pub fn recording(mut self, series: Box<dyn Write>) -> Self {
        let mut writer = csv::Writer::from_writer(series);
        self.fault = writer.write_record(["time_s", "metric", "subject", "value"]).err();
        self.series = Some(writer);
        self
    }

    /// Measures everything.
    fn measure(&mut self, state: &State<'_>) {
        for column in &mut self.columns {
            column.values.clear();
            match column.metric.read {
                Read::Host(read) => column.values.extend(
                    (0..self.hosts).filter_map(|h| Some((Subject::Host(h), read(state, h)?))),
                ),
                Read::Vm(read) => {
                    let live = self.tally.live.iter();
                    column
                        .values
                        .extend(live.filter_map(|&v| Some((Subject::Vm(v), read(state, v)?))));
                }
                Read::Cluster(read) => {
                    column.values.push((Subject::Cluster, read(state, &self.tally)));
                }
                Read::Counter(read) => column.values.push((Subject::Cluster, read(&self.tally))),
            }
            self.values += column.values.len() as u64;
        }
    }

    /// Writes down what was measured.
    fn record(&mut self, now: Time) -> Result<(), csv::Error> {
        let Some(series) = &mut self.series else { return Ok(()) };
        let (mut time, mut number, mut value) = (String::new(), String::new(), String::new());
        Unit::SECONDS.write(now, &mut time);
        for column in self.columns.iter().filter(|column| column.is_recorded) {
            for &(subject, raw) in &column.values {
                value.clear();
                column.metric.unit.write(raw, &mut value);
                let subject = self::subject(subject, &self.names, &mut number);
                series.write_record([&time, column.metric.name, subject, &value])?;
            }
        }
        Ok(())
    }

    /// Sees to it that all of the series is written.
    ///
    /// # Errors
    /// If it could not be.
    pub fn close(&mut self) -> Result<(), csv::Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        if let Some(mut series) = self.series.take() {
            series.flush()?;
        }
        Ok(())
    }

    /// What has been found at the end of the run.
    pub fn report(&self, end: Time) -> Report {
        let episodes = self.truth.episodes();
        let sensitivity = self.desks.iter().map(|desk| {
            let period = self.configuration.period * desk.every;
            let scores = self.scores(desk.every, &heard(&desk.alarms, end), &episodes, end);
            Sensitivity { period_s: period as f64 / 1000.0, scores }
        });
        let sensitivity: Vec<Sensitivity> = sensitivity.collect();
        let alarms = heard(&self.desks[0].alarms, end);
        let rules = &self.configuration.rules;
        let reach = Reach {
            hosts: self.hosts,
            vms: self.names.len(),
            period_s: self.configuration.period as f64 / 1000.0,
            delay_s: self.configuration.delay as f64 / 1000.0,
            end_s: end as f64 / 1000.0,
            samples: self.samples,
            values: self.values,
        };
        Report {
            reach,
            incidents: incidents(&episodes, &alarms, rules, self.configuration.apart),
            sensitivity,
            exposition: self.exposition(&alarms),
            rules: rules.clone(),
            names: self.names.clone(),
            episodes,
            alarms,
        }
    }

    fn scores(&self, every: u64, alarms: &[Alarm], episodes: &[Episode], end: Time) -> Vec<Score> {
        let Configuration { period, delay, horizon, .. } = self.configuration;
        let grace = period * every + delay;
        let window = Window { horizon, grace, end, hosts: self.hosts };
        let rules = self.configuration.rules.iter().enumerate();
        rules.filter_map(|(number, rule)| score(rule, number, alarms, episodes, &window)).collect()
    }

    /// The last sample.
    fn exposition(&self, alarms: &[Alarm]) -> String {
        let mut text = Exposition::default();
        let (mut number, mut value) = (String::new(), String::new());
        for column in self.columns.iter().filter(|column| column.is_recorded) {
            let Metric { name, unit, help, .. } = *column.metric;
            let is_counter = column.metric.is_counter();
            let full = format!("vmpack_{name}{}", if is_counter { "_total" } else { "" });
            text.family(&full, is_counter, unit.name, help);
            for &(of, raw) in &column.values {
                value.clear();
                unit.write(raw, &mut value);
                let kind = match of {
                    Subject::Cluster => None,
                    Subject::Host(_) => Some("host"),
                    Subject::Vm(_) => Some("vm"),
                };
                let of = subject(of, &self.names, &mut number);
                text.value(&full, kind.map(|kind| (kind, of)), &value);
            }
        }
        let raised = |rule| alarms.iter().filter(move |alarm| alarm.rule == rule);
        let rules = || self.configuration.rules.iter().enumerate();
        text.family("vmpack_alarms_up", false, "", "Alarms that are up.");
        for (number, rule) in rules() {
            let up = raised(number).filter(|alarm| alarm.cleared.is_none()).count().to_string();
            text.value("vmpack_alarms_up", Some(("rule", &rule.name)), &up);
        }
        text.family("vmpack_alarms_raised_total", true, "", "Alarms that were raised.");
        for (number, rule) in rules() {
            let count = raised(number).count().to_string();
            text.value("vmpack_alarms_raised_total", Some(("rule", &rule.name)), &count);
        }
        text.finish()
    }
}

/// Alarms as far as an operator has heard of them when the run ends.
fn heard(alarms: &[Alarm], end: Time) -> Vec<Alarm> {
    let heard = alarms.iter().filter(|alarm| alarm.raised < end);
    heard.map(|a| Alarm { cleared: a.cleared.filter(|&cleared| cleared < end), ..*a }).collect()
}

/// What a subject is called: hosts by number, VMs by name, the cluster not at all. The text is room for a number.
pub(super) fn subject<'t>(
    subject: Subject,
    names: &'t [String],
    number: &'t mut String,
) -> &'t str {
    use std::fmt::Write as _;
    match subject {
        Subject::Cluster => "",
        Subject::Vm(vm) => &names[vm],
        Subject::Host(host) => {
            number.clear();
            let _ = write!(number, "{host}");
            number
        }
    }
}

impl Observer for Monitor {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        self.truth.held(host, from, until, state);
    }

    fn event(&mut self, event: &Event, _state: &State<'_>) {
        self.tally.count(event);
    }

    fn due(&self) -> Option<Time> {
        Some(self.due)
    }

    fn look(&mut self, state: &State<'_>) {
        let now = state.now();
        self.measure(state);
        if self.fault.is_none() {
            self.fault = self.record(now).err();
        }
        let seen = now + self.configuration.delay;
        for desk in self.desks.iter_mut().filter(|desk| self.samples.is_multiple_of(desk.every)) {
            for (watch, &column) in desk.watches.iter_mut().zip(&self.watched) {
                let Column { metric, values, .. } = &self.columns[column];
                let samples = values.iter().map(|&(subject, raw)| (subject, metric.unit.real(raw)));
                watch.see(seen, samples, &mut desk.alarms);
            }
        }
        self.samples += 1;
        self.due = now + self.configuration.period;
    }
}
