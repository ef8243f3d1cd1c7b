//! A sample as OpenMetrics text.
//!
//! The metadata of a counter name it with its `_total`, as version 2 of the format and Prometheus have it:
//! `promtool check metrics` takes nothing else. For the same reason counters have no `UNIT` line; their name and help
//! say what they count.

use std::fmt::Write as _;

/// Text that grows family by family.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// A label: its name and value.
pub(super) type Label<'a> = Option<(&'a str, &'a str)>;

impl Exposition {
    /// Begins a family: its full name, whether it is a counter, its unit, and its help.
    pub(super) fn family(&mut self, name: &str, is_counter: bool, unit: &str, help: &str) {
        let kind = if is_counter { "counter" } else { "gauge" };
        let _ = writeln!(self.0, "# HELP {name} {}", escaped(help));
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
        if !unit.is_empty() && !is_counter {
            let _ = writeln!(self.0, "# UNIT {name} {unit}");
        }
    }

    /// Appends a value of the family.
    pub(super) fn value(&mut self, name: &str, label: Label<'_>, value: &str) {
        self.0.push_str(name);
        if let Some((label, of)) = label {
            let _ = write!(self.0, "{{{label}=\"{}\"}}", escaped(of));
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// The text with its end.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

/// A text in which backslashes, quotes and ends of lines are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_by_hand() {
        let mut text = Exposition::default();
        text.family("vmpack_a_bytes", false, "bytes", "A.");
        text.value("vmpack_a_bytes", Some(("vm", "x\"y\\z\n")), "1.5");
        text.family("vmpack_b_total", true, "", "B.");
        text.value("vmpack_b_total", None, "2");
        let expected = "# HELP vmpack_a_bytes A.\n# TYPE vmpack_a_bytes gauge\n# UNIT vmpack_a_bytes bytes\n\
                        vmpack_a_bytes{vm=\"x\\\"y\\\\z\\n\"} 1.5\n\
                        # HELP vmpack_b_total B.\n# TYPE vmpack_b_total counter\nvmpack_b_total 2\n# EOF\n";
        assert_eq!(text.finish(), expected);
    }
}
