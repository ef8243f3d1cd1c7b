//! Which pair of items to branch on, or which host type.

use crate::engine::Engine;
use crate::residual::Residual;
use crate::restricted::Relaxed;

/// A value this far from an integer is fractional.
const FRACTIONAL: f64 = 1e-3;

/// How often a column holds a pair, and how often the column is used.
struct Together {
    pair: (u32, u32),
    x: f64,
    times: u32,
}

/// Whether the columns that hold a pair make it worth branching on.
type Test = fn(&[Together]) -> bool;

/// Affinities may be integer where columns are not; and where all columns are, any pair will do.
const TESTS: [Test; 3] = [
    |group| is_fractional(group.iter().map(|entry| entry.x * f64::from(entry.times)).sum()),
    |group| group.iter().any(|entry| is_fractional(entry.x)),
    |_| true,
];

/// What makes a pair the better choice: pairs of the history first, the front of it before the rest, then
/// large ones.
#[derive(PartialEq, PartialOrd)]
struct Merit {
    failed: bool,
    rank: std::cmp::Reverse<usize>,
    extent: f64,
}

impl Engine<'_> {
    /// The host type to branch on and the number of hosts below which its relaxed number is: the one whose
    /// fraction of a host costs most. `None` if all numbers are whole, or there is one type.
    pub(crate) fn choose_hosts(&self, relaxed: &Relaxed) -> Option<(usize, u64)> {
        let hosts = self.instance().hosts();
        let mut best: Option<(f64, usize)> = None;
        for (t, host) in hosts.iter().enumerate().filter(|_| hosts.len() > 1) {
            let x = relaxed.hosts[t];
            let merit = (x - x.round()).abs() * host.cost as f64;
            if is_fractional(x) && best.is_none_or(|(known, _)| known < merit) {
                best = Some((merit, t));
            }
        }
        best.map(|(_, t)| (t, relaxed.hosts[t].floor() as u64))
    }

    /// The pair to branch on: the first of the history that is fractional, else the fractional one of
    /// greatest size. `None` if no column holds two items.
    pub(crate) fn choose(
        &self,
        residual: &Residual,
        relaxed: &Relaxed,
        history: &[(u32, u32)],
    ) -> Option<(u32, u32)> {
        let mut together: Vec<Together> = Vec::new();
        for &(column, x) in &relaxed.columns {
            let content = &self.columns.get(column).items;
            for (at, &(i, n)) in content.iter().enumerate() {
                if n >= 2 && residual.demand(i) >= 2 {
                    together.push(Together { pair: (i, i), x, times: n * (n - 1) / 2 });
                }
                for &(j, m) in &content[at + 1..] {
                    together.push(Together { pair: (i, j), x, times: n * m });
                }
            }
        }
        together.sort_by_key(|entry| entry.pair);
        TESTS.iter().find_map(|test| {
            let mut best: Option<(Merit, (u32, u32))> = None;
            let groups = together.chunk_by(|a, b| a.pair == b.pair);
            for group in groups.filter(|group| test(group)) {
                let pair = group[0].pair;
                let place = history.iter().position(|&known| known == pair);
                let merit = Merit {
                    failed: place.is_some(),
                    rank: std::cmp::Reverse(place.unwrap_or(0)),
                    extent: self.extent(pair.0) + self.extent(pair.1),
                };
                if best.as_ref().is_none_or(|(known, _)| *known < merit) {
                    best = Some((merit, pair));
                }
            }
            best.map(|(_, pair)| pair)
        })
    }

    /// How large an item is: its greatest share of a largest capacity.
    fn extent(&self, item: u32) -> f64 {
        let instance = self.instance();
        let shares = self.items.size(item).iter().enumerate().map(|(k, &size)| {
            let capacity = (0..instance.hosts().len()).map(|t| instance.capacity(t)[k]).max();
            size as f64 / capacity.unwrap_or(1).max(1) as f64
        });
        shares.fold(0.0, f64::max)
    }
}

fn is_fractional(x: f64) -> bool {
    (x - x.round()).abs() >= FRACTIONAL
}
