//! What is under a name while it is written to, and after it failed.
#![cfg(unix)]

#[path = "../../../tests/skip.rs"]
mod skip;

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use skip::skipped;
use vmpack_files::{Draft, Durability, FolderDraft, create_folder, publish_all, replace, write};

const BOTH: [Durability; 2] = [Durability::Flushed, Durability::Unflushed];

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").file_name();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn bits(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_file_is_replaced_when_it_is_whole_and_has_the_permissions_of_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.json");
    // What the umask of this process gives.
    let any = folder.path().join("any");
    fs::write(&any, "").expect("writable");
    for (content, durability) in ["one", "two"].into_iter().zip(BOTH) {
        write(&path, content.as_bytes(), durability).expect("writable");
        assert_eq!(fs::read_to_string(&path).expect("written"), content);
        assert_eq!(bits(&path), bits(&any));
    }
    let draft = Draft::of(&path).expect("writable");
    draft.file().write_all(b"three").expect("writable");
    assert_eq!(fs::read_to_string(&path).expect("written"), "two", "not before it is whole");
    drop(draft);
    assert_eq!(names(folder.path()), ["a.json", "any"], "what is given up leaves nothing");
}

/// Whoever reads meanwhile sees one content or the other.
#[test]
fn readers_never_see_half_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    let [old, new] = [b'a', b'b'].map(|byte| vec![byte; 1 << 18]);
    write(&path, &old, Durability::Unflushed).expect("writable");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for content in [&new, &old].into_iter().cycle().take(40) {
                write(&path, content, Durability::Unflushed).expect("writable");
            }
            is_over.store(true, Ordering::Release);
        });
        while !is_over.load(Ordering::Acquire) {
            let found = fs::read(&path).expect("it is always there");
            assert!(found == old || found == new, "{} bytes", found.len());
        }
    });
}

#[test]
fn what_cannot_be_written_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).expect("writable");
    fs::write(at("file"), "old").expect("writable");
    for durability in BOTH {
        let error = write(&at("folder"), b"new", durability).expect_err("a folder is there");
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        let error = write(&at("absent/file"), b"new", durability).expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), format!("there is no folder {}", at("absent").display()));
        let error = write(&at("file/below"), b"new", durability).expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
    }
    // The second of two that belong together finds its place taken.
    let drafts = ["file", "other"].map(|name| Draft::of(&at(name)).expect("writable"));
    fs::create_dir(at("other")).expect("writable");
    publish_all(drafts, Durability::Flushed).expect_err("a folder is there");
    fs::write(at("folder/child"), "").expect("writable");
    let draft = FolderDraft::of(&at("folder")).expect("writable");
    draft.publish().expect_err("it is not empty");
    assert_eq!(names(folder.path()), ["file", "folder", "other"], "no drafts");
}

/// Somebody who may not write to a folder is told so, as on a disk that is mounted for reading.
#[test]
fn a_folder_that_must_not_be_written_to_keeps_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    fs::write(&path, "old").expect("writable");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).expect("ours");
    // Root may write nevertheless.
    let is_root = fs::write(folder.path().join("probe"), "").is_ok();
    let written = write(&path, b"new", Durability::Flushed);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    if is_root {
        return skipped("root may write anywhere");
    }
    assert_eq!(written.expect_err("read-only").kind(), ErrorKind::PermissionDenied);
    assert_eq!(fs::read_to_string(&path).expect("readable"), "old");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn links_are_followed_and_devices_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("far")).expect("writable");
    fs::write(at("far/file"), "old").expect("writable");
    symlink(at("far/file"), at("link")).expect("writable");
    write(&at("link"), b"new", Durability::Flushed).expect("writable");
    assert!(fs::symlink_metadata(at("link")).expect("it is there").is_symlink());
    assert_eq!(fs::read_to_string(at("far/file")).expect("readable"), "new");

    write(Path::new("/dev/null"), b"gone", Durability::Flushed).expect("writable");
    assert!(!fs::metadata("/dev/null").expect("it is there").is_file(), "the device is one still");
    if Path::new("/dev/full").exists() {
        let error = write(Path::new("/dev/full"), b"much", Durability::Flushed).expect_err("full");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
    if Path::new(&path).exists() {
        write(Path::new(&path), b"through", Durability::Flushed).expect("writable");
        drop(writer);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("readable");
        assert_eq!(text, "through");
    }
}

/// What links point to is made where it is not there yet, and the links stay.
#[test]
fn links_to_nothing_are_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("far")).expect("writable");
    let is_link = |name| fs::symlink_metadata(at(name)).is_ok_and(|found| found.is_symlink());
    // A link beside a link, each relative to its own folder.
    symlink("far/second", at("first")).expect("writable");
    symlink("file", at("far/second")).expect("writable");
    write(&at("first"), b"new", Durability::Flushed).expect("writable");
    assert!(is_link("first") && is_link("far/second"));
    assert_eq!(fs::read_to_string(at("far/file")).expect("made"), "new");
    symlink(at("far/deep/store"), at("store")).expect("writable");
    create_folder(&at("store")).expect("writable");
    create_folder(&at("store")).expect("it is there");
    assert!(is_link("store") && at("far/deep/store").is_dir());

    symlink("absent/file", at("lost")).expect("writable");
    let error = write(&at("lost"), b"new", Durability::Flushed).expect_err("no folder");
    assert!(error.to_string().contains("there is no folder"), "{error}");
    symlink("round", at("round")).expect("writable");
    let refused = [
        write(&at("round"), b"new", Durability::Flushed).expect_err("a circle"),
        create_folder(&at("round")).expect_err("a circle"),
    ];
    for error in refused {
        assert!(error.to_string().contains("round in a circle"), "{error}");
    }
    let error = create_folder(&at("far/file")).expect_err("a file");
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
    assert!(is_link("lost") && is_link("round"));
    assert_eq!(names(folder.path()), ["far", "first", "lost", "round", "store"]);
}

#[test]
fn a_folder_appears_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let draft = FolderDraft::of(&at("deep/store")).expect("writable");
    write(&draft.path().join("a"), b"one", Durability::Flushed).expect("writable");
    assert!(!at("deep/store").exists());
    draft.publish().expect("writable");
    assert_eq!(fs::read_to_string(at("deep/store/a")).expect("readable"), "one");
    fs::create_dir(at("any")).expect("writable");
    assert_eq!(bits(&at("deep/store")), bits(&at("any")));
    // An empty folder makes room.
    FolderDraft::of(&at("any")).expect("writable").publish().expect("it is empty");
    drop(FolderDraft::of(&at("never")).expect("writable"));
    write(&at("b"), b"two", Durability::Unflushed).expect("writable");
    replace(&at("b"), &at("deep/store/a")).expect("writable");
    assert_eq!(fs::read_to_string(at("deep/store/a")).expect("readable"), "two");
    assert_eq!(names(folder.path()), ["any", "deep"]);
}
