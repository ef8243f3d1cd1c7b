//! Files and folders that appear under their names when they are whole.
//!
//! **The guarantee.** Under a name there is what was there before, or all of what was to be written: never a part of it,
//! whatever ends the writer, an error, a full disk or a kill. It is written to a *draft* beside its place, which is renamed
//! when it is complete and removed when something fails; only a writer that is killed leaves one behind, a hidden file or
//! folder called `.vmpack-` and six letters. What a power cut may cost is said by a [`Durability`]. Permissions are those
//! of any new file, as the umask has them, and not those that private temporary files have.
//!
//! Symbolic links are followed, so that what they point to is replaced, or made where nothing is there yet. What is neither
//! file nor folder, as a device or a pipe, is written to as it stands.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

/// How the names of drafts begin.
const PREFIX: &str = ".vmpack-";

/// How many symbolic links are followed one after the other; Linux does no more.
const MAX_LINKS: usize = 40;

/// What a power cut may cost that follows a successful call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: content and name are on the disk. For results, which take their time to be had again.
    Flushed,
    /// The new file: the name may still have its old content, or be empty. For what is made from results in a moment.
    Unflushed,
}

/// Writes a file; the folder must be there.
///
/// # Errors
/// If the operating system refuses; the name has its old content then.
pub fn write(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let draft = Draft::of(path)?;
    draft.file().write_all(content)?;
    draft.publish(durability)
}

/// A file in the making.
#[derive(Debug)]
pub struct Draft {
    stage: Stage,
    place: PathBuf,
}

#[derive(Debug)]
enum Stage {
    Beside(NamedTempFile),
    /// The place itself, which is no file.
    There(File),
}

impl Draft {
    /// Begins the file of this path, whose folder must be there.
    ///
    /// # Errors
    /// If there is a folder of that name, links lead round in a circle, or nothing can be written beside it.
    pub fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => {
                let there = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { stage: Stage::There(there), place: path.to_owned() });
            }
            _ => {}
        }
        let place = followed(path)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(mode(0o666));
        let folder = folder_of(&place);
        let file = builder.tempfile_in(folder).map_err(|error| not_in(folder, &error))?;
        Ok(Self { stage: Stage::Beside(file), place })
    }

    /// What is written to.
    pub fn file(&self) -> &File {
        match &self.stage {
            Stage::Beside(file) => file.as_file(),
            Stage::There(file) => file,
        }
    }

    /// Lets the file appear under its name, in place of what was there.
    ///
    /// # Errors
    /// If the operating system refuses; the name has its old content then.
    pub fn publish(self, durability: Durability) -> io::Result<()> {
        publish_all([self], durability)
    }
}

/// Lets files that belong together appear under their names, one after the other, when all of them are complete.
///
/// # Errors
/// If the operating system refuses. If a renaming failed, which only a change of the folder meanwhile can bring about, those
/// before it have been done; otherwise all names have their old content.
pub fn publish_all(
    drafts: impl IntoIterator<Item = Draft>,
    durability: Durability,
) -> io::Result<()> {
    let mut files = Vec::new();
    for Draft { stage, place } in drafts {
        if let Stage::Beside(file) = stage {
            if durability == Durability::Flushed {
                file.as_file().sync_all()?;
            }
            files.push((file, place));
        }
    }
    let mut folders = BTreeSet::new();
    for (file, place) in files {
        file.persist(&place).map_err(|error| error.error)?;
        folders.insert(folder_of(&place).to_owned());
    }
    if durability == Durability::Flushed {
        folders.iter().try_for_each(|folder| flush_folder(folder))?;
    }
    Ok(())
}

/// A folder in the making.
#[derive(Debug)]
pub struct FolderDraft {
    folder: TempDir,
    place: PathBuf,
}

impl FolderDraft {
    /// Begins the folder of this path, and makes those above it.
    ///
    /// # Errors
    /// If nothing can be written beside it.
    pub fn of(path: &Path) -> io::Result<Self> {
        let above = folder_of(path);
        create_folder(above)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(mode(0o777));
        let folder = builder.tempdir_in(above).map_err(|error| not_in(above, &error))?;
        Ok(Self { folder, place: path.to_owned() })
    }

    /// Where it is until then.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Lets the folder appear under its name, where nothing may be but an empty folder. Names are on the disk then, as is
    /// the content of files that were flushed.
    ///
    /// # Errors
    /// If the operating system refuses; nothing is there then, and the draft is gone.
    pub fn publish(self) -> io::Result<()> {
        flush_folder(self.path())?;
        fs::rename(self.path(), &self.place)?;
        // Nothing is left to be removed.
        let _ = self.folder.keep();
        flush_folder(folder_of(&self.place))
    }
}

/// Makes a folder, and those above it, unless it is there. A symbolic link to nothing is followed.
///
/// # Errors
/// If something else is there, links lead round in a circle, or the operating system refuses.
pub fn create_folder(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is there, and no folder")),
        Err(_) => fs::create_dir_all(followed(path)?),
    }
}

/// The path that symbolic links lead to, whether something is there or not.
fn followed(path: &Path) -> io::Result<PathBuf> {
    if let Ok(place) = fs::canonicalize(path) {
        return Ok(place);
    }
    let mut place = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&place) else { return Ok(place) };
        place = folder_of(&place).join(target);
    }
    Err(io::Error::other("its symbolic links lead round in a circle"))
}

/// Why nothing can be begun in a folder, without the name of the draft, which nobody has asked for.
fn not_in(folder: &Path, error: &io::Error) -> io::Error {
    let folder = folder.display();
    let reason = match error.kind() {
        io::ErrorKind::NotFound => format!("there is no folder {folder}"),
        io::ErrorKind::NotADirectory => format!("{folder} is no folder"),
        _ => {
            let text = error.to_string();
            text.split(" at path ").next().unwrap_or_default().to_owned()
        }
    };
    io::Error::new(error.kind(), reason)
}

/// Moves a complete file over another, for good: the new name is on the disk. Both must be on one file system.
///
/// # Errors
/// If the operating system refuses.
pub fn replace(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    flush_folder(folder_of(to))
}

/// Waits until the names in a folder are on the disk: that of a new file survives a power cut only then.
///
/// # Errors
/// If the operating system refuses. A file system that does not know how is no error.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if is_unknown(error.kind()) => Ok(()),
        flushed => flushed,
    }
}

fn is_unknown(error: io::ErrorKind) -> bool {
    matches!(error, io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// The folder that a path is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the umask takes from.
#[cfg(unix)]
fn mode(bits: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}
