//! What VMs may use of a host, derived from its hardware.

use std::borrow::Cow;

use vmpack_model::packing::Instance;

/// What VMs may use of each resource of a host of type `t`.
pub(in super::super) fn usable(instance: &Instance, t: usize) -> Cow<'_, [u64]> {
    let rules = instance.rules();
    if rules.overcommit.is_empty() && rules.reserve.is_none() {
        return Cow::Borrowed(instance.hardware(t));
    }
    Cow::Owned((0..instance.dimensions()).map(|k| usable_of(instance, t, k)).collect())
}

/// What a host of type `t` sells of resource `k`, `floor(hardware x overcommit)`, less what it keeps free; not
/// less than nothing.
///
/// What exceeds 64 bits counts as the greatest number of 64 bits: all demands together fit them, so no more is
/// ever used.
pub(in super::super) fn usable_of(instance: &Instance, t: usize, k: usize) -> u64 {
    let (hardware, rules) = (u128::from(instance.hardware(t)[k]), instance.rules());
    let sold = rules.overcommit.get(k).map_or(hardware, |ratio| {
        (hardware * u128::from(ratio.sold)).checked_div(u128::from(ratio.real)).unwrap_or(0)
    });
    let kept = rules.reserve.as_ref().map_or(0, |reserve| u128::from(reserve[[t, k]]));
    u64::try_from(sold.saturating_sub(kept)).unwrap_or(u64::MAX)
}
