//! What every figure draws with: a canvas over plotters' SVG backend, scales, the look of a method, and
//! labels that keep out of each other's way.

mod canvas;
mod labels;
mod look;
mod pdf;
mod scale;
mod svg;

pub(crate) use canvas::{Anchor, Area, Canvas, Ink, Pen, Type, paint};
pub(crate) use labels::{
    EndLabel, PointLabel, draw_end_labels, draw_point_labels, end_labels_height, shortened,
    text_width,
};
pub(crate) use look::{DARK, Look, Marker, RAMP, STRANDED, USED, kind_colour, kind_title, looks};
pub(crate) use scale::{Scale, Unit};
pub use svg::{DrawError, Svg};
