//! The section `[edge]`.

use std::path::Path;

use serde::Deserialize;
use vmpack_model::Registry;

use super::cluster::Power;
use super::{Metrics, Part, Scene};
use crate::edge::{BySite, HandOver, Reach, Rule, Service, Site, Sites, cost_bound};
use crate::operation::{Engine, Host, Hosts, Vm};
use crate::population;
use crate::square::Square;

/// Sites, and how VMs find theirs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edge {
    /// The sites, which share the hosts out in their order.
    sites: Vec<Place>,
    /// The name of the site that VMs fall back on, which has no users.
    cloud: String,
    /// A file with latencies in microseconds; they are drawn if left out.
    latency: Option<String>,
    /// Latency limits that are drawn, in milliseconds; `inf` for none.
    #[serde(default = "unlimited")]
    limits_ms: Vec<f64>,
    /// Where VMs go; as `[placement]` says if left out.
    rule: Option<String>,
    /// What a millisecond is worth to the rule `latency-weighted`.
    #[serde(default)]
    millisecond: f64,
    /// Whether VMs are kept from sites beyond their limit.
    #[serde(default)]
    strict: bool,
    /// How often VMs beyond their limit are moved, in minutes; never if left out.
    hand_over_min: Option<u32>,
    /// What users exchange with a VM that is not at their site, in Mbit/s.
    #[serde(default)]
    traffic_mbit: f64,
    #[serde(skip)]
    known: Option<Sites>,
    #[serde(skip)]
    service: Option<Service>,
    #[serde(skip)]
    bound: f64,
}

/// A site.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    name: String,
    /// How many of the hosts stand there.
    hosts: usize,
    /// What one costs for an hour that it is on.
    host_hour: f64,
    /// What a GB from another site costs.
    #[serde(default)]
    gigabyte: f64,
    /// What a host draws; as `[cluster]` says if left out.
    power: Option<Power>,
}

fn unlimited() -> Vec<f64> {
    vec![f64::INFINITY]
}

/// A price in millionths.
fn price(field: &str, price: f64) -> Result<u64, String> {
    if (0.0..=1e6).contains(&price) {
        Ok((price * 1e6).round() as u64)
    } else {
        Err(format!("{field}: expected a price from 0 to 1000000, found {price}"))
    }
}

impl Edge {
    fn cloud(&self) -> Result<usize, String> {
        let at = self.sites.iter().position(|site| site.name == self.cloud);
        at.ok_or_else(|| format!("cloud: there is no site {:?}", self.cloud))
    }

    /// The hosts at their sites. Racks do not reach over sites.
    fn settled(&self, hosts: &Hosts) -> Result<Hosts, String> {
        let asked: usize = self.sites.iter().map(|site| site.hosts).sum();
        if asked != hosts.len() {
            return Err(format!("sites: expected {} hosts in all, found {asked}", hosts.len()));
        }
        let mut all: Vec<Host> = Vec::with_capacity(asked);
        let (mut rest, mut rack) = (hosts.all(), 0);
        for (number, site) in self.sites.iter().enumerate() {
            let (here, others) = rest.split_at(site.hosts);
            let power = site.power.as_ref().map(Power::table).transpose();
            let power = power.map_err(|reason| format!("sites: {:?}: {reason}", site.name))?;
            let first = here.first().map_or(0, |host| host.rack);
            all.extend(here.iter().map(|host| Host {
                power: power.clone().unwrap_or_else(|| host.power.clone()),
                site: number as u32,
                rack: rack + host.rack - first,
                ..host.clone()
            }));
            rack = all.last().map_or(0, |host| host.rack + 1);
            rest = others;
        }
        Ok(Hosts::new(all, hosts.resources()))
    }

    /// What the sites cost, in their order.
    fn charges(&self) -> Result<Vec<Site>, String> {
        let charge = |site: &Place| -> Result<Site, String> {
            Ok(Site {
                host_hour: price("host_hour", site.host_hour)?,
                gigabyte: price("gigabyte", site.gigabyte)?,
            })
        };
        self.sites.iter().map(charge).collect()
    }

    /// Where VMs go, unless as `[placement]` says.
    fn rule(&self) -> Result<Option<Rule>, String> {
        let Some(rule) = &self.rule else { return Ok(None) };
        let rule = Rule::parse(rule, price("millisecond", self.millisecond)?);
        rule.map(Some).map_err(|reason| format!("rule: {reason}"))
    }

