//! What a monitor has found: alarms, their scores, incidents; as text, JSON and files.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use vmpack_files::{Draft, Durability};

use super::alarm::{Alarm, Subject};
use super::incident::Incident;
use super::rule::Rule;
use super::score::Score;
use super::truth::{Episode, Trouble};
use super::unit::Unit;

/// How much was watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// Hosts.
    pub hosts: usize,
    /// VMs that came or could have come.
    pub vms: usize,
    /// From one sample to the next.
    pub period_s: f64,
    /// From a measurement until it is seen.
    pub delay_s: f64,
    /// When the run ended.
    pub end_s: f64,
    /// Times at which everything was measured.
    pub samples: u64,
    /// Values that were measured.
    pub values: u64,
}

/// Scores at one sampling period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The period.
    pub period_s: f64,
    /// One per rule that tells of trouble.
    pub scores: Vec<Score>,
}

/// What a monitor has found.
#[derive(Debug)]
pub struct Report {
    /// How much was watched.
    pub reach: Reach,
    /// The rules.
    pub rules: Vec<Rule>,
    /// Alarms in the order in which they were raised, those of one time by rule.
    pub alarms: Vec<Alarm>,
    /// What really happened.
    pub episodes: Vec<Episode>,
    /// The same merged by host and time, the worst first.
    pub incidents: Vec<Incident>,
    /// Scores at the period of the configuration first, then at multiples of it.
    pub sensitivity: Vec<Sensitivity>,
    /// The last sample as OpenMetrics text.
    pub exposition: String,
    pub(super) names: Vec<String>,
}

/// A kind of trouble, all episodes together.
#[derive(Serialize)]
struct Sum {
    trouble: &'static str,
    episodes: usize,
    total_s: f64,
    lost_core_s: f64,
}

#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    reach: Reach,
    alarms: usize,
    troubles: Vec<Sum>,
    scores: &'a [Score],
    sensitivity: &'a [Sensitivity],
    incidents: &'a [Incident],
}

impl Report {
    /// The scores at the period of the configuration.
    pub fn scores(&self) -> &[Score] {
        &self.sensitivity[0].scores
    }

    fn sums(&self) -> Vec<Sum> {
        let sum = |trouble: Trouble| {
            let of = || self.episodes.iter().filter(move |episode| episode.trouble == trouble);
            Sum {
                trouble: trouble.name(),
                episodes: of().count(),
                total_s: of().map(|e| e.until - e.from).sum::<u64>() as f64 / 1000.0,
                lost_core_s: of().map(|e| e.lost).sum::<u128>() as f64 / 1e6,
            }
        };
        Trouble::ALL.map(sum).into()
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        let summary = Summary {
            reach: self.reach,
            alarms: self.alarms.len(),
            troubles: self.sums(),
            scores: self.scores(),
            sensitivity: &self.sensitivity,
            incidents: &self.incidents,
        };
        let mut text =
            serde_json::to_string_pretty(&summary).expect("plain values have a JSON form");
        text.push('\n');
        text
    }

    fn write_alarms(&self, file: impl Write) -> Result<(), csv::Error> {
        let mut table = csv::Writer::from_writer(file);
        table.write_record(["rule", "metric", "subject", "raised_s", "cleared_s", "value"])?;
        let time = |time: u64| {
            let mut text = String::new();
            Unit::SECONDS.write(time, &mut text);
            text
        };
        for alarm in &self.alarms {
            let rule = &self.rules[alarm.rule];
            let subject = match alarm.subject {
                Subject::Cluster => String::new(),
                Subject::Host(host) => host.to_string(),
                Subject::Vm(vm) => self.names[vm].clone(),
            };
            let cleared = alarm.cleared.map(time).unwrap_or_default();
            let raised = time(alarm.raised);
            let value = alarm.value.to_string();
            table.write_record([
                &rule.name,
                rule.metric.name,
                &subject,
                &raised,
                &cleared,
                &value,
            ])?;
        }
        table.flush()?;
        Ok(())
    }
}

