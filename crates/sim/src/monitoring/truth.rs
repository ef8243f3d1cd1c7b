//! What really happened: trouble, from when until when, seen without period or delay.

use std::collections::BTreeMap;

use super::alarm::Subject;
use crate::operation::{CPU, Observer, Phase, State, Status, Time};

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The VMs of a host want more CPU than it has.
    Overload,
    /// A host has failed.
    Failure,
    /// A VM gets less CPU than it wants.
    Shortfall,
}

impl Trouble {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Overload, Self::Failure, Self::Shortfall];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Failure => "failure",
            Self::Shortfall => "shortfall",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.name() == name)
    }
}

/// Trouble without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Its kind.
    pub trouble: Trouble,
    /// What is in trouble.
    pub subject: Subject,
    /// The host where it is.
    pub host: usize,
    /// When it began.
    pub from: Time,
    /// When it ended, or the end of the run.
    pub until: Time,
    /// CPU that was wanted and not had, in thousandths of a core times milliseconds: of a host that has failed, what its
    /// VMs asked for; of a host that is overloaded, what its VMs fell short by.
    pub lost: u128,
}

/// Writes down episodes as they happen.
#[derive(Debug, Default)]
pub struct Truth {
    open: BTreeMap<(Trouble, Subject), Episode>,
    closed: Vec<Episode>,
}

impl Truth {
    /// Trouble over a span of time, not before the last of its kind and subject ended. It goes on with that one if
    /// nothing lies between and the host is the same.
    fn note(&mut self, episode: Episode) {
        let key = (episode.trouble, episode.subject);
        match self.open.get_mut(&key) {
            Some(open) if open.until == episode.from && open.host == episode.host => {
                open.until = episode.until;
                open.lost += episode.lost;
            }
            _ => self.closed.extend(self.open.insert(key, episode)),
        }
    }

    /// All episodes, by their beginning, then kind and subject.
    pub fn episodes(&self) -> Vec<Episode> {
        let mut all = self.closed.clone();
        all.extend(self.open.values());
        all.sort_by_key(|episode| (episode.from, episode.trouble, episode.subject));
        all
    }
}

impl Observer for Truth {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        let there = state.host(host);
        let span = u128::from(until - from);
        let episode = |trouble, subject, short: u64| Episode {
            trouble,
            subject,
            host,
            from,
            until,
            lost: u128::from(short) * span,
        };
        match there.status {
            Status::Failed => {
                let down = there
                    .vms
                    .iter()
                    .filter(|&&vm| matches!(state.vm(vm).phase, Phase::Down { .. }));
                let short = down.map(|&vm| state.asked()[vm].request[CPU]).sum();
                self.note(episode(Trouble::Failure, Subject::Host(host), short));
            }
            Status::On => {
                let capacity = state.capacity(host, CPU);
                if there.wanted > capacity {
                    let short = there.wanted - there.granted;
                    self.note(episode(Trouble::Overload, Subject::Host(host), short));
                }
                if there.granted < there.wanted {
                    for &vm in &there.vms {
                        let state = state.vm(vm);
                        if state.granted < state.wanted[CPU] {
                            let short = state.wanted[CPU] - state.granted;
                            self.note(episode(Trouble::Shortfall, Subject::Vm(vm), short));
                        }
                    }
                }
            }
            Status::Off | Status::Waking => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_are_one_episode() {
        let mut truth = Truth::default();
        let overload = |from, until, host| Episode {
            trouble: Trouble::Overload,
            subject: Subject::Vm(1),
            host,
            from,
            until,
            lost: u128::from(until - from),
        };
        for (from, until, host) in [(0, 5, 7), (5, 9, 7), (10, 12, 7), (12, 13, 8)] {
            truth.note(overload(from, until, host));
        }
        let spans: Vec<_> = truth.episodes().iter().map(|e| (e.from, e.until, e.lost)).collect();
        assert_eq!(spans, [(0, 9, 9), (10, 12, 2), (12, 13, 1)]);
    }
}
