//! A finished figure: SVG text, and the PNG and PDF made from it.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

/// The font of all figures; readers without it fall back to what they have.
pub(super) const FONT: &str = "DejaVu Sans, sans-serif";

/// How many of plotters' integer pixels make one pixel of the figure: curves are smooth to a tenth.
pub(super) const SUBPIXELS: f64 = 10.0;

/// The patterns of dashed lines, in pixels. The first is the solid line.
pub(super) const DASHES: [(f64, &str); 6] = [
    (1.0, ""),
    (0.999_91, "70 35"),
    (0.999_92, "20 25"),
    (0.999_93, "90 30 20 30"),
    (0.999_94, "140 40"),
    (0.999_95, "40 25 20 25 20 25"),
];

/// A figure as an SVG document of its own, without scripts, links or styles from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg {
    width: u32,
    height: u32,
    text: String,
}

/// A figure could not be drawn or rendered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DrawError {
    /// The SVG could not be written.
    #[error("cannot draw: {0}")]
    Draw(String),
    /// The SVG could not be turned into another format.
    #[error("cannot render: {0}")]
    Render(String),
}

impl Svg {
    /// Makes a document of what plotters drew, at `SUBPIXELS` times the size.
    ///
    /// plotters' line styles know no dashes. The index of the pattern travels as an opacity that the eye
    /// cannot tell from 1, and becomes the attribute that SVG has for it here.
    pub(super) fn finish(drawn: &str, (width, height): (u32, u32), title: &str) -> Self {
        let body = drawn.split_once('>').map_or("", |(_, body)| body);
        let mut body = body.replace("opacity=\"1\" ", "");
        for (alpha, pattern) in &DASHES[1..] {
            body = body.replace(
                &format!("opacity=\"{alpha}\""),
                &format!("stroke-dasharray=\"{pattern}\""),
            );
        }
        body = body.replace(&format!("font-family=\"{FONT}\" "), "");
        let (inner_width, inner_height) =
            (f64::from(width) * SUBPIXELS, f64::from(height) * SUBPIXELS);
        let title = escaped(title);
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {inner_width} {inner_height}\" font-family=\"{FONT}\" \
             stroke-linejoin=\"round\" role=\"img\" aria-label=\"{title}\">{body}"
        );
        Self { width, height, text }
    }

    /// The document.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The document with a note on what made it.
    pub(crate) fn with_source(&self, source: &str) -> String {
        let (head, body) = self.text.split_once('>').unwrap_or_default();
        format!("{head}><metadata>{}</metadata>{body}", escaped(source))
    }

    /// Renders a PNG of `scale` times the size, with the bundled font.
    ///
    /// # Errors
    /// [`DrawError::Render`] when the document does not parse or the picture does not fit in memory.
    pub fn to_png(&self, scale: f32) -> Result<Vec<u8>, DrawError> {
        self.parsed()?.to_png(scale, None)
    }

    /// The document read again, to be turned into other formats.
    pub(crate) fn parsed(&self) -> Result<Parsed, DrawError> {
        parse(&self.text).map(Parsed).map_err(|source| DrawError::Render(source.to_string()))
    }
}

/// A document whose text has become outlines.
pub(crate) struct Parsed(usvg::Tree);

impl Parsed {
    /// A PNG of `scale` times the size, with a note on what made it.
    pub(crate) fn to_png(&self, scale: f32, source: Option<&str>) -> Result<Vec<u8>, DrawError> {
        let pixels = |length: f32| (length * scale).round() as u32;
        let size = self.0.size();
        let (width, height) = (pixels(size.width()), pixels(size.height()));
        let mut pixmap = Pixmap::new(width, height).ok_or_else(|| {
            DrawError::Render(format!("{width} x {height} pixels are too many or too few"))
        })?;
        resvg::render(&self.0, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
        // The paper of a figure is opaque, so there is nothing to see through.
        let colours: Vec<u8> =
            pixmap.data().as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        let mut picture = Vec::new();
        let mut write = || -> Result<(), png::EncodingError> {
            let mut encoder = png::Encoder::new(&mut picture, width, height);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            // Figures are flat: bytes repeat better than their differences, and little effort finds it.
            encoder.set_filter(png::Filter::NoFilter);
            encoder.set_deflate_compression(png::DeflateCompression::Level(3));
            if let Some(source) = source {
                encoder.add_itxt_chunk("Comment".to_owned(), source.to_owned())?;
            }
            encoder.write_header()?.write_image_data(&colours)
        };
        write().map_err(|source| DrawError::Render(source.to_string()))?;
        Ok(picture)
    }

    /// One page of PDF of the same size, with a title and a note on what made it.
    pub(crate) fn to_pdf(&self, title: &str, source: &str) -> Vec<u8> {
        super::pdf::page(&self.0, title, source)
    }
}

/// Text that is no markup; control characters, which XML forbids, are left out.
fn escaped(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn parse(svg: &str) -> Result<usvg::Tree, usvg::Error> {
    let options = usvg::Options {
        fontdb: Arc::clone(fonts()),
        font_family: "DejaVu Sans".to_owned(),
        ..usvg::Options::default()
    };
    usvg::Tree::from_str(svg, &options)
}

/// The width of everything drawn in a document.
#[cfg(test)]
pub(super) fn ink_width(svg: &str) -> f64 {
    f64::from(parse(svg).expect("a document").root().bounding_box().width())
}

/// The bundled faces, loaded once.
fn fonts() -> &'static Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    })
}
