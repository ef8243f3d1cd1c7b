//! How gaps fall while methods run.

use super::curves::{Axes, Curve, draw};
use super::{Figure, NoFigure};
use crate::Data;
use crate::draw::{Scale, Svg, Unit};

/// The mean primal gap over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct GapOverTime;

impl Figure for GapOverTime {
    fn name(&self) -> &'static str {
        "gap-over-time"
    }

    fn title(&self) -> &'static str {
        "Gap over time"
    }

    fn caption(&self) -> &'static str {
        "The mean gap to the best known cost while a method runs: lower and further left is better. Time is wall time, \
         which is the clock of trajectories, in logarithms; the gap is linear near zero and logarithmic above. An \
         instance counts 100 % until there is a first solution, and all the time if there is no correct answer in the \
         end: curves fall in steps as one instance after the other is solved, and what methods report on their way \
         counts for no more than their last answer, the only one that was judged. The area below a curve, over time \
         without logarithms, is the primal integral of Berthold (2013). Instances that less than half of the \
         methods were run on, or of which no cost is known, are left out; a method that was run on fewer of them than \
         another is not comparable with it, and its name says on how many."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let anytime = &data.statistics.anytime;
        let most = anytime.iter().map(|a| a.instances).max().unwrap_or(0);
        let mut curves = Vec::new();
        for (method, a) in anytime.iter().enumerate().filter(|(_, a)| !a.curve.is_empty()) {
            let steps = a.curve.iter().map(|(seconds, gap)| (*seconds, 100.0 * gap)).collect();
            let note = (a.instances < most).then(|| format!("{}/{most}", a.instances));
            curves.push(Curve { method, steps, note });
        }
        if curves.is_empty() {
            return Err(NoFigure::Nothing("no answer has a verified cost"));
        }
        let times = curves.iter().flat_map(|curve| &curve.steps).map(|step| step.0);
        let ends = curves.iter().filter_map(|curve| Some(curve.steps.last()?.1));
        let linear_below = if ends.fold(100.0, f64::min) < 1.0 { 0.1 } else { 1.0 };
        let axes = Axes {
            x: (Scale::log(times, Unit::Seconds), "wall time"),
            y: (
                Scale::log_from_zero(linear_below, 100.0, Unit::Percent),
                "mean gap to best known cost",
            ),
            start: 100.0,
        };
        Ok(draw(data, self.title(), &axes, &curves)?)
    }
}
