//! Kubernetes' selectors: of nodes by labels and taints, of pods by labels.

use super::form::{Expression, LabelSelector, Labels, Node, Pod, Taint, Toleration};

/// Whether a pod may be scheduled on a node by selector, required affinity and taints; or an operator that nobody knows.
pub(super) fn may_use(pod: &Pod, node: &Node) -> Result<bool, String> {
    let labels = &node.metadata.labels;
    let selected = pod.spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let tolerated =
        node.spec.taints.iter().all(|taint| {
            !keeps_out(taint) || pod.spec.tolerations.iter().any(|t| tolerates(t, taint))
        });
    let Some(required) = &pod.spec.affinity.nodes.required else {
        return Ok(selected && tolerated);
    };
    let mut fits = false;
    for term in &required.node_selector_terms {
        // A term without anything selects nothing.
        let mut all = !(term.match_expressions.is_empty() && term.match_fields.is_empty());
        for expression in &term.match_expressions {
            all &= holds(expression, labels.get(&expression.key).map(String::as_str))?;
        }
        for field in &term.match_fields {
            let value = (field.key == "metadata.name").then_some(&*node.metadata.name);
            all &= holds(field, value)?;
        }
        fits |= all;
    }
    Ok(selected && tolerated && fits)
}

/// Whether a taint is more than a wish.
fn keeps_out(taint: &Taint) -> bool {
    matches!(&*taint.effect, "NoSchedule" | "NoExecute")
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == taint.effect;
    let exists = toleration.operator == "Exists";
    let key = toleration.key == taint.key || (exists && toleration.key.is_empty());
    let equal = matches!(&*toleration.operator, "" | "Equal") && toleration.value == taint.value;
    effect && key && (exists || equal)
}

/// Whether a requirement holds of the value of a label, or of its absence.
fn holds(expression: &Expression, value: Option<&str>) -> Result<bool, String> {
    let among = |value: &str| expression.values.iter().any(|known| known == value);
    let compare = |holds: fn(i64, i64) -> bool| {
        let number = |text: Option<&str>| text?.parse::<i64>().ok();
        let bound = number(expression.values.first().map(String::as_str));
        number(value).zip(bound).is_some_and(|(value, bound)| holds(value, bound))
    };
    match &*expression.operator {
        "In" => Ok(value.is_some_and(among)),
        "NotIn" => Ok(!value.is_some_and(among)),
        "Exists" => Ok(value.is_some()),
        "DoesNotExist" => Ok(value.is_none()),
        "Gt" => Ok(compare(|value, bound| value > bound)),
        "Lt" => Ok(compare(|value, bound| value < bound)),
        other => Err(other.to_owned()),
    }
}

/// Whether a selector chooses an object with these labels. An empty one chooses all, none at all chooses nothing.
pub(super) fn chooses(selector: Option<&LabelSelector>, labels: &Labels) -> Result<bool, String> {
    let Some(selector) = selector else { return Ok(false) };
    let mut all = selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
    for expression in &selector.match_expressions {
        all &= holds(expression, labels.get(&expression.key).map(String::as_str))?;
    }
    Ok(all)
}
