//! What may be claimed of a placement: it is verified, and bounds are lifted to costs that can occur.

use vmpack_model::packing::{Certificate, HostType, Instance, Packing, Placement, Strength};
use vmpack_model::{Bound, Observer, Outcome, Value};

use super::rules::keeps;

/// The greatest common divisor of the costs of the host types in stock, of running VMs, and of violations:
/// every total cost is a multiple of it. One if nothing costs anything.
pub(super) fn step(instance: &Instance) -> u64 {
    let in_stock = |host: &&HostType| host.stock != Some(0);
    let gcd = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let hosts = instance.hosts().iter().filter(in_stock).map(|host| host.cost);
    let running = instance.rules().prices.iter().flatten().copied();
    let violations = instance.rules().rules.iter().map(|rule| match rule.strength {
        Strength::Hard => 0,
        Strength::Soft { price } => price,
    });
    hosts.chain(running).chain(violations).fold(0, gcd).max(1)
}

/// The least possible cost that is not below `value`.
pub(super) fn lift(instance: &Instance, value: Value) -> Value {
    let step = i128::from(step(instance));
    let up = (value.ceil() + step - 1).div_euclid(step) * step;
    Value::from(up)
}

/// The bound that a backend claims in floating point, lifted after a margin for its tolerance.
pub(super) fn claimed(instance: &Instance, bound: f64) -> Option<Value> {
    let safe = (bound - 1e-6 * bound.abs().max(1.0)).ceil();
    // Every cost of an instance fits 64 bits.
    (0.0..2_f64.powi(64)).contains(&safe).then(|| lift(instance, Value::from(safe as i128)))
}

/// Whether every VM is placed once, no host is overfull, no stock exceeded and no hard rule broken.
pub(super) fn is_placement(instance: &Instance, placement: &Placement) -> bool {
    is_packed(instance, placement) && keeps(instance, placement)
}

/// Whether every VM is placed once, no host is overfull and no stock exceeded.
pub(super) fn is_packed(instance: &Instance, placement: &Placement) -> bool {
    let mut placed = vec![0_u64; instance.vms().len()];
    let mut opened = vec![0_u64; instance.hosts().len()];
    for (pattern, hosts) in &placement.patterns {
        opened[pattern.host] += hosts;
        for &(row, count) in &pattern.vms {
            placed[instance.type_of_row(row)] += count * hosts;
        }
        let fits = instance.capacity(pattern.host).iter().enumerate().all(|(k, &capacity)| {
            let load = |&(row, count): &(usize, u64)| {
                u128::from(instance.demand(row)[k]) * u128::from(count)
            };
            pattern.vms.iter().map(load).sum::<u128>() <= u128::from(capacity)
        });
        if !fits {
            return false;
        }
    }
    let all = instance.vms().iter().zip(&placed).all(|(vm, &placed)| vm.count == placed);
    let kept = |(host, &opened): (&HostType, &u64)| host.stock.is_none_or(|stock| opened <= stock);
    all && instance.hosts().iter().zip(&opened).all(kept)
}

/// The best answer known so far.
#[derive(Debug)]
pub(super) struct Best<'a> {
    instance: &'a Instance,
    placement: Option<(Placement, Value)>,
    bound: Option<Bound<Certificate>>,
}

impl<'a> Best<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        Self { instance, placement: None, bound: None }
    }

    /// Keeps a placement if it is one and cheaper than the best.
    pub(super) fn offer(&mut self, placement: Placement, observer: &mut dyn Observer) {
        let cost = Value::from(placement.cost(self.instance));
        let better = self.placement.as_ref().is_none_or(|&(_, best)| cost < best);
        if better && is_placement(self.instance, &placement) {
            observer.incumbent(cost);
            self.placement = Some((placement, cost));
        }
    }

    /// Keeps a bound if it is stronger, or as strong and certified for the first time.
    pub(super) fn bound(&mut self, bound: Bound<Certificate>, observer: &mut dyn Observer) {
        let key = |bound: &Bound<Certificate>| (bound.value, bound.certificate.is_some());
        if self.bound.as_ref().is_none_or(|best| key(best) < key(&bound)) {
            observer.bound(bound.value);
            self.bound = Some(bound);
        }
    }

    /// The cost of the best placement.
    pub(super) fn cost(&self) -> Option<Value> {
        self.placement.as_ref().map(|&(_, cost)| cost)
    }

    /// The best placement.
    pub(super) fn placement(&self) -> Option<&Placement> {
        self.placement.as_ref().map(|(placement, _)| placement)
    }

    /// The value of the best bound; zero if there is none.
    pub(super) fn lower(&self) -> Value {
        self.bound.as_ref().map_or(Value::ZERO, |bound| bound.value)
    }

    /// Whether the bound proves the placement optimal.
    pub(super) fn is_closed(&self) -> bool {
        self.cost().is_some_and(|cost| cost <= self.lower())
    }

    /// The claim.
    pub(super) fn into_outcome(self) -> Outcome<Packing> {
        let outcome = match self.placement {
            Some((placement, cost)) => Outcome::feasible(placement, cost),
            None => Outcome::unknown(),
        };
        match self.bound {
            Some(bound) => outcome.with_bound(bound),
            None => outcome,
        }
    }
}

/// VM types that some alternative lets run on nothing: they are left out of every program, for they fit
/// any host that is open.
pub(super) fn is_free(instance: &Instance, vm: usize) -> bool {
    instance.vms()[vm].rows.clone().any(|row| instance.demand(row).iter().all(|&x| x == 0))
}

/// Whether a program places VMs by this row on hosts of type `t`.
pub(super) fn is_placed(instance: &Instance, row: usize, t: usize) -> bool {
    let vm = instance.type_of_row(row);
    instance.vms()[vm].count > 0 && !is_free(instance, vm) && instance.fits(row, t)
}

/// How many VMs one host of type `t` takes by a row that demands something, at most.
pub(super) fn copies(instance: &Instance, row: usize, t: usize) -> u64 {
    let amounts = instance.demand(row).iter().zip(instance.capacity(t));
    let often =
        amounts.filter(|(demand, _)| **demand > 0).map(|(demand, capacity)| capacity / demand);
    often.min().unwrap_or(u64::MAX).min(instance.vms()[instance.type_of_row(row)].count)
}
