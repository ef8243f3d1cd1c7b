//! Watching a method at work.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::Value;

/// Hears of every better incumbent and every better bound while a method runs.
pub trait Observer {
    /// A feasible solution of this cost was found; costs only fall.
    fn incumbent(&mut self, cost: Value);

    /// No feasible solution costs less than this; bounds only rise.
    fn bound(&mut self, value: Value);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullObserver;

impl Observer for NullObserver {
    fn incumbent(&mut self, _cost: Value) {}
    fn bound(&mut self, _value: Value) {}
}

/// One step of a [`Trajectory`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryPoint {
    /// Seconds of wall time since the observer was made.
    pub seconds: f64,
    /// The cost of the best solution so far.
    pub cost: Option<Value>,
    /// The best lower bound so far.
    pub bound: Option<Value>,
}

/// Remembers when incumbent and bound improved: what anytime figures and the primal integral need.
#[derive(Clone, Debug)]
pub struct Trajectory {
    started: Instant,
    points: Vec<TrajectoryPoint>,
}

impl Default for Trajectory {
    fn default() -> Self {
        Self { started: Instant::now(), points: Vec::new() }
    }
}

impl Trajectory {
    /// The points in order of time; cost falls and bound rises along them.
    pub fn into_points(self) -> Vec<TrajectoryPoint> {
        self.points
    }

    fn push(&mut self, cost: Option<Value>, bound: Option<Value>) {
        let last = self.points.last();
        let (best_cost, best_bound) = last.map_or((None, None), |p| (p.cost, p.bound));
        let cost = match (best_cost, cost) {
            (Some(best), Some(new)) => Some(best.min(new)),
            (best, new) => new.or(best),
        };
        let bound = best_bound.max(bound);
        if (cost, bound) != (best_cost, best_bound) {
            let seconds = self.started.elapsed().as_secs_f64();
            self.points.push(TrajectoryPoint { seconds, cost, bound });
        }
    }
}

impl Observer for Trajectory {
    fn incumbent(&mut self, cost: Value) {
        self.push(Some(cost), None);
    }

    fn bound(&mut self, value: Value) {
        self.push(None, Some(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_improvements_only() {
        let mut trajectory = Trajectory::default();
        trajectory.bound(Value::from(3_u64));
        trajectory.incumbent(Value::from(9_u64));
        trajectory.incumbent(Value::from(10_u64));
        trajectory.bound(Value::from(2_u64));
        trajectory.incumbent(Value::from(5_u64));
        let points = trajectory.into_points();
        let pairs: Vec<_> = points.iter().map(|p| (p.cost, p.bound)).collect();
        let v = |n: u64| Some(Value::from(n));
        assert_eq!(pairs, [(None, v(3)), (v(9), v(3)), (v(5), v(3))]);
    }
}
