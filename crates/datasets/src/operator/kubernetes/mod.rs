//! `kubectl get nodes,pods -A -o json`: pods are VMs, nodes are hosts.

mod demand;
mod form;
mod rules;
mod select;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use self::form::{Header, Node, Place, Pod};
use super::fleet::{Fleet, Host, Vm};
use super::quantity::{self, Kind, Unit};
use super::table::{Lines, within};
use crate::format::{ReadError, parse, utf8};

/// The nodes and pods of some documents.
#[derive(Debug, Default)]
struct Objects {
    nodes: Vec<Node>,
    pods: Vec<Pod>,
    /// How many objects of other kinds there are.
    others: BTreeMap<String, u64>,
}

/// Whether a document is a list of Kubernetes' objects.
pub(super) fn recognises(text: &str) -> bool {
    #[derive(Deserialize)]
    struct List {
        #[serde(rename = "apiVersion")]
        _version: String,
        #[serde(rename = "items")]
        _items: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<List>(text).is_ok()
}

impl Objects {
    /// Adds the objects of a document.
    fn add(&mut self, content: &[u8], document: usize) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        struct List<'a> {
            #[serde(borrow)]
            items: Vec<&'a RawValue>,
        }
        let text = utf8(content)?;
        let list: List<'_> = parse(text)?;
        let mut lines = Lines::new(text);
        for item in list.items {
            let place = Place { document, line: lines.of(item) };
            let header: Header = parse(item.get()).map_err(|error| within(place.line, error))?;
            let named = |mut error: ReadError| {
                error.field =
                    format!("{} {:?}: {}", header.kind, header.metadata.name, error.field);
                within(place.line, error)
            };
            match &*header.kind {
                "Node" => {
                    let node: Node = parse(item.get()).map_err(named)?;
                    self.nodes.push(Node { place, ..node });
                }
                "Pod" => {
                    let pod: Pod = parse(item.get()).map_err(named)?;
                    self.pods.push(Pod { place, ..pod });
                }
                other => *self.others.entry(other.to_owned()).or_insert(0) += 1,
            }
        }
        Ok(())
    }
}

/// The document, from 0, and what is wrong in it.
pub(super) type Fault = (usize, ReadError);

/// Something wrong with an object.
fn refuse(place: Place, field: String, expected: &str, found: String) -> Fault {
    let line = (place.line > 0).then_some(place.line);
    (place.document, ReadError { line, field, expected: expected.to_owned(), found })
}

/// The name of a pod with its namespace.
fn pod_name(pod: &Pod) -> String {
    format!("{}/{}", pod.metadata.namespace.as_deref().unwrap_or("default"), pod.metadata.name)
}

/// The kind of a resource.
fn kind(resource: &str) -> Kind {
    match resource {
        "cpu" => Kind::Cores,
        "memory" | "ephemeral-storage" | "storage" => Kind::Bytes,
        name if name.starts_with("hugepages-") => Kind::Bytes,
        _ => Kind::Count,
    }
}

/// Reads an amount as Kubernetes writes it.
fn amount(place: Place, of: &str, resource: &str, text: &str) -> Result<u64, Fault> {
    let kind = kind(resource);
    // Bare numbers are bytes, whole processors, whole devices.
    let unit = (kind == Kind::Bytes).then_some(Unit::BASE);
    quantity::amount(text, kind, unit)
        .map_err(|error| refuse(place, format!("{of}: {resource}"), &error.expected, error.found))
}

