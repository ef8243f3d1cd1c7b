//! The section `[faults]`.

use std::path::Path;

use serde::Deserialize;

use super::{Metrics, Part, Scene};
use crate::faults::{
    Chronicle, Detection, Detector, Failures, Incidents, Process, Recovery, RecoveryPolicy, Scope,
    Spare, Watchdog, read_incidents,
};
use crate::operation::{Engine, Hosts, Incident, Time, Vm};

/// How often it is looked at how many failures would be survived.
const LOOK: Time = 3_600_000;

/// The most failures that a run may be expected to see, each of which takes microseconds.
const MOST_FAILURES: f64 = 5e6;

/// What fails, how it is noticed, and what is done about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Faults {
    /// What [`Failures::parse`] reads, or a file of incidents.
    failures: String,
    /// What [`Detector::parse`] reads.
    #[serde(default = "detector")]
    detector: String,
    /// What [`RecoveryPolicy::parse`] reads.
    #[serde(default = "recovery")]
    recovery: String,
    /// Which failures admission keeps room for, as [`Scope::parse`] reads it.
    spare: Option<String>,
    /// Of which failures it is looked at every hour whether they would be survived.
    survive: Option<String>,
    #[serde(skip)]
    plan: Option<Plan>,
    #[serde(skip)]
    chronicle: Option<(Chronicle, Time)>,
    #[serde(skip)]
    watcher: Option<Spare>,
}

fn detector() -> String {
    "timeout:after=10s".to_owned()
}

fn recovery() -> String {
    "restart".to_owned()
}

/// What the section says, understood.
#[derive(Clone, Debug)]
struct Plan {
    /// `None` if incidents are read from a file.
    failures: Option<Failures>,
    detector: Detector,
    recovery: RecoveryPolicy,
    spare: Option<Scope>,
    survive: Option<Scope>,
}

impl Faults {
    fn plan(&self, hosts: &Hosts) -> Result<Plan, String> {
        let named = |field: &'static str| move |reason| format!("{field}: {reason}");
        let scope = |field: &'static str, text: &Option<String>| {
            let scope = text.as_deref().map(Scope::parse).transpose().map_err(named(field))?;
            if let Some(scope) = scope {
                Spare::new(hosts, scope).map_err(named(field))?;
            }
            Ok::<_, String>(scope)
        };
        let failures = if Failures::is_described_by(&self.failures) {
            let failures = Failures::parse(&self.failures);
            Some(failures.map_err(|error| format!("failures: {error}"))?)
        } else {
            None
        };
        Ok(Plan {
            failures,
            detector: Detector::parse(&self.detector).map_err(|e| format!("detector: {e}"))?,
            recovery: RecoveryPolicy::parse(&self.recovery)
                .map_err(|e| format!("recovery: {e}"))?,
            spare: scope("spare", &self.spare)?,
            survive: scope("survive", &self.survive)?,
        })
    }
}

/// Adds what brings incidents and what notices them.
fn strike<'a>(
    engine: Engine<'a>,
    incidents: impl Iterator<Item = (Time, Incident)> + Clone + 'a,
    detector: Detector,
    scene: Scene<'a>,
) -> Engine<'a> {
    let hosts = scene.hosts.len();
    let detection = Detection::new(incidents.clone(), hosts, detector, scene.seed, scene.end);
    engine
        .struck(Box::new(Incidents::new(incidents)))
        .controlled(Box::new(Watchdog::new(detection)))
}

impl Part for Faults {
    fn files(&self) -> Vec<&Path> {
        let file = Some(&self.failures).filter(|text| !Failures::is_described_by(text));
        file.map(Path::new).into_iter().collect()
    }

    fn prepare(&mut self, _: u64, hosts: &mut Hosts, _: &mut [Vm]) -> Result<(), String> {
        self.plan = Some(self.plan(hosts)?);
        Ok(())
    }

    fn join<'a>(
        &'a mut self,
        mut engine: Engine<'a>,
        scene: Scene<'a>,
    ) -> Result<Engine<'a>, String> {
        let Plan { failures, detector, recovery, spare, survive } = self.plan(scene.hosts)?;
        let racks: Vec<u32> = scene.hosts.all().iter().map(|host| host.rack).collect();
        engine = if let Some(failures) = failures {
            let in_all = racks.iter().max().map_or(0, |&rack| rack as usize + 1);
            let expected = failures.expected(racks.len(), in_all, scene.end);
            if expected > MOST_FAILURES {
                return Err(format!(
                    "failures: expected at most {MOST_FAILURES:.0} failures in a run, found about {expected:.0}"
                ));
            }
            strike(engine, Process::new(&failures, &racks, scene.seed), detector, scene)
        } else {
            let incidents = read_incidents(&scene.folder.join(&self.failures), &racks);
            let incidents = incidents.map_err(|error| format!("failures: {error}"))?;
            strike(engine, incidents.into_iter(), detector, scene)
        };
        engine = engine.controlled(Box::new(Recovery::new(recovery)));
        if let Some(scope) = spare {
            let spare = Spare::new(scene.hosts, scope)?;
            engine = engine.guarded(Box::new(spare.clone())).observed(self.watcher.insert(spare));
        }
        let scope = survive.or(spare).unwrap_or(Scope::Hosts(1));
        let every = (survive.is_some() || spare.is_some()).then_some(LOOK);
        let chronicle = Chronicle::new(scene.hosts, scene.vms.len(), scope, every)?;
        let (chronicle, _) = self.chronicle.insert((chronicle, scene.end));
        Ok(engine.observed(chronicle))
    }

    fn report(&self, metrics: &mut Metrics) {
        let Some((chronicle, end)) = &self.chronicle else { return };
        let outcome = chronicle.outcome(*end);
        let hours = |time: f64| time / 3.6e6;
        metrics.real("vm_availability", outcome.availability(), "");
        metrics.real("least_vm_availability", outcome.least_availability, "");
        metrics.count("vm_downs", outcome.downs);
        metrics.real("vm_down_hours", hours(outcome.downtime as f64), "h");
        metrics.count("ended_down", outcome.ended_down);
        metrics.count("host_failures", outcome.failures);
        if let Some(time) = outcome.time_between_failures() {
            metrics.real("mtbf_h", hours(time), "h");
            metrics.real("mttr_h", hours(outcome.repair.mean), "h");
        }
        metrics.count("failures_noticed", outcome.noticed);
        metrics.real("detection_mean_s", outcome.detection.mean / 1e3, "s");
        metrics.real("detection_p95_s", outcome.detection.p95 / 1e3, "s");
        metrics.real("detection_max_s", outcome.detection.max / 1e3, "s");
        metrics.count("false_suspicions", outcome.mistakes);
        metrics.real("false_suspicions_per_host_day", outcome.mistakes_per_host_day(), "");
        metrics.count("fenced", outcome.fenced);
        metrics.count("fenced_sound", outcome.fenced_sound);
        metrics.count("killed_by_fence", outcome.killed);
        metrics.real("killed_down_hours", hours(outcome.killed_downtime as f64), "h");
        metrics.real("recovery_mean_s", outcome.recovery.mean / 1e3, "s");
        metrics.real("recovery_p95_s", outcome.recovery.p95 / 1e3, "s");
        metrics.real("recovery_queue_p95_s", outcome.queue.p95 / 1e3, "s");
        metrics.real("recovery_queue_max_s", outcome.queue.max / 1e3, "s");
        if outcome.looked_at > 0 {
            metrics.real("survivability", outcome.survivability(), "");
        }
    }
}
