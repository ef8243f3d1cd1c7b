//! What an amount of a resource is worth to a VM.

use serde::{Deserialize, Serialize};

use crate::Value;

/// The utility of an amount of one resource for one VM: non-decreasing, zero at zero unless a point says
/// otherwise, and constant after the last point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Utility {
    /// Piecewise linear and concave, through the points `(amount, utility)`. The first point is at amount
    /// 0; amounts rise, utilities do not fall, slopes do not rise.
    Concave(Vec<(u64, u64)>),
    /// A step function: each `(amount, utility)` is reached at that amount and holds until the next.
    /// Amounts and utilities rise; below the first amount the utility is 0.
    Steps(Vec<(u64, u64)>),
}

/// Why points are no utility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UtilityError {
    /// There are no points.
    #[error("a utility needs at least one point")]
    Empty,
    /// A concave utility starts elsewhere than at amount 0.
    #[error("the first point of a concave utility must be at amount 0")]
    Start,
    /// Amounts or utilities out of order.
    #[error("point {0}: amounts must rise, and utilities must not fall")]
    Order(usize),
    /// The slope rises at a point of a concave utility.
    #[error("point {0}: the slope rises, so the utility is not concave")]
    Slope(usize),
}

impl Utility {
    /// The utility of nothing.
    pub fn zero() -> Self {
        Self::Steps(vec![(0, 0)])
    }

    /// The points, in order of amount.
    pub fn points(&self) -> &[(u64, u64)] {
        match self {
            Self::Concave(points) | Self::Steps(points) => points,
        }
    }

    /// The greatest utility, reached at the last point.
    pub fn greatest(&self) -> u64 {
        self.points().last().map_or(0, |&(_, utility)| utility)
    }

    /// The utility of an amount; 0 for negative amounts. The arithmetic is exact.
    pub fn at(&self, amount: Value) -> Value {
        let reached = |&&(at, _): &&(u64, u64)| Value::from(at) <= amount;
        let points = self.points();
        let below = points.iter().take_while(reached).count();
        let Some(&(start, base)) = below.checked_sub(1).and_then(|i| points.get(i)) else {
            return Value::ZERO;
        };
        match (self, points.get(below)) {
            (Self::Concave(_), Some(&(end, top))) => {
                let run = i128::from(end) - i128::from(start);
                let rise = i128::from(top) - i128::from(base);
                let slope = num_rational::Ratio::new(rise, run);
                let over = amount.ratio() - Value::from(start).ratio();
                Value::from(Value::from(base).ratio() + over * slope)
            }
            _ => Value::from(base),
        }
    }

    /// Checks the order of the points.
    ///
    /// # Errors
    /// See [`UtilityError`].
    pub fn validate(&self) -> Result<(), UtilityError> {
        let points = self.points();
        if points.is_empty() {
            return Err(UtilityError::Empty);
        }
        for (i, pair) in points.windows(2).enumerate() {
            if pair[0].0 >= pair[1].0 || pair[0].1 > pair[1].1 {
                return Err(UtilityError::Order(i + 2));
            }
        }
        if let Self::Concave(_) = self {
            if points[0].0 != 0 {
                return Err(UtilityError::Start);
            }
            for (i, w) in points.windows(3).enumerate() {
                let rise = |a: (u64, u64), b: (u64, u64)| u128::from(b.1 - a.1);
                let run = |a: (u64, u64), b: (u64, u64)| u128::from(b.0 - a.0);
                if rise(w[0], w[1]) * run(w[1], w[2]) < rise(w[1], w[2]) * run(w[0], w[1]) {
                    return Err(UtilityError::Slope(i + 3));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        text.parse().expect("a value")
    }

    #[test]
    fn concave_interpolates_and_steps_do_not() {
        let concave = Utility::Concave(vec![(0, 0), (4, 8), (8, 10)]);
        assert_eq!(concave.at(value("1/2")), value("1"));
        assert_eq!(concave.at(value("6")), value("9"));
        assert_eq!(concave.at(value("99")), value("10"));
        let steps = Utility::Steps(vec![(4, 8), (8, 10)]);
        assert_eq!(steps.at(value("7/2")), value("0"));
        assert_eq!(steps.at(value("4")), value("8"));
        assert_eq!(steps.at(value("15/2")), value("8"));
    }

    #[test]
    fn points_out_of_shape_are_refused() {
        assert_eq!(Utility::Steps(vec![]).validate(), Err(UtilityError::Empty));
        assert_eq!(Utility::Concave(vec![(1, 0)]).validate(), Err(UtilityError::Start));
        assert_eq!(Utility::Steps(vec![(4, 8), (4, 9)]).validate(), Err(UtilityError::Order(2)));
        let convex = Utility::Concave(vec![(0, 0), (4, 1), (8, 10)]);
        assert_eq!(convex.validate(), Err(UtilityError::Slope(3)));
        assert_eq!(Utility::zero().validate(), Ok(()));
    }
}
