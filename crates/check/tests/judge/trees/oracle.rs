//! A small solver that writes trees, with residual problems of its own: replayed by cloning, patterns
//! enumerated, weights by the perceptron rule.

use std::collections::BTreeSet;

use vmpack_model::packing::{Instance, TreeNode, WeightedCut};

/// Random numbers from a seed (`SplitMix64`, Steele, Lea and Flood 2014).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// The residual problem of a node.
#[derive(Clone)]
struct State {
    sizes: Vec<Vec<u64>>,
    demands: Vec<u64>,
    pairs: Vec<Option<BTreeSet<usize>>>,
    conflicts: BTreeSet<(usize, usize)>,
}

impl State {
    fn root(instance: &Instance) -> Self {
        let n = instance.vms().len();
        Self {
            sizes: (0..n).map(|i| instance.demand(i).to_vec()).collect(),
            demands: instance.vms().iter().map(|vm| vm.count).collect(),
            pairs: vec![None; n],
            conflicts: BTreeSet::new(),
        }
    }

    fn conflicts_of(&self, item: usize) -> BTreeSet<usize> {
        let touching = self.conflicts.iter().filter(|(a, b)| *a == item || *b == item);
        touching.map(|&(a, b)| if a == item { b } else { a }).collect()
    }

    fn apart(&self, a: usize, b: usize) -> Self {
        let mut child = self.clone();
        child.conflicts.insert((a.min(b), a.max(b)));
        child
    }

    fn together(&self, a: usize, b: usize) -> Self {
        let mut child = self.clone();
        child.demands[a] -= 1;
        child.demands[b] -= 1;
        let pair = Some(BTreeSet::from([a, b]));
        let conflicts: BTreeSet<usize> = &self.conflicts_of(a) | &self.conflicts_of(b);
        let equal =
            |&item: &usize| self.pairs[item] == pair && self.conflicts_of(item) == conflicts;
        if let Some(item) = (0..self.sizes.len()).find(equal) {
            child.demands[item] += 1;
            return child;
        }
        let item = self.sizes.len();
        child.sizes.push(self.sizes[a].iter().zip(&self.sizes[b]).map(|(x, y)| x + y).collect());
        child.demands.push(1);
        child.pairs.push(pair);
        child.conflicts.extend(conflicts.into_iter().map(|other| (other, item)));
        child
    }

    /// What one host may hold.
    fn patterns(&self, capacity: &[u64], least: &[u64]) -> Vec<Vec<u64>> {
        let mut patterns = vec![Vec::new()];
        for (item, &demand) in self.demands.iter().enumerate() {
            let most = if self.conflicts.contains(&(item, item)) { demand.min(1) } else { demand };
            let longer = patterns.iter().flat_map(|pattern: &Vec<u64>| {
                (0..=most).map(move |copies| [&pattern[..], &[copies]].concat())
            });
            patterns = longer.filter(|pattern| self.fits(pattern, capacity)).collect();
        }
        let filled =
            |pattern: &Vec<u64>| (0..least.len()).all(|k| self.load(pattern, k) >= least[k]);
        patterns.retain(filled);
        patterns
    }

    fn load(&self, pattern: &[u64], k: usize) -> u64 {
        pattern.iter().zip(&self.sizes).map(|(copies, size)| copies * size[k]).sum()
    }

    fn fits(&self, pattern: &[u64], capacity: &[u64]) -> bool {
        let holds = |item: usize| pattern.get(item).is_some_and(|&copies| copies > 0);
        (0..capacity.len()).all(|k| self.load(pattern, k) <= capacity[k])
            && self.conflicts.iter().all(|&(a, b)| a == b || !holds(a) || !holds(b))
    }
}

/// The search for a tree that shows that no placement costs less than `below`, which is positive.
pub(super) struct Writer<'a> {
    instance: &'a Instance,
    most: u64,
    /// The least and the greatest number of hosts of each type.
    hosts: Vec<(u64, u64)>,
    /// What a host of each type holds at least.
    least: Vec<Vec<u64>>,
    dice: Dice,
    /// Rounds of the perceptron at a leaf.
    patience: usize,
    nodes: Vec<TreeNode>,
    /// Whether all leaves hold.
    proved: bool,
}

