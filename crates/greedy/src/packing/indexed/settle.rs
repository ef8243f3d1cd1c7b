//! Where VMs go within the rules: on an open host or on a new one, whichever is cheaper.

use vmpack_cluster::{Index, RuleState, covers};
use vmpack_model::packing::{Demand, Instance, Level, Strength};

use super::super::sequence::Sequence;
use super::Preference;
use super::classes::Classes;
use super::fleet::Fleet;
use super::refusals::Question;
use super::units::Part;

/// Violations of hard rules more, then cost more.
pub(super) type Price = (i64, i128);

/// Below every price.
const NOTHING: Price = (i64::MIN, i128::MIN);

/// A domain in which VMs are to be placed.
pub(super) type Within = Option<(Level, usize)>;

/// Where a part goes.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On an open host.
    Open(usize),
    /// On a new host of a type.
    New(usize),
}

/// What a host says to a part.
enum Answer {
    /// It takes it at this price.
    Price(Price),
    /// It has no room, for this or any other part that demands as much.
    Full,
    /// A hard rule forbids it any VM with a stake like that of the first one.
    Stake(u32),
    /// A hard rule forbids it the part as a whole.
    Forbidden,
}

/// Decides between hosts.
pub(super) struct Chooser<'a> {
    instance: &'a Instance,
    preference: Preference<'a>,
    /// Per VM type, the rules that spread it, the soft ones that restrict it, and whether a soft rule makes its price
    /// depend on other VMs; empty without rules.
    spreads: Vec<Vec<usize>>,
    confined: Vec<Vec<usize>>,
    depends: Vec<bool>,
    classes: Classes,
    /// Per VM type, the least that one costs on some host type, once it is known.
    running: Vec<Option<i128>>,
    /// Scratch: what a host would have free, and the rows by which the VMs of a part would go on it.
    free: Vec<u64>,
    rows: Vec<usize>,
    /// Scratch: who refused.
    refused: Vec<(usize, Question)>,
}

impl<'a> Chooser<'a> {
    pub(super) fn new(instance: &'a Instance, preference: Preference<'a>) -> Self {
        let rules = &instance.rules().rules;
        let types = if rules.is_empty() { 0 } else { instance.vms().len() };
        let (mut spreads, mut confined) = (vec![Vec::new(); types], vec![Vec::new(); types]);
        let mut depends = vec![false; types];
        for (index, rule) in rules.iter().enumerate() {
            let mut soft = |vms: &[usize]| {
                vms.iter().filter(|_| !rule.is_hard()).for_each(|&vm| depends[vm] = true);
            };
            match &rule.demand {
                Demand::Spread { vms, .. } => {
                    for &vm in vms {
                        spreads[vm].push(index);
                    }
                }
                Demand::AtMost { vms, .. } | Demand::Together { vms, .. } => soft(vms),
                Demand::Separate { classes, .. } => classes.iter().for_each(|class| soft(class)),
                Demand::Restrict { vms, .. } if !rule.is_hard() => {
                    for &vm in vms {
                        confined[vm].push(index);
                    }
                }
                Demand::Restrict { .. } | Demand::Survive { .. } => {}
            }
        }
        Self {
            instance,
            preference,
            spreads,
            confined,
            depends,
            classes: Classes::new(instance, &RuleState::new(instance)),
            running: vec![None; instance.vms().len()],
            refused: Vec::new(),
            free: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Places a VM that no rule concerns: on the open host that the preference says, else on a new one of type
    /// `kind`, which is chosen again when its stock is used up. Whether there was a host.
    pub(super) fn settle_free<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        job: usize,
        kind: &mut Option<usize>,
    ) -> bool {
        let rows = fleet.sequence.rows(job);
        let found = rows.iter().filter_map(|&row| {
            let demand = self.instance.demand(row);
            let host = fleet.cluster.find(demand)?;
            let alone = rows.len() == 1;
            let free = fleet.cluster.free(host);
            let rank = if alone { 0 } else { self.preference.rank(demand, free) };
            Some((rank, host, row))
        });
        // Of equal hosts the first row.
        let (host, row) = if let Some((_, host, row)) = found.min_by_key(|of| (of.0, of.1)) {
            (host, row)
        } else {
            if kind.is_none_or(|kind| fleet.stock.left(kind) == 0) {
                *kind = fleet.stock.cheapest_for(rows, &fleet.remaining);
            }
            let Some(kind) = *kind else { return false };
            let fits = |&&row: &&usize| self.instance.fits(row, kind);
            let row = *rows.iter().find(fits).expect("the type was chosen for it");
            (fleet.open(kind), row)
        };
        fleet.place(row, host);
        true
    }

    /// Places a part within the hard rules and the domain, if one is named, on an open host or a new one; the
    /// host, if there is one.
    ///
    /// The price decides first: the violations of hard rules that end ([`Demand::Spread`]), then what the VMs cost
    /// there, a new host counted by the share of it that they use. Of equals open hosts come first, by the
    /// preference.
    pub(super) fn settle<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        part: &Part,
        within: Within,
    ) -> Option<usize> {
        let demand = least(self.instance, fleet.sequence, part);
        let vm_of = |job: usize| self.instance.type_of_row(fleet.sequence.rows(job)[0]);
        let class = self.classes.of(part.iter().map(|&(job, vms)| (vm_of(job), vms)));
        // A host at the least price of all needs no comparison.
        let mut limit = self.floor(fleet, part).unwrap_or(NOTHING);
        let mut new: Option<Option<(Price, usize)>> = None;
        let host = loop {
            if let Some(host) = self.find(fleet, (part, class), &demand, within, limit) {
                break host;
            }
            let new = match new {
                Some(new) => new,
                None => *new.insert(self.best_new(fleet, part, &demand, within)),
            };
            match (fleet.refusals.next_price(class, limit), new) {
                (Some(next), new) if new.is_none_or(|(price, _)| next <= price) => limit = next,
                (_, Some((_, kind))) => break fleet.open(kind),
                (_, None) => return None,
            }
        };
        let free = fleet.cluster.free(host);
        let answer = self.ask(fleet.sequence, &mut fleet.state, part, host, free);
        debug_assert!(matches!(answer, Answer::Price(_)), "the host was found for the part");
        for at in 0..self.rows.len() {
            fleet.place(self.rows[at], host);
        }
        Some(host)
    }

