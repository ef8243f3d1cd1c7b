//! The load of hosts, hour by hour, as a map.

use plotters::style::RGBColor;

use super::{Figure, NoFigure, WIDTH, trace_title};
use crate::Data;
use crate::draw::{Anchor, Area, Canvas, DrawError, RAMP, Svg, Type, paint, text_width};
use crate::format;
use crate::series::Columns;
use vmpack_model::Family;

/// One row per host, one column per hour, the colour is the load.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadMap;

/// Upper edges of the steps of colour, and the colours.
const STEPS: [(f64, RGBColor); 7] = [
    (0.1, RAMP[0]),
    (0.2, RAMP[1]),
    (0.4, RAMP[2]),
    (0.6, RAMP[3]),
    (0.8, RAMP[4]),
    (0.95, RAMP[5]),
    (f64::INFINITY, RAMP[6]),
];

const LEFT: f64 = 66.0;
const TOP: f64 = 44.0;
const HEADING: f64 = 36.0;
/// The height of a map with as many hosts as there are rows at most, and of the axis below it.
const HEIGHT: f64 = 260.0;
const ROWS: usize = 130;
const AXIS: f64 = 50.0;
/// As many maps as anybody reads.
const MOST: usize = 6;

/// Loads of a run, one row per host or per some hosts, those of most load first.
struct Map {
    title: String,
    hosts: usize,
    hours: usize,
    rows: Vec<Vec<f64>>,
}

impl Figure for LoadMap {
    fn name(&self) -> &'static str {
        "load-map"
    }

    fn title(&self) -> &'static str {
        "Load of hosts by hour"
    }

    fn caption(&self) -> &'static str {
        "One map per replay that kept its series (at most six): one row per host, or per some hosts where there are many, \
         those of most load on top, one column per hour; the darker, the more of its CPU a host used, the mean over the \
         hour. Paper: off, or without any load. Hosts that were never used are left out; their number is in the heading. A \
         map that is dark on top and empty below is a packed cluster, a pale one a spread one; rows that change colour \
         are hosts that VMs are moved on and off. It does not show memory, which is what fills hosts of this study."
    }

    fn is_about(&self, family: Family) -> bool {
        family == Family::Replay
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let mut maps = Vec::new();
        for group in &data.replays {
            for policy in &group.policies {
                let mut seen: Vec<&str> = Vec::new();
                for run in &policy.runs {
                    let series = data.series.get(&(run.run.clone(), "hosts"));
                    // The first seed that was recorded.
                    if series.is_none() || seen.contains(&run.instance_hash.as_str()) {
                        continue;
                    }
                    seen.push(&run.instance_hash);
                    let trace = trace_title(&group.title, &run.instance);
                    let title = format!("{trace}, {}", policy.label);
                    maps.extend(series.and_then(|series| map(series, &title)));
                }
            }
        }
        maps.truncate(MOST);
        if maps.is_empty() {
            return Err(NoFigure::Nothing("no replay kept the loads of its hosts"));
        }
        let mut bottom = TOP;
        let mut areas = Vec::new();
        for map in &maps {
            let height = HEIGHT * map.rows.len() as f64 / ROWS as f64;
            let top = bottom + HEADING;
            let area =
                Area { left: LEFT, top, width: WIDTH - LEFT - 24.0, height: height.max(60.0) };
            bottom = area.bottom() + AXIS;
            areas.push(area);
        }
        let svg = paint((WIDTH, bottom), self.title(), |canvas| {
            draw_key(canvas)?;
            for (map, area) in maps.iter().zip(areas) {
                map.draw(canvas, area)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

fn map(series: &Columns, title: &str) -> Option<Map> {
    let (hour, host, load) = (series.get("hour")?, series.get("host")?, series.get("load")?);
    let hours = hour.iter().copied().fold(0.0, f64::max) as usize + 1;
    let hosts = host.iter().copied().fold(0.0, f64::max) as usize + 1;
    let mut loads = vec![vec![0.0; hours]; hosts];
    for ((&hour, &host), &load) in hour.iter().zip(host).zip(load) {
        *loads.get_mut(host as usize)?.get_mut(hour as usize)? = load;
    }
    loads.retain(|row| row.iter().any(|load| *load > 0.0));
    let total = |row: &Vec<f64>| row.iter().sum::<f64>();
    loads.sort_by(|a, b| total(b).total_cmp(&total(a)));
    let used = loads.len();
    if used == 0 {
        return None;
    }
    // Some hosts share a row: the mean.
    let per_row = used.div_ceil(ROWS);
    let mean = |hosts: &[Vec<f64>]| -> Vec<f64> {
        (0..hours)
            .map(|hour| hosts.iter().map(|row| row[hour]).sum::<f64>() / hosts.len() as f64)
            .collect()
    };
    let rows = loads.chunks(per_row).map(mean).collect();
    let never = hosts - used;
    let title = format!("{title}: {} used, {never} never", format::counted(used as u64, "host"));
    Some(Map { title, hosts: used, hours, rows })
}

fn shade(load: f64) -> RGBColor {
    STEPS.iter().find(|(edge, _)| load <= *edge).map_or(STEPS[6].1, |step| step.1)
}

impl Map {
    fn draw(&self, canvas: &Canvas<'_>, area: Area) -> Result<(), DrawError> {
        canvas.text((area.left, area.top - 14.0), &self.title, Type::HEADING, Anchor::Start)?;
        let (width, height) =
            (area.width / self.hours as f64, area.height / self.rows.len() as f64);
        for (place, row) in self.rows.iter().enumerate() {
            let shades: Vec<Option<RGBColor>> =
                row.iter().map(|&load| (load > 0.0).then(|| shade(load))).collect();
            // Neighbours of one colour are one rectangle.
            let mut first = 0;
            for run in shades.chunk_by(|a, b| a == b) {
                if let Some(colour) = run[0] {
                    let left = area.left + width * first as f64;
                    let top = area.top + height * place as f64;
                    let width = width * run.len() as f64;
                    canvas.rectangle(Area { left, top, width, height }, colour)?;
                }
                first += run.len();
            }
        }
        for hour in (0..=self.hours).step_by(if self.hours > 12 { 6 } else { 1 }) {
            let at = (area.left + width * hour as f64, area.bottom() + 14.0);
            canvas.text(at, &hour.to_string(), Type::AXIS, Anchor::Middle)?;
        }
        let middle = (area.left + area.width / 2.0, area.bottom() + 32.0);
        canvas.text(middle, "hours", Type::AXIS, Anchor::Middle)?;
        let side = (area.left - 10.0, area.top + 8.0);
        canvas.text(side, "1", Type::AXIS, Anchor::End)?;
        let side = (area.left - 10.0, area.bottom() - 6.0);
        canvas.text(side, &self.hosts.to_string(), Type::AXIS, Anchor::End)?;
        let side = (area.left - 40.0, area.top + area.height / 2.0);
        canvas.upward_text(side, "hosts", Type::AXIS, Anchor::Middle)
    }
}

fn draw_key(canvas: &Canvas<'_>) -> Result<(), DrawError> {
    let texts = ["to 10 %", "to 20 %", "to 40 %", "to 60 %", "to 80 %", "to 95 %", "more"];
    let mut x = LEFT;
    for (text, (_, colour)) in texts.into_iter().zip(STEPS) {
        canvas.rectangle(Area { left: x, top: 13.0, width: 14.0, height: 14.0 }, colour)?;
        canvas.text((x + 19.0, 20.0), text, Type::AXIS, Anchor::Start)?;
        x += 19.0 + text_width(text, Type::AXIS.size) + 18.0;
    }
    Ok(())
}
