//! Failures drawn at random.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::failures::{Degradation, Failures, Renewal, Shock};
use super::{Incident, Time};
use crate::arrivals::random::{Component, Stream};

/// Incidents of hosts in order of time, without end, drawn from [`Failures`].
///
/// Every host, rack and group that shares shocks draws from streams of its own. A host is down while any of its causes
/// lasts, so that its availability is the product of those of its causes, each `MTBF / (MTBF + MTTR)`. An
/// incident takes `O(log n)` for `n` hosts, a shock the time of looking at each host of its group.
#[derive(Clone, Debug)]
pub struct Process {
    renewals: Vec<(Renewing, Renewal)>,
    shocks: Vec<Group>,
    shock: Option<Shock>,
    hosts: Vec<HostDraws>,
    degradation: Option<Degradation>,
    agenda: BinaryHeap<Reverse<(Time, Tick)>>,
    /// How many causes keep each host down.
    causes: Vec<u32>,
    /// Incidents of the last instant that have not been told yet.
    told: VecDeque<(Time, Incident)>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tick {
    /// A host that fell to a shock is repaired.
    Healed(usize),
    /// A host that failed after it was degraded is repaired.
    Mended(usize),
    /// A host or rack fails or is repaired.
    Turned(usize),
    /// A shock comes.
    Shocked(usize),
    /// A host degrades, or what comes of it.
    Degraded(usize),
}

/// A host or rack that fails and is repaired.
#[derive(Clone, Debug)]
struct Renewing {
    members: Vec<usize>,
    down: bool,
    stream: Stream,
}

/// Hosts that share shocks.
#[derive(Clone, Debug)]
struct Group {
    members: Vec<usize>,
    stream: Stream,
}

/// What one host draws by itself.
#[derive(Clone, Debug)]
struct HostDraws {
    hits: Stream,
    degradations: Stream,
    degraded: bool,
}

impl Process {
    /// The failures of hosts, of which `racks` gives the rack by number.
    pub fn new(failures: &Failures, racks: &[u32], seed: u64) -> Self {
        let hosts = racks.len();
        let by_rack = || {
            let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for (host, &rack) in racks.iter().enumerate() {
                members.entry(rack).or_default().push(host);
            }
            members
        };
        let renewing = |number: usize, members: Vec<usize>| Renewing {
            members,
            down: false,
            stream: Stream::numbered(Component::Failures, number, seed),
        };
        let mut renewals = Vec::new();
        if let Some(law) = failures.host {
            renewals.extend((0..hosts).map(|host| (renewing(2 * host, vec![host]), law)));
        }
        if let Some(law) = failures.rack {
            let racks = by_rack().into_iter();
            renewals.extend(racks.map(|(rack, of)| (renewing(2 * rack as usize + 1, of), law)));
        }
        let groups: Vec<(usize, Vec<usize>)> = match failures.shock {
            None => Vec::new(),
            Some(shock) if shock.by_rack => {
                by_rack().into_iter().map(|(rack, members)| (rack as usize, members)).collect()
            }
            Some(_) => vec![(0, (0..hosts).collect())],
        };
        let group = |(number, members)| Group {
            members,
            stream: Stream::numbered(Component::Shocks, number, seed),
        };
        let draws = |host| HostDraws {
            hits: Stream::numbered(Component::Hits, host, seed),
            degradations: Stream::numbered(Component::Degradations, host, seed),
            degraded: false,
        };
        let mut process = Self {
            renewals,
            shocks: groups.into_iter().map(group).collect(),
            shock: failures.shock,
            hosts: (0..hosts).map(draws).collect(),
            degradation: failures.degrade,
            agenda: BinaryHeap::new(),
            causes: vec![0; hosts],
            told: VecDeque::new(),
        };
        process.start();
        process
    }

    /// Draws what each component does first.
    fn start(&mut self) {
        for (number, (renewing, law)) in self.renewals.iter_mut().enumerate() {
            let time = law.up.draw(&mut renewing.stream);
            self.agenda.push(Reverse((time, Tick::Turned(number))));
        }
        if let Some(shock) = self.shock {
            for (number, group) in self.shocks.iter_mut().enumerate() {
                let time = shock.every.draw(&mut group.stream);
                self.agenda.push(Reverse((time, Tick::Shocked(number))));
            }
        }
        if let Some(degradation) = self.degradation {
            for (host, draws) in self.hosts.iter_mut().enumerate() {
                let time = degradation.every.draw(&mut draws.degradations);
                self.agenda.push(Reverse((time, Tick::Degraded(host))));
            }
        }
    }

    /// One cause more keeps a host down.
    fn fell(&mut self, now: Time, host: usize) {
        self.causes[host] += 1;
        if self.causes[host] == 1 {
            self.told.push_back((now, Incident::Fail { host }));
        }
    }

