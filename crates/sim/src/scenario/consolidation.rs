//! The section `[consolidation]`.

use std::cell::Cell;
use std::rc::Rc;

use serde::Deserialize;
use vmpack_model::packing::Packing;
use vmpack_model::{Budget, Method, Registry};

use super::{Metrics, Part, Scene};
use crate::operation::Engine;
use crate::repacking::{Done, Repacker, Terms};

/// How running VMs are packed onto fewer hosts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Consolidation {
    /// The method of the packing family.
    method: String,
    /// What a call of the method may spend of its own work.
    work: Option<u64>,
    /// How often it looks, in seconds.
    period_s: u32,
    /// The most moves of a plan.
    budget: u32,
    /// For how long a host that is switched off is expected to stay off, in seconds.
    horizon_s: u32,
    /// What moving a GiB costs, in joules.
    joule_gib: u32,
    /// How long nothing is tried after a plan had to be given up, in seconds.
    rest_s: u32,
    #[serde(skip)]
    done: Rc<Cell<Done>>,
}

impl Default for Consolidation {
    fn default() -> Self {
        Self {
            method: "ffd-l2".to_owned(),
            work: None,
            period_s: 300,
            budget: 100,
            horizon_s: 3600,
            joule_gib: 500,
            rest_s: 3600,
            done: Rc::default(),
        }
    }
}

impl Consolidation {
    /// The method that packs, if all values can be.
    fn method(&self, methods: &Registry) -> Result<&'static dyn Method<Packing>, String> {
        if self.period_s == 0 {
            return Err("period_s: expected a positive number of seconds".to_owned());
        }
        let method = methods.packing.iter().copied().find(|method| method.name() == self.method);
        method.ok_or_else(|| {
            let name = &self.method;
            format!("method: there is no packing method {name:?}: see `vmpack list methods`")
        })
    }
}

impl Part for Consolidation {
    fn check(&self, methods: &Registry) -> Result<(), String> {
        self.method(methods).map(drop)
    }

    fn join<'a>(&'a mut self, engine: Engine<'a>, scene: Scene<'a>) -> Result<Engine<'a>, String> {
        let method = self.method(scene.methods)?;
        let milliseconds = |seconds: u32| u64::from(seconds) * 1000;
        let terms = Terms {
            horizon: milliseconds(self.horizon_s),
            // A GiB is 1024 MiB, a joule 10^6 microjoules.
            mib: u64::from(self.joule_gib) * 1_000_000 / 1024,
            budget: self.budget as usize,
        };
        let mut budget = Budget::default().with_seed(scene.seed);
        if let Some(work) = self.work {
            budget = budget.with_work(work);
        }
        let times = (milliseconds(self.period_s), milliseconds(self.rest_s));
        let repacker = Repacker::new(method, budget, terms, times, scene.hosts.len());
        self.done = repacker.done();
        Ok(engine.controlled(Box::new(repacker)))
    }

    fn report(&self, metrics: &mut Metrics) {
        let done = self.done.get();
        metrics.count("consolidations", done.plans);
        metrics.count("consolidations_given_up", done.given_up);
        metrics.count("consolidations_unanswered", done.unanswered);
        metrics.count("hosts_emptied", done.emptied);
    }
}
