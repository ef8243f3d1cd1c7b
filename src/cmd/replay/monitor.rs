//! `--monitor`: what a monitor sees of a scenario, as files in a folder.

use std::path::PathBuf;

use anyhow::Context as _;
use vmpack_sim::monitoring::{Configuration, Files, Monitor};
use vmpack_sim::operation::{Observer, Time};
use vmpack_sim::scenario::Scenario;

/// What is asked of the monitor.
#[derive(clap::Args)]
pub(super) struct MonitorArguments {
    /// Scenarios: write what a monitor sees to this folder: every metric as a series, the last values as OpenMetrics text,
    /// alarms, and a summary of what went wrong, when and where.
    #[arg(long, value_name = "DIR")]
    pub(super) monitor: Option<PathBuf>,
    /// With --monitor: how often to look and when to raise alarms; otherwise as the section `monitoring` of the scenario
    /// says, or as is built in.
    #[arg(long, value_name = "FILE", requires = "monitor")]
    pub(super) rules: Option<PathBuf>,
    /// With --monitor: compress the series by gzip.
    #[arg(long, requires = "monitor")]
    pub(super) gzip: bool,
}

/// A monitor whose files appear when the run is over.
pub(super) struct Recorder {
    monitor: Monitor,
    files: Files,
    folder: PathBuf,
    end: Time,
}

impl Recorder {
    /// The monitor of a scenario, if one is asked for.
    pub(super) fn of(
        arguments: &MonitorArguments,
        scenario: &Scenario,
    ) -> anyhow::Result<Option<Self>> {
        let Some(folder) = &arguments.monitor else { return Ok(None) };
        let configuration = match &arguments.rules {
            Some(file) => Configuration::read(file)?,
            None => scenario.monitoring(),
        };
        configuration.suits(scenario.end()).map_err(anyhow::Error::msg)?;
        let context = || folder.display().to_string();
        let files = Files::create(folder, arguments.gzip).with_context(context)?;
        let monitor = Monitor::new(configuration, scenario.hosts().len(), scenario.vms())
            .recording(files.series().with_context(context)?);
        Ok(Some(Self { monitor, files, folder: folder.clone(), end: scenario.end() }))
    }

    /// The monitor as it looks on.
    pub(super) fn observer(&mut self) -> &mut dyn Observer {
        &mut self.monitor
    }

    /// Lets the files appear.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let context = || self.folder.display().to_string();
        self.monitor.close().with_context(context)?;
        let report = self.monitor.report(self.end);
        self.files.write(&report).with_context(context)
    }
}
