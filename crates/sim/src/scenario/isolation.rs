//! The section `[isolation]`.

use std::sync::Arc;

use serde::Deserialize;

use super::{Metrics, Part, Scene};
use crate::isolation::{Cause, Isolation as Rules, Keeper, Mender, Term, Watch};
use crate::operation::{Engine, Hosts, Vm};
use crate::population;

/// When a group that is short of domains is looked at again, in milliseconds.
const RETRY: u64 = 60_000;

/// Tenants, and what keeps them apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Isolation {
    /// How many tenants are drawn; those of the trace if left out.
    tenants: Option<u32>,
    /// Whether terms are kept, or only looked at.
    #[serde(default = "yes")]
    enforce: bool,
    /// What is asked for.
    #[serde(default)]
    terms: Vec<Term>,
    #[serde(skip)]
    rules: Option<Arc<Rules>>,
    #[serde(skip)]
    watch: Option<Watch>,
}

fn yes() -> bool {
    true
}

impl Part for Isolation {
    fn prepare(&mut self, seed: u64, _: &mut Hosts, vms: &mut [Vm]) -> Result<(), String> {
        match self.tenants {
            Some(0) => return Err("tenants: expected a positive number".to_owned()),
            Some(tenants) => population::tenants(seed, tenants, vms),
            None => {}
        }
        Ok(())
    }

    fn join<'a>(
        &'a mut self,
        mut engine: Engine<'a>,
        scene: Scene<'a>,
    ) -> Result<Engine<'a>, String> {
        // Other parts give classes and sites, which terms may be about.
        let rules = Arc::new(Rules::new(&self.terms, scene.vms, scene.hosts)?);
        let rules = &*self.rules.insert(rules);
        if self.enforce {
            engine = engine
                .guarded(Box::new(Keeper::new(rules)))
                .controlled(Box::new(Mender::new(rules, RETRY)));
        }
        Ok(engine.observed(self.watch.insert(Watch::new(Arc::clone(rules)))))
    }

    fn isolation(&self, hosts: &Hosts, vms: &[Vm]) -> Result<Option<(Rules, bool)>, String> {
        Ok(Some((Rules::new(&self.terms, vms, hosts)?, self.enforce)))
    }

    fn report(&self, metrics: &mut Metrics) {
        let Some(watch) = &self.watch else { return };
        metrics.real("exposure_pair_hours", watch.exposure_hours(), "h");
        metrics.real("rules_broken_hours", watch.all_broken_hours(), "h");
        for (name, cause) in [
            ("rules_broken_by_failures_hours", Cause::Failure),
            ("rules_broken_by_departures_hours", Cause::Departure),
            ("rules_broken_by_actions_hours", Cause::Action),
        ] {
            metrics.real(name, watch.broken_by_hours(cause), "h");
        }
    }
}
