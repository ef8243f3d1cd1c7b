//! The restricted master problem: the columns found so far, as a live linear program.
//!
//! `min sum cost x` such that every item is covered as often as demanded and no stock is exceeded. An
//! artificial column per item keeps it feasible and caps the dual value of the item.

use std::collections::HashSet;
use std::time::Instant;

use vmpack_lp::backend::BackendError;
use vmpack_lp::master::{Ended, Master, NewColumn, Simplex};
use vmpack_model::Budget;
use vmpack_model::packing::Instance;

use crate::columns::{Column, Columns, Rules};
use crate::cuts::{Triple, coefficient, is_valid};
use crate::residual::Items;

/// What the dearest host costs in the program: tolerances of 1e-9 are 2e-12 of a host then.
const COST_OF_HOST: f64 = 512.0;

/// Columns per item beyond which half of them are deleted.
const MOST_PER_ITEM: usize = 5;

/// A linear program over some columns.
pub(crate) struct Restricted {
    master: Master,
    /// Cost in the program per unit of cost.
    unit: f64,
    costs: Vec<u64>,
    /// Of host types of which there are fewer than VMs.
    stocks: Vec<Option<u64>>,
    /// The row of every item that has come up.
    row_of: Vec<Option<usize>>,
    item_of: Vec<Option<u32>>,
    demands: Vec<u64>,
    /// Rows of the numbers of hosts, unless there is one type of unlimited stock.
    host_rows: Vec<Option<HostRow>>,
    /// Cuts, valid at the present node or not.
    cuts: Vec<Cut>,
    confinement: Option<Confinement>,
    /// What a column of the program stands for.
    content: Vec<Content>,
    usable: Vec<bool>,
    /// Where a column is in the program.
    place: Vec<Option<usize>>,
    /// What artificial columns cost, in costs of the dearest host.
    penalty: u64,
    simplex: Simplex,
    dearest: u64,
}

/// The row of the number of hosts of a type, without those that are already filled.
#[derive(Clone, Copy, Debug)]
struct HostRow {
    row: usize,
    fewest: u64,
    /// `u64::MAX` if there is no limit.
    most: u64,
}

/// The row that keeps a program near some hosts: so many of them must be used.
#[derive(Debug)]
struct Confinement {
    row: usize,
    columns: HashSet<u32>,
    least: u64,
}

/// The row of a cut. It is free where the cut does not hold.
#[derive(Clone, Copy, Debug)]
struct Cut {
    items: Triple,
    row: usize,
    is_valid: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Pattern(u32),
    /// A host of a type that holds nothing, where decisions demand one.
    Empty(usize),
    Artificial,
    /// A larger item stands in for a smaller one: see [`crate::inequalities`].
    Exchange,
}

/// A solution of the program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Relaxed {
    /// The objective, in costs of the instance.
    pub(crate) value: f64,
    /// Columns with positive value.
    pub(crate) columns: Vec<(u32, f64)>,
    /// Dual values of the items, in costs of the instance, by item.
    pub(crate) duals: Vec<f64>,
    /// What one more host of a type would save; negative where decisions demand hosts.
    pub(crate) prices: Vec<f64>,
    /// How many hosts of each type are opened.
    pub(crate) hosts: Vec<f64>,
    /// Cuts that matter, and what one host more allowed would save.
    pub(crate) cuts: Vec<(Triple, f64)>,
    /// How much artificial columns cover.
    pub(crate) artificial: f64,
}

