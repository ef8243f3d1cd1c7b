//! The covering model: give `n` VMs the CPU that `m` demands need, at least cost.
//!
//! ```text
//! min c.x   subject to   A x >= b,  x >= 0
//! ```
//!
//! `x[i]` are the cores of VM `i`, `c[i]` what one of its cores costs, `A[j][i]` what one of its cores
//! contributes to demand `j`, and `b[j]` how much demand `j` needs. The linear program's dual gives every
//! demand a price `y[j]`: what one more unit of it would cost. No demand is worth more than it costs
//! (`A^T y <= c`), and all demands at their prices are worth exactly the cost of the allocation
//! (`b.y = c.x`), which proves that nothing is cheaper.
//!
//! Three variants are solved: one with an optimum, one whose demands contradict each other, and one in
//! which somebody pays for cores without end. Run it with
//!
//! ```text
//! cargo run -p vmpack-lp --example covering
//! ```

#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use ndarray::Array2;
use vmpack_model::allocation::{
    Allocation, Data, Instance, InstanceError, Objective, Refutation, Service, Term, Vm,
};
use vmpack_model::{Budget, NullObserver, Outcome, Resource, Status, Value};

/// What one core of each VM costs, in cents per hour; one row of contributions per demand.
struct Covering {
    title: &'static str,
    vms: &'static [&'static str],
    costs: &'static [i64],
    demands: &'static [(&'static str, &'static [i64], i64)],
}

const VARIANTS: [Covering; 3] = [
    Covering {
        title: "four VMs, three demands",
        vms: &["general", "compute", "old", "spot"],
        costs: &[9, 12, 8, 3],
        demands: &[
            ("web", &[10, 16, 5, 4], 400),
            ("batch", &[6, 14, 6, 6], 500),
            ("build", &[4, 10, 2, 0], 120),
        ],
    },
    Covering {
        title: "demands that contradict each other",
        vms: &["primary", "replica"],
        costs: &[5, 5],
        // The primary must serve 10 more than the replica, and the replica 10 more than the primary.
        demands: &[("lead", &[1, -1], 10), ("follow", &[-1, 1], 10)],
    },
    Covering {
        title: "a VM that is paid for",
        vms: &["worker", "subsidised"],
        costs: &[4, -3],
        // Two subsidised cores need one worker core to watch over them: 4 - 2 * 3 < 0.
        demands: &[("supervision", &[2, -1], 0), ("work", &[1, 1], 6)],
    },
];

impl Covering {
    fn instance(&self) -> Result<Instance, InstanceError> {
        let n = self.vms.len();
        let services = self.demands.iter().map(|(name, row, required)| {
            let terms = row.iter().enumerate().filter(|(_, coefficient)| **coefficient != 0);
            Service {
                name: (*name).to_owned(),
                terms: terms
                    .map(|(vm, &coefficient)| Term { vm, resource: 0, coefficient })
                    .collect(),
                required: *required,
            }
        });
        Instance::new(Data {
            name: self.title.to_owned(),
            resources: vec![Resource::new("cpu", "core")],
            vms: self.vms.iter().map(|name| Vm { name: (*name).to_owned(), host: None }).collect(),
            reservations: Array2::zeros((n, 1)),
            limits: Array2::from_elem((n, 1), None),
            hosts: vec![],
            capacities: Array2::zeros((0, 1)),
            services: services.collect(),
            objective: Objective::Cost(
                Array2::from_shape_vec((n, 1), self.costs.to_vec()).expect("one cost per VM"),
            ),
        })
    }
}

fn explain(instance: &Instance, outcome: &Outcome<Allocation>) {
    match outcome.status {
        Status::Optimal | Status::Feasible => explain_optimum(instance, outcome),
        Status::Infeasible => explain_contradiction(instance, outcome),
        Status::Unbounded => explain_ray(instance, outcome),
        Status::Unknown => println!("  no answer"),
    }
}

fn explain_optimum(instance: &Instance, outcome: &Outcome<Allocation>) {
    let Some(solved) = &outcome.solved else { return };
    println!("  {}: {} cents per hour", outcome.status, solved.cost);
    for (i, vm) in instance.vms().iter().enumerate() {
        println!("    {:<12} {:>8} cores", vm.name, solved.solution.amount(i, 0).to_string());
    }
    let Some(prices) = outcome.bound.as_ref().and_then(|bound| bound.certificate.as_ref()) else {
        return;
    };
    println!("  what one more unit of each demand would cost:");
    for (service, &price) in instance.services().iter().zip(&prices.services) {
        let price = Value::new(price.into(), prices.denominator.into()).unwrap_or(Value::ZERO);
        let meaning =
            if price.is_zero() { "covered anyway by the cores for the others" } else { "" };
        println!("    {:<12} {:>8} cents {meaning}", service.name, price.to_string());
    }
    if let Some(bound) = &outcome.bound {
        println!("  at these prices all demands are worth {}: nothing is cheaper", bound.value);
    }
}

fn explain_contradiction(instance: &Instance, outcome: &Outcome<Allocation>) {
    println!("  infeasible: no cores meet all demands");
    if let Some(Refutation::Infeasible { multipliers }) = &outcome.refutation {
        let part = |(service, times): (&Service, &i64)| format!("{times} x {}", service.name);
        let parts: Vec<String> =
            instance.services().iter().zip(&multipliers.services).map(part).collect();
        println!("  because {} asks for more than nothing and gets nothing", parts.join(" + "));
    }
}

fn explain_ray(instance: &Instance, outcome: &Outcome<Allocation>) {
    println!("  unbounded: the cost falls without end");
    if let Some(Refutation::Unbounded { point, ray }) = &outcome.refutation {
        for (i, vm) in instance.vms().iter().enumerate() {
            let start = point.amount(i, 0).to_string();
            println!("    {:<12} {start:>8} cores, and {} more each time", vm.name, ray[i][0]);
        }
    }
}

fn main() -> Result<(), InstanceError> {
    let [method, ..] = vmpack_lp::ALLOCATION else { return Ok(()) };
    println!("method {}", method.name());
    for variant in &VARIANTS {
        let instance = variant.instance()?;
        println!("\n{}", variant.title);
        let outcome = method.solve(&instance, &Budget::default(), &mut NullObserver);
        explain(&instance, &outcome);
    }
    Ok(())
}
