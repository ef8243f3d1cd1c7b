//! The pre-copy model of one migration.
//!
//! Round 0 copies all memory, `V_0 = M`; a round takes `T_i = V_i / B` at bandwidth `B`; what the VM has written
//! meanwhile, at most all its memory, is copied in the next one: `V_(i+1) = min(M, D T_i)` at dirty rate `D`. The first
//! round with `V_i <= V_th`, or `i = n_max`, is copied while the VM is stopped. With `r = D / B` and `n` the last round,
//! `V_mig = M (1 - r^(n+1)) / (1 - r)` bytes are sent, and the VM is down for `V_n / B + T_resume`.
//!
//! # References
//! Symbols of `SpringerPlus` 5 (2016), article s40064-016-2642-2, table 1.

/// Nanoseconds in a millisecond.
pub(super) const NANOS: u128 = 1_000_000;
/// Billionths in a byte: what a byte per second carries in a nanosecond.
pub(super) const BILLION: u128 = 1_000_000_000;

/// When pre-copy stops the VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreCopy {
    /// The most that is left to copy when the VM is stopped, in bytes: `V_th`.
    pub threshold: u64,
    /// The round that is copied with the VM stopped whatever is left: `n_max`. With 0 nothing is copied before.
    pub rounds: u32,
    /// From the end of the last copy until the VM runs again, in ms: `T_resume`.
    pub resume: u64,
}

impl Default for PreCopy {
    /// What is left is 50 MiB at most or the 30th round, and the VM resumes within 20 ms.
    fn default() -> Self {
        Self { threshold: 50 << 20, rounds: 30, resume: 20 }
    }
}

/// What a migration takes if its bandwidth stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The last round, `n`.
    pub rounds: u32,
    /// Bytes that are sent, `V_mig`, rounded up.
    pub bytes: u64,
    /// From its start until the VM runs on the other host, in ms, rounded up: `T_mig`.
    pub duration: u64,
    /// How long the VM is stopped, in ms, rounded up: `T_down`.
    pub downtime: u64,
}

impl PreCopy {
    /// A migration of so many bytes of memory, dirtied at so many bytes per second, at a constant bandwidth in bytes
    /// per second, which is at least 1. In `O(n_max)`.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::migration::PreCopy;
    ///
    /// let model = PreCopy { threshold: 10_000_000, rounds: 30, resume: 0 };
    /// // A gigabyte at 100 MB/s, a quarter of which is dirtied again: 1000, 250, 62.5, 15.625, 3.90625 MB.
    /// let alone = model.alone(1_000_000_000, 25_000_000, 100_000_000);
    /// assert_eq!((alone.rounds, alone.bytes), (4, 1_332_031_250));
    /// assert_eq!((alone.duration, alone.downtime), (13_321, 40));
    /// ```
    pub fn alone(&self, memory: u64, dirty: u64, bandwidth: u64) -> Estimate {
        let rate = u128::from(bandwidth.max(1));
        let (mut volume, mut round) = (u128::from(memory) * BILLION, 0);
        let (mut sent, mut passed) = (0, 0);
        while !self.stops(volume, round) {
            let takes = volume.div_ceil(rate);
            sent += volume;
            passed += takes;
            volume = dirtied(memory, dirty, takes);
            round += 1;
        }
        let down = volume.div_ceil(rate) + u128::from(self.resume) * NANOS;
        Estimate {
            rounds: round,
            bytes: whole(sent + volume, BILLION),
            duration: whole(passed + down, NANOS),
            downtime: whole(down, NANOS),
        }
    }

    /// Whether a round of so much, in billionths of a byte, is copied with the VM stopped.
    pub(super) fn stops(&self, volume: u128, round: u32) -> bool {
        round >= self.rounds || volume <= u128::from(self.threshold) * BILLION
    }
}

/// What a VM of so much memory has written in a time, in billionths of a byte.
pub(super) fn dirtied(memory: u64, dirty: u64, nanoseconds: u128) -> u128 {
    u128::from(dirty).saturating_mul(nanoseconds).min(u128::from(memory) * BILLION)
}

/// The least number of whole units that covers an amount.
pub(super) fn whole(amount: u128, unit: u128) -> u64 {
    u64::try_from(amount.div_ceil(unit)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_vm_that_writes_faster_than_the_link_carries_is_stopped_in_the_last_round() {
        let model = PreCopy { threshold: 0, rounds: 5, resume: 7 };
        let alone = model.alone(1000, 3000, 1000);
        assert_eq!(alone, Estimate { rounds: 5, bytes: 6000, duration: 6007, downtime: 1007 });
    }

    #[test]
    fn an_idle_vm_is_copied_once_and_a_round_limit_of_0_stops_it_at_once() {
        let model = PreCopy { threshold: 0, rounds: 30, resume: 5 };
        let idle = model.alone(2000, 0, 1000);
        assert_eq!(idle, Estimate { rounds: 1, bytes: 2000, duration: 2005, downtime: 5 });
        let cold = PreCopy { rounds: 0, ..model }.alone(2000, 900, 1000);
        assert_eq!(cold, Estimate { rounds: 0, bytes: 2000, duration: 2005, downtime: 2005 });
    }

    proptest! {
        /// The closed forms, in floating point.
        #[test]
        fn equals_the_closed_form(
            memory in 1_u64 << 20..1 << 36,
            bandwidth in 1_u64 << 20..1 << 31,
            percent in 1_u64..99,
            threshold in 1_u64 << 16..1 << 28,
            limit in 0_u32..40,
        ) {
            let dirty = bandwidth * percent / 100;
            let model = PreCopy { threshold, rounds: limit, resume: 0 };
            let alone = model.alone(memory, dirty, bandwidth);
            let (m, b, r) = (memory as f64, bandwidth as f64, dirty as f64 / bandwidth as f64);
            // V_n = M r^n.
            let n = (threshold as f64 / m).log(r).ceil().max(0.0).min(f64::from(limit)) as u32;
            prop_assert!(alone.rounds.abs_diff(n) <= u32::from(r.powi(n as i32) * m > threshold as f64 * 0.999_999));
            let n = alone.rounds as i32;
            let bytes = m * (1.0 - r.powi(n + 1)) / (1.0 - r);
            prop_assert!((alone.bytes as f64 - bytes).abs() <= 1.0 + 1e-7 * bytes, "{} {bytes}", alone.bytes);
            let ms = 1000.0 * bytes / b;
            prop_assert!((alone.duration as f64 - ms).abs() <= 1.0 + 1e-7 * ms);
            let down = 1000.0 * m * r.powi(n) / b;
            prop_assert!((alone.downtime as f64 - down).abs() <= 1.0 + 1e-6 * down);
        }

        #[test]
        fn more_bandwidth_is_never_slower_and_more_writing_never_faster(
            memory in 1_u64..1 << 34,
            dirty in 0_u64..1 << 30,
            bandwidth in 1_u64 << 10..1 << 30,
            more in 0_u64..1 << 30,
        ) {
            // Without a limit of rounds more writing means more bytes; with one it may stop sooner.
            let model = PreCopy { threshold: 0, rounds: 8, resume: 1 };
            let alone = model.alone(memory, dirty, bandwidth);
            prop_assert!(model.alone(memory, dirty, bandwidth + more).duration <= alone.duration);
            prop_assert!(model.alone(memory, dirty + more, bandwidth).bytes >= alone.bytes);
        }
    }
}
