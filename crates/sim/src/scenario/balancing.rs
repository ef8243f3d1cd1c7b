//! The section `[balancing]`.

use serde::Deserialize;
use vmpack_model::Registry;

use super::{Metrics, Part, Scene};
use crate::balancing::{Balancer, Evenness, Goal, Habits, Level, Objective, Trigger};
use crate::operation::{CPU, Engine, MEMORY};

/// How running VMs are moved so that hosts are loaded evenly.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Balancing {
    /// What even means.
    objective: Aim,
    /// How much each resource counts.
    cpu_weight: u32,
    memory_weight: u32,
    /// How often it looks, in seconds.
    period_s: u32,
    /// The objective above which it acts, after so many looks in a row, and down to which; shares of capacity.
    high: f64,
    looks: u32,
    low: f64,
    /// What a move must gain, and on top of it per GiB of memory; shares of capacity.
    margin: f64,
    price_gib: f64,
    /// The most moves in a period.
    budget: u32,
    /// For how long a VM that was moved stays.
    hold_s: u32,
    /// How much a new sample of use counts.
    smoothing: f64,
    /// Nothing is moved: the load of hosts is only measured.
    dry: bool,
    #[serde(skip)]
    evenness: Option<Evenness>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Aim {
    Deviation,
    Maximum,
}

impl Default for Balancing {
    fn default() -> Self {
        Self {
            objective: Aim::Deviation,
            cpu_weight: 1,
            memory_weight: 0,
            period_s: 300,
            high: 0.1,
            looks: 2,
            low: 0.05,
            margin: 0.05,
            price_gib: 0.0,
            budget: 10,
            hold_s: 1800,
            smoothing: 0.5,
            dry: false,
            evenness: None,
        }
    }
}

impl Balancing {
    fn habits(&self) -> Result<Habits, String> {
        let level = |name: &str, share: f64| {
            let known = (0.0..=100.0).contains(&share);
            let level = (share * 1e6).round() as Level;
            known.then_some(level).ok_or_else(|| format!("{name}: expected a number from 0 to 100"))
        };
        if self.cpu_weight == 0 && self.memory_weight == 0 {
            return Err("cpu_weight: expected a positive weight of CPU or memory".to_owned());
        }
        if self.period_s == 0 {
            return Err("period_s: expected a positive number of seconds".to_owned());
        }
        if !(0.0..=1.0).contains(&self.smoothing) || self.smoothing < 0.001 {
            return Err("smoothing: expected a number from 0.001 to 1".to_owned());
        }
        if self.low > self.high {
            return Err(format!("low: expected at most high, which is {}", self.high));
        }
        let mut weights = [0; 5];
        weights[CPU] = u64::from(self.cpu_weight);
        weights[MEMORY] = u64::from(self.memory_weight);
        let goal = Goal {
            objective: match self.objective {
                Aim::Deviation => Objective::Deviation,
                Aim::Maximum => Objective::Maximum,
            },
            weights,
            target: 0,
            margin: level("margin", self.margin)?,
            price: level("price_gib", self.price_gib)?,
            budget: self.budget as usize,
        };
        Ok(Habits {
            goal,
            trigger: Trigger::new(level("high", self.high)?, level("low", self.low)?, self.looks),
            period: u64::from(self.period_s) * 1000,
            hold: u64::from(self.hold_s) * 1000,
            smoothing: (self.smoothing * 1e3).round() as u64,
        })
    }
}

impl Part for Balancing {
    fn check(&self, _: &Registry) -> Result<(), String> {
        self.habits().map(drop)
    }

    fn join<'a>(&'a mut self, engine: Engine<'a>, scene: Scene<'a>) -> Result<Engine<'a>, String> {
        let habits = self.habits()?;
        let evenness = Evenness::new(habits.goal, habits.period, habits.hold);
        let engine = engine.observed(self.evenness.insert(evenness));
        if self.dry {
            return Ok(engine);
        }
        let balancer = Balancer::new(habits, scene.hosts.len(), scene.vms.len());
        Ok(engine.controlled(Box::new(balancer)))
    }

    fn report(&self, metrics: &mut Metrics) {
        if let Some(evenness) = &self.evenness {
            metrics.real("imbalance_mean", evenness.mean(), "");
            metrics.real("imbalance_bound", evenness.bound(), "");
            metrics.real("imbalance_max", evenness.most(), "");
            metrics.count("returns", evenness.returns());
        }
    }
}
