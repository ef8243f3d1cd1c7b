//! What other systems print, read as fleets.

use std::path::PathBuf;

use vmpack_datasets::operator::{Files, Fleet, Origin, compile, read};
use vmpack_model::packing::{Demand, Level};

const KUBERNETES: &str = include_str!("../../../../datasets/operator/kubernetes.json");
const SERVERS: &str = include_str!("../../../../datasets/operator/openstack-servers.json");
const HYPERVISORS: &str = include_str!("../../../../datasets/operator/openstack-hypervisors.json");
const FLAVORS: &str = include_str!("../../../../datasets/operator/openstack-flavors.json");
const VINFO: &str = include_str!("../../../../datasets/operator/rvtools-vinfo.csv");
const VHOST: &str = include_str!("../../../../datasets/operator/rvtools-vhost.csv");

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

    fn read(&self, vms: &str, hosts: Option<&str>, flavors: Option<&str>) -> Result<Fleet, String> {
        self.read_as(None, false, vms, hosts, flavors)
    }

    fn read_as(
        &self,
        origin: Option<Origin>,
        powered_off: bool,
        vms: &str,
        hosts: Option<&str>,
        flavors: Option<&str>,
    ) -> Result<Fleet, String> {
        let vms = self.file("vms", vms);
        let hosts = hosts.map(|text| self.file("hosts", text));
        let flavors = flavors.map(|text| self.file("flavors", text));
        let files = Files {
            vms: &vms,
            hosts: hosts.as_deref(),
            flavors: flavors.as_deref(),
            origin,
            powered_off,
        };
        let directory = format!("{}/", self.0.path().display());
        read(&files).map_err(|error| error.to_string().replace(&directory, ""))
    }
}

/// The amount of a resource that a vector has.
fn of(fleet: &Fleet, amounts: &[u64], resource: &str) -> u64 {
    let place = fleet.resources.iter().position(|(name, _)| name == resource).expect("a resource");
    amounts[place]
}

const MIB: u64 = 1 << 20;

