//! From the path of an address to a file below the root, or nothing.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The file or directory below `root` at a path such as `/demo/report.html`; `None` if there is none, or if the path would lead
/// elsewhere: by `..`, also in disguise, as an absolute path, or over a symbolic link that leads out. `root` is canonical.
pub(super) fn resolve(root: &Path, path: &str) -> Option<PathBuf> {
    let mut place = root.to_owned();
    for part in path.strip_prefix('/')?.split('/').filter(|part| !part.is_empty()) {
        let name = percent_decode_str(part).decode_utf8().ok()?;
        // Decoded once, a name is a name: separators, drives and hidden files are not reached.
        if name.starts_with('.') || name.contains(['/', '\\', ':', '\0']) {
            return None;
        }
        place.push(&*name);
    }
    let real = place.canonicalize().ok()?;
    real.starts_with(root).then_some(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_reached() {
        let directory = tempfile::tempdir().expect("it can be done");
        let root = directory.path().canonicalize().expect("it can be done").join("inside");
        std::fs::create_dir_all(root.join("a b")).expect("it can be done");
        std::fs::write(root.join("a b/report.html"), "inside").expect("it can be done");
        std::fs::write(root.join(".hidden"), "hidden").expect("it can be done");
        std::fs::write(directory.path().join("secret"), "outside").expect("it can be done");
        std::os::unix::fs::symlink("../secret", root.join("link")).expect("it can be done");
        std::os::unix::fs::symlink("..", root.join("up")).expect("it can be done");
        std::os::unix::fs::symlink("a b", root.join("within")).expect("it can be done");

        assert_eq!(resolve(&root, "/"), Some(root.clone()));
        assert_eq!(resolve(&root, "/a%20b/report.html"), Some(root.join("a b/report.html")));
        assert_eq!(resolve(&root, "/within/report.html"), Some(root.join("a b/report.html")));
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/%2E./secret",
            "/a%20b/../../secret",
            "/..%2fsecret",
            "/%2fetc/passwd",
            "//etc/passwd",
            "/..\\secret",
            "/%5c..%5csecret",
            "/link",
            "/up/secret",
            "/up",
            "/.hidden",
            "/%252e%252e/secret",
            "/report.html%00",
            "/%ff",
            "",
            "secret",
            "http://elsewhere/secret",
        ] {
            assert_eq!(resolve(&root, path), None, "{path}");
        }
    }
}
