//! Reading a store: some megabytes of lines at a time, parsed on all cores.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::vec;

use rayon::prelude::*;
use serde::Deserialize;

use crate::store::{RECORDS, StoreError};
use crate::{Record, SCHEMA};

/// Bytes of text that are parsed at a time: enough work for all cores, little beside the records of a large store.
const BATCH: u64 = 1 << 22;

/// The end of a store whose writer was stopped in the middle of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornLine {
    /// The number of the line, from 1.
    pub line: u64,
    /// How many bytes of it were written.
    pub bytes: u64,
}

/// The only part of a record that every version of the format has.
#[derive(Deserialize)]
pub(crate) struct Versioned {
    pub(crate) schema: u32,
}

/// Where a record is in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of its line, from 1.
    pub(crate) line: u64,
    /// Bytes before the line.
    pub(crate) start: u64,
    /// Bytes of the line, its break included.
    pub(crate) bytes: u64,
}

/// Opens the store in a directory for reading, also while somebody is writing to it.
///
/// # Errors
/// If there is no store or it cannot be read.
pub fn read(directory: &Path) -> Result<Reader, StoreError> {
    let path = directory.join(RECORDS);
    let file = File::open(&path).map_err(StoreError::io("read", &path))?;
    Ok(Reader {
        path,
        file,
        rest: Vec::new(),
        parsed: Vec::new().into_iter(),
        line: 0,
        whole_bytes: 0,
        torn: None,
        ended: false,
    })
}

/// A line of a store with what it says.
type Parsed = (Place, Result<Record, StoreError>);

/// The records of a store in the order they were written, an iterator that ends at the first error. Lines are read and
/// parsed some megabytes at a time, on all cores; no more is held in memory.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    /// What was read and ends in no line break: the beginning of the next line.
    rest: Vec<u8>,
    parsed: vec::IntoIter<Parsed>,
    /// Lines parsed so far.
    line: u64,
    /// Their bytes.
    whole_bytes: u64,
    torn: Option<TornLine>,
    ended: bool,
}

impl Reader {
    /// The torn last line, known once the iterator has ended.
    pub fn torn(&self) -> Option<TornLine> {
        self.torn
    }

    /// Bytes of all whole lines, known once the iterator has ended.
    pub(crate) fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// The next record with its place.
    pub(crate) fn next_placed(&mut self) -> Option<Result<(Place, Record), StoreError>> {
        if self.ended {
            return None;
        }
        let next = match self.parsed.next() {
            Some(parsed) => Some(parsed),
            None => match self.parse_batch() {
                Ok(()) => self.parsed.next(),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            },
        };
        self.ended = !matches!(next, Some((_, Ok(_))));
        next.map(|(place, record)| record.map(|record| (place, record)))
    }

    /// Parses the next lines, at least one; at the end of the file none.
    fn parse_batch(&mut self) -> Result<(), StoreError> {
        let end = loop {
            let before = self.rest.len();
            let read = self.file.by_ref().take(BATCH).read_to_end(&mut self.rest);
            let bytes = read.map_err(StoreError::io("read", &self.path))?;
            if let Some(last) = self.rest[before..].iter().rposition(|&byte| byte == b'\n') {
                break before + last + 1;
            }
            if bytes == 0 {
                if before > 0 {
                    self.torn = Some(TornLine { line: self.line + 1, bytes: before as u64 });
                }
                return Ok(());
            }
        };
        let mut lines = Vec::new();
        for text in self.rest[..end].split_inclusive(|&byte| byte == b'\n') {
            self.line += 1;
            let bytes = text.len() as u64;
            lines.push((Place { line: self.line, start: self.whole_bytes, bytes }, text));
            self.whole_bytes += bytes;
        }
        let path = &self.path;
        let parsed: Vec<Parsed> = lines
            .into_par_iter()
            .map(|(place, text)| (place, parse(path, place.line, text)))
            .collect();
        self.rest.drain(..end);
        self.parsed = parsed.into_iter();
        Ok(())
    }
}

impl Iterator for Reader {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_placed().map(|next| next.map(|(_, record)| record))
    }
}

/// The record in a line of a store.
pub(crate) fn parse(path: &Path, line: u64, text: &[u8]) -> Result<Record, StoreError> {
    let malformed = |error: serde_json::Error| StoreError::Malformed {
        path: path.to_owned(),
        line,
        reason: crate::json::reason(&error),
    };
    match serde_json::from_slice::<Record>(text) {
        Ok(record) if record.schema <= SCHEMA => Ok(record),
        // A later format may fail in any way, so ask for its version before blaming the line.
        parsed => {
            let version: Versioned = serde_json::from_slice(text).map_err(malformed)?;
            if version.schema > SCHEMA {
                let (path, found) = (path.to_owned(), version.schema);
                return Err(StoreError::Newer { path, line, found });
            }
            parsed.map_err(malformed)
        }
    }
}
