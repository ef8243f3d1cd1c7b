//! Arrivals drawn at random: a Poisson process, in bursts, with the time of day.

use super::format::TraceError;
use super::random::{Component, Stream};
use super::{Arrival, Demand, Resource, Trace};

/// Milliseconds per hour.
const HOUR: f64 = 3_600_000.0;

/// Milliseconds per day.
const DAY: u64 = 86_400_000;

/// Cores, GiB, and how often among 100: the small sizes that public clouds see most, with 2 or 4 GiB per core.
const FLAVORS: &[(u64, u64, u64)] = &[
    (1, 2, 30),
    (1, 4, 12),
    (2, 4, 20),
    (2, 8, 12),
    (4, 8, 10),
    (4, 16, 8),
    (8, 32, 5),
    (16, 32, 3),
];

/// The parameters of a generated trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Generator {
    /// VMs per hour, on average.
    pub rate: f64,
    /// How many days VMs come; then the trace ends.
    pub days: f64,
    /// The mean of the log-normal lifetimes, in hours.
    pub life: f64,
    /// The standard deviation of the logarithm of lifetimes.
    pub sigma: f64,
    /// The mean number of VMs that come at once (geometric; 1 makes them come alone).
    pub burst: f64,
    /// How far the rate swings around its mean over the day, from 0 to 1 (a sine of one day).
    pub diurnal: f64,
    /// The seed.
    pub seed: u64,
}

/// Names of generated traces, with the defaults of what they are named after: mean burst and swing.
const KINDS: &[(&str, f64, f64)] =
    &[("poisson", 1.0, 0.0), ("bursty", 10.0, 0.0), ("diurnal", 1.0, 0.6)];

impl Generator {
    /// Reads `poisson`, `bursty` or `diurnal`, followed by `:` and parameters `NAME=VALUE` joined by commas, as in
    /// `poisson:rate=100,life=4,days=7,seed=1`. `None` if the text does not begin with such a name.
    ///
    /// # Errors
    /// What is wrong with a parameter.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (name, parameters) = text.split_once(':')?;
        let &(_, burst, diurnal) = KINDS.iter().find(|(known, ..)| *known == name)?;
        let start = Self { rate: 100.0, days: 7.0, life: 4.0, sigma: 1.5, burst, diurnal, seed: 0 };
        let mut parameters = parameters.split(',').filter(|parameter| !parameter.is_empty());
        Some(parameters.try_fold(start, Self::with))
    }

    fn with(mut self, parameter: &str) -> Result<Self, String> {
        let (name, value) = parameter
            .split_once('=')
            .ok_or_else(|| format!("{parameter:?}: expected NAME=VALUE"))?;
        if name == "seed" {
            self.seed =
                value.parse().map_err(|_| format!("seed: expected an integer, found {value:?}"))?;
            return Ok(self);
        }
        let (place, range) = match name {
            "rate" => (&mut self.rate, 1e-6..=1e9),
            "days" => (&mut self.days, 1e-3..=1e5),
            "life" => (&mut self.life, 1e-6..=1e6),
            "sigma" => (&mut self.sigma, 0.0..=10.0),
            "burst" => (&mut self.burst, 1.0..=1e6),
            "diurnal" => (&mut self.diurnal, 0.0..=1.0),
            _ => {
                return Err(format!(
                    "there is no parameter {name:?}: they are rate, days, life, sigma, burst, diurnal and seed"
                ));
            }
        };
        let number = value.parse::<f64>().ok().filter(|number| range.contains(number));
        *place = number.ok_or_else(|| {
            format!(
                "{name}: expected a number from {} to {}, found {value:?}",
                range.start(),
                range.end()
            )
        })?;
        Ok(self)
    }

    /// The trace, drawn as it is read.
    pub fn trace(self) -> Trace {
        let end = (self.days * DAY as f64) as u64;
        let smallest =
            FLAVORS.iter().fold((u64::MAX, u64::MAX), |(c, m), f| (c.min(f.0), m.min(f.1)));
        Trace {
            resources: vec![Resource::CPU, Resource::MEMORY],
            host: None,
            least: demand(smallest.0, smallest.1),
            ticks_per_day: DAY,
            end: Some(end),
            arrivals: Box::new(Drawn {
                generator: self,
                end,
                clock: 0.0,
                pending: 0,
                times: Stream::new(Component::Arrivals, self.seed),
                lifetimes: Stream::new(Component::Lifetimes, self.seed),
                sizes: Stream::new(Component::Sizes, self.seed),
            }),
        }
    }
}

fn demand(cores: u64, gib: u64) -> Demand {
    [cores * 1000, gib * 1024, 0, 0, 0]
}

/// The VMs of a generated trace.
struct Drawn {
    generator: Generator,
    end: u64,
    /// The time of the last burst, in milliseconds.
    clock: f64,
    /// VMs of that burst still to come.
    pending: u64,
    times: Stream,
    lifetimes: Stream,
    sizes: Stream,
}

