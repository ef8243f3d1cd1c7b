//! Gap against the number of VMs: one small chart per method on the same axes.

use vmpack_results::stats;

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Marker, Pen, Scale, Svg, Type, Unit, kind_colour, paint,
    shortened,
};

/// Median gap and quartiles by number of VMs.
#[derive(Clone, Copy, Debug)]
pub(super) struct GapBySize;

/// Charts in a row.
const COLUMNS: usize = 4;
/// More dots than this would make the file heavy and the picture no clearer.
const MOST_DOTS: usize = 2500;

const LEFT: f64 = 80.0;
const TOP: f64 = 30.0;
const HEIGHT: f64 = 128.0;
const BETWEEN: (f64, f64) = (14.0, 34.0);

/// The gaps of one method on instances of about one size.
#[derive(Debug, PartialEq)]
struct Bin {
    /// The geometric mean of the sizes.
    vms: f64,
    quartiles: [f64; 3],
}

impl Figure for GapBySize {
    fn name(&self) -> &'static str {
        "gap-by-size"
    }

    fn title(&self) -> &'static str {
        "Gap by number of VMs"
    }

    fn caption(&self) -> &'static str {
        "Gap to the best known cost against the number of VMs, one chart per method on the same axes: the \
         line is the median, the band reaches from the lower to the upper quartile, the dots are single \
         instances (left out where there are thousands). Where there are many sizes, neighbouring ones are \
         grouped. The vertical axis is linear below 0.1 % and logarithmic above. Instances without a \
         verified cost are not in it: the title says on how many of its instances the method has one."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let shown: Vec<usize> =
            (0..data.methods.len()).filter(|m| !data.methods[*m].gaps.is_empty()).collect();
        if shown.is_empty() {
            return Err(NoFigure::Nothing("no answer has a verified cost"));
        }
        let points = |method: usize| -> Vec<(f64, f64)> {
            let gaps = &data.methods[method].gaps;
            data.instances
                .iter()
                .filter_map(|i| Some((i.vms.max(1) as f64, 100.0 * gaps.get(i.hash)?)))
                .collect()
        };
        let all: Vec<Vec<(f64, f64)>> = shown.iter().map(|m| points(*m)).collect();
        let dots = all.iter().map(Vec::len).sum::<usize>() <= MOST_DOTS;
        let worst = all.iter().flatten().map(|p| p.1).fold(0.0, f64::max);
        let x = Scale::log(all.iter().flatten().map(|p| p.0), Unit::Count);
        let y = Scale::log_from_zero(0.1, worst, Unit::Percent);
        let edges = edges(data.instances.iter().map(|i| i.vms.max(1) as f64).collect());
        let columns = COLUMNS.min(shown.len().max(2));
        let rows = shown.len().div_ceil(columns);
        let width = (WIDTH - LEFT - 20.0 - BETWEEN.0 * (columns - 1) as f64) / columns as f64;
        let size = (WIDTH, TOP + rows as f64 * (HEIGHT + BETWEEN.1) + 34.0);
        let svg = paint(size, self.title(), |canvas| {
            for (place, (&method, points)) in shown.iter().zip(&all).enumerate() {
                let (row, column) = (place / columns, place % columns);
                let area = Area {
                    left: LEFT + column as f64 * (width + BETWEEN.0),
                    top: TOP + row as f64 * (HEIGHT + BETWEEN.1),
                    width,
                    height: HEIGHT,
                };
                // Tick labels only along the left and under the last chart of each column.
                let outer = (column == 0, place + columns >= shown.len());
                let chart = canvas.small_chart(area, x, y, outer)?;
                let at = |vms: f64, gap: f64| Canvas::position(&chart, vms, gap);
                draw_method(canvas, data, method, area, &at, points, &edges, dots)?;
            }
            let bottom = TOP + rows as f64 * (HEIGHT + BETWEEN.1) + 14.0;
            let middle = LEFT + (WIDTH - LEFT - 20.0) / 2.0;
            canvas.text((middle, bottom), "number of VMs", Type::AXIS, Anchor::Middle)?;
            let height = f64::midpoint(TOP, bottom - 40.0);
            canvas.upward_text((12.0, height), "gap to best known cost", Type::AXIS, Anchor::Middle)
        })?;
        Ok(svg)
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one small chart")]
fn draw_method(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    method: usize,
    area: Area,
    at: &dyn Fn(f64, f64) -> (f64, f64),
    points: &[(f64, f64)],
    edges: &[f64],
    dots: bool,
) -> Result<(), DrawError> {
    let method = &data.methods[method];
    let colour = kind_colour(method.kind);
    let bins = bins(points, edges);
    let mut band: Vec<(f64, f64)> = bins.iter().map(|b| at(b.vms, b.quartiles[0])).collect();
    band.extend(bins.iter().rev().map(|b| at(b.vms, b.quartiles[2])));
    if bins.len() > 1 {
        canvas.polygon(&band, colour, 0.22)?;
    }
    if dots {
        for &(vms, gap) in points {
            canvas.dot(at(vms, gap), 1.6, colour, 0.45)?;
        }
    }
    let medians: Vec<(f64, f64)> = bins.iter().map(|b| at(b.vms, b.quartiles[1])).collect();
    if medians.len() > 1 {
        canvas.line(&medians, Pen::solid(colour, 2.0))?;
    }
    for &median in &medians {
        canvas.marker(median, Marker::of_kind(method.kind), 3.2, colour, true)?;
    }
    let heading = if points.len() == data.instances.len() {
        method.name.to_owned()
    } else {
        format!("{} {}/{}", method.name, points.len(), method.cells.len())
    };
    let heading = shortened(&heading, Type::LABEL.size, area.width);
    canvas.text((area.left + 2.0, area.top - 11.0), &heading, Type::LABEL, Anchor::Start)
}

