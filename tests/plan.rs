//! `vmpack plan` driven as a process: tables with rules, importers, refusals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::vmpack;

/// A folder with files of a fleet, and what comes out.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    /// Plans, and returns exit code, standard output and standard error without the folder's name.
    fn plan(&self, arguments: &[&str]) -> (i32, String, String) {
        let out = self.out();
        let output = vmpack()
            .args(["plan", "--time", "20", "--out"])
            .arg(&out)
            .args(arguments)
            .output()
            .unwrap();
        let folder = format!("{}/", self.0.path().display());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&folder, "");
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.out().join(name)).unwrap()
    }

    fn summary(&self) -> Value {
        serde_json::from_str(&self.read("summary.json")).unwrap()
    }

    /// The host of every VM.
    fn placed(&self) -> BTreeMap<String, String> {
        let table = self.read("plan.csv");
        let mut lines = table.lines();
        assert_eq!(lines.next(), Some("vm,host"));
        let pair = |line: &str| {
            let (vm, host) = line.split_once(',').unwrap();
            (vm.to_owned(), host.to_owned())
        };
        let placed: BTreeMap<_, _> = lines.map(pair).collect();
        let json: Value = serde_json::from_str(&self.read("plan.json")).unwrap();
        let listed = json["placement"].as_array().unwrap().iter();
        let same: BTreeMap<_, _> = listed
            .map(|pair| {
                (pair["vm"].as_str().unwrap().to_owned(), pair["host"].as_str().unwrap().to_owned())
            })
            .collect();
        assert_eq!(placed, same, "plan.csv and plan.json say the same");
        placed
    }
}

fn sample(name: &str) -> String {
    format!("datasets/operator/{name}")
}

/// With HiGHS, which the rules need.
#[cfg(feature = "highs")]
#[test]
fn a_fleet_with_rules_is_planned_and_every_rule_holds() {
    let desk = Desk::new();
    let (vms, hosts, rules) = (sample("vms.csv"), sample("hosts.csv"), sample("rules.toml"));
    let (code, said, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts, "--rules", &rules]);
    assert_eq!(code, 0, "{said}{error}");
    let placed = desk.placed();
    assert_eq!(placed.len(), 27);
    let host = |vm: &str| placed[vm].as_str();
    let mut tenants: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (vm, host) in &placed {
        let tenant =
            ["shop", "bank", "audit", "player"].iter().find(|t| vm.starts_with(**t)).unwrap();
        tenants.entry(host).or_default().push(*tenant);
    }
    assert!(tenants.values().all(|on| on.iter().all(|tenant| *tenant == on[0])), "{placed:?}");
    for web in 1..=6 {
        let beside = (1..=6)
            .filter(|other| host(&format!("shop-web-{other}")) == host(&format!("shop-web-{web}")));
        assert!(beside.count() <= 2);
    }
    assert!(host("bank-ledger-1").starts_with("r3-vault"), "{placed:?}");
    assert!((1..=3).any(|db| host(&format!("shop-db-{db}")) != host("shop-db-1")));
    assert!(!host("audit").starts_with("r3"), "the auditor is not in the bank's rack");

    let summary = desk.summary();
    assert_eq!(summary["verdict"], "Correct");
    assert_eq!(summary["optimal"], true);
    assert_eq!((&summary["cost"], &summary["lower_bound"]), (&"16.1".into(), &"16.1".into()));
    let rules = summary["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 11);
    assert!(rules.iter().all(|rule| rule["violations"] == 0), "{rules:?}");
    let replicas = rules.iter().find(|rule| rule["name"] == "web replicas").unwrap();
    assert_eq!((&replicas["form"], &replicas["slack"]), (&"at-most".into(), &0.into()));
    for rule in rules {
        let unit = match rule["form"].as_str().unwrap() {
            "spread" => "domains",
            "survive" => "hosts",
            _ => "VMs",
        };
        assert_eq!(rule["slack_unit"], unit, "{rule}");
    }
    for resource in summary["resources"].as_array().unwrap() {
        let amount = |name: &str| resource[name].as_u64().unwrap();
        assert!(amount("used") + amount("stranded") <= amount("usable"));
        let hosts = summary["hosts_opened"].as_u64().unwrap();
        assert!(amount("headroom") * hosts <= amount("usable") - amount("used"));
    }
    assert!(said.contains("rule          one vault may fail (survive): kept"), "{said}");
    assert!(desk.read("fill.svg").starts_with("<svg"));
    assert!(std::fs::read(desk.out().join("fill.png")).unwrap().starts_with(b"\x89PNG"));

    // Whichever vault fails, its VMs and no others go to the other one.
    let evacuations = desk.read("evacuations.csv");
    let mut moved: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in evacuations.lines().skip(1) {
        let [rule, failed, vm, to] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!((rule, host(vm)), ("one vault may fail", failed));
        assert!(to.starts_with("r3-vault") && to != failed, "{line}");
        moved.entry(failed).or_default().push(vm);
    }
    let vaults = placed.values().filter(|host| host.starts_with("r3-vault"));
    let vaults: std::collections::BTreeSet<&String> = vaults.collect();
    assert!(!vaults.is_empty() && moved.len() <= vaults.len(), "{evacuations}");
    for (vault, vms) in &moved {
        let there = placed.iter().filter(|(_, host)| host == vault).count();
        assert_eq!(vms.len(), there, "{evacuations}");
    }
    assert!(!moved.is_empty());

    // What was planned can be judged again by anybody.
    let (instance, solution) = (desk.out().join("instance.json"), desk.out().join("solution.json"));
    let check = vmpack().arg("check").args([instance, solution]).output().unwrap();
    assert_eq!(check.status.code(), Some(0));
}

