//! The look of a method: the colour says its kind, tone, dash and marker say which one it is.
//!
//! The base colours are those of Okabe and Ito (2008, "Color Universal Design"), which stay apart in
//! all common kinds of colour blindness; each kind has a dark tone besides.

use std::collections::BTreeMap;

use plotters::style::RGBColor;
use vmpack_model::Kind;

use super::canvas::Ink;
use super::svg::DASHES;

/// The shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    TriangleDown,
    Pentagon,
    Plus,
    Cross,
}

impl Marker {
    const ALL: [Self; 8] = [
        Self::Circle,
        Self::Square,
        Self::Triangle,
        Self::Diamond,
        Self::TriangleDown,
        Self::Pentagon,
        Self::Plus,
        Self::Cross,
    ];

    /// The marker of a kind, where one point stands for one method and its name is beside it.
    pub(crate) fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Greedy => Self::Circle,
            Kind::Policy => Self::Plus,
            Kind::DynamicProgramming => Self::Square,
            Kind::LinearProgramming => Self::Triangle,
            Kind::ColumnGeneration => Self::Diamond,
            Kind::LocalSearch => Self::TriangleDown,
            Kind::External => Self::Pentagon,
        }
    }
}

/// How a method is drawn in every figure of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) colour: RGBColor,
    /// An index into the dash patterns; 0 is the solid line.
    pub(crate) dash: usize,
    pub(crate) marker: Marker,
}

impl Look {
    /// The look of what is only there for comparison.
    pub(crate) const CONTEXT: Self = Self { colour: Ink::CONTEXT, dash: 0, marker: Marker::Circle };

    /// The look of a policy by its place among those that are compared: neighbours differ in colour and marker, and
    /// the dash tells apart where colours come again.
    pub(crate) fn of_policy(place: usize) -> Self {
        const COLOURS: [RGBColor; 9] =
            [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, CRIMSON, TEAL, SLATE];
        Self {
            colour: COLOURS[place % COLOURS.len()],
            dash: place / COLOURS.len() % DASHES.len(),
            marker: Marker::ALL[place % Marker::ALL.len()],
        }
    }
}

const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
const NAVY: RGBColor = RGBColor(0x10, 0x3A, 0x66);
const VERMILLION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
const BROWN: RGBColor = RGBColor(0x7A, 0x30, 0x00);
const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
const PINE: RGBColor = RGBColor(0x00, 0x4D, 0x3A);
const CRIMSON: RGBColor = RGBColor(0xB0, 0x1E, 0x3C);
const GOLD: RGBColor = RGBColor(0xB8, 0x8A, 0x00);
const VIOLET: RGBColor = RGBColor(0x5B, 0x2A, 0x86);
const TEAL: RGBColor = RGBColor(0x0B, 0x7A, 0x87);
const OLIVE: RGBColor = RGBColor(0x7D, 0x8B, 0x1F);
const PINK: RGBColor = RGBColor(0xD9, 0x4F, 0x9B);
const SLATE: RGBColor = RGBColor(0x4A, 0x55, 0x60);
const STONE: RGBColor = RGBColor(0x9A, 0x93, 0x86);
const COAL: RGBColor = RGBColor(0x12, 0x14, 0x18);

/// What is in use.
pub(crate) const USED: RGBColor = BLUE;
/// What is free, but of no use to anybody.
pub(crate) const STRANDED: RGBColor = ORANGE;

/// The steps of a map from least to most: one hue from light to dark, so that the order survives every kind of colour
/// blindness and a black-and-white printer.
pub(crate) const RAMP: [RGBColor; 7] = [
    RGBColor(0xE3, 0xF0, 0xFA),
    RGBColor(0xC6, 0xDF, 0xF2),
    RGBColor(0x9C, 0xC7, 0xE6),
    RGBColor(0x64, 0xA7, 0xD6),
    RGBColor(0x2F, 0x82, 0xBF),
    RGBColor(0x0B, 0x58, 0x93),
    RGBColor(0x08, 0x2B, 0x57),
];

