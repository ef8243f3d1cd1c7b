//! How a host shares its CPU among its VMs.

use super::changes::{Change, Changes};

/// What a VM is doing on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It runs here.
    Settled,
    /// It runs here and is on its way to another host, at 90 % of its speed.
    Leaving,
    /// It is on its way here, where a tenth of its request is reserved.
    Incoming,
}

/// A VM as its host sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) vm: usize,
    /// MIPS that it asks for.
    pub(crate) request: f64,
    pub(crate) presence: Presence,
}

impl Guest {
    /// MIPS that are reserved for it if there are enough: no more than a core has, a tenth if it is incoming.
    fn reservation(&self, core: f64) -> f64 {
        let capped = self.request.min(core);
        if self.presence == Presence::Incoming { 0.1 * capped } else { capped }
    }
}

/// Capacities and habits of a host that shares its CPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sharing {
    pub(crate) core: f64,
    pub(crate) capacity: f64,
    pub(crate) changes: Changes,
    /// The size of the hash table in whose order requests are summed.
    pub(crate) table: u32,
}

impl Sharing {
    /// Gives every guest, in order, its MIPS; returns what is left free.
    ///
    /// If the host is over-subscribed, every guest gets its share of the capacity in proportion to what would be
    /// reserved for it.
    pub(crate) fn allocate(&self, guests: &[Guest], allocation: &mut Vec<f64>) -> f64 {
        allocation.clear();
        let mut free = self.capacity;
        for guest in guests {
            let reservation = guest.reservation(self.core);
            if free < reservation {
                self.allocate_shares(guests, allocation);
                return 0.0;
            }
            free -= reservation;
            let capped = guest.request.min(self.core);
            allocation.push(match guest.presence {
                Presence::Settled => capped,
                Presence::Leaving => 0.9 * capped,
                Presence::Incoming => 0.1 * capped,
            });
        }
        free
    }

    fn allocate_shares(&self, guests: &[Guest], allocation: &mut Vec<f64>) {
        let factor = self.capacity / self.sum_of_reservations(guests);
        let round = |mips: f64| {
            if self.changes.has(Change::ExactShares) { mips } else { mips.floor() }
        };
        allocation.clear();
        allocation.extend(guests.iter().map(|guest| {
            let capped = guest.request.min(self.core);
            round(match guest.presence {
                Presence::Settled => capped * factor,
                Presence::Leaving => (capped * factor) * 0.9,
                Presence::Incoming => (capped * 0.1) * factor,
            })
        }));
    }

    /// CloudSim sums in the order of a hash table, on which the last bit depends.
    fn sum_of_reservations(&self, guests: &[Guest]) -> f64 {
        let sum = |order: &mut dyn Iterator<Item = &Guest>| {
            order.fold(0.0, |sum, guest| sum + guest.reservation(self.core))
        };
        if self.changes.has(Change::ListOrderSums) {
            return sum(&mut guests.iter());
        }
        let mut order: Vec<&Guest> = guests.iter().collect();
        order.sort_by_cached_key(|guest| hash(guest.vm) & (self.table - 1));
        sum(&mut order.into_iter())
    }
}

/// The size of a hash table of that size that holds so many guests: it doubles above three quarters.
pub(crate) fn grown(mut table: u32, guests: usize) -> u32 {
    while guests as f64 > 0.75 * f64::from(table) {
        table *= 2;
    }
    table
}

/// The hash of the name of a VM, spread as Java's hash tables do.
fn hash(vm: usize) -> u32 {
    let name = format!("2-{vm}");
    let hash =
        name.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guests(requests: &[(f64, Presence)]) -> Vec<Guest> {
        let numbered = requests.iter().enumerate();
        numbered.map(|(vm, &(request, presence))| Guest { vm, request, presence }).collect()
    }

    const HOST: Sharing =
        Sharing { core: 1860.0, capacity: 3720.0, changes: Changes::CLOUDSIM303, table: 16 };

    #[test]
    fn gives_what_is_asked_for_while_there_is_enough() {
        use Presence::{Incoming, Leaving, Settled};
        let mut allocation = Vec::new();
        let free = HOST.allocate(
            &guests(&[(2000.0, Settled), (1000.0, Leaving), (500.0, Incoming)]),
            &mut allocation,
        );
        assert_eq!(allocation, [1860.0, 900.0, 50.0]);
        assert_eq!(
            free.to_bits(),
            810.0_f64.to_bits(),
            "a leaving VM keeps all of its reservation"
        );
    }

    #[test]
    fn shares_in_proportion_when_there_is_not() {
        use Presence::{Leaving, Settled};
        let asked = guests(&[(1860.0, Settled), (1860.0, Leaving), (930.0, Settled)]);
        let mut allocation = Vec::new();
        assert!(HOST.allocate(&asked, &mut allocation) <= 0.0);
        assert_eq!(allocation, [1488.0, 1339.0, 744.0], "whole MIPS");
        let exact = Sharing { changes: HOST.changes.with(Change::ExactShares), ..HOST };
        exact.allocate(&asked, &mut allocation);
        assert!((allocation[1] - 1339.2).abs() < 1e-9);
    }

    #[test]
    fn a_table_doubles_above_three_quarters() {
        assert_eq!((grown(16, 12), grown(16, 13), grown(32, 25)), (16, 32, 64));
    }
}
