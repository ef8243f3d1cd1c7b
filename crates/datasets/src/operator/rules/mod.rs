//! The rules file: operators' words, compiled to the forms of [`vmpack_model::packing::Demand`] under telling names.

mod form;
mod latency;
mod select;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use toml::Spanned;
use vmpack_model::packing::{Demand, Level, Ratio, Rule, Strength};

use self::form::{Reserve, RulesForm, Tenants};
use self::select::Choice;
use super::fleet::{Fleet, MONEY_PLACES};
use super::number::Number;
use super::quantity::{self, QuantityError};
use crate::format::{ReadError, parse, utf8};

/// What is asked of a fleet's placement, over its VMs and hosts by index. Money in millionths.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) rules: Vec<Rule>,
    /// One per resource; empty for none.
    pub(super) overcommit: Vec<Ratio>,
    /// Hosts x resources, what they keep free.
    pub(super) reserve: Vec<Vec<u64>>,
    /// What each of some VMs costs on every host.
    pub(super) prices: Vec<(Vec<usize>, Vec<u64>)>,
}

/// What is wrong in which part of a rules file.
#[derive(Debug)]
struct Wrong {
    span: Range<usize>,
    field: String,
    expected: String,
    found: String,
}

fn wrong(span: &Range<usize>, field: &str, expected: &str, found: String) -> Wrong {
    Wrong { span: span.clone(), field: field.to_owned(), expected: expected.to_owned(), found }
}

impl Wrong {
    fn quantity(span: &Range<usize>, field: &str, error: QuantityError) -> Self {
        wrong(span, field, &error.expected, error.found)
    }
}

/// What a fleet itself asks for, and a rules file, if there is one.
///
/// # Errors
/// Where the file breaks its grammar, names what the fleet does not have, or contradicts itself.
pub(super) fn asked(fleet: &Fleet, file: Option<&[u8]>) -> Result<Asked, ReadError> {
    let mut asked = Asked {
        rules: access(fleet),
        reserve: fleet.hosts.iter().map(|host| host.reserve.clone()).collect(),
        ..Asked::default()
    };
    asked.rules.extend(fleet.rules.iter().cloned());
    let Some(file) = file else { return Ok(asked) };
    let text = utf8(file)?;
    // JSON says the same in other signs; what it becomes has no lines that a user knows.
    let json = text.trim_start().starts_with('{').then(|| as_toml(text)).transpose()?;
    let is_json = json.is_some();
    let toml = json.as_deref().unwrap_or(text);
    let line = |span: &Range<usize>| {
        let before = toml.as_bytes().iter().take(span.start);
        (!is_json).then(|| before.filter(|&&byte| byte == b'\n').count() + 1)
    };
    let form: RulesForm = toml::from_str(toml).map_err(|error| ReadError {
        line: line(&error.span().unwrap_or(0..0)),
        field: "rules".to_owned(),
        expected: "a rules file in TOML, or the same as JSON".to_owned(),
        found: error.message().trim().to_owned(),
    })?;
    let compiler = Compiler {
        fleet,
        vms: Choice::vms(fleet),
        hosts: Choice::hosts(fleet),
        names: asked.rules.iter().map(|rule| rule.name.clone()).collect(),
        asked,
    };
    compiler.compile(form).map_err(|Wrong { span, field, expected, found }| ReadError {
        line: line(&span),
        field,
        expected,
        found,
    })
}

/// A rules file in JSON, as TOML.
fn as_toml(json: &str) -> Result<String, ReadError> {
    let document: serde_json::Value = parse(json)?;
    toml::to_string(&document).map_err(|error| ReadError {
        line: None,
        field: "rules".to_owned(),
        expected: "objects, lists, texts and numbers".to_owned(),
        found: error.to_string(),
    })
}

