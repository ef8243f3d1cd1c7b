//! What operators have: tables of VMs and hosts, rules in their own words, and what their systems print.
//!
//! [`read`] gives a [`Fleet`], whatever it comes from; [`compile`] makes an instance of it. All of it is described
//! for users in `FORMATS.md`.

mod compile;
mod fleet;
pub mod quantity;
mod rules;
mod table;

use std::path::Path;

use crate::format::ReadError;
use crate::source::{LoadError, read_bytes};

pub use compile::Compiled;
pub use fleet::{Fleet, Host, MONEY_PLACES, Vm};

use self::fleet::Fault;

/// Reads a fleet from a table of VMs and one of hosts.
///
/// # Errors
/// Where a file cannot be read or breaks its grammar.
pub fn read(vms: &Path, hosts: &Path) -> Result<Fleet, LoadError> {
    let (vm_bytes, host_bytes) = (read_bytes(vms)?, read_bytes(hosts)?);
    fleet::from_tables(&vm_bytes, &host_bytes).map_err(|fault| match fault {
        Fault::Vms(error) => content(vms, "table of VMs", error),
        Fault::Hosts(error) => content(hosts, "table of hosts", error),
    })
}

/// Makes an instance of a fleet and a rules file, called `name`.
///
/// # Errors
/// Where the rules file cannot be read, breaks its grammar, or names what the fleet does not have; or totals leave 64
/// bits.
pub fn compile(fleet: &Fleet, rules: Option<&Path>, name: &str) -> Result<Compiled, LoadError> {
    let bytes = rules.map(read_bytes).transpose()?;
    let path = rules.unwrap_or(Path::new(name));
    rules::asked(fleet, bytes.as_deref())
        .and_then(|asked| compile::compile(fleet, &asked, name))
        .map_err(|error| content(path, "rules", error))
}

fn content(path: &Path, format: &'static str, error: ReadError) -> LoadError {
    LoadError::Content { path: path.to_owned(), format, error: Box::new(error) }
}
