//! The section `[allocation]`.

use serde::Deserialize;
use vmpack_model::allocation::Allocation as Family;
use vmpack_model::{Budget, Method, Registry};

use super::{Metrics, Part, Scene};
use crate::allocation::{
    Adjuster, Adjustment, FORECASTS, Forecast, POLICIES, Policy, Relief, Scope, Shortfalls, Tally,
};
use crate::arrivals::MAX_RESOURCES;
use crate::operation::{Engine, MEMORY};

/// What VMs are allotted. What is left out is as the policy has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allocation {
    policy: String,
    /// The method of the allocation family.
    #[serde(default = "greedy")]
    method: String,
    /// How use is forecast; of memory otherwise if it is said.
    forecast: Option<String>,
    memory_forecast: Option<String>,
    /// The quantile, and the weights of the newest sample, of forecasts that have them.
    quantile: Option<f64>,
    alpha: Option<f64>,
    beta: Option<f64>,
    /// What is added to a forecast, as a share of it.
    margin: Option<f64>,
    /// What a VM keeps in any case, as a share of what it requests; of memory otherwise if it is said.
    floor: Option<f64>,
    memory_floor: Option<f64>,
    /// How far VMs may burst, as a share of the CPU that they request.
    burst: Option<f64>,
    /// Seconds from sample to sample, samples from adjustment to adjustment, and how many are looked back on and needed.
    sample_s: Option<u32>,
    every: Option<u32>,
    window: Option<u32>,
    least: Option<u32>,
    /// Whether a program divides what a host has or what all have.
    scope: Option<Extent>,
    /// What the VMs of a tenant get together at most, as a share of what they request.
    quota: Option<f64>,
    /// What happens where a host cannot hold what its VMs need, and how many VMs move in a period.
    relief: Option<Means>,
    most_moves: Option<u32>,
    #[serde(skip)]
    tally: Tally,
    #[serde(skip)]
    shortfalls: Shortfalls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Extent {
    Host,
    Cluster,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Means {
    Cut,
    Move,
}

fn greedy() -> String {
    "alloc-greedy".to_owned()
}

/// A share in thousandths, from a least one to a greatest.
fn permille(name: &str, share: f64, least: f64, most: f64) -> Result<u32, String> {
    if (least..=most).contains(&share) {
        return Ok((share * 1000.0).round() as u32);
    }
    Err(format!("{name}: expected a number from {least} to {most}, found {share}"))
}

fn positive(name: &str, number: u32) -> Result<u32, String> {
    if number == 0 { Err(format!("{name}: expected a positive number")) } else { Ok(number) }
}

impl Allocation {
    /// The policy as the section has it.
    fn policy(&self) -> Result<Policy, String> {
        let named = POLICIES.iter().find(|named| named.name == self.policy).ok_or_else(|| {
            let known: Vec<&str> = POLICIES.iter().map(|named| named.name).collect();
            format!("policy: there is none named {:?}: they are {}", self.policy, known.join(", "))
        })?;
        let mut policy = named.policy;
        let Some(adjustment) = &mut policy.adjustment else { return Ok(policy) };
        self.adjust(adjustment)?;
        if let Some(limit) = adjustment.burst {
            policy.first.floor = adjustment.floor;
            policy.first.limit = limit;
        }
        Ok(policy)
    }

    /// The method that divides what there is.
    fn method(&self, methods: &Registry) -> Result<&'static dyn Method<Family>, String> {
        let known = &methods.allocation;
        let method = known.iter().copied().find(|method| method.name() == self.method);
        method.ok_or_else(|| {
            let known: Vec<&str> = known.iter().map(|method| method.name()).collect();
            format!("method: there is none named {:?}: they are {}", self.method, known.join(", "))
        })
    }

    fn adjust(&self, adjustment: &mut Adjustment) -> Result<(), String> {
        if let Some(name) = &self.forecast {
            adjustment.forecast = [self.forecast("forecast", name)?; MAX_RESOURCES];
        }
        if let Some(name) = &self.memory_forecast {
            adjustment.forecast[MEMORY] = self.forecast("memory_forecast", name)?;
        }
        if let Some(margin) = self.margin {
            adjustment.margin = permille("margin", margin, 0.0, 100.0)?;
        }
        if let Some(floor) = self.floor {
            adjustment.floor = [permille("floor", floor, 0.0, 1.0)?; MAX_RESOURCES];
        }
        if let Some(floor) = self.memory_floor {
            adjustment.floor[MEMORY] = permille("memory_floor", floor, 0.0, 1.0)?;
        }
        if let Some(burst) = self.burst {
            adjustment.burst = Some(permille("burst", burst, 1.0, 1000.0)?);
        }
        if let Some(seconds) = self.sample_s {
            adjustment.sample = u64::from(positive("sample_s", seconds)?) * 1000;
        }
        if let Some(every) = self.every {
            adjustment.every = positive("every", every)?;
        }
        if let Some(window) = self.window {
            adjustment.window = positive("window", window)? as usize;
        }
        if let Some(least) = self.least {
            adjustment.least = positive("least", least)? as usize;
        }
        if adjustment.least > adjustment.window {
            let window = adjustment.window;
            return Err(format!("least: expected at most the window, which is {window} samples"));
        }
        adjustment.scope = match (self.scope, self.quota) {
            (Some(Extent::Cluster), quota) => {
                let quota = quota.map(|quota| permille("quota", quota, 0.0, 1.0)).transpose()?;
                Scope::Cluster { quota }
            }
            (_, Some(_)) => return Err("quota: expected the scope \"cluster\" with it".to_owned()),
            (_, None) => Scope::Host,
        };
        adjustment.relief = match (self.relief, self.most_moves) {
            (Some(Means::Cut), Some(_)) => {
                return Err("most_moves: expected the relief \"move\" with it".to_owned());
            }
            (Some(Means::Cut), None) => Relief::Cut,
            (_, most) => Relief::Move { most: most.map_or(usize::MAX, |most| most as usize) },
        };
        Ok(())
    }

    fn forecast(&self, field: &str, name: &str) -> Result<Forecast, String> {
        let known = FORECASTS.iter().find(|&&(known, ..)| known == name);
        let &(_, forecast, _) = known.ok_or_else(|| {
            let known: Vec<&str> = FORECASTS.iter().map(|&(name, ..)| name).collect();
            format!("{field}: there is none named {name:?}: they are {}", known.join(", "))
        })?;
        let weight = |field: &str, given: Option<f64>, else_: f64| match given {
            Some(weight) if !(0.0..=1.0).contains(&weight) => {
                Err(format!("{field}: expected a number from 0 to 1, found {weight}"))
            }
            _ => Ok(given.unwrap_or(else_)),
        };
        Ok(match forecast {
            Forecast::Quantile(else_) => Forecast::Quantile(match self.quantile {
                Some(quantile) => permille("quantile", quantile, 0.0, 1.0)?,
                None => else_,
            }),
            Forecast::Ewma(alpha) => Forecast::Ewma(weight("alpha", self.alpha, alpha)?),
            Forecast::Holt(alpha, beta) => Forecast::Holt(
                weight("alpha", self.alpha, alpha)?,
                weight("beta", self.beta, beta)?,
            ),
            other => other,
        })
    }
}