impl Restricted {
    pub(crate) fn new(instance: &Instance, budget: &Budget) -> Result<Self, BackendError> {
        let mut master = Master::new(budget.seed())?;
        master.stop_on(budget.stop_flag())?;
        let dearest = instance.hosts().iter().map(|host| host.cost).max().unwrap_or(1).max(1);
        let unit = COST_OF_HOST / dearest as f64;
        let mut host_rows = Vec::new();
        let mut stocks = Vec::new();
        let mut item_of = Vec::new();
        let mut content = Vec::new();
        for (t, host) in instance.hosts().iter().enumerate() {
            stocks.push(host.stock.filter(|&stock| stock < instance.total_vms()));
            if instance.hosts().len() == 1 && stocks[t].is_none() {
                host_rows.push(None);
                continue;
            }
            let row = master.add_row(f64::NEG_INFINITY, f64::INFINITY, &[])?;
            let (cost, entries) = (host.cost as f64 * unit, [(row, 1.0)]);
            master.add_columns(&[NewColumn { cost, upper: f64::INFINITY, entries: &entries }])?;
            item_of.push(None);
            content.push(Content::Empty(t));
            host_rows.push(Some(HostRow { row, fewest: 0, most: u64::MAX }));
        }
        Ok(Self {
            master,
            unit,
            costs: instance.hosts().iter().map(|host| host.cost).collect(),
            row_of: Vec::new(),
            item_of,
            demands: Vec::new(),
            stocks,
            host_rows,
            cuts: Vec::new(),
            confinement: None,
            usable: vec![true; content.len()],
            content,
            place: Vec::new(),
            penalty: 4,
            simplex: Simplex::Primal,
            dearest,
        })
    }

    /// What an artificial column costs.
    pub(crate) fn penalty(&self) -> u64 {
        self.penalty
    }

    pub(crate) fn iterations(&self) -> u64 {
        self.master.iterations()
    }

    /// Makes artificial columns dearer; `false` if they are dear enough for everything.
    pub(crate) fn raise_penalty(&mut self) -> Result<bool, BackendError> {
        if self.penalty >= 1 << 12 {
            return Ok(false);
        }
        self.penalty *= 16;
        let cost = self.artificial_cost();
        for at in 0..self.content.len() {
            if self.content[at] == Content::Artificial {
                self.master.set_cost(at, cost)?;
            }
        }
        Ok(true)
    }

    fn artificial_cost(&self) -> f64 {
        self.penalty as f64 * self.dearest as f64 * self.unit
    }

    /// Brings demands, stock and the set of usable columns to those of a node.
    pub(crate) fn adapt(
        &mut self,
        items: &Items,
        columns: &Columns,
        rules: &Rules<'_>,
    ) -> Result<(), BackendError> {
        let residual = rules.residual;
        self.row_of.resize(items.len(), None);
        self.demands.resize(items.len(), 0);
        let mut new = Vec::new();
        for item in 0..items.len() as u32 {
            let demand = residual.demand(item);
            let at = item as usize;
            if self.demands[at] == demand {
                continue;
            }
            self.demands[at] = demand;
            self.simplex = Simplex::Dual;
            match self.row_of[at] {
                Some(row) => self.master.set_row(row, demand as f64, f64::INFINITY)?,
                None => new.push(item),
            }
        }
        self.add_items(&new)?;
        for (t, row) in self.host_rows.iter_mut().enumerate() {
            let Some(row) = row else { continue };
            let stock = self.stocks[t].map_or(u64::MAX, |stock| stock - residual.opened[t]);
            let (fewest, most) = (residual.fewest_hosts(t), residual.most_hosts(t).min(stock));
            if (row.fewest, row.most) != (fewest, most) {
                (row.fewest, row.most) = (fewest, most);
                let lower = if fewest == 0 { f64::NEG_INFINITY } else { fewest as f64 };
                let upper = if most == u64::MAX { f64::INFINITY } else { most as f64 };
                self.master.set_row(row.row, lower, upper)?;
                self.simplex = Simplex::Dual;
            }
        }
        for cut in &mut self.cuts {
            if cut.is_valid != is_valid(cut.items, residual) {
                cut.is_valid = !cut.is_valid;
                let most = if cut.is_valid { 1.0 } else { f64::INFINITY };
                self.master.set_row(cut.row, f64::NEG_INFINITY, most)?;
                self.simplex = Simplex::Dual;
            }
        }
        let mut changes = Vec::new();
        for (at, content) in self.content.iter().enumerate() {
            let Content::Pattern(column) = *content else { continue };
            let usable = rules.admit(columns.get(column));
            if usable != self.usable[at] {
                changes.push((at, if usable { f64::INFINITY } else { 0.0 }));
                self.usable[at] = usable;
            }
        }
        if !changes.is_empty() {
            self.simplex = Simplex::Dual;
            self.master.set_uppers(&changes)?;
        }
        Ok(())
    }

