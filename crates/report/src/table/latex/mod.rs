//! Tables for papers: LaTeX with the rules of `booktabs`, rounded, and narrow enough for a column of text.

mod layout;
mod text;
mod width;

use std::fmt::Write as _;

use super::Table;
use crate::commands::Commands;
use layout::{Layout, Set};
use text::escape;
use width::width;

/// Lines of this size that a page of the class `article` has, less some for rules and the space between tables.
const LINES_OF_A_PAGE: usize = 50;
/// Rules and headings of a part take so many lines besides the words of the heading.
const RULES: usize = 2;
/// More rows are data, not a table of a paper.
const MOST_ROWS: usize = 500;
/// Of a size that does not depend on that of the paper, so that what fits at 10 pt fits at 12 pt.
const FONT: &str = "\\fontsize{8}{9.5}\\selectfont\\setlength{\\tabcolsep}{3pt}";

impl Table {
    /// The table for a paper, to be read by `\input`; `None` if it has nothing to show, or more than anybody prints.
    ///
    /// It needs the packages `array`, `booktabs` and, if it is longer than a page, `longtable`, and fits into the text of
    /// the class `article`, 345 pt: what is wider is parted by columns. Seconds and bytes have one unit for their whole
    /// column, as the eye compares down a column. Columns that say nothing are left out, and what is the same in all rows
    /// is in the caption.
    pub(crate) fn latex(&self, commands: &Commands) -> Option<String> {
        if self.rows.is_empty() || self.rows.len() > MOST_ROWS {
            return None;
        }
        let layout = Layout::of(self)?;
        let mut caption = format!("{}. {}", self.title, self.caption).trim_end().to_owned();
        for (heading, value) in &layout.common {
            write!(caption, " All rows: {heading} {value}.").expect("strings take everything");
        }
        let caption = escape(&caption);
        let label = format!("tab:{}", self.file_name());

        let mut text = String::new();
        for command in [&commands.run, &commands.report] {
            // A line break inside of a name would end the comment.
            let command: String = command.chars().filter(|c| !c.is_control()).collect();
            writeln!(text, "% {command}").expect("strings take everything");
        }
        let lines: usize = layout.parts.iter().map(|part| lines(&layout, part)).sum();
        // It is set in the size of the paper's text.
        let of_caption = (1.5 * width(&caption) / 345.0).ceil() as usize;
        text += &if lines + of_caption > LINES_OF_A_PAGE {
            self.over_pages(&layout, &caption, &label)
        } else {
            on_a_page(&layout, &caption, &label)
        };
        Some(text)
    }

    /// The parts as tables that run over pages, one after another under one number.
    fn over_pages(&self, layout: &Layout, caption: &str, label: &str) -> String {
        let mut text = format!(
            "% needs \\usepackage{{array,booktabs,longtable}}\n\
             {{{FONT}\\setlength{{\\LTcapwidth}}{{\\textwidth}}\n"
        );
        for (k, part) in layout.parts.iter().enumerate() {
            let (head, preamble) = (head(layout, part), preamble(layout, part));
            let caption = if k == 0 {
                format!("\\caption{{{caption}}}\\label{{{label}}}")
            } else {
                text.push_str("\\addtocounter{table}{-1}\n");
                format!("\\caption[]{{{}, further columns.}}", escape(self.title))
            };
            write!(
                text,
                "\\begin{{longtable}}{{{preamble}}}\n{caption}\\\\\n\\toprule\n{head}\\midrule\n\\endfirsthead\n\
                 \\toprule\n{head}\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n{}\\end{{longtable}}\n",
                body(layout, part)
            )
            .expect("strings take everything");
        }
        text + "}\n"
    }
}

/// The parts below each other in one table.
fn on_a_page(layout: &Layout, caption: &str, label: &str) -> String {
    let tabular = |part: &Vec<usize>| {
        format!(
            "\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n\\end{{tabular}}\n",
            preamble(layout, part),
            head(layout, part),
            body(layout, part)
        )
    };
    let parts: Vec<String> = layout.parts.iter().map(tabular).collect();
    format!(
        "% needs \\usepackage{{array,booktabs}}\n\
         \\begin{{table}}\n\\centering{FONT}\\setlength{{\\belowcaptionskip}}{{6pt}}\n\
         \\caption{{{caption}}}\\label{{{label}}}\n{}\\end{{table}}\n",
        parts.join("\\par\\medskip\n")
    )
}

fn columns<'a>(layout: &'a Layout, part: &'a [usize]) -> impl Iterator<Item = &'a Set> {
    part.iter().map(|&k| &layout.columns[k])
}

/// Lines that a part takes.
fn lines(layout: &Layout, part: &[usize]) -> usize {
    let rows = layout.columns[part[0]].cells.len();
    let of_row = |row: usize| columns(layout, part).map(|c| c.lines[row]).max().unwrap_or(1);
    RULES + head_lines(layout, part) + (0..rows).map(of_row).sum::<usize>()
}

fn head_lines(layout: &Layout, part: &[usize]) -> usize {
    columns(layout, part).map(|column| column.head.len()).max().unwrap_or(1)
}

fn preamble(layout: &Layout, part: &[usize]) -> String {
    let letters: String = columns(layout, part).map(|column| &*column.preamble).collect();
    format!("@{{}}{letters}@{{}}")
}

/// The headings, each standing on the rule below.
fn head(layout: &Layout, part: &[usize]) -> String {
    let lines = head_lines(layout, part);
    let line = |k: usize| {
        let word = |column: &Set| {
            let at = (k + column.head.len()).checked_sub(lines);
            at.map(|at| column.head[at].clone()).unwrap_or_default()
        };
        row(columns(layout, part).map(word))
    };
    (0..lines).map(line).collect()
}

fn body(layout: &Layout, part: &[usize]) -> String {
    let rows = layout.columns[part[0]].cells.len();
    let line = |k: usize| row(columns(layout, part).map(|column| column.cells[k].clone()));
    (0..rows).map(line).collect()
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("{} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Unit;
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
        let expected = "% vmpack run 100% --out x\n% vmpack report x\n% needs \\usepackage{array,booktabs}\n\
            \\begin{table}\n\\centering\\fontsize{8}{9.5}\\selectfont\\setlength{\\tabcolsep}{3pt}\\setlength{\\belowcaptionskip}{6pt}\n\
            \\caption{An example. 50 \\% \\& more.}\\label{tab:example}\n\
            \\begin{tabular}{@{}lrr@{}}\n\\toprule\n & time & gap \\\\\nmethod\\_name & [s] & [\\%] \\\\\n\\midrule\n\
            a\\_b\\{2\\}\\textbackslash{}x & $0.0123$ & $50.00$ \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn many_rows_run_over_pages_and_too_many_are_no_table() {
        let long = table(50).latex(&commands()).expect("a table");
        assert!(long.contains("\\begin{longtable}{@{}lrr@{}}") && long.contains("\\endhead"));
        assert_eq!(table(501).latex(&commands()), None);
        assert_eq!(table(0).latex(&commands()), None);
    }
}
