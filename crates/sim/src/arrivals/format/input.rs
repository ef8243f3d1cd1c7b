//! Lines of files, compressed or not, and the numbers in them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use super::{TraceError, quoted};

/// The lines of a file with their numbers.
pub(crate) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    line: u64,
    text: String,
}

/// What is expected where an integer should be.
pub(super) const AN_INTEGER: &str = "an integer that is not negative";

/// What is expected where a decimal number should be.
pub(super) const A_NUMBER: &str = "a number that is not negative, and not huge";

/// Bytes read at a time.
const BUFFER: usize = 1 << 16;

impl Lines {
    /// Opens a file; gzip and zstd are recognised by their first bytes.
    pub(crate) fn open(path: &Path) -> Result<Self, TraceError> {
        let reader = reader(path).map_err(|source| TraceError::Io { path: path.into(), source })?;
        Ok(Self { path: path.into(), reader, line: 0, text: String::new() })
    }

    /// Goes to the next line; whether there is one.
    pub(crate) fn advance(&mut self) -> Result<bool, TraceError> {
        self.text.clear();
        let read = self.reader.read_line(&mut self.text);
        self.line += 1;
        match read {
            Ok(0) => Ok(false),
            Ok(_) => {
                self.text.truncate(self.text.trim_end_matches(['\n', '\r']).len());
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Err(self.error("text", "UTF-8", &error.to_string()))
            }
            Err(source) => Err(TraceError::Io { path: self.path.clone(), source }),
        }
    }

    /// Goes to the next line that is not blank; whether there is one.
    pub(crate) fn advance_to_text(&mut self) -> Result<bool, TraceError> {
        while self.advance()? {
            if !self.text.trim().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The line, without its end.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A fault in the line.
    pub(crate) fn fault(&self, field: &'static str, expected: &str, found: &str) -> TraceError {
        self.error(field, expected, &quoted(found))
    }

    /// A fault of the trace as a whole.
    pub(crate) fn whole(&self, reason: impl Into<String>) -> TraceError {
        TraceError::Whole { path: self.path.clone(), reason: reason.into() }
    }

    fn error(&self, field: &'static str, expected: &str, found: &str) -> TraceError {
        TraceError::Field {
            path: self.path.clone(),
            line: self.line,
            field,
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// Reads an integer.
    pub(crate) fn integer(&self, field: &'static str, text: &str) -> Result<u64, TraceError> {
        let text = text.trim();
        text.parse().map_err(|_| self.fault(field, AN_INTEGER, text))
    }

    /// Reads a decimal number that is not negative, in units of `1/scale`.
    pub(crate) fn decimal(
        &self,
        field: &'static str,
        text: &str,
        scale: u64,
        rounding: Rounding,
    ) -> Result<u64, TraceError> {
        let text = text.trim();
        decimal(text, scale, rounding).ok_or_else(|| self.fault(field, A_NUMBER, text))
    }
}

/// What becomes of a part of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Up,
    Down,
}

/// Reads `12`, `12.5` or `1.25e1` in units of `1/scale`, exactly; less than 2^63.
pub(crate) fn decimal(text: &str, scale: u64, rounding: Rounding) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Digits beyond the 19th only decide whether there is something to round up.
    let (mut value, mut dropped, mut more) = (0_u128, 0_i32, false);
    for digit in digits() {
        if value < 1_000_000_000_000_000_000 {
            value = value * 10 + u128::from(digit - b'0');
        } else {
            dropped += 1;
            more |= digit != b'0';
        }
    }
    let power = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    let mut value = value * u128::from(scale);
    for _ in 0..power.max(0) {
        value = value.checked_mul(10).filter(|&value| value >> 100 == 0)?;
        if value == 0 {
            break;
        }
    }
    for _ in 0..power.min(0).unsigned_abs() {
        more |= value % 10 != 0;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    more &= rounding == Rounding::Up;
    u64::try_from(value + u128::from(more)).ok().filter(|value| value >> 63 == 0)
}

/// The first line of a file that is not blank, or nothing; at most a few thousand bytes of it.
pub(crate) fn first_line(path: &Path) -> Result<String, TraceError> {
    let io = |source| TraceError::Io { path: path.into(), source };
    let mut bytes = Vec::new();
    reader(path).map_err(io)?.take(1 << 12).read_to_end(&mut bytes).map_err(io)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned())
}

/// The bytes of a file, decompressed.
fn reader(path: &Path) -> std::io::Result<Box<dyn BufRead>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic)?;
    file.rewind()?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        let inner = flate2::read::MultiGzDecoder::new(file);
        return Ok(Box::new(BufReader::with_capacity(BUFFER, inner)));
    }
    if magic == [0x28, 0xb5, 0x2f, 0xfd] {
        let inner = ruzstd::decoding::StreamingDecoder::new(BufReader::new(file))
            .map_err(std::io::Error::other)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER, inner)));
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let up = |text, scale| decimal(text, scale, Rounding::Up);
        assert_eq!(up("1.75", 1024), Some(1792));
        assert_eq!(up("0.125", 1_000_000), Some(125_000));
        assert_eq!(up("0.0000001", 1000), Some(1), "rounded up");
        assert_eq!(up("1e-05", 1_000_000), Some(10));
        assert_eq!(up("2.5E3", 1), Some(2500));
        assert_eq!(up("0.30000000000000000000001", 10), Some(4), "rounded up");
        assert_eq!(up("0e999999999", 10), Some(0));
        assert_eq!(up("5e-999999999", 10), Some(1));
        assert_eq!(up("007", 1), Some(7));
        assert_eq!(decimal("0.0104166666666667", 1_000_000, Rounding::Down), Some(10_416));
        for wrong in
            ["", ".", "-1", "+1", "1,5", "1e", "nan", "inf", "1e40", "99999999999999999999"]
        {
            assert_eq!(up(wrong, 1), None, "{wrong}");
        }
    }
}
