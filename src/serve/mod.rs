//! What `vmpack serve` shows: files below one directory, and an index of the reports in it.

mod index;
mod paths;

use std::fs::File;
use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tiny_http::{Header, Method, Request, Response, StatusCode};

/// A directory of reports, shown at an address.
#[derive(Debug)]
pub(crate) struct Site {
    /// Without symbolic links.
    root: PathBuf,
    /// What browsers may call this server: the address and `localhost`, with the port.
    hosts: Vec<String>,
}

/// Sent with every answer. Reports bring a stricter policy of their own; this one is for whatever else lies there: nothing may
/// run or load but what the page itself holds and pictures from here.
const HEADERS: [(&str, &str); 6] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

const HTML: &str = "text/html; charset=utf-8";

/// What is sent for an address.
enum Answer {
    File(File, &'static str),
    Text(u16, &'static str, String),
    /// A directory is at the same address with a slash at its end.
    Moved(String),
}

impl Site {
    /// A site of the directory.
    ///
    /// # Errors
    /// If it is none, or cannot be read.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        let root = directory.canonicalize()?;
        // Says why not, if it is no directory.
        root.read_dir()?;
        Ok(Self { root, hosts: Vec::new() })
    }

    /// The site at an address. Requests that name another host are refused: a page from elsewhere whose name was made to lead
    /// here must not read what is here.
    pub(crate) fn at(mut self, address: SocketAddr) -> Self {
        self.hosts = vec![address.to_string(), format!("localhost:{}", address.port())];
        self
    }

    /// Answers a request.
    ///
    /// # Errors
    /// If the answer cannot be sent.
    pub(crate) fn answer(&self, request: Request) -> io::Result<()> {
        let host = request.headers().iter().find(|header| header.field.equiv("Host"));
        let known =
            host.is_some_and(|header| self.hosts.iter().any(|host| *host == header.value.as_str()));
        let answer = if !known {
            plain(421, "this server answers on this machine alone, by its own address")
        } else if !matches!(request.method(), Method::Get | Method::Head) {
            plain(405, "only GET and HEAD are answered")
        } else {
            self.look_up(request.url())
        };
        send(request, answer)
    }

    /// What is at an address.
    fn look_up(&self, url: &str) -> Answer {
        let address = url.split(['?', '#']).next().unwrap_or_default();
        let Some(path) = paths::resolve(&self.root, address) else {
            return plain(404, "there is nothing here");
        };
        if path.is_dir() && !address.ends_with('/') {
            // Relative, so that no path is taken for the name of a host.
            let name = address.rsplit('/').next().unwrap_or_default();
            return Answer::Moved(format!("{name}/"));
        }
        if path.is_dir() {
            let reports = index::reports(&path);
            return Answer::Text(200, HTML, index::page(&path, &reports));
        }
        if !path.is_file() {
            // A pipe would hold whoever opens it.
            return plain(404, "there is nothing here");
        }
        match File::open(&path) {
            Ok(file) => Answer::File(file, content_type(&path)),
            Err(_) => plain(404, "there is nothing here"),
        }
    }
}

fn plain(status: u16, text: &str) -> Answer {
    Answer::Text(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// Nothing is sent in chunks: every answer says how long it is.
const WHOLE: usize = usize::MAX;

fn send(request: Request, answer: Answer) -> io::Result<()> {
    let mut headers: Vec<Header> =
        HEADERS.iter().map(|(name, value)| header(name, value)).collect();
    match answer {
        Answer::File(file, kind) => {
            headers.push(header("Content-Type", kind));
            let length = file.metadata()?.len().try_into().ok();
            let response = Response::new(StatusCode(200), headers, file, length, None);
            request.respond(response.with_chunked_threshold(WHOLE))
        }
        Answer::Text(status, kind, text) => {
            headers.push(header("Content-Type", kind));
            if status == 405 {
                headers.push(header("Allow", "GET, HEAD"));
            }
            let length = Some(text.len());
            let body = Cursor::new(text.into_bytes());
            let response = Response::new(StatusCode(status), headers, body, length, None);
            request.respond(response.with_chunked_threshold(WHOLE))
        }
        Answer::Moved(place) => {
            headers.push(header("Location", &place));
            request.respond(Response::new(StatusCode(308), headers, io::empty(), Some(0), None))
        }
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("names and values of headers are ASCII")
}

/// What browsers are told a file is, by its extension; of others they are told nothing more than that they are bytes.
fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => HTML,
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("pdf") => "application/pdf",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("jsonl" | "tex" | "txt" | "md" | "toml") => "text/plain; charset=utf-8",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    }
}
