//! Between [`Value`] and unbounded fractions, and sums that cannot overflow.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use vmpack_model::Value;

/// The value as an unbounded fraction.
pub(crate) fn rational(value: Value) -> BigRational {
    BigRational::new(BigInt::from(value.numerator()), BigInt::from(value.denominator()))
}

/// An integer as an unbounded fraction.
pub(crate) fn integer(integer: impl Into<BigInt>) -> BigRational {
    BigRational::from_integer(integer.into())
}

/// The fraction as a [`Value`], if numerator and denominator fit 128 bits.
pub(crate) fn value(fraction: &BigRational) -> Option<Value> {
    let numerator = fraction.numer().to_i128()?;
    let denominator = fraction.denom().to_i128()?;
    // The extreme integer has no negation, which arithmetic on the fraction may need.
    (numerator != i128::MIN).then(|| Value::new(numerator, denominator))?
}

/// The fraction for people: rounded down where its digits would fill a page.
pub(crate) fn show(fraction: &BigRational) -> String {
    match value(fraction) {
        Some(value) => value.to_string(),
        None => format!("about {}", fraction.floor().to_integer()),
    }
}

/// A sum of 128-bit integers that spills into an unbounded one instead of overflowing, so that the
/// usual case costs no allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    small: i128,
    spilled: BigInt,
}

impl Sum {
    pub(crate) fn add(&mut self, term: i128) {
        self.small = self.small.checked_add(term).unwrap_or_else(|| {
            self.spilled += self.small;
            term
        });
    }

    pub(crate) fn total(self) -> BigInt {
        if self.spilled.is_zero() { BigInt::from(self.small) } else { self.spilled + self.small }
    }
}

/// A sum of fractions, one integer per denominator.
#[derive(Clone, Debug, Default)]
pub(crate) struct FractionSum {
    numerators: BTreeMap<u64, BigInt>,
}

/// Sums whose common denominator needs more bits are bracketed: thousands of coprime denominators would
/// make numbers whose arithmetic takes hours.
const COMMON_BITS: u64 = 4096;

/// Bracketed sums are known up to this many binary digits behind the point.
const BRACKET_BITS: u32 = 256;

impl FractionSum {
    /// Adds `numerator / denominator`; the denominator must be positive.
    pub(crate) fn add(&mut self, numerator: BigInt, denominator: u64) {
        debug_assert!(denominator > 0, "fractions have positive denominators");
        *self.numerators.entry(denominator).or_default() += numerator;
    }

    /// The sum, divided by `divisor`.
    pub(crate) fn over(&self, divisor: i64) -> Interval {
        let Interval { low, high } = self.exact().unwrap_or_else(|| self.bracket());
        let divisor = integer(divisor);
        Interval { low: low / &divisor, high: high / divisor }
    }

    fn exact(&self) -> Option<Interval> {
        let mut sum = BigRational::zero();
        for (&denominator, numerator) in &self.numerators {
            sum += BigRational::new(numerator.clone(), BigInt::from(denominator));
            if sum.denom().bits() > COMMON_BITS {
                return None;
            }
        }
        Some(Interval::exact(sum))
    }

    fn bracket(&self) -> Interval {
        let mut low = BigInt::zero();
        for (&denominator, numerator) in &self.numerators {
            let scaled = numerator << BRACKET_BITS;
            low += BigRational::new(scaled, BigInt::from(denominator)).floor().to_integer();
        }
        // Rounding down lost less than one unit per denominator.
        let high = &low + self.numerators.len();
        let unit = BigInt::one() << BRACKET_BITS;
        Interval { low: BigRational::new(low, unit.clone()), high: BigRational::new(high, unit) }
    }
}

/// Where an exact number lies: both ends are equal unless its denominator is out of all proportion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) low: BigRational,
    pub(crate) high: BigRational,
}

/// A cost that no [`Value`] holds exactly is rounded up to so many binary digits behind the point.
const VALUE_BITS: u32 = 32;

impl Interval {
    pub(crate) fn exact(number: BigRational) -> Self {
        Self { low: number.clone(), high: number }
    }

    /// The number as a value; where none is equal, the next multiple of `2^-32`. `None` if that does
    /// not fit either.
    pub(crate) fn value_above(&self) -> Option<Value> {
        let exact = if self.low == self.high { value(&self.high) } else { None };
        exact.or_else(|| {
            let unit = BigInt::one() << VALUE_BITS;
            let ceiling = (&self.high * &unit).ceil().to_integer();
            value(&BigRational::new(ceiling, unit))
        })
    }
}