/// Reads a fleet from one document with nodes and pods, or from several.
///
/// # Errors
/// A document is no such list, an amount is none, or there is no pod or no node.
pub(super) fn read<'a>(documents: impl Iterator<Item = &'a [u8]>) -> Result<Fleet, Fault> {
    let mut objects = Objects::default();
    for (index, document) in documents.enumerate() {
        objects.add(document, index).map_err(|error| (index, error))?;
    }
    let Objects { nodes, pods, others } = objects;
    let mut fleet = Fleet::default();
    let mut warn = |count: u64, sentence: &str| {
        if count > 0 {
            fleet.warnings.push(format!("{sentence}: {count}"));
        }
    };
    for (kind, count) in others {
        warn(count, &format!("objects of the kind {kind}, which play no part"));
    }
    let (nodes, away): (Vec<Node>, Vec<Node>) = nodes.into_iter().partition(|node| {
        let down = |c: &form::Condition| c.kind == "Ready" && c.status != "True";
        !node.spec.unschedulable && !node.status.conditions.iter().any(down)
    });
    warn(away.len() as u64, "nodes that are cordoned or not ready, and take no pods");
    let (pods, finished): (Vec<Pod>, Vec<Pod>) =
        pods.into_iter().partition(|pod| !matches!(&*pod.status.phase, "Succeeded" | "Failed"));
    warn(finished.len() as u64, "finished pods, which are left out");
    let (bound, free): (Vec<Pod>, Vec<Pod>) = pods.into_iter().partition(is_bound);
    warn(
        bound.len() as u64,
        "pods of daemon sets and static pods, whose requests their nodes keep free",
    );
    let claims = |pod: &&Pod| pod.spec.volumes.iter().any(|v| v.persistent_volume_claim.is_some());
    let claims = free.iter().filter(claims).count() as u64;
    warn(
        claims,
        "pods with volume claims, of which it is not known whether they are tied to a node or zone",
    );
    if nodes.is_empty() || free.is_empty() {
        let found = format!("{} nodes and {} pods", nodes.len(), free.len());
        return Err(refuse(
            Place::default(),
            "items".to_owned(),
            "at least one node and one pod to place",
            found,
        ));
    }

    let demands: Vec<_> = free.iter().map(demand::of).collect::<Result<_, _>>()?;
    let mut resources: Vec<String> = demands.iter().flat_map(BTreeMap::keys).cloned().collect();
    resources.sort_unstable();
    resources.dedup();
    fleet.resources = resources.iter().map(|name| (name.clone(), kind(name))).collect();
    let vector = |amounts: &BTreeMap<String, u64>| -> Vec<u64> {
        resources.iter().map(|name| amounts.get(name).copied().unwrap_or(0)).collect()
    };
    fleet.hosts = nodes.iter().map(|node| host(node, &resources)).collect::<Result<_, _>>()?;
    for pod in &bound {
        let on = pod.spec.node_name.as_ref();
        let on = nodes.iter().position(|node| Some(&node.metadata.name) == on);
        let Some(on) = on else { continue };
        let kept = vector(&demand::of(pod)?);
        for (sum, more) in fleet.hosts[on].reserve.iter_mut().zip(kept) {
            *sum = sum.saturating_add(more);
        }
    }
    fleet.vms = free
        .iter()
        .zip(&demands)
        .map(|(pod, demand)| Vm {
            name: pod_name(pod),
            count: 1,
            demand: vector(demand),
            tenant: pod.metadata.namespace.clone(),
            groups: pod
                .metadata
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
            ..Vm::default()
        })
        .collect();
    rules::add(&mut fleet, &nodes, &free)?;
    Ok(fleet)
}

/// Whether a pod belongs to its node: a daemon set's, or a static one, which its mirror stands for.
fn is_bound(pod: &Pod) -> bool {
    let owned = |kind: &str| pod.metadata.owner_references.iter().any(|owner| owner.kind == kind);
    owned("DaemonSet")
        || owned("Node")
        || pod.metadata.annotations.contains_key("kubernetes.io/config.mirror")
}

fn host(node: &Node, resources: &[String]) -> Result<Host, Fault> {
    let name = &node.metadata.name;
    let of = format!("Node {name:?}: allocatable");
    let capacity = resources.iter().map(|resource| match node.status.allocatable.get(resource) {
        Some(text) => amount(node.place, &of, resource, &text.0),
        None => Ok(0),
    });
    let labels = &node.metadata.labels;
    let place = |keys: [&str; 2]| keys.iter().find_map(|key| labels.get(*key)).cloned();
    Ok(Host {
        name: name.clone(),
        count: Some(1),
        capacity: capacity.collect::<Result<_, _>>()?,
        reserve: vec![0; resources.len()],
        cost: 10_u64.pow(super::MONEY_PLACES),
        rack: place(["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]),
        site: place(["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"]),
        labels: labels.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        restricted: Vec::new(),
    })
}
