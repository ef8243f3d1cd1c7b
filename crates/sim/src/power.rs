//! What a host draws at a CPU utilisation: tables of SPECpower, piecewise linear between their points.

/// Watts at 0, 10, .., 100 % of a host's CPU.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerTable {
    watts: [f64; 11],
}

/// HP ProLiant ML110 G3 (Intel Pentium D 930), SPECpower 2008.
pub const ML110_G3: PowerTable =
    PowerTable::new([105.0, 112.0, 118.0, 125.0, 131.0, 137.0, 147.0, 153.0, 157.0, 164.0, 169.0]);

/// IBM server x3250 (Intel Xeon X3470), SPECpower 2008.
pub const X3250_X3470: PowerTable =
    PowerTable::new([41.6, 46.7, 52.3, 57.9, 65.4, 73.0, 80.7, 89.5, 99.6, 105.0, 113.0]);

/// IBM server x3250 (Intel Xeon X3480), SPECpower 2008.
pub const X3250_X3480: PowerTable =
    PowerTable::new([42.3, 46.7, 49.7, 55.4, 61.8, 69.3, 76.1, 87.0, 96.1, 106.0, 113.0]);

/// IBM server x3550 (Intel Xeon X5670), SPECpower 2008.
pub const X3550_X5670: PowerTable =
    PowerTable::new([66.0, 107.0, 120.0, 131.0, 143.0, 156.0, 173.0, 191.0, 211.0, 229.0, 247.0]);

/// IBM server x3550 (Intel Xeon X5675), SPECpower 2008.
pub const X3550_X5675: PowerTable =
    PowerTable::new([58.4, 98.0, 109.0, 118.0, 128.0, 140.0, 153.0, 170.0, 189.0, 205.0, 222.0]);

/// HP ProLiant ML110 G4 (Intel Xeon 3040), SPECpower 2008.
pub const ML110_G4: PowerTable =
    PowerTable::new([86.0, 89.4, 92.6, 96.0, 99.5, 102.0, 106.0, 108.0, 112.0, 114.0, 117.0]);

/// HP ProLiant ML110 G5 (Intel Xeon 3075), SPECpower 2008.
pub const ML110_G5: PowerTable =
    PowerTable::new([93.7, 97.0, 101.0, 105.0, 110.0, 116.0, 121.0, 125.0, 129.0, 133.0, 135.0]);

impl PowerTable {
    /// A table of watts at 0, 10, .., 100 %.
    pub const fn new(watts: [f64; 11]) -> Self {
        Self { watts }
    }

    /// The points of the table.
    pub const fn points(&self) -> &[f64; 11] {
        &self.watts
    }

    /// Watts at a utilisation, which is clamped to `0..=1`.
    ///
    /// The order of operations is that of CloudSim, whose results are reproduced to the last digit.
    pub fn watts(&self, utilisation: f64) -> f64 {
        let utilisation = utilisation.clamp(0.0, 1.0);
        let tenths = utilisation * 10.0;
        let point = tenths as usize;
        let below = point as f64;
        let low = self.watts[point];
        if tenths <= below {
            return low;
        }
        let step = (self.watts[point + 1] - low) / 10.0;
        low + step * (utilisation - below / 10.0) * 100.0
    }

    /// Milliwatts at a load of so much of a capacity, rounded down; the load is cut to the capacity.
    ///
    /// # Panics
    /// If there is no capacity.
    pub fn milliwatts(&self, load: u64, capacity: u64) -> u64 {
        assert!(capacity > 0, "a share of something");
        let tenths = 10 * u128::from(load.min(capacity));
        let (capacity, point) = (u128::from(capacity), (tenths / u128::from(capacity)) as usize);
        let at = |point: usize| (self.watts[point.min(10)] * 1000.0).round() as i128;
        let (low, high) = (at(point), at(point + 1));
        let beyond = (tenths - point as u128 * capacity) as i128;
        (low + (high - low) * beyond / capacity as i128) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_its_points_and_is_linear_between() {
        for (tenth, &watts) in ML110_G5.points().iter().enumerate() {
            assert!((ML110_G5.watts(tenth as f64 / 10.0) - watts).abs() < 1e-9);
        }
        assert_eq!((ML110_G4.milliwatts(0, 7), ML110_G4.milliwatts(9, 7)), (86_000, 117_000));
        assert_eq!((ML110_G4.milliwatts(5, 100), ML110_G4.milliwatts(97, 100)), (87_700, 116_100));
        assert!((ML110_G4.watts(0.05) - 87.7).abs() < 1e-9);
        assert!((ML110_G4.watts(0.97) - 116.1).abs() < 1e-9);
    }
}
