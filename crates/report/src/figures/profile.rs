//! Performance profiles of Dolan and More (2002), of cost and of time.

use vmpack_results::stats::{self, Reversal};

use super::curves::{Axes, Curve, draw};
use super::{Figure, NoFigure};
use crate::Data;
use crate::draw::{Scale, Svg, Unit};
use crate::format;
use crate::statistics::{MISLEADING, Pair, misleads};

/// The profile of cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct CostProfile;

/// The profile of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeProfile;

impl Figure for CostProfile {
    fn name(&self) -> &'static str {
        "profile-cost"
    }

    fn title(&self) -> &'static str {
        "Performance profile of cost"
    }

    fn caption(&self) -> &'static str {
        "The share of instances on which a method costs at most so much more than the cheapest method: the \
         height at the left edge is how often it is the cheapest, the height at the right how often it \
         answers at all (Dolan and Mor\u{e9} 2002). The axis is linear below 0.1 % and logarithmic above. \
         Each curve compares a method with the best of all, so the order of two curves may change when a \
         third method is left out (Gould and Scott 2016): to compare two methods, read the pairwise figures. \
         Instances whose best cost is negative have no ratio and are left out, as are those that only one of \
         several methods was run on."
    }

    fn note(&self, data: &Data<'_>) -> Option<String> {
        warning(data, |pair| pair.cost_reversal)
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let negative = |hash: &str| {
            let costs = data.methods.iter().filter_map(|m| m.cells.get(hash)?.cost);
            costs.into_iter().any(|cost| cost < 0.0)
        };
        let instances: Vec<&str> =
            data.compared().into_iter().map(|i| i.hash).filter(|hash| !negative(hash)).collect();
        let curves =
            curves(data, &instances, |method, hash| data.methods[method].cells.get(hash)?.cost);
        if curves.is_empty() {
            return Err(NoFigure::Nothing("no answer has a verified cost that is not negative"));
        }
        let excess: Vec<Curve> = curves
            .into_iter()
            .map(|c| Curve {
                method: c.method,
                steps: c
                    .steps
                    .into_iter()
                    .map(|(ratio, share)| (100.0 * (ratio - 1.0), share))
                    .collect(),
                note: None,
            })
            .collect();
        let axes = Axes {
            x: (
                Scale::log_from_zero(0.1, worst(&excess), Unit::Percent),
                "cost above the cheapest method",
            ),
            y: SHARE,
            start: 0.0,
        };
        Ok(draw(data, self.title(), &axes, &in_percent(excess))?)
    }
}

impl Figure for TimeProfile {
    fn name(&self) -> &'static str {
        "profile-time"
    }

    fn title(&self) -> &'static str {
        "Performance profile of time"
    }

    fn caption(&self) -> &'static str {
        "The share of instances that a method answered correctly in at most so many times the time of the \
         fastest method, whatever the cost of the answer (Dolan and Mor\u{e9} 2002): read it together with \
         the profile of cost. The warning there holds here too: the order of two curves may change when a \
         third method is left out."
    }

    fn note(&self, data: &Data<'_>) -> Option<String> {
        warning(data, |pair| pair.time_reversal)
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let instances: Vec<&str> = data.compared().into_iter().map(|i| i.hash).collect();
        let curves =
            curves(data, &instances, |method, hash| data.methods[method].cells.get(hash)?.answered);
        if curves.is_empty() {
            return Err(NoFigure::Nothing("no run has a correct answer"));
        }
        let high = worst(&curves).max(2.0);
        let axes = Axes {
            x: (
                Scale::log([1.0, high], Unit::Factor).at_the_edge(),
                "time relative to the fastest method",
            ),
            y: SHARE,
            start: 0.0,
        };
        Ok(draw(data, self.title(), &axes, &in_percent(curves))?)
    }
}

/// What is said of pairs that a profile of all methods shows in the opposite order to that of the two alone.
fn warning(data: &Data<'_>, of: impl Fn(&Pair) -> Option<Reversal>) -> Option<String> {
    let found: Vec<Reversal> =
        data.statistics.pairs.iter().filter_map(of).filter(misleads).collect();
    let clearest = found.iter().max_by(|a, b| a.margin().total_cmp(&b.margin()))?;
    let name = |method: usize| data.methods[method].name;
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    let within = if clearest.ratio <= 1.0 {
        "as good as the best of all".to_owned()
    } else {
        format!("within {} times the best of all", format::trimmed(clearest.ratio))
    };
    Some(format!(
        "Warning: here the order of {} of {} pairs of curves is somewhere the opposite of what the two alone show, both \
         by at least {} % of the instances. The clearest case: {}, {} has {} % of the instances and {} has {} %; alone, \
         against the better of the two, {} and {} %.",
        found.len(),
        data.statistics.pairs.len(),
        percent(MISLEADING),
        within,
        name(clearest.ahead),
        percent(clearest.among_all.0),
        name(clearest.behind),
        percent(clearest.among_all.1),
        percent(clearest.alone.0),
        percent(clearest.alone.1),
    ))
}

const SHARE: (Scale, &str) = (Scale::PERCENT, "share of instances");

fn curves<'a>(
    data: &Data<'a>,
    instances: &[&'a str],
    value: impl Fn(usize, &'a str) -> Option<f64>,
) -> Vec<Curve> {
    let methods = 0..data.methods.len();
    let values: Vec<Vec<Option<f64>>> =
        methods.map(|m| instances.iter().map(|hash| value(m, hash)).collect()).collect();
    let profiles = stats::performance_profile(&values).into_iter().enumerate();
    profiles
        .map(|(method, steps)| Curve { method, steps, note: None })
        .filter(|c| !c.steps.is_empty())
        .collect()
}

fn worst(curves: &[Curve]) -> f64 {
    curves.iter().flat_map(|c| &c.steps).map(|step| step.0).fold(0.0, f64::max)
}

fn in_percent(mut curves: Vec<Curve>) -> Vec<Curve> {
    for step in curves.iter_mut().flat_map(|c| &mut c.steps) {
        step.1 *= 100.0;
    }
    curves
}
