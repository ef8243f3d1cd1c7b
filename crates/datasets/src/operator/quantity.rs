//! Amounts as operators write them: `4Gi`, `500m`, `2 vCPU`, `16GB`, `0.5`.
//!
//! Every amount becomes an integer of the base unit of its kind, exactly: the text is taken apart as a decimal, never
//! as a floating-point number, and what is no whole number of base units is refused rather than rounded.

use std::fmt;

/// What kind of amount a resource is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Processors; the base unit is the millicore.
    Cores,
    /// Memory, disk; the base unit is the byte.
    Bytes,
    /// Anything else (GPUs, addresses, IOPS); the base unit is a thousandth.
    Count,
}

impl Kind {
    /// The base unit, as tables and JSON name it.
    pub fn base(self) -> &'static str {
        match self {
            Self::Cores => "millicore",
            Self::Bytes => "byte",
            Self::Count => "thousandth",
        }
    }

    /// An amount of base units for people, exactly: `2.5 vCPU`, `1536 MiB`, `3`.
    pub fn show(self, amount: u64) -> String {
        match self {
            Self::Cores => format!("{} vCPU", decimal(amount.into(), 3)),
            Self::Count => decimal(amount.into(), 3),
            Self::Bytes => {
                let whole = |&&(_, bytes): &&(&str, u64)| amount.is_multiple_of(bytes);
                let (name, bytes) =
                    BINARY.iter().find(whole).filter(|_| amount > 0).unwrap_or(&("B", 1));
                format!("{} {name}", amount / bytes)
            }
        }
    }

    /// An amount for people, to one decimal place where it is large: `172.8 GiB`.
    pub fn about(self, amount: u64) -> String {
        let largest = BINARY.iter().find(|(_, bytes)| amount >= *bytes);
        match (self, largest) {
            (Self::Bytes, Some(&(name, bytes))) if !amount.is_multiple_of(bytes) => {
                format!("{:.1} {name}", amount as f64 / bytes as f64)
            }
            _ => self.show(amount),
        }
    }

    fn expected(self, unit: Option<Unit>) -> String {
        match (self, unit) {
            (Self::Cores, _) => "processors, such as 2, 0.5, 500m, 2 vCPU".to_owned(),
            (Self::Bytes, Some(_)) => "bytes, such as 4Gi, 16GB, 2048 MiB, or a number".to_owned(),
            (Self::Bytes, None) => {
                "bytes with a unit, such as 4Gi, 16GB, 2048 MiB (or a unit in the header: memory (GiB))"
                    .to_owned()
            }
            (Self::Count, _) => "a number, such as 2, 0.5, 500m".to_owned(),
        }
    }
}

/// Binary units, the greatest first.
const BINARY: [(&str, u64); 6] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// A unit of a kind: `numerator / denominator` base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    numerator: u128,
    denominator: u128,
}

impl Unit {
    /// The base unit itself.
    pub const BASE: Self = Self { numerator: 1, denominator: 1 };
    /// A mebibyte.
    pub const MEBIBYTE: Self = Self { numerator: 1 << 20, denominator: 1 };
    /// A gibibyte.
    pub const GIBIBYTE: Self = Self { numerator: 1 << 30, denominator: 1 };

    const fn times(numerator: u128) -> Self {
        Self { numerator, denominator: 1 }
    }

    /// The unit of that name among those of a kind; `None` if there is none. Single letters are case-sensitive (`m`
    /// is a thousandth, `M` a million), words are not.
    pub fn named(name: &str, kind: Kind) -> Option<Self> {
        let one = match kind {
            Kind::Bytes => 1,
            Kind::Cores | Kind::Count => 1000,
        };
        let word = name.to_ascii_lowercase();
        if kind == Kind::Cores {
            match &*word {
                "vcpu" | "vcpus" | "cpu" | "cpus" | "core" | "cores" => {
                    return Some(Self::times(1000));
                }
                "millicore" | "millicores" | "mcpu" => return Some(Self::BASE),
                _ => {}
            }
        }
        if kind == Kind::Bytes
            && let Some(unit) = bytes(name, &word)
        {
            return Some(unit);
        }
        let (numerator, denominator) = match name {
            "n" => (1, 1_000_000_000),
            "u" => (1, 1_000_000),
            "m" => (1, 1000),
            "k" | "K" => (1000, 1),
            "M" => (1_000_000, 1),
            "G" => (1_000_000_000, 1),
            "T" => (1_000_000_000_000, 1),
            "P" => (1_000_000_000_000_000, 1),
            "E" => (1_000_000_000_000_000_000, 1),
            _ => return None,
        };
        Some(Self { numerator: one * numerator, denominator })
    }
}

