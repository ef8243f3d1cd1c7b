//! The hosts that there are, and how they are written.

use super::format::input::{Rounding, decimal};
use super::{Demand, Resource};

/// So many equal hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// How many.
    pub count: usize,
    /// What each has.
    pub capacity: Demand,
}

/// Hosts of one or several kinds, numbered through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    kinds: Vec<Kind>,
    resources: usize,
}

/// Why a description of hosts is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{term:?}: {reason}")]
pub struct FleetError {
    /// The part that is wrong.
    pub term: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The most hosts of a fleet.
const MOST_HOSTS: usize = 10_000_000;

/// The most that a host may have of a resource, so that no sum over hosts and VMs leaves 64 bits.
const MOST: u64 = 1 << 36;

impl Fleet {
    /// Hosts of these kinds, which have so many resources.
    ///
    /// # Panics
    /// If there are more than 10^7 hosts, or one has 2^36 of a resource or more.
    pub fn new(kinds: Vec<Kind>, resources: usize) -> Self {
        let hosts: usize = kinds.iter().map(|kind| kind.count).sum();
        assert!(hosts <= MOST_HOSTS, "too many hosts");
        assert!(kinds.iter().all(|kind| kind.capacity.iter().all(|&c| c < MOST)), "too large");
        Self { kinds, resources }
    }

    /// Reads a description: terms `COUNTxSIZE` joined by `+`, where a size gives an amount of every resource, followed
    /// by its letter: `1100x64c256g` is 1100 hosts of 64 cores and 256 GiB, `2x96c384g8u` two with 8 GPUs each.
    /// `COUNT` alone is that many of the trace's own host, if it has one.
    ///
    /// # Errors
    /// If a term is not of that form, or does not speak of the resources of the trace.
    pub fn parse(
        text: &str,
        resources: &[Resource],
        own: Option<&Demand>,
    ) -> Result<Self, FleetError> {
        let mut hosts = 0_usize;
        let mut kinds = Vec::new();
        for term in text.split('+') {
            let refuse = |reason: String| FleetError { term: term.to_owned(), reason };
            let (count, size) =
                term.split_once('x').map_or((term, None), |(count, size)| (count, Some(size)));
            let count: usize = count.parse().ok().filter(|&count| count > 0).ok_or_else(|| {
                refuse("expected a positive number of hosts, as in 1100x64c256g".into())
            })?;
            hosts = hosts.saturating_add(count);
            if hosts > MOST_HOSTS {
                return Err(refuse(format!("more than {MOST_HOSTS} hosts in all")));
            }
            let capacity = match (size, own) {
                (Some(size), _) => capacity(size, resources).map_err(refuse)?,
                (None, Some(&own)) => own,
                (None, None) => {
                    let form = form(resources);
                    return Err(refuse(format!(
                        "expected {form}: the trace has no host of its own"
                    )));
                }
            };
            kinds.push(Kind { count, capacity });
        }
        Ok(Self::new(kinds, resources.len()))
    }

    /// The kinds, in the order of their hosts.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The number of resources.
    pub fn resources(&self) -> usize {
        self.resources
    }

    /// The number of hosts.
    pub fn len(&self) -> usize {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most that a host has of each resource.
    pub fn largest(&self) -> Vec<u64> {
        let most = |k: usize| self.kinds.iter().map(|kind| kind.capacity[k]).max().unwrap_or(0);
        (0..self.resources).map(most).collect()
    }

    /// What every host has, by number.
    pub fn capacities(&self) -> impl Iterator<Item = &[u64]> {
        let hosts = |kind: &Kind| 0..kind.count;
        self.kinds
            .iter()
            .flat_map(move |kind| hosts(kind).map(|_| &kind.capacity[..self.resources]))
    }
}

/// The form of a size, for messages.
fn form(resources: &[Resource]) -> String {
    let letters: String = resources
        .iter()
        .filter_map(|resource| resource.unit.map(|(letter, _)| format!("N{letter}")))
        .collect();
    format!("COUNTx{letters}")
}

/// Reads amounts followed by letters, one for each resource.
fn capacity(size: &str, resources: &[Resource]) -> Result<Demand, String> {
    if resources.iter().any(|resource| resource.unit.is_none()) {
        return Err("the trace measures demands by a host of its own: give COUNT alone".into());
    }
    let form = form(resources);
    let mut capacity = [None; super::MAX_RESOURCES];
    let mut rest = size;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (amount, after) = rest.split_at(digits);
        let Some(letter) = after.chars().next() else {
            return Err(format!("expected {form}: no letter follows {amount}"));
        };
        let known = resources.iter().enumerate().find_map(|(at, resource)| {
            resource.unit.filter(|&(of, _)| of == letter).map(|(_, scale)| (at, scale))
        });
        let Some((at, scale)) = known else {
            return Err(format!("expected {form}: the trace has no resource {letter:?}"));
        };
        let amount = decimal(amount, scale, Rounding::Down);
        let Some(amount) = amount.filter(|&amount| amount < MOST) else {
            return Err(format!("expected {form}: no usable amount stands before {letter:?}"));
        };
        if capacity[at].replace(amount).is_some() {
            return Err(format!("{letter:?} is given twice"));
        }
        rest = &after[letter.len_utf8()..];
    }
    let missing = resources.iter().zip(&capacity).find(|(_, amount)| amount.is_none());
    if let Some((resource, _)) = missing {
        return Err(format!("expected {form}: the {} of a host is missing", resource.name));
    }
    Ok(capacity.map(Option::unwrap_or_default))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU_MEMORY: &[Resource] = &[Resource::CPU, Resource::MEMORY];

    #[test]
    fn kinds_are_read_in_order() {
        let fleet = Fleet::parse("2x64c256g+1x512g96c", CPU_MEMORY, None).expect("hosts");
        let capacities: Vec<&[u64]> = fleet.capacities().collect();
        let small = [64_000, 256 * 1024];
        assert_eq!(capacities, [small, small, [96_000, 512 * 1024]]);
        assert_eq!(fleet.largest(), [96_000, 512 * 1024]);
        let fleet = Fleet::parse("1x3.72c0.5g", CPU_MEMORY, None).expect("a host");
        assert_eq!(fleet.largest(), [3720, 512]);
        let own = [7, 0, 0, 0, 0];
        let fleet = Fleet::parse("3", &[Resource::share("size")], Some(&own)).expect("hosts");
        assert_eq!(fleet.kinds(), [Kind { count: 3, capacity: own }]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str, reason: &str| {
            let error = Fleet::parse(text, CPU_MEMORY, None).expect_err("refused").to_string();
            assert!(error.contains(reason), "{text}: {error}");
        };
        refused("", "positive number of hosts");
        refused("0x64c256g", "positive number of hosts");
        refused("-1x64c256g", "positive number of hosts");
        refused("10", "no host of its own");
        refused("10x64c", "memory of a host is missing");
        refused("10x64c256", "no letter follows 256");
        refused("10x64c256q", "no resource 'q'");
        refused("10x64c256g8c", "'c' is given twice");
        refused("10xc256g", "no usable amount stands before 'c'");
        refused("10x99999999999999999999c256g", "no usable amount");
        refused("10x1.2.3c256g", "no usable amount stands before 'c'");
        refused("10x64c256g+", "positive number of hosts");
        refused("10000000x64c256g+1x1c1g", "more than 10000000 hosts");
        let own =
            Fleet::parse("3x1c", &[Resource::share("size")], Some(&[1; 5])).expect_err("refused");
        assert!(own.to_string().contains("give COUNT alone"), "{own}");
    }
}
