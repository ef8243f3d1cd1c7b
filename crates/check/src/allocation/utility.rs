//! What an amount is worth, in fractions.

use num_bigint::BigInt;
use vmpack_model::allocation::Utility;

/// A fraction with a positive denominator, not necessarily in lowest terms.
#[derive(Clone, Debug)]
pub(super) struct Fraction {
    pub(super) numerator: BigInt,
    pub(super) denominator: u64,
}

/// `scale` times the utility of the amount `numerator / scale`.
pub(super) fn worth(utility: &Utility, numerator: i64, scale: i64) -> Fraction {
    let whole = |numerator: BigInt| Fraction { numerator, denominator: 1 };
    let points = utility.points();
    // Both factors fit 64 bits.
    let over = |amount: u64| i128::from(numerator) - i128::from(amount) * i128::from(scale);
    let reached = points.partition_point(|&(amount, _)| over(amount) >= 0);
    let Some(&(start, base)) = reached.checked_sub(1).and_then(|last| points.get(last)) else {
        return whole(BigInt::ZERO);
    };
    let level = BigInt::from(base) * scale;
    match (utility, points.get(reached)) {
        (Utility::Concave(_), Some(&(end, top))) if over(start) > 0 => {
            let (run, rise) = (end - start, top - base);
            let numerator = level * run + BigInt::from(over(start)) * rise;
            Fraction { numerator, denominator: run }
        }
        _ => whole(level),
    }
}