/// Units that only bytes have.
fn bytes(name: &str, word: &str) -> Option<Unit> {
    let power = |letter: char| "kmgtpe".find(letter).map(|place| place as u32 + 1);
    match word {
        "b" | "byte" | "bytes" => return Some(Unit::BASE),
        _ => {}
    }
    let mut letters = word.chars();
    let power = power(letters.next()?)?;
    match letters.as_str() {
        "ib" => Some(Unit::times(1 << (10 * power))),
        // `Gi` as Kubernetes writes it; `gi` is nobody's.
        "i" if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
            Some(Unit::times(1 << (10 * power)))
        }
        "b" => Some(Unit::times(1000_u128.pow(power))),
        _ => None,
    }
}

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError {
    /// What should have been there.
    pub expected: String,
    /// What was there, and what is wrong with it.
    pub found: String,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for QuantityError {}

/// Reads an amount in base units of its kind. A bare number counts `unit`; without one, processors and counts are
/// whole ones, and bytes are refused because nobody can tell what they count.
///
/// # Errors
/// The text is no amount of this kind, is negative, is no whole number of base units, or exceeds 64 bits.
pub fn amount(text: &str, kind: Kind, unit: Option<Unit>) -> Result<u64, QuantityError> {
    let error = |why: &str| QuantityError {
        expected: kind.expected(unit),
        found: format!("{text:?}{why}"),
    };
    let (number, rest) = Decimal::prefix(text.trim()).map_err(error)?;
    let unit = match rest.trim() {
        "" => match (unit, kind) {
            (Some(unit), _) => unit,
            (None, Kind::Cores | Kind::Count) => Unit::times(1000),
            (None, Kind::Bytes) if number.digits == 0 => Unit::BASE,
            (None, Kind::Bytes) => return Err(error(" without a unit")),
        },
        name => Unit::named(name, kind).ok_or_else(|| error(""))?,
    };
    number.scaled(unit).map_err(|fault| match fault {
        Fault::Inexact => error(&format!(", which is no whole number of {}s", kind.base())),
        Fault::TooLarge => error(&format!(", which exceeds 2^64 - 1 {}s", kind.base())),
    })
}

/// Reads a decimal with at most `places` decimal places, as an integer of the last place: `1.25` with six places is
/// 1250000.
///
/// # Errors
/// The text is no decimal, is negative, has more places, or the integer exceeds 64 bits.
pub fn fixed(text: &str, places: u32) -> Result<u64, QuantityError> {
    let expected = format!("a number of at least 0 with at most {places} decimal places");
    let error =
        |why: &str| QuantityError { expected: expected.clone(), found: format!("{text:?}{why}") };
    let (number, rest) = Decimal::prefix(text.trim()).map_err(error)?;
    if !rest.is_empty() {
        return Err(error(""));
    }
    number.scaled(Unit::times(10_u128.pow(places))).map_err(|fault| match fault {
        Fault::Inexact => error(""),
        Fault::TooLarge => error(", which is too large"),
    })
}

/// An integer of the last of `places` decimal places, as a decimal without trailing zeros.
pub fn decimal(value: u128, places: u32) -> String {
    let one = 10_u128.pow(places);
    let text = format!("{}.{:0width$}", value / one, value % one, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `digits x 10^exponent`.
struct Decimal {
    digits: u128,
    exponent: i32,
}

enum Fault {
    Inexact,
    TooLarge,
}

impl Decimal {
    /// The number that a text begins with, and the rest.
    fn prefix(text: &str) -> Result<(Self, &str), &'static str> {
        if text.starts_with(['-', '\u{2212}']) {
            return Err(", which is negative");
        }
        let text = text.strip_prefix('+').unwrap_or(text);
        let mut number = Self { digits: 0, exponent: 0 };
        let mut seen = false;
        let mut point = false;
        let mut end = text.len();
        for (place, c) in text.char_indices() {
            match c {
                '0'..='9' => {
                    let digit = u128::from(c as u32 - '0' as u32);
                    let longer = number.digits.checked_mul(10).and_then(|n| n.checked_add(digit));
                    number.digits = longer.ok_or(", which has too many digits")?;
                    number.exponent -= i32::from(point);
                    seen = true;
                }
                '.' if !point => point = true,
                _ => {
                    end = place;
                    break;
                }
            }
        }
        if !seen {
            return Err("");
        }
        let rest = &text[end..];
        // `1E` is an exa of something, `1E3` a thousand.
        let Some(after) = rest.strip_prefix(['e', 'E']) else { return Ok((number, rest)) };
        let sign = usize::from(after.starts_with(['+', '-']));
        let digits = after[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Ok((number, rest));
        }
        let exponent: i32 =
            after[..sign + digits].parse().ok().filter(|e| (-99..=99).contains(e)).ok_or("")?;
        number.exponent += exponent;
        Ok((number, &after[sign + digits..]))
    }

    /// The value in base units.
    fn scaled(&self, unit: Unit) -> Result<u64, Fault> {
        if self.digits == 0 {
            return Ok(0);
        }
        let power = |exponent: u32| 10_u128.checked_pow(exponent).ok_or(Fault::TooLarge);
        let mut digits = self.digits;
        let mut exponent = self.exponent;
        while exponent < 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        let (mut above, mut below) = (unit.numerator, unit.denominator);
        if let Ok(exponent) = u32::try_from(exponent) {
            above = above.checked_mul(power(exponent)?).ok_or(Fault::TooLarge)?;
        } else {
            // Below 10^-38 nothing is a whole number.
            let places = power(exponent.unsigned_abs()).map_err(|_| Fault::Inexact)?;
            below = below.checked_mul(places).ok_or(Fault::Inexact)?;
        }
        // Shortened crosswise, so that the product leaves 128 bits only if the value does.
        let (left, right) = (gcd(digits, below), gcd(above, below));
        let (digits, below) = (digits / left, below / left);
        let right = gcd(right, below);
        let (above, below) = (above / right, below / right);
        if below != 1 {
            return Err(Fault::Inexact);
        }
        let value = digits.checked_mul(above).ok_or(Fault::TooLarge)?;
        u64::try_from(value).map_err(|_| Fault::TooLarge)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_operators_write() {
        let gib = 1_u64 << 30;
        for (text, kind, expected) in [
            ("4Gi", Kind::Bytes, 4 * gib),
            ("500m", Kind::Cores, 500),
            ("2 vCPU", Kind::Cores, 2000),
            ("16GB", Kind::Bytes, 16_000_000_000),
            ("1.5", Kind::Cores, 1500),
            ("2048 MiB", Kind::Bytes, 2 * gib),
            ("0.5", Kind::Count, 500),
            ("1.5Gi", Kind::Bytes, gib + gib / 2),
            ("128974848", Kind::Count, 128_974_848_000),
            ("129e6 B", Kind::Bytes, 129_000_000),
            ("128974848000m", Kind::Bytes, 128_974_848),
            ("1E", Kind::Bytes, 1_000_000_000_000_000_000),
            ("1E3B", Kind::Bytes, 1000),
            ("16 gb", Kind::Bytes, 16_000_000_000),
            ("12 Cores", Kind::Cores, 12_000),
            ("1500000u", Kind::Cores, 1500),
            ("+3", Kind::Count, 3000),
            ("1.50000000000000000000000000000", Kind::Cores, 1500),
            (".5", Kind::Cores, 500),
            ("0", Kind::Bytes, 0),
        ] {
            assert_eq!(amount(text, kind, None), Ok(expected), "{text}");
        }
        assert_eq!(amount("16", Kind::Bytes, Some(Unit::GIBIBYTE)), Ok(16 * gib));
        assert_eq!(amount("16Mi", Kind::Bytes, Some(Unit::GIBIBYTE)), Ok(16 << 20), "its own unit");
    }

    #[test]
    fn what_is_refused_and_why() {
        for (text, kind, why) in [
            ("-1", Kind::Cores, "negative"),
            ("0.0005", Kind::Cores, "no whole number of millicores"),
            ("1n", Kind::Cores, "no whole number"),
            ("1.1Ki", Kind::Bytes, "no whole number of bytes"),
            ("16", Kind::Bytes, "without a unit"),
            ("16 Gib ish", Kind::Bytes, "expected bytes"),
            ("4g", Kind::Bytes, "expected bytes"),
            ("4Gi", Kind::Cores, "expected processors"),
            ("2,5", Kind::Cores, "expected processors"),
            ("", Kind::Count, "expected a number"),
            ("1.2.3", Kind::Count, "expected a number"),
            ("NaN", Kind::Count, "expected a number"),
            ("1e400", Kind::Count, "expected a number"),
            ("99999999999999999999", Kind::Cores, "exceeds 2^64"),
            ("16EiB", Kind::Bytes, "exceeds 2^64"),
            ("9999999999999999999999999999999999999999", Kind::Count, "too many digits"),
        ] {
            let error = amount(text, kind, None).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert_eq!(fixed("0.0255", 6), Ok(25_500));
        assert!(fixed("0.0000001", 6).is_err());
        assert!(fixed("3 EUR", 6).is_err());
    }

    proptest! {
        /// Against the definition: the digits as an integer times the unit, divided by the power of ten.
        #[test]
        fn exact_or_refused(whole in 0_u64..10_000_000, places in 0_usize..10, part in 0_u64..1_000_000_000, which in 0_usize..5) {
            let (unit, factor) =
                [("", 1000_u128), ("m", 1), ("k", 1_000_000), (" vCPU", 1000), ("M", 1_000_000_000)][which];
            let part = format!("{part:09}")[..places.min(9)].to_owned();
            let text = format!("{whole}.{part}{unit}");
            let digits: u128 = format!("{whole}{part}").parse().expect("digits");
            let (scaled, below) = (digits * factor, 10_u128.pow(part.len() as u32));
            match amount(&text, Kind::Cores, None) {
                Ok(value) => prop_assert_eq!(u128::from(value) * below, scaled),
                Err(_) => prop_assert!(scaled % below != 0 || scaled / below > u128::from(u64::MAX)),
            }
        }

        #[test]
        fn shown_amounts_read_back(value in any::<u64>(), shift in 0_u32..60) {
            let value = value >> shift;
            for kind in [Kind::Cores, Kind::Bytes, Kind::Count] {
                prop_assert_eq!(amount(&kind.show(value), kind, None), Ok(value));
            }
            prop_assert_eq!(fixed(&decimal(value.into(), 6), 6), Ok(value));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            for kind in [Kind::Cores, Kind::Bytes, Kind::Count] {
                let _ = amount(&text, kind, None);
            }
        }
    }
}
