//! What there is to say of a plan.

use std::fmt;

use serde::Serialize;
use vmpack_datasets::operator::{Compiled, Fleet, MONEY_PLACES, quantity};
use vmpack_model::packing::{Placement, Strength, Tally};
use vmpack_model::{Status, Value};

use super::attempt::{Attempt, Best};
use super::measure::{Smallest, used};
use super::slack::{self, Slacks};

/// The content of `summary.json`. Money is a decimal in the unit of the hosts' costs, amounts are in base units.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    vms: u64,
    hosts_opened: u64,
    hosts: Vec<OpenedHosts>,
    cost: String,
    lower_bound: Option<String>,
    /// How much more than the bound the plan costs, as a share of the bound.
    gap: Option<f64>,
    optimal: bool,
    /// Whether the judge derived the bound again.
    bound_certified: bool,
    method: String,
    verdict: &'static str,
    resources: Vec<ResourceUse>,
    rules: Vec<RuleKept>,
    attempts: Vec<Tried>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Tried {
    #[serde(flatten)]
    attempt: Attempt,
    cost: Option<String>,
}

#[derive(Debug, Serialize)]
struct OpenedHosts {
    name: String,
    opened: u64,
    available: Option<u64>,
    cost: String,
}

#[derive(Debug, Serialize)]
struct ResourceUse {
    name: String,
    unit: &'static str,
    /// What VMs may use of the opened hosts.
    usable: u64,
    used: u64,
    /// What is free on hosts that no VM of the fleet fits any more.
    stranded: u64,
    /// The least that an opened host has free beyond what it must keep free; absent where none is opened.
    headroom: Option<u64>,
    #[serde(skip)]
    kind: quantity::Kind,
}

#[derive(Debug, Serialize)]
struct RuleKept {
    name: String,
    form: &'static str,
    /// What a violation costs; absent where there may be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    violations: u64,
    cost: String,
    /// How much tighter it could be; absent where it is broken or nothing limits it.
    slack: Option<u64>,
    /// What the slack counts.
    slack_unit: &'static str,
}

impl Summary {
    /// What there is to say of a judged placement of the cost that the judge found.
    pub(crate) fn new(
        fleet: &Fleet,
        compiled: &Compiled,
        (placement, cost): (&Placement, Value),
        best: &Best,
        verdict: &'static str,
    ) -> Self {
        let money =
            |amount: u128| quantity::decimal(amount * u128::from(compiled.money), MONEY_PLACES);
        let whole = |value: Value| u128::try_from(value.ceil().max(0)).unwrap_or(0);
        let bound = best.bound.map(|(bound, _)| bound.min(cost));
        let gap = bound.filter(|bound| !bound.is_zero()).map(|b| cost.to_f64() / b.to_f64() - 1.0);
        let tally = Tally::new(&compiled.instance, placement);
        let slacks = Slacks::new(&compiled.instance, placement, &tally);
        let rules = compiled.instance.rules().rules.iter().map(|rule| {
            let violations = tally.violations(&rule.demand);
            let price = match rule.strength {
                Strength::Hard => None,
                Strength::Soft { price } => Some(u128::from(price)),
            };
            RuleKept {
                name: rule.name.clone(),
                form: rule.demand.name(),
                price: price.map(money),
                violations,
                cost: money(price.unwrap_or(0) * u128::from(violations)),
                slack: slacks.of(rule),
                slack_unit: slack::unit(&rule.demand),
            }
        });
        let tried = best.attempts.iter().map(|attempt| Tried {
            attempt: attempt.clone(),
            cost: attempt.cost.map(|cost| money(whole(cost))),
        });
        let status = best.placed.as_ref().and_then(|(_, record)| record.answer.as_ref());
        Self {
            vms: compiled.instance.total_vms(),
            hosts_opened: placement.hosts_opened(),
            hosts: opened(fleet, compiled, placement),
            cost: money(whole(cost)),
            lower_bound: bound.map(|bound| money(whole(bound))),
            gap,
            optimal: bound == Some(cost) || status.is_some_and(|a| a.status == Status::Optimal),
            bound_certified: best.bound.is_some_and(|(_, certified)| certified),
            method: best
                .placed
                .as_ref()
                .map(|(_, record)| record.method.clone())
                .unwrap_or_default(),
            verdict,
            resources: resources(fleet, compiled, placement),
            rules: rules.collect(),
            attempts: tried.collect(),
            warnings: fleet.warnings.clone(),
        }
    }
}

