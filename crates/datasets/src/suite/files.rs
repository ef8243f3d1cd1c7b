//! The files of a suite: patterns and lists, expanded in the data directory.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use vmpack_model::Reference;

use crate::source::Source;

use super::table::{ReferenceTable, References, Table};
use super::{Entry, Suite, SuiteError, fill_in};

/// Files of the data directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilesBlock {
    /// A pattern relative to the data directory.
    glob: Option<String>,
    /// A table that lists paths.
    listed: Option<Listed>,
    /// The format, if it should not be recognised from the content.
    format: Option<String>,
    /// Only this many, spread evenly over the sorted paths.
    take: Option<usize>,
    /// Only files with these names, with or without extension.
    names: Option<Vec<String>>,
    /// Where to find what is known of the optima: one table, or several of which the strongest counts.
    #[serde(default)]
    references: Tables,
    /// The class that the files belong to; `{folder}` is the folder that holds the file.
    class: Option<String>,
}

/// One table of references or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a table of references, or a list of them")]
enum Tables {
    One(References),
    Many(Vec<References>),
}

impl Default for Tables {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Tables {
    fn all(&self) -> &[References] {
        match self {
            Self::One(table) => std::slice::from_ref(table),
            Self::Many(tables) => tables,
        }
    }
}

/// A table that lists files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// The table, relative to the data directory.
    table: PathBuf,
    /// The column with paths relative to the table's directory.
    column: String,
    /// Only rows whose columns have these values.
    #[serde(default)]
    only: BTreeMap<String, String>,
}

/// A file on its way into a suite.
struct Found {
    relative: PathBuf,
    source: Source,
    reference: Option<Reference>,
    class: Option<String>,
}

/// Adds the files of all blocks, and what is missing of them.
pub(super) fn add(
    suite: &mut Suite,
    blocks: &[FilesBlock],
    data_dir: &Path,
) -> Result<(), SuiteError> {
    let mut found = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let mut search = Search {
            block,
            data_dir,
            suite: &suite.name,
            at: format!("[[files]] number {}", index + 1),
            missing: Vec::new(),
        };
        found.extend(search.find()?);
        suite.missing.append(&mut search.missing);
    }
    let paths: Vec<&Path> = found.iter().map(|found| found.relative.as_path()).collect();
    let names = short_names(&paths);
    for (name, Found { source, reference, class, .. }) in names.into_iter().zip(found) {
        suite.entries.push(Entry { name, source, reference, class });
    }
    Ok(())
}

/// The expansion of one block.
struct Search<'a> {
    block: &'a FilesBlock,
    data_dir: &'a Path,
    suite: &'a str,
    at: String,
    missing: Vec<String>,
}

impl Search<'_> {
    fn find(&mut self) -> Result<Vec<Found>, SuiteError> {
        if let Some(format) = &self.block.format
            && crate::format::format(format).is_none()
        {
            return Err(self.wrong("the name of a format", format!("{format:?}")));
        }
        let mut paths = match (&self.block.glob, &self.block.listed) {
            (Some(pattern), None) => self.expand(pattern)?,
            (None, Some(listed)) => self.read_list(listed)?,
            (glob, _) => {
                let found = if glob.is_some() { "both" } else { "neither" };
                return Err(self.wrong("either `glob` or `listed`", found.to_owned()));
            }
        };
        if let Some(names) = self.block.names.as_ref().filter(|_| !paths.is_empty()) {
            for name in names {
                if !paths.iter().any(|path| is_named(path, name)) {
                    self.absent(Path::new(name));
                }
            }
            paths.retain(|path| names.iter().any(|name| is_named(path, name)));
        }
        let references = if paths.is_empty() { Vec::new() } else { self.references()? };
        let mut wanted = Vec::with_capacity(paths.len());
        for path in paths {
            let mut fits = true;
            for table in &references {
                fits &= table.wants(&path)?;
            }
            wanted.extend(fits.then_some(path));
        }
        if let Some(take) = self.block.take {
            wanted = spread(wanted, take);
        }
        let mut found = Vec::with_capacity(wanted.len());
        for relative in wanted {
            let mut reference: Option<Reference> = None;
            for table in &references {
                reference = match (reference, table.get(&relative)?) {
                    (Some(known), Some(more)) => Some(known.or_stronger(more)),
                    (known, more) => known.or(more),
                };
            }
            let path = self.data_dir.join(&relative);
            let source = Source::File { path, format: self.block.format.clone() };
            let class = self.class(&relative)?;
            found.push(Found { relative, source, reference, class });
        }
        Ok(found)
    }

    /// The tables of references that the data directory has.
    fn references(&mut self) -> Result<Vec<ReferenceTable>, SuiteError> {
        let mut tables = Vec::new();
        for block in self.block.references.all() {
            match block.read(self.data_dir)? {
                Some(table) => tables.push(table),
                None => self.absent(&block.table),
            }
        }
        Ok(tables)
    }

    fn class(&self, relative: &Path) -> Result<Option<String>, SuiteError> {
        let Some(template) = &self.block.class else { return Ok(None) };
        let folder = relative.parent().and_then(Path::file_name).unwrap_or_default();
        let folder = folder.to_string_lossy().into_owned();
        fill_in(template, |name| (name == "folder").then(|| folder.clone()))
            .map(Some)
            .map_err(|name| self.wrong("a class with `{folder}`", format!("`{{{name}}}`")))
    }

    fn wrong(&self, expected: &str, found: String) -> SuiteError {
        SuiteError::Block {
            name: self.suite.to_owned(),
            block: self.at.clone(),
            expected: expected.to_owned(),
            found,
        }
    }

    fn absent(&mut self, what: &Path) {
        let (what, directory) = (what.display(), self.data_dir.display());
        let state = if self.data_dir.is_dir() { "has no" } else { "does not exist: no" };
        self.missing.push(format!("The data directory {directory} {state} {what}."));
    }

    /// The files that match a pattern, sorted, relative to the data directory.
    fn expand(&mut self, pattern: &str) -> Result<Vec<PathBuf>, SuiteError> {
        // The matches are spelled without `./`, and so must be what is taken off them.
        let dot = |part: &Component| *part == Component::CurDir;
        let directory: PathBuf = self.data_dir.components().filter(|part| !dot(part)).collect();
        let escaped = glob::Pattern::escape(&directory.to_string_lossy());
        let absolute = Path::new(&escaped).join(pattern);
        let matches = glob::glob(&absolute.to_string_lossy())
            .map_err(|error| self.wrong("a file pattern", format!("{pattern:?}: {error}")))?;
        let mut paths: Vec<PathBuf> = matches
            .filter_map(Result::ok)
            .filter(|path| path.is_file())
            .filter_map(|path| path.strip_prefix(&directory).ok().map(Path::to_owned))
            .collect();
        if paths.is_empty() {
            self.absent(Path::new(pattern));
        }
        paths.sort();
        Ok(paths)
    }

    /// The files that a table lists, in its order, relative to the data directory.
    fn read_list(&mut self, listed: &Listed) -> Result<Vec<PathBuf>, SuiteError> {
        let Some(table) = Table::read(self.data_dir, &listed.table)? else {
            self.absent(&listed.table);
            return Ok(Vec::new());
        };
        let column = table.column(&listed.column)?;
        let mut only = Vec::new();
        for (name, value) in &listed.only {
            only.push((table.column(name)?, value));
        }
        let mut paths = Vec::new();
        for row in &table.rows {
            if only.iter().all(|(column, value)| row.cell(*column) == **value) {
                let relative = table.directory.join(row.cell(column));
                if self.data_dir.join(&relative).is_file() {
                    paths.push(relative);
                } else {
                    self.absent(&relative);
                }
            }
        }
        Ok(paths)
    }
}

