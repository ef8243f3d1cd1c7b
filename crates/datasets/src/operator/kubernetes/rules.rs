//! What pods ask of nodes and of each other, as rules.

use std::collections::{BTreeMap, BTreeSet};

use vmpack_model::packing::{Demand, Level, Rule, Strength};

use super::form::{LabelSelector, Node, Pod, PodTerm, SpreadConstraint};
use super::select::{chooses, may_use};
use super::{Fault, pod_name, refuse};
use crate::operator::fleet::Fleet;

/// Adds the rules of pods to a fleet whose VMs and hosts are they and the nodes, and says what is left out.
///
/// # Errors
/// A selector has an operator that nobody knows.
pub(super) fn add(fleet: &mut Fleet, nodes: &[Node], pods: &[Pod]) -> Result<(), Fault> {
    let racks = fleet.hosts.iter().all(|host| host.rack.is_some());
    let sites = fleet.hosts.iter().all(|host| host.site.is_some());
    let places = fleet.hosts.iter().map(|host| [host.rack.clone(), host.site.clone()]).collect();
    let mut reader =
        Reader { nodes, pods, racks, sites, places, rules: Vec::new(), left_out: BTreeMap::new() };
    reader.on_nodes()?;
    reader.between_pods()?;
    reader.spreads()?;
    for (index, pod) in pods.iter().enumerate() {
        let affinity = &pod.spec.affinity;
        let wishes = affinity.nodes.preferred.len()
            + affinity.together.preferred.len()
            + affinity.apart.preferred.len();
        if wishes > 0 {
            reader.leave_out("preferences (preferredDuringScheduling...)", index);
        }
    }
    let Reader { rules, left_out, .. } = reader;
    fleet.rules = rules;
    for (what, members) in left_out {
        let first = members.first().map(|&pod| pod_name(&pods[pod])).unwrap_or_default();
        let count = members.len();
        fleet.warnings.push(format!("{what} play no part: of {count} pods, such as {first}"));
    }
    Ok(())
}

/// The namespaces in which a term looks for pods: some, or all.
type Namespaces = Option<Vec<String>>;

struct Reader<'a> {
    nodes: &'a [Node],
    pods: &'a [Pod],
    /// Whether every node has a zone, and a region.
    racks: bool,
    sites: bool,
    /// The rack and site of each node.
    places: Vec<[Option<String>; 2]>,
    rules: Vec<Rule>,
    /// What plays no part, and of which pods.
    left_out: BTreeMap<String, BTreeSet<usize>>,
}