/// How many hosts of each kind are opened.
fn opened(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<OpenedHosts> {
    let mut counts = vec![0_u64; compiled.hosts.len()];
    for (pattern, hosts) in &placement.patterns {
        counts[pattern.host] += hosts;
    }
    let kinds = compiled.instance.hosts().iter().zip(&compiled.hosts).zip(counts);
    let kinds = kinds.filter(|(_, opened)| *opened > 0);
    kinds
        .map(|((kind, rows), opened)| {
            let cost = u128::from(fleet.hosts[rows[0]].cost) * u128::from(opened);
            OpenedHosts {
                name: kind.name.clone(),
                opened,
                available: kind.stock,
                cost: quantity::decimal(cost, MONEY_PLACES),
            }
        })
        .collect()
}

fn resources(fleet: &Fleet, compiled: &Compiled, placement: &Placement) -> Vec<ResourceUse> {
    let resources = fleet.resources.iter();
    let mut uses: Vec<ResourceUse> = resources
        .map(|(name, kind)| ResourceUse {
            name: name.clone(),
            unit: kind.base(),
            usable: 0,
            used: 0,
            stranded: 0,
            headroom: None,
            kind: *kind,
        })
        .collect();
    let smallest = Smallest::new(compiled);
    for (pattern, hosts) in &placement.patterns {
        let used = used(compiled, &pattern.vms);
        let stranded = smallest.is_stranded(&compiled.usable[pattern.host], &used);
        for (k, entry) in uses.iter_mut().enumerate() {
            let usable = compiled.usable[pattern.host][k];
            entry.usable = entry.usable.saturating_add(usable.saturating_mul(*hosts));
            entry.used += used[k] * hosts;
            let left = usable - used[k];
            entry.headroom = Some(entry.headroom.map_or(left, |least| least.min(left)));
            if stranded {
                entry.stranded = entry.stranded.saturating_add(left.saturating_mul(*hosts));
            }
        }
    }
    uses
}

/// How many kinds of host are printed.
const SHOWN: usize = 12;

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "VMs           {}", self.vms)?;
        writeln!(f, "hosts         {}", self.hosts_opened)?;
        for host in self.hosts.iter().take(SHOWN) {
            let available = host.available.map_or("any number".to_owned(), |n| n.to_string());
            writeln!(f, "  {:<20} {} of {available}, cost {}", host.name, host.opened, host.cost)?;
        }
        if self.hosts.len() > SHOWN {
            writeln!(f, "  and {} more kinds (summary.json)", self.hosts.len() - SHOWN)?;
        }
        writeln!(f, "cost          {}", self.cost)?;
        match (&self.lower_bound, self.gap) {
            (Some(bound), gap) => {
                let certified =
                    if self.bound_certified { "certified" } else { "claimed by a method" };
                let gap = gap.map(|gap| format!(", gap {:.2} %", 100.0 * gap)).unwrap_or_default();
                writeln!(f, "lower bound   {bound} ({certified}){gap}")?;
            }
            (None, _) => writeln!(f, "lower bound   none")?,
        }
        let optimal = if self.optimal { ", optimal" } else { "" };
        writeln!(f, "method        {}{optimal}", self.method)?;
        writeln!(f, "verdict       {}", self.verdict)?;
        for r in &self.resources {
            let share =
                |part: u64| if r.usable == 0 { 0.0 } else { 100.0 * part as f64 / r.usable as f64 };
            writeln!(
                f,
                "{:<13} {:.1} % of {} in use, {:.1} % stranded, {} left on the fullest host",
                r.name,
                share(r.used),
                r.kind.about(r.usable),
                share(r.stranded),
                r.kind.about(r.headroom.unwrap_or(0))
            )?;
        }
        for rule in &self.rules {
            let state = match (rule.violations, rule.slack) {
                (0, Some(slack)) => format!("kept, slack {slack} {}", rule.slack_unit),
                (0, None) => "kept, slack unlimited".to_owned(),
                (n, _) => format!("broken {n} times, cost {}", rule.cost),
            };
            writeln!(f, "rule          {} ({}): {state}", rule.name, rule.form)?;
        }
        Ok(())
    }
}
