//! A curve through the space of free capacities that keeps like hosts together.

use crate::measure::Shares;

/// Bits of a place on the curve.
const BITS: u32 = 32;

/// The Z-order curve (Morton 1966): the bits of all resources taken in turns, the most significant first. Vectors
/// that agree in their leading bits lie next to each other, so a stretch of the curve is a small box in space, or a
/// few.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    shares: Shares,
    /// Bits per resource; resources beyond the 32nd are not looked at.
    bits: u32,
    /// The bits of a byte with room for those of the other resources between them.
    spread: Vec<u32>,
}

impl Curve {
    /// For hosts with up to `largest` of each resource; more counts as so much.
    pub(crate) fn new(largest: &[u64]) -> Self {
        let resources = (largest.len() as u32).clamp(1, BITS);
        let bits = (BITS / resources).min(16);
        let spread = |byte: u32| {
            let bit = |at: u32| (byte >> at & 1).checked_shl(at * resources).unwrap_or(0);
            (0..8).map(bit).sum()
        };
        Self { shares: Shares::new(largest), bits, spread: (0..256).map(spread).collect() }
    }

    /// The place of a vector.
    pub(crate) fn place(&self, free: &[u64]) -> u32 {
        let resources = free.len().min(BITS as usize);
        let mut place = 0;
        for (k, &amount) in free.iter().enumerate().take(resources) {
            // The whole of the largest host is one step above the greatest number.
            let share = self.shares.of(k, amount) >> (Shares::BITS - self.bits);
            let share = share.min((1 << self.bits) - 1) as usize;
            let high = self.spread[share >> 8].checked_shl(8 * resources as u32).unwrap_or(0);
            place |= (high | self.spread[share & 255]) << (resources - 1 - k);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_take_turns() {
        let curve = Curve::new(&[1 << 16, 1 << 16]);
        assert_eq!(curve.place(&[0, 0]), 0);
        assert_eq!(curve.place(&[1 << 15, 0]), 1 << 31);
        assert_eq!(curve.place(&[0, 1 << 15]), 1 << 30);
        assert_eq!(curve.place(&[0x8001, 3]), 1 << 31 | 0b111);
        assert_eq!(curve.place(&[1 << 16, 1 << 17]), u32::MAX);
        for resources in 1..=40 {
            let curve = Curve::new(&vec![100; resources]);
            let places = [0, 10, 60, 100].map(|free| curve.place(&vec![free; resources]));
            assert!(places.is_sorted() && places[0] < places[3], "{resources}: {places:?}");
        }
    }
}
