//! Cost against runtime: one point per method, and the methods that nothing beats in both.

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, Ink, Marker, Pen, PointLabel, Scale, Svg, Type, Unit, draw_point_labels,
    kind_colour, kind_title, paint, text_width,
};

/// Mean gap to the best known cost against mean runtime.
#[derive(Clone, Copy, Debug)]
pub(super) struct CostVsTime;

/// A method in the figure.
struct Point {
    seconds: f64,
    gap: f64,
    /// Whether it answered every instance of the family.
    everywhere: bool,
    method: usize,
}

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
        let everything = data.instances.len() as u64;
        let mut points = Vec::new();
        for (method, m) in data.methods.iter().enumerate() {
            let summary = data.summary(m, |_| true);
            if let (Some(gap), Some(seconds)) = (summary.gap, summary.sgm_10ms) {
                points.push(Point {
                    seconds,
                    gap,
                    everywhere: summary.answered == everything,
                    method,
                });
            }
        }
        if points.is_empty() {
            return Err(NoFigure::Nothing("no answer has a verified cost"));
        }
        let worst = points.iter().map(|p| 100.0 * p.gap).fold(0.0, f64::max);
        let x = Scale::log(points.iter().map(|p| p.seconds), Unit::Seconds).with_room();
        let y = Scale::log_from_zero(0.1, worst, Unit::Percent);
        let area = Area { left: 84.0, top: 46.0, width: WIDTH - 84.0 - 24.0, height: 440.0 };
        let svg = paint((WIDTH, area.bottom() + 58.0), self.title(), |canvas| {
            let x_title = format!("{}, shifted geometric mean", data.clock_name());
            let chart = canvas.chart(area, (x, &x_title), (y, "mean gap to best known cost"))?;
            let front: Vec<(f64, f64)> = steps(&front(&points))
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
            let hollow = points.iter().any(|p| !p.everywhere);
            draw_key(canvas, data, area, hollow, front.len() > 1)
        })?;
        Ok(svg)
    }
}

/// What shapes and colours mean, in a row above the chart.
fn draw_key(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    area: Area,
    hollow: bool,
    front: bool,
) -> Result<(), crate::draw::DrawError> {
    let y = area.top - 22.0;
    let mut x = area.left + 6.0;
    let mut write =
        |text: &str, sample: &dyn Fn(f64) -> Result<(), crate::draw::DrawError>, room: f64| {
            sample(x)?;
            canvas.text((x + room, y), text, Type::LABEL, Anchor::Start)?;
            x += room + text_width(text, Type::LABEL.size) + 26.0;
            Ok::<(), crate::draw::DrawError>(())
        };
    for kind in data.kinds() {
        let marker = Marker::of_kind(kind);
        write(
            kind_title(kind),
            &|x| canvas.marker((x, y), marker, 5.5, kind_colour(kind), true),
            11.0,
        )?;
    }
    if hollow {
        write(
            "not every instance",
            &|x| canvas.marker((x, y), Marker::Circle, 5.5, Ink::AXIS, false),
            11.0,
        )?;
    }
    if front {
        let pen = Pen::solid(Ink::FRONT, 1.6);
        write("best trade-offs", &|x| canvas.line(&[(x - 5.0, y), (x + 21.0, y)], pen), 28.0)?;
    }
    Ok(())
}

/// The methods that answered everything and are not beaten in both, from fast to cheap.
fn front(points: &[Point]) -> Vec<(f64, f64)> {
    let mut candidates: Vec<(f64, f64)> =
        points.iter().filter(|p| p.everywhere).map(|p| (p.seconds, p.gap)).collect();
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut front: Vec<(f64, f64)> = Vec::new();
    for point in candidates {
        if front.last().is_none_or(|last| point.1 < last.1) {
            front.push(point);
        }
    }
    front
}

/// The border of what the front dominates: across at the height of a point until the next one.
fn steps(front: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut path = Vec::new();
    for (place, &(x, y)) in front.iter().enumerate() {
        if place > 0 {
            path.push((x, front[place - 1].1));
        }
        path.push((x, y));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let point = |seconds, gap, everywhere| Point { seconds, gap, everywhere, method: 0 };
        let points = [
            point(1.0, 0.5, true),
            point(2.0, 0.5, true),
            point(3.0, 0.1, true),
            point(0.5, 0.0, false),
            point(4.0, 0.2, true),
            point(9.0, 0.0, true),
        ];
        assert_eq!(front(&points), [(1.0, 0.5), (3.0, 0.1), (9.0, 0.0)]);
        assert_eq!(
            steps(&front(&points)),
            [(1.0, 0.5), (3.0, 0.5), (3.0, 0.1), (9.0, 0.1), (9.0, 0.0)]
        );
    }
}
