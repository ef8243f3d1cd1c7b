//! Traces of arrivals in every format, traces of load, logs of jobs, and tables of incidents, latency and interference.

use std::path::Path;

use vmpack_sim::arrivals::format::{self, Options};
use vmpack_sim::faults::read_incidents;
use vmpack_sim::interference::Matrix;
use vmpack_sim::operation::traces;
use vmpack_sim::scheduling::swf;

use crate::Target;
use crate::cases::{Folder, as_file, joined, parts};

/// See [`crate::targets`].
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "arrivals-flavors", run: flavors, seeds: azure_flavors },
    Target { name: "arrivals-packing", run: packing, seeds: azure_packing },
    Target { name: "arrivals-tables", run: |data| as_file("trace", data, arrivals), seeds: tables },
    #[cfg(feature = "sqlite")]
    Target {
        name: "arrivals-sqlite",
        run: |data| as_file("trace.sqlite", data, arrivals),
        seeds: || vec![database()],
    },
    Target { name: "load", run: load, seeds: samples },
    Target {
        name: "jobs",
        run: |data| {
            as_file("log.swf", data, |path| {
                let log = swf::read(path);
                let in_order = |log: &swf::Log| log.jobs.is_sorted_by_key(|job| job.arrival);
                assert!(log.as_ref().is_ok_and(in_order) || log.is_err(), "jobs in order");
                log.is_ok()
            })
        },
        seeds: || {
            vec![b"; MaxProcs: 128\n1 0 5 100 4 -1 2048 4 120 2048 1 3 1 1 1 1 -1 -1\n".to_vec()]
        },
    },
    Target {
        name: "incidents",
        run: |data| as_file("incidents.csv", data, |path| read_incidents(path, &[0, 0, 1]).is_ok()),
        seeds: || {
            let text = "time,component,event\n1,host:0,fail\n2.5,host:0,repair\n3,rack:1,fail\n\
                        4,host:1,slow:0.5\n5,host:1,sound\n";
            vec![text.into()]
        },
    },
    Target {
        name: "matrix",
        run: |data| as_file("matrix.csv", data, |path| Matrix::read(path).is_ok()),
        seeds: || vec![b"# slowdown\nclass,a,b\na,0,120\nb,40,7\n".to_vec()],
    },
];

/// Reads a trace to its end, or as much of it as a fuzzer has time for.
fn arrivals(path: &Path) -> bool {
    for finished_only in [false, true] {
        let options = Options { finished_only, machine: None };
        let Ok(trace) = format::open(path, None, options) else { return false };
        let mut last = 0;
        for arrival in trace.arrivals.take(10_000) {
            let Ok(vm) = arrival else { return false };
            assert!(vm.time >= last, "arrivals in order of time");
            assert!(vm.end.is_none_or(|end| end >= vm.time), "nobody leaves before coming");
            last = vm.time;
        }
    }
    true
}

fn flavors(data: &[u8]) -> bool {
    let [flavors, lifetimes, map, intervals] = parts(data);
    let folder = Folder::new();
    for sub in ["maps", "traces"] {
        std::fs::create_dir(folder.path().join(sub)).expect("a folder that can be written to");
    }
    folder.file("traces/v1.a.txt", flavors);
    folder.file("traces/v1.a.c2000.txt", lifetimes);
    folder.file("maps/flav_map.txt", map);
    folder.file("maps/v1.interval_map.txt", intervals);
    arrivals(folder.path())
}

fn azure_flavors() -> Vec<Vec<u8>> {
    let (flavors, lifetimes) = ("300 g,|,b,|,\n1500 b,|,\n", "300 U0,|,C2,|,\n1500 U2,|,\n");
    let (map, intervals) = ("1,1.75 b\n2,3.5 g\n", "0 0\n300 1\n600 2\n900 2\n");
    vec![joined(&[flavors, lifetimes, map, intervals])]
}

fn packing(data: &[u8]) -> bool {
    let [vms, types] = parts(data);
    let folder = Folder::new();
    folder.file("vm.csv", vms);
    folder.file("vmType.csv", types);
    arrivals(folder.path())
}

fn azure_packing() -> Vec<Vec<u8>> {
    let vms = "vmId,vmTypeId,starttime,endtime\n1,7,-0.5,0.25\n2,7,0.1,\n";
    let types = "id,vmTypeId,machineId,core,memory,hdd,ssd,nic\n1,7,0,0.5,0.25,,0.1,0.01\n";
    vec![joined(&[vms, types])]
}

/// The same trace in one file, on the smallest pages that there are.
#[cfg(feature = "sqlite")]
fn database() -> Vec<u8> {
    as_file("trace.sqlite", b"", |path| {
        let database = rusqlite::Connection::open(path).expect("a folder that can be written to");
        let text = "PRAGMA page_size = 512;
            CREATE TABLE vm (vmId INTEGER, vmTypeId INTEGER, starttime REAL, endtime REAL);
            CREATE TABLE vmType (id INTEGER PRIMARY KEY, vmTypeId INTEGER, machineId INTEGER,
                core REAL, memory REAL, hdd REAL, ssd REAL, nic REAL);
            INSERT INTO vm VALUES (1, 7, -0.5, 0.25), (2, 7, 0.1, NULL);
            INSERT INTO vmType VALUES (1, 7, 0, 0.5, 0.25, NULL, 0.1, 0.01);";
        database.execute_batch(text).expect("valid SQL");
        drop(database);
        std::fs::read(path).expect("it was just written")
    })
}

/// One file of each format that is one.
fn tables() -> Vec<Vec<u8>> {
    [
        "vmid,cpu,memory,time,type\n0,1,2,0,0\n1,4,8,3,0\n0,1,2,5,1\n",
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,\
         deletion_time,scheduled_time\np,12000,16384,1,1000,,LS,Running,0,12537496,0\n",
        "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n1,0,300000,2,5200,1024\n",
        "2 100 0 0\n0 1 5 40\n1 2 9 70\n",
        "; MaxProcs: 128\n1 0 5 100 4 -1 2048 4 120 2048 1 3 1 1 1 1 -1 -1\n",
        "vmid,subscriptionid,deploymentid,vmcreated,vmdeleted,vmcategory,vmcorecountbucket,\
         vmmemorybucket\n0,0,0,1,3,1,16,32\n",
        "x,s,d,600,900,9,5,8,Unknown,4,32\nx,s,d,0,2700,9,5,8,Unknown,>24,>64\n",
        "600000000,,7,3,1,1,u,0,9,0.125,0.25,,0\n900000000,,7,3,1,4,u,0,9,0.125,0.25,,0\n",
        "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage \
         [%];\tMemory capacity provisioned [KB];\tMemory usage [KB]\n\
         1376314846;\t2;\t5851;\t87;\t1.5;\t8218624;\t559040\n\
         1376315146;\t2;\t5851;\t60;\t1;\t8218624;\t411030\n",
    ]
    .map(Vec::from)
    .into()
}

/// Both formats of load: 288 percentages, or a table of samples.
fn load(data: &[u8]) -> bool {
    let folder = Folder::new();
    folder.file("vm.csv", data);
    let is_read =
        |format| traces::open(folder.path(), Some(format)).is_some_and(|read| read.is_ok());
    // Both, whatever the first says.
    ["bitbrains", "planetlab"].map(is_read).contains(&true)
}

fn samples() -> Vec<Vec<u8>> {
    let day: Vec<_> = (0..288).map(|k| (k % 101).to_string()).collect();
    vec![day.join("\n").into(), tables().pop().expect("the last is of samples")]
}
