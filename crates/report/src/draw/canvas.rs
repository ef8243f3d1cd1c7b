//! A canvas over plotters' SVG backend in the figure's own pixels, and charts with quiet axes.

use super::look::{Look, Marker};
use super::scale::Scale;
use super::svg::{DASHES, DrawError, FONT, SUBPIXELS, Svg};
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle,
};

/// A chart over two scales.
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Scale, Scale>>;

/// The colours of everything but data.
pub(crate) struct Ink;

impl Ink {
    /// Text.
    pub(crate) const TEXT: RGBColor = RGBColor(0x1F, 0x1F, 0x1F);
    /// Axes and secondary text: 5.9 : 1 on the background.
    pub(crate) const AXIS: RGBColor = RGBColor(0x5F, 0x5F, 0x5F);
    /// Grid lines.
    pub(crate) const GRID: RGBColor = RGBColor(0xE4, 0xE4, 0xE4);
    /// Data that is only there for comparison.
    pub(crate) const CONTEXT: RGBColor = RGBColor(0xCF, 0xCF, 0xCF);
    /// The Pareto front.
    pub(crate) const FRONT: RGBColor = RGBColor(0x9A, 0x9A, 0x9A);
    /// The background.
    pub(crate) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
    /// Text on pale cells and on deep ones: like their colours, the same on every screen.
    pub(crate) const ON_PALE: RGBColor = RGBColor(0x14, 0x18, 0x1D);
    pub(crate) const ON_DEEP: RGBColor = RGBColor(0xFC, 0xFC, 0xFC);
}

/// A line: its colour, width in pixels and dash pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    pub(crate) colour: RGBColor,
    pub(crate) width: f64,
    pub(crate) dash: usize,
}

impl Pen {
    /// A solid line.
    pub(crate) fn solid(colour: RGBColor, width: f64) -> Self {
        Self { colour, width, dash: 0 }
    }

    /// The line of a method.
    pub(crate) fn of(look: &Look) -> Self {
        Self { colour: look.colour, width: 2.0, dash: look.dash }
    }

    fn style(self) -> ShapeStyle {
        let (alpha, _) = DASHES[self.dash % DASHES.len()];
        self.colour.mix(alpha).stroke_width((self.width * SUBPIXELS).round() as u32)
    }
}

/// Which point of a text is at its position; vertically it is the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A text's size in pixels, colour and weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) colour: RGBColor,
    pub(crate) bold: bool,
}

impl Type {
    /// Labels of data.
    pub(crate) const LABEL: Self = Self { size: 12.5, colour: Ink::TEXT, bold: false };
    /// Labels of ticks and axes.
    pub(crate) const AXIS: Self = Self { size: 12.5, colour: Ink::AXIS, bold: false };
    /// Headings of panels.
    pub(crate) const HEADING: Self = Self { size: 14.0, colour: Ink::TEXT, bold: true };

    fn style(self) -> TextStyle<'static> {
        let style = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        // plotters divides by 1.24 on the way to the attribute `font-size`.
        let font = FontDesc::new(FontFamily::Name(FONT), self.size * SUBPIXELS * 1.24, style);
        let mut style = TextStyle::from(font);
        style.color = self.colour.to_backend_color();
        style
    }
}

/// A rectangle in the pixels of the figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    /// The right edge.
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// The bottom edge.
    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// Where a figure is drawn.
pub(crate) struct Canvas<'b> {
    root: DrawingArea<SVGBackend<'b>, Shift>,
}

/// Draws a figure of the given size in pixels.
pub(crate) fn paint(
    (width, height): (f64, f64),
    title: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), DrawError>,
) -> Result<Svg, DrawError> {
    let mut drawn = String::new();
    {
        let canvas = Canvas {
            root: SVGBackend::with_string(&mut drawn, (sub(width) as u32, sub(height) as u32))
                .into_drawing_area(),
        };
        canvas.root.fill(&Ink::PAPER).map_err(failed)?;
        draw(&canvas)?;
        canvas.root.present().map_err(failed)?;
    }
    Ok(Svg::finish(&drawn, (width.round() as u32, height.round() as u32), title))
}

fn sub(pixels: f64) -> i32 {
    (pixels * SUBPIXELS).round() as i32
}