impl Drawn {
    /// Goes to the next burst, by thinning a process of the greatest rate (Lewis and Shedler 1979).
    fn next_burst(&mut self) {
        let Generator { rate, burst, diurnal, .. } = self.generator;
        let greatest = rate / burst / HOUR * (1.0 + diurnal);
        loop {
            self.clock += self.times.exponential() / greatest;
            let phase = std::f64::consts::TAU * self.clock / DAY as f64;
            let accepted = self.times.unit() * (1.0 + diurnal) <= 1.0 + diurnal * libm::sin(phase);
            if accepted || self.clock > self.end as f64 {
                break;
            }
        }
        // Geometric with mean `burst`, on 1, 2, ...
        let stay = 1.0 - 1.0 / burst;
        self.pending = if stay > 0.0 {
            1 + (libm::log(self.times.unit()) / libm::log(stay)) as u64
        } else {
            1
        };
    }
}

impl Iterator for Drawn {
    type Item = Result<Arrival, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pending == 0 {
            self.next_burst();
        }
        self.pending -= 1;
        let time = self.clock as u64;
        if time >= self.end {
            return None;
        }
        let Generator { life, sigma, .. } = self.generator;
        // The mean of a log-normal is exp(mu + sigma^2 / 2).
        let lifetime =
            life * HOUR * libm::exp(sigma * self.lifetimes.normal() - sigma * sigma / 2.0);
        let end = time.saturating_add((lifetime as u64).max(1));
        let total = FLAVORS.iter().map(|flavor| flavor.2).sum();
        let mut ticket = self.sizes.below(total);
        let flavor = FLAVORS.iter().find(|flavor| {
            let hit = ticket < flavor.2;
            ticket = ticket.saturating_sub(flavor.2);
            hit
        });
        let &(cores, gib, _) = flavor.expect("tickets are below the total");
        Some(Ok(Arrival { time, end: Some(end), demand: demand(cores, gib) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Vec<Arrival> {
        let generator = Generator::parse(text).expect("a generator").expect("valid parameters");
        generator.trace().arrivals.map(|arrival| arrival.expect("drawn")).collect()
    }

    #[test]
    fn rates_and_lifetimes_have_their_means() {
        for text in ["poisson:", "bursty:", "diurnal:", "bursty:burst=3,diurnal=1"] {
            let vms = drawn(&format!(
                "{text}{}rate=500,days=60,sigma=0.5,life=2,seed=4",
                if text.ends_with(':') { "" } else { "," }
            ));
            let expected = 500.0 * 24.0 * 60.0;
            // Bursts of mean 10 multiply the variance of the count by about 19.
            assert!((vms.len() as f64 / expected - 1.0).abs() < 0.025, "{text}: {}", vms.len());
            let life = |vm: &Arrival| (vm.end.expect("drawn") - vm.time) as f64;
            let mean = vms.iter().map(life).sum::<f64>() / vms.len() as f64 / HOUR;
            assert!((mean / 2.0 - 1.0).abs() < 0.01, "{text}: {mean}");
            assert!(vms.is_sorted_by_key(|vm| vm.time));
            // Distances between bursts are exponential unless the rate swings: variance = mean squared.
            let mut times: Vec<u64> = vms.iter().map(|vm| vm.time).collect();
            times.dedup();
            if text == "poisson:" {
                let gaps: Vec<f64> = times.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
                let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
                let variance =
                    gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
                assert!((variance / mean.powi(2) - 1.0).abs() < 0.03, "{variance} {mean}");
            }
        }
    }

    #[test]
    fn the_day_shows() {
        let vms = drawn("diurnal:rate=1000,days=10,diurnal=1");
        let first_half = vms.iter().filter(|vm| vm.time % DAY < DAY / 2).count();
        // The mean of 1 + sin over the first half of its period is 1 + 2 / pi.
        let share = first_half as f64 / vms.len() as f64;
        assert!((share - (0.5 + 1.0 / std::f64::consts::PI)).abs() < 0.01, "{share}");
    }

    #[test]
    fn parameters_are_checked() {
        let refused = |text: &str| Generator::parse(text).expect("named").expect_err("wrong");
        assert!(refused("poisson:rate").contains("expected NAME=VALUE"));
        assert!(refused("poisson:rate=-1").contains("rate: expected a number from"));
        assert!(refused("poisson:rate=nan").contains("rate: expected a number from"));
        assert!(refused("bursty:size=1").contains("there is no parameter \"size\""));
        assert!(refused("bursty:seed=x").contains("seed: expected an integer"));
        assert!(Generator::parse("trace.csv").is_none());
        assert!(Generator::parse("c:/trace.csv").is_none());
        assert_eq!(drawn("poisson:days=1,seed=1"), drawn("poisson:days=1,seed=1"));
        assert_ne!(drawn("poisson:days=1,seed=1"), drawn("poisson:days=1,seed=2"));
    }
}
