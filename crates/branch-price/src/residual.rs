//! What is left to place: items with demands and conflicts, after decisions of a dive or a tree.

use std::collections::HashMap;

use vmpack_model::packing::Instance;

use crate::columns::Column;

/// The items of all nodes: VM types first, then glued pairs in the order in which they first came up.
#[derive(Debug)]
pub(crate) struct Items {
    dimensions: usize,
    /// Items x resources.
    sizes: Vec<u64>,
    /// What an item consists of, in VM types.
    parts: Vec<Vec<(usize, u64)>>,
    /// Items made of a pair.
    glued: HashMap<(u32, u32), Vec<u32>>,
}

impl Items {
    pub(crate) fn new(instance: &Instance) -> Self {
        Self {
            dimensions: instance.dimensions(),
            sizes: instance.demands().iter().copied().collect(),
            parts: (0..instance.rows()).map(|row| vec![(row, 1)]).collect(),
            glued: HashMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(crate) fn size(&self, item: u32) -> &[u64] {
        let at = item as usize * self.dimensions;
        &self.sizes[at..at + self.dimensions]
    }

    /// The VM types in an item, with their numbers.
    pub(crate) fn parts(&self, item: u32) -> &[(usize, u64)] {
        &self.parts[item as usize]
    }

    fn glue(&mut self, first: u32, second: u32) -> u32 {
        let size: Vec<u64> =
            self.size(first).iter().zip(self.size(second)).map(|(a, b)| a + b).collect();
        self.sizes.extend(size);
        let mut parts = self.parts[first as usize].clone();
        for &(row, count) in &self.parts[second as usize] {
            match parts.iter_mut().find(|(known, _)| *known == row) {
                Some((_, total)) => *total += count,
                None => parts.push((row, count)),
            }
        }
        self.parts.push(parts);
        (self.parts.len() - 1) as u32
    }
}

/// The residual problem of a node.
#[derive(Clone, Debug)]
pub(crate) struct Residual {
    /// How many of each item must be placed; items beyond the end are not demanded.
    pub(crate) demand: Vec<u64>,
    /// Pairs that may not share a host, sorted, the smaller item first.
    pub(crate) conflicts: Vec<(u32, u32)>,
    /// Cost of hosts that are already filled.
    pub(crate) spent: u64,
    /// Hosts of each type that are already filled.
    pub(crate) opened: Vec<u64>,
    /// Between which numbers of hosts of each type, filled ones included, decisions confine placements.
    pub(crate) bounds: Vec<(u64, u64)>,
    /// What is demanded of each resource.
    pub(crate) load: Vec<u64>,
    /// Items in the order in which a judge numbers them along the path.
    pub(crate) order: Vec<u32>,
}

impl Residual {
    /// Everything is left.
    pub(crate) fn all(instance: &Instance) -> Self {
        let demand: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
        let load = (0..instance.dimensions())
            .map(|k| (0..instance.rows()).map(|row| demand[row] * instance.demand(row)[k]).sum())
            .collect();
        Self {
            order: (0..demand.len() as u32).collect(),
            demand,
            conflicts: Vec::new(),
            spent: 0,
            opened: vec![0; instance.hosts().len()],
            bounds: vec![(0, u64::MAX); instance.hosts().len()],
            load,
        }
    }

    pub(crate) fn demand(&self, item: u32) -> u64 {
        self.demand.get(item as usize).copied().unwrap_or(0)
    }

    /// The items that are still demanded.
    pub(crate) fn live(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.demand.len() as u32).filter(|&item| self.demand(item) > 0)
    }

    /// How many more hosts of a type are in stock; `None` if that is unlimited.
    pub(crate) fn hosts_left(&self, instance: &Instance, t: usize) -> Option<u64> {
        instance.hosts()[t].stock.map(|stock| stock.saturating_sub(self.opened[t]))
    }

    /// How many more hosts of a type decisions demand.
    pub(crate) fn fewest_hosts(&self, t: usize) -> u64 {
        self.bounds[t].0.saturating_sub(self.opened[t])
    }

    /// How many more hosts of a type decisions allow.
    pub(crate) fn most_hosts(&self, t: usize) -> u64 {
        match self.bounds[t].1 {
            u64::MAX => u64::MAX,
            most => most.saturating_sub(self.opened[t]),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.demand.iter().all(|&demand| demand == 0)
    }

    pub(crate) fn conflict(&self, i: u32, j: u32) -> bool {
        !self.conflicts.is_empty() && self.conflicts.binary_search(&(i.min(j), i.max(j))).is_ok()
    }

    /// Fills `times` hosts with a column. The demands must suffice.
    pub(crate) fn fix(&mut self, column: &Column, cost: u64, times: u64) {
        for &(item, count) in &column.items {
            self.demand[item as usize] -= u64::from(count) * times;
        }
        for (left, load) in self.load.iter_mut().zip(&column.load) {
            *left -= load * times;
        }
        self.spent += cost * times;
        self.opened[column.host] += times;
    }

    /// Glues one of each: see [`vmpack_model::packing::TreeNode`] for what this means.
    pub(crate) fn together(&mut self, items: &mut Items, first: u32, second: u32) -> u32 {
        let pair = (first.min(second), first.max(second));
        let mut inherited = self.enemies(first);
        inherited.extend(self.enemies(second));
        inherited.sort_unstable();
        inherited.dedup();
        let known = items.glued.get(&pair).cloned().unwrap_or_default();
        let alike = |&&item: &&u32| known.contains(&item) && self.enemies(item) == inherited;
        let reusable = self.order.iter().find(alike).copied();
        let glued = reusable.unwrap_or_else(|| {
            // Items of this pair that are not on the path carry columns of other nodes.
            let spare = known.iter().copied().find(|item| !self.order.contains(item));
            let item = spare.unwrap_or_else(|| {
                let item = items.glue(first, second);
                items.glued.entry(pair).or_default().push(item);
                item
            });
            self.order.push(item);
            let pairs = inherited.iter().map(|&other| (item.min(other), item.max(other)));
            self.conflicts.extend(pairs);
            self.conflicts.sort_unstable();
            self.conflicts.dedup();
            item
        });
        if self.demand.len() <= glued as usize {
            self.demand.resize(glued as usize + 1, 0);
        }
        self.demand[first as usize] -= 1;
        self.demand[second as usize] -= 1;
        self.demand[glued as usize] += 1;
        glued
    }

    /// The items in conflict with an item, in order.
    fn enemies(&self, item: u32) -> Vec<u32> {
        let of_pair = |&(i, j): &(u32, u32)| match (i == item, j == item) {
            (true, _) => Some(j),
            (_, true) => Some(i),
            _ => None,
        };
        let mut enemies: Vec<u32> = self.conflicts.iter().filter_map(of_pair).collect();
        enemies.sort_unstable();
        enemies
    }

    /// Keeps the two apart.
    pub(crate) fn apart(&mut self, first: u32, second: u32) {
        let pair = (first.min(second), first.max(second));
        if let Err(at) = self.conflicts.binary_search(&pair) {
            self.conflicts.insert(at, pair);
        }
    }
}