/// What colours of figures become on a dark screen; those not named keep their look on both.
pub(crate) const DARK: [(RGBColor, RGBColor); 21] = [
    (Ink::TEXT, RGBColor(0xE8, 0xE8, 0xE8)),
    (Ink::AXIS, RGBColor(0xB4, 0xB4, 0xB4)),
    (Ink::GRID, RGBColor(0x36, 0x3A, 0x3F)),
    (Ink::CONTEXT, RGBColor(0x4C, 0x51, 0x57)),
    (Ink::FRONT, RGBColor(0x8C, 0x92, 0x99)),
    (Ink::PAPER, RGBColor(0x1A, 0x1D, 0x21)),
    (BLUE, RGBColor(0x3E, 0x9C, 0xD9)),
    (NAVY, RGBColor(0xA9, 0xC8, 0xEC)),
    (VERMILLION, RGBColor(0xF0, 0x7F, 0x3A)),
    (BROWN, RGBColor(0xD2, 0x9A, 0x72)),
    (GREEN, RGBColor(0x2D, 0xBE, 0x93)),
    (PINE, RGBColor(0x9A, 0xDC, 0xC8)),
    (CRIMSON, RGBColor(0xEE, 0x6A, 0x83)),
    (VIOLET, RGBColor(0xC0, 0x9B, 0xE3)),
    (TEAL, RGBColor(0x4F, 0xC3, 0xD0)),
    (OLIVE, RGBColor(0xB9, 0xC8, 0x55)),
    (SLATE, RGBColor(0x93, 0xA1, 0xB0)),
    (COAL, RGBColor(0xF4, 0xF1, 0xEA)),
    // The darkest steps stay apart from dark paper.
    (RAMP[4], RGBColor(0x3F, 0x90, 0xCC)),
    (RAMP[5], RGBColor(0x2A, 0x6F, 0xB0)),
    (RAMP[6], RGBColor(0x1F, 0x4E, 0x8C)),
];

fn tones(kind: Kind) -> [RGBColor; 3] {
    match kind {
        Kind::Greedy => [BLUE, SKY, NAVY],
        Kind::DynamicProgramming => [VERMILLION, ORANGE, BROWN],
        Kind::LinearProgramming => [GREEN, PURPLE, PINE],
        Kind::ColumnGeneration => [CRIMSON, GOLD, VIOLET],
        Kind::LocalSearch => [TEAL, OLIVE, PINK],
        Kind::External => [SLATE, STONE, COAL],
        Kind::Policy => [VIOLET, VERMILLION, GREEN],
    }
}

/// The main colour of a kind.
pub(crate) fn kind_colour(kind: Kind) -> RGBColor {
    tones(kind)[0]
}

/// The kind as a heading.
pub(crate) fn kind_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Greedy => "Greedy",
        Kind::DynamicProgramming => "Dynamic programming",
        Kind::LinearProgramming => "Linear programming",
        Kind::ColumnGeneration => "Column generation",
        Kind::LocalSearch => "Local search",
        Kind::External => "External programs",
        Kind::Policy => "Policies",
    }
}

/// A look for every method. Tone and dash differ between any two of the first eighteen methods of a
/// kind, tone, dash and marker between any two of the first seventy-two.
pub(crate) fn looks<'a>(
    methods: impl IntoIterator<Item = (&'a str, Kind)>,
) -> BTreeMap<&'a str, Look> {
    let mut seen: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut looks = BTreeMap::new();
    for (method, kind) in methods {
        let place = seen.entry(kind).or_default();
        let colours = tones(kind);
        // Shifting the dash by one after each round keeps the pairs apart, though 3 divides 6.
        let dash = (*place + *place / DASHES.len()) % DASHES.len();
        looks.insert(
            method,
            Look {
                colour: colours[*place % colours.len()],
                dash,
                marker: Marker::ALL[*place % Marker::ALL.len()],
            },
        );
        *place += 1;
    }
    looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_methods_look_alike() {
        let kinds = [
            Kind::Greedy,
            Kind::DynamicProgramming,
            Kind::LinearProgramming,
            Kind::ColumnGeneration,
            Kind::LocalSearch,
            Kind::External,
        ];
        let names: Vec<(String, Kind)> =
            (0..72).map(|k| (format!("m{k:02}"), kinds[k % kinds.len()])).collect();
        let looks = looks(names.iter().map(|(name, kind)| (name.as_str(), *kind)));
        let mut seen: Vec<(RGBColor, usize)> = Vec::new();
        for look in looks.values() {
            assert!(!seen.contains(&(look.colour, look.dash)), "{look:?} twice");
            seen.push((look.colour, look.dash));
        }
    }
}
