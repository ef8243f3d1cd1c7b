//! A fleet as operators describe it: VMs and hosts by name, with what rules refer to.

use vmpack_model::packing::Rule;

use super::quantity::{self, Kind, QuantityError};
use super::table::{Column, Row, Table};
use crate::format::ReadError;
use crate::names::suggestion;

/// What there is to place, where, and what came with it. Amounts are in the base units of their [`Kind`], money in
/// millionths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    /// The resources, in the order of every vector of amounts.
    pub resources: Vec<(String, Kind)>,
    /// What must be placed.
    pub vms: Vec<Vm>,
    /// Where it may be placed.
    pub hosts: Vec<Host>,
    /// Rules that the source has itself, about VMs and hosts by index; prices in millionths.
    pub rules: Vec<Rule>,
    /// What was left out or understood in a way that a user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// A VM, or several that are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vm {
    /// The name; several VMs are called `NAME-1`, `NAME-2`, ...
    pub name: String,
    /// How many.
    pub count: u64,
    /// What each needs.
    pub demand: Vec<u64>,
    /// Whose they are.
    pub tenant: Option<String>,
    /// Names by which rules speak of them.
    pub groups: Vec<String>,
    /// Labels that their hosts must carry, all of them.
    pub requires: Vec<String>,
    /// Restricted labels that they are cleared for.
    pub clearance: Vec<String>,
}

/// A host, or several that are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The name; several hosts are called `NAME-1`, `NAME-2`, ...
    pub name: String,
    /// How many there are; `None` for as many as wanted.
    pub count: Option<u64>,
    /// What the hardware of each has.
    pub capacity: Vec<u64>,
    /// What each keeps free of what it sells.
    pub reserve: Vec<u64>,
    /// What opening one costs, in millionths.
    pub cost: u64,
    /// The rack.
    pub rack: Option<String>,
    /// The site.
    pub site: Option<String>,
    /// What VMs may require.
    pub labels: Vec<String>,
    /// Labels that keep out VMs without clearance for each of them.
    pub restricted: Vec<String>,
}

/// Decimal places of money.
pub const MONEY_PLACES: u32 = 6;

impl Vm {
    /// Whether it may run on the host, by its labels and the host's.
    pub fn may_use(&self, host: &Host) -> bool {
        self.requires.iter().all(|label| host.labels.contains(label))
            && host.restricted.iter().all(|label| self.clearance.contains(label))
    }
}

const VM_WORDS: [&str; 6] = ["name", "count", "tenant", "groups", "requires", "clearance"];
const HOST_WORDS: [&str; 7] = ["name", "count", "cost", "rack", "site", "labels", "restricted"];

/// Other names of columns.
fn canonical(name: &str) -> &str {
    match name {
        "vcpu" | "vcpus" | "cpus" | "cores" => "cpu",
        "ram" | "mem" => "memory",
        "stock" => "count",
        "price" => "cost",
        "group" => "groups",
        "label" => "labels",
        other => other,
    }
}

/// The kind that a column of this name holds.
fn kind(column: &Column) -> Kind {
    let bytes = ["memory", "disk", "storage", "ssd", "hdd", "nvme", "swap"];
    match &*column.name {
        "cpu" => Kind::Cores,
        name if bytes.contains(&name) => Kind::Bytes,
        _ => match &column.unit {
            // `local store (GiB)` says it itself; `M` alone may count anything.
            Some(unit) if unit.len() > 1 && quantity::Unit::named(unit, Kind::Bytes).is_some() => {
                Kind::Bytes
            }
            _ => Kind::Count,
        },
    }
}

/// Whose fault it is: the table of VMs or that of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Vms(ReadError),
    Hosts(ReadError),
}

