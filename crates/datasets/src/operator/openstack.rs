//! What OpenStack lists as JSON: servers are VMs, hypervisors are hosts, flavors say how large servers are.
//!
//! Both forms are read: the arrays of `openstack server list --long -f json`, `openstack hypervisor list --long -f json`
//! and `openstack flavor list --all -f json`, and the documents of the compute API.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fleet::{Fleet, Host, Vm};
use super::number::Number;
use super::quantity::{self, Kind, Unit};
use super::table::{Lines, within};
use crate::format::{ReadError, parse, utf8};
use crate::names::suggestion;

/// A server, by the names of either form.
#[derive(Debug, Deserialize)]
struct Server {
    #[serde(alias = "ID")]
    id: String,
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Status", default)]
    status: String,
    #[serde(alias = "Project ID", alias = "project_id", default)]
    tenant_id: Option<String>,
    #[serde(rename = "OS-EXT-AZ:availability_zone", alias = "Availability Zone", default)]
    zone: Option<String>,
    #[serde(alias = "Flavor", default)]
    flavor: Option<FlavorOf>,
    #[serde(rename = "Flavor Name", default)]
    flavor_name: Option<String>,
    #[serde(rename = "Flavor ID", default)]
    flavor_id: Option<String>,
    #[serde(rename = "server_groups", default)]
    groups: Vec<String>,
}

/// What a server says of its flavor.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FlavorOf {
    /// How large it is (API since 2.47).
    Sizes {
        vcpus: Number,
        ram: Number,
        disk: Number,
        #[serde(default)]
        ephemeral: Option<Number>,
    },
    /// Which one it is.
    Id { id: String },
    /// What it is called.
    Name(String),
}

#[derive(Debug, Deserialize)]
struct Flavor {
    #[serde(alias = "ID")]
    id: String,
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "VCPUs")]
    vcpus: Number,
    #[serde(alias = "RAM")]
    ram: Number,
    #[serde(alias = "Disk")]
    disk: Number,
    #[serde(rename = "OS-FLV-EXT-DATA:ephemeral", alias = "Ephemeral", default)]
    ephemeral: Option<Number>,
}

#[derive(Debug, Deserialize)]
struct Hypervisor {
    #[serde(rename = "hypervisor_hostname", alias = "Hypervisor Hostname")]
    hostname: String,
    #[serde(rename = "hypervisor_type", alias = "Hypervisor Type", default)]
    kind: String,
    #[serde(alias = "State", default)]
    state: String,
    #[serde(alias = "Status", default)]
    status: String,
    #[serde(alias = "vCPUs", alias = "VCPUs", default)]
    vcpus: Option<Number>,
    #[serde(alias = "Memory MB", default)]
    memory_mb: Option<Number>,
    #[serde(alias = "Local GB", default)]
    local_gb: Option<Number>,
}

/// Whether a document lists servers.
pub(super) fn recognises(text: &str) -> bool {
    items::<Server>(text, "servers").is_ok_and(|servers| !servers.is_empty())
}

/// The members of an array, or of one that is a member of an object; each with its line.
fn items<'a, T: Deserialize<'a>>(
    text: &'a str,
    member: &str,
) -> Result<Vec<(usize, T)>, ReadError> {
    let items: Vec<&'a RawValue> = if text.trim_start().starts_with('[') {
        parse(text)?
    } else {
        let mut members: BTreeMap<String, &'a RawValue> = parse(text)?;
        let list = members.remove(member).ok_or_else(|| ReadError {
            line: Some(1),
            field: "the document".to_owned(),
            expected: format!("an array, or an object with one as {member:?}"),
            found: "neither".to_owned(),
        })?;
        let above = Lines::new(text).of(list);
        parse(list.get()).map_err(|error| within(above, error))?
    };
    let mut lines = Lines::new(text);
    let read = items.into_iter().enumerate().map(|(index, item)| {
        let line = lines.of(item);
        let value = parse(item.get()).map_err(|mut error| {
            error.field = format!("{member}[{index}].{}", error.field);
            within(line, error)
        });
        Ok((line, value?))
    });
    read.collect()
}

/// What a flavor is worth: processors, memory, disk.
type Sizes = [u64; 3];

/// What a hypervisor has of the same, where it says so.
type Capacity = [Option<u64>; 3];

