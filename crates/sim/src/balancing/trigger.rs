//! When to act on a value that goes up and down.

use super::Level;

/// Starts when a value has been above a threshold for several looks in a row, and goes on until it is at a lower one or
/// below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    high: Level,
    low: Level,
    looks: u32,
    above: u32,
    is_on: bool,
}

impl Trigger {
    /// Starts at the so-manieth look in a row above `high`, at least the first, and stops at `low`.
    ///
    /// # Panics
    /// If `low` is above `high`.
    pub fn new(high: Level, low: Level, looks: u32) -> Self {
        assert!(low <= high, "it stops below where it starts");
        Self { high, low, looks: looks.max(1), above: 0, is_on: false }
    }

    /// The value at which it stops.
    pub fn low(&self) -> Level {
        self.low
    }

    /// A look at the value; whether to act.
    ///
    /// # Examples
    /// ```
    /// use vmpack_sim::balancing::Trigger;
    ///
    /// let mut trigger = Trigger::new(100, 50, 2);
    /// let acts = [120, 90, 120, 130, 80, 60, 50, 90, 120].map(|value| trigger.look(value));
    /// assert_eq!(acts, [false, false, false, true, true, true, false, false, false]);
    /// ```
    pub fn look(&mut self, value: Level) -> bool {
        self.above = if value > self.high { self.above.saturating_add(1) } else { 0 };
        self.is_on = value > self.low && (self.is_on || self.above >= self.looks);
        self.is_on
    }
}