    /// One cause less keeps a host down.
    fn rose(&mut self, now: Time, host: usize) {
        self.causes[host] -= 1;
        if self.causes[host] == 0 {
            self.told.push_back((now, Incident::Repair { host }));
        }
    }

    fn happen(&mut self, now: Time, tick: Tick) {
        let next = match tick {
            Tick::Healed(host) => {
                self.rose(now, host);
                None
            }
            Tick::Mended(host) => {
                self.rose(now, host);
                self.sound(now, host)
            }
            Tick::Turned(number) => Some(self.turn(now, number)),
            Tick::Shocked(number) => self.strike(now, number),
            Tick::Degraded(host) => self.degrade(now, host),
        };
        if let Some((after, tick)) = next {
            self.agenda.push(Reverse((now.saturating_add(after), tick)));
        }
    }

    fn turn(&mut self, now: Time, number: usize) -> (Time, Tick) {
        let (renewing, law) = &mut self.renewals[number];
        renewing.down = !renewing.down;
        let law = if renewing.down { law.down } else { law.up };
        let after = law.draw(&mut renewing.stream);
        let (down, members) = (renewing.down, std::mem::take(&mut renewing.members));
        for &host in &members {
            if down { self.fell(now, host) } else { self.rose(now, host) }
        }
        self.renewals[number].0.members = members;
        (after, Tick::Turned(number))
    }

    fn strike(&mut self, now: Time, number: usize) -> Option<(Time, Tick)> {
        let shock = self.shock?;
        let members = std::mem::take(&mut self.shocks[number].members);
        for &host in &members {
            if self.hosts[host].hits.unit() < shock.hit {
                let after = shock.down.draw(&mut self.hosts[host].hits);
                self.fell(now, host);
                self.agenda.push(Reverse((now.saturating_add(after), Tick::Healed(host))));
            }
        }
        let group = &mut self.shocks[number];
        group.members = members;
        Some((shock.every.draw(&mut group.stream), Tick::Shocked(number)))
    }

    fn degrade(&mut self, now: Time, host: usize) -> Option<(Time, Tick)> {
        let degradation = self.degradation?;
        let draws = &mut self.hosts[host];
        if !std::mem::replace(&mut draws.degraded, true) {
            let incident = Incident::Slow { host, permille: degradation.permille };
            self.told.push_back((now, incident));
            return Some((degradation.lasts.draw(&mut draws.degradations), Tick::Degraded(host)));
        }
        if draws.degradations.unit() < degradation.fails {
            let after = degradation.down.draw(&mut draws.degradations);
            self.fell(now, host);
            return Some((after, Tick::Mended(host)));
        }
        self.sound(now, host)
    }

    /// A host is no longer degraded.
    fn sound(&mut self, now: Time, host: usize) -> Option<(Time, Tick)> {
        let draws = &mut self.hosts[host];
        draws.degraded = false;
        self.told.push_back((now, Incident::Slow { host, permille: 1000 }));
        Some((self.degradation?.every.draw(&mut draws.degradations), Tick::Degraded(host)))
    }
}

impl Iterator for Process {
    type Item = (Time, Incident);

