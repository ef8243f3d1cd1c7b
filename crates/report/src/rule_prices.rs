//! What placement rules cost: runs on an instance with rules beside runs of the same method on the same instance
//! without.

use std::collections::{BTreeMap, BTreeSet};

use vmpack_results::Asked;
use vmpack_results::stats;

use crate::data::Data;

/// The price of some forms of rules on the instances of a dataset.
pub(crate) struct RulePrice<'a> {
    pub(crate) dataset: &'a str,
    pub(crate) forms: &'a [String],
    /// How many instances ask for them whose fleet was run without as well.
    pub(crate) instances: u64,
    /// By method, as an index into the methods of the data.
    pub(crate) methods: Vec<(usize, Ratios)>,
    /// Between which factors the price lies that no method can change, the ratio of the optima, by the best
    /// costs and bounds that are known: the mean over the instances that have all of them.
    pub(crate) range: Option<(f64, f64)>,
}

/// Costs with rules over costs without, by one method.
pub(crate) struct Ratios {
    /// How many instances it solved with and without.
    pub(crate) pairs: u64,
    /// The geometric mean.
    pub(crate) mean: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

/// An instance with rules: its hash and what it asks for.
type Ruled<'a> = (&'a str, &'a Asked);

/// The prices of all rules, by dataset; single forms before several.
pub(crate) fn rule_prices<'a>(data: &Data<'a>) -> Vec<RulePrice<'a>> {
    let runs = || data.methods.iter().flat_map(|method| method.runs.iter().copied());
    let run: BTreeSet<&str> = runs().map(|record| record.instance_hash.as_str()).collect();
    let mut groups: BTreeMap<(&str, usize, &[String]), BTreeMap<&str, &Asked>> = BTreeMap::new();
    for record in runs() {
        if let Some(asked) = &record.rules
            && run.contains(asked.plain.as_str())
        {
            let key = (record.dataset.as_str(), asked.forms.len(), asked.forms.as_slice());
            groups.entry(key).or_default().insert(&record.instance_hash, asked);
        }
    }
    let price = |((dataset, _, forms), instances): (_, BTreeMap<&'a str, &'a Asked>)| {
        let instances: Vec<Ruled<'a>> = instances.into_iter().collect();
        let of = |method| Some((method, ratios(data, method, &instances)?));
        let methods: Vec<_> = (0..data.methods.len()).filter_map(of).collect();
        let range = range(data, &instances);
        let instances = instances.len() as u64;
        (!methods.is_empty()).then_some(RulePrice { dataset, forms, instances, methods, range })
    };
    groups.into_iter().filter_map(price).collect()
}

/// Forms of rules as one word.
pub(crate) fn title(forms: &[String]) -> String {
    match forms {
        [] | [_] | [_, _] => forms.join(" + "),
        _ => format!("{} forms", forms.len()),
    }
}

fn ratios(data: &Data<'_>, method: usize, instances: &[Ruled<'_>]) -> Option<Ratios> {
    let cost = |hash: &str| data.methods[method].cells.get(hash)?.cost.filter(|cost| *cost > 0.0);
    let ratio = |&(hash, asked): &Ruled<'_>| Some(cost(hash)? / cost(&asked.plain)?);
    let ratios: Vec<f64> = instances.iter().filter_map(ratio).collect();
    Some(Ratios {
        pairs: ratios.len() as u64,
        mean: stats::geometric_mean(&ratios)?,
        least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        greatest: ratios.iter().copied().fold(0.0, f64::max),
    })
}

fn range(data: &Data<'_>, instances: &[Ruled<'_>]) -> Option<(f64, f64)> {
    let known = |hash: &str| {
        let known = data.known.get(hash)?;
        Some((known.bound?.to_f64(), known.cost?.to_f64()))
    };
    let mut ends: (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for &(hash, asked) in instances {
        let Some((plain_bound, plain_cost)) = known(&asked.plain) else { continue };
        let Some(cost) = data.known.get(hash).and_then(|known| known.cost) else { continue };
        let bound = known(hash).map_or(0.0, |(bound, _)| bound);
        let mut least = bound / plain_cost;
        // Nothing but overcommit makes a fleet cheaper.
        if !asked.forms.iter().any(|form| form == "overcommit") {
            least = least.max(1.0);
        }
        if plain_bound > 0.0 && least > 0.0 {
            ends.0.push(least);
            ends.1.push(cost.to_f64() / plain_bound);
        }
    }
    stats::geometric_mean(&ends.0).zip(stats::geometric_mean(&ends.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_forms_are_named_and_many_counted() {
        let forms = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(title(&forms(&["spread"])), "spread");
        assert_eq!(title(&forms(&["prices", "spread-soft"])), "prices + spread-soft");
        assert_eq!(title(&forms(&["a", "b", "c"])), "3 forms");
    }
}
