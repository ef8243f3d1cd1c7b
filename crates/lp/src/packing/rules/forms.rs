//! The rows of every form of rule but survival.

use std::collections::BTreeMap;

use vmpack_model::packing::{Demand, Instance, Level, Rule, Strength};

use super::draft::Draft;
use super::{Bin, of_type};
use crate::model::{Column, Sense};

/// Adds a rule.
pub(super) fn add(instance: &Instance, bins: &[Bin], draft: &mut Draft, rule: &Rule) {
    let forms = Forms { instance, bins };
    let penalty = match rule.strength {
        Strength::Hard => None,
        Strength::Soft { price } => Some(Column::continuous(price as f64, 0.0, f64::INFINITY)),
    };
    match &rule.demand {
        // Restrictions decide which columns there are; how hosts fail is a matter of its own.
        Demand::Restrict { .. } | Demand::Survive { .. } => {}
        Demand::AtMost { vms, most, within } => {
            let total: u64 = vms.iter().map(|&vm| instance.vms()[vm].count).sum();
            if total <= *most {
                return;
            }
            for domain in forms.domains(*within) {
                let members: Vec<_> = forms.members(&domain, vms).map(|x| (x, 1.0)).collect();
                match (&penalty, *within) {
                    _ if members.is_empty() => {}
                    // A closed host has no room for members either.
                    (None, Level::Host) => {
                        let open = (bins[domain[0]].open, -(*most as f64));
                        draft.row(Sense::Le, 0.0, members.into_iter().chain([open]));
                    }
                    _ => at_most(draft, *most as f64, members, penalty),
                }
            }
        }
        Demand::Together { vms, within } => {
            let domains = forms.domains(*within);
            let held: Vec<_> = domains
                .iter()
                .filter_map(|domain| forms.holds_some(draft, domain, vms))
                .map(|z| (z, 1.0))
                .collect();
            at_most(draft, 1.0, held, penalty);
        }
        Demand::Spread { vms, least, over } => {
            let mut held = Vec::new();
            for domain in forms.domains(*over) {
                let z = draft.column(Column::continuous(0.0, 0.0, 1.0));
                let members = forms.members(&domain, vms).map(|x| (x, -1.0));
                draft.row(Sense::Le, 0.0, members.chain([(z, 1.0)]));
                held.push((z, 1.0));
            }
            held.extend(penalty.map(|penalty| (draft.column(penalty), 1.0)));
            draft.row(Sense::Ge, *least as f64, held);
        }
        Demand::Separate { classes, within } => {
            for domain in forms.domains(*within) {
                let held: Vec<_> = classes
                    .iter()
                    .filter_map(|class| forms.holds_some(draft, &domain, class))
                    .map(|z| (z, 1.0))
                    .collect();
                if held.len() > 1 {
                    at_most(draft, 1.0, held, penalty);
                }
            }
        }
    }
}

/// The sum is no greater than `most`, or the excess is paid for.
fn at_most(draft: &mut Draft, most: f64, mut sum: Vec<(usize, f64)>, penalty: Option<Column>) {
    sum.extend(penalty.map(|penalty| (draft.column(penalty), -1.0)));
    draft.row(Sense::Le, most, sum);
}

struct Forms<'a> {
    instance: &'a Instance,
    bins: &'a [Bin],
}

impl Forms<'_> {
    /// The copies of each domain.
    fn domains(&self, level: Level) -> Vec<Vec<usize>> {
        let topology = &self.instance.rules().topology;
        let mut domains: BTreeMap<(Option<usize>, usize), Vec<usize>> = BTreeMap::new();
        for (index, bin) in self.bins.iter().enumerate() {
            let number = topology.domain(level, bin.host);
            let alone = if number.is_none() { index } else { 0 };
            domains.entry((number, alone)).or_default().push(index);
        }
        domains.into_values().collect()
    }

    /// The columns of the VMs of a group in a domain.
    fn members(&self, domain: &[usize], vms: &[usize]) -> impl Iterator<Item = usize> {
        domain.iter().flat_map(move |&bin| {
            vms.iter().flat_map(move |&vm| of_type(self.instance, &self.bins[bin], vm))
        })
    }

    /// A binary column that is one if the domain holds some VM of the group; `None` if it cannot.
    fn holds_some(&self, draft: &mut Draft, domain: &[usize], vms: &[usize]) -> Option<usize> {
        self.members(domain, vms).next()?;
        let z = draft.column(Column::integer(0.0, 0.0, 1.0));
        for &vm in vms {
            let members: Vec<_> = self.members(domain, &[vm]).map(|x| (x, 1.0)).collect();
            if !members.is_empty() {
                let count = self.instance.vms()[vm].count as f64;
                draft.row(Sense::Le, 0.0, members.into_iter().chain([(z, -count)]));
            }
        }
        Some(z)
    }
}