    /// Adds the rows of items, and artificial columns that cover them.
    fn add_items(&mut self, new: &[u32]) -> Result<(), BackendError> {
        let demand = |&item: &u32| (self.demands[item as usize] as f64, f64::INFINITY);
        let first = self.master.add_rows(&new.iter().map(demand).collect::<Vec<_>>())?;
        let entries: Vec<[(usize, f64); 1]> =
            (first..).map(|row| [(row, 1.0)]).take(new.len()).collect();
        let cost = self.artificial_cost();
        let artificial = |entries| NewColumn { cost, upper: f64::INFINITY, entries };
        let batch: Vec<NewColumn<'_>> = entries.iter().map(|entry| artificial(entry)).collect();
        self.master.add_columns(&batch)?;
        for (row, &item) in (first..).zip(new) {
            self.row_of[item as usize] = Some(row);
            self.item_of.push(Some(item));
            self.content.push(Content::Artificial);
            self.usable.push(true);
        }
        Ok(())
    }

    /// Deletes columns once they are many more than the `live` items: those that may not be used at
    /// present, and those of the greatest reduced costs. They stay known, and pricing looks at them first.
    pub(crate) fn purge(&mut self, live: usize) -> Result<(), BackendError> {
        let is_pattern = |at: usize| matches!(self.content[at], Content::Pattern(_));
        let patterns = (0..self.content.len()).filter(|&at| is_pattern(at)).count();
        // Columns that came after the last solve have no reduced costs.
        let solved = self.master.reduced_costs().len().min(self.content.len());
        if solved == 0 || patterns < MOST_PER_ITEM * live {
            return Ok(());
        }
        let basic = self.master.basic()?;
        let reduced = self.master.reduced_costs();
        let is_kept = |at: usize| match (&self.confinement, self.content[at]) {
            (Some(near), Content::Pattern(column)) => near.columns.contains(&column),
            _ => false,
        };
        let mut order: Vec<(f64, usize)> = (0..solved)
            .filter(|&at| is_pattern(at) && !basic[at] && !is_kept(at))
            .map(|at| (if self.usable[at] { reduced[at] } else { f64::INFINITY }, at))
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        order.truncate(patterns - MOST_PER_ITEM * live / 2);
        let mut gone = vec![false; self.content.len()];
        for &(_, at) in &order {
            gone[at] = true;
        }
        self.delete(&gone)
    }

    /// Adds cuts that hold at the present node.
    pub(crate) fn add_cuts(
        &mut self,
        columns: &Columns,
        cuts: &[Triple],
    ) -> Result<(), BackendError> {
        for &items in cuts {
            let entry = |(at, content): (usize, &Content)| match *content {
                Content::Pattern(column) => {
                    Some((at, coefficient(items, columns.get(column)))).filter(|&(_, a)| a > 0.0)
                }
                Content::Empty(_) | Content::Artificial | Content::Exchange => None,
            };
            let entries: Vec<(usize, f64)> =
                self.content.iter().enumerate().filter_map(entry).collect();
            let row = self.master.add_row(f64::NEG_INFINITY, 1.0, &entries)?;
            self.item_of.push(None);
            self.cuts.push(Cut { items, row, is_valid: true });
        }
        self.simplex = Simplex::Dual;
        Ok(())
    }