/// Access control by labels: one rule for all VMs that require and are cleared for the same.
fn access(fleet: &Fleet) -> Vec<Rule> {
    let mut alike: BTreeMap<(&[String], &[String]), Vec<usize>> = BTreeMap::new();
    for (index, vm) in fleet.vms.iter().enumerate() {
        alike.entry((&vm.requires, &vm.clearance)).or_default().push(index);
    }
    let rule = |((requires, clearance), vms): ((&[String], &[String]), Vec<usize>)| {
        let may = |host: &usize| fleet.vms[vms[0]].may_use(&fleet.hosts[*host]);
        let hosts: Vec<usize> = (0..fleet.hosts.len()).filter(may).collect();
        if hosts.len() == fleet.hosts.len() {
            return None;
        }
        let words = |words: &[String]| {
            if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
        };
        Some(Rule {
            name: format!("access: requires {}, cleared for {}", words(requires), words(clearance)),
            demand: Demand::Restrict { vms, hosts },
            strength: Strength::Hard,
        })
    };
    alike.into_iter().filter_map(rule).collect()
}

struct Compiler<'a> {
    fleet: &'a Fleet,
    vms: Choice<'a>,
    hosts: Choice<'a>,
    /// The names of rules so far.
    names: HashSet<String>,
    asked: Asked,
}