#[cfg(feature = "highs")]
#[test]
fn a_broken_wish_is_paid_and_counted() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,count,cpu\nweb,4,2\n");
    let hosts = desk.file("hosts.csv", "name,count,cpu,cost\nh,any,8,3\n");
    let rules = desk
        .file("rules.toml", "[[anti-affinity]]\nname = \"alone\"\nvms = [\"web\"]\nprice = 0.25\n");
    let (code, said, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts, "--rules", &rules]);
    assert_eq!(code, 0, "{said}{error}");
    let summary = desk.summary();
    assert_eq!((&summary["cost"], &summary["hosts_opened"]), (&"3.75".into(), &1.into()));
    let rule = &summary["rules"][0];
    assert_eq!(
        (&rule["violations"], &rule["cost"], &rule["price"]),
        (&3.into(), &"0.75".into(), &"0.25".into())
    );
    assert_eq!(rule["slack"], Value::Null);
    assert!(desk.placed().values().all(|host| host == "h-1"));
}

#[test]
fn what_is_free_and_of_no_use_is_stranded() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,count,cpu,memory (GiB)\nlean,2,4,1\nfat,1,1,20\n");
    let hosts = desk.file("hosts.csv", "name,count,cpu,memory (GiB)\nh,any,8,21\n");
    let (code, said, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts, "--method", "ffd-l2"]);
    assert_eq!(code, 0, "{said}{error}");
    let summary = desk.summary();
    // Whatever the split, both hosts are used; one is out of cores or of memory.
    assert_eq!(summary["hosts_opened"], 2);
    let gib = 1_u64 << 30;
    let memory = &summary["resources"][1];
    assert_eq!(
        (memory["usable"].as_u64(), memory["used"].as_u64()),
        (Some(42 * gib), Some(22 * gib))
    );
    let placed = desk.placed();
    let together = placed["lean-1"] == placed["lean-2"];
    let stranded = if together { 19 * gib } else { 0 };
    assert_eq!(memory["stranded"].as_u64(), Some(stranded), "{placed:?}");
    let (cores, left) = if together { (0, gib) } else { (3000, 0) };
    let headroom = |k: usize| summary["resources"][k]["headroom"].as_u64();
    assert_eq!((headroom(0), headroom(1)), (Some(cores), Some(left)), "{placed:?}");
}

#[cfg(feature = "highs")]
#[test]
fn clusters_of_kubernetes_are_planned() {
    let desk = Desk::new();
    let (code, said, error) = desk.plan(&["--vms", &sample("kubernetes.json")]);
    assert_eq!(code, 0, "{said}{error}");
    let placed = desk.placed();
    assert_eq!(placed["shop/db-0"], "node-a");
    assert_eq!(placed["lab/train"], "node-gpu");
    assert_ne!(placed["shop/web-1"], placed["shop/web-2"]);
    assert!(error.contains("vmpack: warning: finished pods, which are left out: 1"), "{error}");
    let warnings = desk.summary()["warnings"].as_array().unwrap().len();
    assert_eq!(warnings, error.lines().count(), "the summary says what standard error says");
}

#[test]
fn servers_of_openstack_are_planned() {
    let desk = Desk::new();
    let (servers, hypervisors) =
        (sample("openstack-servers.json"), sample("openstack-hypervisors.json"));
    let flavors = sample("openstack-flavors.json");
    let (code, said, error) =
        desk.plan(&["--vms", &servers, "--hosts", &hypervisors, "--flavors", &flavors]);
    assert_eq!(code, 0, "{said}{error}");
    assert_eq!(desk.placed().len(), 3);
    assert!(error.contains("allocation ratios are not listed"), "{error}");
}

