//! A part of a placement as an instance of its own, and the way back.

use ndarray::Array2;
use vmpack_model::packing::{HostType, Instance, Pattern, Placement};

/// Some hosts of a placement, taken out to be packed anew.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The VMs of these hosts, one type per demand row, and the hosts that the others leave in stock.
    pub(crate) instance: Instance,
    /// How they are packed now.
    pub(crate) placement: Placement,
    /// Per row of the part, the row of the whole.
    rows: Vec<usize>,
    /// The other hosts.
    rest: Vec<(Pattern, u64)>,
}

impl Part {
    /// Takes `chosen[p]` hosts of each pattern `p` out; no more than there are.
    pub(crate) fn new(instance: &Instance, whole: &Placement, chosen: &[u64]) -> Self {
        let mut counts = vec![0; instance.rows()];
        let mut stock: Vec<Option<u64>> = instance.hosts().iter().map(|host| host.stock).collect();
        let mut taken = Vec::new();
        let mut rest = Vec::with_capacity(whole.patterns.len());
        for ((pattern, hosts), &out) in whole.patterns.iter().zip(chosen) {
            if let Some(stock) = &mut stock[pattern.host] {
                *stock -= hosts - out;
            }
            if out > 0 {
                for &(row, count) in &pattern.vms {
                    counts[row] += count * out;
                }
                taken.push((pattern, out));
            }
            if *hosts > out {
                rest.push((pattern.clone(), hosts - out));
            }
        }
        let rows: Vec<usize> = (0..counts.len()).filter(|&row| counts[row] > 0).collect();
        let flat: Vec<u64> = rows.iter().flat_map(|&row| instance.demand(row).to_vec()).collect();
        let demands = Array2::from_shape_vec((rows.len(), instance.dimensions()), flat)
            .expect("one row of the whole each");
        let hosts = instance.hosts().iter().zip(stock);
        let part = Instance::simple(
            instance.name(),
            instance.resources().to_vec(),
            rows.iter().map(|&row| (row.to_string(), counts[row])).collect(),
            demands,
            hosts.map(|(host, stock)| HostType { stock, ..host.clone() }).collect(),
            instance.capacities().to_owned(),
        )
        .expect("a part of a valid instance");
        let placed = taken.into_iter().map(|(pattern, hosts)| {
            let local = |row| rows.binary_search(&row).expect("counted above");
            let vms = pattern.vms.iter().map(|&(row, count)| (local(row), count)).collect();
            (Pattern { host: pattern.host, vms }, hosts)
        });
        let placement = Placement::from_patterns(placed);
        Self { instance: part, placement, rows, rest }
    }

    /// The whole with the part packed anew.
    pub(crate) fn replace(&self, placement: &Placement) -> Placement {
        let anew = placement.patterns.iter().map(|(pattern, hosts)| {
            let vms = pattern.vms.iter().map(|&(row, count)| (self.rows[row], count)).collect();
            (Pattern { host: pattern.host, vms }, *hosts)
        });
        Placement::from_patterns(
            anew.collect::<Vec<_>>().into_iter().chain(self.rest.iter().cloned()),
        )
    }
}
