//! Labels that keep out of each other's way.

use plotters::style::RGBColor;

use super::canvas::{Anchor, Area, Canvas, Ink, Pen, Type};
use super::look::{Look, Marker};
use super::svg::DrawError;

/// Advance widths of DejaVu Sans for the characters from space to tilde, in thousandths of the size.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// The width of a text in DejaVu Sans of the given size. Characters outside ASCII count as wide.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let thousandths: f64 = text
        .chars()
        .map(|c| {
            let place = (c as usize).wrapping_sub(0x20);
            WIDTHS.get(place).map_or(700.0, |width| f64::from(*width))
        })
        .sum();
    thousandths * size / 1000.0
}

/// The text, or its beginning and an ellipsis if it is wider than `width`.
pub(crate) fn shortened(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    // The ellipsis is as wide as the text is high.
    let fits = |end: &usize| text_width(&text[..*end], size) + size <= width;
    let end = text.char_indices().map(|(place, _)| place).take_while(fits).last().unwrap_or(0);
    format!("{}\u{2026}", &text[..end])
}

/// Positions as near to the wanted ones as may be, in their order, `gap` apart, between `low` and
/// `high` if they fit: the one-dimensional isotonic regression by pooling adjacent violators.
fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Blocks of neighbours that touch: (sum of wanted starts, members).
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (place, &index) in order.iter().enumerate() {
        let mut block = (wanted[index] - gap * place as f64, 1);
        while let Some(&(sum, members)) = blocks.last()
            && sum / members as f64 >= block.0 / block.1 as f64
        {
            block = (block.0 + sum, block.1 + members);
            blocks.pop();
        }
        blocks.push(block);
    }
    let last_start = (high - gap * wanted.len().saturating_sub(1) as f64).max(low);
    let mut positions = vec![0.0; wanted.len()];
    let mut place = 0;
    for (sum, members) in blocks {
        let start = (sum / members as f64).clamp(low, last_start);
        for _ in 0..members {
            positions[order[place]] = start + gap * place as f64;
            place += 1;
        }
    }
    positions
}

/// The name of a line, to stand at the height where the line ends.
#[derive(Clone, Debug)]
pub(crate) struct EndLabel {
    /// Where the line leaves the chart.
    pub(crate) end: (f64, f64),
    /// How the line looks.
    pub(crate) look: Look,
    /// Its name.
    pub(crate) text: String,
}

/// The distance between lines of labels.
const LINE: f64 = 17.0;

/// The height that `count` end labels need.
pub(crate) fn end_labels_height(count: usize) -> f64 {
    LINE * count as f64
}

/// A legend that is also a direct label: to the right of the chart, each name with a piece of its line
/// at the height where the line ends, moved apart where they would overlap.
pub(crate) fn draw_end_labels(
    canvas: &Canvas<'_>,
    column: Area,
    labels: &[EndLabel],
) -> Result<(), DrawError> {
    let wanted: Vec<f64> = labels.iter().map(|label| label.end.1).collect();
    let heights = spread(&wanted, LINE, column.top + LINE / 2.0, column.bottom() - LINE / 2.0);
    for (label, y) in labels.iter().zip(heights) {
        let (sample, text) = (column.left + 18.0, column.left + 56.0);
        canvas.line(&[label.end, (sample - 4.0, y)], Pen::solid(Ink::CONTEXT, 0.8))?;
        canvas.line(&[(sample, y), (sample + 32.0, y)], Pen::of(&label.look))?;
        canvas.marker((sample + 16.0, y), label.look.marker, 3.6, label.look.colour, true)?;
        let name = shortened(&label.text, Type::LABEL.size, column.right() - text);
        canvas.text((text, y), &name, Type::LABEL, Anchor::Start)?;
    }
    Ok(())
}

/// A point with its name beside it.
#[derive(Clone, Debug)]
pub(crate) struct PointLabel {
    pub(crate) point: (f64, f64),
    pub(crate) marker: Marker,
    pub(crate) colour: RGBColor,
    pub(crate) filled: bool,
    pub(crate) text: String,
}

/// The half-height of a label's box and the radius of a point, in pixels.
const HALF: f64 = 8.0;
const RADIUS: f64 = 5.5;
/// A label further from its point than this is joined to it by a line.
const LEADER: f64 = RADIUS + 7.0;

/// A box around a text, as left, top, right, bottom.
type Box4 = (f64, f64, f64, f64);

fn overlap(a: Box4, b: Box4) -> f64 {
    let width = (a.2.min(b.2) - a.0.max(b.0)).max(0.0);
    let height = (a.3.min(b.3) - a.1.max(b.1)).max(0.0);
    width * height
}

