//! Who is better than whom how often: a matrix of methods in cost, and one in time.

use plotters::style::RGBColor;

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{Anchor, Area, Canvas, DrawError, Ink, Svg, Type, paint, shortened, text_width};
use crate::statistics::Pair;
use vmpack_results::stats;

/// Wins of rows against columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wins;

/// The colours of the lead of a row: two hues that differ for every eye, dark at both ends.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0xA6, 0x4A, 0x00),
    RGBColor(0xE0, 0x8B, 0x3A),
    RGBColor(0xF6, 0xD2, 0xA6),
    RGBColor(0xEE, 0xEE, 0xEE),
    RGBColor(0xB5, 0xD4, 0xEC),
    RGBColor(0x4C, 0x97, 0xCC),
    RGBColor(0x0A, 0x4C, 0x86),
];
/// Leads, as shares of the instances, beyond which the colour is the next one.
const EDGES: [f64; 3] = [0.05, 0.3, 0.6];

/// More methods have no room for their names.
const MOST: usize = 42;
const TOP: f64 = 62.0;
const MOST_LEFT: f64 = 170.0;
const BETWEEN: f64 = 26.0;
const RIGHT: f64 = 12.0;
/// The widest and the narrowest cell of a matrix.
const CELL: (f64, f64) = (46.0, 17.0);
/// Narrower cells have no room for a number.
const WITH_NUMBER: f64 = 25.0;
/// The longest name below a column.
const NAME: f64 = 150.0;

impl Figure for Wins {
    fn name(&self) -> &'static str {
        "wins"
    }

    fn title(&self) -> &'static str {
        "Methods two at a time"
    }

    fn caption(&self) -> &'static str {
        "Each cell compares two methods on the instances that both were run on, and no third one has a say: blue where \
         the method of the row is better more often than that of the column, orange where it is worse more often, darker \
         beyond a lead of 5, 30 and 60 % of the instances; empty where they have no instance in common. The number, if there is room, is the share of \
         instances in percent on which the row is better. A missing answer is worse than any. Costs are compared \
         exactly, times within 5 % are equal. How large the differences are is not in it."
    }

    fn note(&self, data: &Data<'_>) -> Option<String> {
        let methods = data.methods.len();
        (methods > MOST).then(|| {
            format!("Here are the {MOST} of {methods} methods that lead in cost most often; all are in the table.")
        })
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let shown = shown(data);
        let methods = shown.len();
        if data.statistics.pairs.is_empty() {
            return Err(NoFigure::Nothing("no two methods were run on the same instance"));
        }
        let names = shown.iter().map(|&m| text_width(data.methods[m].name, Type::LABEL.size));
        let widest = names.fold(0.0, f64::max);
        let left = (widest + 20.0).min(MOST_LEFT);
        let below = widest.min(NAME) + 16.0;
        // Side by side if the cells are not too narrow then.
        let beside = ((WIDTH - left - RIGHT - BETWEEN) / (2 * methods) as f64).min(CELL.0);
        let (cell, is_beside) = if beside >= CELL.1 {
            (beside, true)
        } else {
            (((WIDTH - left - RIGHT) / methods as f64).min(CELL.0), false)
        };
        let side = cell * methods as f64;
        let first = Area { left, top: TOP, width: side, height: side };
        // Small matrices have half of the width and their names each.
        let is_small = left + side + RIGHT <= WIDTH / 2.0;
        let second = if is_small {
            Area { left: WIDTH / 2.0 + left, ..first }
        } else if is_beside {
            Area { left: first.right() + BETWEEN, ..first }
        } else {
            Area { top: first.bottom() + below + 40.0, ..first }
        };
        let height = second.bottom() + below;
        let svg = paint((WIDTH, height), self.title(), |canvas| {
            draw_key(canvas, left)?;
            let cost = |pair: &Pair| pair.cost;
            let time = |pair: &Pair| pair.time;
            matrix(canvas, data, &shown, (first, cell, true), "cost", cost)?;
            let heading = data.clock_name();
            let named = is_small || !is_beside;
            matrix(canvas, data, &shown, (second, cell, named), heading, time)
        })?;
        Ok(svg)
    }
}

