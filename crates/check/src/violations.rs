//! What is broken, as sentences for people.

/// How many violations are spelt out: a solution that breaks everything would fill the record.
const LISTED: usize = 8;

/// Collects the violations of a solution; formats only those that are listed.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    listed: Vec<String>,
    total: u64,
}

impl Violations {
    pub(crate) fn push(&mut self, sentence: impl FnOnce() -> String) {
        if self.listed.len() < LISTED {
            self.listed.push(sentence());
        }
        self.total += 1;
    }

    /// `Ok` if there are none, else the sentences; the last one tells how many are left out.
    pub(crate) fn into_result(self) -> Result<(), Vec<String>> {
        let Self { mut listed, total } = self;
        let omitted = total - listed.len() as u64;
        if omitted > 0 {
            listed.push(format!("and {omitted} more"));
        }
        if listed.is_empty() { Ok(()) } else { Err(listed) }
    }
}