const RESOURCES: [(&str, Kind, Option<Unit>); 3] = [
    ("cpu", Kind::Cores, None),
    ("memory", Kind::Bytes, Some(Unit::MEBIBYTE)),
    ("disk", Kind::Bytes, Some(Unit::GIBIBYTE)),
];

fn size(line: usize, of: &str, which: usize, number: &Number) -> Result<u64, ReadError> {
    let (name, kind, unit) = RESOURCES[which];
    quantity::amount(&number.0, kind, unit).map_err(|error| ReadError {
        line: Some(line),
        field: format!("{of}: {name}"),
        expected: error.expected,
        found: error.found,
    })
}

fn sizes(
    line: usize,
    of: &str,
    numbers: [&Number; 3],
    ephemeral: Option<&Number>,
) -> Result<Sizes, ReadError> {
    let [vcpus, ram, disk] = numbers;
    let ephemeral = ephemeral.map_or(Ok(0), |number| size(line, of, 2, number))?;
    let disk = size(line, of, 2, disk)?.saturating_add(ephemeral);
    Ok([size(line, of, 0, vcpus)?, size(line, of, 1, ram)?, disk])
}

/// Where a fault lies.
pub(super) enum Fault {
    Servers(ReadError),
    Hypervisors(ReadError),
    Flavors(ReadError),
}

/// Reads a fleet from lists of servers, hypervisors and, where servers do not say how large they are, flavors.
pub(super) fn read(
    servers: &[u8],
    hypervisors: &[u8],
    flavors: Option<&[u8]>,
) -> Result<Fleet, Fault> {
    let mut fleet = Fleet::default();
    let hosts = hypervisors_of(hypervisors, &mut fleet.warnings).map_err(Fault::Hypervisors)?;
    let flavors = flavors.map_or(Ok(Vec::new()), flavors_of).map_err(Fault::Flavors)?;
    let vms = servers_of(servers, &flavors, &mut fleet.warnings).map_err(Fault::Servers)?;
    // Newer lists of hypervisors say nothing of disks.
    let has_disk = hosts.iter().all(|(_, sizes)| sizes[2].is_some());
    let kept = if has_disk { 3 } else { 2 };
    if !has_disk && vms.iter().any(|(_, sizes)| sizes[2] > 0) {
        fleet
            .warnings
            .push("hypervisors do not say how much disk they have: disks play no part".to_owned());
    }
    fleet.warnings.push(
        "hypervisors sell what their hardware has: allocation ratios are not listed, a rules file may give them \
         ([overcommit])"
            .to_owned(),
    );
    fleet.resources =
        RESOURCES[..kept].iter().map(|(name, kind, _)| ((*name).to_owned(), *kind)).collect();
    fleet.hosts = hosts
        .into_iter()
        .map(|(mut host, sizes)| {
            host.capacity = sizes.into_iter().take(kept).map(Option::unwrap_or_default).collect();
            host.reserve = vec![0; kept];
            host
        })
        .collect();
    fleet.vms = vms
        .into_iter()
        .map(|(mut vm, sizes)| {
            vm.demand = sizes[..kept].to_vec();
            vm
        })
        .collect();
    Ok(fleet)
}

fn hypervisors_of(
    content: &[u8],
    warnings: &mut Vec<String>,
) -> Result<Vec<(Host, Capacity)>, ReadError> {
    let mut hosts = Vec::new();
    let mut away = 0;
    for (line, item) in items::<Hypervisor>(utf8(content)?, "hypervisors")? {
        let name = item.hostname;
        let off = item.state.eq_ignore_ascii_case("down")
            || item.status.eq_ignore_ascii_case("disabled")
            || item.kind == "ironic";
        if off {
            away += 1;
            continue;
        }
        let of = format!("hypervisor {name:?}");
        let missing = |what: &str| ReadError {
            line: Some(line),
            field: of.clone(),
            expected: format!(
                "{what}, as `openstack hypervisor list --long` and the API before 2.88 have"
            ),
            found: "none".to_owned(),
        };
        let vcpus = item.vcpus.ok_or_else(|| missing("vcpus"))?;
        let memory = item.memory_mb.ok_or_else(|| missing("memory_mb"))?;
        let disk = item.local_gb.map(|disk| size(line, &of, 2, &disk)).transpose()?;
        let sizes = [Some(size(line, &of, 0, &vcpus)?), Some(size(line, &of, 1, &memory)?), disk];
        let cost = 10_u64.pow(super::MONEY_PLACES);
        hosts.push((Host { name, count: Some(1), cost, ..Host::default() }, sizes));
    }
    if away > 0 {
        warnings.push(format!(
            "hypervisors that are down, disabled or bare metal, and take no servers: {away}"
        ));
    }
    if hosts.is_empty() {
        return Err(none("hypervisors", "hypervisor that is up"));
    }
    Ok(hosts)
}

