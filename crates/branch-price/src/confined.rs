//! Confined dives: near what a failed dive had fixed.
//!
//! A dive that fails late has fixed many hosts, most of which may be right. The relaxation of the root is kept
//! near them by a row, which has all but a few of them be used, and dived from: which few are given up is for
//! the relaxation to say (local branching, Fischetti and Lodi 2003; da Silva and Schouery 2025, section 6).
//! The row changes no reduced cost that pricing looks at, so that whatever is proved on the way holds
//! without it; that a confined relaxation exceeds the target proves nothing and is not used.

use vmpack_lp::backend::BackendError;

use crate::columns::Column;
use crate::dive::Dived;
use crate::engine::{End, Engine, Until};
use crate::residual::Residual;

/// Sets of no more hosts than this confine nothing.
const FEW: u64 = 12;
/// So many sets are kept, the largest.
const SETS: usize = 10;
/// A set is given up after so many failures.
const FAILURES: u32 = 5;
/// How many hosts of a set may be given up: a few first, then more.
const RELEASED: [u64; 2] = [6, 12];

/// What a failed dive had fixed.
#[derive(Debug)]
pub(crate) struct Partial {
    /// Columns of VM types, by number.
    columns: Vec<u32>,
    /// The hosts filled with them.
    hosts: u64,
    failures: u32,
}

impl Engine<'_> {
    /// Keeps the hosts that a dive had filled before it failed, if they are more than those of another dive.
    pub(crate) fn remember(&mut self, fixed: &[(u32, u64)]) {
        let hosts = fixed.iter().map(|&(_, times)| times).sum();
        let least = self.partials.last().filter(|_| self.partials.len() >= SETS);
        if hosts <= FEW || least.is_some_and(|least| hosts <= least.hosts) {
            return;
        }
        let mut columns: Vec<u32> = fixed.iter().map(|&(column, _)| self.unglued(column)).collect();
        columns.sort_unstable();
        columns.dedup();
        if self.partials.iter().any(|known| known.columns == columns) {
            return;
        }
        let at = self.partials.partition_point(|known| known.hosts >= hosts);
        self.partials.insert(at, Partial { columns, hosts, failures: 0 });
        self.partials.truncate(SETS);
    }

    /// The column of VM types that a column with glued items stands for.
    fn unglued(&mut self, column: u32) -> u32 {
        let pattern = self.columns.get(column).pattern(&self.items);
        let content = pattern.vms.iter().map(|&(row, n)| (row as u32, n as u32)).collect();
        self.columns.insert(Column::new(&self.items, pattern.host, content))
    }

    /// Dives from the root near the largest set that is kept.
    pub(crate) fn dive_confined(
        &mut self,
        root: &Residual,
        target: u64,
    ) -> Result<Dived, BackendError> {
        let Some(set) = self.partials.first_mut() else { return Ok(Dived::Nothing) };
        set.failures += 1;
        let (columns, hosts) = (set.columns.clone(), set.hosts);
        if set.failures >= FAILURES {
            self.partials.remove(0);
        }
        self.counters.confined_dives += 1;
        for released in RELEASED {
            self.restricted.confine(&self.columns, &columns, hosts.saturating_sub(released))?;
            let dived = match self.generate(root, target, Until::Tried, &[])? {
                End::Open(relaxed) => self.dive(root, &relaxed, target)?,
                End::Found => Dived::Found,
                End::Stopped => Dived::Stopped,
                End::Closed(_) | End::TooFew | End::Unlikely => Dived::Nothing,
            };
            self.restricted.release()?;
            if dived != Dived::Nothing {
                return Ok(dived);
            }
        }
        Ok(Dived::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use vmpack_model::packing::Instance;
    use vmpack_model::{Budget, NullObserver};

    use super::*;
    use crate::incumbent::Incumbent;
    use crate::normal::Normal;

    /// Three pairs that fill hosts of 10 to the brim, and one that does not.
    #[test]
    fn a_confined_relaxation_uses_the_hosts_it_must() {
        let items = [(vec![6], 2), (vec![4], 2), (vec![5], 2)];
        let given = Instance::identical_hosts("pairs", &[10], &items).expect("valid");
        let (normal, budget) = (Normal::new(&given), Budget::default());
        let mut observer = NullObserver;
        let incumbent = Incumbent::new(&normal, &mut observer);
        let mut engine = Engine::new(&normal, &budget, incumbent).expect("options");
        let root = Residual::all(engine.instance());
        let relax =
            |engine: &mut Engine<'_>, residual: &Residual, fixed: &[(u32, u64)]| match engine
                .generate(residual, 6, Until::Converged, fixed)
                .expect("solved")
            {
                End::Open(relaxed) => relaxed,
                _ => panic!("nothing is proved"),
            };
        assert!((relax(&mut engine, &root, &[]).value - 3.0).abs() < 1e-6);

        let odd = engine.columns.insert(Column::new(&engine.items, 0, vec![(1, 1), (2, 1)]));
        engine.restricted.confine(&engine.columns, &[odd], 1).expect("rows");
        let confined = relax(&mut engine, &root, &[]);
        let used = |relaxed: &crate::restricted::Relaxed| {
            relaxed.columns.iter().find(|&&(column, _)| column == odd).map_or(0.0, |&(_, x)| x)
        };
        assert!(used(&confined) > 1.0 - 1e-6 && confined.value > 3.1, "{confined:?}");
        // A host that is filled with it counts: one more is left to open, for the last 6.
        let others = [vec![(0, 1), (1, 1)], vec![(2, 1)]];
        let others = others.map(|vms| engine.columns.insert(Column::new(&engine.items, 0, vms)));
        let fixed = [(odd, 1), (others[0], 1), (others[1], 1)];
        let mut rest = root.clone();
        for (column, times) in fixed {
            rest.fix(engine.columns.get(column), 1, times);
        }
        assert!((relax(&mut engine, &rest, &fixed).value - 1.0).abs() < 1e-6);

        engine.restricted.release().expect("a row");
        assert!((relax(&mut engine, &root, &[]).value - 3.0).abs() < 1e-6);
    }

    #[test]
    fn the_largest_sets_are_kept_in_vm_types() {
        let items = [(vec![6], 99), (vec![4], 99)];
        let given = Instance::identical_hosts("pairs", &[10], &items).expect("valid");
        let (normal, budget) = (Normal::new(&given), Budget::default());
        let mut observer = NullObserver;
        let incumbent = Incumbent::new(&normal, &mut observer);
        let mut engine = Engine::new(&normal, &budget, incumbent).expect("options");
        let pair = Column::new(&engine.items, 0, vec![(0, 1), (1, 1)]);
        let pair = engine.columns.insert(pair);
        let glued = Residual::all(engine.instance()).together(&mut engine.items, 0, 1);
        let glued = engine.columns.insert(Column::new(&engine.items, 0, vec![(glued, 1)]));
        let singles: Vec<u32> = [0, 1]
            .map(|row| engine.columns.insert(Column::new(&engine.items, 0, vec![(row, 1)])))
            .into();
        engine.remember(&[(pair, FEW)]);
        assert!(engine.partials.is_empty(), "few");
        engine.remember(&[(pair, 20)]);
        engine.remember(&[(glued, 30)]);
        engine.remember(&[(singles[0], 40)]);
        engine.remember(&[(singles[0], 10), (singles[1], 15)]);
        let kept: Vec<_> =
            engine.partials.iter().map(|set| (set.hosts, &set.columns[..])).collect();
        assert_eq!(kept, [(40, &singles[..1]), (25, &singles[..]), (20, &[pair][..])]);
    }
}
