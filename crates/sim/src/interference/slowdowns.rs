//! What VMs suffer.

use super::Matrix;
use crate::histogram::Histogram;
use crate::operation::{CPU, Observer, State, Time};

/// What counts as slowed down, in millionths: a slowdown above 1.1.
const NOTABLE: u64 = 100_000;

/// The slowdown of running VMs by what runs beside them, weighted by time.
#[derive(Clone, Debug)]
pub struct Slowdowns {
    matrix: Matrix,
    /// What is suffered beyond 1, in millionths.
    added: Histogram,
    notable: u128,
    /// Loads by class of a host, and the load of each of its VMs.
    loads: Vec<u64>,
    own: Vec<(usize, u64)>,
}

impl Slowdowns {
    /// Nothing measured yet.
    pub fn new(matrix: Matrix) -> Self {
        let (loads, own) = (vec![0; matrix.classes()], Vec::new());
        Self { matrix, added: Histogram::default(), notable: 0, loads, own }
    }

    /// The mean slowdown over VMs and time; 1 for VMs that are alone.
    pub fn mean(&self) -> f64 {
        1.0 + self.added.mean() / 1e6
    }

    /// The slowdown that VMs do not exceed for so many thousandths of their time; what it is beyond 1 is at most a 64th
    /// too great.
    pub fn quantile(&self, permille: u32) -> f64 {
        1.0 + self.added.quantile(permille) as f64 / 1e6
    }

    /// The share of the time of VMs in which they are slowed down to more than 1.1.
    pub fn notable_share(&self) -> f64 {
        self.notable as f64 / self.added.total().max(1) as f64
    }
}

impl Observer for Slowdowns {
    fn held(&mut self, host: usize, from: Time, until: Time, state: &State<'_>) {
        self.loads.fill(0);
        self.own.clear();
        for &vm in &state.host(host).vms {
            let now = state.vm(vm);
            if now.phase.runs() {
                let asked = &state.asked()[vm];
                let load = (now.granted * 1000).checked_div(asked.request[CPU]).unwrap_or(0);
                self.loads[asked.class as usize] += load;
                self.own.push((asked.class as usize, load));
            }
        }
        for &(class, load) in &self.own {
            let added = self.matrix.added(class, &self.loads, load);
            self.added.record(added, until - from);
            if added > NOTABLE {
                self.notable += u128::from(until - from);
            }
        }
    }
}