impl Part for Allocation {
    fn check(&self, methods: &Registry) -> Result<(), String> {
        if self.policy()?.adjustment.is_some() {
            self.method(methods)?;
        }
        Ok(())
    }

    fn join<'a>(&'a mut self, engine: Engine<'a>, scene: Scene<'a>) -> Result<Engine<'a>, String> {
        let policy = self.policy()?;
        let method = policy.adjustment.map(|_| self.method(scene.methods)).transpose()?;
        let engine = engine.allotting(policy.first).observed(&mut self.shortfalls);
        let Some((adjustment, method)) = policy.adjustment.zip(method) else { return Ok(engine) };
        let budget = Budget::default().with_seed(scene.seed);
        let adjuster = Adjuster::new(adjustment, method, budget, &mut self.tally)
            .map_err(|reason| format!("method: {} {reason}", self.method))?;
        Ok(engine.controlled(Box::new(adjuster)))
    }

    fn report(&self, metrics: &mut Metrics) {
        metrics.real("vm_shortfall_p95", self.shortfalls.quantile(950), "");
        metrics.real("vm_worst_shortfall_p95", self.shortfalls.worst_quantile(950), "");
        metrics.count("allocation_programs", self.tally.programs);
        metrics.count("allocation_unsolved", self.tally.unsolved);
        metrics.real("allocation_forgone", self.tally.forgone as f64, "");
        metrics.count("hosts_pressed", self.tally.pressed);
    }
}