/// Reads a fleet from a table of VMs and one of hosts, as CSV or JSON.
///
/// # Errors
/// Where a table is malformed, lacks a column, or has a cell that is no such amount.
pub(super) fn from_tables(vms: &[u8], hosts: &[u8]) -> Result<Fleet, Fault> {
    let read = |content: &[u8], member: &str| -> Result<Table, ReadError> {
        let mut table = Table::read(content, member)?;
        for column in &mut table.columns {
            column.name = canonical(&column.name).to_owned();
        }
        if table.rows.is_empty() {
            return Err(ReadError {
                line: None,
                field: "the table".to_owned(),
                expected: "at least one row".to_owned(),
                found: "none".to_owned(),
            });
        }
        Ok(table)
    };
    let vm_table = read(vms, "vms").map_err(Fault::Vms)?;
    let host_table = read(hosts, "hosts").map_err(Fault::Hosts)?;
    let mut fleet = Fleet::default();
    let asked = resources(&vm_table, &VM_WORDS, &host_table, "hosts").map_err(Fault::Vms)?;
    let offered = unasked(&host_table, &asked).map_err(Fault::Hosts)?;
    fleet.warnings.extend(offered);
    let mut columns = Vec::new();
    for name in asked {
        let (of_vms, of_hosts) = (vm_table.column(&name), host_table.column(&name));
        let (of_vms, of_hosts) =
            of_vms.zip(of_hosts).expect("a resource is a column of both tables");
        // A unit in either header may tell what kind it is.
        let kind = match kind(&vm_table.columns[of_vms]) {
            Kind::Count => kind(&host_table.columns[of_hosts]),
            kind => kind,
        };
        columns.push((of_vms, of_hosts));
        fleet.resources.push((name, kind));
    }
    let kinds: Vec<Kind> = fleet.resources.iter().map(|(_, kind)| *kind).collect();
    let vm_columns: Vec<usize> = columns.iter().map(|(vms, _)| *vms).collect();
    let host_columns: Vec<usize> = columns.iter().map(|(_, hosts)| *hosts).collect();
    fleet.vms = vm_table
        .rows
        .iter()
        .map(|row| Reader { table: &vm_table, row }.vm(&vm_columns, &kinds))
        .collect::<Result<_, _>>()
        .map_err(Fault::Vms)?;
    fleet.hosts = host_table
        .rows
        .iter()
        .map(|row| Reader { table: &host_table, row }.host(&host_columns, &kinds))
        .collect::<Result<_, _>>()
        .map_err(Fault::Hosts)?;
    let lines = |table: &Table| table.rows.iter().map(|row| row.line).collect::<Vec<_>>();
    let vm_names = fleet.vms.iter().map(|vm| (&*vm.name, Some(vm.count)));
    distinct(vm_names, &lines(&vm_table)).map_err(Fault::Vms)?;
    let host_names = fleet.hosts.iter().map(|host| (&*host.name, host.count));
    distinct(host_names, &lines(&host_table)).map_err(Fault::Hosts)?;
    Ok(fleet)
}

/// The resources: columns of the VMs that are no words, each of which the hosts must have as well.
fn resources(
    table: &Table,
    words: &[&str],
    other: &Table,
    others: &str,
) -> Result<Vec<String>, ReadError> {
    let is_comment = |name: &str| name.is_empty() || name.starts_with('_');
    let names = table.columns.iter().filter(|c| !words.contains(&&*c.name) && !is_comment(&c.name));
    let mut resources = Vec::new();
    for column in names {
        if other.column(&column.name).is_none() || HOST_WORDS.contains(&&*column.name) {
            let known = words.iter().copied();
            let theirs = other.columns.iter().map(|c| &*c.name);
            let theirs = theirs.filter(|name| {
                !HOST_WORDS.contains(name) && !words.contains(name) && !is_comment(name)
            });
            let hint = suggestion(&column.name, known.chain(theirs));
            return Err(ReadError {
                line: Some(1),
                field: format!("column {:?}", column.title),
                expected: format!(
                    "a known word, a resource that the table of {others} has too, or _{} for a remark",
                    column.name
                ),
                found: format!("neither; {hint}"),
            });
        }
        resources.push(column.name.clone());
    }
    if resources.is_empty() {
        return Err(ReadError {
            line: Some(1),
            field: "header".to_owned(),
            expected: "at least one column of a resource, such as cpu or memory".to_owned(),
            found: table.columns.iter().map(|c| &*c.title).collect::<Vec<_>>().join(", "),
        });
    }
    Ok(resources)
}

/// What of the hosts no VM asks for, one sentence each. A misspelt word is refused.
fn unasked(hosts: &Table, asked: &[String]) -> Result<Vec<String>, ReadError> {
    let mut sentences = Vec::new();
    for column in &hosts.columns {
        let name = &*column.name;
        if HOST_WORDS.contains(&name)
            || name.is_empty()
            || name.starts_with('_')
            || asked.iter().any(|resource| resource == name)
        {
            continue;
        }
        // A resource that VMs need would have been missed by them.
        let near = crate::names::nearest(name, HOST_WORDS);
        if let [nearest, ..] = near[..] {
            return Err(ReadError {
                line: Some(1),
                field: format!("column {:?}", column.title),
                expected: format!(
                    "a known word, a resource that VMs need, or _{name} for a remark"
                ),
                found: format!("neither; did you mean {nearest:?}?"),
            });
        }
        sentences.push(format!("no VM has a column {name:?}: what hosts have of it plays no part"));
    }
    Ok(sentences)
}

