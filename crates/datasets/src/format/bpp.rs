//! Bin packing as BPPLIB writes it: one item per line.

use vmpack_model::AnyInstance;

use crate::items::Items;

use super::text::{Layout, Tokens, layout};
use super::{Format, ReadError};

/// `n`, the capacity, then `n` sizes, each in its own line (Delorme, Iori and Martello 2018, BPPLIB).
#[derive(Clone, Copy, Debug)]
pub(super) struct Bpp;

impl Format for Bpp {
    fn name(&self) -> &'static str {
        "bpp"
    }

    fn description(&self) -> &'static str {
        "BPPLIB bin packing: number of items, capacity, one size per line"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "bpp"]
    }

    fn recognises(&self, content: &[u8]) -> bool {
        matches!(layout(content), Some(Layout { lines: [1, 1, 1, 0 | 1], .. }))
    }

    fn read(&self, content: &[u8], name: &str) -> Result<AnyInstance, ReadError> {
        let mut tokens = Tokens::new(content)?;
        let n = tokens.integer(|| "number of items".to_owned(), 1..=u64::MAX, "")?;
        let capacity = tokens.integer(|| "capacity".to_owned(), 1..=u64::MAX, "")?;
        let mut items = Items::new(1);
        for item in 1..=n {
            let field = || format!("size of item {item} of {n}");
            let size = tokens.integer(field, 1..=capacity, "the capacity")?;
            items.add(vec![size], 1).map_err(|overflow| tokens.overflow(overflow))?;
        }
        tokens.end(&format!("item {n}"))?;
        items
            .on_identical_hosts(name, vec![capacity])
            .map(AnyInstance::Packing)
            .map_err(|error| ReadError::instance(&error))
    }
}
