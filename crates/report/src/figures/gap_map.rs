//! Gaps of all methods on all instances, as a map.

use plotters::style::RGBColor;

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Pen, RAMP, Svg, Type, paint, shortened, text_width,
};
use crate::format;

/// One row per method, one column per instance, the colour is the gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct GapMap;

/// Upper edges of the steps of colour, in percent, and the colours.
const STEPS: [(f64, RGBColor); 7] = [
    (0.0, RAMP[0]),
    (0.1, RAMP[1]),
    (1.0, RAMP[2]),
    (3.0, RAMP[3]),
    (10.0, RAMP[4]),
    (30.0, RAMP[5]),
    (f64::INFINITY, RAMP[6]),
];
/// Run, but without a verified cost.
const UNANSWERED: RGBColor = RGBColor(0xF2, 0xC9, 0x83);

const LEFT: f64 = 170.0;
const TOP: f64 = 44.0;
const ROW: f64 = 19.0;
/// The distance between lines of dataset names.
const NAME_LINE: f64 = 17.0;

impl Figure for GapMap {
    fn name(&self) -> &'static str {
        "gap-map"
    }

    fn title(&self) -> &'static str {
        "Gaps of all methods on all instances"
    }

    fn caption(&self) -> &'static str {
        "One row per method, one column per instance, in the order of dataset and number of VMs: the darker, \
         the further above the best known cost. Sand: run, but no verified cost. Empty: not run, because \
         the method does not support the instance or the experiment is not finished. A dark row is a weak \
         method, a dark column an instance that is hard for most."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        if data.methods.iter().all(|m| m.gaps.is_empty()) {
            return Err(NoFigure::Nothing("no answer has a verified cost"));
        }
        let area = Area {
            left: LEFT,
            top: TOP,
            width: WIDTH - LEFT - 20.0,
            height: ROW * data.methods.len() as f64,
        };
        let names = dataset_names(data, area);
        let lines = names.iter().map(|name| name.line + 1).max().unwrap_or(1);
        let below = area.bottom() + 20.0 + NAME_LINE * lines as f64;
        let svg = paint((WIDTH, below + 22.0), self.title(), |canvas| {
            draw_key(canvas)?;
            draw_rows(canvas, data, area)?;
            for name in &names {
                if name.left > area.left {
                    let border = [(name.left, area.top - 3.0), (name.left, area.bottom() + 5.0)];
                    canvas.line(&border, Pen::solid(Ink::AXIS, 1.0))?;
                }
                let y = area.bottom() + 16.0 + NAME_LINE * name.line as f64;
                canvas.text((name.middle, y), &name.text, Type::AXIS, Anchor::Middle)?;
            }
            let instances = format::counted(data.instances.len() as u64, "instance");
            let title = format!("{instances} by dataset and number of VMs");
            canvas.text((area.left + area.width / 2.0, below), &title, Type::AXIS, Anchor::Middle)
        })?;
        Ok(svg)
    }
}

fn shade(percent: f64) -> RGBColor {
    // A gap is 0 only if the cost is the best known: exact, not rounded.
    STEPS.iter().find(|(edge, _)| percent <= *edge).map_or(STEPS[6].1, |step| step.1)
}

fn draw_rows(canvas: &Canvas<'_>, data: &Data<'_>, area: Area) -> Result<(), DrawError> {
    let width = area.width / data.instances.len() as f64;
    for (row, method) in data.methods.iter().enumerate() {
        let top = area.top + ROW * row as f64;
        let name = shortened(method.name, Type::LABEL.size, LEFT - 16.0);
        canvas.text((area.left - 8.0, top + ROW / 2.0), &name, Type::LABEL, Anchor::End)?;
        let colours: Vec<Option<RGBColor>> = data
            .instances
            .iter()
            .map(|i| match (method.gaps.get(i.hash), method.cells.get(i.hash)) {
                (Some(gap), _) => Some(shade(100.0 * gap)),
                (None, Some(_)) => Some(UNANSWERED),
                (None, None) => None,
            })
            .collect();
        // Neighbours of one colour are one rectangle.
        let mut first = 0;
        for run in colours.chunk_by(|a, b| a == b) {
            if let Some(colour) = run[0] {
                let cell = Area {
                    left: area.left + width * first as f64,
                    top: top + 1.0,
                    width: width * run.len() as f64,
                    height: ROW - 2.0,
                };
                canvas.rectangle(cell, colour)?;
            }
            first += run.len();
        }
    }
    Ok(())
}

/// The name of a dataset under its columns.
struct DatasetName {
    /// Where its columns start.
    left: f64,
    /// The middle of the text.
    middle: f64,
    /// Which line below the map, from 0.
    line: usize,
    text: String,
}

/// Names one below the other where they would meet: each on the first line with room for it.
fn dataset_names(data: &Data<'_>, area: Area) -> Vec<DatasetName> {
    let width = area.width / data.instances.len() as f64;
    let mut ends: Vec<f64> = Vec::new();
    let mut names = Vec::new();
    let mut first = 0;
    for run in data.instances.chunk_by(|a, b| a.dataset == b.dataset) {
        let left = area.left + width * first as f64;
        first += run.len();
        let text = shortened(run[0].dataset, Type::AXIS.size, 240.0);
        let half = text_width(&text, Type::AXIS.size) / 2.0;
        let middle = (left + width * run.len() as f64 / 2.0).clamp(half + 2.0, WIDTH - half - 2.0);
        let line = ends.iter().position(|end| end + 10.0 <= middle - half).unwrap_or(ends.len());
        ends.resize(ends.len().max(line + 1), 0.0);
        ends[line] = middle + half;
        names.push(DatasetName { left, middle, line, text });
    }
    names
}

fn draw_key(canvas: &Canvas<'_>) -> Result<(), DrawError> {
    let texts =
        ["best known", "to 0.1 %", "to 1 %", "to 3 %", "to 10 %", "to 30 %", "more", "no cost"];
    let colours = STEPS.iter().map(|step| step.1).chain([UNANSWERED]);
    let mut x = LEFT;
    for (text, colour) in texts.into_iter().zip(colours) {
        canvas.rectangle(Area { left: x, top: 13.0, width: 14.0, height: 14.0 }, colour)?;
        canvas.text((x + 19.0, 20.0), text, Type::AXIS, Anchor::Start)?;
        x += 19.0 + text_width(text, Type::AXIS.size) + 18.0;
    }
    Ok(())
}
