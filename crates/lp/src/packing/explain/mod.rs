//! Why an instance has no placement: a smallest set of what it asks for that cannot hold together.
//!
//! An instance asks for many things at once: so many VMs of each type are to be placed, every hard rule holds,
//! no more hosts are opened than are in stock, no resource is overcommitted. Each of these is a [`Part`] that can
//! be waived, and waiving one never takes a placement away. A set of parts that no placement keeps, and of which
//! every proper subset is kept by some, is an irreducible infeasible set: it names a conflict and nothing
//! beside it.
//!
//! Such a set is found by a deletion filter (Chinneck and Dravnieks 1991; Chinneck, Feasibility and
//! Infeasibility in Optimization, 2008, section 6.2.1): parts are waived one after the other, in blocks that
//! double as long as the rest stays infeasible and halve where not. Of VM types that remain the count is
//! reduced by bisection. Where an instance has few parts, the set is compared with minimum hitting sets of what
//! feasible sets waive (Ignatiev, Previti, Liffiton and Marques-Silva, "Smallest MUS extraction with minimal
//! hitting set dualization", CP 2015), which finds a set of the least number of parts.
//!
//! Whether parts can hold together is decided by counting arguments in integers where these suffice, else by
//! the assignment program with rules on the best backend of the build.
//!
//! # Examples
//! Three replicas on different hosts, but only two hosts are in stock.
//!
//! ```
//! use ndarray::arr2;
//! use vmpack_lp::explain::{Finding, explain};
//! use vmpack_model::packing::{Demand, HostType, Instance, Level, Rule, Rules, Strength};
//! use vmpack_model::{Budget, Resource};
//!
//! let vms = vec![("web".into(), 3), ("batch".into(), 9)];
//! let host = HostType { name: "small".into(), cost: 1, stock: Some(2) };
//! let apart = Demand::AtMost { vms: vec![0], most: 1, within: Level::Host };
//! let rule = Rule { name: "replicas".into(), demand: apart, strength: Strength::Hard };
//! let (sizes, size) = (arr2(&[[2], [1]]), arr2(&[[16]]));
//! let instance = Instance::simple("", Resource::anonymous(1), vms, sizes, vec![host], size)?
//!     .with_rules(Rules { rules: vec![rule], ..Rules::default() })?;
//!
//! let Finding::Conflict(conflict) = explain(&instance, &Budget::default()) else { panic!() };
//! assert_eq!(
//!     conflict.sentence(&instance),
//!     "3 VMs of \"web\", the stock of 2 \"small\" and the rule \"replicas\" (at most 1 of \"web\" per host) \
//!      cannot hold together; without any one of these the others can."
//! );
//! # Ok::<(), vmpack_model::packing::InstanceError>(())
//! ```

mod counting;
mod filter;
mod hitting;
mod oracle;
mod words;

use vmpack_model::Budget;
use vmpack_model::packing::{Demand, Instance, Rule};

use filter::Filter;
use oracle::{Answer, Oracle};

/// Something that an instance asks for and that can be waived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The VMs of a type are placed. Without it they still may be, as members of groups that spread.
    Vms(usize),
    /// The capacity of hosts for a resource is kept.
    Resource(usize),
    /// No more hosts of a type are opened than are in stock.
    Stock(usize),
    /// A hard rule is kept.
    Rule(usize),
}

/// What of an instance cannot hold together: no placement keeps all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// VM types, by index, and how many VMs of each are to be placed.
    pub vms: Vec<(usize, u64)>,
    /// Resources, by index, whose capacity is to be kept.
    pub resources: Vec<usize>,
    /// Host types, by index, whose stock is to be kept.
    pub stock: Vec<usize>,
    /// Rules, by index.
    pub rules: Vec<usize>,
    /// Whether the rest was seen to have a placement once any single rule, stock, resource or VM is waived.
    pub irreducible: bool,
    /// Whether it was shown besides that no conflict has fewer parts, where all VMs of a type are one part.
    pub minimum: bool,
}

/// What is found out about an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It has a placement.
    Feasible,
    /// It has none, for this reason.
    Conflict(Explanation),
    /// Neither was found within the budget, or the instance is too large for the program.
    Unknown,
}

