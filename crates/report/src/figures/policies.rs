//! Policies compared by the metric that matters most: every trace, medians, and what pairs of traces say.

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Pen, Scale, Svg, Type, Unit, paint, shortened, text_width,
};
use crate::format;
use crate::replays::{Comparison, Group};
use vmpack_model::Family;

/// The comparison of policies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policies;

/// What the labels take, at least and at most.
const LEFT: (f64, f64) = (236.0, 540.0);
const MARGIN: f64 = 26.0;
const RIGHT: f64 = 150.0;
const HEADING: f64 = 48.0;
const ROW: f64 = 19.0;
const AXIS: f64 = 58.0;
/// As many panels as anybody reads.
const MOST: usize = 8;

impl Figure for Policies {
    fn name(&self) -> &'static str {
        "policies"
    }

    fn title(&self) -> &'static str {
        "Comparison of policies"
    }

    fn caption(&self) -> &'static str {
        "One row per policy, the best median on top; only traces that all policies of a panel were replayed on. Small \
         marks are traces (the mean over seeds), or the seeds of a scenario, the large one is their median. The dashed line is the median of the \
         lower bound. At the right the median in numbers, and how likely the ranks of the differences to the row \
         without a number (the top row, or the baseline that was asked for), trace by trace, would be as far from even by chance (signed-rank test, two-sided, corrected by Holm for the \
         number of rows). With seven traces no pair can be told apart below 1.6 %, and after the correction for twenty \
         rows none at all: then read the marks. Traces differ more than policies do where the marks of all rows spread \
         alike."
    }

    fn is_about(&self, family: Family) -> bool {
        family == Family::Replay
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let panels: Vec<(&Group<'_>, Vec<Comparison>)> = data
            .replays
            .iter()
            .map(|group| (group, group.compare(group.shown.headline)))
            .filter(|(_, rows)| rows.len() > 1)
            .take(MOST)
            .collect();
        if panels.is_empty() {
            return Err(NoFigure::Nothing("no two policies were replayed on the same trace"));
        }
        let labels = panels.iter().flat_map(|(group, _)| &group.policies).map(|p| p.label.as_str());
        let longest = labels.map(|label| text_width(label, Type::LABEL.size)).fold(0.0, f64::max);
        let left = (longest + MARGIN).clamp(LEFT.0, LEFT.1);
        let mut bottom = 0.0;
        let mut areas = Vec::new();
        for (_, rows) in &panels {
            let height = ROW * rows.len() as f64;
            let width = WIDTH - left - RIGHT;
            let area = Area { left, top: bottom + HEADING, width, height };
            bottom = area.bottom() + AXIS;
            areas.push(area);
        }
        let svg = paint((WIDTH, bottom), self.title(), |canvas| {
            for ((group, rows), area) in panels.iter().zip(areas) {
                panel(canvas, area, group, rows)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

fn panel(
    canvas: &Canvas<'_>,
    area: Area,
    group: &Group<'_>,
    rows: &[Comparison],
) -> Result<(), DrawError> {
    let metric = group.shown.headline;
    let heading = format!("{}: {}", group.title, group.cases(rows[0].cases));
    canvas.text((14.0, area.top - 28.0), &heading, Type::HEADING, Anchor::Start)?;
    let bound = group.shown.bound.and_then(|bound| group.policies[rows[0].policy].median(bound));
    let ends = || rows.iter().flat_map(|row| [row.least, row.greatest]).chain(bound);
    let (least, most) = (ends().fold(f64::MAX, f64::min), ends().fold(0.0, f64::max));
    let x = if least > 0.0 && most > 10.0 * least {
        Scale::log(ends(), Unit::Number)
    } else {
        Scale::between(ends(), Unit::Number)
    };
    let at = |value: f64| area.left + area.width * x.fraction(value);
    canvas.bottom_axis(area, x, &group.heading(metric))?;
    if let Some(bound) = bound {
        let pen = Pen { dash: 1, ..Pen::solid(Ink::AXIS, 1.2) };
        canvas.line(&[(at(bound), area.top), (at(bound), area.bottom())], pen)?;
        canvas.text((at(bound), area.top - 10.0), "lower bound", Type::AXIS, Anchor::Middle)?;
    }
    let columns = (area.right() + 66.0, WIDTH - 12.0);
    canvas.text((columns.0, area.top - 10.0), "median", Type::AXIS, Anchor::End)?;
    canvas.text((columns.1, area.top - 10.0), "p (Holm)", Type::AXIS, Anchor::End)?;
    for (place, row) in rows.iter().enumerate() {
        let policy = &group.policies[row.policy];
        let y = area.top + ROW * (place as f64 + 0.5);
        let name = shortened(&policy.label, Type::LABEL.size, area.left - MARGIN);
        canvas.text((area.left - 10.0, y), &name, Type::LABEL, Anchor::End)?;
        canvas.line(&[(at(row.least), y), (at(row.greatest), y)], Pen::solid(Ink::CONTEXT, 1.4))?;
        for value in policy.by_trace(metric).into_values() {
            canvas.dot((at(value), y), 2.2, policy.look.colour, 0.55)?;
        }
        canvas.marker((at(row.median), y), policy.look.marker, 4.6, policy.look.colour, true)?;
        canvas.text((columns.0, y), &format::number(row.median), Type::LABEL, Anchor::End)?;
        let p = row.p.map_or_else(|| "\u{2013}".to_owned(), format::p_value);
        canvas.text((columns.1, y), &p, Type::LABEL, Anchor::End)?;
    }
    Ok(())
}
