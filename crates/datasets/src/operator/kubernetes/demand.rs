//! What a pod needs, as the scheduler counts it.

use std::collections::BTreeMap;

use super::form::{Amounts, Container, Place, Pod, Resources};
use super::{Fault, amount, pod_name, refuse};

type Demand = BTreeMap<String, u64>;

/// Whose requests are read.
struct Of {
    name: String,
    place: Place,
}

/// What a pod needs of every resource, and one of `pods`.
///
/// Containers run together, and with them the init containers that are restarted always (sidecars). Any other init
/// container runs alone with the sidecars that were started before it. The pod needs the greatest of these, resource by
/// resource, and its overhead. Requests of the pod as a whole take the place of those of its containers.
pub(super) fn of(pod: &Pod) -> Result<Demand, Fault> {
    let of = Of { name: format!("Pod {:?}", pod_name(pod)), place: pod.place };
    let spec = &pod.spec;
    let mut sidecars = Demand::new();
    let mut greatest = Demand::new();
    for container in &spec.init_containers {
        let needed = requests(&of, container)?;
        if container.restart_policy.as_deref() == Some("Always") {
            add(&of, &mut sidecars, needed)?;
            raise(&mut greatest, &sidecars);
        } else {
            let mut alone = sidecars.clone();
            add(&of, &mut alone, needed)?;
            raise(&mut greatest, &alone);
        }
    }
    let mut together = sidecars;
    for container in &spec.containers {
        add(&of, &mut together, requests(&of, container)?)?;
    }
    raise(&mut greatest, &together);
    greatest.extend(effective(&of, &spec.resources)?);
    add(&of, &mut greatest, amounts(&of, &spec.overhead)?)?;
    greatest.insert("pods".to_owned(), 1000);
    Ok(greatest)
}

fn requests(of: &Of, container: &Container) -> Result<Demand, Fault> {
    effective(of, &container.resources)
}

/// Requests, or limits where there is no request.
fn effective(of: &Of, resources: &Resources) -> Result<Demand, Fault> {
    let mut needed = amounts(of, &resources.limits)?;
    needed.extend(amounts(of, &resources.requests)?);
    Ok(needed)
}

fn amounts(of: &Of, amounts: &Amounts) -> Result<Demand, Fault> {
    amounts
        .iter()
        .map(|(resource, text)| {
            Ok((resource.clone(), amount(of.place, &of.name, resource, &text.0)?))
        })
        .collect()
}

fn add(of: &Of, sum: &mut Demand, more: Demand) -> Result<(), Fault> {
    for (resource, amount) in more {
        let total = sum.entry(resource).or_insert(0);
        *total = total.checked_add(amount).ok_or_else(|| {
            refuse(of.place, of.name.clone(), "requests of at most 2^64 - 1", "more".to_owned())
        })?;
    }
    Ok(())
}

/// Raises amounts to those of another demand.
fn raise(greatest: &mut Demand, other: &Demand) {
    for (resource, &amount) in other {
        let entry = greatest.entry(resource.clone()).or_insert(0);
        *entry = amount.max(*entry);
    }
}