    fn next(&mut self) -> Option<Self::Item> {
        while self.told.is_empty() {
            let Reverse((now, tick)) = self.agenda.pop()?;
            self.happen(now, tick);
        }
        self.told.pop_front()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::*;

    fn until(failures: &str, racks: &[u32], seed: u64, end: Time) -> Vec<(Time, Incident)> {
        let process = Process::new(&Failures::parse(failures).unwrap(), racks, seed);
        process.take_while(|&(time, _)| time < end).collect()
    }

    fn host_of(incident: Incident) -> usize {
        match incident {
            Incident::Fail { host } | Incident::Repair { host } | Incident::Slow { host, .. } => {
                host
            }
        }
    }

    /// How long each host was up.
    fn up(incidents: &[(Time, Incident)], hosts: usize, end: Time) -> Vec<u64> {
        let mut since = vec![Some(0); hosts];
        let mut up = vec![0; hosts];
        for &(time, incident) in incidents {
            match incident {
                Incident::Fail { host } => {
                    up[host] += time - since[host].take().expect("it was up");
                }
                Incident::Repair { host } => {
                    assert!(since[host].replace(time).is_none(), "it was down");
                }
                Incident::Slow { .. } => {}
            }
        }
        since
            .iter()
            .zip(&mut up)
            .for_each(|(since, up)| *up += since.map_or(0, |since| end - since));
        up
    }

    #[test]
    fn failures_without_memory_come_as_a_poisson_process() {
        // Repairs of a millisecond, a mean of 8 failures per host in 80 days.
        let hosts = 2000;
        let end = 80 * 86_400_000;
        let incidents = until("host:up=exponential:10d,down=fixed:1ms", &vec![0; hosts], 5, end);
        let mut counts = vec![0_u32; hosts];
        for &(_, incident) in &incidents {
            if let Incident::Fail { host } = incident {
                counts[host] += 1;
            }
        }
        // Chi-square over cells 0..=2, 3, ..., 13, 14 and more: 12 degrees of freedom, 99.9 % below 32.9.
        let mut expected = [0.0; 13];
        let mut observed = [0.0; 13];
        let cell = |count: usize| count.clamp(2, 14) - 2;
        let mut probability = libm::exp(-8.0);
        for count in 0..60 {
            expected[cell(count)] += probability * hosts as f64;
            probability *= 8.0 / (count + 1) as f64;
        }
        for count in counts {
            observed[cell(count as usize)] += 1.0;
        }
        let chi: f64 =
            observed.iter().zip(&expected).map(|(o, e): (&f64, &f64)| (o - e).powi(2) / e).sum();
        assert!(chi < 32.9, "{chi}");
    }

    #[test]
    fn availability_is_the_product_over_causes() {
        let racks: Vec<u32> = (0..200).map(|host| host / 10).collect();
        let end = 400 * 86_400_000;
        let text = "host:up=weibull:9h:2,down=log-normal:1h:0.8+rack:up=exponential:19h,down=exponential:1h";
        let incidents = until(text, &racks, 3, end);
        assert!(incidents.is_sorted_by_key(|&(time, _)| time));
        let total: u64 = up(&incidents, 200, end).iter().sum();
        let availability = total as f64 / (200.0 * end as f64);
        assert!((availability - 0.9 * 0.95).abs() < 0.002, "{availability}");
    }

    #[test]
    fn a_shock_takes_its_share_of_the_hosts_at_once() {
        let racks: Vec<u32> = (0..100).map(|host| host / 50).collect();
        for within in ["all", "rack"] {
            let text = format!("shock:every=exponential:10d,hit=0.3,down=fixed:1m,within={within}");
            let incidents = until(&text, &racks, 1, 20_000 * 86_400_000);
            let failed: Vec<(Time, usize)> = incidents
                .iter()
                .filter(|(_, incident)| matches!(incident, Incident::Fail { .. }))
                .map(|&(time, incident)| (time, host_of(incident)))
                .collect();
            let shocks: Vec<&[(Time, usize)]> = failed.chunk_by(|a, b| a.0 == b.0).collect();
            let size = failed.len() as f64 / shocks.len() as f64;
            let members = if within == "all" { 100.0 } else { 50.0 };
            assert!((size / members - 0.3).abs() < 0.005, "{within}: {size}");
            if within == "rack" {
                let one_rack = |shock: &&[(Time, usize)]| {
                    shock.iter().all(|&(_, host)| racks[host] == racks[shock[0].1])
                };
                assert!(shocks.iter().all(one_rack));
            }
        }
    }

    #[test]
    fn a_degraded_host_fails_as_often_as_said_and_is_sound_after() {
        let text = "degrade:every=exponential:1d,lasts=fixed:1h,cpu=0.4,fails=0.25,down=fixed:2h";
        let incidents = until(text, &[0; 20], 9, 500 * 86_400_000);
        let (mut slowed, mut failed) = (0.0, 0.0);
        let mut degraded = [None; 20];
        for (time, incident) in incidents {
            match incident {
                Incident::Slow { host, permille: 400 } => {
                    slowed += 1.0;
                    assert!(degraded[host].replace(time).is_none());
                }
                Incident::Slow { host, permille } => {
                    assert_eq!(permille, 1000);
                    let lasted = time - degraded[host].take().expect("it was degraded");
                    assert!([3_600_000, 10_800_000].contains(&lasted), "{lasted}");
                }
                Incident::Fail { host } => {
                    failed += 1.0;
                    assert_eq!(degraded[host].map(|since| time - since), Some(3_600_000));
                }
                Incident::Repair { .. } => {}
            }
        }
        assert!(slowed > 8000.0 && (failed / slowed - 0.25_f64).abs() < 0.02, "{failed} {slowed}");
    }

    #[test]
    fn what_befalls_one_host_does_not_depend_on_others() {
        let text = "host:up=exponential:1d,down=exponential:1h+degrade:every=exponential:1d,lasts=fixed:1m,\
                    down=fixed:1m+shock:every=exponential:2d,hit=0.5,down=exponential:3h";
        let end = 100 * 86_400_000;
        let of = |hosts: usize, host: usize| {
            let mut mine = until(text, &vec![0; hosts], 4, end);
            mine.retain(|&(_, incident)| host_of(incident) == host);
            mine
        };
        assert_eq!(of(3, 2), of(9, 2));
        assert_ne!(of(3, 2), of(3, 1));
    }
}
