//! What the text formats have in common: numbers between blanks, and the layout of the first lines.

use std::ops::RangeInclusive;

use crate::items::Overflow;

use super::ReadError;

/// The numbers of a file with the lines they stand in.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(content: &'a [u8]) -> Result<Self, ReadError> {
        let rest = utf8(content)?;
        Ok(Self { rest, line: 1 })
    }

    /// The next token, if there is one; afterwards `self.line` is its line.
    fn next(&mut self) -> Option<&'a str> {
        let start = self.rest.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(self.rest.len());
        let (blank, rest) = self.rest.split_at(start);
        self.line += blank.bytes().filter(|&byte| byte == b'\n').count();
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (token, rest) = rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn error(&self, field: String, expected: String, found: String) -> ReadError {
        ReadError { line: Some(self.line), field, expected, found }
    }

    /// The next integer, which must lie in the range; `note` says where the range comes from.
    pub(super) fn integer(
        &mut self,
        field: impl Fn() -> String,
        range: RangeInclusive<u64>,
        note: &str,
    ) -> Result<u64, ReadError> {
        let token = self.next();
        if let Some(value) = token.and_then(plain_integer)
            && range.contains(&value)
        {
            return Ok(value);
        }
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        let expected = match (*range.start(), *range.end()) {
            (least, u64::MAX) => format!("an integer of at least {least}{note}"),
            (least, greatest) => format!("an integer from {least} to {greatest}{note}"),
        };
        Err(self.error(field(), expected, token.map_or_else(end_of_file, describe)))
    }

    /// The next integer, where -1 stands for `None`.
    pub(super) fn availability(
        &mut self,
        field: impl Fn() -> String,
    ) -> Result<Option<u64>, ReadError> {
        match self.next() {
            Some("-1") => Ok(None),
            Some(token) if let Some(value) = plain_integer(token) => Ok(Some(value)),
            token => Err(self.error(
                field(),
                "an integer of at least 0, or -1 for no limit".to_owned(),
                token.map_or_else(end_of_file, describe),
            )),
        }
    }

    /// Nothing may be left.
    pub(super) fn end(mut self, after: &str) -> Result<(), ReadError> {
        match self.next() {
            None => Ok(()),
            Some(token) => {
                let expected = format!("nothing after {after}");
                Err(self.error("end of the file".to_owned(), expected, describe(token)))
            }
        }
    }

    /// A sum left 64 bits at the line read last.
    pub(super) fn overflow(&self, Overflow(what): Overflow) -> ReadError {
        self.error(format!("the {what}"), "a sum below 2^64".to_owned(), "a greater one".to_owned())
    }

    /// Something about the line read last.
    pub(super) fn refuse(&self, field: String, expected: &str, found: String) -> ReadError {
        self.error(field, expected.to_owned(), found)
    }
}

/// Text without a byte order mark.
pub(crate) fn utf8(content: &[u8]) -> Result<&str, ReadError> {
    match std::str::from_utf8(content) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let valid = &content[..error.valid_up_to()];
            Err(ReadError {
                line: Some(valid.split(|&byte| byte == b'\n').count()),
                field: "text".to_owned(),
                expected: "UTF-8".to_owned(),
                found: format!("the byte 0x{:02x}", content[error.valid_up_to()]),
            })
        }
    }
}

/// Digits only: no sign, no separators.
fn plain_integer(token: &str) -> Option<u64> {
    token.bytes().all(|byte| byte.is_ascii_digit()).then(|| token.parse().ok()).flatten()
}

fn end_of_file() -> String {
    "the end of the file".to_owned()
}

/// A token as messages show it, with what is peculiar about it.
fn describe(token: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = token.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if token.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    let digits = token.strip_prefix('-').unwrap_or(token);
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match (all_digits, digits.len() < token.len()) {
        (true, true) => format!("the negative number {shown}"),
        (true, false) if token.parse::<u64>().is_err() => {
            format!("{shown}, which exceeds 2^64 - 1")
        }
        (true, false) => shown,
        (false, _) if is_number(token) && token.contains(['.', 'e', 'E']) => {
            format!("the number {shown} with a fraction or exponent")
        }
        (false, _) => format!("\"{shown}\""),
    }
}

