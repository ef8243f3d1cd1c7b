//! Multiple-choice vector bin packing as `VPSolver` reads it: several bin types, alternative sizes.

use std::fmt::Write;

use vmpack_model::packing::{HostType, Instance};
use vmpack_model::{AnyInstance, Resource};

use crate::items::Items;

use super::text::{Layout, Tokens, layout};
use super::vbp::row;
use super::{Format, ReadError, WriteError};

/// `d`, the number of bin types, for each a line of `d` capacities, cost and availability (-1 for no
/// limit), the number of items, for each a line of its number of alternatives and its demand, followed by
/// a line of `d` sizes per alternative (Brandao and Pedroso 2016, `VPSolver`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Mvp;

impl Format for Mvp {
    fn name(&self) -> &'static str {
        "mvp"
    }

    fn description(&self) -> &'static str {
        "VPSolver multiple-choice vector bin packing: bin types with cost and availability, items \
         with alternative sizes"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mvp"]
    }

    fn recognises(&self, content: &[u8]) -> bool {
        layout(content).is_some_and(|Layout { first, lines }| {
            let third = first.checked_add(2).and_then(|count| usize::try_from(count).ok());
            first > 0 && lines[..2] == [1, 1] && Some(lines[2]) == third
        })
    }

    fn read(&self, content: &[u8], name: &str) -> Result<AnyInstance, ReadError> {
        let mut tokens = Tokens::new(content)?;
        let d = tokens.integer(|| "number of dimensions".to_owned(), 1..=u64::MAX, "")?;
        let q = tokens.integer(|| "number of bin types".to_owned(), 1..=u64::MAX, "")?;
        let mut hosts = Vec::new();
        let mut capacities = Vec::new();
        for bin in 1..=q {
            let mut offers = false;
            for k in 1..=d {
                let field = || format!("capacity {k} of bin type {bin} of {q}");
                let capacity = tokens.integer(field, 0..=u64::MAX, "")?;
                offers |= capacity > 0;
                capacities.push(capacity);
            }
            if !offers {
                let field = format!("capacities of bin type {bin} of {q}");
                return Err(tokens.refuse(field, "one above 0", "only 0".to_owned()));
            }
            let cost = || format!("cost of bin type {bin} of {q}");
            let cost = tokens.integer(cost, 0..=u64::MAX, "")?;
            let stock = tokens.availability(|| format!("availability of bin type {bin} of {q}"))?;
            hosts.push(HostType { name: format!("host{bin}"), cost, stock });
        }
        let d = capacities.len() / hosts.len();
        let m = tokens.integer(|| "number of items".to_owned(), 1..=u64::MAX, "")?;
        let mut items = Items::new(d);
        for item in 1..=m {
            let alternatives = || format!("number of alternatives of item {item} of {m}");
            let alternatives = tokens.integer(alternatives, 1..=u64::MAX, "")?;
            let demand = || format!("demand for item {item} of {m}");
            let demand = tokens.integer(demand, 0..=u64::MAX, "")?;
            let mut sizes = Vec::new();
            for alternative in 1..=alternatives {
                for k in 1..=d {
                    let field =
                        || format!("size {k} of alternative {alternative} of item {item} of {m}");
                    sizes.push(tokens.integer(field, 0..=u64::MAX, "")?);
                }
            }
            let fits = |sizes: &[u64]| {
                capacities
                    .chunks(d)
                    .any(|capacity| sizes.iter().zip(capacity).all(|(size, room)| size <= room))
            };
            if !sizes.chunks(d).any(fits) {
                return Err(tokens.refuse(
                    format!("item {item} of {m}"),
                    "an alternative that fits one of the bin types",
                    format!("{alternatives} that fit none, the last being {}", last_row(&sizes, d)),
                ));
            }
            items.add(sizes, demand).map_err(|overflow| tokens.overflow(overflow))?;
        }
        tokens.end(&format!("item {m}"))?;
        items
            .into_instance(name, Resource::anonymous(d), hosts, capacities)
            .map(AnyInstance::Packing)
            .map_err(|error| ReadError::instance(&error))
    }

    fn writes(&self) -> bool {
        true
    }

    fn write(&self, instance: &AnyInstance) -> Result<String, WriteError> {
        let refuse = |reason: String| Err(WriteError::Unsupported { format: self.name(), reason });
        let AnyInstance::Packing(instance) = instance else {
            return refuse("it is of the allocation family".to_owned());
        };
        if let Some(reason) = reason_against(instance) {
            return refuse(reason);
        }
        let mut text = format!("{}\n{}\n", instance.dimensions(), instance.hosts().len());
        for (index, host) in instance.hosts().iter().enumerate() {
            let stock = host.stock.map_or_else(|| "-1".to_owned(), |stock| stock.to_string());
            let _ = writeln!(text, "{} {} {stock}", row(instance.capacity(index)), host.cost);
        }
        let _ = writeln!(text, "{}", instance.vms().len());
        for vm in instance.vms() {
            let _ = writeln!(text, "{} {}", vm.rows.len(), vm.count);
            for index in vm.rows.clone() {
                let _ = writeln!(text, "{}", row(instance.demand(index)));
            }
        }
        Ok(text)
    }
}

fn last_row(sizes: &[u64], d: usize) -> String {
    row(&sizes[sizes.len() - d..])
}

fn reason_against(instance: &Instance) -> Option<String> {
    if !instance.rules().only_capacity() {
        return Some("it has placement rules or prices of VMs on hosts".to_owned());
    }
    if instance.vms().is_empty() {
        return Some("it has no VM types".to_owned());
    }
    let hosts = 0..instance.hosts().len();
    if let Some(host) = hosts.clone().find(|&host| instance.capacity(host).iter().all(|&c| c == 0))
    {
        return Some(format!("host type {:?} offers nothing", instance.hosts()[host].name));
    }
    let fits = |row| hosts.clone().any(|host| instance.fits(row, host));
    let oversized = instance.vms().iter().find(|vm| !vm.rows.clone().any(fits))?;
    Some(format!("VM type {:?} fits no host type", oversized.name))
}
