//! How large tables may become.

use vmpack_model::Budget;

/// What the tables of a method may take together where the budget has no memory limit: 1 GiB.
pub const DEFAULT_TABLE_BYTES: u64 = 1 << 30;

/// What the tables of a method may take together: three quarters of the memory limit, which leaves
/// room for the rest of the process, and never more than [`DEFAULT_TABLE_BYTES`].
pub(crate) fn table_bytes(budget: &Budget) -> u64 {
    let limit = budget.memory_limit().map_or(u64::MAX, |bytes| bytes / 4 * 3);
    limit.min(DEFAULT_TABLE_BYTES)
}

/// The greatest common divisor; that of nothing and `a` is `a`.
pub(crate) fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
