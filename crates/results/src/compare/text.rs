//! A comparison for people.

use std::fmt;

use super::{Answers, Compared, Comparison, Measure, Ratio, RunName, Side};

/// Runs that are named in lists; the others are counted.
const SHOWN: usize = 10;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, side) in [("old", &self.old), ("new", &self.new)] {
            let Side { directory, records, commit, .. } = side;
            let commit = if commit.is_empty() { "commit unknown" } else { commit };
            writeln!(f, "{name}: {directory}, {records} records, {commit}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        writeln!(f, "pairs: {} of {} instances", self.pairs, self.instances)?;
        for (name, side) in [("old", &self.old), ("new", &self.new)] {
            list(f, &format!("only in {name}"), side.alone.iter().map(named))?;
        }
        writeln!(
            f,
            "ratios of new to old, above 1 is worse; geometric means over instances, 95 % intervals by {} resamples \
             (seed {}); p of signed ranks, corrected by Holm",
            self.resamples, self.bootstrap_seed
        )?;
        let equal = |compared: &&Compared| {
            let is_one = |ratio: &Ratio| {
                ratio.interval.unwrap_or([ratio.ratio; 2]).iter().all(|r| r.total_cmp(&1.0).is_eq())
            };
            compared.ratios.iter().all(is_one)
        };
        let (equal, unequal): (Vec<_>, Vec<_>) = self.measures.iter().partition(equal);
        if !equal.is_empty() {
            let names: Vec<String> = equal.iter().map(|one| one.measure.to_string()).collect();
            writeln!(f, "\nequal in all pairs: {}", names.join(", "))?;
        }
        for compared in unequal {
            let unit = match compared.measure {
                Measure::Time => format!(" ({} seconds + {})", self.clock, self.shift_s),
                _ => String::new(),
            };
            writeln!(f, "\n{}{unit}", compared.measure)?;
            table(
                f,
                ["method", "instances", "ratio", "interval", "p"],
                compared.ratios.iter().map(row),
            )?;
        }
        writeln!(f, "\nanswers")?;
        let columns = ["method", "pairs", "answered", "proved", "lost, gained"];
        table(f, columns, self.answers.iter().map(counts))?;
        for kind in ["lost", "gained", "wrong"] {
            let of_kind = self.changes.iter().filter(|change| change.change == kind);
            list(
                f,
                kind,
                of_kind.map(|change| format!("{}: {}", named(&change.run), change.found)),
            )?;
        }
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        Ok(())
    }
}

fn named(run: &RunName) -> String {
    format!("{} on {} (seed {}, run {})", run.method, run.instance, run.seed, run.run)
}

fn list(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    items: impl Iterator<Item = String>,
) -> fmt::Result {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}: {}", items.len())?;
    for item in items.iter().take(SHOWN) {
        writeln!(f, "  {item}")?;
    }
    if items.len() > SHOWN {
        writeln!(f, "  and {} more", items.len() - SHOWN)?;
    }
    Ok(())
}

fn row(ratio: &Ratio) -> [String; 5] {
    let interval = ratio
        .interval
        .map_or_else(|| "-".to_owned(), |[low, high]| format!("{low:.4} to {high:.4}"));
    [
        ratio.method.clone().unwrap_or_else(|| "all".to_owned()),
        ratio.instances.to_string(),
        format!("{:.4}", ratio.ratio),
        interval,
        format!("{:.3}", ratio.p),
    ]
}

fn counts(counts: &Answers) -> [String; 5] {
    let change = |[old, new]: [u64; 2]| {
        if old == new { old.to_string() } else { format!("{old} -> {new}") }
    };
    [
        counts.method.clone().unwrap_or_else(|| "all".to_owned()),
        counts.pairs.to_string(),
        change(counts.answered),
        change(counts.proved),
        format!("{}, {}", counts.lost, counts.gained),
    ]
}

/// The first column to the left, the others to the right.
fn table(
    f: &mut fmt::Formatter<'_>,
    head: [&str; 5],
    rows: impl Iterator<Item = [String; 5]>,
) -> fmt::Result {
    let rows: Vec<[String; 5]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    for row in rows {
        write!(f, "  {:<1$}", row[0], widths[0])?;
        for (cell, width) in row.iter().zip(widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}