    /// Has hosts filled with some columns, whose items have rows, be opened `least` times together, until
    /// [`Restricted::release`].
    pub(crate) fn confine(
        &mut self,
        columns: &Columns,
        near: &[u32],
        least: u64,
    ) -> Result<(), BackendError> {
        self.add(columns, near)?;
        let place = |&column: &u32| Some((self.place[column as usize]?, 1.0));
        let entries: Vec<(usize, f64)> = near.iter().filter_map(place).collect();
        let row = self.master.add_row(least as f64, f64::INFINITY, &entries)?;
        self.item_of.push(None);
        self.simplex = Simplex::Dual;
        let columns = near.iter().copied().collect();
        self.confinement = Some(Confinement { row, columns, least });
        Ok(())
    }

    /// Counts hosts that are filled already among those that must be.
    pub(crate) fn count_fixed(&mut self, fixed: &[(u32, u64)]) -> Result<(), BackendError> {
        let Some(near) = &self.confinement else { return Ok(()) };
        let among = fixed.iter().filter(|(column, _)| near.columns.contains(column));
        let filled: u64 = among.map(|&(_, times)| times).sum();
        self.simplex = Simplex::Dual;
        self.master.set_row(near.row, near.least.saturating_sub(filled) as f64, f64::INFINITY)
    }

