//! How full the hosts of one placement are: a panel per resource, a bar per host.

use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Pen, STRANDED, Scale, Svg, Type, USED, Unit, paint,
    shortened, text_width,
};
use crate::format;

/// Hosts that are filled alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// The name of the first of them.
    pub name: String,
    /// How many there are, at least one.
    pub hosts: u64,
    /// The index of their kind.
    pub kind: usize,
    /// What is in use of every resource, as a share of what VMs may use.
    pub used: Vec<f64>,
    /// Whether what is free is of no use to any VM.
    pub stranded: bool,
}

/// What a bar stands for: one fill, or the mean of several.
#[derive(Clone, Debug, PartialEq)]
struct Bar {
    hosts: f64,
    used: Vec<f64>,
    /// The share of each resource that is free and of no use.
    stranded: Vec<f64>,
}

const WIDTH: f64 = 900.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 58.0;
const HEIGHT: f64 = 130.0;
const BETWEEN: f64 = 34.0;
/// More bars are thinner than two pixels.
const MOST_BARS: usize = 400;
/// Between more bars there is no room for a gap.
const MOST_APART: usize = 120;
/// More names do not fit.
const MOST_NAMES: u64 = 24;

/// Draws how full hosts are, given the names of the resources and of the kinds of host. Hosts that are filled alike are
/// one bar, as wide as there are many of them; beyond 400 bars neighbours are drawn as their mean, and the figure says so.
///
/// # Errors
/// [`DrawError`] if drawing fails.
pub fn fill(resources: &[String], kinds: &[String], fills: &[Fill]) -> Result<Svg, DrawError> {
    let mut order: Vec<&Fill> = fills.iter().collect();
    let fullness = |fill: &Fill| fill.used.iter().sum::<f64>();
    order.sort_by(|a, b| a.kind.cmp(&b.kind).then(fullness(b).total_cmp(&fullness(a))));
    let hosts: u64 = fills.iter().map(|fill| fill.hosts).sum();
    let bars = bars(&order, resources.len());
    let names = if hosts <= MOST_NAMES { 92.0 } else { 44.0 };
    let panel = HEIGHT + BETWEEN;
    let height = TOP + panel * resources.len() as f64 - BETWEEN + names;
    paint((WIDTH, height), "Fill of every host", |canvas| {
        heading(canvas, hosts, fills.len(), &bars)?;
        for (k, resource) in resources.iter().enumerate() {
            let area = Area {
                left: LEFT,
                top: TOP + panel * k as f64,
                width: WIDTH - LEFT - RIGHT,
                height: HEIGHT,
            };
            let last = k + 1 == resources.len();
            draw_panel(canvas, area, k, &bars, hosts, last && hosts > MOST_NAMES)?;
            let resource = shortened(resource, Type::LABEL.size, HEIGHT);
            canvas.upward_text(
                (12.0, area.top + HEIGHT / 2.0),
                &resource,
                Type::LABEL,
                Anchor::Middle,
            )?;
            separate_kinds(canvas, area, kinds, &order, hosts, k == 0)?;
        }
        let below = TOP + panel * resources.len() as f64 - BETWEEN;
        if hosts > MOST_NAMES {
            let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2.0;
            return canvas.text((middle, below + 34.0), "hosts", Type::AXIS, Anchor::Middle);
        }
        let step = (WIDTH - LEFT - RIGHT) / hosts.max(1) as f64;
        let mut start = 0;
        for fill in order {
            let middle = start as f64 + fill.hosts as f64 / 2.0;
            let label = if fill.hosts == 1 {
                fill.name.clone()
            } else {
                format!("{} +{}", fill.name, fill.hosts - 1)
            };
            let label = shortened(&label, Type::AXIS.size, 80.0);
            let middle = (LEFT + middle * step, below + 8.0);
            canvas.upward_text(middle, &label, Type::AXIS, Anchor::End)?;
            start += fill.hosts;
        }
        Ok(())
    })
}

/// The key, and what the bars stand for.
fn heading(canvas: &Canvas<'_>, hosts: u64, fills: usize, bars: &[Bar]) -> Result<(), DrawError> {
    let mut left = LEFT;
    for (colour, text) in [(USED, "in use"), (STRANDED, "free, but no VM of the fleet fits")] {
        canvas.rectangle(Area { left, top: 9.0, width: 11.0, height: 11.0 }, colour)?;
        canvas.text((left + 16.0, 15.0), text, Type::LABEL, Anchor::Start)?;
        left += 40.0 + text_width(text, Type::LABEL.size);
    }
    let said = if bars.len() < fills {
        let (fills, bars) = (format::count(fills as u64), bars.len());
        format!(
            "{} hosts, {fills} fills, drawn as {bars} means of neighbours",
            format::count(hosts)
        )
    } else if fills as u64 == hosts {
        format!("{} hosts", format::count(hosts))
    } else {
        let (hosts, fills) = (format::count(hosts), format::count(fills as u64));
        format!("{hosts} hosts, filled in {fills} ways: a bar is as wide as hosts are filled alike")
    };
    canvas.text((WIDTH - RIGHT, 15.0), &said, Type::AXIS, Anchor::End)
}

