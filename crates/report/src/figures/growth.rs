//! Growth: time and memory against the number of VMs, with the exponent of each method.

use vmpack_model::Kind;
use vmpack_results::stats::PowerLaw;

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Pen, Scale, Svg, Type, Unit, kind_title, paint, shortened,
};
use crate::growth::{Growth, Size, growths};

/// Time and peak memory by number of VMs.
#[derive(Clone, Copy, Debug)]
pub(super) struct GrowthBySize;

/// As many methods as can be told apart in one panel; with more, every kind gets a panel of its own.
const TOGETHER: usize = 12;

const LEFT: f64 = 84.0;
const CHART: f64 = 190.0;
const BETWEEN: f64 = 78.0;
const HEADING: f64 = 34.0;
const HEIGHT: f64 = 236.0;
const BELOW: f64 = 54.0;
/// The distance between lines of the key.
const LINE: f64 = 17.0;
const BYTES_PER_MIB: f64 = 1_048_576.0;

impl Figure for GrowthBySize {
    fn name(&self) -> &'static str {
        "growth"
    }

    fn title(&self) -> &'static str {
        "Growth with the number of VMs"
    }

    fn caption(&self) -> &'static str {
        "Time of solving and peak memory of the process against the number of VMs, one row per dataset, geometric \
         means where several runs have one size. Both axes are logarithmic: a straight line is a power of the \
         number of VMs, and the key has its exponent b of CPU time and of memory, fitted over the last two decades \
         of sizes if there are three in them, with half the width of its 95 % confidence interval: 0 does not grow, 1 is \
         linear, 2 quadratic. The dashed grey line is the fitted power of CPU time. A dagger marks where the points are \
         not on one, because they bend significantly or lie a factor of two off: do not extrapolate there. The thick \
         line is CPU time, the thin one wall time, hidden behind it where they agree. A line ends where the method stopped to answer: \
         at a limit of time or memory, or because it refuses larger instances. The figure cannot tell growth from a \
         change of the instances: where a dataset mixes kinds of instances, larger ones may be other ones. Memory \
         has the program and the instance in it; its exponent is of what is beyond the smallest size, where it at \
         least doubles. Time leaves out reading the instance and writing the answer."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let growths = growths(data);
        if growths.is_empty() {
            let reason = "no method answered three sizes that span a factor of ten, of a dataset that spans a thousand";
            return Err(NoFigure::Nothing(reason));
        }
        let mut panels: Vec<Panel<'_>> = Vec::new();
        for of_dataset in growths.chunk_by(|a, b| a.dataset == b.dataset) {
            let kind = |growth: &Growth<'_>| data.methods[growth.method].kind;
            if of_dataset.len() <= TOGETHER {
                panels.push(Panel { kind: None, growths: of_dataset });
            } else {
                let by_kind = of_dataset.chunk_by(|a, b| kind(a) == kind(b));
                panels.extend(by_kind.map(|g| Panel { kind: Some(kind(&g[0])), growths: g }));
            }
        }
        let mut bottom = 0.0;
        let mut areas = Vec::new();
        for panel in &panels {
            let height = HEIGHT.max(LINE * (panel.growths.len() + 1) as f64);
            let area = Area { left: LEFT, top: bottom + HEADING, width: CHART, height };
            bottom = area.bottom() + BELOW;
            areas.push(area);
        }
        let svg = paint((WIDTH, bottom), self.title(), |canvas| {
            for (panel, area) in panels.iter().zip(areas) {
                panel.draw(canvas, data, area)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

/// A row of the figure: a dataset, or one kind of the methods on it.
struct Panel<'a> {
    kind: Option<Kind>,
    growths: &'a [Growth<'a>],
}

impl Panel<'_> {
    fn draw(&self, canvas: &Canvas<'_>, data: &Data<'_>, area: Area) -> Result<(), DrawError> {
        let dataset = self.growths[0].dataset;
        let heading = self
            .kind
            .map_or_else(|| dataset.to_owned(), |kind| format!("{dataset}: {}", kind_title(kind)));
        let place = (area.left, area.top - 14.0);
        canvas.text(place, &heading, Type::HEADING, Anchor::Start)?;

        let sizes = || self.growths.iter().flat_map(|growth| &growth.sizes);
        let x = (Scale::log(sizes().map(|size| size.vms), Unit::Count), "VMs");
        let times = sizes().flat_map(|size| [size.taken.cpu, size.taken.wall]);
        let seconds = Scale::log(times, Unit::Seconds);
        let chart = canvas.chart(area, x, (seconds, "time"))?;
        for growth in self.growths {
            let path = |value: &dyn Fn(&Size) -> f64| -> Vec<(f64, f64)> {
                let point = |size: &Size| Canvas::position(&chart, size.vms, value(size));
                growth.sizes.iter().map(point).collect()
            };
            let look = data.methods[growth.method].look;
            canvas.line(&path(&|size| size.taken.wall), Pen::solid(look.colour, 0.8))?;
            draw_line(canvas, data, growth, &path(&|size| size.taken.cpu))?;
        }
        for growth in self.growths {
            if let Some(law) = growth.laws.cpu {
                let (from, to) = growth.fitted;
                let line = [from, to].map(|vms| Canvas::position(&chart, vms, law.at(vms)));
                canvas.line(&line, Pen { dash: 2, ..Pen::solid(Ink::AXIS, 1.0) })?;
            }
        }
        let right = Area { left: area.right() + BETWEEN, ..area };
        let mib = Scale::log(sizes().map(|size| size.taken.memory / BYTES_PER_MIB), Unit::Count);
        let chart = canvas.chart(right, x, (mib, "peak memory, MiB"))?;
        for growth in self.growths {
            let point =
                |size: &Size| Canvas::position(&chart, size.vms, size.taken.memory / BYTES_PER_MIB);
            let path: Vec<_> = growth.sizes.iter().map(point).collect();
            draw_line(canvas, data, growth, &path)?;
        }
        self.draw_key(canvas, data, right)
    }

    /// Methods with their exponents, those that took longest on their largest instances first.
    fn draw_key(&self, canvas: &Canvas<'_>, data: &Data<'_>, chart: Area) -> Result<(), DrawError> {
        let left = chart.right() + 14.0;
        let columns = [WIDTH - 104.0, WIDTH - 10.0];
        let top = chart.top + LINE / 2.0;
        canvas.text((columns[1], top - LINE), "exponent b of", Type::AXIS, Anchor::End)?;
        canvas.text((columns[0], top), "time", Type::AXIS, Anchor::End)?;
        canvas.text((columns[1], top), "memory", Type::AXIS, Anchor::End)?;
        let mut order: Vec<&Growth<'_>> = self.growths.iter().collect();
        let last = |growth: &Growth<'_>| growth.sizes.last().map_or(0.0, |size| size.taken.cpu);
        order.sort_by(|a, b| last(b).total_cmp(&last(a)));
        for (line, growth) in order.into_iter().enumerate() {
            let method = &data.methods[growth.method];
            let y = top + LINE * (line + 1) as f64;
            canvas.line(&[(left, y), (left + 28.0, y)], Pen::of(&method.look))?;
            canvas.marker((left + 14.0, y), method.look.marker, 3.6, method.look.colour, true)?;
            let room = columns[0] - 90.0 - (left + 34.0);
            let name = shortened(method.name, Type::LABEL.size, room);
            canvas.text((left + 34.0, y), &name, Type::LABEL, Anchor::Start)?;
            for (x, law) in columns.into_iter().zip([growth.laws.cpu, growth.laws.memory]) {
                let text = law.map_or_else(|| "\u{2013}".to_owned(), |law| exponent(&law));
                canvas.text((x, y), &text, Type::LABEL, Anchor::End)?;
            }
        }
        Ok(())
    }
}

/// The exponent with half the width of its interval, and a dagger if the points are not on a power law.
fn exponent(law: &PowerLaw) -> String {
    // Without a sign before zero.
    let b = (100.0 * law.exponent).round() / 100.0 + 0.0;
    let half = law.interval.map(|interval| f64::midpoint(interval.high, -interval.low));
    let half = half.map_or_else(String::new, |half| {
        if half < 9.995 { format!(" \u{b1} {half:.2}") } else { " \u{b1} > 9".to_owned() }
    });
    let dagger = if law.misfit().is_some() { "\u{2020} " } else { "" };
    format!("{dagger}{b:.2}{half}")
}

fn draw_line(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    growth: &Growth<'_>,
    path: &[(f64, f64)],
) -> Result<(), DrawError> {
    let look = data.methods[growth.method].look;
    canvas.line(path, Pen::of(&look))?;
    for &point in path {
        canvas.marker(point, look.marker, 3.2, look.colour, true)?;
    }
    Ok(())
}