/// Whether single VMs or hosts have names of their own: `web-2` may be the second of `web` or a row.
pub(super) fn distinct<'a>(
    rows: impl Iterator<Item = (&'a str, Option<u64>)> + Clone,
    lines: &[usize],
) -> Result<(), ReadError> {
    let mut counts = std::collections::HashMap::new();
    let twice = |name: &str, line: usize, why: String| ReadError {
        line: lines.get(line).copied(),
        field: "name".to_owned(),
        expected: "a name of its own in every row".to_owned(),
        found: format!("{name:?}{why}"),
    };
    for (line, (name, count)) in rows.clone().enumerate() {
        if counts.insert(name, count).is_some() {
            return Err(twice(name, line, " again".to_owned()));
        }
    }
    for (line, (name, count)) in rows.enumerate() {
        if count == Some(1)
            && let Some((stem, number)) = name.rsplit_once('-')
            && let Some(others) = counts.get(stem)
            && *others != Some(1)
            && let Ok(number) = number.parse::<u64>()
            && (1..=others.unwrap_or(u64::MAX)).contains(&number)
            && *name == format!("{stem}-{number}")
        {
            return Err(twice(name, line, format!(", which is also number {number} of {stem:?}")));
        }
    }
    Ok(())
}

/// A row and what its columns mean.
struct Reader<'a> {
    table: &'a Table,
    row: &'a Row,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> &str {
        self.table.column(name).map_or("", |column| self.row.cells[column].trim())
    }

    /// Words between blanks, commas, semicolons or bars.
    fn words(&self, name: &str) -> Vec<String> {
        let words = self.text(name).split([' ', ',', ';', '|', '\t']);
        let mut words: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn error(&self, column: &str, error: QuantityError) -> ReadError {
        ReadError {
            line: Some(self.row.line),
            field: format!("column {column:?}"),
            expected: error.expected,
            found: error.found,
        }
    }

    fn name(&self) -> Result<String, ReadError> {
        self.optional("name").ok_or_else(|| ReadError {
            line: Some(self.row.line),
            field: "column \"name\"".to_owned(),
            expected: "a name".to_owned(),
            found: "nothing".to_owned(),
        })
    }

    fn count(&self, least: u64) -> Result<u64, ReadError> {
        let text = self.text("count");
        if text.is_empty() {
            return Ok(1);
        }
        text.parse().ok().filter(|&count| count >= least).ok_or_else(|| ReadError {
            line: Some(self.row.line),
            field: "column \"count\"".to_owned(),
            expected: format!("an integer of at least {least}"),
            found: format!("{text:?}"),
        })
    }

    fn amounts(&self, columns: &[usize], kinds: &[Kind]) -> Result<Vec<u64>, ReadError> {
        let amount = |(&column, &kind): (&usize, &Kind)| {
            let header = &self.table.columns[column];
            let unit = header.unit(kind)?;
            let cell = &self.row.cells[column];
            // An empty cell is no amount of an optional resource, but nobody has no processors.
            if cell.is_empty() && kind == Kind::Count {
                return Ok(0);
            }
            quantity::amount(cell, kind, unit).map_err(|error| self.error(&header.title, error))
        };
        columns.iter().zip(kinds).map(amount).collect()
    }

    fn vm(&self, columns: &[usize], kinds: &[Kind]) -> Result<Vm, ReadError> {
        Ok(Vm {
            name: self.name()?,
            count: self.count(1)?,
            demand: self.amounts(columns, kinds)?,
            tenant: self.optional("tenant"),
            groups: self.words("groups"),
            requires: self.words("requires"),
            clearance: self.words("clearance"),
        })
    }

    fn host(&self, columns: &[usize], kinds: &[Kind]) -> Result<Host, ReadError> {
        let cost = self.text("cost");
        let cost = if cost.is_empty() { "1" } else { cost };
        let count = if self.text("count") == "any" { None } else { Some(self.count(0)?) };
        Ok(Host {
            name: self.name()?,
            count,
            capacity: self.amounts(columns, kinds)?,
            reserve: vec![0; columns.len()],
            cost: quantity::fixed(cost, MONEY_PLACES).map_err(|error| self.error("cost", error))?,
            rack: self.optional("rack"),
            site: self.optional("site"),
            labels: self.words("labels"),
            restricted: self.words("restricted"),
        })
    }
}
