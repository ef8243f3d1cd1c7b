//! Whole patterns from fractional ones.

use vmpack_model::packing::{Instance, Pattern};

/// What is this close to a whole number is one.
const TINY: f64 = 1e-6;

/// Patterns with whole multiplicities: every pattern rounded down, then once more those that are used
/// half a time or more and still place only VMs that are left, within stock.
pub(super) fn rounded(instance: &Instance, patterns: Vec<(Pattern, f64)>) -> Vec<(Pattern, u64)> {
    let mut left: Vec<u64> = instance.vms().iter().map(|vm| vm.count).collect();
    let mut stock: Vec<u64> =
        instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect();
    let mut whole = Vec::with_capacity(patterns.len());
    let mut parts = Vec::new();
    for (pattern, times) in patterns {
        let hosts = (times + TINY).floor();
        let part = times + TINY - hosts;
        let hosts = (hosts as u64).min(stock[pattern.host]);
        stock[pattern.host] -= hosts;
        for &(row, count) in &pattern.vms {
            let left = &mut left[instance.type_of_row(row)];
            *left = left.saturating_sub(count.saturating_mul(hosts));
        }
        if part >= 0.5 {
            parts.push((part, pattern.clone()));
        }
        if hosts > 0 {
            whole.push((pattern, hosts));
        }
    }
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, pattern) in parts {
        let mut after = left.clone();
        let useful = stock[pattern.host] > 0
            && pattern.vms.iter().all(|&(row, count)| {
                let left = &mut after[instance.type_of_row(row)];
                let fits = *left >= count;
                *left = left.saturating_sub(count);
                fits
            });
        if useful {
            left = after;
            stock[pattern.host] -= 1;
            whole.push((pattern, 1));
        }
    }
    whole
}
