//! The section `[interference]`.

use std::path::Path;

use serde::Deserialize;
use vmpack_model::Registry;

use super::{Metrics, Part, Scene};
use crate::interference::{Limit, Matrix, Quietest, Slowdowns};
use crate::operation::{Engine, Hosts, Vm};
use crate::population;

/// What VMs may be slowed down by at most, beyond 1: from what to what.
const SATURATION: (f64, f64) = (1e-6, 1e6);

/// Who slows down whom, and whether placement knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interference {
    /// How many classes of work are drawn; those of the trace if left out.
    classes: Option<u32>,
    /// A file with the matrix; one is drawn if left out.
    matrix: Option<String>,
    /// What the slowdown of a VM beyond 1 tends to, at most.
    saturation: Option<f64>,
    /// Whether placement knows the matrix.
    #[serde(default)]
    placement: Placement,
    /// The most that a VM may be slowed down where all have the expected load.
    limit: Option<f64>,
    /// The CPU that a VM is expected to use, as a share of what it asks for.
    #[serde(default = "full")]
    load: f64,
    #[serde(skip)]
    known: Option<Matrix>,
    #[serde(skip)]
    slowdowns: Option<Slowdowns>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Placement {
    /// As `[placement]` says.
    #[default]
    Blind,
    /// Where it adds least.
    Quietest,
}

fn full() -> f64 {
    1.0
}

/// A field within bounds, in parts of one.
fn parts(field: &str, value: f64, (least, most): (f64, f64), one: f64) -> Result<u64, String> {
    if (least..=most).contains(&value) {
        Ok((value * one).round() as u64)
    } else {
        Err(format!("{field}: expected a number from {least} to {most}, found {value}"))
    }
}

impl Part for Interference {
    fn files(&self) -> Vec<&Path> {
        self.matrix.iter().map(Path::new).collect()
    }

    fn check(&self, _: &Registry) -> Result<(), String> {
        let most = self.saturation.unwrap_or(1.0);
        parts("saturation", most, SATURATION, 1e6).map(drop)
    }

    fn prepare(&mut self, seed: u64, _: &mut Hosts, vms: &mut [Vm]) -> Result<(), String> {
        parts("load", self.load, (0.001, 10.0), 1e3)?;
        self.limit.map_or(Ok(0), |limit| parts("limit", limit, (1.0, 1e6), 1e6))?;
        match self.classes {
            Some(classes) if !(1..=1000).contains(&classes) => {
                return Err(format!("classes: expected a number from 1 to 1000, found {classes}"));
            }
            Some(classes) => population::classes(seed, classes, vms),
            None => {}
        }
        Ok(())
    }

    fn join<'a>(
        &'a mut self,
        mut engine: Engine<'a>,
        scene: Scene<'a>,
    ) -> Result<Engine<'a>, String> {
        let classes = scene.vms.iter().map(|vm| vm.class as usize + 1).max().unwrap_or(1);
        let mut matrix = match &self.matrix {
            Some(file) => Matrix::read(&scene.folder.join(file))
                .map_err(|error| format!("matrix: {error}"))?,
            None => Matrix::drawn(classes, scene.seed),
        };
        if let Some(most) = self.saturation {
            matrix = matrix.saturating(parts("saturation", most, SATURATION, 1e6)?);
        }
        matrix.check(scene.vms)?;
        self.slowdowns = Some(Slowdowns::new(matrix.clone()));
        let (matrix, hosts) = (&*self.known.insert(matrix), scene.hosts.len());
        let load = parts("load", self.load, (0.001, 10.0), 1e3)?;
        if self.placement == Placement::Quietest {
            engine = engine.placed_by(Box::new(Quietest::new(matrix, hosts, scene.vms, load)));
        }
        if let Some(limit) = self.limit {
            let most = parts("limit", limit, (1.0, 1e6), 1e6)? - 1_000_000;
            engine = engine.guarded(Box::new(Limit::new(matrix, hosts, load, most)));
        }
        Ok(engine.observed(self.slowdowns.as_mut().expect("as just made")))
    }

    fn report(&self, metrics: &mut Metrics) {
        let Some(slowdowns) = &self.slowdowns else { return };
        metrics.real("slowdown_mean", slowdowns.mean(), "");
        metrics.real("slowdown_p95", slowdowns.quantile(950), "");
        metrics.real("slowdown_p99", slowdowns.quantile(990), "");
        metrics.real("slowed_share", slowdowns.notable_share(), "");
    }
}
