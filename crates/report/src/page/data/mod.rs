//! The data inside the page: what its script filters, sorts and draws, as compressed JSON.
//!
//! Three parts, so that the page is usable before all of it is unpacked: the [`runs`] in columns, which every view
//! needs; the whole [`records`]; and the [`packings`]. The last two are unpacked when the first run is opened.

mod columns;
mod packings;
mod records;
mod runs;

use std::io::BufWriter;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::{Compression, GzBuilder};
use serde::Serialize;
use vmpack_results::Record;
use vmpack_results::stats::Clock;

use crate::data::Data;
use crate::{ReportError, Source, format};

/// The parts, as text that needs no escaping in HTML.
#[derive(Serialize)]
pub(super) struct Embedded {
    runs: String,
    records: String,
    packings: String,
    /// How many kept solutions are not among them; empty if all are.
    left_out: String,
}

/// Bytes of JSON, before compression, that solutions and instances may take together.
const PACKINGS_BUDGET: usize = 5 << 20;
/// Points of trajectories and of series in the whole page.
const POINTS_BUDGET: usize = 100_000;

impl Embedded {
    /// Gathers what the script needs; solutions and instances are read from the run directory.
    pub(super) fn new(
        records: &[Record],
        families: &[Data<'_>],
        clock: Clock,
        source: Source<'_>,
    ) -> Result<Self, ReportError> {
        let run_dir: &Path = source.run_dir;
        let packings = packings::Packings::new(records, run_dir, PACKINGS_BUDGET)?;
        let points = (POINTS_BUDGET / records.len().max(1)).clamp(8, 200);
        Ok(Self {
            runs: packed(&runs::Runs::new(records, families, clock)),
            records: packed(&records::Records { all: records, series: source.series, points }),
            packings: packed(&packings),
            left_out: match packings.left_out {
                0 => String::new(),
                some => format::count(some),
            },
        })
    }
}

/// Compressed JSON in base 64; the same data gives the same text.
fn packed(data: &impl Serialize) -> String {
    let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    // JSON is written in morsels, each of which would be a call of the compressor.
    let mut writer = BufWriter::with_capacity(1 << 16, gzip);
    serde_json::to_writer(&mut writer, data).expect("plain data with string keys");
    let gzip = writer.into_inner().expect("memory takes everything");
    BASE64_STANDARD.encode(gzip.finish().expect("memory takes everything"))
}
