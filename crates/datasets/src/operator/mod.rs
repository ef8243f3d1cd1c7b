//! What operators have: tables of VMs and hosts, rules in their own words, and what their systems print.
//!
//! [`read`] gives a [`Fleet`], whatever it comes from; [`compile`] makes an instance of it. All of it is described
//! for users in `FORMATS.md`.

mod compile;
mod fleet;
mod kubernetes;
mod number;
mod numerals;
mod openstack;
pub mod quantity;
mod rules;
mod rvtools;
mod table;

use std::path::Path;

use crate::format::{ReadError, utf8};
use crate::source::{LoadError, read_bytes};

pub use compile::Compiled;
pub use fleet::{Fleet, Host, MONEY_PLACES, Vm};

/// What a description of a fleet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Tables of VMs and hosts, as CSV or JSON.
    Tables,
    /// `kubectl get nodes,pods -A -o json`.
    Kubernetes,
    /// Lists of servers, hypervisors and flavors as JSON.
    OpenStack,
    /// The sheets vInfo and vHost as CSV.
    RvTools,
}

/// The files that describe a fleet.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The VMs.
    pub vms: &'a Path,
    /// The hosts; where the file of VMs has them too, there may be none.
    pub hosts: Option<&'a Path>,
    /// How large the flavors of OpenStack are, where servers do not say it.
    pub flavors: Option<&'a Path>,
    /// What the files come from; recognised by the file of VMs unless given.
    pub origin: Option<Origin>,
    /// Whether VMs of RVTools that are switched off are placed too.
    pub powered_off: bool,
}

/// Reads a fleet. One file may be given for VMs and hosts, if it has both.
///
/// # Errors
/// Where a file is missing, cannot be read, or breaks its grammar; a name stands there twice; or a host has no capacity.
pub fn read(files: &Files<'_>) -> Result<Fleet, LoadError> {
    let vm_bytes = read_bytes(files.vms)?;
    let origin = files.origin.unwrap_or_else(|| recognise(&vm_bytes));
    let hosts = files.hosts.unwrap_or(files.vms);
    let host_bytes = if hosts == files.vms { None } else { Some(read_bytes(hosts)?) };
    let flavors = files.flavors.map(read_bytes).transpose()?;
    let flavors_path = files.flavors.unwrap_or(files.vms);
    let of_vms = |format, error| content(files.vms, format, error);
    let of_hosts = |format, error| content(hosts, format, error);
    let separate = || {
        host_bytes.as_deref().ok_or_else(|| {
            let error = ReadError {
                line: None,
                field: "the fleet".to_owned(),
                expected: "a file of hosts as well (--hosts)".to_owned(),
                found: "none".to_owned(),
            };
            content(files.vms, "VMs", error)
        })
    };
    let fleet = match origin {
        Origin::Kubernetes => {
            let documents = std::iter::once(&vm_bytes).chain(&host_bytes).map(Vec::as_slice);
            kubernetes::read(documents).map_err(|(document, error)| {
                content(if document > 0 { hosts } else { files.vms }, "kubernetes", error)
            })
        }
        Origin::Tables => fleet::from_tables(&vm_bytes, separate()?).map_err(|fault| match fault {
            fleet::Fault::Vms(error) => of_vms("table of VMs", error),
            fleet::Fault::Hosts(error) => of_hosts("table of hosts", error),
        }),
        Origin::OpenStack => {
            openstack::read(&vm_bytes, separate()?, flavors.as_deref()).map_err(|fault| match fault
            {
                openstack::Fault::Servers(error) => of_vms("openstack servers", error),
                openstack::Fault::Hypervisors(error) => of_hosts("openstack hypervisors", error),
                openstack::Fault::Flavors(error) => {
                    content(flavors_path, "openstack flavors", error)
                }
            })
        }
        Origin::RvTools => {
            rvtools::read(&vm_bytes, separate()?, files.powered_off).map_err(|fault| match fault {
                rvtools::Fault::Info(error) => of_vms("rvtools vInfo", error),
                rvtools::Fault::Host(error) => of_hosts("rvtools vHost", error),
            })
        }
    }?;
    // Tables have been looked at already, with their lines.
    let vms = fleet.vms.iter().map(|vm| (&*vm.name, Some(vm.count)));
    fleet::distinct(vms, &[]).map_err(|error| of_vms("VMs", error))?;
    let names = fleet.hosts.iter().map(|host| (&*host.name, host.count));
    fleet::distinct(names, &[]).map_err(|error| of_hosts("hosts", error))?;
    if let Some(empty) = fleet.hosts.iter().find(|host| host.capacity.iter().all(|&x| x == 0)) {
        let error = ReadError {
            line: None,
            field: format!("host {:?}", empty.name),
            expected: "some capacity of what VMs need".to_owned(),
            found: "none".to_owned(),
        };
        return Err(of_hosts("hosts", error));
    }
    Ok(fleet)
}

/// What a file of VMs comes from.
fn recognise(content: &[u8]) -> Origin {
    let Ok(text) = utf8(content) else { return Origin::Tables };
    let is_json = text.trim_start().starts_with(['{', '[']);
    if is_json && kubernetes::recognises(text) {
        Origin::Kubernetes
    } else if is_json && openstack::recognises(text) {
        Origin::OpenStack
    } else if !is_json && rvtools::recognises(text) {
        Origin::RvTools
    } else {
        Origin::Tables
    }
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