    /// Where [`Chooser::settle`] puts a part, by asking every open host.
    #[cfg(test)]
    pub(super) fn scan<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        part: &Part,
        within: Within,
    ) -> Option<Place> {
        let demand = least(self.instance, fleet.sequence, part);
        let floor = self.floor(fleet, part);
        let new = self.best_new(fleet, part, &demand, within);
        let asked = fleet.hosts().into_iter().filter_map(|host| {
            let free = fleet.cluster.free(host);
            if !covers(free, &demand) || !self.is_in(within, fleet.state.kind(host)) {
                return None;
            }
            match self.ask(fleet.sequence, &mut fleet.state, part, host, free) {
                Answer::Price(price) => Some((
                    floor.map_or(price, |floor| price.max(floor)),
                    self.preference.rank(&demand, free),
                    host,
                )),
                _ => None,
            }
        });
        match (asked.min(), new) {
            (Some((price, _, host)), new)
                if Some(price) == floor || new.is_none_or(|(limit, _)| price <= limit) =>
            {
                Some(Place::Open(host))
            }
            (_, new) => new.map(|(_, kind)| Place::New(kind)),
        }
    }

    /// The least price at which any host might take a part, where that is easy to say.
    fn floor<I: Index>(&mut self, fleet: &Fleet<'_, I>, part: &Part) -> Option<Price> {
        let vm_of = |job: usize| self.instance.type_of_row(fleet.sequence.rows(job)[0]);
        let &[(job, 1)] = &part[..] else {
            let kinds = 0..self.instance.hosts().len();
            let free = |vm: usize| {
                self.depends.get(vm) != Some(&true)
                    && self.spreads.get(vm).is_none_or(Vec::is_empty)
                    && kinds.clone().all(|t| self.running(vm, t) == 0)
            };
            return part.iter().all(|&(job, _)| free(vm_of(job))).then_some((0, 0));
        };
        let vm = vm_of(job);
        let running = self.running[vm].unwrap_or_else(|| {
            let kinds = 0..self.instance.hosts().len();
            kinds.map(|kind| self.running(vm, kind)).min().unwrap_or(0)
        });
        self.running[vm] = Some(running);
        let mut least = (0, running);
        for &rule in self.spreads.get(vm).into_iter().flatten() {
            if fleet.state.violations(rule) > 0 {
                match self.instance.rules().rules[rule].strength {
                    Strength::Hard => least.0 -= 1,
                    Strength::Soft { price } => least.1 -= i128::from(price),
                }
            }
        }
        Some(least)
    }

    /// What one VM costs on a host of a type whatever else is there.
    fn running(&self, vm: usize, kind: usize) -> i128 {
        let rules = self.instance.rules();
        let price = rules.prices.as_ref().map_or(0, |prices| i128::from(prices[[vm, kind]]));
        let confined = self.confined.get(vm).into_iter().flatten();
        let elsewhere =
            confined.map(|&rule| match (&rules.rules[rule].demand, rules.rules[rule].strength) {
                (Demand::Restrict { hosts, .. }, Strength::Soft { price })
                    if hosts.binary_search(&kind).is_err() =>
                {
                    i128::from(price)
                }
                _ => 0,
            });
        price + elsewhere.sum::<i128>()
    }

    /// The open host that the preference says, of those that take the part at a price of at most `limit`. What
    /// others ask for is noted.
    fn find<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        (part, class): (&Part, u32),
        demand: &[u64],
        within: Within,
        limit: Price,
    ) -> Option<usize> {
        let Fleet { sequence, cluster, state, refusals, .. } = fleet;
        let domain = within.map(|(level, domain)| Question::Domain(level, domain));
        let priced = Question::Price(class, limit);
        let mut avoid = refusals.marks(priced) | domain.map_or(0, |of| refusals.marks(of));
        if let Some(&(job, _)) = part.first() {
            let vm = self.instance.type_of_row(sequence.rows(job)[0]);
            for (stake, _) in state.stakes_of(vm) {
                avoid |= refusals.marks(Question::Stake(stake));
            }
        }
        let mut refused = std::mem::take(&mut self.refused);
        let host = cluster.find_unmarked(demand, avoid, |host| {
            if let Some(domain) = domain
                && !self.is_in(within, state.kind(host))
            {
                refused.push((host, domain));
                return false;
            }
            match self.ask(sequence, state, part, host, cluster.free(host)) {
                Answer::Price(price) if price <= limit => return true,
                Answer::Price(price) => {
                    refusals.note_price(class, price);
                    refused.push((host, priced));
                }
                Answer::Forbidden => refused.push((host, priced)),
                Answer::Stake(stake) => refused.push((host, Question::Stake(stake))),
                Answer::Full => {}
            }
            false
        });
        refusals.note(cluster, &refused);
        refused.clear();
        self.refused = refused;
        host
    }

    /// The cheapest type of new host for the part, and the price there with the share of the host that it uses.
    fn best_new<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        part: &Part,
        demand: &[u64],
        within: Within,
    ) -> Option<(Price, usize)> {
        // So often the VMs that are not placed are as much as these.
        let often = fleet.remaining.iter().zip(demand).filter(|&(_, &demand)| demand > 0);
        let often = often.map(|(all, demand)| all / demand).min().unwrap_or(1).max(1);
        let mut best: Option<((i64, i128, u64), Price, usize)> = None;
        for kind in 0..self.instance.hosts().len() {
            if fleet.stock.left(kind) == 0
                || !covers(self.instance.capacity(kind), demand)
                || !self.is_in(within, kind)
            {
                continue;
            }
            let mark = fleet.mark();
            let host = fleet.open(kind);
            let free = self.instance.capacity(kind);
            let answer = self.ask(fleet.sequence, &mut fleet.state, part, host, free);
            fleet.return_to(mark);
            let Answer::Price((broken, cost)) = answer else { continue };
            let (all, needed) = fleet.stock.price(kind, &fleet.remaining);
            let all = i128::try_from(all).unwrap_or(i128::MAX);
            let key = (broken, all.saturating_add(cost.saturating_mul(often.into())), needed);
            let share = all.div_euclid(often.into());
            let this = (key, (broken, cost.saturating_add(share)), kind);
            if best.as_ref().is_none_or(|best| this.0 < best.0) {
                best = Some(this);
            }
        }
        best.map(|(_, price, kind)| (price, kind))
    }

    fn is_in(&self, within: Within, kind: usize) -> bool {
        within.is_none_or(|(level, domain)| {
            self.instance.rules().topology.domain(level, kind) == Some(domain)
        })
    }

    /// What a host with so much free says to a part, and in `self.rows` by which rows the VMs go there.
    fn ask(
        &mut self,
        sequence: &Sequence,
        state: &mut RuleState<'_>,
        part: &Part,
        host: usize,
        free: &[u64],
    ) -> Answer {
        self.free.clear();
        self.free.extend_from_slice(free);
        self.rows.clear();
        let is_single = matches!(part[..], [(_, 1)]);
        let mut price = (0, 0);
        let mut refusal = None;
        'part: for &(job, vms) in part {
            let rows = sequence.rows(job);
            let vm = self.instance.type_of_row(rows[0]);
            for _ in 0..vms {
                let fits = |&&row: &&usize| covers(&self.free, self.instance.demand(row));
                let Some(&row) = rows.iter().find(fits) else {
                    refusal = Some(Answer::Full);
                    break 'part;
                };
                if let Some(stake) = state.refusal(vm, host) {
                    let alone = self.rows.is_empty();
                    refusal = Some(if alone { Answer::Stake(stake) } else { Answer::Forbidden });
                    break 'part;
                }
                let change = state.placing(vm, host, 1);
                price = (price.0 + change.broken, price.1 + change.cost);
                self.rows.push(row);
                if !is_single {
                    state.place(vm, host, 1);
                    let free = self.free.iter_mut().zip(self.instance.demand(row));
                    free.for_each(|(free, demand)| *free -= demand);
                }
            }
        }
        if !is_single {
            for &row in &self.rows {
                state.take_off(self.instance.type_of_row(row), host, 1);
            }
        }
        refusal.unwrap_or(Answer::Price(price))
    }
}

/// What a part demands at least, whichever rows serve it.
fn least(instance: &Instance, sequence: &Sequence, part: &Part) -> Vec<u64> {
    let of = |job: usize, k: usize| {
        let demands = sequence.rows(job).iter().map(|&row| instance.demand(row)[k]);
        demands.min().unwrap_or(0)
    };
    let sum = |k| part.iter().map(|&(job, vms)| vms * of(job, k)).sum();
    (0..instance.dimensions()).map(sum).collect()
}
