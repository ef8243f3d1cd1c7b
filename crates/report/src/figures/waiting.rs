//! Waiting of jobs against the load of a host, beside what queueing theory says.

use std::collections::BTreeMap;

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, EndLabel, Ink, Look, Pen, Scale, Svg, Type, Unit,
    draw_end_labels, paint,
};
use crate::replays::Group;
use vmpack_model::Family;

/// Mean waiting by load, with the closed forms of M/G/1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting;

const HEADING: f64 = 40.0;
const HEIGHT: f64 = 280.0;
const BELOW: f64 = 62.0;

/// Work of one distribution, in seconds: its text, mean and second moment.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Work<'a> {
    text: &'a str,
    mean: f64,
    second: f64,
}

/// What a description of drawn jobs says of a queue: arrivals per second, and work.
fn described(trace: &str) -> Option<(f64, Work<'_>)> {
    let parameters = trace.strip_prefix("poisson:")?;
    let value = |name: &str| {
        let mut pairs = parameters.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    Some((value("rate")?.parse().ok()?, work(value("work").unwrap_or("exponential:1"))?))
}

fn work(text: &str) -> Option<Work<'_>> {
    let mut words = text.split(':');
    let name = words.next()?;
    let numbers: Vec<f64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let (mean, second) = match (name, &numbers[..]) {
        ("fixed", &[all]) => (all, all * all),
        ("exponential", &[mean]) => (mean, 2.0 * mean * mean),
        ("uniform", &[a, b]) => (f64::midpoint(a, b), (a * a + a * b + b * b) / 3.0),
        ("log-normal", &[mean, sigma]) => (mean, mean * mean * (sigma * sigma).exp()),
        _ => return None,
    };
    Some(Work { text, mean, second })
}

/// Policies with their points, load and mean waiting, for one distribution of work.
struct Panel<'a> {
    title: String,
    work: Work<'a>,
    lines: Vec<(&'a str, Look, Points)>,
}

/// Loads with mean waiting.
type Points = Vec<(f64, f64)>;

impl Figure for Waiting {
    fn name(&self) -> &'static str {
        "waiting"
    }

    fn title(&self) -> &'static str {
        "Waiting against load"
    }

    fn caption(&self) -> &'static str {
        "Mean waiting of jobs that arrive by a Poisson process on one core, against its load (arrivals per second times \
         mean work), the mean over seeds; one panel per distribution of work. The dashed lines are exact: Pollaczek and \
         Khinchine's l E[S^2] / (2 (1 - r)) for first come, first served, and r E[S] / (1 - r) for processor sharing, \
         which does not depend on the distribution. Marks of `fcfs` and `fair-share` must lie on them; near full load a \
         run is too short for its mean to settle, and they scatter. Shortest first must lie below, most where jobs \
         differ most."
    }

    fn is_about(&self, family: Family) -> bool {
        family == Family::Replay
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let panels: Vec<Panel<'_>> = data.replays.iter().flat_map(panels).collect();
        if panels.is_empty() {
            let reason = "no drawn jobs were replayed on one core at several loads";
            return Err(NoFigure::Nothing(reason));
        }
        let pitch = HEADING + HEIGHT + BELOW;
        let svg = paint((WIDTH, pitch * panels.len() as f64), self.title(), |canvas| {
            for (place, panel) in panels.iter().enumerate() {
                let top = pitch * place as f64 + HEADING;
                let area = Area { left: 84.0, top, width: WIDTH - 84.0 - 196.0, height: HEIGHT };
                panel.draw(canvas, area)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

fn panels<'g>(group: &'g Group<'_>) -> Vec<Panel<'g>> {
    let mut by_work: BTreeMap<&str, Panel<'g>> = BTreeMap::new();
    let on_one_core = |policy: &&crate::replays::Policy<'_>| policy.number("cores") == Some(1.0);
    for policy in group.policies.iter().filter(on_one_core) {
        let waiting = policy.by_trace("waiting_s.mean");
        let mut points: BTreeMap<&str, (Work<'g>, Points)> = BTreeMap::new();
        let mut seen = Vec::new();
        for run in &policy.runs {
            let hash = run.instance_hash.as_str();
            let Some((rate, work)) = described(&run.instance) else { continue };
            if let Some(&mean) = waiting.get(&(hash, None))
                && !seen.contains(&hash)
            {
                seen.push(hash);
                points
                    .entry(work.text)
                    .or_insert((work, Vec::new()))
                    .1
                    .push((rate * work.mean, mean));
            }
        }
        for (text, (work, mut points)) in points {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            if points.len() > 1 {
                let title = format!("{}, work {text}", group.title);
                let panel = by_work.entry(text).or_insert(Panel { title, work, lines: Vec::new() });
                panel.lines.push((&policy.label, policy.look, points));
            }
        }
    }
    by_work.into_values().collect()
}

impl Panel<'_> {
    fn draw(&self, canvas: &Canvas<'_>, area: Area) -> Result<(), DrawError> {
        canvas.text((area.left, area.top - 16.0), &self.title, Type::HEADING, Anchor::Start)?;
        let points = || self.lines.iter().flat_map(|(_, _, points)| points);
        let x = Scale::linear(1.0, Unit::Number);
        let y = Scale::log(points().map(|(_, waiting)| *waiting), Unit::Seconds);
        let chart = canvas.chart(area, (x, "load"), (y, "mean waiting"))?;
        let (low, high) = (y.low(), y.high());
        let Work { mean, second, .. } = self.work;
        let fcfs = |load: f64| load / mean * second / (2.0 * (1.0 - load));
        let sharing = |load: f64| load * mean / (1.0 - load);
        let closed: [&dyn Fn(f64) -> f64; 2] = [&fcfs, &sharing];
        for form in closed {
            let loads = (1..200).map(|step| f64::from(step) / 200.0);
            let path: Vec<(f64, f64)> = loads
                .map(|load| (load, form(load)))
                .filter(|(_, waiting)| (low..=high).contains(waiting))
                .map(|(load, waiting)| Canvas::position(&chart, load, waiting))
                .collect();
            canvas.line(&path, Pen { dash: 1, ..Pen::solid(Ink::AXIS, 1.4) })?;
        }
        let mut labels = Vec::new();
        for (name, look, points) in &self.lines {
            let path: Vec<(f64, f64)> = points
                .iter()
                .map(|&(load, waiting)| Canvas::position(&chart, load, waiting))
                .collect();
            canvas.line(&path, Pen::solid(look.colour, 0.8))?;
            for &point in &path {
                canvas.marker(point, look.marker, 3.8, look.colour, true)?;
            }
            let look = Look { dash: 0, ..*look };
            labels.push(EndLabel { end: path[path.len() - 1], look, text: (*name).to_owned() });
        }
        let column = Area { left: area.right() + 4.0, width: WIDTH - area.right() - 10.0, ..area };
        draw_end_labels(canvas, column, &labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_say_rate_and_moments() {
        let (rate, work) = described("poisson:rate=0.5,work=fixed:2,jobs=9").expect("described");
        assert_eq!((rate, work), (0.5, Work { text: "fixed:2", mean: 2.0, second: 4.0 }));
        let (_, work) = described("poisson:rate=1").expect("exponential unless said");
        assert!((work.mean - 1.0).abs() < 1e-12 && (work.second - 2.0).abs() < 1e-12);
        let uniform = super::work("uniform:0:1").expect("described");
        assert!((uniform.second - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(described("bursty:rate=1"), None);
        assert_eq!(described("poisson:rate=1,work=other:3"), None);
    }
}
