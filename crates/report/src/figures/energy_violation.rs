//! Energy against violations of service levels: one point per policy, and the policies that nothing beats in both.

use super::{Figure, NoFigure, WIDTH, front};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, Ink, Marker, Pen, PointLabel, Scale, Svg, Type, Unit, draw_point_labels,
    paint,
};
use crate::replays::Group;
use vmpack_model::Family;
use vmpack_results::stats;

/// Median energy against median SLAV.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnergyViolation;

const HEADING: f64 = 46.0;
const HEIGHT: f64 = 420.0;
const BELOW: f64 = 62.0;

/// Points nearer than this, in pixels, are one.
const NEAR: f64 = 5.0;

/// A policy in the figure.
struct Point {
    energy: f64,
    violation: f64,
    policy: usize,
}

impl Figure for EnergyViolation {
    fn name(&self) -> &'static str {
        "energy-violation"
    }

    fn title(&self) -> &'static str {
        "Energy against SLA violation"
    }

    fn caption(&self) -> &'static str {
        "One point per policy, medians over the traces: further left takes less energy, lower leaves VMs short less \
         (SLAV = SLATAH x PDM, in millionths; the axis is linear near 0 and logarithmic above). The grey steps join the \
         policies that no other beats in both. The dashed line is the median over traces of the lower bound on energy, \
         which holds for every policy that keeps all VMs and their memory: points left of it do not. Policies that cannot be \
         told apart share a point and are counted. Where policies lie \
         close together a median hides on which days which is better: the comparison of policies shows that."
    }

    fn is_about(&self, family: Family) -> bool {
        family == Family::Replay
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let panels: Vec<(&Group<'_>, Vec<Point>)> = data
            .replays
            .iter()
            .map(|group| (group, points(group)))
            // Where VMs are never short, or never moved, there is nothing to weigh against energy.
            .filter(|(group, points)| {
                group.shown.headline == "energy_kwh" && points.iter().any(|p| p.violation > 0.0)
            })
            .collect();
        if panels.is_empty() {
            return Err(NoFigure::Nothing(
                "no replay measured energy and an SLA violation above 0",
            ));
        }
        let height = (HEADING + HEIGHT + BELOW) * panels.len() as f64;
        let svg = paint((WIDTH, height), self.title(), |canvas| {
            for (place, (group, points)) in panels.iter().enumerate() {
                let top = (HEADING + HEIGHT + BELOW) * place as f64 + HEADING;
                let area = Area { left: 92.0, top, width: WIDTH - 92.0 - 28.0, height: HEIGHT };
                panel(canvas, area, group, points)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

fn points(group: &Group<'_>) -> Vec<Point> {
    let of = |policy: usize| {
        let energy = group.policies[policy].median("energy_kwh")?;
        let violation = group.policies[policy].median("slav")?;
        Some(Point { energy, violation: violation * 1e6, policy })
    };
    (0..group.policies.len()).filter_map(of).collect()
}

fn panel(
    canvas: &Canvas<'_>,
    area: Area,
    group: &Group<'_>,
    points: &[Point],
) -> Result<(), crate::draw::DrawError> {
    canvas.text((area.left, area.top - 28.0), &group.title, Type::HEADING, Anchor::Start)?;
    let bound = group.policies[points[0].policy].median("energy_lower_bound_kwh");
    let energies = points.iter().map(|point| point.energy).chain(bound);
    let x = Scale::between(energies, Unit::Number).with_room();
    let least = points.iter().map(|p| p.violation).filter(|v| *v > 0.0).fold(f64::MAX, f64::min);
    let most = points.iter().map(|p| p.violation).fold(0.0, f64::max);
    let y = Scale::log_from_zero(if most > 0.0 { least } else { 1.0 }, most, Unit::Number);
    let chart = canvas.chart(area, (x, "energy, kWh"), (y, "SLAV, millionths"))?;
    if let Some(bound) = bound {
        let (at, _) = Canvas::position(&chart, bound, 0.0);
        let pen = Pen { dash: 1, ..Pen::solid(Ink::AXIS, 1.2) };
        canvas.line(&[(at, area.top), (at, area.bottom())], pen)?;
        canvas.text((at, area.top - 9.0), "lower bound", Type::AXIS, Anchor::Middle)?;
    }
    let steps: Vec<(f64, f64)> =
        front::steps(&stats::pareto_front(points.iter().map(|p| (p.energy, p.violation))))
            .into_iter()
            .map(|(energy, violation)| Canvas::position(&chart, energy, violation))
            .collect();
    if steps.len() > 1 {
        canvas.line(&steps, Pen::solid(Ink::FRONT, 1.6))?;
    }
    let mut labels: Vec<(PointLabel, usize)> = Vec::new();
    for point in points {
        let policy = &group.policies[point.policy];
        let at = Canvas::position(&chart, point.energy, point.violation);
        let is_near =
            |label: &PointLabel| (label.point.0 - at.0).hypot(label.point.1 - at.1) < NEAR;
        if let Some((_, others)) = labels.iter_mut().find(|(label, _)| is_near(label)) {
            *others += 1;
            continue;
        }
        let label = PointLabel {
            point: at,
            marker: Marker::Circle,
            colour: policy.look.colour,
            filled: true,
            text: policy.label.clone(),
        };
        labels.push((label, 0));
    }
    let labels: Vec<PointLabel> = labels
        .into_iter()
        .map(|(label, others)| match others {
            0 => label,
            1 => PointLabel { text: format!("{} and 1 other", label.text), ..label },
            _ => PointLabel { text: format!("{} and {others} others", label.text), ..label },
        })
        .collect();
    draw_point_labels(canvas, area, &labels, &steps)
}
