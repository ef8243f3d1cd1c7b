//! Rules with all that can be varied about them.

use rand::{Rng, RngExt};
use vmpack_cluster::{Measure, Scale};
use vmpack_model::Budget;
use vmpack_model::packing::{Instance, Placement};

use super::super::indexed::{self, Choice};
use super::super::right_size::right_size;
use super::super::stock::Stock;
use super::super::weighted::{self, Norm, Way, Weighed};
use super::super::weights::{Bias, FACTOR_ONE, Weighing, Weights};

/// The greatest and the least factor of the weight of a resource.
const MOST: u64 = 1 << 12;
const LEAST: u64 = 1 << 4;

/// Beyond so many VM types a rule that looks at all hosts for each of them takes seconds.
const MANY_TYPES: usize = 1 << 13;

/// A construction.
#[derive(Clone, Copy, Debug)]
enum Builder {
    /// On counts.
    Counted(Way),
    /// VM by VM, by decreasing size; whether VMs that find no host come first in a new beginning.
    Single(Choice, Norm, bool),
}

/// A rule, its weights and what chance makes of them, and the host types that it may use.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    builder: Builder,
    bias: Bias,
    hosts: Vec<bool>,
}

/// Every rule that may differ from the others on the instance, as it stands.
pub(super) fn family(instance: &Instance) -> Vec<Recipe> {
    let hosts: Vec<bool> = instance.hosts().iter().map(|host| host.stock != Some(0)).collect();
    let recipe = |builder, weights, dynamic| Recipe {
        builder,
        bias: Bias::new(Weighing { weights, dynamic }),
        hosts: hosts.clone(),
    };
    let several = instance.dimensions() > 1;
    let norms: &[Norm] = if several { &[Norm::L2, Norm::L1, Norm::Linf] } else { &[Norm::L1] };
    let weighings: &[(Weights, bool)] = if several {
        &[
            (Weights::Average, true),
            (Weights::Average, false),
            (Weights::Unit, false),
            (Weights::Exponential, false),
            (Weights::Reciprocal, false),
        ]
    } else {
        &[(Weights::Unit, false)]
    };
    let singles = |insist: bool| {
        let choices = [
            Choice::First,
            Choice::Fullest(Measure::L2),
            Choice::Aligned,
            Choice::Emptiest(Measure::L1),
        ];
        let all = norms
            .iter()
            .flat_map(move |&norm| choices.map(|choice| Builder::Single(choice, norm, insist)));
        all.map(|builder| recipe(builder, Weights::Average, false))
    };
    if !instance.rules().only_capacity() {
        return singles(true).collect();
    }
    let mut all = Vec::new();
    let placeable = instance.total_vms() <= indexed::MOST_VMS;
    if placeable && instance.vms().len() > MANY_TYPES {
        all.extend(singles(false));
    }
    for &(weights, dynamic) in weighings {
        let sorted = norms.iter().flat_map(|&norm| [Way::Best(norm), Way::First(norm)]);
        let ways = [Way::Dot, Way::Gap, Way::Tight].into_iter().chain(sorted);
        all.extend(ways.map(|way| recipe(Builder::Counted(way), weights, dynamic)));
    }
    if hosts.iter().filter(|&&usable| usable).count() > 1 {
        for alone in (0..hosts.len()).filter(|&t| hosts[t]) {
            let builder = Builder::Counted(Way::Best(norms[0]));
            let hosts = (0..hosts.len()).map(|t| t == alone).collect();
            all.push(Recipe { hosts, ..recipe(builder, Weights::Average, false) });
        }
    }
    // Only where hosts are scarce a beginning ends without a placement.
    if placeable && instance.hosts().iter().any(|host| host.stock.is_some()) {
        all.extend(singles(true).take(2));
    }
    all
}

impl Recipe {
    /// The placement; `None` if the budget is spent or a VM finds no host.
    pub(super) fn construct(
        &self,
        instance: &Instance,
        scale: &Scale,
        budget: &Budget,
    ) -> Option<Placement> {
        match self.builder {
            Builder::Counted(way) => {
                let mut stock = Stock::only(instance, |t| self.hosts[t]);
                let placement =
                    weighted::construct(instance, scale, way, &self.bias, &mut stock, budget)?;
                let mut stock = Stock::after(instance, &placement);
                Some(right_size(instance, placement, &mut stock))
            }
            Builder::Single(choice, norm, insist) => {
                let order = Weighed::new(instance, scale, norm, &self.bias);
                indexed::construct(instance, scale, &order.sequence, choice, insist, budget)
            }
        }
    }

    /// The recipe with some of it changed by chance, comparing up to so many fills of a host.
    pub(super) fn varied(&self, instance: &Instance, fills: u32, rng: &mut impl Rng) -> Self {
        let mut recipe = self.clone();
        recipe.bias.fills = [1, fills / 4, fills][rng.random_range(0..3_usize)].max(1);
        recipe.bias.seed = rng.random();
        let Bias { weighing, resources, rows, .. } = &mut recipe.bias;
        let several = instance.dimensions() > 1;
        if several && rng.random_range(0..8_u32) == 0 {
            let all = [Weights::Average, Weights::Unit, Weights::Exponential, Weights::Reciprocal];
            weighing.weights = all[rng.random_range(0..all.len())];
            weighing.dynamic = rng.random_range(0..2_u32) == 0;
        }
        if several && rng.random_range(0..2_u32) == 0 {
            resources.resize(instance.dimensions(), FACTOR_ONE);
            for factor in resources {
                // From a fourth less to a third more.
                let change = rng.random_range(192..=341_u64);
                *factor = (*factor * change / FACTOR_ONE).clamp(LEAST, MOST);
            }
        }
        if recipe.hosts.len() > 1 && rng.random_range(0..4_u32) == 0 {
            let toggled = rng.random_range(0..recipe.hosts.len());
            recipe.hosts[toggled] ^= true;
        }
        rows.resize(instance.rows(), FACTOR_ONE);
        let share = [4, 16, 64, 256][rng.random_range(0..4_usize)];
        let most = [8, 24, 64][rng.random_range(0..3_usize)];
        for factor in rows {
            if rng.random_range(0..256_u32) < share {
                *factor = FACTOR_ONE + rng.random_range(0..=2 * most) - most;
            }
        }
        recipe
    }
}
