//! Units of metrics: values are integers of the engine, and are written exactly in base units.

use std::fmt::Write as _;

/// What a stored integer means: `value * multiplier / 10^decimals` of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The unit, as the names of metrics end; empty for counts.
    pub name: &'static str,
    multiplier: u64,
    decimals: u32,
}

impl Unit {
    /// Things, by number.
    pub const COUNT: Self = Self { name: "", multiplier: 1, decimals: 0 };
    /// Cores, from thousandths.
    pub const CORES: Self = Self { name: "cores", multiplier: 1, decimals: 3 };
    /// Bytes, from MiB.
    pub const BYTES: Self = Self { name: "bytes", multiplier: 1 << 20, decimals: 0 };
    /// Watts, from milliwatts.
    pub const WATTS: Self = Self { name: "watts", multiplier: 1, decimals: 3 };
    /// Seconds, from milliseconds.
    pub const SECONDS: Self = Self { name: "seconds", multiplier: 1, decimals: 3 };
    /// Shares, from millionths.
    pub const RATIO: Self = Self { name: "ratio", multiplier: 1, decimals: 6 };

    /// The value as a real number, for detectors.
    pub fn real(self, value: u64) -> f64 {
        let scale = 10_u64.pow(self.decimals) as f64;
        (u128::from(value) * u128::from(self.multiplier)) as f64 / scale
    }

    /// Appends the value to a text, exactly, without zeros at its end.
    pub fn write(self, value: u64, text: &mut String) {
        let value = u128::from(value) * u128::from(self.multiplier);
        let scale = 10_u128.pow(self.decimals);
        let (whole, mut rest) = (value / scale, value % scale);
        let _ = write!(text, "{whole}");
        if rest > 0 {
            let mut digits = self.decimals as usize;
            while rest.is_multiple_of(10) {
                rest /= 10;
                digits -= 1;
            }
            let _ = write!(text, ".{rest:0digits$}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_exactly() {
        let written = |unit: Unit, value| {
            let mut text = String::new();
            unit.write(value, &mut text);
            text
        };
        assert_eq!(written(Unit::COUNT, 0), "0");
        assert_eq!(written(Unit::CORES, 1250), "1.25");
        assert_eq!(written(Unit::CORES, 2000), "2");
        assert_eq!(written(Unit::BYTES, 3), "3145728");
        assert_eq!(written(Unit::RATIO, 1), "0.000001");
        assert_eq!(written(Unit::RATIO, 1_000_100), "1.0001");
        assert_eq!(written(Unit::BYTES, u64::MAX), "19342813113834066794250240");
        assert!((Unit::CORES.real(1250) - 1.25).abs() < 1e-12);
    }
}
