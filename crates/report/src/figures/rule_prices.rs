//! The price of placement rules: cost with them over cost without, by the same method.

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Pen, Scale, Svg, Type, Unit, paint, shortened, text_width,
};
use crate::rule_prices::{RulePrice, rule_prices, title};

/// What each form of rules costs, by method.
#[derive(Clone, Copy, Debug)]
pub(super) struct RulePrices;

const LEFT: f64 = 178.0;
const RIGHT: f64 = 24.0;
/// The height of a method in a row, and of a row beyond its methods.
const LANE: f64 = 13.0;
const AROUND: f64 = 9.0;
/// The height of a heading with what is above it, and of the axis below a panel.
const HEADING: f64 = 30.0;
const AXIS: f64 = 50.0;
const KEY_LINE: f64 = 20.0;
/// An axis reaches no further, in per cent: one method that fails on one fleet must not press all others together.
const FURTHEST: f64 = 150.0;

impl Figure for RulePrices {
    fn name(&self) -> &'static str {
        "rule-prices"
    }

    fn title(&self) -> &'static str {
        "Price of placement rules"
    }

    fn caption(&self) -> &'static str {
        "What the rules of a form add to the cost of a fleet: cost with them over cost of the same fleet without, \
         by the same method. A mark is the geometric mean over the fleets that the method solved both ways, its \
         line reaches from the least to the greatest. It is hollow if that is not every fleet of the row, whose \
         number is in brackets: then it speaks of other fleets than its neighbours, mostly easier ones. In the grey \
         field lies the mean ratio of the optima, as far as the best costs and bounds of this experiment tell; bounds \
         that know rules are the word of a solver. A method to the right of the field handles the rules worse than \
         the plain fleet; one to its left handles the plain fleet worse, so that rules look cheap. What adds more than 150 % stands at the edge, with its \
         number. The figure cannot \
         tell what the same rules cost in another fleet: that depends on its size, on stock, and on how many VMs \
         the rules speak of."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let prices = rule_prices(data);
        if prices.is_empty() {
            let reason = "no method solved a fleet with placement rules and the same fleet without";
            return Err(NoFigure::Nothing(reason));
        }
        let shown: Vec<usize> = (0..data.methods.len())
            .filter(|m| prices.iter().any(|price| price.methods.iter().any(|(own, _)| own == m)))
            .collect();
        let key = key_places(data, &shown);
        let top = KEY_LINE * key.last().map_or(1.0, |(_, line)| line + 1.0) + 6.0;
        let panels: Vec<&[RulePrice<'_>]> =
            prices.chunk_by(|a, b| a.dataset == b.dataset).collect();
        let mut bottom = top;
        let mut areas = Vec::new();
        for panel in &panels {
            let height = panel.iter().map(row_height).sum();
            let area =
                Area { left: LEFT, top: bottom + HEADING, width: WIDTH - LEFT - RIGHT, height };
            bottom = area.bottom() + AXIS;
            areas.push(area);
        }
        let svg = paint((WIDTH, bottom), self.title(), |canvas| {
            draw_key(canvas, data, &shown, &key)?;
            for (panel, area) in panels.iter().zip(areas) {
                let place = (area.left, area.top - 13.0);
                canvas.text(place, panel[0].dataset, Type::HEADING, Anchor::Start)?;
                draw_panel(canvas, data, area, panel)?;
            }
            Ok(())
        })?;
        Ok(svg)
    }
}

/// What a factor adds, in per cent.
fn percent(factor: f64) -> f64 {
    100.0 * (factor - 1.0)
}

