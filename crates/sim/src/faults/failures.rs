//! Descriptions of what fails: hosts, racks, several hosts at once, and hosts that degrade.

use super::law::Law;
use super::terms::{DescriptionError, each, number};

/// Up for a while, down for a while, again and again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renewal {
    /// How long it works.
    pub up: Law,
    /// How long the repair takes.
    pub down: Law,
}

/// What befalls several hosts at once: a common shock, at which each falls with a probability (Marshall and Olkin
/// 1967).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shock {
    /// The time between shocks.
    pub every: Law,
    /// The probability that a host falls.
    pub hit: f64,
    /// How long the repair of a host takes.
    pub down: Law,
    /// Whether every rack has shocks of its own; otherwise all hosts share them.
    pub by_rack: bool,
}

/// A host that runs with a part of its CPU for a while, and then fails or recovers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Degradation {
    /// How long a host is sound.
    pub every: Law,
    /// How long it is degraded.
    pub lasts: Law,
    /// How much of its CPU works meanwhile, in thousandths.
    pub permille: u32,
    /// The probability that it fails then.
    pub fails: f64,
    /// How long the repair takes if it fails.
    pub down: Law,
}

/// What fails, and how; all of it independently.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failures {
    /// Each host by itself.
    pub host: Option<Renewal>,
    /// Each rack with all its hosts.
    pub rack: Option<Renewal>,
    /// Shared failures.
    pub shock: Option<Shock>,
    /// Hosts that degrade.
    pub degrade: Option<Degradation>,
}

/// Names of what may fail.
const KINDS: &[&str] = &["host", "rack", "shock", "degrade"];

impl Failures {
    /// Whether a text is meant to be a description of failures.
    pub fn is_described_by(text: &str) -> bool {
        text.split_once(':').is_some_and(|(kind, _)| KINDS.contains(&kind))
    }

    /// Reads terms joined by `+`, each a kind of failure with its parameters, for laws see [`Law::parse`]:
    ///
    /// * `host:up=LAW,down=LAW` and `rack:up=LAW,down=LAW`: time to failure and time to repair,
    /// * `shock:every=LAW,hit=PROBABILITY,down=LAW,within=all|rack`,
    /// * `degrade:every=LAW,lasts=LAW,cpu=SHARE,fails=PROBABILITY,down=LAW`.
    ///
    /// Laws must be given; `hit` is 0.1, `within` all, `cpu` 0.5 and `fails` 1 unless given.
    ///
    /// # Errors
    /// If a term is not of that form.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::faults::Failures;
    ///
    /// let failures = Failures::parse("host:up=weibull:60d:0.7,down=log-normal:2h:1")?;
    /// assert!(failures.host.is_some() && failures.rack.is_none());
    /// # Ok::<(), vmpack_sim::faults::DescriptionError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let mut failures = Self::default();
        for term in text.split('+') {
            let (kind, parts) = term.split_once(':').unwrap_or((term, ""));
            let twice =
                || DescriptionError { term: term.to_owned(), reason: "is given twice".into() };
            let taken = match kind {
                "host" => failures.host.replace(renewal(kind, parts)?).is_some(),
                "rack" => failures.rack.replace(renewal(kind, parts)?).is_some(),
                "shock" => failures.shock.replace(shock(parts)?).is_some(),
                "degrade" => failures.degrade.replace(degradation(parts)?).is_some(),
                _ => {
                    let reason = format!("expected one of {}", KINDS.join(", "));
                    return Err(DescriptionError { term: kind.to_owned(), reason });
                }
            };
            if taken {
                return Err(twice());
            }
        }
        Ok(failures)
    }

    /// How many failures and degradations are to be expected of so many hosts in so many racks in so many milliseconds, of
    /// hosts that are always on.
    pub fn expected(&self, hosts: usize, racks: usize, time: u64) -> f64 {
        let each = |count: usize, period: f64| count as f64 * time as f64 / period.max(1.0);
        let renewal = |count: usize, law: Option<Renewal>| {
            law.map_or(0.0, |law| each(count, law.up.mean() + law.down.mean()))
        };
        let shocks = self.shock.map_or(0.0, |shock| {
            let (groups, members) =
                if shock.by_rack { (racks, hosts / racks.max(1)) } else { (1, hosts) };
            each(groups, shock.every.mean()) * (1.0 + shock.hit * members as f64)
        });
        let degradations = self
            .degrade
            .map_or(0.0, |degrade| each(hosts, degrade.every.mean() + degrade.lasts.mean()));
        renewal(hosts, self.host)
            + renewal(racks, self.rack) * (hosts / racks.max(1)) as f64
            + shocks
            + degradations
    }
}

