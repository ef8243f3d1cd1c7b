//! Numbers as spreadsheets write them in one country or another: `65,536`, `65.536,0`, `65 536`, `65'536`.
//!
//! Commas and points group digits in some countries and begin the decimals in others. Which of them a sheet means is
//! taken from its own numbers, or else from what separates its cells: commas leave the point to decimals, semicolons
//! the comma. `65.536` in a sheet that leaves it open is refused.

/// What commas and points mean in a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numerals {
    /// Which of them begins the decimals; the other one groups.
    decimal: Option<char>,
    /// The line whose number shows it.
    line: Option<usize>,
}

impl Numerals {
    /// Of a sheet whose cells are separated by that character, and which has these numbers in these lines.
    pub(super) fn of<'a>(
        separator: char,
        mut numbers: impl Iterator<Item = (usize, &'a str)>,
    ) -> Self {
        let shown = numbers.find_map(|(line, text)| Some((line, decimal_of(text)?)));
        match shown {
            Some((line, decimal)) => Self { decimal: Some(decimal), line: Some(line) },
            None => Self {
                decimal: match separator {
                    ',' => Some('.'),
                    ';' => Some(','),
                    _ => None,
                },
                line: None,
            },
        }
    }

    /// A number as a decimal with a point and without groups; what is wrong with it, if anything is.
    pub(super) fn read(self, text: &str) -> Result<String, String> {
        let mark = text.chars().find(|&c| is_mark(c));
        let decimal = match (decimal_of(text), mark) {
            (Some(own), _) => match (self.decimal, self.line) {
                (Some(other), Some(line)) if other != own => {
                    return Err(format!(", while {other:?} begins the decimals in line {line}"));
                }
                _ => Some(own),
            },
            (None, None) => None,
            // Three digits behind the only mark.
            (None, Some(mark)) => match (self.decimal, self.line) {
                (Some(decimal), Some(_)) => Some(decimal),
                (Some(decimal), None) if decimal != mark => Some(decimal),
                _ => return Err(format!(", whose {mark:?} may group digits or begin decimals")),
            },
        };
        let (whole, part) = match decimal.and_then(|decimal| text.split_once(decimal)) {
            Some((whole, part)) => (whole, Some(part)),
            None => (text, None),
        };
        let whole = ungrouped(whole).ok_or_else(String::new)?;
        match part {
            None => Ok(whole),
            Some(part) if is_digits(part) => Ok(format!("{whole}.{part}")),
            Some(_) => Err(String::new()),
        }
    }
}

/// Commas and points.
fn is_mark(c: char) -> bool {
    matches!(c, ',' | '.')
}

/// What separates groups of digits and nothing else: apostrophes, blanks, and those that do not break.
fn is_gap(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}')
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Which of comma and point begins the decimals, if a number shows it.
fn decimal_of(text: &str) -> Option<char> {
    if !text.chars().all(|c| c.is_ascii_digit() || is_mark(c) || is_gap(c)) {
        return None;
    }
    let last = text.rfind(is_mark)?;
    let (whole, part) = (&text[..last], &text[last + 1..]);
    let mark = if text[last..].starts_with(',') { ',' } else { '.' };
    let other = if mark == ',' { '.' } else { ',' };
    if whole.contains(mark) {
        // It groups, if anything.
        return Some(other);
    }
    let groups = whole.contains(is_gap) || whole.contains(other);
    let open = part.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    (groups || !open).then_some(mark)
}

/// The digits of an integer without separators, or with one kind of separator between groups of three.
fn ungrouped(text: &str) -> Option<String> {
    let separator = text.chars().find(|&c| is_mark(c) || is_gap(c));
    let digits = match separator {
        None => text.to_owned(),
        Some(separator) => {
            let groups: Vec<&str> = text.split(separator).collect();
            let (first, rest) = groups.split_first()?;
            if !(1..=3).contains(&first.len()) || rest.iter().any(|group| group.len() != 3) {
                return None;
            }
            groups.concat()
        }
    };
    is_digits(&digits).then_some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(separator: char, numbers: &[&str]) -> Vec<Result<String, String>> {
        let numerals = Numerals::of(separator, numbers.iter().copied().enumerate());
        numbers.iter().map(|text| numerals.read(text)).collect()
    }

    #[test]
    fn what_countries_write() {
        for (separator, text, value) in [
            (',', "4096", "4096"),
            (',', "4,096", "4096"),
            (';', "4.096", "4096"),
            (';', "1.048.576", "1048576"),
            (',', "1.048.576", "1048576"),
            (';', "65.536,0", "65536.0"),
            (',', "65,536.50", "65536.50"),
            (';', "65536,00", "65536.00"),
            (';', "0,500", "0.500"),
            (';', "16 384", "16384"),
            (';', "16\u{a0}384,5", "16384.5"),
            (';', "16\u{202f}384,500", "16384.500"),
            (',', "1'000", "1000"),
            ('\t', "1234,567", "1234.567"),
            (',', "0", "0"),
        ] {
            assert_eq!(read(separator, &[text]), [Ok(value.to_owned())], "{text}");
        }
        for text in [
            "",
            "-4",
            "4096 MB",
            "1,2345,6",
            "1.0,00.5",
            "4096,",
            ",5",
            "1 00",
            "1,234'567",
            "4.5.6",
        ] {
            assert!(read(';', &[text])[0].is_err(), "{text}");
        }
    }

    #[test]
    fn a_sheet_means_one_thing_or_is_refused() {
        // Three digits behind the only mark may be a group or decimals.
        for (separator, text) in [(',', "4.096"), (';', "4,096"), ('\t', "4,096"), ('\t', "4.096")]
        {
            let error = read(separator, &["8", text])[1].clone().expect_err(text);
            assert!(error.contains("may group digits or begin decimals"), "{error}");
        }
        // Another number tells, wherever it stands.
        let plain = |numbers: &[&str]| -> Vec<String> {
            read('\t', numbers).into_iter().map(|number| number.expect("a number")).collect()
        };
        assert_eq!(plain(&["4,096", "4096,5"]), ["4.096", "4096.5"]);
        assert_eq!(plain(&["4,096", "1,048,576"]), ["4096", "1048576"]);
        assert_eq!(plain(&["4.096", "0,5"]), ["4096", "0.5"]);
        let error = read('\t', &["4096,5", "4096.5"])[1].clone().expect_err("both");
        assert_eq!(error, ", while ',' begins the decimals in line 0");
    }

    proptest! {
        /// Whatever the country, what is written there is read there.
        #[test]
        fn written_numbers_read_back(whole in 0_u64..10_000_000, part in 0_u32..100, country in 0_usize..5) {
            let (group, decimal) = [(",", "."), (".", ","), (" ", ","), ("'", "."), ("", ",")][country];
            let digits = whole.to_string();
            let mut grouped = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    grouped.push_str(group);
                }
                grouped.push(digit);
            }
            let text = format!("{grouped}{decimal}{part:02}");
            prop_assert_eq!(&read('\t', &[&text])[0], &Ok(format!("{whole}.{part:02}")));
        }

        #[test]
        fn no_text_panics(text in "[0-9.,' x]{0,12}", other in "\\PC{0,8}") {
            let _ = read(';', &[&text, &other]);
        }
    }
}
