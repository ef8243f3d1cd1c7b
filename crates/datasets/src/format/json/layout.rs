//! The layout of JSON text: what fits in a line stands in one line.

/// The greatest width of a line that holds more than one value.
const WIDTH: usize = 100;
/// Blanks per level.
const INDENT: usize = 2;

/// Breaks compact JSON into lines: an object or array stands in one line if it fits, else its members
/// have lines of their own. A VM type is then a line, and a file as long as there is something to read.
pub(super) fn lay_out(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 2);
    // Whether each open container is broken into lines.
    let mut broken: Vec<bool> = Vec::new();
    let mut line_start = 0;
    let mut parts = Parts(compact);
    while let Some(part) = parts.next() {
        let break_line = |text: &mut String, levels: usize| {
            text.push('\n');
            let start = text.len();
            text.extend(std::iter::repeat_n(' ', INDENT * levels));
            start
        };
        match part {
            "{" | "[" => {
                let room = WIDTH.saturating_sub(text.len() - line_start);
                let breaks = broken.last() != Some(&false) && !fits(parts.0, room);
                broken.push(breaks);
                text.push_str(part);
                if breaks {
                    line_start = break_line(&mut text, broken.len());
                }
            }
            "}" | "]" => {
                if broken.pop() == Some(true) {
                    line_start = break_line(&mut text, broken.len());
                }
                text.push_str(part);
            }
            "," if broken.last() == Some(&true) => {
                text.push(',');
                line_start = break_line(&mut text, broken.len());
            }
            "," | ":" => {
                text.push_str(part);
                text.push(' ');
            }
            value => text.push_str(value),
        }
    }
    text
}

/// Whether the container whose content begins the text ends within the room.
fn fits(content: &str, room: usize) -> bool {
    let mut depth = 1;
    let mut width = 1;
    for part in Parts(content) {
        width += part.len();
        match part {
            "{" | "[" => depth += 1,
            "}" | "]" => depth -= 1,
            "," | ":" => width += 1,
            _ => {}
        }
        if width > room || depth == 0 {
            break;
        }
    }
    width <= room
}

/// The punctuation marks, strings and other values of compact JSON, one after the other.
struct Parts<'a>(&'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.0.as_bytes();
        let length = match *bytes.first()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => {
                let mut escaped = false;
                let closes = |&byte: &u8| {
                    let closes = byte == b'"' && !escaped;
                    escaped = byte == b'\\' && !escaped;
                    closes
                };
                2 + bytes[1..].iter().position(closes)?
            }
            _ => bytes.iter().position(|byte| b",:]}".contains(byte)).unwrap_or(bytes.len()),
        };
        let (part, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_fits_stands_in_one_line() {
        let long = "x".repeat(90);
        let value = json!({"a": [1, 2, {}], "b": {"c": long, "d": []}});
        let expected = format!(
            "{{\n  \"a\": [1, 2, {{}}],\n  \"b\": {{\n    \"c\": \"{long}\",\n    \"d\": []\n  }}\n}}"
        );
        assert_eq!(lay_out(&value.to_string()), expected);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\],:\n ]{0,40}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[a-z\"\\\\]{0,9}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_layout_changes_no_value(value in any_json()) {
            let text = lay_out(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("still JSON"), value);
            for line in text.lines().filter(|line| line.len() > WIDTH + 1) {
                // A line that is too long holds a single value, with its key.
                let closed = line.trim_end_matches(',').trim_start();
                prop_assert!(!closed.starts_with(['{', '[']) || closed.len() <= 2, "{}", line);
            }
        }
    }
}
