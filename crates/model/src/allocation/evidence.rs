//! Evidence that the checker can derive a bound or an impossibility from, in exact fractions.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::Amounts;

/// Prices for the constraints: the dual solution of the linear program, or the multipliers of the
/// Lagrangian relaxation when utilities are stepped.
///
/// With `y >= 0` per service and `mu >= 0` per host and resource, no allocation costs less than
///
/// ```text
/// y.b - mu.C + sum over VMs i and resources r of
///     min { cost[i][r](x) - (A^T y)[i][r] x + mu[host(i)][r] x  :  reservation <= x <= limit }
/// ```
///
/// whatever the prices are (weak duality); `cost(x)` is `c x` or the utility forgone. A VM without a
/// limit is limited by the capacity of its host. The inner minimum is attained at an end of the range or
/// at a point of the utility, so the checker computes it exactly.
///
/// As prices they read: `service` entry `j` is what one more unit of demand `j` costs, `capacity` entry
/// `(h, r)` what one more unit of resource `r` on host `h` would save: *the price of a core*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multipliers {
    /// The common denominator of all prices; positive.
    pub denominator: i64,
    /// The price of each service demand times the denominator; not negative.
    pub services: Vec<i64>,
    /// The price of each host's resources times the denominator, row by row (hosts x resources); not
    /// negative.
    pub capacities: Vec<Vec<i64>>,
}

/// Evidence that there is no optimal allocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refutation {
    /// Multipliers whose bound is positive although every cost is set to zero: the constraints
    /// contradict each other (Farkas).
    Infeasible {
        /// The multipliers.
        multipliers: Multipliers,
    },
    /// A feasible allocation and a direction along which it stays feasible while the cost falls forever.
    Unbounded {
        /// The feasible allocation.
        point: Amounts,
        /// The direction, VMs x resources.
        ray: Vec<Vec<i64>>,
    },
}

impl Multipliers {
    /// All prices zero.
    pub fn zero(services: usize, hosts: usize, resources: usize) -> Self {
        Self {
            denominator: 1,
            services: vec![0; services],
            capacities: vec![vec![0; resources]; hosts],
        }
    }

    /// Prices from floating point: negative ones become zero, the others are rounded down to a multiple
    /// of `1 / denominator`. Any prices give a valid bound, so rounding costs strength, never truth.
    pub fn from_floats(denominator: i64, services: &[f64], capacities: &Array2<f64>) -> Self {
        let fixed = |price: f64| {
            let scaled = (price * denominator as f64).floor();
            // 2^62 leaves room for sums; a price beyond it is no use to anybody.
            if scaled > 0.0 { scaled.min(2_f64.powi(62)) as i64 } else { 0 }
        };
        Self {
            denominator,
            services: services.iter().map(|&y| fixed(y)).collect(),
            capacities: capacities
                .outer_iter()
                .map(|row| row.iter().map(|&mu| fixed(mu)).collect())
                .collect(),
        }
    }
}