#[test]
fn virtual_machines_of_vsphere_are_planned() {
    let desk = Desk::new();
    let (vinfo, vhost) = (sample("rvtools-vinfo.csv"), sample("rvtools-vhost.csv"));
    let arguments = ["--from", "rvtools", "--vms", &vinfo, "--hosts", &vhost];
    let (code, said, error) = desk.plan(&arguments);
    assert_eq!(code, 0, "{said}{error}");
    assert_eq!(desk.placed().len(), 4);
    let (code, _, error) = desk.plan(&[&arguments[..], &["--powered-off"]].concat());
    assert_eq!(code, 0, "{error}");
    assert!(desk.placed().contains_key("old01"), "files are replaced by those of the later plan");
}

#[test]
fn a_fleet_without_placement_is_explained_and_nothing_is_written() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,count,cpu\nweb,3,4\n");
    let hosts = desk.file("hosts.csv", "name,count,cpu\nh,1,8\n");
    let (code, said, _) = desk.plan(&["--vms", &vms, "--hosts", &hosts]);
    assert_eq!(code, 3, "{said}");
    assert!(said.starts_with("There is no placement: "), "{said}");
    assert!(said.contains("\"web\"") && said.contains("the stock of 1 \"h\""), "{said}");
    assert!(!desk.out().exists());
}

#[test]
fn rules_may_be_json_and_the_folder_is_called_plan() {
    let desk = Desk::new();
    desk.file("vms.csv", "name,count,cpu\nweb,3,1\n");
    desk.file("hosts.csv", "name,count,cpu\nh,4,8\n");
    let rules = r#"{"spread": [{"vms": ["web"], "least": 2, "over": "host", "name": "apart"}], "overcommit": {"cpu": 1.5}}"#;
    desk.file("rules.json", rules);
    desk.file("bad.json", r#"{"spread": [{"vms": ["wbe"], "least": 2, "over": "host"}]}"#);
    let plan = |rules: &str| {
        let arguments = ["plan", "--vms", "vms.csv", "--hosts", "hosts.csv", "--rules", rules];
        vmpack().current_dir(desk.0.path()).args(arguments).output().unwrap()
    };
    let done = plan("rules.json");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("rule          apart (spread): kept"), "{said}");
    let table = std::fs::read_to_string(desk.0.path().join("plan/plan.csv")).unwrap();
    let used: std::collections::BTreeSet<_> =
        table.lines().skip(1).map(|line| line.rsplit(',').next()).collect();
    assert_eq!(used.len(), 2, "{table}");
    let refused = plan("bad.json");
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(
        error.contains("bad.json: VM: expected the name of a VM (did you mean \"web\"?)"),
        "{error}"
    );
}

/// With HiGHS, whose program is the one that is measured before it is built.
#[cfg(feature = "highs")]
#[test]
fn a_large_fleet_whose_hosts_may_fail_keeps_its_time() {
    use std::fmt::Write as _;

    let desk = Desk::new();
    let mut vms = "name,count,cpu,memory (MiB)\n".to_owned();
    let mut hosts = "name,count,cpu,memory (GiB)\n".to_owned();
    for i in 0..300 {
        writeln!(vms, "v{i},10,{}m,{}", 500 + i, 1000 + 7 * i).expect("to memory");
    }
    for i in 0..1000 {
        writeln!(hosts, "h{i},1,{},{}", 16 + i, 64 + i).expect("to memory");
    }
    let (vms, hosts) = (desk.file("vms.csv", &vms), desk.file("hosts.csv", &hosts));
    let rules = desk.file("rules.toml", "[[failures]]\n");
    // Of CPU time, which passes for it alone; it was minutes before any method began.
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -t 60; exec \"$0\" plan --time 0.5 \"$@\"",
            env!("CARGO_BIN_EXE_vmpack"),
        ])
        .args(["--vms", &vms, "--hosts", &hosts, "--rules", &rules])
        .current_dir(desk.0.path())
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(2), "{output:?}");
}

