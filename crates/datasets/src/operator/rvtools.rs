//! What RVTools exports of vSphere as CSV: `vInfo` has the VMs, `vHost` the hosts.

use std::collections::{BTreeMap, HashMap};

use super::fleet::{Fleet, Host, Vm};
use super::quantity::Kind;
use super::table::{Row, Table};
use crate::format::{ReadError, utf8};

/// Whether a table is one of VMs as RVTools exports it.
pub(super) fn recognises(text: &str) -> bool {
    let header = text.lines().next().unwrap_or_default().to_lowercase();
    header.contains("powerstate") && header.contains("vm")
}

/// The table and what is read of it.
struct Sheet {
    table: Table,
    what: &'static str,
}

impl Sheet {
    fn read(content: &[u8], what: &'static str) -> Result<Self, ReadError> {
        Ok(Self { table: Table::csv(utf8(content)?)?, what })
    }

    /// The first column of one of these names, in lower case.
    fn column(&self, names: &[&str]) -> Result<usize, ReadError> {
        self.optional(names).ok_or_else(|| ReadError {
            line: Some(1),
            field: format!("header of {}", self.what),
            expected: format!("a column {:?}", names[0]),
            found: self
                .table
                .columns
                .iter()
                .take(8)
                .map(|c| &*c.title)
                .collect::<Vec<_>>()
                .join(", ")
                + ", ...",
        })
    }

    fn optional(&self, names: &[&str]) -> Option<usize> {
        let mut titles = names.iter().map(|name| {
            self.table.columns.iter().position(|column| column.title.to_lowercase() == *name)
        });
        titles.find_map(|place| place)
    }

    /// An integer, whose groups of three digits may be separated.
    fn integer(&self, row: &Row, column: usize) -> Result<u64, ReadError> {
        let text = &row.cells[column];
        grouped(text).ok_or_else(|| ReadError {
            line: Some(row.line),
            field: format!("column {:?}", self.table.columns[column].title),
            expected: "an integer of at least 0, such as 4096 or 4,096".to_owned(),
            found: format!("{text:?}"),
        })
    }

    fn amount(&self, row: &Row, column: usize, unit: u64) -> Result<u64, ReadError> {
        let number = self.integer(row, column)?;
        number.checked_mul(unit).ok_or_else(|| ReadError {
            line: Some(row.line),
            field: format!("column {:?}", self.table.columns[column].title),
            expected: "an amount of at most 2^64 - 1 bytes or millicores".to_owned(),
            found: row.cells[column].clone(),
        })
    }
}

