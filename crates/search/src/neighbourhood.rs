//! Which hosts are taken out together.

use rand::{Rng, RngExt};
use vmpack_model::packing::Placement;

/// Takes random hosts out until they hold `vms` VMs, all if there are no more: how many of each pattern.
///
/// Every host is as likely as any other. Takes time linear in the patterns, and `h log h` for `h` hosts if all are
/// taken.
pub(crate) fn choose(placement: &Placement, vms: u64, rng: &mut impl Rng) -> Vec<u64> {
    let patterns = &placement.patterns;
    let mut chosen = vec![0; patterns.len()];
    // Per pattern, how many hosts come before its own.
    let mut starts = Vec::with_capacity(patterns.len());
    let mut hosts = 0;
    for (_, times) in patterns {
        starts.push(hosts);
        hosts += times;
    }
    let (mut taken, mut left) = (0, hosts);
    while taken < vms && left > 0 {
        let at = rng.random_range(0..hosts);
        let pattern = starts.partition_point(|&start| start <= at) - 1;
        // The first hosts of a pattern are those that are taken.
        if at - starts[pattern] >= chosen[pattern] {
            chosen[pattern] += 1;
            left -= 1;
            taken += patterns[pattern].0.vms.iter().map(|&(_, count)| count).sum::<u64>();
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use vmpack_model::packing::Pattern;

    use super::*;

    #[test]
    fn takes_no_more_than_there_is_and_no_less_than_wanted() {
        let pattern = |row, hosts| (Pattern { host: 0, vms: vec![(row, 2)] }, hosts);
        let placement = Placement::from_patterns([pattern(0, 3), pattern(1, 4)]);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for wanted in 0..20 {
            let chosen = choose(&placement, wanted, &mut rng);
            assert!(chosen[0] <= 3 && chosen[1] <= 4);
            let vms = 2 * chosen.iter().sum::<u64>();
            assert_eq!(vms, (wanted + wanted % 2).min(14));
        }
    }
}
