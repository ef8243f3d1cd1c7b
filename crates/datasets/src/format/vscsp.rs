//! Variable-sized cutting stock: several bin types with availability and price.

use vmpack_model::packing::HostType;
use vmpack_model::{AnyInstance, Resource};

use crate::items::Items;

use super::text::{Layout, Tokens, layout};
use super::{Format, ReadError};

/// The number of bin types, a line of capacity, availability and price for each, the number of sizes,
/// a line of size and demand for each (Delorme and Martinovic, variable-sized cutting stock sets).
#[derive(Clone, Copy, Debug)]
pub(super) struct Vscsp;

impl Format for Vscsp {
    fn name(&self) -> &'static str {
        "vscsp"
    }

    fn description(&self) -> &'static str {
        "variable-sized cutting stock: bin types with capacity, availability and price, then sizes \
         with demands"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "vscsp"]
    }

    fn recognises(&self, content: &[u8]) -> bool {
        match layout(content) {
            Some(Layout { first: 1, lines }) => lines == [1, 3, 1, 2],
            Some(Layout { lines, .. }) => lines[..3] == [1, 3, 3],
            None => false,
        }
    }

    fn read(&self, content: &[u8], name: &str) -> Result<AnyInstance, ReadError> {
        let mut tokens = Tokens::new(content)?;
        let b = tokens.integer(|| "number of bin types".to_owned(), 1..=u64::MAX, "")?;
        let mut hosts = Vec::new();
        let mut capacities = Vec::new();
        for bin in 1..=b {
            let capacity = || format!("capacity of bin type {bin} of {b}");
            capacities.push(tokens.integer(capacity, 1..=u64::MAX, "")?);
            let stock = tokens.availability(|| format!("availability of bin type {bin} of {b}"))?;
            let price = || format!("price of bin type {bin} of {b}");
            let cost = tokens.integer(price, 0..=u64::MAX, "")?;
            hosts.push(HostType { name: format!("host{bin}"), cost, stock });
        }
        let largest = capacities.iter().copied().max().unwrap_or(0);
        let m = tokens.integer(|| "number of sizes".to_owned(), 1..=u64::MAX, "")?;
        let mut items = Items::new(1);
        for item in 1..=m {
            let size = || format!("size {item} of {m}");
            let size = tokens.integer(size, 1..=largest, "the largest capacity")?;
            let demand = || format!("demand for size {item} of {m}");
            let demand = tokens.integer(demand, 0..=u64::MAX, "")?;
            items.add(vec![size], demand).map_err(|overflow| tokens.overflow(overflow))?;
        }
        tokens.end(&format!("the demand for size {m}"))?;
        items
            .into_instance(name, Resource::anonymous(1), hosts, capacities)
            .map(AnyInstance::Packing)
            .map_err(|error| ReadError::instance(&error))
    }
}