#[test]
fn hosts_too_small_for_any_vm_stay_closed() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,count,cpu,memory\nweb,2,4,4Gi\n");
    let hosts = desk.file("hosts.csv", "name,count,cpu,memory\ntiny,1,2,2Gi\nh,1,8,8Gi\n");
    let (code, _, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts]);
    assert_eq!(code, 0, "{error}");
    assert!(desk.placed().values().all(|host| host == "h"));
    let hosts = desk.file("none.csv", "name,count,cpu,memory\nh,1,8,8Gi\nempty,1,0,0Gi\n");
    let (code, _, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts]);
    assert_eq!(code, 1);
    assert!(error.contains("none.csv: host \"empty\": expected some capacity"), "{error}");
}

#[test]
fn faults_name_the_file_and_leave_an_earlier_plan_alone() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,cpu\nweb,2\n");
    let hosts = desk.file("hosts.csv", "name,cpu\nh,8\n");
    assert_eq!(desk.plan(&["--vms", &vms, "--hosts", &hosts]).0, 0);
    let before = desk.read("plan.csv");
    let bad_vms = desk.file("bad.csv", "name,cpu\nweb,2\ndb,4Gi\n");
    let rules = desk.file("rules.toml", "[[affinity]]\nvms = [\"wbe\"]\n");
    for (arguments, message) in [
        (
            vec!["--vms", &bad_vms, "--hosts", &hosts],
            "bad.csv:3: column \"cpu\": expected processors",
        ),
        (vec!["--vms", &vms, "--hosts", &bad_vms], "bad.csv:3: column \"cpu\""),
        (
            vec!["--vms", &vms, "--hosts", &hosts, "--rules", &rules],
            "rules.toml:2: VM: expected the name of a VM (did you mean \"web\"?), found \"wbe\"",
        ),
        (vec!["--vms", &vms], "expected a file of hosts as well (--hosts)"),
        (vec!["--vms", "nowhere.csv", "--hosts", &hosts], "nowhere.csv: cannot read the file"),
        (vec!["--vms", &vms, "--hosts", &hosts, "--method", "brnach-price"], "branch-price"),
    ] {
        let (code, said, error) = desk.plan(&arguments);
        assert_eq!((code, said.as_str()), (1, ""), "{error}");
        assert!(error.contains(message), "{message}: {error}");
        assert_eq!(desk.read("plan.csv"), before);
    }
    let left = std::fs::read_dir(desk.out()).unwrap();
    let names: Vec<_> =
        left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 8, "no drafts are left: {names:?}");
}

/// A plan replaces an earlier one and nothing else, and no time is spent on one that has no place.
#[test]
fn what_is_no_plan_is_not_replaced() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,cpu\nweb,2\n");
    let hosts = desk.file("hosts.csv", "name,cpu\nh,8\n");
    // Before the fleet is read.
    let refused = |message: &str| {
        let (code, _, error) = desk.plan(&["--vms", "nowhere.csv"]);
        assert!(code == 1 && error.contains(message), "{message}: {error}");
    };
    std::fs::create_dir(desk.out()).unwrap();
    for name in ["records.jsonl", "manifest.json"] {
        desk.file(&format!("out/{name}"), "{}");
        refused("out holds an experiment: choose another folder for the plan");
        std::fs::remove_file(desk.out().join(name)).unwrap();
    }
    for name in ["plan.csv", "plan.json", "instance.json"] {
        desk.file(&format!("out/{name}"), "{\"format\": \"mine\"}");
        refused(&format!("out/{name} is there already and of no earlier plan"));
        std::fs::remove_file(desk.out().join(name)).unwrap();
    }
    desk.file("out/notes.txt", "mine");
    for _ in 0..2 {
        let (code, _, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts]);
        assert_eq!(code, 0, "{error}");
    }
    assert_eq!(desk.read("notes.txt"), "mine");
}

/// Whoever has mixed up the tables is told each word once.
#[test]
fn known_columns_are_told_once() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,cpu,groups\nweb,2,a\n");
    let hosts = desk.file("hosts.csv", "name,cpu,rack\nh,8,r\n");
    let (code, _, error) = desk.plan(&["--vms", &hosts, "--hosts", &vms]);
    assert!(code == 1 && error.contains("known are "), "{error}");
    let known = error.trim_end().rsplit_once("known are ").unwrap().1;
    let names: Vec<&str> = known.split(", ").collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let desk = Desk::new();
    let vms = desk.file("vms.csv", "name,cpu\nweb,2\n");
    let hosts = desk.file("hosts.csv", "name,cpu\nh,8\n");
    desk.file("out", "a file where the folder should be");
    let (code, _, error) = desk.plan(&["--vms", &vms, "--hosts", &hosts]);
    assert_eq!(code, 1);
    assert!(error.starts_with("vmpack: ") && error.contains("out"), "{error}");
    assert!(Path::new(&vms).is_file());
}