/// An integer without separators, or with one kind of separator between groups of three digits.
fn grouped(text: &str) -> Option<u64> {
    const SEPARATORS: [char; 6] = [',', '.', '\'', ' ', '\u{a0}', '\u{202f}'];
    let separator = text.chars().find(|c| SEPARATORS.contains(c));
    let digits = match separator {
        None => text.to_owned(),
        Some(separator) => {
            let groups: Vec<&str> = text.split(separator).collect();
            let (first, rest) = groups.split_first()?;
            if !(1..=3).contains(&first.len()) || rest.iter().any(|group| group.len() != 3) {
                return None;
            }
            groups.concat()
        }
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// Where a fault lies.
pub(super) enum Fault {
    Info(ReadError),
    Host(ReadError),
}

const MEBIBYTE: u64 = 1 << 20;

/// Reads a fleet from the sheets `vInfo` and `vHost`; VMs that are switched off only if asked for.
pub(super) fn read(info: &[u8], hosts: &[u8], powered_off: bool) -> Result<Fleet, Fault> {
    let mut fleet = Fleet {
        resources: vec![("cpu".to_owned(), Kind::Cores), ("memory".to_owned(), Kind::Bytes)],
        ..Fleet::default()
    };
    vms(&mut fleet, info, powered_off).map_err(Fault::Info)?;
    hosts_of(&mut fleet, hosts).map_err(Fault::Host)?;
    fleet.warnings.push(
        "virtual processors are counted against physical cores one for one; a rules file may give a ratio \
         ([overcommit])"
            .to_owned(),
    );
    fleet.warnings.push(
        "VMs may leave their cluster: a rules file may keep them (access, group:cluster=..., label:cluster=...)"
            .to_owned(),
    );
    fleet.warnings.push("disks play no part: datastores are shared".to_owned());
    Ok(fleet)
}

fn vms(fleet: &mut Fleet, content: &[u8], powered_off: bool) -> Result<(), ReadError> {
    let sheet = Sheet::read(content, "vInfo")?;
    let name = sheet.column(&["vm"])?;
    let power = sheet.column(&["powerstate"])?;
    let cpus = sheet.column(&["cpus"])?;
    let memory = sheet.column(&["memory", "memory mib", "memory mb"])?;
    let template = sheet.optional(&["template"]);
    let placeholder = sheet.optional(&["srm placeholder"]);
    let places = ["cluster", "datacenter", "folder", "resource pool"];
    let places: Vec<(&str, usize)> =
        places.iter().filter_map(|word| Some((*word, sheet.optional(&[word])?))).collect();
    let mut left_out: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    for row in &sheet.table.rows {
        let cell = |column: Option<usize>| column.map_or("", |column| &*row.cells[column]);
        let reason = if is_true(cell(template)) {
            Some("templates, which are left out")
        } else if is_true(cell(placeholder)) {
            Some("placeholders of site recovery, which are left out")
        } else if !powered_off && !row.cells[power].eq_ignore_ascii_case("poweredon") {
            Some("VMs that are not powered on, and left out (--powered-off takes them in)")
        } else {
            None
        };
        if let Some(reason) = reason {
            *left_out.entry(reason).or_insert(0) += 1;
            continue;
        }
        if row.cells[name].is_empty() {
            return Err(ReadError {
                line: Some(row.line),
                field: "column \"VM\"".to_owned(),
                expected: "a name".to_owned(),
                found: "nothing".to_owned(),
            });
        }
        let times = seen.entry(row.cells[name].clone()).or_insert(0);
        *times += 1;
        let name = match *times {
            1 => row.cells[name].clone(),
            n => format!("{}#{n}", row.cells[name]),
        };
        let groups = places.iter().filter(|(_, column)| !row.cells[*column].is_empty());
        fleet.vms.push(Vm {
            name,
            count: 1,
            demand: vec![sheet.amount(row, cpus, 1000)?, sheet.amount(row, memory, MEBIBYTE)?],
            groups: groups.map(|(word, column)| format!("{word}={}", row.cells[*column])).collect(),
            ..Vm::default()
        });
    }
    for (reason, count) in left_out {
        fleet.warnings.push(format!("{reason}: {count}"));
    }
    let repeated = seen.values().filter(|&&times| times > 1).count();
    if repeated > 0 {
        fleet.warnings.push(format!(
            "names of several VMs, of which later ones are called NAME#2, ...: {repeated}"
        ));
    }
    if fleet.vms.is_empty() {
        return Err(ReadError {
            line: None,
            field: "vInfo".to_owned(),
            expected: "at least one VM to place".to_owned(),
            found: "none".to_owned(),
        });
    }
    Ok(())
}

fn hosts_of(fleet: &mut Fleet, content: &[u8]) -> Result<(), ReadError> {
    let sheet = Sheet::read(content, "vHost")?;
    let name = sheet.column(&["host"])?;
    let cores = sheet.column(&["# cores"])?;
    let memory = sheet.column(&["# memory", "# memory mib", "# memory mb"])?;
    let maintenance = sheet.optional(&["in maintenance mode", "maintenance mode"]);
    let (cluster, datacenter) = (sheet.optional(&["cluster"]), sheet.optional(&["datacenter"]));
    let mut away = 0;
    for row in &sheet.table.rows {
        let cell = |column: Option<usize>| {
            column.map(|column| row.cells[column].clone()).filter(|text| !text.is_empty())
        };
        if is_true(&cell(maintenance).unwrap_or_default()) {
            away += 1;
            continue;
        }
        if row.cells[name].is_empty() || fleet.hosts.iter().any(|host| host.name == row.cells[name])
        {
            return Err(ReadError {
                line: Some(row.line),
                field: "column \"Host\"".to_owned(),
                expected: "a name of its own".to_owned(),
                found: format!("{:?}", row.cells[name]),
            });
        }
        fleet.hosts.push(Host {
            name: row.cells[name].clone(),
            count: Some(1),
            capacity: vec![sheet.amount(row, cores, 1000)?, sheet.amount(row, memory, MEBIBYTE)?],
            reserve: vec![0; 2],
            cost: 10_u64.pow(super::MONEY_PLACES),
            site: cell(datacenter),
            labels: cell(cluster).iter().map(|cluster| format!("cluster={cluster}")).collect(),
            ..Host::default()
        });
    }
    if away > 0 {
        fleet.warnings.push(format!("hosts in maintenance mode, which take no VMs: {away}"));
    }
    if fleet.hosts.is_empty() {
        return Err(ReadError {
            line: None,
            field: "vHost".to_owned(),
            expected: "at least one host out of maintenance mode".to_owned(),
            found: "none".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_of_three_digits_may_be_separated() {
        for (text, value) in [
            ("4096", 4096),
            ("4,096", 4096),
            ("1.048.576", 1_048_576),
            ("16 384", 16_384),
            ("1'000", 1000),
            ("0", 0),
        ] {
            assert_eq!(grouped(text), Some(value), "{text}");
        }
        for text in ["", "4,09", "4.5", "1,000.5", "-4", "4096 MB", "1,2345", "1.0,00"] {
            assert_eq!(grouped(text), None, "{text}");
        }
    }
}
