//! Vector bin packing as `VPSolver` reads it.

use std::fmt::Write;

use vmpack_model::AnyInstance;
use vmpack_model::packing::Instance;

use crate::items::Items;

use super::text::{Layout, Tokens, layout};
use super::{Format, ReadError, WriteError};

/// `d`, the `d` capacities, the number `m` of sizes, then `m` lines of `d` sizes and a demand (Brandao
/// and Pedroso 2016, `VPSolver`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Vbp;

impl Format for Vbp {
    fn name(&self) -> &'static str {
        "vbp"
    }

    fn description(&self) -> &'static str {
        "VPSolver vector bin packing: dimensions, capacities, number of sizes, sizes and demand per line"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["vbp"]
    }

    fn recognises(&self, content: &[u8]) -> bool {
        layout(content).is_some_and(|Layout { first, lines }| {
            usize::try_from(first)
                .is_ok_and(|d| d > 0 && d < usize::MAX && lines == [1, d, 1, d + 1])
        })
    }

    fn read(&self, content: &[u8], name: &str) -> Result<AnyInstance, ReadError> {
        let mut tokens = Tokens::new(content)?;
        let d = tokens.integer(|| "number of dimensions".to_owned(), 1..=u64::MAX, "")?;
        let mut capacity = Vec::new();
        for k in 1..=d {
            let field = || format!("capacity {k} of {d}");
            capacity.push(tokens.integer(field, 1..=u64::MAX, "")?);
        }
        let m = tokens.integer(|| "number of sizes".to_owned(), 1..=u64::MAX, "")?;
        let mut items = Items::new(capacity.len());
        for item in 1..=m {
            let mut sizes = Vec::with_capacity(capacity.len());
            for (k, &capacity) in capacity.iter().enumerate() {
                let field = || format!("size {} of item {item} of {m}", k + 1);
                sizes.push(tokens.integer(field, 0..=capacity, "the capacity")?);
            }
            let demand = || format!("demand for item {item} of {m}");
            let demand = tokens.integer(demand, 0..=u64::MAX, "")?;
            items.add(sizes, demand).map_err(|overflow| tokens.overflow(overflow))?;
        }
        tokens.end(&format!("the demand for item {m}"))?;
        items
            .on_identical_hosts(name, capacity)
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
        let mut text = format!("{}\n", instance.dimensions());
        text.push_str(&row(instance.capacity(0)));
        let _ = writeln!(text, "\n{}", instance.vms().len());
        for (index, vm) in instance.vms().iter().enumerate() {
            let _ = writeln!(text, "{} {}", row(instance.demand(index)), vm.count);
        }
        Ok(text)
    }
}

/// Numbers with blanks between them.
pub(super) fn row(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

fn reason_against(instance: &Instance) -> Option<String> {
    if !instance.rules().only_capacity() {
        return Some("it has placement rules or prices of VMs on hosts".to_owned());
    }
    let [host] = instance.hosts() else {
        return Some(format!(
            "it has {} host types, and there is place for one",
            instance.hosts().len()
        ));
    };
    if host.cost != 1 {
        return Some(format!("its host costs {}, and there is no place for costs", host.cost));
    }
    if let Some(stock) = host.stock {
        return Some(format!("its stock is limited to {stock}, and there is no place for that"));
    }
    if instance.has_alternatives() {
        return Some("a VM type has alternative demands".to_owned());
    }
    if instance.vms().is_empty() {
        return Some("it has no VM types".to_owned());
    }
    if instance.capacity(0).contains(&0) {
        return Some(format!("host type {:?} has a capacity of 0", host.name));
    }
    let oversized = (0..instance.rows()).find(|&row| !instance.fits(row, 0))?;
    Some(format!("VM type {:?} is larger than the host", instance.vms()[oversized].name))
}