fn draw_panel(
    canvas: &Canvas<'_>,
    area: Area,
    resource: usize,
    bars: &[Bar],
    hosts: u64,
    ticks: bool,
) -> Result<(), DrawError> {
    let x = Scale::linear(hosts as f64, Unit::Count).without_padding();
    let y = Scale::PERCENT.without_padding();
    let chart = canvas.small_chart(area, x, y, (true, ticks))?;
    let mut start = 0.0;
    for bar in bars {
        let end = start + bar.hosts;
        let rectangle = |low: f64, high: f64, colour| {
            let (left, top) = Canvas::position(&chart, start, 100.0 * high.clamp(0.0, 1.0));
            let (right, bottom) = Canvas::position(&chart, end, 100.0 * low.clamp(0.0, 1.0));
            let gap = if bars.len() <= MOST_APART { 1.0 } else { 0.0 };
            canvas.rectangle(
                Area { left, top, width: right - left - gap, height: bottom - top },
                colour,
            )
        };
        let (used, stranded) = (bar.used[resource], bar.stranded[resource]);
        if used > 0.0 {
            rectangle(0.0, used, USED)?;
        }
        if stranded > 0.0 {
            rectangle(used, used + stranded, STRANDED)?;
        }
        start = end;
    }
    Ok(())
}

/// Lines between the kinds of host, with their names above the first panel.
fn separate_kinds(
    canvas: &Canvas<'_>,
    area: Area,
    kinds: &[String],
    order: &[&Fill],
    hosts: u64,
    named: bool,
) -> Result<(), DrawError> {
    let mut start = 0;
    for group in order.chunk_by(|a, b| a.kind == b.kind) {
        let count: u64 = group.iter().map(|fill| fill.hosts).sum();
        let left = area.left + area.width * start as f64 / hosts.max(1) as f64;
        let width = area.width * count as f64 / hosts.max(1) as f64;
        if start > 0 {
            canvas.line(
                &[(left, area.top - 8.0), (left, area.bottom())],
                Pen::solid(Ink::AXIS, 1.0),
            )?;
        }
        let name = kinds.get(group[0].kind).map_or("", |name| name);
        if named && width > 24.0 {
            let name = shortened(name, Type::AXIS.size, width - 6.0);
            canvas.text((left + 3.0, area.top - 14.0), &name, Type::AXIS, Anchor::Start)?;
        }
        start += count;
    }
    Ok(())
}

/// One bar per fill, or the means of neighbours of one kind if there are too many.
fn bars(order: &[&Fill], resources: usize) -> Vec<Bar> {
    let together = order.len().div_ceil(MOST_BARS).max(1);
    let groups = order.chunk_by(|a, b| a.kind == b.kind).flat_map(|kind| kind.chunks(together));
    groups
        .map(|group| {
            let hosts: f64 = group.iter().map(|fill| fill.hosts as f64).sum();
            let mean = |share: &dyn Fn(&Fill) -> f64| -> f64 {
                group.iter().map(|fill| share(fill) * fill.hosts as f64).sum::<f64>() / hosts
            };
            let used = (0..resources).map(|k| mean(&|fill| fill.used[k])).collect();
            let stranded =
                |k: usize| move |fill: &Fill| if fill.stranded { 1.0 - fill.used[k] } else { 0.0 };
            Bar { hosts, used, stranded: (0..resources).map(|k| mean(&stranded(k))).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(name: &str, hosts: u64, kind: usize, used: [f64; 2], stranded: bool) -> Fill {
        Fill { name: name.to_owned(), hosts, kind, used: used.to_vec(), stranded }
    }

    #[test]
    fn few_hosts_are_named_and_stranded_capacity_is_shown() {
        let fills = [
            alike("small-1", 2, 0, [1.0, 0.25], true),
            alike("big & bold", 1, 1, [0.5, 0.5], false),
        ];
        let names = ["cpu".to_owned(), "memory".to_owned()];
        let kinds = ["small".to_owned(), "big".to_owned()];
        let svg = fill(&names, &kinds, &fills).expect("a figure");
        for text in ["cpu", "memory", "small-1 +1", "big &amp; bold", "3 hosts, filled in 2 ways"] {
            assert!(svg.text().contains(text), "{text}");
        }
        let bars = bars(&[&fills[0], &fills[1]], 2);
        assert_eq!(bars[0].stranded, [0.0, 0.75]);
        assert_eq!(bars[1].stranded, [0.0, 0.0]);
        assert!(!svg.to_png(1.0).expect("a picture").is_empty());
    }

    #[test]
    fn thousands_of_fills_become_means_that_keep_the_total() {
        let fills: Vec<Fill> = (0..5000)
            .map(|k| {
                alike(
                    &format!("h{k}"),
                    1 + k % 3,
                    (k % 2) as usize,
                    [k as f64 / 5000.0, 0.5],
                    k % 5 == 0,
                )
            })
            .collect();
        let svg = fill(&["cpu".into(), "memory".into()], &["a".into(), "b".into()], &fills)
            .expect("a figure");
        assert!(svg.text().contains("means of neighbours"), "it says so");
        assert!(svg.text().len() < 400_000, "{}", svg.text().len());
        let order: Vec<&Fill> = fills.iter().collect();
        let bars = bars(&order, 2);
        let total =
            |of: &dyn Fn(&Bar) -> f64| bars.iter().map(|bar| of(bar) * bar.hosts).sum::<f64>();
        let expected: f64 = fills.iter().map(|fill| fill.used[0] * fill.hosts as f64).sum();
        assert!((total(&|bar| bar.used[0]) - expected).abs() < 1e-6);
    }
}
