//! The allocation family: how much of each resource every VM gets.
//!
//! Each VM `i` on its host gets an amount `x[i][r]` of every resource `r` between reservation and limit.
//! Two objectives:
//!
//! * **cost**: minimise `sum c[i][r] x[i][r]` subject to the service demands `A x >= b` and the host
//!   capacities. Without hosts, limits and a second resource this is the plain covering model
//!   `min c.x, A x >= b, x >= 0`.
//! * **utility**: maximise the sum of concave or stepped utilities under the same constraints. All
//!   objectives of vmpack are minimised, so the cost of an allocation is then the *utility forgone*: the
//!   sum of the greatest utilities less the sum attained. It is never negative, and zero when every VM
//!   is satisfied.
//!
//! Amounts are continuous: any fraction of a unit may be given.

mod evidence;
mod instance;
mod solution;
mod utility;

pub use evidence::{Multipliers, Refutation};
pub use instance::{Data, Instance, InstanceError, Objective, Service, Term, Vm};
pub use solution::Amounts;
pub use utility::{Utility, UtilityError};

use crate::{Family, Problem};

/// The allocation family as a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation;

impl Problem for Allocation {
    const FAMILY: Family = Family::Allocation;
    type Instance = Instance;
    type Solution = Amounts;
    type Certificate = Multipliers;
    type Refutation = Refutation;
}