impl Compiler<'_> {
    fn compile(mut self, form: RulesForm) -> Result<Asked, Wrong> {
        if let Some(tenants) = form.tenants {
            self.tenants(&tenants.span(), tenants.get_ref())?;
        }
        for (index, rule) in form.conflict.into_iter().enumerate() {
            let (span, rule) = (rule.span(), rule.into_inner());
            let classes: Vec<_> =
                rule.classes.iter().map(|c| self.vms.of(c)).collect::<Result<_, _>>()?;
            self.disjoint(&span, &classes)?;
            let demand = Demand::Separate { classes, within: rule.within };
            self.add(&span, rule.name, ("conflict", index), demand, rule.price)?;
        }
        for (index, rule) in form.anti_affinity.into_iter().enumerate() {
            let (span, rule) = (rule.span(), rule.into_inner());
            let vms = self.vms.of(&rule.vms)?;
            let demand = Demand::AtMost { vms, most: rule.most, within: rule.within };
            self.add(&span, rule.name, ("anti-affinity", index), demand, rule.price)?;
        }
        for (index, rule) in form.affinity.into_iter().enumerate() {
            let (span, rule) = (rule.span(), rule.into_inner());
            let demand = Demand::Together { vms: self.vms.of(&rule.vms)?, within: rule.within };
            self.add(&span, rule.name, ("affinity", index), demand, rule.price)?;
        }
        for (index, rule) in form.spread.into_iter().enumerate() {
            let (span, rule) = (rule.span(), rule.into_inner());
            let vms = self.vms.of(&rule.vms)?;
            let demand = Demand::Spread { vms, least: rule.least, over: rule.over };
            self.add(&span, rule.name, ("spread", index), demand, rule.price)?;
        }
        for (index, rule) in form.access.into_iter().enumerate() {
            let (span, rule) = (rule.span(), rule.into_inner());
            let (vms, hosts) = (self.vms.of(&rule.vms)?, self.hosts.of(&rule.hosts)?);
            self.add(
                &span,
                rule.name,
                ("access", index),
                Demand::Restrict { vms, hosts },
                rule.price,
            )?;
        }
        self.overcommit(form.overcommit)?;
        for reserve in form.reserve {
            self.reserve(reserve.into_inner())?;
        }
        for (index, rule) in form.failures.into_iter().enumerate() {
            let (span, rule) = (rule.span(), rule.into_inner());
            let hosts = self.hosts_or_all(rule.hosts.as_deref())?;
            let demand = Demand::Survive { hosts, failures: rule.tolerate };
            self.add(&span, rule.name, ("failures", index), demand, None)?;
        }
        if let Some(latency) = form.latency {
            self.latency(&latency)?;
        }
        Ok(self.asked)
    }

    /// Adds a rule under its name, or under its kind and number.
    fn add(
        &mut self,
        span: &Range<usize>,
        name: Option<String>,
        (kind, index): (&str, usize),
        demand: Demand,
        price: Option<Spanned<Number>>,
    ) -> Result<(), Wrong> {
        let name = name.unwrap_or_else(|| format!("{kind} {}", index + 1));
        if !self.names.insert(name.clone()) {
            return Err(wrong(
                span,
                "name",
                "a name of its own for every rule",
                format!("{name:?} again"),
            ));
        }
        let empty = match &demand {
            Demand::Restrict { vms, .. }
            | Demand::AtMost { vms, .. }
            | Demand::Together { vms, .. }
            | Demand::Spread { vms, .. } => vms.is_empty(),
            Demand::Separate { classes, .. } => classes.iter().any(Vec::is_empty),
            Demand::Survive { hosts, .. } => hosts.is_empty(),
        };
        if empty {
            return Err(wrong(span, kind, "at least one VM or host", "none".to_owned()));
        }
        let least = match &demand {
            Demand::AtMost { most, .. } => ("most", *most),
            Demand::Spread { least, .. } => ("least", *least),
            Demand::Survive { failures, .. } => ("tolerate", *failures),
            _ => ("", 1),
        };
        if least.1 == 0 {
            return Err(wrong(span, least.0, "at least 1", "0".to_owned()));
        }
        match &demand {
            Demand::AtMost { within, .. }
            | Demand::Together { within, .. }
            | Demand::Separate { within, .. } => {
                self.has_level(span, *within)?;
            }
            Demand::Spread { over, .. } => self.has_level(span, *over)?,
            Demand::Restrict { .. } | Demand::Survive { .. } => {}
        }
        let strength = match price {
            None => Strength::Hard,
            Some(price) => Strength::Soft { price: money("price", &price)? },
        };
        self.asked.rules.push(Rule { name, demand, strength });
        Ok(())
    }

    /// A rule about racks or sites means little where some hosts are in none.
    fn has_level(&self, span: &Range<usize>, level: Level) -> Result<(), Wrong> {
        let (word, homeless) = match level {
            Level::Host => return Ok(()),
            Level::Rack => ("rack", self.fleet.hosts.iter().find(|host| host.rack.is_none())),
            Level::Site => ("site", self.fleet.hosts.iter().find(|host| host.site.is_none())),
        };
        match homeless {
            None => Ok(()),
            Some(host) => Err(wrong(
                span,
                word,
                &format!("a {word} for every host, as a rule speaks of {word}s"),
                format!("none for {:?}", host.name),
            )),
        }
    }

    fn disjoint(&self, span: &Range<usize>, classes: &[Vec<usize>]) -> Result<(), Wrong> {
        let mut seen = vec![false; self.fleet.vms.len()];
        for &vm in classes.iter().flatten() {
            if std::mem::replace(&mut seen[vm], true) {
                let found = format!("{:?} in two", self.fleet.vms[vm].name);
                return Err(wrong(span, "classes", "every VM in one class at most", found));
            }
        }
        if classes.len() < 2 {
            return Err(wrong(span, "classes", "at least two classes", classes.len().to_string()));
        }
        Ok(())
    }

    fn tenants(&mut self, span: &Range<usize>, form: &Tenants) -> Result<(), Wrong> {
        let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, vm) in self.fleet.vms.iter().enumerate() {
            if let Some(tenant) = &vm.tenant {
                of.entry(tenant).or_default().push(index);
            }
        }
        if let Some(within) = form.apart {
            if of.is_empty() {
                return Err(wrong(span, "tenants", "VMs with a tenant", "none".to_owned()));
            }
            // A single tenant is apart from nobody.
            if of.len() > 1 {
                let classes = of.values().cloned().collect();
                let demand = Demand::Separate { classes, within };
                let name = Some("tenants apart".to_owned());
                self.add(span, name, ("tenants", 0), demand, form.price.clone())?;
            }
        }
        for tenant in &form.dedicated {
            let known: Vec<&str> = of.keys().copied().collect();
            let mine = of.get(&**tenant.get_ref()).ok_or_else(|| {
                select::unknown("tenant", tenant.get_ref(), &tenant.span(), &known)
            })?;
            let others: Vec<usize> =
                (0..self.fleet.vms.len()).filter(|vm| mine.binary_search(vm).is_err()).collect();
            if others.is_empty() {
                continue;
            }
            let demand =
                Demand::Separate { classes: vec![mine.clone(), others], within: Level::Host };
            let name = Some(format!("hosts dedicated to {}", tenant.get_ref()));
            self.add(&tenant.span(), name, ("tenants", 0), demand, form.price.clone())?;
        }
        Ok(())
    }

    fn resource(&self, name: &Spanned<String>) -> Result<usize, Wrong> {
        let known: Vec<&str> = self.fleet.resources.iter().map(|(name, _)| &**name).collect();
        known
            .iter()
            .position(|known| known == name.get_ref())
            .ok_or_else(|| select::unknown("resource", name.get_ref(), &name.span(), &known))
    }

    fn overcommit(
        &mut self,
        ratios: BTreeMap<Spanned<String>, Spanned<Number>>,
    ) -> Result<(), Wrong> {
        if !ratios.is_empty() {
            self.asked.overcommit = vec![Ratio::ONE; self.fleet.resources.len()];
        }
        for (name, number) in ratios {
            let resource = self.resource(&name)?;
            let text = &number.get_ref().0;
            self.asked.overcommit[resource] = ratio(text).ok_or_else(|| {
                let expected = "a positive ratio, such as 4, 1.5 or \"3/2\"";
                wrong(
                    &number.span(),
                    &format!("overcommit.{}", name.get_ref()),
                    expected,
                    format!("{text:?}"),
                )
            })?;
        }
        Ok(())
    }

    fn hosts_or_all(&self, words: Option<&[Spanned<String>]>) -> Result<Vec<usize>, Wrong> {
        match words {
            Some(words) => self.hosts.of(words),
            None => Ok((0..self.fleet.hosts.len()).collect()),
        }
    }

    fn reserve(&mut self, form: Reserve) -> Result<(), Wrong> {
        let hosts = self.hosts_or_all(form.hosts.as_deref())?;
        for (name, number) in form.free {
            let resource = self.resource(&name)?;
            let (text, span) = (&number.get_ref().0, number.span());
            let field = format!("free.{}", name.get_ref());
            let too_large = || wrong(&span, &field, "an amount of at most 2^64 - 1", text.clone());
            let kind = self.fleet.resources[resource].1;
            // Shares in hundredths of a per cent.
            let share = text.strip_suffix('%').map(|share| quantity::fixed(share, 2)).transpose();
            let share = share.map_err(|error| Wrong::quantity(&span, &field, error))?;
            for &host in &hosts {
                let free = match share {
                    None => quantity::amount(text, kind, None)
                        .map_err(|error| Wrong::quantity(&span, &field, error))?,
                    Some(share) => {
                        let ratio = self.asked.overcommit.get(resource).unwrap_or(&Ratio::ONE);
                        let capacity = u128::from(self.fleet.hosts[host].capacity[resource]);
                        let sold = capacity * u128::from(ratio.sold) / u128::from(ratio.real);
                        let free = sold.checked_mul(u128::from(share)).ok_or_else(too_large)?;
                        u64::try_from(free.div_ceil(10_000)).map_err(|_| too_large())?
                    }
                };
                let kept = &mut self.asked.reserve[host][resource];
                *kept = kept.checked_add(free).ok_or_else(too_large)?;
            }
        }
        Ok(())
    }
}

/// An amount of money in millionths.
fn money(field: &str, number: &Spanned<Number>) -> Result<u64, Wrong> {
    quantity::fixed(&number.get_ref().0, MONEY_PLACES)
        .map_err(|error| Wrong::quantity(&number.span(), field, error))
}

/// `4`, `1.5` or `3/2`.
fn ratio(text: &str) -> Option<Ratio> {
    let (sold, real) = text.split_once('/').unwrap_or((text, "1"));
    let part = |text: &str| quantity::fixed(text, MONEY_PLACES).ok().filter(|&part| part > 0);
    let (sold, real) = (part(sold)?, part(real)?);
    let shared = gcd(sold, real);
    Some(Ratio { sold: sold / shared, real: real / shared })
}

/// The greatest common divisor; that of 0 and a number is the number.
pub(super) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