/// Whether a token is a number in a wide sense; words such as `inf` are not.
fn is_number(token: &str) -> bool {
    token.bytes().any(|byte| byte.is_ascii_digit())
        && token.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        && token.parse::<f64>().is_ok()
}

/// Tokens per line of the first four lines that are not blank, and the first number of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The number that stands alone in the first line.
    pub(super) first: u64,
    /// Tokens in each of the first four lines that are not blank; 0 after the end of the file.
    pub(super) lines: [usize; 4],
}

/// The layout of content that begins like a text format: numbers only in the first lines, and a single
/// one in the first.
pub(super) fn layout(content: &[u8]) -> Option<Layout> {
    let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
    let mut lines = [0; 4];
    let mut first = None;
    for (count, (_, line)) in lines.iter_mut().zip(written_lines(content)) {
        let line = std::str::from_utf8(line).ok()?;
        let mut tokens = line.split_ascii_whitespace();
        *count = tokens.clone().count();
        if first.is_none() {
            first = Some(tokens.next().and_then(plain_integer)?);
        }
        if !tokens.all(is_number) {
            return None;
        }
    }
    Some(Layout { first: first?, lines }).filter(|layout| layout.lines[0] == 1)
}

/// The lines that are not blank, with their numbers from 1.
fn written_lines(content: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = content.split(|&byte| byte == b'\n').enumerate();
    lines
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| line.iter().any(|byte| !byte.is_ascii_whitespace()))
}

/// The first line that keeps content from being recognised as any format, and what is odd about it.
pub(crate) fn first_oddity(content: &[u8]) -> (usize, String) {
    let Ok(text) = utf8(content) else {
        let line = utf8(content).err().and_then(|error| error.line).unwrap_or(1);
        return (line, "bytes that are not text".to_owned());
    };
    let mut last = None;
    for (line, bytes) in written_lines(text.as_bytes()).take(4) {
        let words = std::str::from_utf8(bytes).unwrap_or_default().split_ascii_whitespace();
        if let Some(word) = words.clone().find(|word| !is_number(word)) {
            return (line, describe(word));
        }
        let count = words.count();
        last = Some((line, format!("{count} number{}", if count == 1 { "" } else { "s" })));
    }
    last.map_or_else(
        || (1, "an empty file".to_owned()),
        |(line, numbers)| (line, format!("{numbers} in this line, a layout that no format has")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_know_their_lines() {
        let mut tokens = Tokens::new(b"\xef\xbb\xbf12\r\n\r\n 7\t8\n").expect("text");
        let field = || "number".to_owned();
        assert_eq!(tokens.integer(field, 0..=u64::MAX, ""), Ok(12));
        assert_eq!(tokens.integer(field, 0..=9, ""), Ok(7));
        let error = tokens.integer(field, 1..=5, "the capacity").expect_err("too large");
        assert_eq!(error.line, Some(3));
        assert_eq!(
            error.to_string(),
            "number: expected an integer from 1 to 5 (the capacity), found 8"
        );
    }

    #[test]
    fn peculiar_tokens_are_called_by_their_name() {
        for (token, described) in [
            ("-3", "the negative number -3"),
            ("2.5", "the number 2.5 with a fraction or exponent"),
            ("1e3", "the number 1e3 with a fraction or exponent"),
            ("18446744073709551616", "18446744073709551616, which exceeds 2^64 - 1"),
            ("abc", "\"abc\""),
            ("-", "\"-\""),
            ("+5", "\"+5\""),
            ("\u{7}", "\"\\u{7}\""),
        ] {
            assert_eq!(describe(token), described);
        }
    }
}
