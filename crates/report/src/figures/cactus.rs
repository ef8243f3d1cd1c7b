//! Runtime distributions: how many instances are answered, or solved to proven optimality, within a time.

use vmpack_results::stats::{self, Cell};

use super::curves::{Axes, Curve, draw};
use super::{Figure, NoFigure};
use crate::Data;
use crate::draw::{Scale, Svg, Unit};

/// Instances answered within a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cactus;

/// Instances with a proof within a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProofCactus;

impl Figure for Cactus {
    fn name(&self) -> &'static str {
        "cactus"
    }

    fn title(&self) -> &'static str {
        "Answers within a time"
    }

    fn caption(&self) -> &'static str {
        "How many instances a method answered correctly within a time: further left is faster, higher is \
         more. The names stand in the order in which the curves end. An instance with several seeds counts \
         once, with the mean time, if every seed answered. Instances that only one of several methods was run \
         on are left out."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        cactus(data, self.title(), "instances answered", "no run has a correct answer", |cell| {
            cell.answered
        })
    }
}

impl Figure for ProofCactus {
    fn name(&self) -> &'static str {
        "cactus-proved"
    }

    fn title(&self) -> &'static str {
        "Proofs within a time"
    }

    fn caption(&self) -> &'static str {
        "How many instances a method answered correctly within a time and called optimal, infeasible or \
         unbounded. Methods that never claim a proof are not drawn. Whether the judge could prove the \
         bound again is in the tables, not here."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        cactus(data, self.title(), "instances proved", "no correct answer claims a proof", |cell| {
            cell.proved
        })
    }
}

fn cactus(
    data: &Data<'_>,
    title: &str,
    y_title: &str,
    nothing: &'static str,
    time: impl Fn(&Cell) -> Option<f64>,
) -> Result<Svg, NoFigure> {
    let instances = data.compared();
    let mut curves = Vec::new();
    for (method, m) in data.methods.iter().enumerate() {
        let cells = instances.iter().filter_map(|i| m.cells.get(i.hash));
        let times: Vec<Option<f64>> = cells.map(&time).collect();
        let steps: Vec<(f64, f64)> = stats::cactus(&times)
            .into_iter()
            .map(|(solved, seconds)| (seconds, solved as f64))
            .collect();
        if !steps.is_empty() {
            curves.push(Curve { method, steps, note: None });
        }
    }
    if curves.is_empty() {
        return Err(NoFigure::Nothing(nothing));
    }
    let times = curves.iter().flat_map(|c| &c.steps).map(|step| step.0);
    let axes = Axes {
        x: (Scale::log(times, Unit::Seconds), data.clock_name()),
        y: (Scale::linear(instances.len() as f64, Unit::Count), y_title),
        start: 0.0,
    };
    Ok(draw(data, title, &axes, &curves)?)
}
