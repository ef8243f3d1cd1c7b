//! The JSON Schema of claims and evidence, whose types belong to the model.
//!
//! The types here are only shapes: they say to the schema generator what the model's own serialisers
//! write. A test sends every variant through them and back.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::SolutionFile;

/// The JSON Schema (2020-12) of solution files, as published in `schema/solution.schema.json`.
pub fn solution_schema() -> String {
    let mut schema = schemars::schema_for!(SolutionFile);
    schema.insert("title".to_owned(), "vmpack solution".into());
    crate::format::to_text(&schema)
}

/// An exact value: an integer, or a fraction such as `"7/2"`.
pub(super) enum ValueSchema {}

impl JsonSchema for ValueSchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An exact value: an integer, or a string with an integer or a fraction.",
            "anyOf": [
                { "type": "integer" },
                { "type": "string", "pattern": "^-?[0-9]+(/-?[0-9]+)?$" }
            ]
        })
    }
}

/// What is claimed of a solution.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Status")]
pub(super) enum StatusSchema {
    /// The solution is feasible and none is cheaper.
    Optimal,
    /// The solution is feasible.
    Feasible,
    /// There is no feasible solution.
    Infeasible,
    /// Feasible solutions exist, and for each of them a cheaper one.
    Unbounded,
    /// Neither a solution nor a proof that there is none.
    Unknown,
}

/// Evidence for a lower bound on the cost of a placement.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[schemars(rename = "PackingCertificate")]
pub(super) enum CertificateSchema {
    /// The total demand for one resource.
    Volume {
        /// Index of the resource.
        resource: usize,
    },
    /// A dual feasible function applied to the demands for one resource.
    DualFeasible {
        /// Index of the resource.
        resource: usize,
        /// Which function.
        function: FunctionSchema,
    },
    /// Integer weights of the demand rows and prices of limited host types.
    DualWeights {
        /// One weight per demand row.
        weights: Vec<u64>,
        /// The common factor of the weights.
        #[schemars(range(min = 1))]
        scale: u64,
        /// One price per host type.
        prices: Vec<u64>,
    },
    /// A search tree whose leaves show that no placement costs less.
    Tree {
        /// What every placement costs at least.
        below: u64,
        /// The nodes, the root first.
        nodes: Vec<TreeNodeSchema>,
    },
}

/// One node of a search tree: over pairs of items that share a host or do not, and numbers of hosts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[schemars(rename = "TreeNode")]
pub(super) enum TreeNodeSchema {
    /// Two items are glued together (the next node) or kept apart.
    Branch {
        /// Index of an item.
        first: usize,
        /// Index of an item.
        second: usize,
        /// Index of the node in which they are apart.
        apart: usize,
    },
    /// No more than so many hosts of a type are opened (the next node), or more are.
    Hosts {
        /// Index of a host type.
        host: usize,
        /// The greatest number of hosts in the first case.
        most: u64,
        /// Index of the node in which there are more.
        above: usize,
    },
    /// Weights that leave no placement.
    Leaf {
        /// One weight per item.
        weights: Vec<u64>,
        /// What a unit of cost may weigh.
        scale: u64,
        /// What a host of each type may weigh beyond its cost.
        prices: Vec<u64>,
        /// Subset-row cuts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cuts: Vec<WeightedCutSchema>,
    },
}

/// A subset-row cut.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WeightedCut")]
pub(super) struct WeightedCutSchema {
    /// Indices of three items of demand one.
    items: [usize; 3],
    /// What a pattern loses that holds two or three of them.
    weight: u64,
}

/// A family of dual feasible functions.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "name")]
#[schemars(rename = "DualFeasibleFunction")]
pub(super) enum FunctionSchema {
    /// `u^(k)` of Fekete and Schepers.
    Rounding {
        /// The parameter.
        #[schemars(range(min = 1))]
        k: u64,
    },
    /// `U^(eps)` of Fekete and Schepers.
    Threshold {
        /// The threshold.
        threshold: u64,
    },
    /// `phi^(eps)` of Fekete and Schepers.
    Counting {
        /// The threshold.
        #[schemars(range(min = 1))]
        threshold: u64,
    },
}

/// Evidence that there is no placement.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[schemars(rename = "PackingRefutation")]
pub(super) enum RefutationSchema {
    /// A VM of this type fits on no host type in stock.
    FitsNowhere {
        /// Index of the VM type.
        vm: usize,
    },
    /// All hosts in stock offer too little of a resource.
    StockTooSmall {
        /// Index of the resource.
        resource: usize,
    },
    /// All hosts in stock cannot hold the weight of all VMs.
    Weights {
        /// One weight per demand row.
        weights: Vec<u64>,
        /// One price per host type.
        prices: Vec<u64>,
    },
    /// A search tree that leaves no placement.
    Tree {
        /// The nodes in preorder.
        nodes: Vec<TreeNodeSchema>,
    },
}