/// The methods with a row, in the order of the report: all, or those that lead most often.
fn shown(data: &Data<'_>) -> Vec<usize> {
    let mut leads = vec![0.0; data.methods.len()];
    for pair in &data.statistics.pairs {
        leads[pair.a] += pair.cost.lead();
        leads[pair.b] -= pair.cost.lead();
    }
    let mut order: Vec<usize> = (0..leads.len()).collect();
    order.sort_by(|&a, &b| leads[b].total_cmp(&leads[a]));
    order.truncate(MOST);
    order.sort_unstable();
    order
}

fn matrix(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    shown: &[usize],
    (area, cell, named): (Area, f64, bool),
    heading: &str,
    wins: impl Fn(&Pair) -> stats::Wins,
) -> Result<(), DrawError> {
    canvas.text((area.left, area.top - 14.0), heading, Type::HEADING, Anchor::Start)?;
    for (k, &method) in shown.iter().enumerate() {
        let method = &data.methods[method];
        let middle = cell * (k as f64 + 0.5);
        if named {
            let name = shortened(method.name, Type::LABEL.size, MOST_LEFT - 14.0);
            canvas.text((area.left - 7.0, area.top + middle), &name, Type::LABEL, Anchor::End)?;
        }
        let name = shortened(method.name, Type::LABEL.size, NAME);
        let below = (area.left + middle, area.bottom() + 7.0);
        canvas.upward_text(below, &name, Type::LABEL, Anchor::End)?;
    }
    let draw = |row: usize, column: usize, wins: stats::Wins| {
        let box4 = Area {
            left: area.left + cell * column as f64 + 0.5,
            top: area.top + cell * row as f64 + 0.5,
            width: cell - 1.0,
            height: cell - 1.0,
        };
        let beyond = EDGES.iter().filter(|edge| wins.lead().abs() > **edge).count();
        let middle = COLOURS.len() / 2;
        let step = if wins.lead() < 0.0 { middle - beyond } else { middle + beyond };
        canvas.rectangle(box4, COLOURS[step])?;
        if cell < WITH_NUMBER {
            return Ok(());
        }
        let share = 100.0 * wins.better as f64 / wins.instances().max(1) as f64;
        let dark = step == 0 || step == COLOURS.len() - 1;
        let kind = Type { colour: if dark { Ink::ON_DEEP } else { Ink::ON_PALE }, ..Type::LABEL };
        let middle = (box4.left + box4.width / 2.0, box4.top + box4.height / 2.0);
        // `100` is wider than the narrowest cells with a number.
        let size = if cell < 30.0 { 12.0 } else { kind.size };
        canvas.text(middle, &format!("{share:.0}"), Type { size, ..kind }, Anchor::Middle)
    };
    let place = |method: usize| shown.binary_search(&method).ok();
    for pair in &data.statistics.pairs {
        if let (Some(a), Some(b)) = (place(pair.a), place(pair.b)) {
            draw(a, b, wins(pair))?;
            draw(b, a, wins(pair).reversed())?;
        }
    }
    Ok(())
}

fn draw_key(canvas: &Canvas<'_>, left: f64) -> Result<(), DrawError> {
    let mut x = left;
    let mut said = |text: &str| {
        canvas.text((x, 20.0), text, Type::AXIS, Anchor::Start)?;
        x += text_width(text, Type::AXIS.size) + 8.0;
        Ok::<f64, DrawError>(x)
    };
    let mut at = said("row is worse more often")?;
    for colour in COLOURS {
        canvas.rectangle(Area { left: at, top: 13.0, width: 20.0, height: 14.0 }, colour)?;
        at += 21.0;
    }
    x = at + 7.0;
    canvas.text((x, 20.0), "row is better more often", Type::AXIS, Anchor::Start)
}
