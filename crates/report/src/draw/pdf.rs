//! One page of PDF from a parsed SVG: paths with colours, opacity and dashes, which is all that figures are made of.
//! Text is drawn as outlines, so no font has to be embedded (docs/adr/0018-pdf-of-paths-alone.md).

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};
use resvg::tiny_skia::{PathSegment, Point, Transform};
use resvg::usvg::{Color, FillRule, Group, LineCap, LineJoin, Node, Paint, Path, Tree};

/// Points of PDF per pixel of SVG: 72 and 96 to the inch.
const POINTS_PER_PIXEL: f32 = 0.75;

/// The document as a page of its own size.
pub(super) fn page(tree: &Tree, title: &str, source: &str) -> Vec<u8> {
    let (width, height) =
        (tree.size().width() * POINTS_PER_PIXEL, tree.size().height() * POINTS_PER_PIXEL);
    let mut drawing = Drawing {
        content: Content::new(),
        opacities: BTreeMap::new(),
        opacity: None,
        fill: None,
        pen: None,
    };
    // The second axis of PDF points up.
    let flip = Transform::from_row(POINTS_PER_PIXEL, 0.0, 0.0, -POINTS_PER_PIXEL, 0.0, height);
    drawing.group(tree.root(), flip, 1.0);

    let [catalog, pages, page, content, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let opacity = |number: usize| Ref::new(6 + number as i32);
    let mut pdf = Pdf::new();
    // The first with opacity; TeX warns of more than 1.5.
    pdf.set_version(1, 4);
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut written = pdf.page(page);
    written.media_box(Rect::new(0.0, 0.0, width, height)).parent(pages).contents(content);
    let mut resources = written.resources();
    let mut states = resources.ext_g_states();
    for number in drawing.opacities.values() {
        states.pair(Name(opacity_name(*number).as_bytes()), opacity(*number));
    }
    states.finish();
    resources.finish();
    written.finish();
    for (thousandths, number) in &drawing.opacities {
        let share = f32::from(*thousandths) / 1000.0;
        pdf.ext_graphics(opacity(*number)).stroking_alpha(share).non_stroking_alpha(share);
    }
    let stream = deflated(drawing.content.finish().as_slice());
    pdf.stream(content, &stream).filter(Filter::FlateDecode);
    pdf.document_info(info)
        .title(TextStr(title))
        .subject(TextStr(source))
        .creator(TextStr("vmpack"));
    pdf.finish()
}

fn opacity_name(number: usize) -> String {
    format!("o{number}")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(4));
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory takes everything")
}

/// What is drawn so far.
struct Drawing {
    content: Content,
    /// The numbers of the opacities in use, by thousandths.
    opacities: BTreeMap<u16, usize>,
    /// What is set: it is only said again when it changes.
    opacity: Option<u16>,
    fill: Option<Color>,
    pen: Option<Pen>,
}

/// How lines are drawn.
#[derive(PartialEq)]
struct Pen {
    colour: Color,
    width: f32,
    dashes: Vec<f32>,
    cap: LineCap,
    join: LineJoin,
}

