//! The section `[migration]`.

use serde::Deserialize;
use vmpack_model::Registry;

use super::{Metrics, Part, Scene};
use crate::migration::{Charge, Dirtying, Limits, LiveMover, PreCopy, Settings, Spent};
use crate::operation::{Engine, Simple};

/// Bytes per second of a Mbit/s.
const MBIT: u64 = 125_000;

/// How live migrations progress, and what they cost.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Migration {
    /// How one progresses.
    model: Model,
    /// The bandwidth of a host's link, in Mbit/s.
    bandwidth_mbit: u32,
    /// How fast VMs write to their memory: MiB per second, and a share of it per second.
    dirty_mib_s: u32,
    dirty_share_s: f64,
    /// The most that is left to copy when a VM is stopped, in MiB.
    stop_mib: u32,
    /// The round that is copied with the VM stopped whatever is left.
    rounds: u32,
    /// From the end of the copy until the VM runs again, in ms.
    resume_ms: u32,
    /// How many migrations a host takes part in at once, and how many there are in all.
    per_host: u32,
    in_all: Option<u32>,
    /// The CPU that a VM goes without while it is copied, as a share.
    slowdown: f64,
    /// What migrations cost: per GiB sent, second stopped, core and second gone without.
    price_gib: f64,
    price_downtime_s: f64,
    price_core_s: f64,
    #[serde(skip)]
    spent: Spent,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Model {
    Simple,
    PreCopy,
}

impl Default for Migration {
    fn default() -> Self {
        let (model, limits) = (PreCopy::default(), Limits::default());
        Self {
            model: Model::PreCopy,
            bandwidth_mbit: 1000,
            dirty_mib_s: 0,
            dirty_share_s: 0.01,
            stop_mib: (model.threshold >> 20) as u32,
            rounds: model.rounds,
            resume_ms: model.resume as u32,
            per_host: limits.per_host as u32,
            in_all: None,
            slowdown: 0.1,
            price_gib: 1.0,
            price_downtime_s: 0.0,
            price_core_s: 0.0,
            spent: Spent::default(),
        }
    }
}

impl Part for Migration {
    fn check(&self, _: &Registry) -> Result<(), String> {
        let positive = [
            ("bandwidth_mbit", self.bandwidth_mbit),
            ("per_host", self.per_host),
            ("in_all", self.in_all.unwrap_or(1)),
        ];
        for (name, number) in positive {
            if number == 0 {
                return Err(format!("{name}: expected a positive number"));
            }
        }
        for (name, number, most) in [
            ("dirty_share_s", self.dirty_share_s, 1000.0),
            ("slowdown", self.slowdown, 1.0),
            ("price_gib", self.price_gib, 1e12),
            ("price_downtime_s", self.price_downtime_s, 1e12),
            ("price_core_s", self.price_core_s, 1e12),
        ] {
            if !(0.0..=most).contains(&number) {
                return Err(format!("{name}: expected a number from 0 to {most}"));
            }
        }
        Ok(())
    }

    fn join<'a>(&'a mut self, engine: Engine<'a>, scene: Scene<'a>) -> Result<Engine<'a>, String> {
        self.check(scene.methods)?;
        let bandwidth = u64::from(self.bandwidth_mbit) * MBIT;
        let engine = engine.observed(&mut self.spent);
        if let Model::Simple = self.model {
            return Ok(engine.moved_by(Box::new(Simple::new(bandwidth))));
        }
        let settings = Settings {
            model: PreCopy {
                threshold: u64::from(self.stop_mib) << 20,
                rounds: self.rounds,
                resume: u64::from(self.resume_ms),
            },
            limits: Limits {
                per_host: self.per_host as usize,
                in_all: self.in_all.map_or(usize::MAX, |limit| limit as usize),
            },
            most: u64::MAX,
        };
        let dirtying = Dirtying {
            bytes_per_s: u64::from(self.dirty_mib_s) << 20,
            permille_per_s: (self.dirty_share_s * 1e3).round() as u64,
        };
        let links = vec![bandwidth; scene.hosts.len()];
        let slowdown = (self.slowdown * 1e3).round() as u64;
        let mover = LiveMover::new(&links, settings, dirtying, slowdown)
            .map_err(|error| format!("bandwidth_mbit: {error}"))?;
        Ok(engine.moved_by(Box::new(mover)))
    }

    fn report(&self, metrics: &mut Metrics) {
        let charge = Charge {
            gib: self.price_gib,
            downtime_s: self.price_downtime_s,
            core_s: self.price_core_s,
        };
        metrics.real("migration_core_s", self.spent.degradation as f64 / 1e6, "core s");
        metrics.real("migration_cost", self.spent.cost(&charge), "");
    }
}
