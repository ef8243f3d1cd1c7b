//! Pod lists of the Alibaba GPU cluster trace of 2023 (openb). A pod is there from its creation to its deletion; GPUs are
//! counted in thousandths over all of a host.

use std::path::Path;

use super::table::{Row as _, Table};
use super::{Format, Options, TraceError, whole};
use crate::arrivals::{Arrival, Resource, Trace};

pub(super) const FORMAT: Format = Format {
    name: "alibaba-openb",
    about: "pods of Alibaba GPU 2023: CSV with a header, cpu_milli, memory_mib, num_gpu, gpu_milli, ...",
    recognises: |_, first| first.starts_with("name,cpu_milli,memory_mib,num_gpu"),
    open,
};

const COLUMNS: &[&str] =
    &["cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time", "deletion_time"];

fn open(path: &Path, options: Options) -> Result<Trace, TraceError> {
    let mut table = Table::with_header(path, ',', COLUMNS)?;
    let mut vms = Vec::new();
    while table.advance()? {
        let gpu = table.integer(2)?.checked_mul(table.integer(3)?);
        let gpu = gpu.ok_or_else(|| table.fault(3, "thousandths of a GPU"))?;
        let demand = [table.integer(0)?, table.integer(1)?, gpu, 0, 0];
        let time = table.integer(4)?;
        let end = if table.is_absent(5) { None } else { Some(table.integer(5)?) };
        if end.is_some_and(|end| end < time) {
            return Err(table.fault(5, "a time that is not before creation_time"));
        }
        vms.push(Arrival { time, end, demand });
    }
    let resources = [Resource::CPU, Resource::MEMORY, Resource::GPU];
    Ok(whole(vms, &resources, None, 86_400, 0, options))
}
