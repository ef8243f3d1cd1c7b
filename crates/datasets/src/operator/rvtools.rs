//! What RVTools exports of vSphere as CSV: `vInfo` has the VMs, `vHost` the hosts.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::fleet::{Fleet, Host, Vm};
use super::numerals::Numerals;
use super::quantity::{self, Kind, Unit};
use super::table::{Row, Table};
use crate::format::{ReadError, utf8};

/// Whether a table is one of VMs as RVTools exports it.
pub(super) fn recognises(text: &str) -> bool {
    let header = text.lines().next().unwrap_or_default().to_lowercase();
    header.contains("powerstate") && (header.contains("vm") || header.contains("name"))
}

/// A column: its title in the current version, and how it is called as [`plain`] gives it, the likeliest first.
type Names = (&'static str, &'static [&'static str]);

const VM: Names = ("VM", &["vm", "vmname", "name"]);
const POWER: Names = ("Powerstate", &["powerstate"]);
const CPUS: Names = ("CPUs", &["cpus", "numcpu", "numcpus"]);
const TEMPLATE: Names = ("Template", &["template"]);
const PLACEHOLDER: Names = ("SRM Placeholder", &["srmplaceholder"]);
const HOST: Names = ("Host", &["host", "name"]);
const CORES: Names = ("# Cores", &["numcores", "numcpucores"]);
const SOCKETS: Names = ("# CPU", &["numcpu", "cpus"]);
const CORES_EACH: Names = ("Cores per CPU", &["corespercpu"]);
const MAINTENANCE: Names = ("in Maintenance Mode", &["inmaintenancemode", "maintenancemode"]);
const CLUSTER: Names = ("Cluster", &["cluster"]);
const DATACENTER: Names = ("Datacenter", &["datacenter"]);
/// Mebibytes, whatever older versions call them.
const MEMORY: Names = (
    "Memory",
    &["memory", "nummemory", "memorymib", "memorymb", "nummemorymib", "nummemorymb", "memorysize"],
);

/// The words by which groups of VMs are called, and their columns.
const PLACES: [(&str, &str); 4] = [
    ("cluster", "cluster"),
    ("datacenter", "datacenter"),
    ("folder", "folder"),
    ("resource pool", "resourcepool"),
];

/// What versions have in common of a title: `# CPU`, `Num CPU` and `vHostNumCPU` are `numcpu`.
fn plain(title: &str) -> String {
    let title = title.to_lowercase().replace('#', "num");
    let letters: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
    let inner = letters.strip_prefix("vinfo").or_else(|| letters.strip_prefix("vhost"));
    inner.filter(|inner| !inner.is_empty()).map_or(letters.clone(), str::to_owned)
}

/// The table and what is read of it.
struct Sheet {
    table: Table,
    what: &'static str,
    titles: Vec<String>,
    numerals: Numerals,
}

impl Sheet {
    /// Reads a sheet; the named columns tell how it writes numbers.
    fn read(content: &[u8], what: &'static str, numbers: &[Names]) -> Result<Self, ReadError> {
        let table = Table::csv(utf8(content)?)?;
        let titles: Vec<String> = table.columns.iter().map(|column| plain(&column.title)).collect();
        let columns: Vec<usize> =
            numbers.iter().filter_map(|(_, names)| place(&titles, names)).collect();
        let cells = |row: &Row| {
            columns.iter().map(|&column| (row.line, row.cells[column].clone())).collect::<Vec<_>>()
        };
        let cells: Vec<(usize, String)> = table.rows.iter().flat_map(cells).collect();
        let numerals =
            Numerals::of(table.separator, cells.iter().map(|(line, text)| (*line, &**text)));
        Ok(Self { table, what, titles, numerals })
    }

    /// The first column of one of these names.
    fn column(&self, names: Names) -> Result<usize, ReadError> {
        self.optional(names).ok_or_else(|| ReadError {
            line: Some(1),
            field: format!("header of {}", self.what),
            expected: format!("a column {:?}", names.0),
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

    fn optional(&self, (_, names): Names) -> Option<usize> {
        place(&self.titles, names)
    }

    /// An amount in base units of its kind.
    fn amount(
        &self,
        row: &Row,
        column: usize,
        (kind, unit): (Kind, Option<Unit>),
    ) -> Result<u64, ReadError> {
        let text = &row.cells[column];
        let number = self.numerals.read(text);
        let number = number.map_err(|why| self.refusal(row, column, &why))?;
        quantity::amount(&number, kind, unit)
            .map_err(|error| self.refusal(row, column, &format!(", read as {}", error.found)))
    }

    fn refusal(&self, row: &Row, column: usize, why: &str) -> ReadError {
        ReadError {
            line: Some(row.line),
            field: format!("column {:?}", self.table.columns[column].title),
            expected: "a number of at least 0, such as 4096, 4,096 or 4.096,0".to_owned(),
            found: format!("{:?}{why}", row.cells[column]),
        }
    }

    /// The product of whole numbers of processors, in millicores.
    fn cores(&self, row: &Row, columns: &[usize]) -> Result<u64, ReadError> {
        columns.iter().try_fold(1000_u64, |product, &column| {
            let millicores = self.amount(row, column, (Kind::Cores, None))?;
            if !millicores.is_multiple_of(1000) {
                return Err(self.refusal(row, column, ", which is no whole number"));
            }
            let more = product.checked_mul(millicores / 1000);
            more.ok_or_else(|| self.refusal(row, column, ", which is too many"))
        })
    }

    fn memory(&self, row: &Row, column: usize) -> Result<u64, ReadError> {
        self.amount(row, column, (Kind::Bytes, Some(Unit::MEBIBYTE)))
    }
}

fn place(titles: &[String], names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| titles.iter().position(|title| title == name))
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// Where a fault lies.
pub(super) enum Fault {
    Info(ReadError),
    Host(ReadError),
}

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
    let sheet = Sheet::read(content, "vInfo", &[CPUS, MEMORY])?;
    let name = sheet.column(VM)?;
    let power = sheet.column(POWER)?;
    let cpus = sheet.column(CPUS)?;
    let memory = sheet.column(MEMORY)?;
    let (template, placeholder) = (sheet.optional(TEMPLATE), sheet.optional(PLACEHOLDER));
    let places: Vec<(&str, usize)> = PLACES
        .iter()
        .filter_map(|(word, name)| Some((*word, place(&sheet.titles, &[name])?)))
        .collect();
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
            demand: vec![sheet.cores(row, &[cpus])?, sheet.memory(row, memory)?],
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
    let sheet = Sheet::read(content, "vHost", &[CORES, SOCKETS, CORES_EACH, MEMORY])?;
    let name = sheet.column(HOST)?;
    // All cores, or the product of processors and the cores of each.
    let product = || Some(vec![sheet.optional(SOCKETS)?, sheet.optional(CORES_EACH)?]);
    let cores = match sheet.optional(CORES).map(|all| vec![all]).or_else(product) {
        Some(columns) => columns,
        None => vec![sheet.column(CORES)?],
    };
    let memory = sheet.column(MEMORY)?;
    let maintenance = sheet.optional(MAINTENANCE);
    let (cluster, datacenter) = (sheet.optional(CLUSTER), sheet.optional(DATACENTER));
    let mut away = 0;
    let mut seen = HashSet::new();
    for row in &sheet.table.rows {
        let cell = |column: Option<usize>| {
            column.map(|column| row.cells[column].clone()).filter(|text| !text.is_empty())
        };
        if is_true(&cell(maintenance).unwrap_or_default()) {
            away += 1;
            continue;
        }
        if row.cells[name].is_empty() || !seen.insert(&row.cells[name]) {
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
            capacity: vec![sheet.cores(row, &cores)?, sheet.memory(row, memory)?],
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
    use super::plain;

    #[test]
    fn titles_of_all_versions() {
        for (title, name) in [
            ("# CPU", "numcpu"),
            ("Num CPU", "numcpu"),
            ("vHostNumCPU", "numcpu"),
            ("vHostName", "name"),
            ("VM", "vm"),
            ("vInfoVMName", "vmname"),
            ("vInfo", "vinfo"),
            ("Memory (MB)", "memorymb"),
            ("in Maintenance Mode", "inmaintenancemode"),
            ("vInfoSRMPlaceHolder", "srmplaceholder"),
        ] {
            assert_eq!(plain(title), name, "{title}");
        }
    }
}
