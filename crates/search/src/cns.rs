//! Consistent neighbourhood search.

use vmpack_model::packing::{Instance, Packing};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use crate::descent::{Descent, check_lanes};
use crate::run::Run;

/// Consistent neighbourhood search: closes hosts, or exchanges them for cheaper ones, and finds places for the
/// VMs that have lost theirs.
///
/// It starts from the best of a portfolio of greedy rules. On identical hosts the emptiest is closed; on several
/// types up to three hosts are closed and none or one opened that costs less. Placements stay *consistent*, that
/// is, no host ever holds more than it offers; VMs without a place wait. A step puts a waiting VM where it fits or
/// where the one or two VMs that must leave for it are cheapest. Prices are sizes that rise while a VM waits
/// (the counters of Nagata and Braysy), VMs just placed stay for some steps (the tabu list), and random moves and
/// exchanges among hosts follow each step. When nobody waits, the placement is cheaper than before.
///
/// VMs are looked at one by one, a few ten thousand at a time: of larger fleets random hosts are taken out and
/// searched on their own. VMs with alternative rows keep those that the greedy rules gave them.
///
/// # Complexity
/// A step looks at one to two pairs of VMs on at most 1024 hosts, each in a few instructions: vectors are packed
/// into words. Memory is linear in the VMs looked at. The work that the budget limits are steps. Ends when a
/// combinatorial bound shows that nothing is cheaper, or when the budget is spent.
///
/// # References
/// Buljubasic, Vasquez, *Consistent neighborhood search for one-dimensional bin packing and two-dimensional vector
/// packing*, Computers and Operations Research 76 (2016); Nagata, Braysy, *A powerful route minimization heuristic
/// for the vehicle routing problem with time windows*, Operations Research Letters 37 (2009).
#[derive(Clone, Copy, Debug)]
pub struct ConsistentNeighbourhood;

impl Method<Packing> for ConsistentNeighbourhood {
    fn name(&self) -> &'static str {
        "cns"
    }

    fn kind(&self) -> Kind {
        Kind::LocalSearch
    }

    fn summary(&self) -> &'static str {
        "closes hosts or exchanges them for cheaper ones and finds places for their VMs by ejections"
    }

    fn reference(&self) -> &'static str {
        "Buljubasic, Vasquez (2016), Consistent neighborhood search; prices of Nagata, Braysy (2009)"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        check_lanes(instance)
    }

    fn randomised(&self) -> bool {
        true
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let mut run = match Run::start(instance, budget, observer) {
            Ok(run) => run,
            Err(outcome) => return *outcome,
        };
        let mut descent = Descent::new(instance);
        while !run.is_over() {
            descent.improve(&mut run, u64::MAX);
        }
        run.finish()
    }
}
