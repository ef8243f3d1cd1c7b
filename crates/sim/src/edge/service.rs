//! What users get and what it costs.

use super::Sites;
use crate::histogram::Histogram;
use crate::operation::{Event, Observer, State, Status, Time, What};

/// Milliseconds per hour.
const HOUR: f64 = 3.6e6;

/// Latency of running VMs to their users, weighted by time; cost and energy by site; VMs that change sites.
#[derive(Clone, Debug)]
pub struct Service {
    sites: Sites,
    /// What the users of a VM send and receive, in bytes per second, where it does not run at its origin.
    traffic: u64,
    latency: Histogram,
    missed: u128,
    at_edge: u128,
    /// Price times time of hosts on.
    host_price: u128,
    /// Time that VMs were served from a site that is not their origin, in VM-milliseconds, by that site.
    away: Vec<u128>,
    /// Bytes of migrations to each site from others.
    moved: Vec<u128>,
    /// By site, in microjoules.
    energy: Vec<u128>,
    hand_overs: u64,
    /// Whether something kept VMs from running at once, all the time, with what they asked for.
    is_short: bool,
    /// The site where each VM was last, plus one.
    last: Vec<usize>,
}

impl Service {
    /// Nothing measured yet; users of a VM that does not run at its origin exchange so many bytes per second with it.
    pub fn new(sites: Sites, vms: usize, traffic: u64) -> Self {
        let by_site = vec![0; sites.len()];
        Self {
            sites,
            traffic,
            latency: Histogram::default(),
            missed: 0,
            at_edge: 0,
            host_price: 0,
            away: by_site.clone(),
            moved: by_site.clone(),
            energy: by_site,
            hand_overs: 0,
            is_short: false,
            last: vec![0; vms],
        }
    }

    /// Mean latency, in milliseconds.
    pub fn mean_ms(&self) -> f64 {
        self.latency.mean() / 1e3
    }

    /// The latency that VMs do not exceed for so many thousandths of their time, in milliseconds; at most a 64th too great.
    pub fn quantile_ms(&self, permille: u32) -> f64 {
        self.latency.quantile(permille) as f64 / 1e3
    }

    /// The share of the time of VMs in which they are beyond their limit.
    pub fn missed_share(&self) -> f64 {
        self.share(self.missed)
    }

    /// The share of the time of VMs in which they run at another site than the cloud.
    pub fn edge_share(&self) -> f64 {
        self.share(self.at_edge)
    }

    /// What hosts that were on cost, in the currency.
    pub fn host_cost(&self) -> f64 {
        self.host_price as f64 / HOUR / 1e6
    }

    /// What was sent between sites, by users and by migrations, in GB.
    pub fn backhaul_gb(&self) -> f64 {
        (0..self.sites.len()).map(|site| self.received(site)).sum::<f64>() / 1e9
    }

    /// What that cost, in the currency.
    pub fn backhaul_cost(&self) -> f64 {
        let cost = |site| self.received(site) / 1e9 * self.sites.site(site).gigabyte as f64;
        (0..self.sites.len()).map(cost).sum::<f64>() / 1e6
    }

    /// The energy that hosts of a site took, in kilowatt hours.
    pub fn energy_kwh(&self, site: usize) -> f64 {
        self.energy[site] as f64 / 3.6e12
    }

    /// How often a VM went on at another site than before.
    pub fn hand_overs(&self) -> u64 {
        self.hand_overs
    }

    /// Whether every VM was served at once, all the time, with what it asked for: then
    /// [`cost_bound`](super::cost_bound) holds.
    pub fn is_complete(&self) -> bool {
        !self.is_short
    }

    /// Bytes that a site received from others.
    fn received(&self, site: usize) -> f64 {
        self.moved[site] as f64 + self.away[site] as f64 * self.traffic as f64 / 1e3
    }

    fn share(&self, part: u128) -> f64 {
        part as f64 / self.latency.total().max(1) as f64
    }

    /// A VM is served from a site from now on.
    fn runs_at(&mut self, vm: usize, site: usize) {
        let before = std::mem::replace(&mut self.last[vm], site + 1);
        self.hand_overs += u64::from(before != 0 && before != site + 1);
    }
}

impl Observer for Service {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        let time = u128::from(until - from);
        let site = state.hosts()[host].site as usize;
        let now = state.host(host);
        self.energy[site] += u128::from(state.milliwatts(host)) * time;
        if matches!(now.status, Status::On | Status::Waking) {
            self.host_price += u128::from(self.sites.site(site).host_hour) * time;
        }
        for &vm in now.vms.iter().filter(|&&vm| state.vm(vm).phase.runs()) {
            let asked = &state.asked()[vm];
            self.latency.record(self.sites.latency(asked, site), until - from);
            if !self.sites.reaches(asked, site) {
                self.missed += time;
            }
            if site != self.sites.cloud() {
                self.at_edge += time;
            }
            if site != asked.origin as usize {
                self.away[site] += time;
            }
        }
    }

    fn event(&mut self, event: &Event, state: &State<'_>) {
        let site = |host: usize| state.hosts()[host].site as usize;
        match event.what {
            What::Placed { vm, host } | What::Restarted { vm, host } => {
                self.runs_at(vm, site(host));
            }
            What::Migrated { vm, from, to, bytes, .. } => {
                self.runs_at(vm, site(to));
                if site(from) != site(to) {
                    self.moved[site(to)] += u128::from(bytes);
                }
            }
            What::Refused { .. }
            | What::Waits { .. }
            | What::VmDown { .. }
            | What::Allotted { .. } => self.is_short = true,
            _ => {}
        }
    }
}