#[test]
fn pods_need_what_the_scheduler_counts() {
    let fleet = Desk::new().read(KUBERNETES, None, None).expect("a fleet");
    let names: Vec<&str> = fleet.vms.iter().map(|vm| &*vm.name).collect();
    assert_eq!(names, ["shop/web-1", "shop/web-2", "shop/db-0", "lab/train"]);
    let vm = |name: &str| fleet.vms.iter().find(|vm| vm.name == name).expect("a pod");
    let web = &vm("shop/web-1").demand;
    // The init container runs beside the sidecar: 1.1 cores; together the containers take 0.4. In memory it is the
    // other way round: 384 MiB against 704.
    assert_eq!(of(&fleet, web, "cpu"), 1100);
    assert_eq!(of(&fleet, web, "memory"), 704 * MIB);
    assert_eq!(of(&fleet, web, "pods"), 1000);
    assert_eq!(of(&fleet, &vm("lab/train").demand, "nvidia.com/gpu"), 2000);
    assert_eq!(vm("shop/db-0").tenant.as_deref(), Some("shop"));
    assert_eq!(vm("shop/db-0").groups, ["app=db"]);
    let hosts: Vec<&str> = fleet.hosts.iter().map(|host| &*host.name).collect();
    assert_eq!(hosts, ["node-a", "node-b", "node-gpu"]);
    let node = &fleet.hosts[0];
    assert_eq!(of(&fleet, &node.capacity, "memory"), 31_500_000 * 1024);
    assert_eq!(of(&fleet, &node.reserve, "cpu"), 100, "of the daemon set");
    assert_eq!(of(&fleet, &node.reserve, "pods"), 1000);
    assert_eq!(node.rack.as_deref(), Some("z1"));
    let said = fleet.warnings.join("\n");
    for part in [
        "cordoned or not ready, and take no pods: 1",
        "finished pods, which are left out: 1",
        "whose requests their nodes keep free: 1",
        "pods with volume claims",
        "preferences (ScheduleAnyway) play no part: of 1 pods, such as shop/db-0",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn selectors_taints_and_affinities_are_rules() {
    let desk = Desk::new();
    let fleet = desk.read(KUBERNETES, None, None).expect("a fleet");
    let rules: Vec<_> = fleet.rules.iter().map(|rule| (&*rule.name, &rule.demand)).collect();
    let expected = [
        // web may use both nodes without a taint, db needs an SSD as well.
        ("nodes of shop/db-0", Demand::Restrict { vms: vec![2], hosts: vec![0] }),
        ("nodes of shop/web-1 and 1 more", Demand::Restrict { vms: vec![0, 1], hosts: vec![0, 1] }),
        ("nodes of lab/train", Demand::Restrict { vms: vec![3], hosts: vec![2] }),
        (
            "anti-affinity of shop/web-1 and 1 more",
            Demand::AtMost { vms: vec![0, 1], most: 1, within: Level::Host },
        ),
        (
            "anti-affinity of lab/train",
            Demand::Separate { classes: vec![vec![3], vec![2]], within: Level::Host },
        ),
    ];
    assert_eq!(rules.len(), expected.len(), "{rules:?}");
    for (name, demand) in &expected {
        assert!(rules.contains(&(*name, demand)), "{name}: {rules:?}");
    }
    compile(&fleet, None, "cluster").expect("an instance");
}

#[test]
fn spreads_and_affinities_that_have_a_form_are_rules_and_others_are_told() {
    let desk = Desk::new();
    // Two pods over the two zones of the three nodes that they may use by a toleration.
    let spread = r#""tolerations": [{"operator": "Exists"}], "topologySpreadConstraints": [{"maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}}], "affinity": {"podAntiAffinity""#;
    let fleet =
        desk.read(&KUBERNETES.replace(r#""affinity": {"podAntiAffinity""#, spread), None, None);
    let fleet = fleet.expect("a fleet");
    let demand = Demand::AtMost { vms: vec![0, 1], most: 1, within: Level::Rack };
    assert!(fleet.rules.iter().any(|rule| rule.demand == demand), "{:?}", fleet.rules);
    assert!(fleet.warnings.join("\n").contains("lower ends of topology spread constraints"));

    let together = KUBERNETES.replace("podAntiAffinity", "podAffinity");
    let fleet = desk.read(&together, None, None).expect("a fleet");
    let demand = Demand::Together { vms: vec![0, 1], within: Level::Host };
    assert!(fleet.rules.iter().any(|rule| rule.demand == demand), "{:?}", fleet.rules);
    let said = fleet.warnings.join("\n");
    assert!(said.contains("affinities to other pods than those that ask for it play no part: of 1 pods, such as lab/train"), "{said}");

    let odd_key = KUBERNETES.replace(
        r#""topologyKey": "kubernetes.io/hostname""#,
        r#""topologyKey": "example.org/row""#,
    );
    let said = desk.read(&odd_key, None, None).expect("a fleet").warnings.join("\n");
    assert!(said.contains("affinities over \"example.org/row\", which is no level of all nodes, play no part: of 3 pods"), "{said}");
}

#[test]
fn nodes_and_pods_may_lie_in_two_files() {
    let desk = Desk::new();
    let list = |kind: &str| {
        let mut list: serde_json::Value = serde_json::from_str(KUBERNETES).expect("JSON");
        let items = list["items"].as_array_mut().expect("items");
        items.retain(|item| item["kind"] == kind);
        serde_json::to_string_pretty(&list).expect("text")
    };
    let (pods, nodes) = (list("Pod"), list("Node"));
    let both = desk.read(&pods, Some(&nodes), None).expect("a fleet");
    assert_eq!(both, desk.read(KUBERNETES, None, None).expect("a fleet"));
    let error = desk.read(&pods, Some(&nodes.replace("7910m", "lots")), None).expect_err("lots");
    assert!(error.starts_with("hosts:"), "{error}");
    let error = desk.read(&pods, Some(KUBERNETES), None).expect_err("all pods twice");
    assert!(
        error.contains("expected a name of its own in every row, found \"shop/web-1\" again"),
        "{error}"
    );
    let path = desk.file("both", KUBERNETES);
    let same =
        Files { vms: &path, hosts: Some(&path), flavors: None, origin: None, powered_off: false };
    assert_eq!(read(&same).expect("a fleet"), both, "one file, given twice, is read once");
    let error = desk.read(&pods, None, None).expect_err("no nodes");
    assert!(
        error.contains("expected at least one node and one pod to place, found 0 nodes and 4 pods"),
        "{error}"
    );
}

#[test]
fn faults_of_kubernetes_name_line_and_object() {
    let desk = Desk::new();
    for (from, to, line, message) in [
        (
            "\"250m\"",
            "\"-250m\"",
            38,
            "Pod \"shop/web-1\": cpu: expected processors, such as 2, 0.5, 500m, 2 vCPU, found \"-250m\", which is negative",
        ),
        ("\"8Gi\"}}}],\n", "\"8 gold\"}}}],\n", 69, "Pod \"shop/db-0\": memory: expected bytes"),
        ("\"128Gi\"", "\"128Gigs\"", 23, "Node \"node-gpu\": allocatable: memory: expected bytes"),
        (
            "\"operator\": \"Gt\"",
            "\"operator\": \"Above\"",
            83,
            "Pod \"lab/train\": operator of a selector: expected In, NotIn, Exists, DoesNotExist, Gt or Lt, found \"Above\"",
        ),
        (
            "\"containers\": [{\"name\": \"postgres\"",
            "\"boxes\": [{\"name\": \"postgres\"",
            80,
            "Pod \"db-0\": spec: expected",
        ),
    ] {
        let text = KUBERNETES.replacen(from, to, 1);
        assert_ne!(text, KUBERNETES, "{from}");
        let error = desk.read(&text, None, None).expect_err(to);
        assert!(error.starts_with(&format!("vms:{line}: {message}")), "{to}: {error}");
    }
}

#[test]
fn servers_are_as_large_as_their_flavors() {
    let desk = Desk::new();
    let fleet = desk.read(SERVERS, Some(HYPERVISORS), Some(FLAVORS)).expect("a fleet");
    let names: Vec<&str> = fleet.vms.iter().map(|vm| &*vm.name).collect();
    assert_eq!(names, ["web (0b7a-1)", "web (0b7a-2)", "db"]);
    assert_eq!(fleet.vms[2].demand, [4000, 8192 * MIB]);
    assert_eq!(
        (fleet.vms[2].tenant.as_deref(), &*fleet.vms[2].groups),
        (Some("p-bank"), &["zone=nova".to_owned()][..])
    );
    let hosts: Vec<_> = fleet.hosts.iter().map(|host| (&*host.name, &*host.capacity)).collect();
    assert_eq!(
        hosts,
        [("compute-1", &[8000, 32_102 * MIB][..]), ("compute-2", &[8000, 32_102 * MIB])]
    );
    let said = fleet.warnings.join("\n");
    for part in [
        "take no servers: 1",
        "and left out: 1",
        "allocation ratios are not listed",
        "disks play no part",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_documents_of_the_compute_api_are_read_too() {
    let servers = r#"{"servers": [{"id": "s1", "name": "a", "status": "ACTIVE", "tenant_id": "t",
        "OS-EXT-AZ:availability_zone": "az1", "server_groups": ["g1"],
        "flavor": {"vcpus": 2, "ram": 2048, "disk": 10, "ephemeral": 5, "swap": 0, "original_name": "m"}}]}"#;
    let hypervisors = r#"{"hypervisors": [{"id": "h", "hypervisor_hostname": "c1", "state": "up", "status": "enabled",
        "hypervisor_type": "QEMU", "vcpus": 16, "memory_mb": 65536, "local_gb": 900}]}"#;
    let fleet = Desk::new().read(servers, Some(hypervisors), None).expect("a fleet");
    assert_eq!(fleet.vms[0].demand, [2000, 2048 * MIB, 15 << 30]);
    assert_eq!(fleet.hosts[0].capacity, [16_000, 65_536 * MIB, 900 << 30]);
    assert_eq!(fleet.vms[0].groups, ["server-group=g1", "zone=az1"]);
    assert!(
        fleet
            .warnings
            .join("\n")
            .contains("servers in server groups, whose policies are not listed")
    );
}

