//! Tables in LaTeX: that they compile, fit, and say the figures of the CSV files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use vmpack_model::{Status, Value};
use vmpack_results::Record;

use super::papers::files;
use super::skip::skipped;
use super::synthetic::records;
use super::{Report, packing};

/// A report in which names are full of what LaTeX takes for commands, or longer than a line, and every table has rows.
fn report_with_odd_names() -> Report {
    let mut all = records(6, 24, 8);
    for record in &mut all {
        if record.method == "ffd-l2" {
            record.method = String::from(r#"a_b%&#$~^{x}\end{tabular}<|>"é'`--→"#);
        }
        if record.method == "arc-flow" {
            record.method = "arcflow".repeat(12);
        }
        if record.method == "alloc-dp" {
            let method = "branch-price:pricing=dp,stabilised=yes/start=ffd-l2@600s";
            method.clone_into(&mut record.method);
        }
        if record.dataset == "planted" {
            record.dataset = String::from("50 % & more_\\");
        }
        if record.dataset == "falkenauer-u" {
            record.class = Some(format!("ANI {}", record.features.vms));
        }
        if record.dataset == "falkenauer-t" {
            record.class = Some("ANI 201".to_owned());
        }
    }
    Report::of(&all)
}

/// Fails unless braces and environments match, and every row has as many cells as there are columns.
fn check_structure(path: &Path) {
    let text = fs::read_to_string(path).expect("text");
    let name = path.display();
    let mut depth = 0_i32;
    let mut open = Vec::new();
    let mut columns = 0;
    for line in text.lines().filter(|line| !line.starts_with('%')) {
        let plain = line.replace("\\\\", "").replace("\\{", "").replace("\\}", "");
        depth += plain.matches('{').count() as i32 - plain.matches('}').count() as i32;
        assert!(depth >= 0, "{name}: {line}");
        if let Some(rest) = line.strip_prefix("\\begin{") {
            let (environment, rest) = rest.split_once('}').expect("a brace");
            open.push(environment.to_owned());
            if ["tabular", "longtable"].contains(&environment) {
                let letters =
                    rest.replace("@{}", "").replace(">{\\raggedright\\arraybackslash}", "");
                let width = |c: char| c.is_ascii_digit() || "pt".contains(c);
                let letters =
                    letters.replace("p{", "l").replace(|c| width(c) || "{}".contains(c), "");
                assert!(letters.chars().all(|c| "lr".contains(c)), "{name}: {line}");
                columns = letters.len();
            }
        } else if let Some(rest) = line.strip_prefix("\\end{") {
            assert_eq!(open.pop().as_deref(), rest.split('}').next(), "{name}: {line}");
        } else if line.ends_with(" \\\\") {
            let cells = line.replace("\\&", "").matches(" & ").count() + 1;
            assert_eq!(cells, columns, "{name}: {line}");
        }
    }
    assert!(depth == 0 && open.is_empty() && columns > 0, "{name}");
    for rule in ["\\toprule", "\\midrule", "\\bottomrule", "\\caption{", "\\label{tab:"] {
        assert!(text.contains(rule), "{name} has no {rule}");
    }
}

#[test]
fn latex_takes_tables_and_figures_and_no_table_is_too_wide() {
    let report = report_with_odd_names();
    let tables = files(&report, "tables", "tex");
    for name in [
        "methods",
        "datasets",
        "classes",
        "pairwise-packing",
        "contribution-allocation",
        "intervals-packing",
    ] {
        assert!(tables.contains(&report.path(&format!("tables/{name}.tex"))), "{name}");
    }
    assert!(!tables.contains(&report.path("tables/runs.tex")), "thousands of rows are no table");
    for path in &tables {
        check_structure(path);
    }

    if Command::new("pdflatex").arg("--version").stdout(Stdio::null()).status().is_err() {
        return skipped("in part, there is no program pdflatex");
    }
    let input =
        |path: &PathBuf| format!("\\typeout{{{0}}}\n\\input{{{0}}}\n\\clearpage", path.display());
    let inputs = tables.iter().map(input).collect::<Vec<_>>().join("\n");
    let figure =
        |path: &PathBuf| format!("\\noindent\\includegraphics[width=5cm]{{{}}}", path.display());
    let figures: Vec<String> = files(&report, "figures", "pdf").iter().map(figure).collect();
    let both = format!("{inputs}\n{}", figures.join("\n\n"));
    for (options, body) in [("10pt", both), ("12pt,a4paper", inputs)] {
        let said = compile(&report, options, &body);
        for complaint in ["Overfull", "Float too large", "pdfTeX warning"] {
            assert!(!said.contains(complaint), "{options}: {complaint}: {said}");
        }
    }
}

/// Compiles an article, twice, as tables that run over pages find their widths from the first time; what the second says.
fn compile(report: &Report, options: &str, body: &str) -> String {
    let text = format!(
        "\\documentclass[{options}]{{article}}\n\\usepackage{{array,booktabs,longtable,graphicx}}\n\
         \\begin{{document}}\n{body}\n\\end{{document}}\n"
    );
    fs::write(report.path("paper.tex"), text).expect("written");
    let mut said = String::new();
    for _ in 0..2 {
        let output = Command::new("pdflatex")
            .args(["-halt-on-error", "-interaction=nonstopmode", "paper.tex"])
            .env("max_print_line", "1000")
            .current_dir(report.directory.path())
            .output()
            .expect("pdflatex runs");
        said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
    }
    assert!(report.path("paper.pdf").exists());
    said
}

/// A run of a class whose answer claims a proof, derived again by the judge.
fn proved(instance: &str, seed: u64, repetition: u64) -> Record {
    let mut record = packing(instance, "exact", 10, 1.0);
    (record.seed, record.repetition) = (seed, repetition);
    record.run = format!("{instance}/{seed}/{repetition}");
    record.class = Some("ANI 201".to_owned());
    let answer = record.answer.as_mut().expect("an answer");
    answer.status = Status::Optimal;
    answer.lower_bound = Some(Value::from(10_u64));
    answer.judgement.certified = true;
    record
}

#[test]
fn counts_are_of_instances_in_every_table() {
    // Two seeds, twice each: a is proved by all four runs, b by three of them, c by none.
    let each = [(1, 0), (1, 1), (2, 0), (2, 1)];
    let mut all = Vec::new();
    for (seed, repetition) in each {
        all.push(proved("a", seed, repetition));
        for instance in ["b", "c"] {
            let mut record = proved(instance, seed, repetition);
            if instance == "c" || (seed, repetition) == (2, 1) {
                let answer = record.answer.as_mut().expect("an answer");
                (answer.status, answer.lower_bound) = (Status::Feasible, None);
                answer.judgement.certified = false;
            }
            all.push(record);
        }
    }
    all.extend(["a", "b", "c"].map(|instance| packing(instance, "fast", 12, 0.1)));
    let report = Report::of(&all);

    let methods = report.table("methods");
    for (column, value) in [
        ("runs", "12"),
        ("runs_answered", "12"),
        ("runs_proved", "7"),
        ("runs_certified", "7"),
        ("instances", "3"),
        ("instances_answered", "3"),
        ("instances_proved", "1"),
        ("instances_certified", "1"),
    ] {
        assert_eq!(methods[0][column], value, "{column}");
    }
    assert_eq!(report.table("datasets")[0]["instances_proved"], "1");
    assert_eq!(report.table("classes")[0]["proved"], "1");
    assert_eq!(report.table("contribution-packing")[1]["proved"], "1");

    // Runs, instances, answered, proved, certified on the page; without runs in the paper.
    let cells = [12, 3, 3, 1, 1].map(|count| format!("<td class=\"n\">{count}</td>"));
    report.says(&cells.concat());
    let paper = fs::read_to_string(report.path("tables/methods.tex")).expect("a table");
    assert!(paper.contains("\nexact & 3 & 3 & 1 & 1 & 3 \\\\\n"), "{paper}");
    assert!(paper.contains("one is answered, proved or certified if all runs on it are"));
    assert!(paper.contains("All rows: family packing."), "{paper}");
}
