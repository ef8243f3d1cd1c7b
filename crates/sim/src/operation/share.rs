//! How VMs share the CPU of their host.

/// What a VM has a claim to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it would use.
    pub wanted: u64,
    /// What it gets in any case, if it wants it.
    pub reserved: u64,
    /// The most it gets.
    pub limit: u64,
    /// Its share of what is left, beside those of others; positive.
    pub weight: u64,
}

impl Claim {
    fn least(&self) -> u64 {
        self.reserved.min(self.most())
    }

    fn most(&self) -> u64 {
        self.wanted.min(self.limit)
    }
}

/// Divides a host's CPU among VMs: weighted max-min fairness between a floor and a ceiling (Bertsekas and Gallager,
/// *Data Networks*, 6.5.2). Every VM gets `weight x level`, raised to what it has reserved and cut to what it wants and
/// may have; the level is the highest that the capacity bears. Units that rounding leaves go to the first VMs that can
/// use one more. If even what is reserved exceeds the capacity, all are cut in proportion to it.
///
/// `granted` is filled with one entry per claim. Quadratic in the number of VMs of a host at worst, linear if the
/// capacity suffices.
pub fn share(capacity: u64, claims: &[Claim], granted: &mut Vec<u64>) {
    granted.clear();
    granted.extend(claims.iter().map(Claim::most));
    let wanted: u64 = granted.iter().sum();
    if wanted <= capacity {
        return;
    }
    let reserved: u64 = claims.iter().map(Claim::least).sum();
    if reserved >= capacity {
        let cut = |claim: &Claim| {
            (u128::from(claim.least()) * u128::from(capacity) / u128::from(reserved.max(1))) as u64
        };
        granted.iter_mut().zip(claims).for_each(|(granted, claim)| *granted = cut(claim));
        hand_out(capacity, claims, granted, |_| true);
    } else {
        fill(capacity, claims, granted);
    }
}

/// Gives the units that rounding left to the first VMs of some that can use one more.
fn hand_out(capacity: u64, claims: &[Claim], granted: &mut [u64], may: impl Fn(usize) -> bool) {
    let mut left = capacity - granted.iter().sum::<u64>();
    for (i, claim) in claims.iter().enumerate().filter(|&(i, _)| may(i)) {
        let more = left.min(1).min(claim.most() - granted[i]);
        granted[i] += more;
        left -= more;
    }
}

/// Finds the level: VMs at their floor or ceiling are fixed, round after round, whichever of the two errs more.
fn fill(capacity: u64, claims: &[Claim], granted: &mut [u64]) {
    let mut fixed = vec![false; claims.len()];
    loop {
        let (mut taken, mut weights) = (0_u64, 0_u128);
        for (i, claim) in claims.iter().enumerate() {
            if fixed[i] {
                taken += granted[i];
            } else {
                weights += u128::from(claim.weight);
            }
        }
        if weights == 0 {
            return;
        }
        let left = u128::from(capacity - taken);
        let (mut above, mut below) = (0_u128, 0_u128);
        for (i, claim) in claims.iter().enumerate().filter(|&(i, _)| !fixed[i]) {
            // In units of 1 / weights.
            let level = left * u128::from(claim.weight);
            above += level.saturating_sub(u128::from(claim.most()) * weights);
            below += (u128::from(claim.least()) * weights).saturating_sub(level);
            granted[i] = ((level / weights) as u64).clamp(claim.least(), claim.most());
        }
        if above == 0 && below == 0 {
            // Who is at the floor has more than the level already.
            hand_out(capacity, claims, granted, |i| !fixed[i]);
            return;
        }
        for (i, claim) in claims.iter().enumerate() {
            let level = left * u128::from(claim.weight);
            fixed[i] |= (above >= below && level >= u128::from(claim.most()) * weights)
                || (below >= above && level <= u128::from(claim.least()) * weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shared(capacity: u64, claims: &[(u64, u64, u64, u64)]) -> Vec<u64> {
        let claim = |&(wanted, reserved, limit, weight)| Claim { wanted, reserved, limit, weight };
        let mut granted = Vec::new();
        share(capacity, &claims.iter().map(claim).collect::<Vec<_>>(), &mut granted);
        granted
    }

    #[test]
    fn examples_by_hand() {
        assert_eq!(shared(10, &[(3, 0, 9, 1), (4, 0, 9, 1)]), [3, 4], "enough for all");
        assert_eq!(shared(10, &[(9, 0, 9, 1), (9, 0, 9, 1)]), [5, 5], "equal weights");
        assert_eq!(shared(10, &[(2, 0, 9, 1), (9, 0, 9, 1), (9, 0, 9, 1)]), [2, 4, 4], "max-min");
        assert_eq!(shared(12, &[(9, 0, 9, 1), (9, 0, 9, 3)]), [3, 9], "by weight");
        assert_eq!(shared(12, &[(9, 6, 9, 1), (9, 0, 9, 3)]), [6, 6], "the floor holds");
        assert_eq!(shared(12, &[(9, 0, 4, 1), (9, 0, 9, 1)]), [4, 8], "the limit holds");
        assert_eq!(shared(6, &[(9, 8, 9, 1), (9, 4, 9, 1)]), [4, 2], "floors cut in proportion");
        assert_eq!(shared(10, &[(9, 0, 9, 1); 3]), [4, 3, 3], "what rounding leaves");
        let raised = shared(28, &[(14, 9, 10, 1), (11, 0, 11, 2), (12, 0, 12, 2)]);
        assert_eq!(raised, [9, 10, 9], "the floor of the first is more than its share");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn nobody_could_get_more_without_one_who_has_less(
            capacity in 0_u64..60,
            claims in prop::collection::vec((0_u64..30, 0_u64..30, 0_u64..30, 1_u64..5), 1..7),
        ) {
            let granted = shared(capacity, &claims);
            let most = |i: usize| claims[i].0.min(claims[i].2);
            let least = |i: usize| claims[i].1.min(most(i));
            let all: Vec<usize> = (0..claims.len()).collect();
            let wanted: u64 = all.iter().map(|&i| most(i)).sum();
            prop_assert_eq!(granted.iter().sum::<u64>(), wanted.min(capacity), "nothing is wasted");
            if all.iter().map(|&i| least(i)).sum::<u64>() > capacity {
                return Ok(());
            }
            for &i in &all {
                prop_assert!((least(i)..=most(i)).contains(&granted[i]));
                for &j in &all {
                    // Who is below the ceiling has no less per weight than one above the floor, but for rounding.
                    if granted[i] < most(i) && granted[j] > least(j) {
                        prop_assert!((granted[i] + 1) * claims[j].3 + claims[i].3 >= granted[j] * claims[i].3);
                    }
                }
            }
        }
    }
}
