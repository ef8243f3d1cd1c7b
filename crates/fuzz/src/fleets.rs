//! Fleets of operators: tables, quantities, rules files, Kubernetes, `OpenStack`, `RVTools`.

use vmpack_datasets::operator::quantity::{Kind, amount, fixed};
use vmpack_datasets::operator::{self, Files, Fleet, Origin};

use crate::Target;
use crate::cases::{Folder, joined, parts, text};

/// A file of the examples.
macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../datasets/operator/", $name))
    };
}

const VMS: &str = example!("vms.csv");
const HOSTS: &str = example!("hosts.csv");

/// See [`crate::targets`].
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "fleet-tables",
        run: |data| fleet(Origin::Tables, data),
        seeds: || {
            let vms = r#"[{"name": "a", "count": 2, "cpu": 1.5, "memory": "2Gi"}]"#;
            let hosts = r#"{"hosts": [{"name": "h", "count": "any", "cpu": 4, "memory": "8Gi"}]}"#;
            vec![joined(&[VMS, HOSTS]), joined(&[vms, hosts])]
        },
    },
    Target {
        name: "fleet-kubernetes",
        run: |data| fleet(Origin::Kubernetes, data),
        seeds: || vec![example!("kubernetes.json").into()],
    },
    Target {
        name: "fleet-openstack",
        run: |data| fleet(Origin::OpenStack, data),
        seeds: || {
            let hypervisors = example!("openstack-hypervisors.json");
            let flavors = example!("openstack-flavors.json");
            vec![joined(&[example!("openstack-servers.json"), hypervisors, flavors])]
        },
    },
    Target {
        name: "fleet-rvtools",
        run: |data| fleet(Origin::RvTools, data),
        seeds: || vec![joined(&[example!("rvtools-vinfo.csv"), example!("rvtools-vhost.csv")])],
    },
    Target { name: "rules", run: rules, seeds: || vec![example!("rules.toml").into()] },
    Target {
        name: "quantity",
        run: quantity,
        seeds: || ["1.5", "500m", "4 vCPU", "16 GiB", "129e6", "0.000001"].map(Vec::from).into(),
    },
];

/// VMs, hosts and flavors in files of their own, and no rules. More VMs than a fuzzer has time for are left alone.
fn fleet(origin: Origin, data: &[u8]) -> bool {
    let [vms, hosts, flavors] = parts(data);
    let folder = Folder::new();
    let vms = folder.file("vms", vms);
    let hosts = (!hosts.is_empty()).then(|| folder.file("hosts", hosts));
    let flavors = (!flavors.is_empty()).then(|| folder.file("flavors", flavors));
    let files = Files {
        vms: &vms,
        hosts: hosts.as_deref(),
        flavors: flavors.as_deref(),
        origin: Some(origin),
        powered_off: true,
    };
    operator::read(&files).and_then(|fleet| operator::compile(&fleet, None, "fuzz")).is_ok()
}

fn example() -> Fleet {
    let folder = Folder::new();
    let vms = folder.file("vms.csv", VMS.as_bytes());
    let hosts = folder.file("hosts.csv", HOSTS.as_bytes());
    let files = Files {
        vms: &vms,
        hosts: Some(&hosts),
        flavors: None,
        origin: Some(Origin::Tables),
        powered_off: false,
    };
    operator::read(&files).expect("an example that is read")
}

/// Rules on the fleet of the examples.
fn rules(data: &[u8]) -> bool {
    let folder = Folder::new();
    let path = folder.file("rules.toml", data);
    operator::compile(&example(), Some(&path), "fuzz").is_ok()
}

fn quantity(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let mut accepted = fixed(text, 6).is_ok();
    for kind in [Kind::Cores, Kind::Bytes, Kind::Count] {
        if let Ok(read) = amount(text, kind, None) {
            assert_eq!(amount(&kind.show(read), kind, None).ok(), Some(read), "{text:?}");
            accepted = true;
        }
    }
    accepted
}
