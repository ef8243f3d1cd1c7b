//! What a JSON error says, for one line of a file.

/// The message with the column alone: the line that the parser counts is not that of the file.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) if error.line() > 0 => format!("{what} (column {})", error.column()),
        _ => text,
    }
}
