//! Tables and rules of operators.

use std::path::{Path, PathBuf};

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
            "rules.toml:1: rules: expected a rules file in TOML, found unknown field `afinity`",
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