#[test]
fn faults_of_openstack_name_file_and_line() {
    let desk = Desk::new();
    for (servers, hypervisors, flavors, message) in [
        (
            SERVERS.to_owned(),
            HYPERVISORS.to_owned(),
            FLAVORS.replace("\"4\"", "\"5\"").replace("m1.large", "m2.large"),
            "vms:4: server \"db\": flavor: expected sizes",
        ),
        (
            SERVERS.to_owned(),
            HYPERVISORS.to_owned(),
            FLAVORS.replace("8192", "-8192"),
            "flavors:3: flavor \"m1.large\": memory: expected bytes",
        ),
        (
            SERVERS.to_owned(),
            HYPERVISORS.replace("\"vCPUs\": 8,", ""),
            FLAVORS.to_owned(),
            "hosts:2: hypervisor \"compute-1\": expected vcpus",
        ),
        (
            SERVERS.to_owned(),
            HYPERVISORS.replace("\"up\"", "\"down\""),
            FLAVORS.to_owned(),
            "hosts: hypervisors: expected at least one hypervisor that is up",
        ),
        (
            SERVERS.to_owned(),
            "{}".to_owned(),
            FLAVORS.to_owned(),
            "hosts:1: the document: expected an array, or an object with one as \"hypervisors\"",
        ),
        (
            SERVERS.replace("ACTIVE", "DELETED").replace("SHUTOFF", "ERROR"),
            HYPERVISORS.to_owned(),
            FLAVORS.to_owned(),
            "expected at least one server to place",
        ),
    ] {
        let error = desk.read(&servers, Some(&hypervisors), Some(&flavors)).expect_err(message);
        assert!(error.contains(message), "{message}: {error}");
    }
    let error = desk.read(SERVERS, Some(HYPERVISORS), None).expect_err("no flavors");
    assert!(
        error.contains("vms:2: server \"web\": flavor")
            && error.contains("no list of flavors is given"),
        "{error}"
    );
    let error = desk.read(SERVERS, None, Some(FLAVORS)).expect_err("no hypervisors");
    assert!(error.contains("expected a file of hosts as well (--hosts)"), "{error}");
}

