//! Demand vectors packed into machine words, so that one subtraction compares several resources.

use vmpack_model::packing::Instance;

/// Amounts of all resources, in lanes of words.
pub(crate) type Packed<const W: usize> = [u64; W];

/// Where each resource lies: a lane wide enough for the largest capacity, with a guard bit above it.
///
/// An amount fits a room if no lane of `(room | guards) - amount` borrows its guard. Lanes never borrow from
/// each other, as every amount is below its guard.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// Per resource, its word and shift.
    places: Vec<(usize, u32)>,
    /// Per resource, the greatest amount worth telling apart: no host is ever fuller.
    greatest: Vec<u64>,
    guards: Vec<u64>,
}

impl Lanes {
    /// The lanes of an instance; `None` if an amount needs all 64 bits.
    pub(crate) fn new(instance: &Instance) -> Option<Self> {
        let mut places = Vec::with_capacity(instance.dimensions());
        let mut greatest = Vec::with_capacity(instance.dimensions());
        let mut guards: Vec<u64> = Vec::new();
        let mut used: Vec<u32> = Vec::new();
        for k in 0..instance.dimensions() {
            let offered = instance.capacities().column(k).iter().copied().max().unwrap_or(0);
            let rows = 0..instance.rows();
            let count = |row: usize| instance.vms()[instance.type_of_row(row)].count;
            let demanded = rows.map(|row| instance.demand(row)[k].saturating_mul(count(row)));
            let most = offered.min(demanded.fold(0, u64::saturating_add));
            let bits = u64::BITS - most.leading_zeros();
            if bits >= u64::BITS {
                return None;
            }
            let word = used.iter().position(|&taken| taken + bits < u64::BITS);
            let word = word.unwrap_or_else(|| {
                used.push(0);
                guards.push(0);
                used.len() - 1
            });
            places.push((word, used[word]));
            greatest.push(most);
            used[word] += bits + 1;
            guards[word] |= 1 << (used[word] - 1);
        }
        Some(Self { places, greatest, guards })
    }

    /// The number of words.
    pub(crate) fn words(&self) -> usize {
        self.guards.len()
    }

    /// The guard bits, in at least as many words as needed.
    pub(crate) fn guards<const W: usize>(&self) -> Packed<W> {
        let mut guards = [0; W];
        guards[..self.words()].copy_from_slice(&self.guards);
        guards
    }

    /// Packs a vector; what exceeds all that is demanded counts as that.
    pub(crate) fn pack<const W: usize>(&self, vector: &[u64]) -> Packed<W> {
        let mut packed = [0; W];
        for ((&(word, shift), &most), &amount) in self.places.iter().zip(&self.greatest).zip(vector)
        {
            packed[word] |= amount.min(most) << shift;
        }
        packed
    }
}

/// Whether an amount fits a room.
#[inline]
pub(crate) fn fits<const W: usize>(
    room: &Packed<W>,
    amount: &Packed<W>,
    guards: &Packed<W>,
) -> bool {
    let mut borrowed = 0;
    for w in 0..W {
        borrowed |= !((room[w] | guards[w]) - amount[w]) & guards[w];
    }
    borrowed == 0
}

/// The sum of two vectors that no host exceeds.
#[inline]
pub(crate) fn plus<const W: usize>(a: &Packed<W>, b: &Packed<W>) -> Packed<W> {
    std::array::from_fn(|w| a[w] + b[w])
}

/// What an amount leaves of a room that it fits.
#[inline]
pub(crate) fn minus<const W: usize>(a: &Packed<W>, b: &Packed<W>) -> Packed<W> {
    std::array::from_fn(|w| a[w] - b[w])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_vectors_compare_as_vectors(
            bits in prop::collection::vec(1_u32..40, 1..9),
            seeds in prop::collection::vec(any::<(u64, u64)>(), 9),
        ) {
            let most: Vec<u64> = bits.iter().map(|&b| (1 << b) - 1).collect();
            let instance = Instance::identical_hosts("", &most, &[(most.clone(), 2)]).expect("valid");
            let lanes = Lanes::new(&instance).expect("few bits");
            prop_assert!(lanes.words() <= 8);
            let of = |pick: fn(&(u64, u64)) -> u64| -> Vec<u64> {
                most.iter().zip(&seeds).map(|(m, seed)| pick(seed) % (m + 1)).collect()
            };
            let (room, amount) = (of(|s| s.0), of(|s| s.1));
            let (a, b): (Packed<8>, Packed<8>) = (lanes.pack(&room), lanes.pack(&amount));
            let expected = amount.iter().zip(&room).all(|(a, r)| a <= r);
            prop_assert_eq!(fits(&a, &b, &lanes.guards()), expected);
            if expected {
                let left: Vec<u64> = room.iter().zip(&amount).map(|(r, a)| r - a).collect();
                prop_assert_eq!(minus(&a, &b), lanes.pack::<8>(&left));
                prop_assert_eq!(plus(&minus(&a, &b), &b), a);
            }
        }
    }
}
