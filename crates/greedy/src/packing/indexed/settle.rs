//! Where VMs go within the rules: on an open host or on a new one, whichever is cheaper.

use vmpack_cluster::{Index, RuleState, covers};
use vmpack_model::packing::{Demand, Instance, Level, Strength};

use super::super::sequence::Sequence;
use super::Preference;
use super::fleet::Fleet;
use super::units::Part;

/// How many different prices of running a VM are tried one after the other before all hosts are looked at.
const LEVELS: usize = 16;

/// Violations of hard rules more, then cost more.
type Price = (i64, i128);

/// A domain in which VMs are to be placed.
pub(super) type Within = Option<(Level, usize)>;

/// Decides between hosts.
pub(super) struct Chooser<'a> {
    instance: &'a Instance,
    preference: Preference<'a>,
    /// Per VM type, the rules that spread it, the soft ones that restrict it, and whether a soft rule makes its price
    /// depend on other VMs; empty without rules.
    spreads: Vec<Vec<usize>>,
    confined: Vec<Vec<usize>>,
    depends: Vec<bool>,
    /// Scratch: what a host would have free, and the rows by which the VMs of a part would go on it.
    free: Vec<u64>,
    rows: Vec<usize>,
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
        let (levels, all) = self.levels(&fleet.state, fleet.sequence, part);
        let host = levels.first().and_then(|&least| {
            // No price is lower.
            self.find(fleet, part, &demand, within, least)
        });
        let host = match host {
            Some(host) => host,
            None => self.settle_dearer(fleet, part, &demand, within, (&levels, all))?,
        };
        self.assess(fleet.sequence, &mut fleet.state, part, host, fleet.cluster.free(host))
            .expect("the host was found for the part");
        self.rows.iter().for_each(|&row| fleet.place(row, host));
        Some(host)
    }

    /// Where a part goes that finds no open host at the least price.
    fn settle_dearer<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        part: &Part,
        demand: &[u64],
        within: Within,
        (levels, all): (&[Price], bool),
    ) -> Option<usize> {
        let new = self.best_new(fleet, part, demand, within);
        let good = |price: Price| new.is_none_or(|(limit, _)| price <= limit);
        for &level in levels.iter().skip(1).filter(|&&level| good(level)) {
            if let Some(host) = self.find(fleet, part, demand, within, level) {
                return Some(host);
            }
        }
        if !all
            && let Some((price, host)) = self.cheapest(fleet, part, demand, within)
            && good(price)
        {
            return Some(host);
        }
        new.map(|(_, kind)| fleet.open(kind))
    }

    /// Prices at which the part may find a host, from the least on, and whether there are no others.
    fn levels(
        &self,
        state: &RuleState<'_>,
        sequence: &Sequence,
        part: &Part,
    ) -> (Vec<Price>, bool) {
        let vm_of = |job: usize| self.instance.type_of_row(sequence.rows(job)[0]);
        let depends = |vm: usize| {
            self.depends.get(vm) == Some(&true)
                || self.spreads.get(vm).is_some_and(|s| !s.is_empty())
        };
        let kinds = 0..self.instance.hosts().len();
        let &[(job, 1)] = &part[..] else {
            let free = |vm: usize| !depends(vm) && kinds.clone().all(|t| self.running(vm, t) == 0);
            let free = part.iter().all(|&(job, _)| free(vm_of(job)));
            return if free { (vec![(0, 0)], true) } else { (Vec::new(), false) };
        };
        let vm = vm_of(job);
        let mut least = (0, 0);
        for &rule in self.spreads.get(vm).into_iter().flatten() {
            if state.violations(rule) > 0 {
                match self.instance.rules().rules[rule].strength {
                    Strength::Hard => least.0 -= 1,
                    Strength::Soft { price } => least.1 -= i128::from(price),
                }
            }
        }
        let mut levels: Vec<Price> =
            kinds.map(|t| (least.0, least.1 + self.running(vm, t))).collect();
        levels.sort_unstable();
        levels.dedup();
        let all = levels.len() <= LEVELS && !depends(vm);
        levels.truncate(LEVELS);
        (levels, all)
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

    /// The open host that the preference says, of those that may take the part at a price of at most `limit`.
    fn find<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        part: &Part,
        demand: &[u64],
        within: Within,
        limit: Price,
    ) -> Option<usize> {
        let Fleet { sequence, cluster, state, .. } = fleet;
        cluster.find_admitted(demand, |host| {
            self.is_in(within, state.kind(host))
                && self
                    .assess(sequence, state, part, host, cluster.free(host))
                    .is_some_and(|price| price <= limit)
        })
    }

    /// The cheapest open host for the part, of equals that which the preference says.
    fn cheapest<I: Index>(
        &mut self,
        fleet: &mut Fleet<'_, I>,
        part: &Part,
        demand: &[u64],
        within: Within,
    ) -> Option<(Price, usize)> {
        let Fleet { sequence, cluster, state, .. } = fleet;
        let mut best: Option<(Price, u128, usize)> = None;
        let looked_at_all = cluster.find_admitted(demand, |host| {
            let free = cluster.free(host);
            if self.is_in(within, state.kind(host))
                && let Some(price) = self.assess(sequence, state, part, host, free)
            {
                let this = (price, self.preference.rank(demand, free), host);
                best = Some(best.map_or(this, |best| best.min(this)));
            }
            false
        });
        debug_assert_eq!(looked_at_all, None);
        best.map(|(price, _, host)| (price, host))
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
            let price = self.assess(fleet.sequence, &mut fleet.state, part, host, free);
            fleet.return_to(mark);
            let Some((broken, cost)) = price else { continue };
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

    /// The price of a part on a host with so much free, and in `self.rows` how it goes there; `None` if it does
    /// not fit or a hard rule forbids it.
    fn assess(
        &mut self,
        sequence: &Sequence,
        state: &mut RuleState<'_>,
        part: &Part,
        host: usize,
        free: &[u64],
    ) -> Option<Price> {
        self.free.clear();
        self.free.extend_from_slice(free);
        self.rows.clear();
        let mut price = (0, 0);
        let mut takes = true;
        'part: for &(job, vms) in part {
            let rows = sequence.rows(job);
            let vm = self.instance.type_of_row(rows[0]);
            for _ in 0..vms {
                let fits = |&&row: &&usize| covers(&self.free, self.instance.demand(row));
                let row = rows.iter().find(fits).filter(|_| state.admits(vm, host));
                let Some(&row) = row else {
                    takes = false;
                    break 'part;
                };
                let change = state.placing(vm, host, 1);
                price = (price.0 + change.broken, price.1 + change.cost);
                self.rows.push(row);
                if !matches!(part[..], [(_, 1)]) {
                    state.place(vm, host, 1);
                    let free = self.free.iter_mut().zip(self.instance.demand(row));
                    free.for_each(|(free, demand)| *free -= demand);
                }
            }
        }
        if !matches!(part[..], [(_, 1)]) {
            for &row in &self.rows {
                state.take_off(self.instance.type_of_row(row), host, 1);
            }
        }
        takes.then_some(price)
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
