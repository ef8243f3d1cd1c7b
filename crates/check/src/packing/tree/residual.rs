//! What remains to be placed at a node: items, their demands, and which of them may not share a host.
//!
//! Why a branching loses no placement. A placement of the residual problem gives every unit of demand to
//! one host, and no host holds two units whose items are in conflict. Take two items `a` and `b`. Either
//! no host holds a unit of `a` and another unit of `b`: then the placement is one of the residual problem
//! in which the two are in conflict. Or some host does: then put these two units into one parcel. The
//! host holds the parcel and the same other units as before, each of which was allowed beside the unit of
//! `a` and beside that of `b`. So the placement, at the same cost, is one of the residual problem in which
//! both demands are one lower and the parcel is a new item that is in conflict with all that `a` or `b` is
//! in conflict with.
//!
//! *Conflicts are inherited by the parcel, not by what it is made of.* If `a` was in conflict with `x`
//! when the parcel was made, then no host of the placement has `x` beside the unit that went into it. If
//! the two are separated later, then only units of `a` are kept from `x` that are in no parcel. An item in
//! conflict with itself (no host holds two of it) is no exception: a parcel of it is in conflict with it.
//!
//! *When two parcels are one item.* A parcel of the same two items, made earlier on the path, may have
//! met other separations since, and the new one those of before. They are units of one item only if
//! exactly the same items are in conflict with both; sizes are equal then, and exchanging them changes
//! nothing. Of several such items the first is meant.

use vmpack_model::packing::Instance;

/// An item of the residual problem.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) size: Vec<u64>,
    pub(super) demand: u64,
    /// The items that may not share a host with it, in increasing order. If it is one of them itself, no
    /// host holds two of it.
    pub(super) conflicts: Vec<usize>,
    /// What it was glued from, the smaller index first.
    pair: Option<(usize, usize)>,
}

/// A residual problem.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Residual {
    pub(super) items: Vec<Item>,
}

/// Where two units went: to the last item, which was appended for it, or to an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Glued {
    Appended,
    Into(usize),
}

impl Residual {
    /// The VM types, free of conflicts.
    pub(super) fn new(instance: &Instance) -> Self {
        let items = instance.vms().iter().enumerate().map(|(i, vm)| Item {
            size: instance.demand(i).to_vec(),
            demand: vm.count,
            conflicts: Vec::new(),
            pair: None,
        });
        Self { items: items.collect() }
    }

    /// Whether there is a unit of each of the two items, two units if they are the same; else why not.
    pub(super) fn can_branch(&self, first: usize, second: usize) -> Result<(), String> {
        for index in [first, second] {
            let units = if first == second { 2 } else { 1 };
            match self.items.get(index) {
                None => return Err(format!("there is no item number {index}")),
                Some(item) if item.demand < units => {
                    let demand = item.demand;
                    return Err(format!("branches on {units} of item {index}, which has {demand}"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Puts one unit of each item into a parcel.
    pub(super) fn glue(&mut self, first: usize, second: usize) -> Glued {
        self.items[first].demand -= 1;
        self.items[second].demand -= 1;
        let mut conflicts = self.items[first].conflicts.clone();
        conflicts.extend_from_slice(&self.items[second].conflicts);
        conflicts.sort_unstable();
        conflicts.dedup();
        let pair = Some((first.min(second), first.max(second)));
        let same = |item: &Item| item.pair == pair && item.conflicts == conflicts;
        if let Some(index) = self.items.iter().position(same) {
            self.items[index].demand += 1;
            return Glued::Into(index);
        }
        let index = self.items.len();
        for &other in &conflicts {
            // The greatest index so far, so the list stays in order.
            self.items[other].conflicts.push(index);
        }
        // No more than the total demand of the instance, which fits 64 bits.
        let sizes = self.items[first].size.iter().zip(&self.items[second].size);
        let size = sizes.map(|(a, b)| a + b).collect();
        self.items.push(Item { size, demand: 1, conflicts, pair });
        Glued::Appended
    }

    /// Undoes the last [`glue`](Self::glue).
    pub(super) fn unglue(&mut self, first: usize, second: usize, glued: Glued) {
        self.items[first].demand += 1;
        self.items[second].demand += 1;
        match glued {
            Glued::Into(index) => self.items[index].demand -= 1,
            Glued::Appended => {
                let parcel = self.items.pop();
                for other in parcel.into_iter().flat_map(|parcel| parcel.conflicts) {
                    self.items[other].conflicts.pop();
                }
            }
        }
    }

    /// Puts the two items in conflict; whether they were not before.
    pub(super) fn separate(&mut self, first: usize, second: usize) -> bool {
        let Err(place) = self.items[first].conflicts.binary_search(&second) else { return false };
        self.items[first].conflicts.insert(place, second);
        if let Err(place) = self.items[second].conflicts.binary_search(&first) {
            self.items[second].conflicts.insert(place, first);
        }
        true
    }

    /// Undoes the last [`separate`](Self::separate), which returned `new`.
    pub(super) fn reconcile(&mut self, first: usize, second: usize, new: bool) {
        if new {
            self.items[first].conflicts.retain(|&other| other != second);
            self.items[second].conflicts.retain(|&other| other != first);
        }
    }
}
