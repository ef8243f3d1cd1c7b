//! Step curves, one per method, with their names where they end.

use vmpack_model::Kind;

use super::WIDTH;
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, EndLabel, Ink, Pen, Scale, Svg, Type, draw_end_labels,
    end_labels_height, kind_title, paint, shortened, text_width,
};

/// The curve of one method: points in the order of x, at which it steps to y.
pub(super) struct Curve {
    /// An index into the methods of the data.
    pub(super) method: usize,
    pub(super) steps: Vec<(f64, f64)>,
    /// What stands beside its name, if anything.
    pub(super) note: Option<String>,
}

/// The axes of a figure of curves.
pub(super) struct Axes<'a> {
    pub(super) x: (Scale, &'a str),
    pub(super) y: (Scale, &'a str),
    /// The height of every curve before its first step.
    pub(super) start: f64,
}

/// As many curves as can be told apart in one chart. With more, every kind gets a chart of its own, in
/// which the curves of the other kinds are grey.
const TOGETHER: usize = 9;

/// How many curves of one chart carry markers, and how many markers each.
const MARKS: usize = 5;

const LEFT: f64 = 84.0;
const TOP: f64 = 16.0;
const COLUMN: f64 = 226.0;
const BELOW: f64 = 58.0;
const HEADING: f64 = 26.0;

/// Draws the curves.
pub(super) fn draw(
    data: &Data<'_>,
    title: &str,
    axes: &Axes<'_>,
    curves: &[Curve],
) -> Result<Svg, DrawError> {
    let panels: Vec<Option<Kind>> = if curves.len() <= TOGETHER {
        vec![None]
    } else {
        let kinds = data.kinds().into_iter();
        kinds
            .filter(|kind| curves.iter().any(|c| data.methods[c.method].kind == *kind))
            .map(Some)
            .collect()
    };
    let mut areas = Vec::new();
    let mut bottom = TOP;
    for panel in &panels {
        let members = curves
            .iter()
            .filter(|c| panel.is_none_or(|kind| data.methods[c.method].kind == kind))
            .count();
        let least = if panels.len() == 1 { 420.0 } else { 230.0 };
        let top = bottom + if panel.is_some() { HEADING } else { 0.0 };
        let area = Area {
            left: LEFT,
            top,
            width: WIDTH - LEFT - COLUMN,
            height: end_labels_height(members).max(least),
        };
        bottom = area.bottom() + BELOW;
        areas.push(area);
    }
    paint((WIDTH, bottom), title, |canvas| {
        for (panel, area) in panels.iter().zip(areas) {
            if let Some(kind) = panel {
                canvas.text(
                    (area.left, area.top - 14.0),
                    kind_title(*kind),
                    Type::HEADING,
                    Anchor::Start,
                )?;
            }
            let (mut own, others): (Vec<&Curve>, Vec<&Curve>) = curves
                .iter()
                .partition(|c| panel.is_none_or(|kind| data.methods[c.method].kind == kind));
            // Names of curves that end at one height stand in the order in which the curves rise.
            let middle =
                |curve: &Curve| curve.steps.get(curve.steps.len() / 2).map_or(0.0, |step| step.0);
            own.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
            draw_panel(canvas, data, area, axes, &own, &others)?;
        }
        Ok(())
    })
}

fn draw_panel(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    area: Area,
    axes: &Axes<'_>,
    own: &[&Curve],
    others: &[&Curve],
) -> Result<(), DrawError> {
    let chart = canvas.chart(area, axes.x, axes.y)?;
    let path = |curve: &Curve| -> Vec<(f64, f64)> {
        let mut path = Vec::with_capacity(2 * curve.steps.len() + 2);
        let mut height = axes.start;
        for &(x, y) in &curve.steps {
            // What is reached at the edge already needs no step.
            if !path.is_empty() || x > axes.x.0.low() {
                path.push(Canvas::position(&chart, x, height));
            }
            path.push(Canvas::position(&chart, x, y));
            height = y;
        }
        // Nothing more is reached up to the end of the axis.
        let (_, last) = Canvas::position(&chart, axes.x.0.high(), height);
        path.push((area.right(), last));
        thinned(path)
    };
    for curve in others {
        canvas.line(&path(curve), Pen::solid(Ink::CONTEXT, 1.2))?;
    }
    let mut labels = Vec::new();
    for (place, curve) in own.iter().enumerate() {
        let method = &data.methods[curve.method];
        let path = path(curve);
        canvas.line(&path, Pen::of(&method.look))?;
        for mark in 0..MARKS {
            // Each curve starts its marks elsewhere, so that those of neighbours do not coincide.
            let share = (mark as f64 + (place as f64 + 0.5) / own.len() as f64) / MARKS as f64;
            let index = (share * curve.steps.len() as f64) as usize;
            if let Some(&(x, y)) = curve.steps.get(index) {
                canvas.marker(
                    Canvas::position(&chart, x, y),
                    method.look.marker,
                    3.6,
                    method.look.colour,
                    true,
                )?;
            }
        }
        let end = path.last().copied().unwrap_or((area.right(), area.bottom()));
        let note = curve.note.as_ref().map(|note| format!(" {note}")).unwrap_or_default();
        // Long names give way to the note.
        let room = COLUMN - 62.0 - text_width(&note, Type::LABEL.size);
        let text = shortened(method.name, Type::LABEL.size, room) + &note;
        labels.push(EndLabel { end, look: method.look, text });
    }
    let column =
        Area { left: area.right(), top: area.top, width: COLUMN - 4.0, height: area.height };
    draw_end_labels(canvas, column, &labels)
}

/// Drops points that are less than a third of a pixel from the last one kept: a curve over thousands of
/// instances needs no more points than the chart has pixels.
fn thinned(path: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = path.len().saturating_sub(1);
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(path.len());
    for (place, point) in path.into_iter().enumerate() {
        let near =
            kept.last().is_some_and(|k| (k.0 - point.0).abs().max((k.1 - point.1).abs()) < 0.33);
        if !near || place == last {
            kept.push(point);
        }
    }
    kept
}
