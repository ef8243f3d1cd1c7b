//! Cost against runtime: one point per method, and the methods that nothing beats in both.

use vmpack_model::Kind;
use vmpack_results::stats;

use super::{Figure, NoFigure, WIDTH, front};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Marker, Pen, PointLabel, Scale, Svg, Type, Unit,
    draw_point_labels, kind_colour, kind_title, paint, text_width,
};

/// Mean gap to the best known cost against mean runtime.
#[derive(Clone, Copy, Debug)]
pub(super) struct CostVsTime;

impl Figure for CostVsTime {
    fn name(&self) -> &'static str {
        "cost-vs-time"
    }

    fn title(&self) -> &'static str {
        "Cost against runtime"
    }

    fn caption(&self) -> &'static str {
        "One point per method: lower is cheaper, further left is faster. Across: shifted geometric mean of \
         the runtime (shift 10 ms; an instance without a correct answer counts as the time limit). Up: mean \
         gap to the best known cost of each instance, over the instances it answered; the axis is linear \
         below 0.1 % and logarithmic above. A hollow point did not answer every instance of the family, \
         because it does not support it or failed: the fraction beside its name says how many it did, and \
         its gap is the mean over those alone. The grey steps join the methods that answered everything \
         and that no other such method beats in both cost and time."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let everything = data.instances.len();
        let points = data.trade_offs();
        if points.is_empty() {
            return Err(NoFigure::Nothing("no answer has a verified cost"));
        }
        let worst = points.iter().map(|p| 100.0 * p.gap).fold(0.0, f64::max);
        let x = Scale::log(points.iter().map(|p| p.seconds), Unit::Seconds).with_room();
        let y = Scale::log_from_zero(0.1, worst, Unit::Percent);
        // Those that answered everything and are not beaten in both, from fast to cheap.
        let unbeaten = points.iter().filter(|p| p.unbeaten).map(|p| (p.seconds, p.gap));
        let steps = front::steps(&stats::pareto_front(unbeaten));
        let hollow = points.iter().any(|p| !p.everywhere);
        let key = key(data, hollow, steps.len() > 1);
        let top = 28.0 + KEY_LINE * key.len() as f64;
        let area = Area { left: 84.0, top, width: WIDTH - 84.0 - 24.0, height: 440.0 };
        let svg = paint((WIDTH, area.bottom() + 58.0), self.title(), |canvas| {
            let x_title = format!("{}, shifted geometric mean", data.clock_name());
            let chart = canvas.chart(area, (x, &x_title), (y, "mean gap to best known cost"))?;
            let front: Vec<(f64, f64)> = steps
                .into_iter()
                .map(|(seconds, gap)| Canvas::position(&chart, seconds, 100.0 * gap))
                .collect();
            if front.len() > 1 {
                canvas.line(&front, Pen::solid(Ink::FRONT, 1.6))?;
            }
            let labels: Vec<PointLabel> = points
                .iter()
                .map(|p| {
                    let method = &data.methods[p.method];
                    let answered = method.cells.values().filter(|c| c.answered.is_some()).count();
                    PointLabel {
                        point: Canvas::position(&chart, p.seconds, 100.0 * p.gap),
                        marker: Marker::of_kind(method.kind),
                        colour: kind_colour(method.kind),
                        filled: p.everywhere,
                        text: if p.everywhere {
                            method.name.to_owned()
                        } else {
                            format!("{} {answered}/{everything}", method.name)
                        },
                    }
                })
                .collect();
            draw_point_labels(canvas, area, &labels, &front)?;
            draw_key(canvas, &key, area)
        })?;
        Ok(svg)
    }
}

/// The distance between lines of the key.
const KEY_LINE: f64 = 18.0;

/// What the key explains.
#[derive(Clone, Copy)]
enum Sign {
    Kind(Kind),
    /// A point of a method that did not answer everything.
    Hollow,
    /// The line of the best trade-offs.
    Front,
}

impl Sign {
    fn text(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind_title(kind),
            Self::Hollow => "not every instance",
            Self::Front => "best trade-offs",
        }
    }

    /// How far to the right of the sign its text begins.
    fn room(self) -> f64 {
        if matches!(self, Self::Front) { 28.0 } else { 11.0 }
    }

    /// The distance to the next sign.
    fn width(self) -> f64 {
        self.room() + text_width(self.text(), Type::LABEL.size) + 26.0
    }
}

/// What shapes and colours mean, in lines no wider than the chart.
fn key(data: &Data<'_>, hollow: bool, front: bool) -> Vec<Vec<Sign>> {
    let kinds = data.kinds().into_iter().map(Sign::Kind);
    let others = [(hollow, Sign::Hollow), (front, Sign::Front)];
    let signs = kinds.chain(others.into_iter().filter(|(shown, _)| *shown).map(|(_, sign)| sign));
    let (mut lines, mut right) = (vec![Vec::new()], 0.0);
    for sign in signs {
        if right > 0.0 && right + sign.width() > WIDTH - 84.0 {
            lines.push(Vec::new());
            right = 0.0;
        }
        right += sign.width();
        lines.last_mut().expect("a line").push(sign);
    }
    lines
}

/// Draws the key above the chart.
fn draw_key(canvas: &Canvas<'_>, key: &[Vec<Sign>], area: Area) -> Result<(), DrawError> {
    for (line, signs) in key.iter().enumerate() {
        let y = area.top - 4.0 - KEY_LINE * (key.len() - line) as f64;
        let mut x = area.left + 6.0;
        for sign in signs {
            match *sign {
                Sign::Kind(kind) => {
                    canvas.marker((x, y), Marker::of_kind(kind), 5.5, kind_colour(kind), true)?;
                }
                Sign::Hollow => canvas.marker((x, y), Marker::Circle, 5.5, Ink::AXIS, false)?,
                Sign::Front => {
                    let pen = Pen::solid(Ink::FRONT, 1.6);
                    canvas.line(&[(x - 5.0, y), (x + 21.0, y)], pen)?;
                }
            }
            canvas.text((x + sign.room(), y), sign.text(), Type::LABEL, Anchor::Start)?;
            x += sign.width();
        }
    }
    Ok(())
}
