//! The one place that names the problem families; everything else is generic over them.

use vmpack_check::Judge;
use vmpack_datasets::{SolutionForm, content_hash};
use vmpack_model::allocation::{self, Allocation};
use vmpack_model::packing::{self, Certificate, Packing, Refutation, Rules};
use vmpack_model::{AnyInstance, Method, Outcome, Problem, Registry, Value};
use vmpack_results::{Asked, Features};

use crate::contender;

/// What the harness asks of a problem family.
pub(crate) trait Measurable: Judge + SolutionForm {
    /// The methods of the family.
    fn methods(registry: &Registry) -> &[&'static dyn Method<Self>];

    /// How large an instance is.
    fn features(instance: &Self::Instance) -> Features;

    /// What an instance asks for by placement rules; nothing in families without them.
    fn asked(instance: &Self::Instance) -> Option<Asked> {
        let _ = instance;
        None
    }

    /// The kind of certificate that comes with the bound, or of a tree that refutes.
    fn certificate(outcome: &Outcome<Self>) -> Option<&'static str>;

    /// The solution in the lines that a contender printed, with its cost, if there is one.
    ///
    /// # Errors
    /// The line that cannot be understood.
    fn read_lines(instance: &Self::Instance, text: &str) -> Result<Option<Shown<Self>>, String>;

    /// An outcome as one of either family.
    fn any(outcome: Outcome<Self>) -> AnyOutcome;
}

/// A solution and its cost.
pub(crate) type Shown<P> = (<P as Problem>::Solution, Value);

/// An outcome of either family.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyOutcome {
    /// An outcome of the packing family.
    Packing(Outcome<Packing>),
    /// An outcome of the allocation family.
    Allocation(Outcome<Allocation>),
}

/// Something that is done to an instance, whatever its family.
pub(crate) trait Visit {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<P: Measurable>(self, instance: &P::Instance) -> Self::Output;
}

/// Does something to an instance, whatever its family.
pub(crate) fn visit<V: Visit>(instance: &AnyInstance, visitor: V) -> V::Output {
    match instance {
        AnyInstance::Packing(instance) => visitor.visit::<Packing>(instance),
        AnyInstance::Allocation(instance) => visitor.visit::<Allocation>(instance),
    }
}

/// The method of that name in family `P`.
pub(crate) fn method<P: Measurable>(
    registry: &Registry,
    name: &str,
) -> Option<&'static dyn Method<P>> {
    P::methods(registry).iter().copied().find(|method| method.name() == name)
}

/// How large an instance is.
pub(crate) fn features(instance: &AnyInstance) -> Features {
    struct Measure;
    impl Visit for Measure {
        type Output = Features;
        fn visit<P: Measurable>(self, instance: &P::Instance) -> Features {
            P::features(instance)
        }
    }
    visit(instance, Measure)
}

/// What an instance asks for by placement rules.
pub(crate) fn asked(instance: &AnyInstance) -> Option<Asked> {
    struct Ask;
    impl Visit for Ask {
        type Output = Option<Asked>;
        fn visit<P: Measurable>(self, instance: &P::Instance) -> Option<Asked> {
            P::asked(instance)
        }
    }
    visit(instance, Ask)
}

impl Measurable for Packing {
    fn methods(registry: &Registry) -> &[&'static dyn Method<Self>] {
        &registry.packing
    }

    fn features(instance: &packing::Instance) -> Features {
        Features {
            vm_types: instance.vms().len() as u64,
            vms: instance.total_vms(),
            hosts: instance.hosts().len() as u64,
            resources: instance.dimensions() as u64,
            services: 0,
        }
    }

    fn asked(instance: &packing::Instance) -> Option<Asked> {
        let rules = instance.rules();
        let mut forms: Vec<String> = Vec::new();
        for rule in &rules.rules {
            let soft = if rule.is_hard() { "" } else { "-soft" };
            forms.push(format!("{}{soft}", rule.demand.name()));
        }
        forms.extend(rules.prices.is_some().then(|| "prices".to_owned()));
        forms.extend((!rules.overcommit.is_empty()).then(|| "overcommit".to_owned()));
        forms.extend(rules.reserve.is_some().then(|| "reserve".to_owned()));
        if forms.is_empty() {
            return None;
        }
        forms.sort_unstable();
        forms.dedup();
        let plain = instance.clone().with_rules(Rules::default()).expect("no rules fit everywhere");
        Some(Asked { forms, plain: content_hash(&AnyInstance::Packing(plain)) })
    }

    fn certificate(outcome: &Outcome<Self>) -> Option<&'static str> {
        if let Some(Refutation::Tree { nodes }) = &outcome.refutation
            && nodes.len() > 1
        {
            return Some(Certificate::TREE);
        }
        Some(outcome.bound.as_ref()?.certificate.as_ref()?.kind())
    }

    fn read_lines(instance: &packing::Instance, text: &str) -> Result<Option<Shown<Self>>, String> {
        contender::placement(instance, text)
    }

    fn any(outcome: Outcome<Self>) -> AnyOutcome {
        AnyOutcome::Packing(outcome)
    }
}

impl Measurable for Allocation {
    fn methods(registry: &Registry) -> &[&'static dyn Method<Self>] {
        &registry.allocation
    }

    fn features(instance: &allocation::Instance) -> Features {
        Features {
            vm_types: instance.vms().len() as u64,
            vms: instance.vms().len() as u64,
            hosts: instance.hosts().len() as u64,
            resources: instance.resources().len() as u64,
            services: instance.services().len() as u64,
        }
    }

    fn certificate(outcome: &Outcome<Self>) -> Option<&'static str> {
        outcome.bound.as_ref()?.certificate.as_ref().map(|_| "prices")
    }

    /// Allocations have no line form.
    fn read_lines(_: &allocation::Instance, _: &str) -> Result<Option<Shown<Self>>, String> {
        Ok(None)
    }

    fn any(outcome: Outcome<Self>) -> AnyOutcome {
        AnyOutcome::Allocation(outcome)
    }
}
