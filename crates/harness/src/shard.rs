//! Parts of a plan, for several machines.
//!
//! A plan is divided by the expected times of its runs, longest first, each to the part that has least so far (Graham's
//! rule, at most 4/3 of the best division's longest part). What decides is the set of run ids and expected times alone:
//! every machine that plans the same runs divides them alike.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use vmpack_results::{Shards, StoreError, read};

use crate::{Plan, Run, Work};

/// One part of a plan: `index` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Into how many the plan is divided.
    pub count: usize,
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `I/N`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected I/N, such as 3/8, found {text:?}");
        let (index, count) = text.split_once('/').ok_or_else(expected)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| expected());
        let shard = Self { index: number(index)?, count: number(count)? };
        match shard {
            Self { count: 0, .. } => Err(format!("expected at least one part, found {text:?}")),
            Self { index, count } if index == 0 || index > count => {
                Err(format!("expected a part from 1 to {count}, found {text:?}"))
            }
            shard => Ok(shard),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// How long runs are expected to take, in microseconds of wall time.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// What the same run took before.
    runs: BTreeMap<String, u64>,
    /// The median of a method's earlier runs.
    methods: BTreeMap<String, u64>,
}

impl Expectation {
    /// From the times of the records in some stores. Without any, every run is expected to take all of its wall limit.
    ///
    /// # Errors
    /// If a store cannot be read.
    pub fn read<'a>(directories: impl IntoIterator<Item = &'a Path>) -> Result<Self, StoreError> {
        let mut runs = BTreeMap::new();
        let mut methods: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for directory in directories {
            for record in read(directory)? {
                let record = record?;
                let micros = micros(record.measurement.process_wall_s);
                runs.insert(record.run, micros);
                methods.entry(record.method).or_default().push(micros);
            }
        }
        let median = |mut times: Vec<u64>| {
            let middle = times.len() / 2;
            *times.select_nth_unstable(middle).1
        };
        let methods = methods.into_iter().map(|(method, times)| (method, median(times))).collect();
        Ok(Self { runs, methods })
    }

    /// Microseconds of a run, at least one: what the same run took, else the median of its method up to the limit, else
    /// the limit.
    pub fn micros(&self, run: &PlannedRun) -> u64 {
        let limit = micros(run.wall_s);
        let known = self.runs.get(&run.run).copied();
        known.or_else(|| Some(limit.min(*self.methods.get(&run.method)?))).unwrap_or(limit)
    }
}

/// What decides into which part a run comes, and what planning it again takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Its id.
    pub run: String,
    /// The method, or the policy, as records name it.
    pub method: String,
    /// The wall limit in seconds.
    pub wall_s: f64,
    /// Where its instance stands, as [`Plan::places`] has it; of replays, and of what earlier versions planned, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<(usize, usize)>,
}

impl PlannedRun {
    /// Of a run of a plan.
    pub fn of(plan: &Plan, run: &Run) -> Self {
        let instance = match run.work {
            Work::Solve { instance, .. } => Some(plan.places[instance]),
            Work::Replay(_) => None,
        };
        let method = run.method_name().to_owned();
        Self { run: run.id.clone(), method, wall_s: run.limits.wall_s, instance }
    }
}

fn micros(seconds: f64) -> u64 {
    // Saturates: limits have no upper end.
    ((seconds * 1e6) as u64).max(1)
}

/// Divides items of known size into `count` parts, longest first, each to the part that has least; of equal ones, to that
/// with fewer items and the smaller number. Returns the part of each item, from 0, and depends on the set of `(size, id)`
/// alone. O(n log n).
pub fn divide(items: &[(u64, &str)], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_unstable_by_key(|&item| (Reverse(items[item].0), items[item].1));
    // No part gets a second item while one has none, so parts beyond the number of items stay empty.
    let mut parts: BinaryHeap<Reverse<(u128, usize, usize)>> =
        (0..count.min(items.len())).map(|part| Reverse((0, 0, part))).collect();
    let mut part_of = vec![0; items.len()];
    for item in order {
        let Some(Reverse((size, held, part))) = parts.pop() else { break };
        part_of[item] = part;
        parts.push(Reverse((size + u128::from(items[item].0), held + 1, part)));
    }
    part_of
}

impl Plan {
    /// Keeps one part of the plan, in the order of the whole.
    pub fn keep_shard(&mut self, shard: Shard, expectation: &Expectation) {
        let micros = |run: &Run| expectation.micros(&PlannedRun::of(self, run));
        let items: Vec<(u64, &str)> =
            self.runs.iter().map(|run| (micros(run), run.id.as_str())).collect();
        let mut part_of = divide(&items, shard.count).into_iter();
        self.runs.retain(|_| part_of.next() == Some(shard.index - 1));
        self.says(shard);
    }