/// The upper edges of the groups of sizes, given the size of every instance: every size is a group if
/// there are few, else the groups have about as many instances each.
fn edges(mut sizes: Vec<f64>) -> Vec<f64> {
    /// Quartiles of fewer instances than this say little.
    const MEMBERS: usize = 12;
    let most = (sizes.len() / MEMBERS).clamp(3, 8);
    sizes.sort_by(f64::total_cmp);
    let mut distinct = sizes.clone();
    distinct.dedup();
    if distinct.len() <= most {
        return distinct;
    }
    let mut edges: Vec<f64> = (1..=most).map(|k| sizes[k * sizes.len() / most - 1]).collect();
    edges.dedup();
    edges
}

fn bins(points: &[(f64, f64)], edges: &[f64]) -> Vec<Bin> {
    let mut groups: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); edges.len()];
    for &(vms, gap) in points {
        let group = edges.partition_point(|edge| *edge < vms).min(edges.len() - 1);
        groups[group].0.push(vms.ln());
        groups[group].1.push(gap);
    }
    groups
        .into_iter()
        .filter_map(|(logs, gaps)| {
            let quartile = |p: f64| stats::quantile(&gaps, p);
            let quartiles = [quartile(0.25)?, quartile(0.5)?, quartile(0.75)?];
            Some(Bin { vms: stats::mean(&logs)?.exp(), quartiles })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_grouped_only_when_there_are_many() {
        assert_eq!(edges(vec![10.0, 100.0, 10.0]), [10.0, 100.0]);
        let many = edges((1..=960).map(f64::from).collect());
        assert_eq!(many.len(), 8);
        assert_eq!((many[0], many[7]), (120.0, 960.0));
        // Most instances have one size, which stays one group.
        let skewed =
            edges([vec![5.0; 70], (1..=10).map(|k| f64::from(k) * 7.0).collect()].concat());
        assert_eq!((skewed[0], skewed.last()), (5.0, Some(&70.0)));
        assert!(skewed.windows(2).all(|w| w[0] < w[1]), "{skewed:?}");
    }

    #[test]
    fn every_point_is_in_one_bin() {
        let points: Vec<(f64, f64)> = (1..=100).map(|k| (f64::from(k), f64::from(k % 7))).collect();
        let edges = edges(points.iter().map(|p| p.0).collect());
        let bins = bins(&points, &edges);
        assert!(bins.windows(2).all(|w| w[0].vms < w[1].vms));
        let bins_of_two = super::bins(&[(10.0, 1.0), (10.0, 3.0), (20.0, 5.0)], &[10.0, 20.0]);
        assert_eq!(bins_of_two.len(), 2);
        let quartiles: Vec<String> =
            bins_of_two.iter().map(|b| format!("{:?}", b.quartiles)).collect();
        assert_eq!(quartiles, ["[1.5, 2.0, 2.5]", "[5.0, 5.0, 5.0]"]);
    }
}