    /// Ends what [`Restricted::confine`] began; the row stays behind and asks for nothing.
    pub(crate) fn release(&mut self) -> Result<(), BackendError> {
        let Some(near) = self.confinement.take() else { return Ok(()) };
        self.master.set_row(near.row, f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The entries of a column in rows of cuts.
    fn cut_entries<'a>(&'a self, column: &'a Column) -> impl Iterator<Item = (usize, f64)> + 'a {
        let entry = |cut: &Cut| (cut.row, coefficient(cut.items, column));
        self.cuts.iter().map(entry).filter(|&(_, a)| a > 0.0)
    }

    /// Whether a column is in the program, usable at present or not.
    pub(crate) fn is_known(&self, column: u32) -> bool {
        self.place.get(column as usize).is_some_and(Option::is_some)
    }

    /// Adds columns of items that have rows; those that are in already are left alone.
    pub(crate) fn add(&mut self, columns: &Columns, new: &[u32]) -> Result<usize, BackendError> {
        self.place.resize(columns.len(), None);
        let mut entries: Vec<Vec<(usize, f64)>> = Vec::with_capacity(new.len());
        let mut added = Vec::with_capacity(new.len());
        for &column in new {
            if self.place[column as usize].is_some() {
                continue;
            }
            let content = columns.get(column);
            let covered = content.items.iter().map(|&(item, count)| {
                let row = self.row_of[item as usize].expect("items of nodes have rows");
                (row, f64::from(count))
            });
            let hosts = self.host_rows[content.host].map(|row| (row.row, 1.0));
            entries.push(covered.chain(hosts).chain(self.cut_entries(content)).collect());
            self.place[column as usize] = Some(self.content.len() + added.len());
            added.push(column);
        }
        let batch: Vec<NewColumn<'_>> = added
            .iter()
            .zip(&entries)
            .map(|(&column, entries)| NewColumn {
                cost: self.costs[columns.get(column).host] as f64 * self.unit,
                upper: f64::INFINITY,
                entries,
            })
            .collect();
        self.master.add_columns(&batch)?;
        self.content.extend(added.iter().map(|&column| Content::Pattern(column)));
        self.usable.extend(added.iter().map(|_| true));
        Ok(added.len())
    }

    /// Lets the first item of each pair stand in for the second; both have rows.
    pub(crate) fn add_exchanges(&mut self, pairs: &[(u32, u32)]) -> Result<(), BackendError> {
        let row = |item: u32| self.row_of[item as usize].expect("live items have rows");
        let entries: Vec<_> =
            pairs.iter().map(|&(from, to)| [(row(from), -1.0), (row(to), 1.0)]).collect();
        let batch: Vec<NewColumn<'_>> = entries
            .iter()
            .map(|entries| NewColumn { cost: 0.0, upper: f64::INFINITY, entries })
            .collect();
        self.master.add_columns(&batch)?;
        self.content.extend(pairs.iter().map(|_| Content::Exchange));
        self.usable.extend(pairs.iter().map(|_| true));
        Ok(())
    }

    /// Takes all exchanges out; `false` if there were none.
    pub(crate) fn drop_exchanges(&mut self) -> Result<bool, BackendError> {
        let gone: Vec<bool> = self.content.iter().map(|c| *c == Content::Exchange).collect();
        if !gone.contains(&true) {
            return Ok(false);
        }
        self.delete(&gone)?;
        Ok(true)
    }

    /// Deletes the columns of the program that are marked.
    fn delete(&mut self, gone: &[bool]) -> Result<(), BackendError> {
        let indices: Vec<usize> = (0..gone.len()).filter(|&at| gone[at]).collect();
        self.master.delete_columns(&indices)?;
        retain(&mut self.content, gone);
        retain(&mut self.usable, gone);
        self.place.fill(None);
        for (at, content) in self.content.iter().enumerate() {
            if let Content::Pattern(column) = *content {
                self.place[column as usize] = Some(at);
            }
        }
        Ok(())
    }

    /// Solves the program; `None` when the deadline passed.
    pub(crate) fn solve(
        &mut self,
        columns: &Columns,
        deadline: Option<Instant>,
    ) -> Result<Option<Relaxed>, BackendError> {
        match self.master.solve(self.simplex, deadline)? {
            Ended::Optimal => {}
            Ended::Late => return Ok(None),
            Ended::Infeasible => {
                // Artificial columns cover every item: this is a failure of the simplex method.
                let message = "called infeasible what artificial columns satisfy".to_owned();
                return Err(BackendError::Failed { backend: "highs", message });
            }
        }
        self.simplex = Simplex::Primal;
        let mut relaxed = Relaxed { hosts: vec![0.0; self.costs.len()], ..Relaxed::default() };
        for (content, &x) in self.content.iter().zip(self.master.values()) {
            if x <= 1e-10 {
                continue;
            }
            match *content {
                Content::Pattern(column) => {
                    let host = columns.get(column).host;
                    relaxed.columns.push((column, x));
                    relaxed.hosts[host] += x;
                    relaxed.value += x * self.costs[host] as f64;
                }
                Content::Empty(host) => {
                    relaxed.hosts[host] += x;
                    relaxed.value += x * self.costs[host] as f64;
                }
                Content::Artificial => {
                    relaxed.artificial += x;
                    relaxed.value += x * self.artificial_cost() / self.unit;
                }
                Content::Exchange => {}
            }
        }
        let duals = self.master.duals();
        relaxed.duals = vec![0.0; self.row_of.len()];
        for (row, item) in self.item_of.iter().enumerate() {
            if let Some(item) = item {
                relaxed.duals[*item as usize] = (duals[row] / self.unit).max(0.0);
            }
        }
        let price = |row: &Option<HostRow>| {
            let Some(row) = row else { return 0.0 };
            let least = if row.fewest > 0 { f64::NEG_INFINITY } else { 0.0 };
            let greatest = if row.most < u64::MAX { f64::INFINITY } else { 0.0 };
            (-duals[row.row] / self.unit).clamp(least, greatest)
        };
        let saved = |cut: &Cut| (cut.items, (-duals[cut.row] / self.unit).max(0.0));
        let valid = self.cuts.iter().filter(|cut| cut.is_valid);
        relaxed.cuts = valid.map(saved).filter(|&(_, saved)| saved > 0.0).collect();
        relaxed.prices = self.host_rows.iter().map(price).collect();
        Ok(Some(relaxed))
    }
}

/// Drops the entries that are marked.
fn retain<T>(entries: &mut Vec<T>, gone: &[bool]) {
    let mut marks = gone.iter();
    entries.retain(|_| !marks.next().is_some_and(|&gone| gone));
}