fn is_named(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|file| file == name)
        || path.file_stem().is_some_and(|stem| stem == name)
}

/// `take` of the paths, spread evenly, beginning with the first; all of them if there are no more.
fn spread(paths: Vec<PathBuf>, take: usize) -> Vec<PathBuf> {
    let all = paths.len();
    if take >= all {
        return paths;
    }
    let wanted = |&(index, _): &(usize, PathBuf)| {
        // The indices k * all / take, rounded down, without a list of them.
        let k = (index * take).div_ceil(all);
        k < take && k * all / take == index
    };
    paths.into_iter().enumerate().filter(wanted).map(|(_, path)| path).collect()
}

/// The shortest names that tell the paths apart: the file name without extension, with as many of the
/// directories before it as it takes.
fn short_names(paths: &[&Path]) -> Vec<String> {
    let name = |path: &Path, depth: usize| {
        let stem = path.with_extension("");
        let parts: Vec<_> = stem
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if depth > parts.len() {
            return path.to_string_lossy().into_owned();
        }
        parts[parts.len() - depth..].join("/")
    };
    let mut depths = vec![1; paths.len()];
    loop {
        let names: Vec<String> =
            paths.iter().zip(&depths).map(|(path, &depth)| name(path, depth)).collect();
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &names {
            *count.entry(name).or_default() += 1;
        }
        let mut changed = false;
        for (depth, (path, name)) in depths.iter_mut().zip(paths.iter().zip(&names)) {
            if count[name.as_str()] > 1 && *depth <= path.components().count() {
                *depth += 1;
                changed = true;
            }
        }
        if !changed {
            return names;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let names = |paths: &[&str]| {
            short_names(&paths.iter().map(|path| Path::new(*path)).collect::<Vec<_>>())
        };
        assert_eq!(names(&["a/b/x.txt", "a/b/y.txt"]), ["x", "y"]);
        assert_eq!(names(&["new/c1/x.vbp", "old/c1/x.vbp"]), ["new/c1/x", "old/c1/x"]);
        assert_eq!(names(&["a/x.vbp", "a/x.mvp", "y.z.txt"]), ["a/x.vbp", "a/x.mvp", "y.z"]);
        assert_eq!(names(&["x.txt", "x.txt"]), ["x.txt", "x.txt"]);
    }

    #[test]
    fn a_part_is_spread_evenly() {
        let paths: Vec<PathBuf> = (0..10).map(|i| PathBuf::from(i.to_string())).collect();
        let taken = |take| -> Vec<String> {
            let taken = spread(paths.clone(), take);
            taken.iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(taken(3), ["0", "3", "6"]);
        assert_eq!(taken(4), ["0", "2", "5", "7"]);
        assert_eq!(taken(0).len(), 0);
        assert_eq!(taken(11).len(), 10);
        for take in 0..=10 {
            assert_eq!(taken(take).len(), take);
        }
    }
}