/// Prices of services and capacities.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Multipliers")]
pub(super) struct MultipliersSchema {
    /// The common denominator of all prices.
    #[schemars(range(min = 1))]
    denominator: i64,
    /// The price of each service demand, times the denominator.
    services: Vec<i64>,
    /// The price of each host's resources, times the denominator.
    capacities: Vec<Vec<i64>>,
}

/// Evidence that there is no optimal allocation.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[schemars(rename = "AllocationRefutation")]
pub(super) enum AllocationRefutationSchema {
    /// The constraints contradict each other.
    Infeasible {
        /// Multipliers whose bound is positive although every cost is zero.
        multipliers: MultipliersSchema,
    },
    /// The cost falls forever along a ray.
    Unbounded {
        /// A feasible allocation.
        point: RawAmountsSchema,
        /// The direction, VMs x resources.
        ray: Vec<Vec<i64>>,
    },
}

/// Amounts by index, VMs x resources.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RawAmounts")]
pub(super) struct RawAmountsSchema {
    /// What all numerators are divided by.
    #[schemars(range(min = 1))]
    denominator: i64,
    /// By how many parts per billion a constraint may be missed.
    tolerance_ppb: u32,
    /// The amounts times the denominator.
    numerators: Vec<Vec<i64>>,
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;
    use serde::de::DeserializeOwned;
    use vmpack_model::Status;
    use vmpack_model::allocation::{self, Amounts, Multipliers};
    use vmpack_model::packing::{
        Certificate, DualFeasibleFunction, Refutation, TreeNode, WeightedCut,
    };

    use super::*;

    fn same_shape<Schema: Serialize + DeserializeOwned>(value: &impl Serialize) {
        let written = serde_json::to_value(value).expect("the model serialises");
        let read: Schema = serde_json::from_value(written.clone()).expect("the shape agrees");
        assert_eq!(serde_json::to_value(&read).expect("shapes serialise"), written);
    }

    #[test]
    fn the_shapes_agree_with_the_model() {
        use Status::{Feasible, Infeasible, Optimal, Unbounded, Unknown};
        for status in [Optimal, Feasible, Infeasible, Unbounded, Unknown] {
            same_shape::<StatusSchema>(&status);
        }
        same_shape::<CertificateSchema>(&Certificate::Volume { resource: 1 });
        for function in [
            DualFeasibleFunction::Rounding { k: 2 },
            DualFeasibleFunction::Threshold { threshold: 3 },
            DualFeasibleFunction::Counting { threshold: 4 },
        ] {
            same_shape::<CertificateSchema>(&Certificate::DualFeasible { resource: 0, function });
        }
        let (weights, prices) = (vec![1, 2], vec![0]);
        let cuts = vec![WeightedCut { items: [0, 1, 2], weight: 1 }];
        let leaf =
            |cuts| TreeNode::Leaf { weights: weights.clone(), scale: 3, prices: vec![0], cuts };
        let branch = TreeNode::Branch { first: 0, second: 1, apart: 2 };
        let hosts = TreeNode::Hosts { host: 0, most: 3, above: 4 };
        let nodes = vec![branch, leaf(cuts), hosts, leaf(vec![])];
        same_shape::<RefutationSchema>(&Refutation::Tree { nodes: nodes.clone() });
        same_shape::<CertificateSchema>(&Certificate::Tree { below: 4, nodes });
        same_shape::<CertificateSchema>(&Certificate::DualWeights {
            weights: weights.clone(),
            scale: 3,
            prices: prices.clone(),
        });
        same_shape::<RefutationSchema>(&Refutation::FitsNowhere { vm: 1 });
        same_shape::<RefutationSchema>(&Refutation::StockTooSmall { resource: 1 });
        same_shape::<RefutationSchema>(&Refutation::Weights { weights, prices });
        let multipliers = Multipliers::zero(2, 1, 1);
        same_shape::<MultipliersSchema>(&multipliers);
        same_shape::<AllocationRefutationSchema>(&allocation::Refutation::Infeasible {
            multipliers,
        });
        same_shape::<AllocationRefutationSchema>(&allocation::Refutation::Unbounded {
            point: Amounts::integers(arr2(&[[1], [2]])),
            ray: vec![vec![1], vec![0]],
        });
    }
}
