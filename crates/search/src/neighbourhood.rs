//! Which hosts are taken out together.

use rand::{Rng, RngExt};
use vmpack_model::packing::Placement;

/// Takes random hosts out until they hold `vms` VMs, all if there are no more: how many of each pattern.
///
/// Every host is as likely as any other. Takes time linear in the patterns for each host.
pub(crate) fn choose(placement: &Placement, vms: u64, rng: &mut impl Rng) -> Vec<u64> {
    let patterns = &placement.patterns;
    let mut chosen = vec![0; patterns.len()];
    let mut hosts = placement.hosts_opened();
    let mut taken = 0;
    while taken < vms && hosts > 0 {
        let mut at = rng.random_range(0..hosts);
        let left = patterns.iter().zip(&chosen).map(|((_, hosts), out)| hosts - out);
        let pattern = left
            .enumerate()
            .find_map(|(p, left)| {
                let here = at < left;
                at = at.saturating_sub(left);
                here.then_some(p)
            })
            .expect("fewer than all hosts are taken");
        chosen[pattern] += 1;
        hosts -= 1;
        taken += patterns[pattern].0.vms.iter().map(|&(_, count)| count).sum::<u64>();
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