fn none(field: &str, what: &str) -> ReadError {
    ReadError {
        line: None,
        field: field.to_owned(),
        expected: format!("at least one {what}"),
        found: "none".to_owned(),
    }
}

fn flavors_of(content: &[u8]) -> Result<Vec<(String, String, Sizes)>, ReadError> {
    let read = items::<Flavor>(utf8(content)?, "flavors")?.into_iter().map(|(line, flavor)| {
        let of = format!("flavor {:?}", flavor.name);
        let numbers = [&flavor.vcpus, &flavor.ram, &flavor.disk];
        let sizes = sizes(line, &of, numbers, flavor.ephemeral.as_ref())?;
        Ok((flavor.id, flavor.name, sizes))
    });
    read.collect()
}

fn servers_of(
    content: &[u8],
    flavors: &[(String, String, Sizes)],
    warnings: &mut Vec<String>,
) -> Result<Vec<(Vm, Sizes)>, ReadError> {
    let servers = items::<Server>(utf8(content)?, "servers")?;
    let mut often: HashMap<String, u64> = HashMap::new();
    for (_, server) in &servers {
        *often.entry(server.name.clone()).or_insert(0) += 1;
    }
    let mut vms = Vec::new();
    let (mut gone, mut grouped) = (0, 0);
    for (line, server) in servers {
        // These hold nothing on any hypervisor.
        if matches!(&*server.status, "SHELVED_OFFLOADED" | "DELETED" | "SOFT_DELETED" | "ERROR") {
            gone += 1;
            continue;
        }
        let of = format!("server {:?}", server.name);
        let sizes =
            match (&server.flavor, server.flavor_id.as_ref().or(server.flavor_name.as_ref())) {
                (Some(FlavorOf::Sizes { vcpus, ram, disk, ephemeral }), _) => {
                    sizes(line, &of, [vcpus, ram, disk], ephemeral.as_ref())?
                }
                (Some(FlavorOf::Id { id: name } | FlavorOf::Name(name)), _)
                | (None, Some(name)) => flavor(line, &of, name, flavors)?,
                (None, None) => return Err(no_flavor(line, &of, "none".to_owned())),
            };
        let unique = often.get(&server.name) == Some(&1);
        let name = if unique { server.name } else { format!("{} ({})", server.name, server.id) };
        let zone = server.zone.filter(|zone| !zone.is_empty()).map(|zone| format!("zone={zone}"));
        grouped += u64::from(!server.groups.is_empty());
        let groups = server.groups.into_iter().map(|group| format!("server-group={group}"));
        let groups = groups.chain(zone).collect();
        vms.push((Vm { name, count: 1, tenant: server.tenant_id, groups, ..Vm::default() }, sizes));
    }
    if gone > 0 {
        warnings
            .push(format!("servers that are shelved, deleted or in error, and left out: {gone}"));
    }
    if grouped > 0 {
        warnings.push(format!(
            "servers in server groups, whose policies are not listed (a rules file names them \
             group:server-group=ID): {grouped}"
        ));
    }
    if vms.is_empty() {
        return Err(none("servers", "server to place"));
    }
    Ok(vms)
}

fn no_flavor(line: usize, of: &str, found: String) -> ReadError {
    ReadError {
        line: Some(line),
        field: format!("{of}: flavor"),
        expected: "sizes, or the name or id of a flavor in the list of flavors (--flavors)"
            .to_owned(),
        found,
    }
}

fn flavor(
    line: usize,
    of: &str,
    name: &str,
    flavors: &[(String, String, Sizes)],
) -> Result<Sizes, ReadError> {
    let found = flavors.iter().find(|(id, other, _)| id == name || other == name);
    found.map(|(_, _, sizes)| *sizes).ok_or_else(|| {
        let hint = match flavors {
            [] => "no list of flavors is given".to_owned(),
            flavors => suggestion(name, flavors.iter().map(|(_, name, _)| &**name)),
        };
        no_flavor(line, of, format!("{name:?} ({hint})"))
    })
}
