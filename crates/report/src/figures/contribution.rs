//! What every method adds to all others together.

use super::{Figure, NoFigure, WIDTH};
use crate::Data;
use crate::draw::{
    Anchor, Area, Canvas, DrawError, Ink, Pen, Scale, Svg, Type, USED, Unit, paint, shortened,
    text_width,
};
use crate::format;
use crate::statistics::Portfolio;

/// Bars of solved instances and of marginal contributions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contribution;

const LEFT: f64 = 176.0;
const TOP: f64 = 46.0;
const ROW: f64 = 20.0;
const BETWEEN: f64 = 84.0;
const RIGHT: f64 = 66.0;
const AXIS: f64 = 50.0;

/// A bar: its whole length, and the dark part of it.
struct Bar {
    all: f64,
    dark: f64,
    text: String,
}

impl Figure for Contribution {
    fn name(&self) -> &'static str {
        "contribution"
    }

    fn title(&self) -> &'static str {
        "Marginal contributions"
    }

    fn caption(&self) -> &'static str {
        "What each method adds to all others together. Left: the instances on which no method is cheaper, and dark those \
         on which every other one is dearer. Right: what is added to the mean gap of the virtual best, the portfolio \
         that picks the cheapest method for every instance, when the method is left out (Xu et al. 2012); if no method \
         adds to it, then to the mean time until a proof of a portfolio of the fastest, unproved instances counting twice \
         the limit; and if there is nothing in that either, the instances answered. Of two methods that do the same \
         neither adds anything, so an empty bar does not say that a method is bad."
    }

    fn draw(&self, data: &Data<'_>) -> Result<Svg, NoFigure> {
        let nothing = NoFigure::Nothing("there are no two methods to put together");
        let Some(portfolio) = &data.statistics.portfolio else { return Err(nothing) };
        if portfolio.costs.iter().all(|costs| costs.solved == 0) {
            return Err(NoFigure::Nothing("no answer has a verified cost"));
        }
        let methods = data.methods.len();
        let width = (WIDTH - LEFT - BETWEEN - RIGHT) / 2.0;
        let left = Area { left: LEFT, top: TOP, width, height: ROW * methods as f64 };
        let right = Area { left: left.right() + BETWEEN, ..left };
        let counts = count_bars(portfolio.costs.iter().map(|of| (of.best, of.alone_best)));
        let (unit, title, added) = added(portfolio);
        let svg = paint((WIDTH, left.bottom() + AXIS), self.title(), |canvas| {
            draw_key(canvas)?;
            for (k, method) in data.methods.iter().enumerate() {
                let y = left.top + ROW * (k as f64 + 0.5);
                let name = shortened(method.name, Type::LABEL.size, LEFT - 18.0);
                canvas.text((left.left - 8.0, y), &name, Type::LABEL, Anchor::End)?;
            }
            bars(canvas, left, Unit::Count, "instances with the best cost", &counts)?;
            bars(canvas, right, unit, title, &added)
        })?;
        Ok(svg)
    }
}

/// Counts, and how many of them no other method has a part in.
fn count_bars(counts: impl Iterator<Item = (u64, u64)>) -> Vec<Bar> {
    let bar = |(all, alone): (u64, u64)| Bar {
        all: all as f64,
        dark: alone as f64,
        text: if alone > 0 {
            format!("{} ({})", format::count(all), format::count(alone))
        } else {
            format::count(all)
        },
    };
    counts.map(bar).collect()
}

/// What the virtual best loses without each method: in its gap, if any method adds to that; else in its time to a proof;
/// else what each answers.
fn added(portfolio: &Portfolio) -> (Unit, &'static str, Vec<Bar>) {
    let bars = |values: &[f64], scale: f64, text: &dyn Fn(f64) -> String| {
        let bar = |v: &f64| Bar { all: scale * v, dark: scale * v, text: text(*v) };
        values.iter().map(bar).collect()
    };
    let (gaps, times) = (&portfolio.gap.1, &portfolio.par2.1);
    if gaps.iter().any(|gap| *gap > 0.0) {
        let title = "added to the mean gap without it";
        (Unit::Percent, title, bars(gaps, 100.0, &format::percent))
    } else if times.iter().any(|seconds| *seconds > 0.0) {
        let title = "added to PAR-2 of proofs without it";
        (Unit::Seconds, title, bars(times, 1.0, &format::seconds))
    } else {
        let answers = portfolio.answers.iter().map(|of| (of.solved, of.only));
        (Unit::Count, "instances answered", count_bars(answers))
    }
}

fn bars(
    canvas: &Canvas<'_>,
    area: Area,
    unit: Unit,
    title: &str,
    bars: &[Bar],
) -> Result<(), DrawError> {
    let most = bars.iter().map(|bar| bar.all).fold(0.0, f64::max);
    let scale = Scale::linear(most, unit).without_padding();
    canvas.bottom_axis(area, scale, title)?;
    for (k, bar) in bars.iter().enumerate() {
        let top = area.top + ROW * k as f64;
        let length = |value: f64| area.width * scale.fraction(value);
        let box4 = |value: f64| Area {
            left: area.left,
            top: top + 3.0,
            width: length(value),
            height: ROW - 6.0,
        };
        if bar.all > bar.dark {
            canvas.rectangle(box4(bar.all), LIGHT)?;
        }
        if bar.dark > 0.0 {
            canvas.rectangle(box4(bar.dark), USED)?;
        }
        let end = (area.left + length(bar.all) + 6.0, top + ROW / 2.0);
        canvas.text(end, &bar.text, Type::AXIS, Anchor::Start)?;
    }
    let edge = [(area.left, area.top), (area.left, area.bottom())];
    canvas.line(&edge, Pen::solid(Ink::AXIS, 1.0))
}

/// The tone of what is shared, of one hue with that of what is not.
const LIGHT: plotters::style::RGBColor = plotters::style::RGBColor(0xA9, 0xCF, 0xE8);

fn draw_key(canvas: &Canvas<'_>) -> Result<(), DrawError> {
    let mut x = LEFT;
    for (colour, text) in [(USED, "it alone"), (LIGHT, "shared with others")] {
        canvas.rectangle(Area { left: x, top: 14.0, width: 14.0, height: 14.0 }, colour)?;
        canvas.text((x + 19.0, 21.0), text, Type::LABEL, Anchor::Start)?;
        x += 19.0 + text_width(text, Type::LABEL.size) + 24.0;
    }
    Ok(())
}
