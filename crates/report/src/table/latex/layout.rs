//! How a table is laid out for a page of a paper: what is left out, which lines are broken, where it is parted.

use super::text::{heading, value};
use super::width::width;
use crate::table::{Cell, Column, Table};

/// The text of the class `article` at 10 pt is 345 pt wide; of kerning and ligatures we know nothing.
const LINE: f64 = 340.0;
/// The columns that say what a row is about take no more of it, nor does any other text.
const KEYS: f64 = 200.0;
const TEXT: f64 = 110.0;
/// Between two columns.
pub(super) const SPACE: f64 = 6.0;

/// A column as it is set.
pub(super) struct Set {
    /// The heading, line by line.
    pub(super) head: Vec<String>,
    pub(super) cells: Vec<String>,
    /// Its letter in the preamble of the table.
    pub(super) preamble: String,
    width: f64,
    /// Lines of the longest text in it.
    pub(super) lines: Vec<usize>,
    joined: bool,
}

/// A table as it is set.
pub(super) struct Layout {
    pub(super) columns: Vec<Set>,
    /// The indices of the columns of each part, which repeats those that say what a row is about.
    pub(super) parts: Vec<Vec<usize>>,
    /// What is the same in all rows and is left out of them.
    pub(super) common: Vec<(&'static str, String)>,
}

impl Layout {
    /// Lays out the columns that readers see; `None` if nothing is to be seen.
    pub(super) fn of(table: &Table) -> Option<Self> {
        let mut shown = table.shown();
        let says = |k: usize| table.rows.iter().any(|row| !is_empty(&row[k]));
        shown.retain(|&k| says(k));
        let is_key = |k: &usize| !table.columns[*k].is_numeric();
        let mut keys = shown.iter().copied().take_while(is_key).count();
        let mut common = Vec::new();
        let mut place = 0;
        while table.rows.len() > 1 && keys > 1 && place < keys {
            let k = shown[place];
            let first = &table.rows.first()?[k];
            if table.rows.iter().all(|row| row[k] == *first) {
                let column = &table.columns[k];
                common.push((column.heading, column.text(first)));
                shown.remove(place);
                keys -= 1;
            } else {
                place += 1;
            }
        }
        let natural = |k: usize| {
            let column = &table.columns[k];
            table.rows.iter().map(|row| width(&value(column, &row[k]))).fold(0.0, f64::max)
        };
        let widths: Vec<f64> = shown.iter().map(|&k| natural(k)).collect();
        let of_keys = fair(&widths[..keys], KEYS - SPACE * keys as f64);
        let columns: Vec<Set> = shown
            .iter()
            .enumerate()
            .map(|(place, &k)| {
                let most = if place < keys { of_keys } else { TEXT };
                Set::new(&table.columns[k], table.rows.iter().map(|row| &row[k]), most)
            })
            .collect();
        let parts = parts(&columns, keys);
        (!columns.is_empty()).then_some(Self { columns, parts, common })
    }
}

fn is_empty(cell: &Cell) -> bool {
    match cell {
        Cell::Nothing => true,
        Cell::Text(text) => text.is_empty(),
        _ => false,
    }
}

impl Set {
    /// The column with these cells; text that is wider than `most` is broken into lines.
    fn new<'a>(column: &Column, cells: impl Iterator<Item = &'a Cell>, most: f64) -> Self {
        let mut cells: Vec<String> = cells.map(|cell| value(column, cell)).collect();
        let mut widest = cells.iter().map(|cell| width(cell)).fold(0.0, f64::max);
        let mut lines = vec![1; cells.len()];
        let mut preamble = if column.is_numeric() { "r" } else { "l" }.to_owned();
        if widest > most && !column.is_numeric() {
            widest = most.floor();
            // A ragged edge leaves a good part of a line empty.
            lines = cells.iter().map(|cell| (1.3 * width(cell) / widest).ceil() as usize).collect();
            cells = cells.iter().map(|cell| breakable(cell, widest)).collect();
            preamble = format!(">{{\\raggedright\\arraybackslash}}p{{{widest}pt}}");
        }
        let head = broken(&heading(column), widest);
        let width = head.iter().map(|line| width(line)).fold(widest, f64::max);
        Self { head, cells, preamble, width, lines, joined: column.joined }
    }
}

/// The most that each may take so that together they take no more than `room`: narrow ones keep what they need.
fn fair(widths: &[f64], room: f64) -> f64 {
    let mut ascending = widths.to_vec();
    ascending.sort_by(f64::total_cmp);
    let mut left = room;
    for (k, width) in ascending.iter().enumerate() {
        let share = left / (ascending.len() - k) as f64;
        if *width > share {
            return share;
        }
        left -= width;
    }
    f64::INFINITY
}

