//! The index of the reports below a directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vmpack_results::read_manifest;

/// How deep reports are looked for, and how many are listed.
const DEPTH: usize = 4;
const MOST: usize = 1000;

/// What is encoded in the name of a file: all but what RFC 3986 calls unreserved.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A report below a directory.
pub(super) struct Report {
    /// Relative to the directory.
    place: PathBuf,
    /// What its experiment is called, when it was started, and how many runs it plans, as far as there is a manifest.
    about: Option<(String, String, u64)>,
}

/// The reports below a directory, by their paths. Links are not followed: they may lead out, or round in a circle.
pub(super) fn reports(directory: &Path) -> Vec<Report> {
    let mut found = Vec::new();
    let mut folders = vec![(directory.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !hidden && depth < DEPTH {
                folders.push((path, depth + 1));
            } else if kind.is_file() && entry.file_name() == "report.html" && found.len() < MOST {
                let manifest = read_manifest(&folder).ok();
                let about = manifest.map(|m| (m.experiment, m.started, m.planned));
                let place = path.strip_prefix(directory).expect("found below it").to_owned();
                found.push(Report { place, about });
            }
        }
    }
    found.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

/// A page that lists them.
pub(super) fn page(directory: &Path, reports: &[Report]) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let name = escaped(&name);
    let mut rows = String::new();
    for report in reports {
        let link: Vec<String> = report
            .place
            .iter()
            .map(|part| utf8_percent_encode(&part.to_string_lossy(), NAME).to_string())
            .collect();
        let folder = report.place.parent().unwrap_or(Path::new("")).display().to_string();
        let folder = if folder.is_empty() { "here".to_owned() } else { escaped(&folder) };
        let (experiment, started, planned) = match &report.about {
            Some((experiment, started, planned)) => {
                (escaped(experiment), escaped(&to_the_second(started)), planned.to_string())
            }
            None => Default::default(),
        };
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\"><a href=\"{}\">{folder}</a></th><td>{experiment}</td><td>{started}</td><td class=\"n\">{planned}</td></tr>",
            link.join("/")
        );
    }
    let list = if reports.is_empty() {
        "<p>There is no report.html here or in the folders below.</p>".to_owned()
    } else {
        format!(
            "<table><caption>By folder</caption><thead><tr><th scope=\"col\">report</th><th scope=\"col\">experiment</th><th scope=\"col\">started</th>\
             <th scope=\"col\" class=\"n\">runs planned</th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
        )
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>Reports in {name}</title>\n<style>{STYLE}</style></head>\n<body><main><h1>Reports in {name}</h1>\n{list}\n</main></body></html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark;background:canvas;color:canvastext}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
                     padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;\
                     border-bottom:1px solid #8886}th,td,h1{overflow-wrap:anywhere}caption{text-align:left}.n{text-align:right}";

/// A time stamp without its fraction of a second; any other text as it is.
fn to_the_second(text: &str) -> String {
    let seconds = |time: jiff::Timestamp| {
        jiff::Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
    };
    text.parse().map_or_else(|_| text.to_owned(), seconds)
}

/// Text that HTML shows as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