/// The length of a segment inside a box, found by clipping (Liang and Barsky 1984).
fn inside(box4: Box4, from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (p, q) in [
        (-dx, from.0 - box4.0),
        (dx, box4.2 - from.0),
        (-dy, from.1 - box4.1),
        (dy, box4.3 - from.1),
    ] {
        if p == 0.0 {
            if q < 0.0 {
                return 0.0;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    (leave - enter).max(0.0) * dx.hypot(dy)
}

/// The box with the room around it that a line needs to be seen beside it.
fn inflated(box4: Box4) -> Box4 {
    (box4.0 - 3.0, box4.1, box4.2 + 3.0, box4.3)
}

/// A straight line between two points.
type Segment = ((f64, f64), (f64, f64));

/// Whether two segments cross: the ends of each are on both sides of the other.
fn cross(a: Segment, b: Segment) -> bool {
    let side = |(from, to): Segment, p: (f64, f64)| {
        (to.0 - from.0) * (p.1 - from.1) - (to.1 - from.1) * (p.0 - from.0)
    };
    side(a, b.0) * side(a, b.1) < 0.0 && side(b, a.0) * side(b, a.1) < 0.0
}

/// Where the label of each point goes: the box with least overlap with points, `lines` and labels
/// already placed, the nearest if several are free. Crowded points choose first.
fn place(labels: &[PointLabel], frame: Area, lines: &[(f64, f64)]) -> Vec<Box4> {
    let points: Vec<Box4> = labels
        .iter()
        .map(|l| (l.point.0 - RADIUS, l.point.1 - RADIUS, l.point.0 + RADIUS, l.point.1 + RADIUS))
        .collect();
    let crowd = |k: usize| -> usize {
        let (x, y) = labels[k].point;
        labels
            .iter()
            .filter(|l| (l.point.0 - x).abs() < 90.0 && (l.point.1 - y).abs() < 34.0)
            .count()
    };
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&k| (std::cmp::Reverse(crowd(k)), k));
    let mut placed: Vec<Option<Box4>> = vec![None; labels.len()];
    let mut leaders: Vec<Segment> = Vec::new();
    for k in order {
        let (x, y) = labels[k].point;
        let width = text_width(&labels[k].text, Type::LABEL.size);
        let mut best: Option<(f64, Box4)> = None;
        for ring in 0..14 {
            let reach = RADIUS + 4.0 + 9.0 * f64::from(ring);
            for turn in 0..16 {
                let angle = std::f64::consts::TAU * f64::from(turn) / 16.0;
                let (dx, dy) = (angle.cos(), angle.sin());
                // Beside the point the box starts or ends at the ring, above and below it is centred.
                let cx = match dx {
                    dx if dx > 0.5 => x + dx * reach + width / 2.0,
                    dx if dx < -0.5 => x + dx * reach - width / 2.0,
                    dx => x + dx * (reach + width / 2.0),
                };
                let cy = y + dy * (reach + HALF);
                let candidate = (cx - width / 2.0, cy - HALF, cx + width / 2.0, cy + HALF);
                let own = nearest(candidate, (x, y));
                let outside = (frame.left - candidate.0).max(0.0)
                    + (candidate.2 - frame.right()).max(0.0)
                    + (frame.top - candidate.1).max(0.0)
                    + (candidate.3 - frame.bottom()).max(0.0);
                let covered: f64 = points.iter().map(|p| overlap(candidate, *p)).sum::<f64>()
                    + placed.iter().flatten().map(|b| 2.0 * overlap(candidate, *b)).sum::<f64>();
                let crossed: f64 = lines
                    .windows(2)
                    .map(|w| inside(candidate, w[0], w[1]))
                    .sum::<f64>()
                    + leaders.iter().map(|(a, b)| inside(inflated(candidate), *a, *b)).sum::<f64>();
                let cuts =
                    leaders.iter().filter(|leader| cross((own, (x, y)), **leader)).count() as f64;
                // The line to the label must not run through others, nor through their points.
                let through: f64 =
                    placed.iter().flatten().map(|b| inside(inflated(*b), (x, y), own)).sum::<f64>()
                        + (0..points.len())
                            .filter(|p| *p != k)
                            .map(|p| inside(points[p], (x, y), own))
                            .sum::<f64>();
                // Beside a stranger's point a label would be read as the stranger's, unless it is clearly
                // nearer to its own or a line says whose it is.
                let length = (own.0 - x).hypot(own.1 - y);
                let distance = if length > LEADER { LEADER } else { length + 7.0 };
                let stranger = labels.iter().enumerate().filter(|(p, _)| *p != k).any(|(_, l)| {
                    let near = nearest(candidate, l.point);
                    (near.0 - l.point.0).hypot(near.1 - l.point.1) < distance
                });
                let score = 60.0 * outside
                    + 8.0 * covered
                    + 6.0 * crossed
                    + 20.0 * through
                    + 60.0 * cuts
                    + if stranger { 60.0 } else { 0.0 }
                    + 1.4 * length
                    + 3.0 * dy.abs();
                if best.is_none_or(|(least, _)| score < least) {
                    best = Some((score, candidate));
                }
            }
        }
        let (_, chosen) = best.expect("there are candidates");
        leaders.push(((x, y), nearest(chosen, (x, y))));
        placed[k] = Some(chosen);
    }
    placed.into_iter().map(|b| b.expect("every label was placed")).collect()
}

fn nearest(box4: Box4, (x, y): (f64, f64)) -> (f64, f64) {
    (x.clamp(box4.0, box4.2), y.clamp(box4.1, box4.3))
}

/// Points with their names beside them, joined by a thin line where a name had to move away. Names keep
/// off the points, off each other and off the given line.
pub(crate) fn draw_point_labels(
    canvas: &Canvas<'_>,
    frame: Area,
    labels: &[PointLabel],
    line: &[(f64, f64)],
) -> Result<(), DrawError> {
    let inner = Area {
        left: frame.left + 5.0,
        top: frame.top,
        width: frame.width - 5.0,
        height: frame.height - 3.0,
    };
    let boxes = place(labels, inner, line);
    for (label, box4) in labels.iter().zip(&boxes) {
        let end = nearest(*box4, label.point);
        if (end.0 - label.point.0).hypot(end.1 - label.point.1) > LEADER {
            canvas.line(&[label.point, end], Pen::solid(Ink::AXIS, 0.7))?;
        }
    }
    for label in labels {
        // A rim in the colour of the paper keeps points apart that overlap.
        canvas.marker(label.point, label.marker, RADIUS + 1.4, Ink::PAPER, true)?;
        canvas.marker(label.point, label.marker, RADIUS, label.colour, label.filled)?;
    }
    for (label, box4) in labels.iter().zip(&boxes) {
        let middle = f64::midpoint(box4.1, box4.3);
        canvas.text((box4.0, middle), &label.text, Type::LABEL, Anchor::Start)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Ink;

    #[test]
    fn spreading_keeps_order_distance_and_borders() {
        let positions = spread(&[50.0, 50.0, 51.0, 90.0, 2.0], 10.0, 0.0, 100.0);
        let mut sorted = positions.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|w| w[1] - w[0] > 9.999), "{positions:?}");
        assert!((positions[4] - 2.0).abs() < 1e-9 && (positions[3] - 90.0).abs() < 1e-9);
        let middle = (positions[0] + positions[1] + positions[2]) / 3.0;
        assert!((middle - 151.0 / 3.0).abs() < 1e-9, "{positions:?}");
        let crowded = spread(&[99.0, 98.0, 97.0], 10.0, 0.0, 100.0);
        assert_eq!(crowded, [100.0, 90.0, 80.0]);
    }

    #[test]
    fn labels_of_a_crowd_do_not_overlap() {
        let frame = Area { left: 0.0, top: 0.0, width: 700.0, height: 400.0 };
        let labels: Vec<PointLabel> = (0..20)
            .map(|k| PointLabel {
                point: (300.0 + 9.0 * f64::from(k % 5), 200.0 + 4.0 * f64::from(k / 5)),
                marker: Marker::Circle,
                colour: Ink::TEXT,
                filled: true,
                text: format!("method-{k}"),
            })
            .collect();
        let boxes = place(&labels, frame, &[]);
        for (k, a) in boxes.iter().enumerate() {
            assert!(
                a.0 >= 0.0 && a.2 <= 700.0 && a.1 >= 0.0 && a.3 <= 400.0,
                "{a:?} leaves the frame"
            );
            for b in &boxes[k + 1..] {
                assert!(overlap(*a, *b) < 1.0, "{a:?} covers {b:?}");
            }
        }
    }

    #[test]
    fn widths_are_those_of_the_font() {
        for text in ["assignment-microlp 32/90", "WWWWWWWW", "iiiillll....", "ABCxyz(*)~{}"] {
            // Two bars hold the ink of side bearings away from the ends.
            let text = format!("|{text}|");
            let svg = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\"><text y=\"90\" font-size=\"100\" \
                 font-family=\"DejaVu Sans\" font-variant-ligatures=\"none\">{text}</text></svg>"
            );
            let drawn = super::super::svg::ink_width(&svg);
            let bearings =
                text_width("|", 100.0) - super::super::svg::ink_width(&svg.replace(&text, "|"));
            let width = text_width(&text, 100.0) - bearings;
            assert!(
                (drawn - width).abs() < 0.01 * width,
                "{text}: {drawn} drawn, {width} expected"
            );
        }
    }

    #[test]
    fn crossing_and_clipping_are_found() {
        let diagonal = ((0.0, 0.0), (10.0, 10.0));
        assert!(cross(diagonal, ((0.0, 10.0), (10.0, 0.0))));
        assert!(!cross(diagonal, ((20.0, 0.0), (30.0, 5.0))));
        let length = inside((2.0, 0.0, 5.0, 10.0), (0.0, 5.0), (10.0, 5.0));
        assert!((length - 3.0).abs() < 1e-9, "{length}");
        assert!(inside((2.0, 6.0, 5.0, 10.0), (0.0, 5.0), (10.0, 5.0)) < 1e-9);
    }

    #[test]
    fn long_names_are_shortened_to_fit() {
        let short = shortened("a-very-long-method-name-indeed", 12.5, 90.0);
        assert!(short.ends_with('\u{2026}') && text_width(&short, 12.5) <= 90.0, "{short}");
        assert!(short.starts_with("a-very-lo"), "{short}");
        assert_eq!(shortened("ffd", 12.5, 90.0), "ffd");
    }
}
