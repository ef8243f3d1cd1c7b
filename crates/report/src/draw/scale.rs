//! Axes: how a value becomes a position, and where the ticks are.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::format;

/// What the numbers along an axis are, for the text at the ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds.
    Seconds,
    /// Percent.
    Percent,
    /// A whole number.
    Count,
    /// A number of any size.
    Number,
    /// How many times as much.
    Factor,
}

/// How values are spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    Linear,
    /// `ln v`.
    Log,
    /// `ln(1 + v / unit)`: logarithmic, yet with a place for zero.
    LogFromZero {
        unit: f64,
    },
}

/// An axis: an interval of values, their spacing, and the unit that the ticks are written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    spacing: Spacing,
    low: f64,
    high: f64,
    unit: Unit,
    /// The share of the axis that stays empty at its two ends.
    padding: (f64, f64),
}

impl Scale {
    /// A linear axis from 0 to 100 percent.
    pub(crate) const PERCENT: Self = Self {
        spacing: Spacing::Linear,
        low: 0.0,
        high: 100.0,
        unit: Unit::Percent,
        padding: (0.0, 0.04),
    };

    /// A linear axis from zero to `high`.
    pub(crate) fn linear(high: f64, unit: Unit) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        Self { spacing: Spacing::Linear, low: 0.0, high, unit, padding: (0.0, 0.04) }
    }

    /// A linear axis from the least to the greatest of the values, at least one unit long.
    pub(crate) fn between(values: impl IntoIterator<Item = f64>, unit: Unit) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|v| v.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let high = high.max(low + 1.0);
        Self { spacing: Spacing::Linear, low, high, unit, padding: (0.03, 0.03) }
    }

    /// A logarithmic axis over the positive, finite values; from 0.1 to 10 if there are none.
    pub(crate) fn log(values: impl IntoIterator<Item = f64>, unit: Unit) -> Self {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for value in values.into_iter().filter(|v| *v > 0.0 && v.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if high <= 0.0 {
            (low, high) = (0.1, 10.0);
        }
        if high < 2.0 * low {
            // A single value gets a decade of its own to stand in.
            let middle = (low * high).sqrt();
            (low, high) = (middle / 3.2, middle * 3.2);
        }
        Self { spacing: Spacing::Log, low, high, unit, padding: (0.04, 0.04) }
    }

    /// An axis from zero to `high`, linear below `from` and logarithmic above it.
    pub(crate) fn log_from_zero(from: f64, high: f64, unit: Unit) -> Self {
        let high = high.max(10.0 * from);
        Self {
            spacing: Spacing::LogFromZero { unit: from },
            low: 0.0,
            high,
            unit,
            padding: (0.07, 0.04),
        }
    }

    /// Leaves room for labels beside points at both ends.
    pub(crate) fn with_room(mut self) -> Self {
        self.padding = (0.10, 0.07);
        self
    }

    /// Starts the axis exactly at its least value.
    pub(crate) fn at_the_edge(mut self) -> Self {
        self.padding.0 = 0.0;
        self
    }

    /// Starts and ends the axis exactly at its least and its greatest value.
    pub(crate) fn without_padding(mut self) -> Self {
        self.padding = (0.0, 0.0);
        self
    }

    /// The greatest value of the axis.
    pub(crate) fn high(&self) -> f64 {
        self.high
    }

    /// The least value of the axis.
    pub(crate) fn low(&self) -> f64 {
        self.low
    }

    fn transform(&self, value: f64) -> f64 {
        match self.spacing {
            Spacing::Linear => value,
            Spacing::Log => value.max(f64::MIN_POSITIVE).ln(),
            Spacing::LogFromZero { unit } => (1.0 + value.max(0.0) / unit).ln(),
        }
    }

    /// The position of the value between the ends of the axis, 0 to 1; values outside are put on the edge.
    pub(crate) fn fraction(&self, value: f64) -> f64 {
        let (low, high) = (self.transform(self.low), self.transform(self.high));
        let inside = (self.transform(value) - low) / (high - low);
        let (before, after) = self.padding;
        (before + inside * (1.0 - before - after)).clamp(0.0, 1.0)
    }

    /// At most `most` ticks: round numbers, the densest of some series that fits.
    pub(crate) fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        let series = match self.spacing {
            Spacing::Linear => None,
            Spacing::Log => self.decades(self.low, most),
            Spacing::LogFromZero { unit } => self.decades(unit, most - 1).map(|mut ticks| {
                ticks.insert(0, 0.0);
                ticks
            }),
        };
        series.unwrap_or_else(|| self.linear_ticks(most))
    }

    /// Ticks at round multiples of powers of ten. Two are enough on a long axis, where equal steps would
    /// crowd at its end; a short one has better ticks at equal steps if there are fewer than three.
    fn decades(&self, low: f64, most: usize) -> Option<Vec<f64>> {
        let (first, last) = (low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let every = |step: usize, mantissas: &[f64]| -> Vec<f64> {
            (first..=last)
                .filter(|exponent| exponent.rem_euclid(step as i32) == 0)
                .flat_map(|exponent| mantissas.iter().map(move |m| m * 10_f64.powi(exponent)))
                .filter(|tick| (low * (1.0 - 1e-9)..=self.high * (1.0 + 1e-9)).contains(tick))
                .collect()
        };
        let dense =
            [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]].map(|mantissas| every(1, mantissas));
        let sparse = (2..=12).map(|step| every(step, &[1.0]));
        let enough = if self.high / low > 20.0 { 2 } else { 3 };
        // Near zero, where the axis becomes linear, ticks are closer than elsewhere.
        let apart = |ticks: &Vec<f64>| {
            ticks
                .windows(2)
                .all(|pair| self.fraction(pair[1]) - self.fraction(pair[0]) >= 0.65 / most as f64)
        };
        let chosen = dense
            .into_iter()
            .chain(sparse)
            .find(|ticks| ticks.len() <= most && (ticks.len() < 3 || apart(ticks)))?;
        (chosen.len() >= enough).then_some(chosen)
    }

    /// Ticks at multiples of 1, 2 or 5 times a power of ten.
    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let range = self.high - self.low;
        let mut exponent = (range / most as f64).log10().floor() as i32;
        loop {
            for mantissa in [1.0, 2.0, 5.0] {
                let step = mantissa * 10_f64.powi(exponent);
                if self.unit == Unit::Count && step < 1.0 {
                    continue;
                }
                let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
                if last - first < most as f64 {
                    return (first as i64..=last as i64).map(|k| k as f64 * step).collect();
                }
            }
            exponent += 1;
        }
    }

    /// The text at a tick.
    pub(crate) fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::Seconds => format::tick_seconds(value),
            Unit::Number => format::number(value),
            Unit::Percent => format!("{} %", format::trimmed(value)),
            Unit::Count => format::count(value.round().max(0.0) as u64),
            Unit::Factor if value >= 1000.0 => {
                format!("{}\u{d7}", format::count(value.round() as u64))
            }
            Unit::Factor => format!("{}\u{d7}", format::trimmed(value)),
        }
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (self.fraction(*value) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.ticks(hint.bold_points())
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, most: usize) -> Vec<String> {
        scale.ticks(most).into_iter().map(|tick| scale.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        let time = Scale::log([2e-5, 80.0], Unit::Seconds);
        assert_eq!(labels(time, 8), ["100 \u{b5}s", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
        let gap = Scale::log_from_zero(0.1, 40.0, Unit::Percent);
        assert_eq!(labels(gap, 8), ["0 %", "0.1 %", "0.3 %", "1 %", "3 %", "10 %", "30 %"]);
        let crowded = Scale::log_from_zero(0.1, 37.0, Unit::Percent);
        assert_eq!(labels(crowded, 9), ["0 %", "0.1 %", "0.3 %", "1 %", "3 %", "10 %", "30 %"]);
        let sizes = Scale::log([9.0, 9_000.0], Unit::Count);
        assert_eq!(labels(sizes, 3), ["10", "100", "1000"]);
        let sizes = Scale::log([9.0, 20_000.0], Unit::Count);
        assert_eq!(labels(sizes, 3), ["100", "10\u{202f}000"]);
        assert_eq!(labels(Scale::linear(7.0, Unit::Count), 5), ["0", "2", "4", "6"]);
        assert_eq!(labels(Scale::linear(1.0, Unit::Count), 9), ["0", "1"]);
        let change = Scale::between([0.0, -23.0, 41.0], Unit::Percent);
        assert_eq!(labels(change, 5), ["-20 %", "0 %", "20 %", "40 %"]);
        assert_eq!(
            labels(Scale::log([1.0, 3.0], Unit::Factor), 6),
            ["1\u{d7}", "1.5\u{d7}", "2\u{d7}", "2.5\u{d7}", "3\u{d7}"]
        );
    }

    #[test]
    fn positions_grow_with_values_and_stay_inside() {
        for scale in [
            Scale::linear(10.0, Unit::Count),
            Scale::log([0.5, 20.0], Unit::Seconds),
            Scale::log_from_zero(0.1, 10.0, Unit::Percent),
            Scale::log([], Unit::Count),
            Scale::between([-0.5, 2.0], Unit::Percent),
            Scale::between([], Unit::Percent),
            Scale::log([3.0], Unit::Count),
        ] {
            let positions: Vec<f64> =
                [0.0, 0.1, 0.6, 1.0, 3.0, 10.0, 1e9].map(|v| scale.fraction(v)).into();
            assert!(positions.is_sorted(), "{scale:?}: {positions:?}");
            assert!(positions.iter().all(|p| (0.0..=1.0).contains(p)), "{scale:?}: {positions:?}");
            assert!(scale.ticks(6).len() <= 6, "{scale:?}: {:?}", scale.ticks(6));
        }
    }
}
