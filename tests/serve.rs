//! `vmpack serve`, asked as browsers ask and as nobody should.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::clock::PATIENCE;

const MANIFEST: &str = r#"{"schema": 1, "experiment": "demo", "experiment_hash": "c0ffee", "order_seed": 1,
    "planned": 2, "skipped": [], "missing": [], "versions": {}, "commit": "", "started": "2026-01-02T03:04:05.678901234Z",
    "command": [], "jobs": 1, "machine": {"cpu": "x", "cores": 2, "memory_bytes": 1, "system": "Linux"}}"#;

/// A server of a directory with a report, beside a file that nobody may see.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    _directory: TempDir,
}

impl Served {
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let root = directory.path().join("reports");
        fs::create_dir_all(root.join("a demo/figures")).unwrap();
        fs::write(root.join("a demo/report.html"), "<!doctype html><title>demo</title>").unwrap();
        fs::write(root.join("a demo/figures/f.svg"), "<svg></svg>").unwrap();
        fs::write(root.join("a demo/records.jsonl"), "{}\n").unwrap();
        fs::write(root.join("a demo/manifest.json"), MANIFEST).unwrap();
        fs::write(root.join("a demo/large.csv"), "1\n".repeat(50_000)).unwrap();
        fs::write(root.join(".hidden"), "secret").unwrap();
        fs::write(directory.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
        // A background shell ignores the signal, which children inherit; `env` becomes the command.
        let mut child = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_vmpack")])
            .args(["serve", "--port", "0"])
            .arg(&root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        Self { child, address, _directory: directory }
    }

    /// Sends bytes as they are, and returns the whole answer.
    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Whoever is refused is hung up on.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let host = &self.address;
        self.raw(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn has(answer: &str, parts: &[&str]) {
    for part in parts {
        assert!(
            answer.to_lowercase().contains(&part.to_lowercase()),
            "{part:?} is not in {answer}"
        );
    }
}

#[test]
fn reports_are_shown() {
    let served = Served::start();
    let index = served.ask("GET", "/");
    has(
        &index,
        &[
            "HTTP/1.1 200",
            "content-type: text/html; charset=utf-8",
            "href=\"a%20demo/report.html\"",
            ">a demo</a>",
            "<td>2026-01-02T03:04:05Z</td>",
        ],
    );
    assert!(!index.contains("secret") && !index.contains("link"), "{index}");
    let page = served.ask("GET", "/a%20demo/report%2Ehtml?x=1");
    has(
        &page,
        &[
            "HTTP/1.1 200",
            "content-type: text/html; charset=utf-8",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-resource-policy: same-origin",
            "content-security-policy: default-src 'none'",
            "cache-control: no-cache",
            "<title>demo</title>",
        ],
    );
    has(&served.ask("GET", "/a%20demo/large.csv"), &["content-length: 100000"]);
    has(&served.ask("HEAD", "/a%20demo/large.csv"), &["content-length: 100000"]);
    has(
        &served.ask("GET", "/a%20demo/figures/f.svg"),
        &["content-type: image/svg+xml", "<svg></svg>"],
    );
    has(
        &served.ask("GET", "/a%20demo/records.jsonl"),
        &["content-type: text/plain; charset=utf-8"],
    );
    has(&served.ask("GET", "/a%20demo"), &["HTTP/1.1 308", "location: a%20demo/"]);
    has(&served.ask("GET", "//a%20demo"), &["HTTP/1.1 308", "location: a%20demo/"]);
    has(&served.ask("GET", "/nothing"), &["HTTP/1.1 404"]);
    let head = served.ask("HEAD", "/a%20demo/report.html");
    has(&head, &["HTTP/1.1 200", "content-length: 34"]);
    assert!(!head.contains("<title>"), "{head}");
}

#[test]
fn nothing_else_is() {
    let served = Served::start();
    for path in [
        "/../secret",
        "/a%20demo/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/.%2e/secret",
        "/..%5csecret",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/link",
        "/.hidden",
        "/%00",
        "/%",
        "/%ff%fe",
    ] {
        let answer = served.ask("GET", path);
        has(&answer, &["HTTP/1.1 404"]);
        assert!(!answer.contains("secret") && !answer.contains("root:"), "{path}: {answer}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        has(&served.ask(method, "/"), &["HTTP/1.1 405", "allow: GET, HEAD"]);
    }
    // A page from elsewhere whose name was made to lead here.
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"] {
        let answer =
            served.raw(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        has(&answer, &["HTTP/1.1 421"]);
    }
    has(&served.raw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), &["HTTP/1.1 421"]);
    // What is no HTTP is answered by nothing that was asked for, and whoever comes next is served.
    for noise in ["\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n"] {
        assert!(!served.raw(noise).contains("200 OK"), "{noise:?}");
    }
    let local = served.address.replace("127.0.0.1", "localhost");
    has(
        &served.raw(&format!("GET / HTTP/1.1\r\nHost: {local}\r\nConnection: close\r\n\r\n")),
        &["HTTP/1.1 200"],
    );
}

#[test]
fn an_interrupt_ends_it() {
    let mut served = Served::start();
    let id = i32::try_from(served.child.id()).unwrap();
    Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_no_directory_is_refused() {
    for (argument, problem) in [("absent", "No such file"), ("Cargo.toml", "Not a directory")] {
        let output = crate::support::vmpack().args(["serve", argument]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains(argument) && errors.contains(problem), "{errors}");
    }
}