/// Writes a tree, and says whether its leaves hold in the writer's own opinion. Where no branching is
/// left, or the dice say so, the last weights tried stand in for a proof.
pub(super) fn write(
    instance: &Instance,
    below: u64,
    seed: u64,
    patience: usize,
) -> (Vec<TreeNode>, bool) {
    let stocked = instance.hosts().iter().filter(|host| host.stock != Some(0));
    let costs: Vec<u64> = stocked.map(|host| host.cost).collect();
    let divides = |step: &u64| costs.iter().all(|cost| cost % step == 0);
    let largest = costs.iter().max().copied().unwrap_or(0);
    let step = (1..=largest).rev().find(divides);
    let most = step.map_or(0, |step| (below - 1) / step * step);
    let vms: u64 = instance.vms().iter().map(|vm| vm.count).sum();
    let open: Vec<u64> = instance
        .hosts()
        .iter()
        .map(|host| {
            let paid = most.checked_div(host.cost).unwrap_or(vms).min(vms);
            host.stock.map_or(paid, |stock| stock.min(paid))
        })
        .collect();
    let least: Vec<Vec<u64>> =
        (0..open.len()).map(|t| least_loads(instance, most, &open, t)).collect();
    let hosts = (0..open.len())
        .map(|t| {
            let full = (0..instance.dimensions()).all(|k| least[t][k] <= instance.capacity(t)[k]);
            (0, if full { open[t] } else { 0 })
        })
        .collect();
    let dice = Dice(seed);
    let nodes = Vec::new();
    let mut writer = Writer { instance, most, hosts, least, dice, patience, nodes, proved: true };
    writer.node(&State::root(instance));
    (writer.nodes, writer.proved)
}

/// What placements cost at most that open no host in vain.
pub(super) fn greatest_cost(instance: &Instance) -> u64 {
    let vms: u64 = instance.vms().iter().map(|vm| vm.count).sum();
    let stocked = || instance.hosts().iter().filter(|host| host.stock != Some(0));
    let all: u64 = stocked().map(|host| host.stock.unwrap_or(vms).min(vms) * host.cost).sum();
    all.min(vms * stocked().map(|host| host.cost).max().unwrap_or(0))
}

/// What a host of type `t` holds at least of each resource.
fn least_loads(instance: &Instance, most: u64, open: &[u64], t: usize) -> Vec<u64> {
    let cost = |t: usize| instance.hosts()[t].cost as i64;
    let load = |k: usize| {
        let capacity = |t: usize| instance.capacity(t)[k] as i64;
        let vms = instance.vms().iter().enumerate();
        let total: u64 = vms.map(|(i, vm)| vm.count * instance.demand(i)[k]).sum();
        let total = total as i64;
        let mut least = 0;
        if let [open] = open {
            least = capacity(0) + total - *open as i64 * capacity(0);
        } else {
            for r in 0..open.len() {
                if open[r] == 0 || cost(r) == 0 || capacity(r) == 0 {
                    continue;
                }
                // Dual values of the volume: a unit is worth the cost of r per unit, and hosts that
                // are cheaper have a price.
                let may = |t: usize| (capacity(r) * cost(t)).max(cost(r) * capacity(t));
                let prices: i64 = (0..open.len())
                    .map(|t| (may(t) - capacity(r) * cost(t)) * open[t] as i64)
                    .sum();
                let room = capacity(r) * most as i64 + prices - cost(r) * total;
                // The smallest load that wastes no more.
                let fits = |load: &i64| may(t) - cost(r) * load <= room;
                least = least.max((0..10_000).find(fits).expect("some load is enough"));
            }
        }
        least.max(0) as u64
    };
    (0..instance.dimensions()).map(load).collect()
}

