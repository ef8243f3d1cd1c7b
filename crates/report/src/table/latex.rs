//! Tables for papers: LaTeX with the rules of `booktabs`, rounded.

use std::fmt::Write as _;

use super::{Cell, Column, Table, Unit};
use crate::commands::Commands;
use crate::format;

/// More rows than a page has lines are a `longtable`.
const ROWS_OF_A_PAGE: usize = 40;
/// More rows are data, not a table of a paper.
const MOST_ROWS: usize = 500;

impl Table {
    /// The table for a paper, to be read by `\input`; `None` if it has nothing to show, or more than anybody prints.
    ///
    /// It needs the packages `booktabs` and, if it is longer than a page, `longtable`. Seconds and bytes have one unit
    /// for their whole column, as the eye compares down a column.
    pub(crate) fn latex(&self, commands: &Commands) -> Option<String> {
        if self.rows.is_empty() || self.rows.len() > MOST_ROWS || self.shown().is_empty() {
            return None;
        }
        let shown = self.shown();
        let of = |column: &Column| if column.is_numeric() { 'r' } else { 'l' };
        let alignment: String = shown.iter().map(|&k| of(&self.columns[k])).collect();
        let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
        let head = line(shown.iter().map(|&k| heading(&self.columns[k])).collect());
        let mut body = String::new();
        for row in &self.rows {
            body += &line(shown.iter().map(|&k| value(&self.columns[k], &row[k])).collect());
        }
        let caption = escape(&format!("{}. {}", self.title, self.caption));
        let (caption, label) = (caption.trim_end(), format!("tab:{}", self.file_name()));

        let mut text = String::new();
        for command in [&commands.run, &commands.report] {
            // A line break inside of a name would end the comment.
            let command: String = command.chars().filter(|c| !c.is_control()).collect();
            writeln!(text, "% {command}").expect("strings take everything");
        }
        let table = if self.rows.len() > ROWS_OF_A_PAGE {
            format!(
                "% needs \\usepackage{{booktabs,longtable}}\n\
                 {{\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\\setlength{{\\LTcapwidth}}{{\\textwidth}}\n\
                 \\begin{{longtable}}{{{alignment}}}\n\
                 \\caption{{{caption}}}\\label{{{label}}}\\\\\n\\toprule\n{head}\\midrule\n\\endfirsthead\n\
                 \\toprule\n{head}\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n\
                 {body}\\end{{longtable}}}}\n"
            )
        } else {
            format!(
                "% needs \\usepackage{{booktabs}}\n\
                 \\begin{{table}}\n\\centering\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\n\
                 \\caption{{{caption}}}\\label{{{label}}}\n\
                 \\begin{{tabular}}{{{alignment}}}\n\\toprule\n{head}\\midrule\n{body}\\bottomrule\n\
                 \\end{{tabular}}\n\\end{{table}}\n"
            )
        };
        Some(text + &table)
    }
}

/// The heading, with the unit of the whole column.
fn heading(column: &Column) -> String {
    let unit = match column.unit {
        Unit::Seconds => " [s]",
        Unit::Bytes => " [MiB]",
        Unit::Share => " [\\%]",
        _ => "",
    };
    format!("{}{unit}", escape(column.heading))
}

fn value(column: &Column, cell: &Cell) -> String {
    const BYTES_PER_MIB: f64 = 1_048_576.0;
    match (cell, column.unit) {
        (Cell::Count(bytes), Unit::Bytes) => number(*bytes as f64 / BYTES_PER_MIB),
        (Cell::Real(share), Unit::Share) => {
            if share.is_finite() {
                format!("${:.2}$", 100.0 * share)
            } else {
                "--".to_owned()
            }
        }
        (Cell::Real(real), Unit::Seconds | Unit::Number | Unit::Ratio) => number(*real),
        (Cell::Real(p), Unit::Probability) => {
            let text = format::p_value(*p);
            format!("${}$", text.replace(' ', ""))
        }
        _ => escape(&column.text(cell)),
    }
}

/// Three significant figures, tiny and huge numbers as powers of ten.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "--".to_owned();
    }
    if value == 0.0 {
        return "$0$".to_owned();
    }
    let text = format!("{value:.2e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -3..=5) => format!("${value:.*}$", (2 - exponent).max(0) as usize),
        _ => format!("${mantissa}\\cdot10^{{{exponent}}}$"),
    }
}

/// Text in which nothing is a command. Characters that LaTeX has no sign for in its usual fonts become `?`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '<' => escaped += "\\textless{}",
            '>' => escaped += "\\textgreater{}",
            '|' => escaped += "\\textbar{}",
            '"' => escaped += "''",
            // Ligatures of TeX.
            '-' => escaped += "{-}",
            '\'' => escaped += "\\textquotesingle{}",
            '`' => escaped += "\\textasciigrave{}",
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\u{2013}' => escaped += "--",
            '\u{d7}' => escaped += "$\\times$",
            '\u{b5}' => escaped += "\\textmu{}",
            '\u{202f}' => escaped += "\\,",
            '\u{a0}' => escaped.push('~'),
            // Letters with accents of western languages, which the default encodings have.
            '\u{c0}'..='\u{cf}'
            | '\u{d1}'..='\u{d6}'
            | '\u{d8}'..='\u{dd}'
            | '\u{df}'..='\u{ef}'
            | '\u{f1}'..='\u{fd}' => {
                escaped.push(character);
            }
            ' '..='~' => escaped.push(character),
            _ if character.is_control() => {}
            _ => escaped.push('?'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{column, row};

    fn table(rows: usize) -> Table {
        Table {
            name: "example",
            family: None,
            title: "An example",
            caption: "50 % & more.".to_owned(),
            columns: vec![
                column("method", "method_name", Unit::Text, ""),
                column("time_s", "time", Unit::Seconds, ""),
                column("gap", "gap", Unit::Share, ""),
            ],
            rows: vec![row!["a_b{2}\\x", 0.012_345, 0.5]; rows],
        }
    }

    fn commands() -> Commands {
        Commands { run: "vmpack run 100% --out x".into(), report: "vmpack report x".into() }
    }

    #[test]
    fn a_table_for_a_paper() {
        let text = table(1).latex(&commands()).expect("a table");
        let expected = "% vmpack run 100% --out x\n% vmpack report x\n% needs \\usepackage{booktabs}\n\
            \\begin{table}\n\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}\n\
            \\caption{An example. 50 \\% \\& more.}\\label{tab:example}\n\
            \\begin{tabular}{lrr}\n\\toprule\nmethod\\_name & time [s] & gap [\\%] \\\\\n\\midrule\n\
            a\\_b\\{2\\}\\textbackslash{}x & $0.0123$ & $50.00$ \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn many_rows_run_over_pages_and_too_many_are_no_table() {
        let long = table(41).latex(&commands()).expect("a table");
        assert!(long.contains("\\begin{longtable}{lrr}") && long.contains("\\endhead"));
        assert_eq!(table(501).latex(&commands()), None);
        assert_eq!(table(0).latex(&commands()), None);
    }

    #[test]
    fn numbers_have_three_figures() {
        for (value, text) in [
            (1234.5, "$1234$"),
            (12.345, "$12.3$"),
            (0.001_234_5, "$0.00123$"),
            (1.5e-6, "$1.50\\cdot10^{-6}$"),
            (-0.5, "$-0.500$"),
            (0.0, "$0$"),
            (f64::NAN, "--"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
