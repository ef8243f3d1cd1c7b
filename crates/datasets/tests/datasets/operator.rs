//! Tables and rules of operators.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vmpack_datasets::operator::{Compiled, Files, Fleet, compile, read};
use vmpack_model::packing::{Demand, Level, Ratio, Strength};

const VMS: &str = "\
name,count,cpu,memory,tenant,groups,requires,clearance
web,3,500m,2Gi,shop,front,,
web-canary,1,500m,2Gi,shop,front,,
db,2,4,16 GiB,shop,data,ssd,
ledger,1,2 vCPU,8Gi,bank,data,,pci
audit,1,2,8Gi,auditor,,,
";
const HOSTS: &str = "\
name,count,cpu,memory (GiB),cost,rack,site,labels,restricted
small,4,8,32,0.50,r1,berlin,,
fast,2,16,64,1.25,r2,berlin,ssd nvme,
vault,1,16,64,2,r3,cloud,ssd,pci
";

fn files<'a>(vms: &'a Path, hosts: Option<&'a Path>) -> Files<'a> {
    Files { vms, hosts, flavors: None, origin: None, powered_off: false }
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    fn fleet(&self, vms: &str, hosts: &str) -> Result<Fleet, String> {
        let (vms, hosts) = (self.file("vms.csv", vms), self.file("hosts.csv", hosts));
        read(&files(&vms, Some(&hosts))).map_err(|error| self.short(&error.to_string()))
    }

    fn compiled(&self, rules: &str) -> Result<Compiled, String> {
        let fleet = self.fleet(VMS, HOSTS)?;
        let rules = self.file("rules.toml", rules);
        compile(&fleet, Some(&rules), "fleet").map_err(|error| self.short(&error.to_string()))
    }

    /// Without the directory.
    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

#[test]
fn tables_become_types_with_small_integers() {
    let desk = Desk::new();
    let fleet = desk.fleet(VMS, HOSTS).expect("a fleet");
    assert_eq!(fleet.warnings, Vec::<String>::new());
    let compiled = compile(&fleet, None, "fleet").expect("an instance");
    let instance = &compiled.instance;
    // Half a core, 2 GiB and a quarter of the currency are what everything is a multiple of.
    assert_eq!((compiled.units.clone(), compiled.money), (vec![500, 2 << 30], 250_000));
    assert_eq!(instance.resources()[1].unit, "2 GiB");
    // ledger has a clearance that audit lacks.
    let names: Vec<_> = instance.vms().iter().map(|vm| (&*vm.name, vm.count)).collect();
    assert_eq!(names, [("web and 1 alike", 4), ("db", 2), ("ledger", 1), ("audit", 1)]);
    assert_eq!(compiled.vms, [vec![0, 1], vec![2], vec![3], vec![4]]);
    assert_eq!((instance.demand(1), instance.capacity(1)), (&[8, 8][..], &[32, 32][..]));
    let costs: Vec<_> = instance.hosts().iter().map(|host| (host.cost, host.stock)).collect();
    assert_eq!(costs, [(2, Some(4)), (5, Some(2)), (8, Some(1))]);
    let rules: Vec<_> =
        instance.rules().rules.iter().map(|rule| (&*rule.name, &rule.demand)).collect();
    assert_eq!(
        rules,
        [
            (
                "access: requires nothing, cleared for nothing",
                &Demand::Restrict { vms: vec![0, 3], hosts: vec![0, 1] }
            ),
            (
                "access: requires ssd, cleared for nothing",
                &Demand::Restrict { vms: vec![1], hosts: vec![1] }
            ),
        ]
    );
}

#[test]
fn json_tables_are_read_alike() {
    let desk = Desk::new();
    let vms = r#"[{"name": "a", "cpu": 0.5, "memory": "1Gi", "groups": ["x", "y"]}, {"name": "b", "cpu": "2 cores", "memory": "512Mi"}]"#;
    let hosts =
        r#"{"hosts": [{"name": "h", "count": "any", "cpu": 8, "memory": "16Gi", "cost": 0.1}]}"#;
    let fleet = desk.fleet(vms, hosts).expect("a fleet");
    assert_eq!(fleet.vms[0].demand, [500, 1 << 30]);
    assert_eq!(fleet.vms[0].groups, ["x", "y"]);
    assert_eq!((fleet.hosts[0].count, fleet.hosts[0].cost), (None, 100_000));
}

#[test]
fn faults_of_tables_name_file_line_and_column() {
    let desk = Desk::new();
    for (table, from, to, message) in [
        (
            "vms",
            "500m,2Gi,shop,front,,\nweb-c",
            "0.0005,2Gi,shop,front,,\nweb-c",
            "vms.csv:2: column \"cpu\": expected processors",
        ),
        ("vms", "16 GiB", "16", "vms.csv:4: column \"memory\": expected bytes with a unit"),
        (
            "vms",
            "2 vCPU",
            "-2",
            "vms.csv:5: column \"cpu\": expected processors, such as 2, 0.5, 500m, 2 vCPU, found \"-2\", which is negative",
        ),
        ("vms", "db,2", "db,2.5", "vms.csv:4: column \"count\": expected an integer of at least 1"),
        ("vms", "db,2", ",2", "vms.csv:4: column \"name\": expected a name, found nothing"),
        (
            "vms",
            "audit,",
            "db,",
            "vms.csv:6: name: expected a name of its own in every row, found \"db\" again",
        ),
        ("vms", "web-canary", "web-2", "\"web-2\", which is also number 2 of \"web\""),
        ("vms", "cpu,", "cpus per,", "vms.csv:1: column \"cpus per\""),
        ("vms", "tenant", "tennant", "found neither; did you mean \"tenant\"?"),
        ("vms", "audit,1,2", "audit,1", "vms.csv:6: row: expected as many cells in every row"),
        ("hosts", "labels", "lables", "hosts.csv:1: column \"lables\": expected"),
        (
            "hosts",
            "(GiB)",
            "(barrels)",
            "hosts.csv:1: column \"memory (barrels)\": expected a unit",
        ),
        ("hosts", "0.50", "0.0000005", "hosts.csv:2: column \"cost\": expected a number"),
        ("hosts", "small,4", "small,some", "hosts.csv:2: column \"count\": expected an integer"),
    ] {
        let (vms, hosts) = match table {
            "vms" => (VMS.replacen(from, to, 1), HOSTS.to_owned()),
            _ => (VMS.to_owned(), HOSTS.replacen(from, to, 1)),
        };
        let error = desk.fleet(&vms, &hosts).expect_err(to);
        assert!(error.contains(message), "{to}: {error}");
    }
    let extra = HOSTS
        .replace("memory (GiB)", "memory (GiB),gpu")
        .replace(",32,", ",32,1,")
        .replace(",64,", ",64,0,");
    let warnings = desk.fleet(VMS, &extra).expect("a fleet").warnings;
    assert_eq!(warnings, ["no VM has a column \"gpu\": what hosts have of it plays no part"]);
}

/// Every word of a rules file.
const RULES: &str = r#"
[tenants]
apart = "host"
dedicated = ["bank"]

[[conflict]]
name = "auditors and audited"
classes = [["tenant:auditor"], ["ledger", "db"]]
within = "rack"

[[anti-affinity]]
vms = ["group:front"]
most = 2
price = 0.5

[[affinity]]
name = "data together"
vms = ["db"]
within = "site"

[[spread]]
vms = ["web*"]
least = 2
over = "rack"
price = "1.25"

[[access]]
vms = ["audit"]
hosts = ["rack:r1"]

[overcommit]
cpu = 1.5

[[reserve]]
free = { cpu = "500m", memory = "10%" }
[[reserve]]
hosts = ["label:ssd"]
free = { memory = "1Gi" }

[[failures]]
hosts = ["small"]
tolerate = 1

[latency.ms]
players = { berlin = 4, cloud = 30.5 }
[[latency.limit]]
vms = ["web"]
from = "players"
most = 10
fallback = "cloud"
fallback-price = 3
price-per-ms = 0.01
[[latency.limit]]
name = "audit is near"
vms = ["audit"]
from = "players"
most = 10
"#;

#[test]
fn every_word_of_a_rules_file_has_its_form() {
    let compiled = Desk::new().compiled(RULES).expect("an instance");
    let instance = &compiled.instance;
    let rules = instance.rules();
    let rule = |name: &str| {
        rules
            .rules
            .iter()
            .find(|rule| rule.name == name)
            .unwrap_or_else(|| panic!("{name}: {rules:?}"))
    };
    let vm = |row: usize| compiled.vms.iter().position(|rows| rows.contains(&row)).expect("a type");
    let (web, canary, db, ledger, audit) = (vm(0), vm(1), vm(2), vm(3), vm(4));
    assert_ne!(web, canary, "only one of them is used by players");
    let Demand::Separate { classes, within: Level::Host } = &rule("tenants apart").demand else {
        panic!()
    };
    assert_eq!(classes.len(), 3);
    let Demand::Separate { classes, .. } = &rule("hosts dedicated to bank").demand else {
        panic!()
    };
    assert_eq!(classes[0], [ledger]);
    assert_eq!(classes[1].len(), 4);
    assert_eq!(
        rule("auditors and audited").demand,
        Demand::Separate { classes: vec![vec![audit], vec![db, ledger]], within: Level::Rack }
    );
    // The money unit is 0.01: 0.04 for 4 ms, 3.305 for 30.5 ms beyond the limit make it 0.005.
    assert_eq!(compiled.money, 5_000);
    assert_eq!(rule("anti-affinity 1").strength, Strength::Soft { price: 100 });
    assert_eq!(
        rule("anti-affinity 1").demand,
        Demand::AtMost { vms: vec![web, canary], most: 2, within: Level::Host }
    );
    assert_eq!(
        rule("data together").demand,
        Demand::Together { vms: vec![db], within: Level::Site }
    );
    assert_eq!(
        rule("spread 1").demand,
        Demand::Spread { vms: vec![web, canary], least: 2, over: Level::Rack }
    );
    assert_eq!(rule("access 1").demand, Demand::Restrict { vms: vec![audit], hosts: vec![0] });
    assert_eq!(rule("failures 1").demand, Demand::Survive { hosts: vec![0], failures: 1 });
    assert_eq!(
        rule("audit is near").demand,
        Demand::Restrict { vms: vec![audit], hosts: vec![0, 1] }
    );
    assert!(
        rules.rules.iter().all(|rule| rule.name != "latency 1"),
        "the fallback leaves no host out"
    );
    let prices = rules.prices.as_ref().expect("prices");
    assert_eq!((prices[[web, 0]], prices[[web, 2]], prices[[audit, 0]]), (8, 661, 0));
    assert_eq!(rules.overcommit, [Ratio { sold: 3, real: 2 }, Ratio::ONE]);
    let reserve = rules.reserve.as_ref().expect("a reserve");
    let bytes = |host: usize| reserve[[host, 1]] * compiled.units[1];
    let gib = 1_u64 << 30;
    assert_eq!(bytes(0), (32 * gib).div_ceil(10));
    assert_eq!(bytes(1), (64 * gib).div_ceil(10) + gib);
    assert_eq!(instance.capacity(0)[0] * compiled.units[0], 8 * 1500 - 500);
    assert_eq!(rules.topology.racks, ["r1", "r2", "r3"]);
}

#[test]
fn faults_of_rules_name_line_and_the_nearest_name() {
    let desk = Desk::new();
    for (text, message) in [
        (
            "[[affinity]]\nvms = [\"wbe\"]\n",
            "rules.toml:2: VM: expected the name of a VM (did you mean \"web\"?), found \"wbe\"",
        ),
        (
            "[[affinity]]\nvms = [\"db\",\n\"tenant:bnak\"]\n",
            "rules.toml:3: tenant: expected the name of a tenant (did you mean \"bank\"?)",
        ),
        (
            "[[access]]\nvms = [\"db\"]\nhosts = [\"rack:r9\"]",
            "rules.toml:3: rack: expected the name of a rack",
        ),
        (
            "[[afinity]]\nvms = []",
            "rules.toml:1: rules: expected a rules file in TOML, or the same as JSON, found unknown field `afinity`",
        ),
        ("[[affinity]]\nvms = []", "rules.toml:1: affinity: expected at least one VM"),
        (
            "[[anti-affinity]]\nvms = [\"db\"]\nmost = 0",
            "rules.toml:1: most: expected at least 1, found 0",
        ),
        (
            "[[anti-affinity]]\nvms = [\"db\"]\nprice = -1",
            "rules.toml:3: price: expected a number of at least 0",
        ),
        ("\n[overcommit]\ngpu = 2", "rules.toml:3: resource: expected the name of a resource"),
        ("\n[overcommit]\ncpu = 0", "rules.toml:3: overcommit.cpu: expected a positive ratio"),
        (
            "[[reserve]]\nfree = { memory = 4 }",
            "rules.toml:2: free.memory: expected bytes with a unit",
        ),
        (
            "[[conflict]]\nclasses = [[\"db\"], [\"d*\"]]",
            "rules.toml:1: classes: expected every VM in one class at most, found \"db\" in two",
        ),
        ("[[conflict]]\nclasses = [[\"db\"]]", "expected at least two classes"),
        (
            "[tenants]\ndedicated = [\"shops\"]",
            "rules.toml:2: tenant: expected the name of a tenant (did you mean \"shop\"?)",
        ),
        (
            "[latency.ms]\na = { berlin = 1 }\n[[latency.limit]]\nvms = [\"db\"]\nfrom = \"a\"",
            "rules.toml:5: latency.ms.a: expected the latency to every site, found none for \"cloud\"",
        ),
        (
            "[latency.ms]\na = { berlni = 1 }\n[[latency.limit]]\nvms = [\"db\"]\nfrom = \"a\"",
            "rules.toml:2: site: expected the name of a site (did you mean \"berlin\"?)",
        ),
        (
            "[[spread]]\nname = \"s\"\nvms = [\"db\"]\nleast = 2\nover = \"rack\"\n[[spread]]\nname = \"s\"\nvms = [\"db\"]\nleast = 2\nover = \"rack\"",
            "rules.toml:6: name: expected a name of its own",
        ),
    ] {
        let error = desk.compiled(text).expect_err(text);
        assert!(error.contains(message), "{text}:\n{error}\n{message}");
    }
    let no_racks = HOSTS.replace(",r2,", ",,");
    let fleet = desk.fleet(VMS, &no_racks).expect("a fleet");
    let rules = desk.file("rules.toml", "[[affinity]]\nvms = [\"db\"]\nwithin = \"rack\"\n");
    let error =
        compile(&fleet, Some(&rules), "fleet").expect_err("a host without a rack").to_string();
    assert!(
        error.contains("a rack for every host, as a rule speaks of racks, found none for \"fast\""),
        "{error}"
    );
    assert!(read(&files(Path::new("nowhere.csv"), Some(&rules))).is_err());
}

/// A fleet of one resource column `cpu` with odd amounts, an overcommit and a reserve.
fn odd_fleet() -> impl Strategy<Value = (String, String, String)> {
    let vms = prop::collection::vec((1_u64..5, 1_u64..4, 0_usize..2), 1..6);
    let hosts = prop::collection::vec((1_u64..40, 0_u64..4, 0_usize..2), 1..5);
    (vms, hosts, 1_u64..30, 1_u64..5, 0_u64..4).prop_map(|(vms, hosts, step, sold, kept)| {
        let mut vm_table = "name,cpu (m),count,tenant\n".to_owned();
        for (index, (amount, count, tenant)) in vms.iter().enumerate() {
            let tenant = ["a", "b"][*tenant];
            writeln!(vm_table, "v{index},{},{count},{tenant}", amount * step).expect("to memory");
        }
        let mut host_table = "name,cpu (m),count,rack\n".to_owned();
        for (index, (amount, count, rack)) in hosts.iter().enumerate() {
            let rack = ["r1", "r2"][*rack];
            writeln!(host_table, "h{index},{},{count},{rack}", amount * 7).expect("to memory");
        }
        let rules = format!(
            "[overcommit]\ncpu = \"{sold}/2\"\n[[reserve]]\nhosts = [\"h0\"]\nfree = {{ cpu = \"{kept}m\" }}\n\
             [[anti-affinity]]\nvms = [\"v0\"]\nwithin = \"rack\"\n[tenants]\ndedicated = [\"{}\"]\n",
            ["a", "b"][vms[0].2]
        );
        (vm_table, host_table, rules)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Types and small integers say the same as single VMs and base units: nobody is lost, any number of VMs of a type
    /// fit a host exactly if they did, and rules concern exactly the VMs that they name.
    #[test]
    fn compiling_changes_no_placement((vms, hosts, rules) in odd_fleet(), number in 1_u64..20) {
        let desk = Desk::new();
        let fleet = desk.fleet(&vms, &hosts).expect("a fleet");
        let rules = desk.file("rules.toml", &rules);
        let compiled = compile(&fleet, Some(&rules), "odd").expect("an instance");
        let instance = &compiled.instance;
        let total: u64 = fleet.vms.iter().map(|vm| vm.count).sum();
        prop_assert_eq!(instance.total_vms(), total);
        let stock: u64 = instance.hosts().iter().filter_map(|host| host.stock).sum();
        prop_assert_eq!(Some(stock), fleet.hosts.iter().map(|host| host.count).sum());
        for (vm_type, rows) in compiled.vms.iter().enumerate() {
            for (host_type, places) in compiled.hosts.iter().enumerate() {
                let (vm, host) = (&fleet.vms[rows[0]], &fleet.hosts[places[0]]);
                let Ratio { sold, real } = instance.rules().overcommit[0];
                let kept = instance.rules().reserve.as_ref().map_or(0, |kept| kept[[host_type, 0]]);
                let usable = (host.capacity[0] * sold / real).saturating_sub(kept * compiled.units[0]);
                prop_assert_eq!(compiled.usable[host_type][0], usable);
                let fits = number * instance.demand(vm_type)[0] <= instance.capacity(host_type)[0];
                prop_assert_eq!(fits, number * vm.demand[0] <= usable);
                for &row in rows {
                    prop_assert_eq!(&fleet.vms[row].demand, &vm.demand);
                }
                for &place in places {
                    prop_assert_eq!(&fleet.hosts[place].rack, &host.rack);
                    prop_assert_eq!((place == 0) && kept > 0, kept > 0 && places == &[0]);
                }
            }
        }
        for rule in &instance.rules().rules {
            let members = |types: &[usize]| -> Vec<&str> {
                let rows = types.iter().flat_map(|&t| &compiled.vms[t]);
                rows.map(|&row| &*fleet.vms[row].name).collect()
            };
            match &rule.demand {
                Demand::AtMost { vms, .. } => prop_assert_eq!(members(vms), ["v0"]),
                Demand::Separate { classes, .. } => {
                    let dedicated = members(&classes[0]);
                    for vm in &fleet.vms {
                        let mine = vm.tenant == fleet.vms[0].tenant;
                        prop_assert_eq!(dedicated.contains(&&*vm.name), mine);
                    }
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

/// Tables of others, with their headers renamed to what this project calls the columns.
#[test]
fn real_tables_add_up() {
    let tables = [
        "alibaba_openb_2023/openb_pod_list_default.csv",
        "alibaba_openb_2023/openb_node_list_all_node.csv",
        "vm_catalog_aws/aws_ec2_templates.csv",
    ];
    let [Some(pods), Some(nodes), Some(catalog)] = tables.map(crate::skip::data) else { return };
    let renamed = |path: &Path, header: &str| {
        let text = std::fs::read_to_string(path).expect("a table");
        let (_, rows) = text.split_once('\n').expect("a header");
        format!("{header}\n{rows}")
    };
    let desk = Desk::new();
    let pods =
        renamed(&pods, "name,cpu (m),memory (MiB),gpu,_milli,_spec,_qos,_phase,_from,_to,_at");
    let nodes = renamed(&nodes, "name,cpu (m),memory (MiB),gpu,_model");
    let fleet = desk.fleet(&pods, &nodes).expect("a fleet");
    let sums = |amounts: &mut dyn Iterator<Item = &Vec<u64>>| {
        amounts.fold([0; 3], |sum, row| [sum[0] + row[0], sum[1] + row[1], sum[2] + row[2]])
    };
    let (cores, mib) = (1000, 1 << 20);
    let has = sums(&mut fleet.hosts.iter().map(|host| &host.capacity));
    assert_eq!((has[0] / cores, has[1] / mib, has[2] / 1000), (125_514, 612_028_416, 6_212));
    let asked = sums(&mut fleet.vms.iter().map(|vm| &vm.demand));
    assert_eq!((asked[0] / cores, asked[1] / mib, asked[2] / 1000), (85_436, 303_546_211, 7_433));
    let compiled = compile(&fleet, None, "openb").expect("an instance");
    assert_eq!((compiled.instance.total_vms(), compiled.instance.vms().len() < 200), (8_152, true));

    let hosts = renamed(&catalog, "name,cpu,memory (MiB),price,_region");
    let vms = "name,cpu,memory\na,500m,1Gi\n";
    let fleet = desk.fleet(vms, &hosts).expect("a fleet");
    assert_eq!(fleet.hosts.len(), 81);
    let medium = fleet.hosts.iter().find(|host| host.name == "a1.medium").expect("in the list");
    assert_eq!((medium.cost, &*medium.capacity), (25_500, &[1000, 2 << 30][..]));
}