/// Puts a law where it belongs.
fn set(place: &mut Option<Law>, value: &str) -> Result<(), String> {
    *place = Some(Law::parse(value)?);
    Ok(())
}

/// A law that must have been given.
fn given(law: Option<Law>, kind: &str, name: &str) -> Result<Law, DescriptionError> {
    law.ok_or_else(|| DescriptionError {
        term: kind.to_owned(),
        reason: format!("{name}=LAW is missing, as in {name}=exponential:30d"),
    })
}

fn renewal(kind: &str, parts: &str) -> Result<Renewal, DescriptionError> {
    let (mut up, mut down) = (None, None);
    each(parts, "up, down", |name, value| match name {
        "up" => Some(set(&mut up, value)),
        "down" => Some(set(&mut down, value)),
        _ => None,
    })?;
    Ok(Renewal { up: given(up, kind, "up")?, down: given(down, kind, "down")? })
}

fn shock(parts: &str) -> Result<Shock, DescriptionError> {
    let (mut every, mut down, mut hit, mut by_rack) = (None, None, 0.1, false);
    each(parts, "every, hit, down, within", |name, value| match name {
        "every" => Some(set(&mut every, value)),
        "down" => Some(set(&mut down, value)),
        "hit" => Some(number(value, 0.0..=1.0).map(|value| hit = value)),
        "within" => Some(match value {
            "all" | "rack" => {
                by_rack = value == "rack";
                Ok(())
            }
            _ => Err("expected all or rack".into()),
        }),
        _ => None,
    })?;
    let (every, down) = (given(every, "shock", "every")?, given(down, "shock", "down")?);
    Ok(Shock { every, hit, down, by_rack })
}

fn degradation(parts: &str) -> Result<Degradation, DescriptionError> {
    let (mut every, mut lasts, mut down) = (None, None, None);
    let (mut cpu, mut fails) = (0.5, 1.0);
    each(parts, "every, lasts, cpu, fails, down", |name, value| match name {
        "every" => Some(set(&mut every, value)),
        "lasts" => Some(set(&mut lasts, value)),
        "down" => Some(set(&mut down, value)),
        "cpu" => Some(number(value, 0.0..=1.0).map(|value| cpu = value)),
        "fails" => Some(number(value, 0.0..=1.0).map(|value| fails = value)),
        _ => None,
    })?;
    let every = given(every, "degrade", "every")?;
    let lasts = given(lasts, "degrade", "lasts")?;
    let down = given(down, "degrade", "down")?;
    let permille = (cpu * 1000.0).round() as u32;
    Ok(Degradation { every, lasts, permille, fails, down })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

    use super::*;

    #[test]
    fn all_kinds_are_read() {
        let text = "host:up=exponential:30d,down=fixed:1h+rack:up=weibull:1y:1.5,down=fixed:2h\
                    +shock:every=exponential:90d,hit=0.2,down=fixed:3h,within=rack\
                    +degrade:every=exponential:10d,lasts=fixed:30m,cpu=0.25,fails=0.8,down=fixed:4h";
        assert!(Failures::is_described_by(text) && !Failures::is_described_by("failures.csv"));
        let failures = Failures::parse(text).unwrap();
        assert_eq!(failures.host.unwrap().up, Law::Exponential(2.592e9));
        assert_eq!(failures.rack.unwrap().up, Law::Weibull(3.1536e10, 1.5));
        let shock = failures.shock.unwrap();
        assert!(shock.by_rack && shock.hit.to_bits() == 0.2_f64.to_bits());
        assert_eq!(failures.degrade.unwrap().permille, 250);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str, reason: &str| {
            let error = Failures::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        };
        refused("disk:up=fixed:1h", "\"disk\": expected one of host, rack, shock, degrade");
        refused("host:up=fixed:1h", "\"host\": down=LAW is missing");
        refused("host:up", "\"up\": expected NAME=VALUE");
        refused("host:mtbf=fixed:1h", "\"mtbf=fixed:1h\": expected one of up, down");
        refused("host:up=fixed:1x,down=fixed:1h", "\"up=fixed:1x\": expected a time");
        refused("shock:hit=2", "\"hit=2\": expected a number from 0 to 1");
        refused("shock:within=site", "expected all or rack");
        refused("degrade:every=fixed:1h,down=fixed:1h", "lasts=LAW is missing");
        let host = "host:up=fixed:1h,down=fixed:1h";
        refused(&format!("{host}+{host}"), "given twice");
    }
}
