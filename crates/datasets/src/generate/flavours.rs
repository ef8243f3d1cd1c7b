//! Sizes of VMs as public clouds offer them, for the fleets.
//!
//! Standard flavours have 1, 2, 4, ... 64 vCPUs and 1, 2, 4 or 8 GiB for each; once all 28 of them are in use,
//! custom ones join them with an even number of vCPUs and memory in steps of 256 MiB.

use super::cutting_stock::apportion;
use super::draw::Draw;

pub(super) const MIB_PER_GIB: u64 = 1024;

/// The size of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flavour {
    pub(super) vcpus: u64,
    pub(super) mib: u64,
}

impl Flavour {
    /// `4x16g`: vCPUs, and memory in GiB or MiB.
    pub(super) fn name(&self) -> String {
        let Self { vcpus, mib } = self;
        if mib.is_multiple_of(MIB_PER_GIB) {
            return format!("{vcpus}x{}g", mib / MIB_PER_GIB);
        }
        format!("{vcpus}x{mib}m")
    }
}

/// So many flavours, the most popular first, and how many of `vms` VMs are of each, at least one; there are no
/// fewer VMs than flavours. Popularity falls with the rank (Zipf), and small flavours tend to rank first.
pub(super) fn popular(draw: &mut Draw, count: u64, vms: u64) -> Vec<(Flavour, u64)> {
    // Small flavours rank first, but not strictly so.
    let mut ranked: Vec<(u64, Flavour)> = Vec::with_capacity(count as usize);
    for flavour in flavours(draw, count as usize) {
        ranked.push((flavour.vcpus * draw.uniform(1, 16), flavour));
    }
    ranked.sort_unstable();
    let popularity: Vec<u64> = (1..=count).map(|rank| 1_000_000 / rank).collect();
    let counts = apportion(vms, &popularity);
    ranked.into_iter().map(|(_, flavour)| flavour).zip(counts).collect()
}

/// The given number of different flavours: standard ones as far as they go.
fn flavours(draw: &mut Draw, count: usize) -> Vec<Flavour> {
    let mut flavours: Vec<Flavour> = (0..7)
        .flat_map(|size| (0..4).map(move |ratio| (1_u64 << size, 1_u64 << ratio)))
        .map(|(vcpus, ratio)| Flavour { vcpus, mib: vcpus * ratio * MIB_PER_GIB })
        .collect();
    draw.shuffle(&mut flavours);
    flavours.truncate(count);
    let mut known: std::collections::BTreeSet<Flavour> = flavours.iter().copied().collect();
    while flavours.len() < count {
        // The greatest size is drawn before the size, so that small ones are more frequent.
        let greatest = *draw.choose(&[4, 8, 16, 32]);
        let vcpus = 2 * draw.uniform(1, greatest);
        let mib = 256 * draw.uniform(4 * vcpus, 32 * vcpus);
        let flavour = Flavour { vcpus, mib };
        if known.insert(flavour) {
            flavours.push(flavour);
        }
    }
    flavours
}