/// The incidents that the text shows.
const SHOWN: usize = 10;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reach { hosts, period_s, delay_s, samples, .. } = self.reach;
        writeln!(
            f,
            "{samples} samples of {hosts} hosts, {period_s} s apart, seen {delay_s} s later"
        )?;
        for Sum { trouble, episodes, total_s, lost_core_s } in self.sums() {
            let hours = total_s / 3600.0;
            writeln!(
                f,
                "{trouble}: {episodes} episodes, {hours:.2} h, {lost_core_s:.0} core-s lost"
            )?;
        }
        for Sensitivity { period_s, scores } in &self.sensitivity {
            writeln!(f, "alarms, sampled every {period_s} s:")?;
            for score in scores {
                let or_none = |value: Option<f64>, scale: f64, unit: &str| {
                    value.map_or("-".into(), |value| format!("{:.1}{unit}", value * scale))
                };
                writeln!(
                    f,
                    "  {:<16} of {:<9} {:>6} raised, precision {:>6}, recall {:>6}, lead {:>8}, {:.3} false per host-day",
                    score.rule,
                    score.tells,
                    score.alarms,
                    or_none(score.precision, 100.0, "%"),
                    or_none(score.recall, 100.0, "%"),
                    or_none(score.lead_median_s, 1.0, " s"),
                    score.false_alarms_per_host_day,
                )?;
            }
        }
        let shown = self.incidents.len().min(SHOWN);
        writeln!(f, "{} incidents, the worst {shown}:", self.incidents.len())?;
        for incident in &self.incidents[..shown] {
            write!(
                f,
                "  host {} from {} s to {} s: {}; {} VMs short, {:.1} core-s lost; ",
                incident.host,
                incident.from_s,
                incident.until_s,
                incident.troubles.join(", "),
                incident.vms_short,
                incident.lost_core_s,
            )?;
            match (&incident.first_alarm, incident.first_alarm_s) {
                (Some(rule), Some(time)) => writeln!(f, "first alarm {rule} at {time} s")?,
                _ => writeln!(f, "no alarm")?,
            }
        }
        Ok(())
    }
}

/// The files of a report in a folder, which appear under their names only when all are complete.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    series: Draft,
    is_gzip: bool,
}

impl Files {
    /// Creates the folder if need be; the series is `series.csv.gz` if it is to be compressed, else `series.csv`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn create(folder: &Path, is_gzip: bool) -> io::Result<Self> {
        vmpack_files::create_folder(folder)?;
        let name = if is_gzip { "series.csv.gz" } else { "series.csv" };
        Ok(Self { folder: folder.into(), series: Draft::of(&folder.join(name))?, is_gzip })
    }

    /// Where a monitor writes its series.
    ///
    /// # Errors
    /// If the system has no more handles.
    pub fn series(&self) -> io::Result<Box<dyn Write>> {
        let file = self.series.file().try_clone()?;
        Ok(if self.is_gzip {
            Box::new(BufWriter::new(GzEncoder::new(file, Compression::fast())))
        } else {
            Box::new(BufWriter::new(file))
        })
    }

    /// Writes `metrics.om`, `alarms.csv`, `summary.json` and `summary.txt`, and lets all files appear.
    ///
    /// # Errors
    /// If a file cannot be written; then none has changed, unless the last renaming failed.
    pub fn write(self, report: &Report) -> io::Result<()> {
        let draft = |name: &str| Draft::of(&self.folder.join(name));
        let (alarms, metrics) = (draft("alarms.csv")?, draft("metrics.om")?);
        let (summary, text) = (draft("summary.json")?, draft("summary.txt")?);
        report.write_alarms(alarms.file()).map_err(io::Error::other)?;
        metrics.file().write_all(report.exposition.as_bytes())?;
        summary.file().write_all(report.json().as_bytes())?;
        write!(text.file(), "{report}")?;
        let drafts = [self.series, metrics, alarms, summary, text];
        vmpack_files::publish_all(drafts, Durability::Flushed)
    }
}