impl Writer<'_> {
    fn node(&mut self, state: &State) {
        let (leaf, holds) = self.leaf(state);
        let pairs = self.undecided(state);
        let tired = self.nodes.len() > 60;
        if holds || tired || pairs.is_empty() {
            self.nodes.push(leaf);
            self.proved &= holds;
            return;
        }
        if self.dice.below(3) == 0 {
            self.split_hosts(state);
            return;
        }
        let (first, second) = pairs[self.dice.below(pairs.len())];
        let node = self.nodes.len();
        self.nodes.push(leaf);
        self.node(&state.together(first, second));
        let apart = self.nodes.len();
        self.nodes[node] = TreeNode::Branch { first, second, apart };
        self.node(&state.apart(first, second));
    }

    /// Branches on how many hosts of some type are opened.
    fn split_hosts(&mut self, state: &State) {
        let host = self.dice.below(self.hosts.len());
        let (fewest, most) = self.hosts[host];
        let split = fewest + self.dice.below((most.saturating_sub(fewest) + 1) as usize) as u64;
        let node = self.nodes.len();
        self.nodes.push(TreeNode::Hosts { host, most: split, above: 0 });
        self.hosts[host] = (fewest, most.min(split));
        self.node(state);
        let above = self.nodes.len();
        self.nodes[node] = TreeNode::Hosts { host, most: split, above };
        self.hosts[host] = (fewest.max(split + 1), most);
        self.node(state);
        self.hosts[host] = (fewest, most);
    }

    /// The greatest sum of the limits of hosts that a placement may open; `None` if it may open none.
    fn offer(&self, limits: &[i64]) -> Option<i64> {
        fn best(writer: &Writer<'_>, limits: &[i64], t: usize, left: u64) -> Option<i64> {
            let Some(&(fewest, most)) = writer.hosts.get(t) else { return Some(0) };
            let cost = writer.instance.hosts()[t].cost;
            let affordable = (fewest..=most).take_while(|hosts| hosts * cost <= left);
            let each = |hosts: u64| {
                let rest = best(writer, limits, t + 1, left - hosts * cost)?;
                Some(rest + hosts as i64 * limits[t])
            };
            affordable.filter_map(each).max()
        }
        best(self, limits, 0, self.most)
    }

    /// Pairs that share some pattern.
    fn undecided(&self, state: &State) -> Vec<(usize, usize)> {
        let mut pairs = BTreeSet::new();
        let dimensions = self.instance.dimensions();
        for t in 0..self.hosts.len() {
            for pattern in state.patterns(self.instance.capacity(t), &vec![0; dimensions]) {
                for a in 0..pattern.len() {
                    for b in a..pattern.len() {
                        let both =
                            if a == b { pattern[a] > 1 } else { pattern[a] > 0 && pattern[b] > 0 };
                        if both {
                            pairs.insert(if dimensions > 1 { (a, b) } else { (b, a) });
                        }
                    }
                }
            }
        }
        pairs.into_iter().collect()
    }

    /// Weights that make the hosts hold too little, by correcting them with what the heaviest patterns
    /// hold too much or too little of; and whether they do.
    fn leaf(&mut self, state: &State) -> (TreeNode, bool) {
        let patterns: Vec<Vec<Vec<u64>>> = (0..self.hosts.len())
            .map(|t| state.patterns(self.instance.capacity(t), &self.least[t]))
            .collect();
        let single: Vec<usize> =
            (0..state.demands.len()).filter(|&i| state.demands[i] == 1).collect();
        let mut triples = Vec::new();
        for _ in 0..self.dice.below(4) {
            let mut rest = single.clone();
            if rest.len() > 2 {
                triples.push([0; 3].map(|_| rest.swap_remove(self.dice.below(rest.len()))));
            }
        }
        let demands: Vec<i64> = state.demands.iter().map(|&demand| demand as i64).collect();
        let costs: Vec<i64> = self.instance.hosts().iter().map(|host| host.cost as i64).collect();
        let mut weights = demands.clone();
        let mut paid = vec![0_i64; triples.len()];
        let mut scale = 1_i64;
        let held = |pattern: &[u64], triple: &[usize; 3]| {
            triple.iter().filter(|&&i| pattern[i] > 0).count() > 1
        };
        for round in 0.. {
            let value = |pattern: &&Vec<u64>| {
                let full: i64 = pattern.iter().zip(&weights).map(|(&x, w)| x as i64 * w).sum();
                let cuts = triples.iter().zip(&paid).filter(|(triple, _)| held(pattern, triple));
                full - cuts.map(|(_, paid)| paid).sum::<i64>()
            };
            let heaviest: Vec<Option<&Vec<u64>>> =
                patterns.iter().map(|p| p.iter().max_by_key(value)).collect();
            let excess = |t: usize| heaviest[t].map_or(0, |p| value(&p) - scale * costs[t]).max(0);
            let prices: Vec<i64> =
                (0..costs.len()).map(|t| if self.hosts[t].1 > 0 { excess(t) } else { 0 }).collect();
            let limits: Vec<i64> =
                prices.iter().zip(&costs).map(|(price, cost)| scale * cost + price).collect();
            let all: i64 = weights.iter().zip(&demands).map(|(w, d)| w * d).sum();
            let weight = all - paid.iter().sum::<i64>();
            let holds = self.offer(&limits).is_none_or(|offered| weight > offered);
            if holds || round >= self.patience {
                let unsigned = |numbers: &[i64]| numbers.iter().map(|&x| x as u64).collect();
                let cuts = triples.iter().zip(&paid);
                let leaf = TreeNode::Leaf {
                    weights: unsigned(&weights),
                    scale: scale as u64,
                    prices: unsigned(&prices),
                    cuts: cuts
                        .map(|(&items, &weight)| WeightedCut { items, weight: weight as u64 })
                        .collect(),
                };
                return (leaf, holds);
            }
            let mut change = demands.clone();
            let mut cheaper = self.most as i64;
            let mut relief = vec![-1_i64; triples.len()];
            for t in (0..costs.len()).filter(|&t| prices[t] > 0) {
                let (open, Some(pattern)) = (self.hosts[t].1 as i64, heaviest[t]) else { continue };
                cheaper -= open * costs[t];
                for (change, &x) in change.iter_mut().zip(pattern) {
                    *change -= open * x as i64;
                }
                for (relief, triple) in relief.iter_mut().zip(&triples) {
                    *relief += if held(pattern, triple) { open } else { 0 };
                }
            }
            let correct = |numbers: &mut [i64], by: &[i64]| {
                numbers.iter_mut().zip(by).for_each(|(x, by)| *x = (*x + by).max(0));
            };
            correct(&mut weights, &change);
            correct(&mut paid, &relief);
            scale = (scale - cheaper).max(0);
        }
        unreachable!("the loop has no end of its own")
    }
}
