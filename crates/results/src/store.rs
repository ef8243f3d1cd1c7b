//! The store: one file of JSON lines that only grows, one line per finished run.
//!
//! A record is appended as one whole line with one write, and reaches the disk before the next run is
//! reported, so whatever ends the writer, all lines but the last are whole. A last line without its
//! line break is *torn*: readers report and skip it, a writer that resumes cuts it off and runs it
//! again. An advisory lock keeps a second writer out.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::manifest::MANIFEST;
use crate::{Record, SCHEMA, TornLine, read};

/// The name of the store inside its directory.
pub const RECORDS: &str = "records.jsonl";

/// What can be wrong with a store or a manifest.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process is writing to the store.
    #[error("{} is in use: another process is adding records to it", path.display())]
    Locked {
        /// The store.
        path: PathBuf,
    },
    /// A new store was asked for where there is one already.
    #[error("{} exists already: resume it, or choose another directory", path.display())]
    Exists {
        /// The file that is in the way.
        path: PathBuf,
    },
    /// A line that is not a record.
    #[error("{}, line {line}: expected a record: {reason}", path.display())]
    Malformed {
        /// The store.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The manifest is no manifest.
    #[error("{}: expected a manifest: {reason}", path.display())]
    MalformedManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a later version of vmpack.
    #[error(
        "{}, line {line}: record format {found}, but this version of vmpack reads up to {SCHEMA}",
        path.display()
    )]
    Newer {
        /// The store or the manifest.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The version of its format.
        found: u32,
    },
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// What a resumed store holds already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The ids of the finished runs.
    pub runs: BTreeSet<String>,
    /// The torn line that was cut off, if there was one.
    pub torn: Option<TornLine>,
}

/// How long a lock may be held by nobody: a child that a writer was starting when it was killed has the file open until it
/// becomes another program.
const PATIENCE: Duration = Duration::from_secs(1);

/// The writing end of a store. At most one exists per directory, over all processes.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Store {
    /// Starts a new store, creating the directory if need be.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the directory holds records or a manifest, [`StoreError::Locked`] if
    /// somebody is writing there.
    pub fn create(directory: &Path) -> Result<Self, StoreError> {
        vmpack_files::create_folder(directory).map_err(StoreError::io("create", directory))?;
        let mut store = Self::open(directory)?;
        if store.end()? > 0 {
            return Err(StoreError::Exists { path: store.path });
        }
        let manifest = directory.join(MANIFEST);
        if manifest.exists() {
            return Err(StoreError::Exists { path: manifest });
        }
        Ok(store)
    }

    /// Opens a store to add what is missing, and cuts off a torn last line. A directory without a store
    /// gets an empty one.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if somebody is writing there; whatever [`crate::Reader`] finds wrong with the
    /// lines.
    pub fn resume(directory: &Path) -> Result<(Self, Recovered), StoreError> {
        vmpack_files::create_folder(directory).map_err(StoreError::io("create", directory))?;
        let mut store = Self::open(directory)?;
        let mut reader = read(directory)?;
        let mut runs = BTreeSet::new();
        for record in &mut reader {
            runs.insert(record?.run);
        }
        store.cut(reader.whole_bytes())?;
        Ok((store, Recovered { runs, torn: reader.torn() }))
    }

    fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(RECORDS);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        let started = Instant::now();
        let locked = loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    thread::sleep(PATIENCE / 100);
                }
                result => break result,
            }
        };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { path }),
            // Shared folders without locks are written to all the same: whoever queues the work keeps writers apart.
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::Io { action: "lock", path, source });
            }
        }
        // The name of a new file survives a power cut only once its directory is on the disk.
        vmpack_files::flush_folder(directory).map_err(StoreError::io("flush", directory))?;
        Ok(Self { path, file, length: 0 })
    }

    fn end(&mut self) -> Result<u64, StoreError> {
        self.file.seek(io::SeekFrom::End(0)).map_err(StoreError::io("read", &self.path))
    }

    fn cut(&mut self, length: u64) -> Result<(), StoreError> {
        self.file.set_len(length).map_err(StoreError::io("shorten", &self.path))?;
        self.length = length;
        Ok(())
    }

    /// Appends one record and waits until it is on the disk.
    ///
    /// # Errors
    /// If it cannot be written whole; what was written of it is taken back.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(record).map_err(|error| StoreError::Io {
            action: "write a record to",
            path: self.path.clone(),
            source: error.into(),
        })?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // A half line followed by others would be unreadable. If the disk refuses this as well,
            // the line stays torn, which resuming repairs.
            let _ = self.file.set_len(self.length);
            return Err(StoreError::Io { action: "write to", path: self.path.clone(), source });
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
