//! What a replay does otherwise than CloudSim 3.0.3, change by change.

use std::fmt;
use std::str::FromStr;

macro_rules! changes {
    ($($(#[doc = $text:literal])+ $variant:ident = $name:literal, $quirk:literal, $corrected:literal;)+) => {
        /// One departure from what CloudSim 3.0.3 does in its PlanetLab experiment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Change {
            $($(#[doc = $text])+ $variant,)+
        }

        impl Change {
            /// Every change, in the order of its quirk.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The number of the quirk that it undoes, in `docs/planetlab.md`.
            pub const fn quirk(self) -> u8 {
                match self { $(Self::$variant => $quirk,)+ }
            }

            /// Whether the mode `corrected` has it: the others are choices of modelling, not errors.
            pub const fn is_correction(self) -> bool {
                match self { $(Self::$variant => $corrected,)+ }
            }
        }
    };
}

changes! {
    /// VMs are numbered in the order in which the directory lists their files, instead of by name.
    DirectoryOrder = "directory-order", 1, false;
    /// VMs live all day, instead of being deleted when they ask for no CPU at an update.
    VmsKept = "vms-kept", 2, true;
    /// An interval that starts at utilisation 0 is charged when it ends above.
    RiseCharged = "rise-charged", 3, true;
    /// VMs run, and hosts are charged, from time 0 on, instead of from the first tick.
    FirstIntervalCharged = "first-interval-charged", 4, true;
    /// The last state is charged until the end of the day.
    TailCharged = "tail-charged", 5, true;
    /// A VM keeps its memory, on both hosts while it moves, instead of asking for none once it is created.
    RamEnforced = "ram-enforced", 6, true;
    /// The power that a placement adds is counted from what the plan has put on the host so far.
    PowerFromPlan = "power-from-plan", 7, true;
    /// A host that is off draws nothing before a VM is placed on it, instead of its idle power.
    OffHostDrawsNothing = "off-host-draws-nothing", 8, true;
    /// Hosts that receive VMs of over-loaded hosts are not emptied in the same plan.
    ReceiversKept = "receivers-kept", 9, true;
    /// A host that could not be emptied may receive VMs of other hosts in the same plan.
    FailedHostReceives = "failed-host-receives", 10, true;
    /// A host that was never on is not counted as shut down.
    RealShutdowns = "real-shutdowns", 11, true;
    /// The time before a migration is that between migrations, instead of their duration.
    MigrationGap = "migration-gap", 12, true;
    /// Shares of an over-subscribed host are not rounded down to whole MIPS.
    ExactShares = "exact-shares", 13, true;
    /// A host falls short only if it does by more than 1e-6 of what is asked for.
    ViolationTolerance = "violation-tolerance", 14, true;
    /// A VM that is moving in asks its target for the tenth that is reserved there, instead of for all.
    IncomingAsksForShare = "incoming-asks-for-share", 15, true;
    /// Detectors see the past of the host itself, instead of that of the VMs now on it.
    OwnHistory = "own-history", 16, false;
    /// Local regression also tests the present load.
    PresentLoadTested = "present-load-tested", 17, true;
    /// Local regression uses its weights.
    TrueWeights = "true-weights", 18, true;
    /// Robust regression gives no weight to outliers beyond six median residuals, instead of weight that grows again.
    OutliersCut = "outliers-cut", 30, true;
    /// The first VM on an empty host is tested for over-load too.
    EmptyHostTested = "empty-host-tested", 20, true;
    /// SLAV is made of the mean SLATAH of hosts, instead of the pooled one.
    MeanSlatah = "mean-slatah", 21, true;
    /// Requests are summed in the order of the host's list, instead of that of a hash table.
    ListOrderSums = "list-order-sums", 22, true;
    /// VMs are listed on a host by number, instead of by arrival.
    ListedByNumber = "listed-by-number", 23, true;
    /// A utilisation above 1 is taken as 1, instead of ending the run.
    LoadClamped = "load-clamped", 24, true;
    /// No VM asks for more than a core of its host has.
    RequestCapped = "request-capped", 25, false;
    /// History is recorded at every tick, instead of at instants that are exact multiples of the interval.
    HistoryAtTicks = "history-at-ticks", 26, true;
    /// VMs start on the first hosts that they fit, under every policy.
    FirstFitStart = "first-fit-start", 27, false;
    /// Kinds are dealt to VMs in turn, instead of in quarters.
    KindsInTurn = "kinds-in-turn", 28, false;
    /// A host that holds VMs is on, also while none of them asks for CPU.
    IdleHostOn = "idle-host-on", 29, true;
}

impl FromStr for Change {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|change| change.name() == name).ok_or(())
    }
}

/// A set of changes. Empty, it is the mode `cloudsim303`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Changes(u32);

impl Changes {
    /// No change: what CloudSim 3.0.3 does.
    pub const CLOUDSIM303: Self = Self(0);

    /// All corrections.
    pub fn corrected() -> Self {
        Change::ALL.iter().filter(|change| change.is_correction()).copied().collect()
    }

    /// Whether the change is made.
    #[inline]
    pub const fn has(self, change: Change) -> bool {
        self.0 >> change as u32 & 1 == 1
    }

    /// These changes and one more.
    #[must_use]
    pub const fn with(self, change: Change) -> Self {
        Self(self.0 | 1 << change as u32)
    }

    /// The changes in order.
    pub fn iter(self) -> impl Iterator<Item = Change> {
        Change::ALL.iter().copied().filter(move |&change| self.has(change))
    }
}

impl FromIterator<Change> for Changes {
    fn from_iter<T: IntoIterator<Item = Change>>(changes: T) -> Self {
        changes.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Change::name).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = Changes::CLOUDSIM303.with(Change::RamEnforced).with(Change::VmsKept);
        assert!(set.has(Change::VmsKept) && !set.has(Change::IdleHostOn));
        assert_eq!(set.to_string(), "vms-kept,ram-enforced");
        assert_eq!(set.iter().collect::<Changes>(), set);
        for &change in Change::ALL {
            assert_eq!(change.name().parse(), Ok(change));
            assert_eq!(Changes::corrected().has(change), change.is_correction());
        }
    }
}
