//! Measures over time: what replays left in their series.

use super::{Figure, NoFigure, WIDTH, trace_title};
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
    /// Whether it is counted over the hour, on an axis that is logarithmic above 1, rather than a state.
    adds_up: bool,
}

impl OverTime {
    /// What all hosts draw.
    pub(super) const POWER: Self = Self {
        name: "power-over-time",
        title: "Power over time",
        column: "power_w",
        axis: "power of all hosts, W",
        adds_up: false,
    };
    /// Hosts in use.
    pub(super) const HOSTS: Self = Self {
        name: "hosts-over-time",
        title: "Hosts on over time",
        column: "hosts_on",
        axis: "hosts on",
        adds_up: false,
    };
    /// Alarms.
    pub(super) const ALARMS: Self = Self {
        name: "alarms-over-time",
        title: "Alarms over time",
        column: "alarms",
        axis: "alarms per hour",
        adds_up: true,
    };
    /// Migrations.
    pub(super) const MIGRATIONS: Self = Self {
        name: "migrations-over-time",
        title: "Migrations over time",
        column: "migrations",
        axis: "migrations per hour",
        adds_up: true,
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
    lines: Vec<Line<'a>>,
}

/// A policy, and times with values.
type Line<'a> = (&'a str, Look, Vec<(f64, f64)>);

impl Figure for OverTime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn caption(&self) -> &'static str {
        "One panel per trace, one line per policy, for the runs that kept their series (at most twelve lines and eight \
         panels); a point is the state at the end of a period; migrations and alarms are summed over the hour, on an axis that is \
         linear below 1 and logarithmic above. All runs are of the first seed that was recorded. A figure over time shows when policies differ; it does not say by how much in all: that is in the \
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
                panel.draw(canvas, area, self)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

impl OverTime {
    /// What is drawn of a series.
    fn points(&self, times: &[f64], values: &[f64]) -> Vec<(f64, f64)> {
        let points = || times.iter().copied().zip(values.iter().copied());
        if !self.adds_up {
            return points().collect();
        }
        let mut hours: Vec<(f64, f64)> = Vec::new();
        for (time, value) in points() {
            // A period belongs to the hour in which it ends.
            let middle = ((time / 3600.0).ceil() - 0.5).max(0.5) * 3600.0;
            match hours.last_mut() {
                Some(hour) if hour.0 >= middle => hour.1 += value,
                _ => hours.push((middle, value)),
            }
        }
        hours
    }

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
                    let title = trace_title(&group.title, &run.instance);
                    let points = self.points(times, values);
                    let line = (policy.label.as_str(), policy.look, points);
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
    fn draw(&self, canvas: &Canvas<'_>, area: Area, of: &OverTime) -> Result<(), DrawError> {
        canvas.text((area.left, area.top - 16.0), &self.title, Type::HEADING, Anchor::Start)?;
        let points = || self.lines.iter().flat_map(|(.., points)| points);
        let last = points().map(|(time, _)| *time).fold(0.0, f64::max);
        // A day in hours, more in days.
        let (unit, name) =
            if last > 3.0 * 86_400.0 { (86_400.0, "days") } else { (3600.0, "hours") };
        let first = points().map(|(time, _)| *time).fold(last, f64::min);
        // From the start of the trace, unless nothing happens for long.
        let first = if first < last / 10.0 { 0.0 } else { first };
        let x = Scale::between([first / unit, last / unit], Unit::Number).without_padding();
        let most = points().map(|(_, value)| *value).fold(0.0, f64::max);
        let y = if of.adds_up {
            Scale::log_from_zero(1.0, most, Unit::Number)
        } else {
            Scale::linear(most, Unit::Number)
        };
        let chart = canvas.chart(area, (x, name), (y, of.axis))?;
        let mut labels = Vec::new();
        for (label, look, points) in &self.lines {
            let path: Vec<(f64, f64)> = points
                .iter()
                .map(|(time, value)| Canvas::position(&chart, time / unit, *value))
                .collect();
            canvas.line(&path, Pen { width: 1.4, ..Pen::of(look) })?;
            labels.push(EndLabel {
                end: path[path.len() - 1],
                look: *look,
                text: (*label).to_owned(),
            });
        }
        let column = Area { left: area.right() + 4.0, width: WIDTH - area.right() - 10.0, ..area };
        draw_end_labels(canvas, column, &labels)
    }
}