/// The axis of the rows of a panel.
fn scale(prices: &[RulePrice<'_>]) -> Scale {
    let percents = prices.iter().flat_map(|price| {
        let ends = price.range.into_iter().flat_map(|(least, most)| [least, most]);
        let own = price.methods.iter().flat_map(|(_, r)| [r.least, r.greatest]);
        own.chain(ends).map(|factor| percent(factor).min(FURTHEST))
    });
    Scale::between(percents.chain([0.0]), Unit::Percent)
}

fn row_height(price: &RulePrice<'_>) -> f64 {
    AROUND + LANE * price.methods.len() as f64
}

fn draw_panel(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    area: Area,
    prices: &[RulePrice<'_>],
) -> Result<(), DrawError> {
    let x = scale(prices);
    let at = |factor: f64| area.left + area.width * x.fraction(percent(factor).min(FURTHEST));
    let mut top = area.top;
    for price in prices {
        let height = row_height(price);
        if let Some((least, most)) = price.range {
            // A price that is known exactly is a line of its own.
            let (from, to) = (at(least), at(most).max(at(least) + 2.0));
            let field = Area { left: from, top: top + 2.0, width: to - from, height: height - 4.0 };
            canvas.rectangle(field, Ink::CONTEXT)?;
        }
        top += height;
    }
    canvas.bottom_axis(area, x, "added to the cost of the fleet without rules")?;
    canvas.line(&[(at(1.0), area.top), (at(1.0), area.bottom())], Pen::solid(Ink::AXIS, 1.0))?;
    let mut top = area.top;
    for price in prices {
        let height = row_height(price);
        if top > area.top {
            canvas.line(&[(14.0, top), (area.right(), top)], Pen::solid(Ink::GRID, 1.0))?;
        }
        let name = format!("{} ({})", title(price.forms), price.instances);
        let name = shortened(&name, Type::LABEL.size, LEFT - 26.0);
        let place = (area.left - 10.0, top + height / 2.0);
        canvas.text(place, &name, Type::LABEL, Anchor::End)?;
        for (lane, (method, ratios)) in price.methods.iter().enumerate() {
            let look = data.methods[*method].look;
            let y = top + AROUND / 2.0 + LANE * (lane as f64 + 0.5);
            let range = [(at(ratios.least), y), (at(ratios.greatest), y)];
            canvas.line(&range, Pen::solid(look.colour, 1.4))?;
            let everywhere = ratios.pairs == price.instances;
            canvas.marker((at(ratios.mean), y), look.marker, 4.2, look.colour, everywhere)?;
            if percent(ratios.mean) > FURTHEST {
                let added = format!("{:.0} %", percent(ratios.mean));
                canvas.text((at(ratios.mean) - 10.0, y), &added, Type::LABEL, Anchor::End)?;
            }
        }
        top += height;
    }
    Ok(())
}

/// What is in the key: a method, or the grey field at the end.
fn key_texts<'a>(data: &Data<'a>, shown: &[usize]) -> Vec<&'a str> {
    shown.iter().map(|m| data.methods[*m].name).chain(["the price lies here"]).collect()
}

/// Where the entries of the key begin, and on which line.
fn key_places(data: &Data<'_>, shown: &[usize]) -> Vec<(f64, f64)> {
    let (mut x, mut line) = (LEFT, 0.0);
    let mut places = Vec::new();
    for text in key_texts(data, shown) {
        let width = 18.0 + text_width(text, Type::LABEL.size) + 20.0;
        if x + width > WIDTH && x > LEFT {
            (x, line) = (LEFT, line + 1.0);
        }
        places.push((x, line));
        x += width;
    }
    places
}

fn draw_key(
    canvas: &Canvas<'_>,
    data: &Data<'_>,
    shown: &[usize],
    places: &[(f64, f64)],
) -> Result<(), DrawError> {
    for (entry, (text, (x, line))) in key_texts(data, shown).into_iter().zip(places).enumerate() {
        let y = 14.0 + KEY_LINE * line;
        if let Some(&method) = shown.get(entry) {
            let look = data.methods[method].look;
            canvas.marker((x + 6.0, y), look.marker, 4.2, look.colour, true)?;
        } else {
            let field = Area { left: *x, top: y - 6.0, width: 13.0, height: 12.0 };
            canvas.rectangle(field, Ink::CONTEXT)?;
        }
        canvas.text((x + 18.0, y), text, Type::LABEL, Anchor::Start)?;
    }
    Ok(())
}