#[test]
fn sheets_of_rvtools_are_read_with_their_separators() {
    let desk = Desk::new();
    let fleet = desk.read(VINFO, Some(VHOST), None).expect("a fleet");
    let vms: Vec<_> = fleet.vms.iter().map(|vm| (&*vm.name, &*vm.demand)).collect();
    assert_eq!(
        vms,
        [
            ("dc01", &[2000, 4096 * MIB][..]),
            ("sql01", &[8000, 65_536 * MIB]),
            ("web01", &[4000, 8192 * MIB]),
            ("web01#2", &[4000, 8192 * MIB]),
        ]
    );
    assert_eq!(fleet.vms[0].groups, ["cluster=Prod", "datacenter=Berlin"]);
    let host = &fleet.hosts[0];
    assert_eq!(host.capacity, [32_000, 393_075 * MIB]);
    assert_eq!(
        (host.site.as_deref(), &*host.labels),
        (Some("Berlin"), &["cluster=Prod".to_owned()][..])
    );
    assert_eq!(fleet.hosts.len(), 3);
    let said = fleet.warnings.join("\n");
    for part in [
        "VMs that are not powered on, and left out (--powered-off takes them in): 1",
        "templates, which are left out: 1",
        "hosts in maintenance mode, which take no VMs: 1",
        "names of several VMs",
        "disks play no part",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let all = desk.read_as(Some(Origin::RvTools), true, VINFO, Some(VHOST), None).expect("a fleet");
    assert_eq!(all.vms.len(), 5);
    // The same with semicolons and the other sheet with commas, each with the marks of such countries.
    let semicolons = VINFO.lines().map(|line| {
        let mut quoted = false;
        let swapped = line.chars().map(|c| {
            quoted ^= c == '"';
            match (c, quoted) {
                (',', false) => ';',
                (',', true) => '.',
                _ => c,
            }
        });
        swapped.collect::<String>() + "\n"
    });
    let commas = VHOST.replace(';', ",").replace("393.075", "\"393,075\"");
    let commas = commas.replace("130.957", "\"130,957\"");
    let other = desk.read(&semicolons.collect::<String>(), Some(&commas), None).expect("a fleet");
    assert_eq!((other.vms, other.hosts), (fleet.vms, fleet.hosts));
}

/// A sheet of an older version from Germany: other titles, semicolons, decimal commas.
const OLD_VINFO: &str = "Name;Powerstate;Template;# CPU;Memory MB;Cluster\n\
    alpha;poweredOn;Falsch;2;4.096,00;Prod\n\
    beta;poweredOn;Falsch;4;16.384,00;Prod\n\
    gamma;poweredOn;Falsch;1;512,000;Prod\n";
/// One as databases name it, from France: blanks that do not break, and processors with their cores.
const OLD_VHOST: &str = "vHostName;vHostDatacenter;vHostCluster;vHostNumCPU;vHostCoresPerCPU;vHostMemorySize\n\
    esx1;Paris;Prod;2;8;131\u{202f}072,0\n\
    esx2;Paris;Prod;2;8;262\u{a0}144\n";

#[test]
fn older_sheets_of_rvtools_and_those_of_other_countries_are_read() {
    let desk = Desk::new();
    let fleet = desk.read(OLD_VINFO, Some(OLD_VHOST), None).expect("a fleet");
    let vms: Vec<_> = fleet.vms.iter().map(|vm| (&*vm.name, &*vm.demand)).collect();
    let expected = [
        ("alpha", &[2000, 4096 * MIB][..]),
        ("beta", &[4000, 16_384 * MIB]),
        ("gamma", &[1000, 512 * MIB]),
    ];
    assert_eq!(vms, expected);
    let hosts: Vec<_> = fleet.hosts.iter().map(|host| (&*host.name, &*host.capacity)).collect();
    let expected = [("esx1", &[16_000, 131_072 * MIB][..]), ("esx2", &[16_000, 262_144 * MIB])];
    assert_eq!(hosts, expected);
    assert_eq!(fleet.hosts[0].site.as_deref(), Some("Paris"));
    // `vInfoVMName` and `Num CPU` are the same columns.
    let named = OLD_VINFO.replacen("Name;Powerstate", "vInfoVMName;vInfoPowerstate", 1);
    let named = named.replacen("# CPU;Memory MB;Cluster", "Num CPU;vInfoMemory;vInfoCluster", 1);
    let other = desk.read(&named, Some(OLD_VHOST), None).expect("a fleet");
    assert_eq!(other.vms, fleet.vms);
}

#[test]
fn numbers_of_rvtools_that_may_mean_two_things_are_refused() {
    let desk = Desk::new();
    for (info, message) in [
        (
            OLD_VINFO.replace("4.096,00", "4096").replace("16.384,00", "16384"),
            "vms:4: column \"Memory MB\": expected a number of at least 0, such as 4096, 4,096 or 4.096,0, found \
             \"512,000\", whose ',' may group digits or begin decimals",
        ),
        (
            OLD_VINFO.replace("16.384,00", "16,384.00"),
            "vms:3: column \"Memory MB\": expected a number of at least 0, such as 4096, 4,096 or 4.096,0, found \
             \"16,384.00\", while ',' begins the decimals in line 2",
        ),
        (OLD_VINFO.replace(";4;", ";2,5;"), "vms:3: column \"# CPU\""),
        (OLD_VINFO.replace("512,000", "512,001"), "which is no whole number of bytes"),
    ] {
        let error = desk.read(&info, Some(OLD_VHOST), None).expect_err(message);
        assert!(error.contains(message), "{message}: {error}");
    }
}

#[test]
fn faults_of_rvtools_name_line_and_column() {
    let desk = Desk::new();
    for (info, host, message) in [
        (
            VINFO.replace("\"65,536\"", "\"65,53\""),
            VHOST.to_owned(),
            "vms:2: column \"Memory\": expected a number of at least 0, such as 4096, 4,096 or 4.096,0, found \"4,096\", \
             read as \"4.096\", which is no whole number of bytes",
        ),
        (
            VINFO.replace(",CPUs,", ",Processors,"),
            VHOST.to_owned(),
            "vms:1: header of vInfo: expected a column \"CPUs\"",
        ),
        (
            VINFO.replace("poweredOn", "poweredOff"),
            VHOST.to_owned(),
            "expected at least one VM to place",
        ),
        (VINFO.to_owned(), VHOST.replace("130.957", "many"), "hosts:4: column \"# Memory\""),
        (
            VINFO.to_owned(),
            VHOST.replace("esx2", "esx1"),
            "hosts:3: column \"Host\": expected a name of its own",
        ),
        (
            VINFO.to_owned(),
            VHOST.replace("False;", "True;"),
            "expected at least one host out of maintenance mode",
        ),
        (
            VINFO.to_owned(),
            VHOST.replace("# Cores", "Kerne").replace("Cores per CPU", "Kerne je CPU"),
            "hosts:1: header of vHost: expected a column \"# Cores\"",
        ),
    ] {
        let error = desk.read(&info, Some(&host), None).expect_err(message);
        assert!(error.contains(message), "{message}: {error}");
    }
}

/// Whatever a file holds, there is a fleet or a message.
#[test]
fn damaged_files_are_refused_without_a_panic() {
    let desk = Desk::new();
    for origin in [Origin::Kubernetes, Origin::OpenStack, Origin::RvTools, Origin::Tables] {
        let (text, other) = match origin {
            Origin::Kubernetes => (KUBERNETES, None),
            Origin::OpenStack => (SERVERS, Some(HYPERVISORS)),
            Origin::RvTools => (VINFO, Some(VHOST)),
            Origin::Tables => ("name,cpu\na,1\n", Some("name,cpu\nh,1\n")),
        };
        for cut in (0..text.len()).step_by(text.len() / 29 + 1) {
            let (head, tail) = (&text[..cut], &text[cut..]);
            let _ = desk.read_as(Some(origin), false, head, other, Some(FLAVORS));
            let _ = desk.read_as(Some(origin), true, tail, other, Some(FLAVORS));
            let _ = desk.read_as(Some(origin), true, &format!("{head}\u{0}{tail}"), other, None);
        }
    }
    assert!(desk.read_as(None, false, "", Some(""), None).is_err());
}
