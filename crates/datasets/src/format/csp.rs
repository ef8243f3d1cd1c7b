//! Cutting stock as BPPLIB writes it: one size with its demand per line.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::text::{Layout, Tokens, layout};
use super::{Format, ReadError};

/// `m`, the capacity, then `m` lines of size and demand (Delorme, Iori and Martello 2018, BPPLIB).
#[derive(Clone, Copy, Debug)]
pub(super) struct Csp;

impl Format for Csp {
    fn name(&self) -> &'static str {
        "csp"
    }

    fn description(&self) -> &'static str {
        "BPPLIB cutting stock: number of sizes, capacity, size and demand per line"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "csp"]
    }

    fn recognises(&self, content: &[u8]) -> bool {
        matches!(layout(content), Some(Layout { lines: [1, 1, 2, 0 | 2], .. }))
    }

    fn read(&self, content: &[u8], name: &str) -> Result<AnyInstance, ReadError> {
        let mut tokens = Tokens::new(content)?;
        let m = tokens.integer(|| "number of sizes".to_owned(), 1..=u64::MAX, "")?;
        let capacity = tokens.integer(|| "capacity".to_owned(), 1..=u64::MAX, "")?;
        let mut items = Items::new(1);
        for item in 1..=m {
            let size = || format!("size {item} of {m}");
            let size = tokens.integer(size, 1..=capacity, "the capacity")?;
            let demand = || format!("demand for size {item} of {m}");
            let demand = tokens.integer(demand, 0..=u64::MAX, "")?;
            items.add(vec![size], demand).map_err(|overflow| tokens.overflow(overflow))?;
        }
        tokens.end(&format!("the demand for size {m}"))?;
        items
            .on_identical_hosts(name, vec![capacity])
            .map(AnyInstance::Packing)
            .map_err(|error| ReadError::instance(&error))
    }
}
