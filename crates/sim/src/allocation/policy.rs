//! The policies.

use super::Forecast;
use crate::arrivals::MAX_RESOURCES;
use crate::operation::{Terms, Time};

/// What VMs are allotted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// What a VM is allotted when it is placed.
    pub first: Terms,
    /// How that is adjusted while it runs; not at all if there is nothing.
    pub adjustment: Option<Adjustment>,
}

/// How allotments follow use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjustment {
    /// What a VM keeps of each resource in any case, in thousandths of what it requests; no more than when it was placed.
    pub floor: [u32; MAX_RESOURCES],
    /// How far CPU use may go beyond what is reserved while others leave it unused: up to so many thousandths of what the
    /// VM requests. None if what is reserved is the most that the VM gets.
    pub burst: Option<u32>,
    /// How the use of each resource is forecast.
    pub forecast: [Forecast; MAX_RESOURCES],
    /// What is added to a forecast, in thousandths of it.
    pub margin: u32,
    /// The time between two samples of use, in milliseconds; positive.
    pub sample: Time,
    /// The samples from one adjustment to the next; positive.
    pub every: u32,
    /// The samples that forecasts look back on; positive.
    pub window: usize,
    /// The samples of a VM before its allotment is first adjusted; positive.
    pub least: usize,
    /// What is divided at once.
    pub scope: Scope,
    /// What happens where a host cannot hold what its VMs need.
    pub relief: Relief,
}

/// What a program divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What one host has.
    Host,
    /// What all hosts have. With a quota, the VMs of a tenant together get no more than so many thousandths of what they
    /// request.
    Cluster {
        /// The thousandths.
        quota: Option<u32>,
    },
}

/// What happens where a host cannot hold what its VMs need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// Its VMs are cut, those of low priority first.
    Cut,
    /// They are cut, and as many VMs are moved away as it takes, at most so many in a period of the whole cluster. Of VMs
    /// that would do, that of least memory goes; to the fullest host that can hold what it needs, or to one that is
    /// switched on.
    Move {
        /// The most VMs.
        most: usize,
    },
}

impl Adjustment {
    /// Every five minutes, host by host, by the greatest of the last twelve samples and a tenth more.
    const DYNAMIC: Self = Self {
        floor: [0; MAX_RESOURCES],
        burst: None,
        forecast: [Forecast::Max; MAX_RESOURCES],
        margin: 100,
        sample: 300_000,
        every: 1,
        window: 12,
        least: 1,
        scope: Scope::Host,
        relief: Relief::Move { most: usize::MAX },
    };
}

impl Policy {
    /// What is requested.
    pub const FIXED: Self = Self { first: Terms::FIXED, adjustment: None };

    /// What is forecast, and a margin; no more.
    pub const DYNAMIC: Self = Self { first: Terms::FIXED, adjustment: Some(Adjustment::DYNAMIC) };

    /// Half of what is requested, more if more is forecast, and as much as requested while others leave it unused. Memory
    /// is no different.
    pub const HYBRID: Self = Self {
        first: Terms { floor: [500; MAX_RESOURCES], limit: 1000 },
        adjustment: Some(Adjustment {
            floor: [500; MAX_RESOURCES],
            burst: Some(1000),
            forecast: [Forecast::Quantile(900); MAX_RESOURCES],
            margin: 0,
            ..Adjustment::DYNAMIC
        }),
    };
}

/// A policy with its name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The policy, with what it is made with unless it is said otherwise.
    pub policy: Policy,
}

/// The policies by name.
pub const POLICIES: &[Named] = &[
    Named {
        name: "fixed",
        summary: "reserves what is requested, and gives no more",
        policy: Policy::FIXED,
    },
    Named {
        name: "dynamic",
        summary: "reserves a forecast of use and a margin, solved anew every period, and gives no more",
        policy: Policy::DYNAMIC,
    },
    Named {
        name: "hybrid",
        summary: "reserves a floor, raised to a quantile of use, and lets VMs burst above it by shares up to a limit",
        policy: Policy::HYBRID,
    },
];