/// Looks for a smallest conflict within the time of the budget.
///
/// The number of programs solved is the size of the conflict times the logarithm of the number of parts, about.
pub fn explain(instance: &Instance, budget: &Budget) -> Finding {
    let oracle = Oracle::new(instance, budget);
    let all = Asked::all(instance);
    let start = match counting::clash(&all.relaxed(instance), &all.least) {
        Some(clash) => Asked::of_clash(instance, &clash),
        None => match oracle.ask(&all) {
            Answer::Possible => return Finding::Feasible,
            Answer::Unknown => return Finding::Unknown,
            Answer::Impossible => all.clone(),
        },
    };
    let mut filter = Filter::new(&oracle, start);
    filter.parts();
    let mut minimum = false;
    if filter.is_irreducible()
        && let Some(smallest) = hitting::smallest(&oracle, &all, filter.asked())
    {
        minimum = true;
        filter = Filter::new(&oracle, smallest);
    }
    filter.counts();
    Finding::Conflict(filter.asked().explanation(filter.is_irreducible(), minimum))
}

/// A set of parts, with a number of VMs for each type.
#[derive(Clone, Debug)]
struct Asked {
    /// How many VMs of each type are to be placed.
    least: Vec<u64>,
    resources: Vec<bool>,
    stock: Vec<bool>,
    rules: Vec<bool>,
}

impl Asked {
    /// Everything that the instance asks for.
    fn all(instance: &Instance) -> Self {
        Self {
            least: instance.vms().iter().map(|vm| vm.count).collect(),
            resources: vec![true; instance.dimensions()],
            stock: instance.hosts().iter().map(|host| host.stock.is_some()).collect(),
            rules: instance.rules().rules.iter().map(Rule::is_hard).collect(),
        }
    }

    /// What a counting argument speaks of, with all that decides where VMs may run.
    fn of_clash(instance: &Instance, clash: &counting::Clash) -> Self {
        let mut asked = Self::all(instance);
        for (vm, least) in asked.least.iter_mut().enumerate() {
            if clash.vms.binary_search(&vm).is_err() {
                *least = 0;
            }
        }
        let hard: Vec<usize> = (0..asked.rules.len()).filter(|&rule| asked.rules[rule]).collect();
        for (kept, &rule) in hard.iter().enumerate() {
            let restricts = matches!(instance.rules().rules[rule].demand, Demand::Restrict { .. });
            asked.rules[rule] = restricts || clash.rule == Some(kept);
        }
        asked
    }

    /// The parts, in the order in which they are waived.
    fn parts(&self) -> Vec<Part> {
        let held = |set: &[bool]| -> Vec<usize> { (0..set.len()).filter(|&i| set[i]).collect() };
        let vms = (0..self.least.len()).filter(|&vm| self.least[vm] > 0).map(Part::Vms);
        let resources = held(&self.resources).into_iter().map(Part::Resource);
        let stock = held(&self.stock).into_iter().map(Part::Stock);
        let rules = held(&self.rules).into_iter().map(Part::Rule);
        vms.chain(resources).chain(stock).chain(rules).collect()
    }

    /// The same without a part.
    fn waive(&mut self, part: Part) {
        match part {
            Part::Vms(vm) => self.least[vm] = 0,
            Part::Resource(k) => self.resources[k] = false,
            Part::Stock(t) => self.stock[t] = false,
            Part::Rule(rule) => self.rules[rule] = false,
        }
    }

    /// The same with these parts alone.
    fn only(&self, parts: &[Part]) -> Self {
        let mut asked = self.clone();
        self.parts()
            .into_iter()
            .filter(|part| !parts.contains(part))
            .for_each(|part| asked.waive(part));
        asked
    }

    fn explanation(&self, irreducible: bool, minimum: bool) -> Explanation {
        let mut explanation = Explanation { irreducible, minimum, ..Explanation::default() };
        for part in self.parts() {
            match part {
                Part::Vms(vm) => explanation.vms.push((vm, self.least[vm])),
                Part::Resource(k) => explanation.resources.push(k),
                Part::Stock(t) => explanation.stock.push(t),
                Part::Rule(rule) => explanation.rules.push(rule),
            }
        }
        explanation
    }
}
