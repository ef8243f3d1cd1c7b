//! What of Kubernetes' objects is read; all other members are left alone.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::operator::number::Number;

pub(super) type Labels = BTreeMap<String, String>;
pub(super) type Amounts = BTreeMap<String, Number>;

/// What every object has.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) kind: String,
    pub(super) metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: Option<String>,
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) owner_references: Vec<Owner>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Owner {
    pub(super) kind: String,
}

/// Where an object stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The document, from 0.
    pub(super) document: usize,
    /// The line, from 1.
    pub(super) line: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Node {
    #[serde(skip)]
    pub(super) place: Place,
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) spec: NodeSpec,
    pub(super) status: NodeStatus,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct NodeSpec {
    #[serde(default)]
    pub(super) taints: Vec<Taint>,
    #[serde(default)]
    pub(super) unschedulable: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Taint {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
    pub(super) effect: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct NodeStatus {
    pub(super) allocatable: Amounts,
    #[serde(default)]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pod {
    #[serde(skip)]
    pub(super) place: Place,
    pub(super) metadata: Metadata,
    pub(super) spec: PodSpec,
    #[serde(default)]
    pub(super) status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct PodStatus {
    #[serde(default)]
    pub(super) phase: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSpec {
    pub(super) containers: Vec<Container>,
    #[serde(default)]
    pub(super) init_containers: Vec<Container>,
    #[serde(default)]
    pub(super) overhead: Amounts,
    /// Of the pod as a whole.
    #[serde(default)]
    pub(super) resources: Resources,
    #[serde(default)]
    pub(super) node_name: Option<String>,
    #[serde(default)]
    pub(super) node_selector: Labels,
    #[serde(default)]
    pub(super) tolerations: Vec<Toleration>,
    #[serde(default)]
    pub(super) affinity: Affinity,
    #[serde(default)]
    pub(super) topology_spread_constraints: Vec<SpreadConstraint>,
    #[serde(default)]
    pub(super) volumes: Vec<Volume>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Volume {
    #[serde(default)]
    pub(super) persistent_volume_claim: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    #[serde(default)]
    pub(super) resources: Resources,
    #[serde(default)]
    pub(super) restart_policy: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Resources {
    #[serde(default)]
    pub(super) requests: Amounts,
    #[serde(default)]
    pub(super) limits: Amounts,
}

#[derive(Debug, Deserialize)]
pub(super) struct Toleration {
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) operator: String,
    #[serde(default)]
    pub(super) value: String,
    #[serde(default)]
    pub(super) effect: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Affinity {
    #[serde(rename = "nodeAffinity", default)]
    pub(super) nodes: NodeAffinity,
    #[serde(rename = "podAffinity", default)]
    pub(super) together: PodAffinity,
    #[serde(rename = "podAntiAffinity", default)]
    pub(super) apart: PodAffinity,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct NodeAffinity {
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution", default)]
    pub(super) required: Option<NodeSelector>,
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution", default)]
    pub(super) preferred: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeSelector {
    pub(super) node_selector_terms: Vec<NodeTerm>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeTerm {
    #[serde(default)]
    pub(super) match_expressions: Vec<Expression>,
    #[serde(default)]
    pub(super) match_fields: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: String,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct PodAffinity {
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution", default)]
    pub(super) required: Vec<PodTerm>,
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution", default)]
    pub(super) preferred: Vec<serde::de::IgnoredAny>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodTerm {
    #[serde(default)]
    pub(super) label_selector: Option<LabelSelector>,
    pub(super) topology_key: String,
    #[serde(default)]
    pub(super) namespaces: Vec<String>,
    #[serde(default)]
    pub(super) namespace_selector: Option<LabelSelector>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LabelSelector {
    #[serde(default)]
    pub(super) match_labels: Labels,
    #[serde(default)]
    pub(super) match_expressions: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpreadConstraint {
    pub(super) max_skew: u64,
    pub(super) topology_key: String,
    pub(super) when_unsatisfiable: String,
    #[serde(default)]
    pub(super) label_selector: Option<LabelSelector>,
}