    /// Latencies in the order of the sites.
    fn latencies(&self, scene: &Scene<'_>) -> Result<Square, String> {
        let Some(file) = &self.latency else {
            return Ok(Sites::drawn_latency(
                self.sites.iter().map(|site| site.name.clone()).collect(),
                self.cloud()?,
                scene.seed,
            ));
        };
        let read = Sites::read_latency(&scene.folder.join(file));
        let table = read.map_err(|error| format!("latency: {error}"))?;
        let names: Vec<&str> = self.sites.iter().map(|site| site.name.as_str()).collect();
        if table.names() != names {
            return Err(format!(
                "latency: expected the sites {}, found {}",
                names.join(", "),
                table.names().join(", ")
            ));
        }
        Ok(table)
    }
}

impl Part for Edge {
    fn files(&self) -> Vec<&Path> {
        self.latency.iter().map(Path::new).collect()
    }

    fn check(&self, _: &Registry) -> Result<(), String> {
        self.charges()?;
        self.rule()?;
        if !(0.0..=1e6).contains(&self.traffic_mbit) {
            return Err("traffic_mbit: expected a number from 0 to 1000000".to_owned());
        }
        if self.hand_over_min == Some(0) {
            return Err("hand_over_min: expected a positive number".to_owned());
        }
        Ok(())
    }

    fn prepare(&mut self, seed: u64, hosts: &mut Hosts, vms: &mut [Vm]) -> Result<(), String> {
        let cloud = self.cloud()?;
        *hosts = self.settled(hosts)?;
        let users: Vec<u32> =
            (0..self.sites.len()).filter(|&site| site != cloud).map(|site| site as u32).collect();
        if users.is_empty() || self.limits_ms.is_empty() {
            return Err("expected a site beside the cloud, and limits".to_owned());
        }
        if self.limits_ms.iter().any(|&limit| limit.is_nan() || limit < 0.0) {
            return Err("limits_ms: expected numbers that are not negative".to_owned());
        }
        let limit = |limit: &f64| limit.is_finite().then_some((limit * 1e3) as u64);
        let limits: Vec<Option<u64>> = self.limits_ms.iter().map(limit).collect();
        population::users(seed, &users, &limits, vms);
        Ok(())
    }

    fn join<'a>(
        &'a mut self,
        mut engine: Engine<'a>,
        scene: Scene<'a>,
    ) -> Result<Engine<'a>, String> {
        self.check(scene.methods)?;
        let sites = Sites::new(self.latencies(&scene)?, self.charges()?, self.cloud()?)?;
        sites.check(scene.hosts, scene.vms)?;
        let rule = self.rule()?;
        let traffic = (self.traffic_mbit * 125_000.0) as u64;
        self.bound = cost_bound(&sites, scene.hosts, scene.vms, scene.end, !self.strict);
        let sites = &*self.known.insert(sites);
        if let Some(rule) = rule {
            engine = engine.placed_by(Box::new(BySite::new(sites, scene.hosts, scene.vms, rule)));
        }
        if self.strict {
            engine = engine.guarded(Box::new(Reach(sites)));
        }
        if let Some(minutes) = self.hand_over_min {
            let period = u64::from(minutes) * 60_000;
            engine = engine.controlled(Box::new(HandOver::new(sites, period)));
        }
        let service = Service::new(sites.clone(), scene.vms.len(), traffic);
        Ok(engine.observed(self.service.insert(service)))
    }

    fn report(&self, metrics: &mut Metrics) {
        let Some(service) = &self.service else { return };
        metrics.real("latency_mean_ms", service.mean_ms(), "ms");
        metrics.real("latency_p95_ms", service.quantile_ms(950), "ms");
        metrics.real("latency_missed_share", service.missed_share(), "");
        metrics.real("edge_share", service.edge_share(), "");
        metrics.count("hand_overs", service.hand_overs());
        metrics.real("host_cost", service.host_cost(), "");
        if service.is_complete() {
            metrics.real("host_cost_lower_bound", self.bound, "");
        }
        metrics.real("backhaul_gb", service.backhaul_gb(), "GB");
        metrics.real("backhaul_cost", service.backhaul_cost(), "");
        for (number, site) in self.sites.iter().enumerate() {
            let name = format!("energy_kwh_{}", site.name);
            metrics.real(name, service.energy_kwh(number), "kWh");
        }
    }
}
