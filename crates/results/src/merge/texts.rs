//! The texts of records, read again from their stores.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::Kept;
use crate::Record;
use crate::reader::parse;
use crate::store::{RECORDS, StoreError};

/// Lines of several stores by their places. Cheap where places of one store follow each other.
pub(super) struct Texts<'a> {
    sources: &'a [PathBuf],
    /// The source that is open, one at a time: there may be more of them than files that may be open.
    open: Option<Open>,
    line: Vec<u8>,
}

struct Open {
    source: usize,
    path: PathBuf,
    file: BufReader<File>,
    /// Where `file` is.
    at: u64,
}

impl<'a> Texts<'a> {
    pub(super) fn new(sources: &'a [PathBuf]) -> Self {
        Self { sources, open: None, line: Vec::new() }
    }

    /// The line of a record, with its break.
    pub(super) fn line(&mut self, kept: Kept) -> Result<&[u8], StoreError> {
        let open = match self.open.take() {
            Some(open) if open.source == kept.source => open,
            _ => {
                let path = self.sources[kept.source].join(RECORDS);
                let file = File::open(&path).map_err(StoreError::io("read", &path))?;
                let file = BufReader::with_capacity(1 << 18, file);
                Open { source: kept.source, path, file, at: 0 }
            }
        };
        let open = self.open.insert(open);
        let place = kept.place;
        let moved = if open.at <= place.start {
            // Within what is read already where it can be.
            open.file.seek_relative((place.start - open.at) as i64)
        } else {
            open.file.seek(SeekFrom::Start(place.start)).map(|_| ())
        };
        self.line.resize(place.bytes as usize, 0);
        moved
            .and_then(|()| open.file.read_exact(&mut self.line))
            .map_err(StoreError::io("read", &open.path))?;
        open.at = place.start + place.bytes;
        Ok(&self.line)
    }

    /// The record itself.
    pub(super) fn record(&mut self, kept: Kept) -> Result<Record, StoreError> {
        let path = self.sources[kept.source].join(RECORDS);
        parse(&path, kept.place.line, self.line(kept)?)
    }
}
