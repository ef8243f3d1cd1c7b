//! Instances of temporal bin packing: `N CAPACITY 0 0`, then per item `INDEX START END SIZE`; an item is there from its
//! start until just before its end. Time has no unit: one step counts as a day.

use std::path::Path;

use super::input::Lines;
use super::{Format, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "tbpp",
    about: "temporal bin packing: `N CAPACITY 0 0`, then `INDEX START END SIZE`; its own host",
    recognises: |path, first| path.is_file() && numbers(first).is_some(),
    open,
};

/// The four numbers of a line.
fn numbers(line: &str) -> Option<[u64; 4]> {
    let mut fields = line.split_ascii_whitespace().map(str::parse);
    let numbers = [(); 4].map(|()| fields.next()?.ok());
    let [Some(a), Some(b), Some(c), Some(d)] = numbers else { return None };
    fields.next().is_none().then_some([a, b, c, d])
}

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut lines = Lines::open(path)?;
    lines.advance_to_text()?;
    let first = numbers(lines.text());
    let Some([count, capacity, ..]) = first.filter(|&[_, capacity, ..]| capacity < 1 << 36) else {
        return Err(lines.fault("header", "four integers `N CAPACITY 0 0`", lines.text()));
    };
    let mut items = Vec::new();
    while lines.advance_to_text()? {
        let Some([_, time, end, size]) = numbers(lines.text()) else {
            return Err(lines.fault("item", "four integers `INDEX START END SIZE`", lines.text()));
        };
        if end < time {
            let expected = format!("a time from {time}, the start, on");
            return Err(lines.fault("end", &expected, &end.to_string()));
        }
        if size > capacity {
            let expected = format!("at most the capacity {capacity}");
            return Err(lines.fault("size", &expected, &size.to_string()));
        }
        items.push(Arrival { time, end: Some(end), demand: [size, 0, 0, 0, 0] });
    }
    if items.len() as u64 != count {
        let reason = format!("the first line promises {count} items, there are {}", items.len());
        return Err(lines.whole(reason));
    }
    let host = Some([capacity, 0, 0, 0, 0]);
    Ok(whole(items, &[Resource::share("size")], host, 1, 0, options))
}