fn at((x, y): (f64, f64)) -> (i32, i32) {
    (sub(x), sub(y))
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn failed<E: std::error::Error + Send + Sync>(source: DrawingAreaErrorKind<E>) -> DrawError {
    DrawError::Draw(source.to_string())
}

impl<'b> Canvas<'b> {
    /// A chart with axes along the left and the bottom of `area`, which is the plotting area itself:
    /// tick labels and titles are outside it.
    pub(crate) fn chart(
        &self,
        area: Area,
        (x, x_title): (Scale, &str),
        (y, y_title): (Scale, &str),
    ) -> Result<Chart<'_, 'b>, DrawError> {
        self.axes(area, (66.0, 44.0), (x, x_title), (y, y_title))
    }

    /// A chart among others on the same axes: with tick labels at the left and below only if `outer`
    /// says so for each, and without titles.
    pub(crate) fn small_chart(
        &self,
        area: Area,
        x: Scale,
        y: Scale,
        outer: (bool, bool),
    ) -> Result<Chart<'_, 'b>, DrawError> {
        let room = |outer: bool, room: f64| if outer { room } else { 0.0 };
        self.axes(area, (room(outer.0, 56.0), room(outer.1, 24.0)), (x, ""), (y, ""))
    }

    /// An axis along the bottom of `area` alone, with its grid lines: for rows that have names of their own.
    pub(crate) fn bottom_axis(&self, area: Area, x: Scale, title: &str) -> Result<(), DrawError> {
        for tick in x.ticks(most_ticks(area.width, &x)) {
            let at = area.left + area.width * x.fraction(tick);
            self.line(&[(at, area.top), (at, area.bottom())], Pen::solid(Ink::GRID, 1.0))?;
            self.text((at, area.bottom() + 14.0), &x.label(tick), Type::AXIS, Anchor::Middle)?;
        }
        let ends = [(area.left, area.bottom()), (area.right(), area.bottom())];
        self.line(&ends, Pen::solid(Ink::AXIS, 1.0))?;
        let middle = (area.left + area.width / 2.0, area.bottom() + 34.0);
        self.text(middle, title, Type::AXIS, Anchor::Middle)
    }

    /// A chart with room for tick labels and titles at the left and below; without room they are left out.
    fn axes(
        &self,
        area: Area,
        (left, below): (f64, f64),
        (x, x_title): (Scale, &str),
        (y, y_title): (Scale, &str),
    ) -> Result<Chart<'_, 'b>, DrawError> {
        let (origin, size) =
            (at((area.left - left, area.top)), at((area.width + left, area.height + below)));
        let region = self.root.clone().shrink(origin, size);
        let mut builder = ChartBuilder::on(&region);
        builder
            .set_label_area_size(LabelAreaPosition::Left, sub(left))
            .set_label_area_size(LabelAreaPosition::Bottom, sub(below));
        let mut chart = builder.build_cartesian_2d(x, y).map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        if !x_title.is_empty() {
            mesh.x_desc(x_title);
        }
        if !y_title.is_empty() {
            mesh.y_desc(y_title);
        }
        mesh.x_labels(most_ticks(area.width, &x))
            .y_labels((area.height / 32.0).clamp(5.0, 9.0) as usize)
            .bold_line_style(Pen::solid(Ink::GRID, 1.0).style())
            .light_line_style(Ink::GRID.mix(0.0))
            .axis_style(Pen::solid(Ink::AXIS, 1.0).style())
            .label_style(Type::AXIS.style())
            .axis_desc_style(Type::AXIS.style())
            .set_all_tick_mark_size(sub(4.0))
            .draw()
            .map_err(failed)?;
        Ok(chart)
    }

    /// A line through points of the figure.
    pub(crate) fn line(&self, points: &[(f64, f64)], pen: Pen) -> Result<(), DrawError> {
        let path: Vec<_> = points.iter().copied().map(at).collect();
        self.root.draw(&PathElement::new(path, pen.style())).map_err(failed)
    }

    /// A filled region; `opacity` from 0 to 1.
    pub(crate) fn polygon(
        &self,
        points: &[(f64, f64)],
        colour: RGBColor,
        opacity: f64,
    ) -> Result<(), DrawError> {
        let path: Vec<_> = points.iter().copied().map(at).collect();
        self.root.draw(&Polygon::new(path, colour.mix(opacity))).map_err(failed)
    }

    /// A filled rectangle.
    pub(crate) fn rectangle(&self, area: Area, colour: RGBColor) -> Result<(), DrawError> {
        let corners = [at((area.left, area.top)), at((area.right(), area.bottom()))];
        self.root.draw(&Rectangle::new(corners, colour.filled())).map_err(failed)
    }

    /// A small disc; `opacity` from 0 to 1.
    pub(crate) fn dot(
        &self,
        point: (f64, f64),
        radius: f64,
        colour: RGBColor,
        opacity: f64,
    ) -> Result<(), DrawError> {
        let style = colour.mix(opacity).filled();
        self.root.draw(&Circle::new(at(point), sub(radius), style)).map_err(failed)
    }

    /// A point, filled or hollow.
    pub(crate) fn marker(
        &self,
        (x, y): (f64, f64),
        marker: Marker,
        radius: f64,
        colour: RGBColor,
        filled: bool,
    ) -> Result<(), DrawError> {
        let corners = |count: usize, turn: f64, stretch: f64| -> Vec<(f64, f64)> {
            (0..count)
                .map(|k| {
                    let angle = std::f64::consts::TAU * (k as f64 / count as f64 + turn);
                    (x + stretch * radius * angle.cos(), y + stretch * radius * angle.sin())
                })
                .collect()
        };
        let outline = match marker {
            Marker::Circle => {
                let fill = if filled { colour } else { Ink::PAPER };
                let disc = |radius: f64, style: ShapeStyle| {
                    self.root.draw(&Circle::new(at((x, y)), sub(radius), style)).map_err(failed)
                };
                disc(radius, fill.filled())?;
                return if filled {
                    Ok(())
                } else {
                    disc(radius, colour.stroke_width(sub(1.6) as u32))
                };
            }
            Marker::Square => corners(4, 0.125, 1.2),
            Marker::Triangle => corners(3, 0.75, 1.25),
            Marker::Diamond => corners(4, 0.0, 1.25),
            Marker::TriangleDown => corners(3, 0.25, 1.25),
            Marker::Pentagon => corners(5, 0.7, 1.1),
            Marker::Plus | Marker::Cross => {
                let turn = if marker == Marker::Plus { 0.0 } else { 0.125 };
                let ends = corners(4, turn, 1.25);
                let pen = Pen::solid(colour, if filled { 2.4 } else { 1.4 });
                self.line(&[ends[0], ends[2]], pen)?;
                return self.line(&[ends[1], ends[3]], pen);
            }
        };
        self.polygon(&outline, if filled { colour } else { Ink::PAPER }, 1.0)?;
        if filled {
            return Ok(());
        }
        let mut closed = outline.clone();
        // Past the start, so that the last corner is joined like the others.
        closed.extend([outline[0], outline[1]]);
        self.line(&closed, Pen::solid(colour, 1.6))
    }

    /// A text.
    pub(crate) fn text(
        &self,
        point: (f64, f64),
        text: &str,
        kind: Type,
        anchor: Anchor,
    ) -> Result<(), DrawError> {
        self.write(point, text, &kind.style(), anchor)
    }

    /// A text that is read from bottom to top.
    pub(crate) fn upward_text(
        &self,
        point: (f64, f64),
        text: &str,
        kind: Type,
        anchor: Anchor,
    ) -> Result<(), DrawError> {
        self.write(point, text, &kind.style().transform(FontTransform::Rotate270), anchor)
    }

    fn write(
        &self,
        point: (f64, f64),
        text: &str,
        style: &TextStyle<'_>,
        anchor: Anchor,
    ) -> Result<(), DrawError> {
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = style.pos(Pos::new(horizontal, VPos::Center));
        // The SVG reader drops control characters anyway, and XML forbids them.
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        self.root.draw(&Text::new(text, at(point), style)).map_err(failed)
    }

    /// Where a value of the chart is in the figure.
    pub(crate) fn position(chart: &Chart<'_, '_>, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = chart.backend_coord(&(x, y));
        (f64::from(x) / SUBPIXELS, f64::from(y) / SUBPIXELS)
    }
}

/// How many tick labels fit beside each other.
fn most_ticks(width: f64, scale: &Scale) -> usize {
    let widest = [scale.low(), scale.high()]
        .map(|value| super::labels::text_width(&scale.label(value), Type::AXIS.size))
        .into_iter()
        .fold(28.0, f64::max);
    (width / (widest + 22.0)).clamp(2.0, 10.0) as usize
}