/// The words of a heading in lines that are no wider than what stands below, as far as words are not.
fn broken(heading: &str, below: f64) -> Vec<String> {
    let longest = heading.split(' ').map(width).fold(below, f64::max);
    let mut lines: Vec<String> = Vec::new();
    for word in heading.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + width(" ") + width(word) <= longest => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The text with places where a line may end: after signs between words, and where a word is wider than a line.
fn breakable(tex: &str, line: f64) -> String {
    let mut text = String::with_capacity(tex.len() + 16);
    let mut word = String::new();
    let mut rest = tex;
    while !rest.is_empty() {
        let (sign, after) = rest.split_at(sign_end(rest));
        if width(&word) + width(sign) > line {
            text.push_str("\\allowbreak{}");
            word.clear();
        }
        text.push_str(sign);
        word.push_str(sign);
        if ["/", ",", "=", ":", "\\_", "+", "@", "{-}"].contains(&sign) {
            text.push_str("\\allowbreak{}");
        }
        if sign == " " || text.ends_with("\\allowbreak{}") {
            word.clear();
        }
        rest = after;
    }
    text
}

/// How many bytes the first sign of TeX takes: a character, a group, a formula, or a command with its braces.
fn sign_end(tex: &str) -> usize {
    let first = tex.chars().next().map_or(0, char::len_utf8);
    let closed = |sign: char| tex[first..].find(sign).map_or(tex.len(), |at| first + at + 1);
    match tex.as_bytes()[0] {
        b'{' => closed('}'),
        b'$' => closed('$'),
        b'\\' => {
            let letters = tex[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
            if letters == 0 {
                1 + tex[1..].chars().next().map_or(0, char::len_utf8)
            } else {
                closed('}')
            }
        }
        _ => first,
    }
}

/// The columns of each part: as few parts as there can be, and as narrow as these can be.
fn parts(columns: &[Set], keys: usize) -> Vec<Vec<usize>> {
    let fill = |line: f64| {
        let start: Vec<usize> = (0..keys).collect();
        let taken =
            |part: &[usize]| -> f64 { part.iter().map(|&k| columns[k].width + SPACE).sum() };
        let mut parts = vec![start.clone()];
        let mut next = keys;
        while next < columns.len() {
            let joined = columns[next + 1..].iter().take_while(|column| column.joined).count();
            let block: Vec<usize> = (next..=next + joined).collect();
            next = block[joined] + 1;
            let part = parts.last_mut().expect("there is always one");
            if part.len() > keys && taken(part) + taken(&block) - SPACE > line {
                parts.push([start.clone(), block].concat());
            } else {
                part.extend(block);
            }
        }
        parts
    };
    let widest = fill(LINE);
    let narrower = (1..LINE as usize / 4).map(|step| fill(LINE - 4.0 * step as f64));
    narrower.take_while(|parts| parts.len() == widest.len()).last().unwrap_or(widest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Unit::{Count, Ratio, Text};
    use crate::table::{column, row};

    fn table(columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        Table { name: "t", family: None, title: "T", caption: String::new(), columns, rows }
    }

    #[test]
    fn a_wide_table_is_parted_evenly_and_not_within_what_belongs_together() {
        let mut columns = vec![column("method", "method", Text, "")];
        for _ in 0..4 {
            columns.push(column("time", "timeratio", Ratio, ""));
            columns.push(column("low", "fromabout", Ratio, "").joined());
            columns.push(column("high", "toabout", Ratio, "").joined());
        }
        let row: Vec<Cell> = [row!["branch-price"], vec![Cell::Real(1.25); 12]].concat();
        let layout = Layout::of(&table(columns, vec![row])).expect("columns");
        assert_eq!(layout.parts, [vec![0, 1, 2, 3, 4, 5, 6], vec![0, 7, 8, 9, 10, 11, 12]]);
        for part in &layout.parts {
            let wide: f64 = part.iter().map(|&k| layout.columns[k].width + SPACE).sum();
            assert!(wide <= LINE + SPACE, "{wide}");
        }
    }

    #[test]
    fn what_says_nothing_is_left_out_and_what_is_the_same_is_said_once() {
        let columns = vec![
            column("family", "family", Text, ""),
            column("class", "class", Text, ""),
            column("method", "method", Text, ""),
            column("n", "n", Count, ""),
            column("closed", "closed", Count, ""),
        ];
        let rows = vec![
            row!["packing", "", "a", 1_u64, None::<u64>],
            row!["packing", "", "b", 2_u64, None::<u64>],
        ];
        let layout = Layout::of(&table(columns, rows)).expect("columns");
        assert_eq!(layout.common, [("family", "packing".to_owned())]);
        let heads: Vec<&str> = layout.columns.iter().map(|column| &*column.head[0]).collect();
        assert_eq!(heads, ["method", "n"]);
    }

    #[test]
    fn long_names_share_what_room_there_is_and_break_anywhere() {
        assert!((fair(&[10.0, 20.0, 300.0, 400.0], 200.0) - 85.0).abs() < 1e-9);
        assert!(fair(&[10.0, 20.0], 200.0).is_infinite());
        let long = breakable(&"m".repeat(30), 100.0);
        let longest = long.split("\\allowbreak{}").map(width).fold(0.0, f64::max);
        assert!(longest <= 100.0 && long.replace("\\allowbreak{}", "") == "m".repeat(30));
        assert_eq!(breakable("a\\_b=\\%", 99.0), "a\\_\\allowbreak{}b=\\allowbreak{}\\%");
        assert_eq!(broken("mean gap [\\%]", 20.0), ["mean", "gap", "[\\%]"]);
        assert_eq!(broken("mean gap [\\%]", 50.0), ["mean gap", "[\\%]"]);
    }
}
