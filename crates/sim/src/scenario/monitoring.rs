//! The section `[monitoring]`.

use serde::Deserialize;

use super::{Metrics, Part, Scene};
use crate::monitoring::{Configuration, Form, Monitor};
use crate::operation::{Engine, Hosts, Time, Vm};

/// What is sampled how often, and what is alarming.
#[derive(Debug, Deserialize)]
#[serde(from = "Form")]
pub(super) struct Monitoring {
    form: Form,
    configuration: Option<Configuration>,
    /// The monitor of the run, and when that ends.
    run: Option<(Monitor, Time)>,
}

impl From<Form> for Monitoring {
    fn from(form: Form) -> Self {
        Self { form, configuration: None, run: None }
    }
}

impl Part for Monitoring {
    fn prepare(&mut self, _: u64, _: &mut Hosts, _: &mut [Vm]) -> Result<(), String> {
        self.configuration = Some(self.form.within()?);
        Ok(())
    }

    fn join<'a>(&'a mut self, engine: Engine<'a>, scene: Scene<'a>) -> Result<Engine<'a>, String> {
        let configuration = self.configuration.clone().unwrap_or_default();
        configuration.suits(scene.end)?;
        let monitor = Monitor::new(configuration, scene.hosts.len(), scene.vms);
        let (monitor, _) = self.run.insert((monitor, scene.end));
        Ok(engine.observed(monitor))
    }

    fn report(&self, metrics: &mut Metrics) {
        let Some((monitor, end)) = &self.run else { return };
        let report = monitor.report(*end);
        metrics.count("alarms", report.alarms.len() as u64);
        metrics.count("incidents", report.incidents.len() as u64);
        for score in report.scores() {
            let mut real = |name: &str, value: Option<f64>, unit| {
                if let Some(value) = value {
                    metrics.real(format!("{name}.{}", score.rule), value, unit);
                }
            };
            real("alarm_precision", score.precision, "");
            real("alarm_recall", score.recall, "");
            real("alarm_lead_s", score.lead_median_s, "s");
            let false_alarms = Some(score.false_alarms_per_host_day);
            real("false_alarms_per_host_day", false_alarms, "");
        }
    }

    fn monitoring(&self) -> Option<&Configuration> {
        self.configuration.as_ref()
    }

    fn alarms(&self) -> Option<Vec<Time>> {
        let (monitor, end) = self.run.as_ref()?;
        let report = monitor.report(*end);
        let mut raised: Vec<Time> = report.alarms.iter().map(|alarm| alarm.raised).collect();
        raised.sort_unstable();
        Some(raised)
    }
}
