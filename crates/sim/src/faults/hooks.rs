//! Failures and verdicts as the engine takes them.

use super::{Detection, Verdict};
use crate::operation::{Action, Controller, Incident, Source, State, Time};

/// Incidents in order of time as a source.
#[derive(Clone, Debug)]
pub struct Incidents<I> {
    next: Option<(Time, Incident)>,
    rest: I,
}

impl<I: Iterator<Item = (Time, Incident)>> Incidents<I> {
    /// These incidents.
    pub fn new(mut rest: I) -> Self {
        Self { next: rest.next(), rest }
    }
}

impl<I: Iterator<Item = (Time, Incident)>> Source for Incidents<I> {
    fn due(&self) -> Option<Time> {
        self.next.map(|(time, _)| time)
    }

    fn next(&mut self) -> Option<Incident> {
        let (_, incident) = std::mem::replace(&mut self.next, self.rest.next())?;
        Some(incident)
    }
}

/// Tells of the verdicts of a detector. It is given the same incidents as the source, as it must know which heartbeats
/// are sent; nobody else is told.
#[derive(Debug)]
pub struct Watchdog<I: Iterator<Item = (Time, Incident)>> {
    next: Option<(Time, usize, Verdict)>,
    rest: Detection<I>,
}

impl<I: Iterator<Item = (Time, Incident)>> Watchdog<I> {
    /// The verdicts of this detection.
    pub fn new(mut rest: Detection<I>) -> Self {
        Self { next: rest.next(), rest }
    }
}

impl<I: Iterator<Item = (Time, Incident)>> Controller for Watchdog<I> {
    fn due(&self) -> Option<Time> {
        self.next.map(|(time, ..)| time)
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        while let Some((_, host, verdict)) = self.next.filter(|&(time, ..)| time <= state.now()) {
            actions.push(match verdict {
                Verdict::Suspect => Action::Suspect { host },
                Verdict::Trust => Action::Trust { host },
            });
            self.next = self.rest.next();
        }
    }
}
