//! Which hosts will not take which VMs, so that they are not asked again.

use std::collections::{BTreeSet, HashMap};

use vmpack_cluster::{Cluster, Index};
use vmpack_model::packing::Level;

use super::settle::Price;

/// How many marks are used; tests run short of them.
const MARKS: usize = if cfg!(test) { 4 } else { u64::BITS as usize };

/// So many refusals of one query are worth marks.
const ENOUGH: usize = if cfg!(test) { 1 } else { 9 };

/// What a host is asked. While VMs are only added, a host that says no will not say yes: groups fill up, classes
/// settle, and prices rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// Do you admit VMs with this stake in a hard rule?
    Stake(u32),
    /// Are you in this domain?
    Domain(Level, usize),
    /// Do you take a part of this class at this price at most?
    Price(u32, Price),
}

/// The hosts that have said no to a question, and the mark that they carry in the index for it.
#[derive(Debug)]
struct Slot {
    question: Question,
    hosts: Vec<u32>,
    /// When it was last asked.
    asked: u64,
    /// How many questions had the mark before.
    turn: u32,
}

/// What hosts have refused. Each query of the index passes by those that have said no already: for the whole of a
/// placement a host says no to a question once, and nobody asks a thousand hosts for each VM that are full by a rule.
///
/// There are as many questions as marks; the one that was not asked for longest makes room.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    slots: Vec<Slot>,
    slot_of: HashMap<Question, usize>,
    /// Host, slot and its turn.
    log: Vec<(u32, u8, u32)>,
    time: u64,
    /// Per class of parts, prices that hosts asked for.
    prices: HashMap<u32, BTreeSet<Price>>,
}

impl Refusals {
    /// The marks of hosts that have said no to a question.
    pub(super) fn marks(&mut self, question: Question) -> u64 {
        self.time += 1;
        self.slot_of.get(&question).map_or(0, |&at| {
            self.slots[at].asked = self.time;
            1 << at
        })
    }

    /// Hosts have said no.
    pub(super) fn note<I: Index>(
        &mut self,
        cluster: &mut Cluster<I>,
        refused: &[(usize, Question)],
    ) {
        if refused.len() < ENOUGH {
            return;
        }
        for &(host, question) in refused {
            let at = match self.slot_of.get(&question) {
                Some(&at) => at,
                None => self.slot_for(cluster, question),
            };
            cluster.mark(host, cluster.marks(host) | 1 << at);
            self.slots[at].hosts.push(host as u32);
            self.log.push((host as u32, at as u8, self.slots[at].turn));
        }
    }

    /// A host asked for so much for a part of a class.
    pub(super) fn note_price(&mut self, class: u32, price: Price) {
        self.prices.entry(class).or_default().insert(price);
    }

    /// The least price above a limit for which some host may take a part of a class.
    pub(super) fn next_price(&self, class: u32, limit: Price) -> Option<Price> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.prices.get(&class)?.range((Excluded(limit), Unbounded)).next().copied()
    }

    /// How much has been noted, for [`Refusals::return_to`].
    pub(super) fn len(&self) -> usize {
        self.log.len()
    }

    /// Takes back all that was noted since, because VMs go again.
    pub(super) fn return_to<I: Index>(&mut self, cluster: &mut Cluster<I>, len: usize) {
        for (host, at, turn) in self.log.drain(len..) {
            if self.slots[at as usize].turn == turn {
                unmark(cluster, host, 1 << at);
            }
        }
    }

    /// A host may have become cheaper.
    pub(super) fn forget_prices_of<I: Index>(&self, cluster: &mut Cluster<I>, host: usize) {
        unmark(cluster, host as u32, self.price_marks());
    }

    /// All hosts may have become cheaper.
    pub(super) fn forget_prices<I: Index>(&mut self, cluster: &mut Cluster<I>) {
        for at in 0..self.slots.len() {
            if matches!(self.slots[at].question, Question::Price(..)) {
                self.clear(cluster, at);
            }
        }
    }

    fn price_marks(&self) -> u64 {
        let slots = self.slots.iter().enumerate();
        let priced = slots.filter(|(_, slot)| matches!(slot.question, Question::Price(..)));
        priced.fold(0, |marks, (at, _)| marks | 1 << at)
    }

    /// A slot for a new question.
    fn slot_for<I: Index>(&mut self, cluster: &mut Cluster<I>, question: Question) -> usize {
        let at = if self.slots.len() < MARKS {
            self.slots.push(Slot { question, hosts: Vec::new(), asked: 0, turn: 0 });
            self.slots.len() - 1
        } else {
            let slots = self.slots.iter().enumerate();
            let oldest = slots.min_by_key(|(_, slot)| slot.asked).map(|(at, _)| at);
            let at = oldest.expect("all marks are in use");
            self.clear(cluster, at);
            self.slot_of.remove(&self.slots[at].question);
            self.slots[at].question = question;
            at
        };
        self.slots[at].asked = self.time;
        self.slot_of.insert(question, at);
        at
    }

    fn clear<I: Index>(&mut self, cluster: &mut Cluster<I>, at: usize) {
        let slot = &mut self.slots[at];
        slot.hosts.drain(..).for_each(|host| unmark(cluster, host, 1 << at));
        slot.turn += 1;
    }
}

fn unmark<I: Index>(cluster: &mut Cluster<I>, host: u32, marks: u64) {
    let host = host as usize;
    cluster.mark(host, cluster.marks(host) & !marks);
}
