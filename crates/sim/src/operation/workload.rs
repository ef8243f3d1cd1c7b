//! VMs that run: what each asks for, how long, and what it uses meanwhile.

use super::Time;
use crate::arrivals::{Demand, MAX_RESOURCES};

/// What a VM uses over its life, in steps: each value holds until the next begins.
///
/// Memory is four bytes per step and resource that varies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// How long a value holds, in milliseconds; positive.
    step: Time,
    /// The resources that vary: the first so many.
    resources: usize,
    /// Steps x resources; at least one step.
    amounts: Vec<u32>,
}

impl Usage {
    /// Amounts of the first `resources` resources, step by step; the last holds for ever.
    ///
    /// # Panics
    /// If the step is 0, there are no amounts, or they do not fill whole steps.
    pub fn new(step: Time, resources: usize, amounts: Vec<u32>) -> Self {
        assert!(step > 0, "a step takes time");
        assert!((1..=MAX_RESOURCES).contains(&resources), "1 to {MAX_RESOURCES} resources vary");
        assert!(!amounts.is_empty() && amounts.len().is_multiple_of(resources), "whole steps");
        Self { step, resources, amounts }
    }

    /// How long a value holds, in milliseconds.
    pub fn step(&self) -> Time {
        self.step
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.amounts.len() / self.resources
    }

    /// Never: there is at least one step.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// What is used at an age; resources that do not vary are used as requested.
    pub fn at(&self, age: Time, request: &Demand) -> Demand {
        let step = usize::try_from(age / self.step).unwrap_or(usize::MAX).min(self.len() - 1);
        let mut used = *request;
        let amounts = &self.amounts[step * self.resources..(step + 1) * self.resources];
        used.iter_mut().zip(amounts).for_each(|(used, &amount)| *used = u64::from(amount));
        used
    }

    /// The age at which the value next changes after `age`; `None` if it holds for ever.
    pub fn next_change(&self, age: Time) -> Option<Time> {
        let next = age / self.step + 1;
        (next < self.len() as u64).then(|| next * self.step)
    }
}

/// A VM as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Its name.
    pub name: String,
    /// When it is asked for.
    pub start: Time,
    /// When it leaves if it starts at once; `None` if it stays until the end.
    pub end: Option<Time>,
    /// What it asks for.
    pub request: Demand,
    /// What it uses; as much as it asks for if that is not known.
    pub usage: Option<Usage>,
    /// Whose it is.
    pub tenant: u32,
    /// What kind of work it does, for interference.
    pub class: u32,
    /// The site whose users it serves.
    pub origin: u32,
    /// The most latency to its users that it bears, in microseconds.
    pub latency_limit: Option<u64>,
    /// Who comes first when not all can be served: greater is more urgent.
    pub priority: u32,
}

impl Vm {
    /// A VM that uses all it asks for, of the first tenant, class and site.
    pub fn steady(
        name: impl Into<String>,
        start: Time,
        end: Option<Time>,
        request: Demand,
    ) -> Self {
        Self {
            name: name.into(),
            start,
            end,
            request,
            usage: None,
            tenant: 0,
            class: 0,
            origin: 0,
            latency_limit: None,
            priority: 0,
        }
    }

    /// What it uses at an age.
    pub fn uses(&self, age: Time) -> Demand {
        self.usage.as_ref().map_or(self.request, |usage| usage.at(age, &self.request))
    }
}