impl Drawing {
    fn group(&mut self, group: &Group, to_page: Transform, opacity: f32) {
        let opacity = opacity * group.opacity().get();
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group, to_page, opacity),
                Node::Path(path) => self.path(path, to_page, opacity),
                Node::Text(text) => self.group(text.flattened(), to_page, opacity),
                // Figures have no pictures in them.
                Node::Image(_) => {}
            }
        }
    }

    fn path(&mut self, path: &Path, to_page: Transform, opacity: f32) {
        if !path.is_visible() {
            return;
        }
        let to_page = to_page.pre_concat(path.abs_transform());
        if let Some(fill) = path.fill()
            && let Paint::Color(colour) = fill.paint()
        {
            self.opacity(opacity * fill.opacity().get());
            if self.fill.replace(*colour) != Some(*colour) {
                let [r, g, b] = shares(*colour);
                self.content.set_fill_rgb(r, g, b);
            }
            self.outline(path, to_page);
            match fill.rule() {
                FillRule::NonZero => self.content.fill_nonzero(),
                FillRule::EvenOdd => self.content.fill_even_odd(),
            };
        }
        if let Some(stroke) = path.stroke()
            && let Paint::Color(colour) = stroke.paint()
        {
            self.opacity(opacity * stroke.opacity().get());
            let scale = to_page.get_scale().0;
            let dashes = stroke.dasharray().unwrap_or_default();
            self.pen(Pen {
                colour: *colour,
                width: stroke.width().get() * scale,
                dashes: dashes.iter().map(|dash| dash * scale).collect(),
                cap: stroke.linecap(),
                join: stroke.linejoin(),
            });
            self.outline(path, to_page);
            self.content.stroke();
        }
    }

    fn pen(&mut self, pen: Pen) {
        if self.pen.as_ref() == Some(&pen) {
            return;
        }
        let [r, g, b] = shares(pen.colour);
        let content = &mut self.content;
        content.set_stroke_rgb(r, g, b).set_line_width(pen.width);
        content.set_line_cap(match pen.cap {
            LineCap::Butt => LineCapStyle::ButtCap,
            LineCap::Round => LineCapStyle::RoundCap,
            LineCap::Square => LineCapStyle::ProjectingSquareCap,
        });
        content.set_line_join(match pen.join {
            LineJoin::Miter | LineJoin::MiterClip => LineJoinStyle::MiterJoin,
            LineJoin::Round => LineJoinStyle::RoundJoin,
            LineJoin::Bevel => LineJoinStyle::BevelJoin,
        });
        content.set_dash_pattern(pen.dashes.iter().copied(), 0.0);
        self.pen = Some(pen);
    }

    /// All that is drawn from now on has this opacity.
    fn opacity(&mut self, opacity: f32) {
        let thousandths = (opacity * 1000.0).round() as u16;
        if self.opacity.replace(thousandths) == Some(thousandths) {
            return;
        }
        let next = self.opacities.len();
        let number = *self.opacities.entry(thousandths).or_insert(next);
        self.content.set_parameters(Name(opacity_name(number).as_bytes()));
    }

    fn outline(&mut self, path: &Path, to_page: Transform) {
        let at = |mut point: Point| {
            to_page.map_point(&mut point);
            // A hundredth of a point is enough for print, and its digits are most of a file.
            ((point.x * 100.0).round() / 100.0, (point.y * 100.0).round() / 100.0)
        };
        let mut last = Point::zero();
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(to) => {
                    let (x, y) = at(to);
                    self.content.move_to(x, y);
                    last = to;
                }
                PathSegment::LineTo(to) => {
                    let (x, y) = at(to);
                    self.content.line_to(x, y);
                    last = to;
                }
                PathSegment::QuadTo(control, to) => {
                    // PDF has cubic curves only: their controls are two thirds on the way to that of the quadratic one.
                    let towards = |from: Point| {
                        Point::from_xy(
                            from.x + (control.x - from.x) * 2.0 / 3.0,
                            from.y + (control.y - from.y) * 2.0 / 3.0,
                        )
                    };
                    let ((x1, y1), (x2, y2), (x, y)) = (at(towards(last)), at(towards(to)), at(to));
                    self.content.cubic_to(x1, y1, x2, y2, x, y);
                    last = to;
                }
                PathSegment::CubicTo(first, second, to) => {
                    let ((x1, y1), (x2, y2), (x, y)) = (at(first), at(second), at(to));
                    self.content.cubic_to(x1, y1, x2, y2, x, y);
                    last = to;
                }
                PathSegment::Close => {
                    self.content.close_path();
                }
            }
        }
    }
}

fn shares(colour: Color) -> [f32; 3] {
    [colour.red, colour.green, colour.blue].map(|of| f32::from(of) / 255.0)
}