    /// Keeps the runs with these ids, in their order, as one part of a plan that was divided elsewhere; the ids that are not
    /// planned here.
    pub fn keep_runs(&mut self, ids: &[String], shard: Shard) -> Vec<String> {
        let places: HashMap<&str, usize> =
            ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        self.runs.retain(|run| places.contains_key(run.id.as_str()));
        self.runs.sort_by_key(|run| places[run.id.as_str()]);
        self.says(shard);
        let planned: BTreeSet<&str> = self.runs.iter().map(|run| run.id.as_str()).collect();
        ids.iter().filter(|id| !planned.contains(id.as_str())).cloned().collect()
    }

    fn says(&mut self, shard: Shard) {
        let planned = BTreeMap::from([(shard.index as u64, self.runs.len() as u64)]);
        self.shards = Some(Shards { of: shard.count as u64, planned });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_written_as_i_of_n() {
        assert_eq!("3/8".parse(), Ok(Shard { index: 3, count: 8 }));
        assert_eq!("1/1".parse::<Shard>().map(|shard| shard.to_string()), Ok("1/1".to_owned()));
        for (text, message) in [
            ("0/4", "a part from 1 to 4"),
            ("5/4", "a part from 1 to 4"),
            ("1/0", "at least one part"),
            ("0/0", "at least one part"),
            ("3", "expected I/N"),
            ("-1/4", "expected I/N"),
            ("a/b", "expected I/N"),
            ("1/2/3", "expected I/N"),
        ] {
            let error = text.parse::<Shard>().expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    /// The longest part of the best division, by trying all.
    fn best(sizes: &[u64], parts: &mut [u64]) -> u64 {
        let Some((&first, rest)) = sizes.split_first() else {
            return parts.iter().copied().max().unwrap_or(0);
        };
        let mut least = u64::MAX;
        for part in 0..parts.len() {
            parts[part] += first;
            least = least.min(best(rest, parts));
            parts[part] -= first;
        }
        least
    }

    fn loads(sizes: &[u64], part_of: &[usize], count: usize) -> Vec<u64> {
        let mut loads = vec![0; count];
        for (&size, &part) in sizes.iter().zip(part_of) {
            loads[part] += size;
        }
        loads
    }

    fn named(sizes: &[u64]) -> Vec<(u64, String)> {
        sizes.iter().enumerate().map(|(i, &size)| (size, format!("{:08x}", i * 7919))).collect()
    }

    fn borrowed(items: &[(u64, String)]) -> Vec<(u64, &str)> {
        items.iter().map(|(size, id)| (*size, id.as_str())).collect()
    }

    proptest! {
        /// Everything is in one part; no two parts differ by more than one item's size; the order of the plan is nothing.
        #[test]
        fn a_division_is_even_and_does_not_depend_on_the_order(
            sizes in prop::collection::vec(1_u64..1000, 0..60),
            count in 1_usize..9,
            turn in 0_usize..60,
        ) {
            let mut items = named(&sizes);
            let part_of = divide(&borrowed(&items), count);
            prop_assert_eq!(part_of.len(), sizes.len());
            prop_assert!(part_of.iter().all(|&part| part < count));
            let loads = loads(&sizes, &part_of, count);
            let most = loads.iter().max().copied().unwrap_or(0);
            let spread = most - loads.iter().min().copied().unwrap_or(0);
            prop_assert!(spread <= sizes.iter().copied().max().unwrap_or(0), "{:?}", loads);
            let by_id = |items: &[(u64, String)], parts: Vec<usize>| -> BTreeMap<String, usize> {
                items.iter().map(|(_, id)| id.clone()).zip(parts).collect()
            };
            let before = by_id(&items, part_of);
            items.rotate_left(turn.min(sizes.len()));
            let after = by_id(&items, divide(&borrowed(&items), count));
            prop_assert_eq!(before, after);
        }

        /// Graham's bound.
        #[test]
        fn a_division_is_near_the_best(
            sizes in prop::collection::vec(1_u64..50, 1..8),
            count in 1_usize..4,
        ) {
            let part_of = divide(&borrowed(&named(&sizes)), count);
            let longest = loads(&sizes, &part_of, count).into_iter().max().unwrap_or(0);
            let best = best(&sizes, &mut vec![0; count]);
            let m = count as u64;
            prop_assert!(3 * m * longest <= (4 * m - 1) * best, "{} of {}", longest, best);
        }
    }

    #[test]
    fn more_parts_than_runs_are_no_burden() {
        let items = named(&[3, 9, 5]);
        assert_eq!(divide(&borrowed(&items), usize::MAX), [2, 0, 1]);
        assert_eq!(divide(&[], usize::MAX), [0; 0]);
    }

    #[test]
    fn equal_runs_are_dealt_out_evenly() {
        let items = named(&[5; 10]);
        let mut held = [0; 4];
        for part in divide(&borrowed(&items), 4) {
            held[part] += 1;
        }
        assert_eq!(held, [3, 3, 2, 2]);
    }
}
