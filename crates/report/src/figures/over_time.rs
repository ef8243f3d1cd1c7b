//! Measures over time: what replays left in their series.

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, EndLabel, Look, Pen, Scale, Svg, Type, Unit, draw_end_labels,
    end_labels_height, paint,
};
use vmpack_model::Family;

/// A column of series over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverTime {
    name: &'static str,
    title: &'static str,
    column: &'static str,
    axis: &'static str,
}

impl OverTime {
    /// What all hosts draw.
    pub(super) const POWER: Self = Self {
        name: "power-over-time",
        title: "Power over time",
        column: "power_w",
        axis: "power of all hosts, W",
    };
    /// Hosts in use.
    pub(super) const HOSTS: Self = Self {
        name: "hosts-over-time",
        title: "Hosts on over time",
        column: "hosts_on",
        axis: "hosts on",
    };
    /// Migrations begun in a period.
    pub(super) const MIGRATIONS: Self = Self {
        name: "migrations-over-time",
        title: "Migrations over time",
        column: "migrations",
        axis: "migrations per period",
    };
}

const HEADING: f64 = 40.0;
const HEIGHT: f64 = 230.0;
const BELOW: f64 = 62.0;
/// As many lines and panels as can be told apart.
const LINES: usize = 12;
const PANELS: usize = 8;

/// Runs on one trace under one choice of settings.
struct Panel<'a> {
    title: String,
    lines: Vec<(String, Look, &'a [f64], &'a [f64])>,
}

impl Figure for OverTime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn caption(&self) -> &'static str {
        "One panel per trace, one line per policy, for the runs that kept their series (at most twelve lines and eight \
         panels); a point is the state at the end of a period, or the sum over it. All runs are of the first seed that was \
         recorded. A figure over time shows when policies differ; it does not say by how much in all: that is in the \
         comparison of policies."
    }

    fn is_about(&self, family: Family) -> bool {
        family == Family::Replay
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let panels = self.panels(data);
        if panels.is_empty() {
            return Err(NoFigure::Nothing("no replay kept a series of it"));
        }
        let mut bottom = 0.0;
        let mut areas = Vec::new();
        for panel in &panels {
            let height = HEIGHT.max(end_labels_height(panel.lines.len()));
            let width = WIDTH - 84.0 - 196.0;
            let area = Area { left: 84.0, top: bottom + HEADING, width, height };
            bottom = area.bottom() + BELOW;
            areas.push(area);
        }
        let svg = paint((WIDTH, bottom), self.title, |canvas| {
            for (panel, area) in panels.iter().zip(areas) {
                panel.draw(canvas, area, self.axis)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

impl OverTime {
    fn panels<'a>(&self, data: &'a Data<'_>) -> Vec<Panel<'a>> {
        let mut panels: Vec<Panel<'a>> = Vec::new();
        for group in &data.replays {
            let first = panels.len();
            for policy in &group.policies {
                let mut seen: Vec<&str> = Vec::new();
                for run in &policy.runs {
                    let Some(series) = data.series.get(&(run.run.clone(), "periods")) else {
                        continue;
                    };
                    let columns = series.get("time_s").zip(series.get(self.column));
                    let Some((times, values)) = columns.filter(|(times, _)| times.len() > 1) else {
                        continue;
                    };
                    if seen.contains(&run.instance_hash.as_str()) {
                        continue;
                    }
                    seen.push(&run.instance_hash);
                    let title = format!("{}: {}", group.title, run.instance);
                    let line = (policy.label.clone(), policy.look, times, values);
                    match panels[first..].iter_mut().find(|panel| panel.title == title) {
                        Some(panel) if panel.lines.len() < LINES => panel.lines.push(line),
                        Some(_) => {}
                        None => panels.push(Panel { title, lines: vec![line] }),
                    }
                }
            }
        }
        panels.truncate(PANELS);
        panels
    }
}

impl Panel<'_> {
    fn draw(&self, canvas: &Canvas<'_>, area: Area, axis: &str) -> Result<(), DrawError> {
        canvas.text((area.left, area.top - 16.0), &self.title, Type::HEADING, Anchor::Start)?;
        let last = self.lines.iter().filter_map(|(_, _, times, _)| times.last()).copied();
        let last = last.fold(0.0, f64::max);
        // A day in hours, more in days.
        let (unit, name) =
            if last > 3.0 * 86_400.0 { (86_400.0, "days") } else { (3600.0, "hours") };
        let x = Scale::linear(last / unit, Unit::Number).without_padding();
        let most = self.lines.iter().flat_map(|(.., values)| *values).copied().fold(0.0, f64::max);
        let y = Scale::linear(most, Unit::Number).at_the_edge();
        let chart = canvas.chart(area, (x, name), (y, axis))?;
        let mut labels = Vec::new();
        for (label, look, times, values) in &self.lines {
            let path: Vec<(f64, f64)> = times
                .iter()
                .zip(*values)
                .map(|(time, value)| Canvas::position(&chart, time / unit, *value))
                .collect();
            canvas.line(&path, Pen { width: 1.4, ..Pen::of(look) })?;
            labels.push(EndLabel { end: path[path.len() - 1], look: *look, text: label.clone() });
        }
        let column = Area { left: area.right() + 4.0, width: WIDTH - area.right() - 10.0, ..area };
        draw_end_labels(canvas, column, &labels)
    }
}