impl Reader<'_> {
    fn leave_out(&mut self, what: &str, pod: usize) {
        self.left_out.entry(what.to_owned()).or_default().insert(pod);
    }

    /// Adds a rule under a name of its own that tells its first pod.
    fn add(&mut self, what: &str, of: &BTreeSet<usize>, demand: Demand) {
        let first = of.first().map(|&pod| pod_name(&self.pods[pod])).unwrap_or_default();
        let more = of.len().saturating_sub(1);
        let stem = if more == 0 {
            format!("{what} of {first}")
        } else {
            format!("{what} of {first} and {more} more")
        };
        let taken = |name: &String| self.rules.iter().any(|rule| rule.name == *name);
        let numbered = (2..).map(|number| format!("{stem} ({number})"));
        let name = std::iter::once(stem.clone()).chain(numbered).find(|name| !taken(name));
        let name = name.unwrap_or_default();
        self.rules.push(Rule { name, demand, strength: Strength::Hard });
    }

    fn unknown(&self, pod: usize, operator: &str) -> Fault {
        let field = format!("Pod {:?}: operator of a selector", pod_name(&self.pods[pod]));
        refuse(
            self.pods[pod].place,
            field,
            "In, NotIn, Exists, DoesNotExist, Gt or Lt",
            format!("{operator:?}"),
        )
    }

    /// The nodes that a pod may use, by index.
    fn usable(&self, pod: usize) -> Result<Vec<usize>, Fault> {
        let mut hosts = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let may = may_use(&self.pods[pod], node);
            if may.map_err(|operator| self.unknown(pod, &operator))? {
                hosts.push(index);
            }
        }
        Ok(hosts)
    }

    /// Node selectors, required node affinity and taints.
    fn on_nodes(&mut self) -> Result<(), Fault> {
        let mut known: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut by_hosts: BTreeMap<Vec<usize>, BTreeSet<usize>> = BTreeMap::new();
        for (index, pod) in self.pods.iter().enumerate() {
            let spec = &pod.spec;
            let asked =
                format!("{:?}{:?}{:?}", spec.node_selector, spec.affinity.nodes, spec.tolerations);
            let hosts = match known.get(&asked) {
                Some(hosts) => hosts.clone(),
                None => known.entry(asked).or_insert(self.usable(index)?).clone(),
            };
            by_hosts.entry(hosts).or_default().insert(index);
        }
        for (hosts, pods) in by_hosts {
            if hosts.len() < self.nodes.len() {
                let vms = pods.iter().copied().collect();
                self.add("nodes", &pods, Demand::Restrict { vms, hosts });
            }
        }
        Ok(())
    }

    /// The level of a topology key, if every node is in such a domain.
    fn level(&self, key: &str) -> Option<Level> {
        match key {
            "kubernetes.io/hostname" => Some(Level::Host),
            "topology.kubernetes.io/zone" | "failure-domain.beta.kubernetes.io/zone" => {
                self.racks.then_some(Level::Rack)
            }
            "topology.kubernetes.io/region" | "failure-domain.beta.kubernetes.io/region" => {
                self.sites.then_some(Level::Site)
            }
            _ => None,
        }
    }

    /// The pods of some namespaces that a selector chooses.
    fn chosen(
        &self,
        namespaces: &Namespaces,
        selector: Option<&LabelSelector>,
        asking: usize,
    ) -> Result<BTreeSet<usize>, Fault> {
        let mut chosen = BTreeSet::new();
        for (index, pod) in self.pods.iter().enumerate() {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
            let in_them =
                namespaces.as_ref().is_none_or(|some| some.iter().any(|n| n == namespace));
            let fits = chooses(selector, &pod.metadata.labels);
            if in_them && fits.map_err(|operator| self.unknown(asking, &operator))? {
                chosen.insert(index);
            }
        }
        Ok(chosen)
    }

    /// Required affinity and anti-affinity between pods.
    fn between_pods(&mut self) -> Result<(), Fault> {
        type Asked<'a> = (bool, Namespaces, &'a PodTerm);
        let mut asked: BTreeMap<Asked<'_>, BTreeSet<usize>> = BTreeMap::new();
        let pods = self.pods;
        for (index, pod) in pods.iter().enumerate() {
            let affinity = &pod.spec.affinity;
            let apart = affinity.apart.required.iter().map(|term| (true, term));
            let together = affinity.together.required.iter().map(|term| (false, term));
            for (apart, term) in apart.chain(together) {
                match namespaces(pod, term) {
                    Ok(namespaces) => {
                        asked.entry((apart, namespaces, term)).or_default().insert(index);
                    }
                    Err(what) => self.leave_out(what, index),
                }
            }
        }
        for ((apart, namespaces, term), owners) in asked {
            let first = *owners.first().expect("somebody asked");
            let Some(level) = self.level(&term.topology_key) else {
                for &owner in &owners {
                    self.leave_out(
                        &format!(
                            "affinities over {:?}, which is no level of all nodes,",
                            term.topology_key
                        ),
                        owner,
                    );
                }
                continue;
            };
            let chosen = self.chosen(&namespaces, term.label_selector.as_ref(), first)?;
            if apart {
                self.apart(&owners, &chosen, level);
            } else if owners == chosen {
                let vms = owners.iter().copied().collect();
                self.add("affinity", &owners, Demand::Together { vms, within: level });
            } else {
                for &owner in &owners {
                    self.leave_out("affinities to other pods than those that ask for it", owner);
                }
            }
        }
        Ok(())
    }

    /// No owner shares a domain with another pod that is chosen.
    fn apart(&mut self, owners: &BTreeSet<usize>, chosen: &BTreeSet<usize>, within: Level) {
        let both: BTreeSet<usize> = owners & chosen;
        let (only_owners, only_chosen) = (owners - chosen, chosen - owners);
        let list = |set: &BTreeSet<usize>| set.iter().copied().collect::<Vec<_>>();
        if both.len() > 1 {
            self.add("anti-affinity", owners, Demand::AtMost { vms: list(&both), most: 1, within });
        }
        for (one, other) in [(owners, &only_chosen), (&only_owners, &both)] {
            if !one.is_empty() && !other.is_empty() {
                let classes = vec![list(one), list(other)];
                self.add("anti-affinity", owners, Demand::Separate { classes, within });
            }
        }
    }

    /// Topology spread constraints: that no domain holds more than any spread within the skew can have. With `n` pods,
    /// `d` domains and skew `s` that is `(n + (d - 1) s) / d`.
    fn spreads(&mut self) -> Result<(), Fault> {
        let mut asked: BTreeMap<(String, &SpreadConstraint), BTreeSet<usize>> = BTreeMap::new();
        let pods = self.pods;
        for (index, pod) in pods.iter().enumerate() {
            for constraint in &pod.spec.topology_spread_constraints {
                if constraint.when_unsatisfiable == "DoNotSchedule" {
                    let namespace = pod.metadata.namespace.clone();
                    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
                    asked.entry((namespace, constraint)).or_default().insert(index);
                } else {
                    self.leave_out("preferences (ScheduleAnyway)", index);
                }
            }
        }
        for ((namespace, constraint), owners) in asked {
            let first = *owners.first().expect("somebody asked");
            let Some(within) = self.level(&constraint.topology_key) else {
                for &owner in &owners {
                    let key = &constraint.topology_key;
                    self.leave_out(
                        &format!("spreads over {key:?}, which is no level of all nodes,"),
                        owner,
                    );
                }
                continue;
            };
            let selector = constraint.label_selector.as_ref();
            let chosen = self.chosen(&Some(vec![namespace]), selector, first)?;
            let hosts = self.usable(first)?;
            let domains = match within {
                Level::Host => hosts.len(),
                Level::Rack => {
                    hosts.iter().map(|&h| &self.places[h][0]).collect::<BTreeSet<_>>().len()
                }
                Level::Site => {
                    hosts.iter().map(|&h| &self.places[h][1]).collect::<BTreeSet<_>>().len()
                }
            } as u64;
            if domains == 0 || chosen.is_empty() {
                continue;
            }
            let skew = constraint.max_skew.max(1);
            let others = (domains - 1).saturating_mul(skew);
            let most = (chosen.len() as u64).saturating_add(others) / domains;
            let vms = chosen.iter().copied().collect();
            self.add("spread", &owners, Demand::AtMost { vms, most: most.max(1), within });
            for &owner in &owners {
                self.leave_out(
                    "lower ends of topology spread constraints (the upper ends are rules)",
                    owner,
                );
            }
        }
        Ok(())
    }
}

/// Where a term of a pod looks for other pods; or what of it plays no part.
fn namespaces(pod: &Pod, term: &PodTerm) -> Result<Namespaces, &'static str> {
    let own = || vec![pod.metadata.namespace.clone().unwrap_or_else(|| "default".to_owned())];
    match &term.namespace_selector {
        None if term.namespaces.is_empty() => Ok(Some(own())),
        None => Ok(Some(term.namespaces.clone())),
        Some(all) if *all == LabelSelector::default() => Ok(None),
        Some(_) => Err("affinities with a selector of namespaces, whose labels are not known,"),
    }
}
