//! Values by how long they held.

/// The bits of a value that its bucket keeps beside the leading one.
const BITS: u32 = 6;

/// Values weighted by time, in buckets that are never wider than a 64th of the values in them, and exact below 128. Memory
/// is bounded, whatever is recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    /// The weight in each bucket, as far as any has some; fewer than 4000.
    weights: Vec<u128>,
    total: u128,
    sum: u128,
    greatest: u64,
}

impl Histogram {
    /// A value held for so long.
    pub(crate) fn record(&mut self, value: u64, weight: u64) {
        if weight == 0 {
            return;
        }
        let bucket = bucket(value);
        if self.weights.len() <= bucket {
            self.weights.resize(bucket + 1, 0);
        }
        self.weights[bucket] += u128::from(weight);
        self.total += u128::from(weight);
        self.sum += u128::from(value) * u128::from(weight);
        self.greatest = self.greatest.max(value);
    }

    /// The weight of all values.
    pub(crate) fn total(&self) -> u128 {
        self.total
    }

    /// The mean, exact but for the last rounding; 0 if there is nothing.
    pub(crate) fn mean(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.sum as f64 / self.total as f64 }
    }

    /// A value that at least so many thousandths of the weight do not exceed, the least such up to the width of its
    /// bucket; 0 if there is nothing.
    pub(crate) fn quantile(&self, permille: u32) -> u64 {
        let target = (self.total * u128::from(permille)).div_ceil(1000);
        let mut below = 0;
        for (bucket, weight) in self.weights.iter().enumerate() {
            below += weight;
            if below >= target && below > 0 {
                return last(bucket).min(self.greatest);
            }
        }
        0
    }
}

fn bucket(value: u64) -> usize {
    let shift = value.checked_ilog2().map_or(0, |leading| leading.saturating_sub(BITS));
    ((shift as usize) << BITS) + (value >> shift) as usize
}

/// The greatest value in a bucket.
fn last(bucket: usize) -> u64 {
    let shift = (bucket >> BITS).saturating_sub(1);
    let leading = (bucket - (shift << BITS)) as u64;
    (leading << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_meet_and_are_narrow() {
        for value in (0..5000).chain([u64::MAX - 1, u64::MAX, 1 << 40, (1 << 40) - 1]) {
            let last_value = last(bucket(value));
            assert!(last_value >= value && last_value - value <= value / 64, "{value}");
            if last_value < u64::MAX {
                assert_eq!(bucket(last_value + 1), bucket(last_value) + 1, "{value}");
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.quantile(950), histogram.mean()), (0, 0.0));
        for value in 1..=100 {
            histogram.record(value, 7);
        }
        histogram.record(1_000_000, 0);
        assert_eq!([500, 950, 990, 1000].map(|p| histogram.quantile(p)), [50, 95, 99, 100]);
        assert!((histogram.mean() - 50.5).abs() < 1e-12);
        histogram.record(1_000_003, 10_000);
        assert_eq!(histogram.quantile(950), 1_000_003, "no more than the greatest");
        assert_eq!(histogram.total(), 10_700);
    }
}
