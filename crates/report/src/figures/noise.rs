//! Server time over the bound while predicted lifetimes get worse.

use std::collections::BTreeMap;

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, EndLabel, Look, Pen, Scale, Svg, Type, Unit, draw_end_labels,
    paint,
};
use crate::replays::Group;
use vmpack_model::Family;
use vmpack_results::stats;

/// Server time over the bound, by the noise of predictions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise;

const METRIC: &str = "over_bound_percent";
const HEADING: f64 = 40.0;
const HEIGHT: f64 = 300.0;
const BELOW: f64 = 62.0;

/// A policy: by noise, the mean over traces.
struct Line<'a> {
    name: &'a str,
    look: Look,
    points: Vec<(f64, f64)>,
}

impl Figure for Noise {
    fn name(&self) -> &'static str {
        "noise"
    }

    fn title(&self) -> &'static str {
        "Server time against the noise of predictions"
    }

    fn caption(&self) -> &'static str {
        "How far the time that servers are in use is above the lower bound, the mean over traces, while the lifetimes \
         that a policy is told get worse: across, the standard deviation of the logarithm of their error (1 is off by a \
         factor of e, either way; 0 is exact; linear near 0, logarithmic above). Policies that look at no lifetimes are \
         level. A policy of lifetimes is worth it where its line is below that of first fit, and harmless where it does \
         not rise above it. The bound is no placement: nobody need be able to reach it."
    }

    fn is_about(&self, family: Family) -> bool {
        family == Family::Replay
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let panels: Vec<(&Group<'_>, Vec<Line<'_>>)> = data
            .replays
            .iter()
            .map(|group| (group, lines(group)))
            .filter(|(_, lines)| lines.iter().any(|line| line.points.len() > 1))
            .collect();
        if panels.is_empty() {
            return Err(NoFigure::Nothing(
                "no policy was replayed with predictions of several qualities",
            ));
        }
        let pitch = HEADING + HEIGHT + BELOW;
        let svg = paint((WIDTH, pitch * panels.len() as f64), self.title(), |canvas| {
            for (place, (group, lines)) in panels.iter().enumerate() {
                let top = pitch * place as f64 + HEADING;
                let area = Area { left: 84.0, top, width: WIDTH - 84.0 - 196.0, height: HEIGHT };
                panel(canvas, area, group, lines)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

fn lines<'g>(group: &'g Group<'_>) -> Vec<Line<'g>> {
    let mut by_name: BTreeMap<&str, Line<'g>> = BTreeMap::new();
    for policy in &group.policies {
        let Some(noise) = policy.number("noise") else { continue };
        let values: Vec<f64> = policy.by_trace(METRIC).into_values().collect();
        let Some(mean) = stats::mean(&values) else { continue };
        let line = by_name.entry(policy.name).or_insert_with(|| Line {
            name: policy.name,
            look: policy.look,
            points: Vec::new(),
        });
        line.points.push((noise, mean));
    }
    let mut lines: Vec<Line<'g>> = by_name.into_values().collect();
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    lines
}

fn panel(
    canvas: &Canvas<'_>,
    area: Area,
    group: &Group<'_>,
    lines: &[Line<'_>],
) -> Result<(), DrawError> {
    canvas.text((area.left, area.top - 16.0), &group.title, Type::HEADING, Anchor::Start)?;
    let points = || lines.iter().flat_map(|line| &line.points);
    let most = points().map(|(noise, _)| *noise).fold(0.0, f64::max);
    let least = points().map(|(noise, _)| *noise).filter(|n| *n > 0.0).fold(f64::MAX, f64::min);
    let x = Scale::log_from_zero(least, most, Unit::Number);
    let highest = points().map(|(_, over)| *over).fold(0.0, f64::max);
    let y = Scale::linear(highest, Unit::Percent);
    let title = "standard deviation of the logarithm of predicted lifetimes";
    let chart = canvas.chart(area, (x, title), (y, "over the lower bound"))?;
    let mut labels = Vec::new();
    for line in lines {
        let mut path: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|&(noise, over)| Canvas::position(&chart, noise, over))
            .collect();
        for &point in &path {
            canvas.marker(point, line.look.marker, 3.6, line.look.colour, true)?;
        }
        // Who looks at no predictions does the same whatever they are.
        if let [(_, over)] = line.points[..] {
            path.push(Canvas::position(&chart, most, over));
        }
        canvas.line(&path, Pen::of(&line.look))?;
        let end = path[path.len() - 1];
        labels.push(EndLabel { end, look: line.look, text: line.name.to_owned() });
    }
    let column = Area { left: area.right() + 4.0, width: WIDTH - area.right() - 10.0, ..area };
    draw_end_labels(canvas, column, &labels)
}
