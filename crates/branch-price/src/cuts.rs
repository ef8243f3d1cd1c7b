//! Subset-row cuts: of three items that are demanded once each, no more than one host holds two.
//!
//! The inequalities of rank one of Jepsen, Petersen, Spoorendonk and Pisinger (2008) on three rows with
//! multipliers one half. They hold for every placement, so a cut that was found at one node serves
//! wherever its three items are demanded once; elsewhere its row is free.

use std::collections::BTreeMap;

use vmpack_lp::backend::BackendError;

use crate::columns::{Column, Columns};
use crate::engine::{End, Engine, Until};
use crate::residual::Residual;
use crate::restricted::Relaxed;

/// Cuts added at once.
const CUTS_PER_ROUND: usize = 20;
/// Rounds at one node.
const ROUNDS: usize = 10;
/// A violation below this is none.
const VIOLATION: f64 = 1e-3;

/// Three different items, ascending.
pub(crate) type Triple = [u32; 3];

/// How often a cut counts a column.
pub(crate) fn coefficient(triple: Triple, column: &Column) -> f64 {
    f64::from(u8::from(pays(triple, &column.items)))
}

/// Whether a pattern holds two or three of the items.
pub(crate) fn pays(triple: Triple, items: &[(u32, u32)]) -> bool {
    let holds = |&&item: &&u32| items.binary_search_by_key(&item, |&(item, _)| item).is_ok();
    triple.iter().filter(holds).count() >= 2
}

/// Whether a cut on the items holds for the placements of a residual problem.
pub(crate) fn is_valid(triple: Triple, residual: &Residual) -> bool {
    triple.iter().all(|&item| residual.demand(item) == 1)
}

impl Engine<'_> {
    /// Cuts a relaxation off that does not exceed the target, round after round, until none is violated,
    /// the node is closed, or enough rounds were made.
    pub(crate) fn cut(
        &mut self,
        residual: &Residual,
        relaxed: Relaxed,
        target: u64,
    ) -> Result<End, BackendError> {
        let mut relaxed = relaxed;
        for _ in 0..ROUNDS {
            let violated = violated(&self.columns, residual, &relaxed);
            if violated.is_empty() {
                break;
            }
            self.counters.cuts += violated.len() as u64;
            self.restricted.add_cuts(&self.columns, &violated)?;
            match self.generate(residual, target, Until::Target, &[])? {
                End::Open(next) => relaxed = next,
                end => return Ok(end),
            }
        }
        Ok(End::Open(relaxed))
    }
}

/// The cuts that a relaxation violates most.
fn violated(columns: &Columns, residual: &Residual, relaxed: &Relaxed) -> Vec<Triple> {
    // How much of the relaxation holds two items, and how much holds three.
    let mut pairs: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut triples: BTreeMap<Triple, f64> = BTreeMap::new();
    for &(column, x) in relaxed.columns.iter().filter(|&&(_, x)| x < 1.0 - VIOLATION) {
        let content = &columns.get(column).items;
        let single: Vec<u32> = content
            .iter()
            .map(|&(item, _)| item)
            .filter(|&item| residual.demand(item) == 1)
            .collect();
        for (at, &i) in single.iter().enumerate() {
            for (next, &j) in single.iter().enumerate().skip(at + 1) {
                *pairs.entry((i, j)).or_default() += x;
                for &k in &single[next + 1..] {
                    *triples.entry([i, j, k]).or_default() += x;
                }
            }
        }
    }
    let mut found: Vec<(f64, Triple)> = Vec::new();
    for (&(i, j), &first) in &pairs {
        // Beyond the pair, in order: what shares a host with both.
        for (&(_, k), &second) in pairs.range((j, 0)..=(j, u32::MAX)) {
            let Some(&third) = pairs.get(&(i, k)) else { continue };
            let all = triples.get(&[i, j, k]).copied().unwrap_or(0.0);
            let violation = first + second + third - 2.0 * all - 1.0;
            if violation > VIOLATION {
                found.push((violation, [i, j, k]));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(CUTS_PER_ROUND);
    found.into_iter().map(|(_, triple)| triple).collect()
}

#[cfg(test)]
mod tests {
    use vmpack_model::packing::Instance;

    use super::*;
    use crate::residual::Items;

    /// A relaxation that uses each of the patterns by half.
    fn halves(instance: &Instance, patterns: &[&[(u32, u32)]]) -> (Columns, Relaxed) {
        let items = Items::new(instance);
        let mut columns = Columns::default();
        let column = |&pattern: &&[(u32, u32)]| Column::new(&items, 0, pattern.to_vec());
        let used: Vec<(u32, f64)> =
            patterns.iter().map(|pattern| (columns.insert(column(pattern)), 0.5)).collect();
        (columns, Relaxed { columns: used, ..Relaxed::default() })
    }

    #[test]
    fn three_halves_of_a_triangle_are_one_too_many() {
        let sizes = [(vec![4], 1), (vec![5], 1), (vec![6], 1), (vec![2], 2)];
        let instance = Instance::identical_hosts("triangle", &[11], &sizes).expect("small");
        let residual = Residual::all(&instance);
        let pairs: [&[(u32, u32)]; 3] = [&[(0, 1), (1, 1)], &[(1, 1), (2, 1)], &[(0, 1), (2, 1)]];
        let (columns, relaxed) = halves(&instance, &pairs);
        assert_eq!(violated(&columns, &residual, &relaxed), [[0, 1, 2]]);
        // Item 3 is demanded twice: three hosts may hold two of 0, 1 and it.
        let pairs: [&[(u32, u32)]; 3] = [&[(0, 1), (1, 1)], &[(1, 1), (3, 1)], &[(0, 1), (3, 1)]];
        let (columns, relaxed) = halves(&instance, &pairs);
        assert!(violated(&columns, &residual, &relaxed).is_empty());
    }

    #[test]
    fn patterns_of_all_three_count_once() {
        let sizes = [(vec![4], 1), (vec![5], 1), (vec![6], 1)];
        let instance = Instance::identical_hosts("wide", &[15], &sizes).expect("small");
        let all: &[(u32, u32)] = &[(0, 1), (1, 1), (2, 1)];
        let pair: &[(u32, u32)] = &[(0, 1), (1, 1)];
        let (columns, relaxed) = halves(&instance, &[all, pair]);
        assert!(violated(&columns, &Residual::all(&instance), &relaxed).is_empty());
        let paid = |items: &[(u32, u32)]| pays([0, 1, 2], items);
        assert!(paid(all) && paid(pair) && paid(&[(1, 1), (2, 1)]));
        assert!(!paid(&[(1, 1)]) && !paid(&[]) && !paid(&[(2, 1), (7, 1)]));
    }
}
