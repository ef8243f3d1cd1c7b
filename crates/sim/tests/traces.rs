//! Every format read, and refused where it is wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::io::Write as _;
use std::path::Path;

use proptest::prelude::*;
use vmpack_sim::arrivals::format::{self, Options};
use vmpack_sim::arrivals::{Arrival, FORMATS, Trace};

/// What came: time, end, and the resources that the trace has.
type Vms = Vec<(u64, Option<u64>, Vec<u64>)>;

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Files in a folder, and the trace that one of them or the folder is.
fn read(files: &[(&str, &str)], open: &str, options: Options) -> Result<(Trace, Vms), String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    let path = folder.path().join(open);
    let tidy = |error: format::TraceError| {
        error.to_string().replace(&format!("{}/", folder.path().display()), "")
    };
    let mut trace = format::open(&path, None, options).map_err(tidy)?;
    let arrivals: Result<Vec<Arrival>, _> = trace.arrivals.by_ref().collect();
    let resources = trace.resources.len();
    let vm = |vm: Arrival| (vm.time, vm.end, vm.demand[..resources].to_vec());
    let vms: Vms = arrivals.map_err(tidy)?.into_iter().map(vm).collect();
    for (k, &least) in trace.least[..resources].iter().enumerate() {
        assert!(vms.iter().all(|vm| vm.2[k] >= least), "{least} is promised at least");
    }
    Ok((trace, vms))
}

fn vms(text: &str) -> Vms {
    read(&[("trace", text)], "trace", Options::default()).unwrap().1
}

/// The message names the line, the field, and what was expected and found.
fn refused(text: &str, message: &str) {
    let error = read(&[("trace", text)], "trace", Options::default()).unwrap_err();
    assert!(error.contains(message), "{text:?}: {error}");
}

const MAPS: [(&str, &str); 2] = [
    ("maps/flav_map.txt", "1,1.75 b\n2,3.5 g\n"),
    ("maps/v1.interval_map.txt", "0 0\n300 1\n600 2\n900 2\n"),
];

fn flavors<'a>(flavors: &'a str, lifetimes: &'a str) -> Vec<(&'static str, &'a str)> {
    let traces = [("traces/v1.a.txt", flavors), ("traces/v1.a.c2000.txt", lifetimes)];
    traces.into_iter().chain(MAPS).collect()
}

#[test]
fn flavours_of_azure() {
    let files = flavors("300 g,|,b,|,\n1500 b,|,\n", "300 U0,|,C2,|,\n1500 U2,|,\n");
    let expected = [
        (300, Some(450), vec![2000, 3584]),
        (300, None, vec![1000, 1792]),
        // Bin 2 is from 600 to 1200, its middle 900; the trace ends before.
        (1500, Some(2000), vec![1000, 1792]),
    ];
    for path in ["", "traces", "traces/v1.a.txt", "traces/v1.a.c2000.txt"] {
        let (trace, vms) = read(&files, path, Options::default()).unwrap();
        assert_eq!(vms, expected, "{path}");
        assert_eq!((trace.end, trace.ticks_per_day), (Some(2000), 86_400));
    }
    let finished = Options { finished_only: true, ..Options::default() };
    assert_eq!(read(&files, "", finished).unwrap().1.len(), 2);
    let fault = |first: &str, second: &str, message: &str| {
        let error = read(&flavors(first, second), "", Options::default()).unwrap_err();
        assert!(error.contains(message), "{error}");
    };
    fault("300 g,|,\n", "300 U0,U1,\n", "traces/v1.a.c2000.txt:1: lifetimes: expected as many VMs");
    fault("300 z,\n", "300 U0,\n", "traces/v1.a.txt:1: flavour: expected a letter of maps");
    fault("300 g,\n", "300 U9,\n", "v1.a.c2000.txt:1: lifetime: expected U or C and a bin");
    fault("300 g,\n", "600 U1,\n", "v1.a.c2000.txt:1: seconds: expected 300, as in");
    fault("300 g,\n600 g,\n", "300 U1,\n", "v1.a.c2000.txt: ends before its partner does");
    fault(
        "600 g,\n300 g,\n",
        "600 U1,\n300 U1,\n",
        "v1.a.txt:2: seconds: expected a time from 600",
    );
    fault("9000 g,\n", "9000 U1,\n", "v1.a.txt:1: seconds: expected a time from 0 to 2000");
    let alone = [("traces/v1.a.txt", "300 g,\n")];
    let error = read(&alone, "traces/v1.a.txt", Options::default()).unwrap_err();
    assert!(error.contains("expected lifetimes beside it, in v1.a.cEND.txt"), "{error}");
}

#[test]
fn packing_trace_of_azure() {
    let files = [
        (
            "vm.csv",
            "vmId,tenantId,vmTypeId,priority,starttime,endtime\n\
             1,1,7,0,-3.5,0.5\n2,1,8,1,0.25,NULL\n3,1,7,1,0.125,\n",
        ),
        (
            "vmType.csv",
            "id,vmTypeId,machineId,core,memory,hdd,ssd,nic\n\
             1,7,0,0.5,0.25,0,0.1,0.0104166666666667\n2,7,1,0.25,0.5,0,0.1,0\n3,8,1,1,1,1,1,1\n",
        ),
    ];
    let (trace, vms) = read(&files, "", Options::default()).unwrap();
    let half = 500_000_000;
    let seven = vec![half, half, 0, half / 5, 10_416_666];
    let one = vec![2 * half; 5];
    let day = 86_400_000;
    let expected =
        [(0, Some(day / 2), seven.clone()), (day / 8, None, seven), (day / 4, None, one.clone())];
    assert_eq!(vms, expected);
    assert_eq!(trace.host.map(Vec::from), Some(one.clone()));
    let on = |machine| Options { machine: Some(machine), ..Options::default() };
    let first = read(&files, "vm.csv", on(0)).unwrap().1;
    assert_eq!(first.len(), 2, "machine 0 does not offer type 8");
    assert_eq!(first[0].2, [half, half / 2, 0, half / 5, 10_416_666]);
    let unknown = [("vm.csv", "vmId,vmTypeId,starttime,endtime\n1,9,0,1\n"), files[1]];
    let error = read(&unknown, "vm.csv", Options::default()).unwrap_err();
    assert_eq!(error, "vm.csv:2: vmTypeId: expected a type of the table vmType, found \"9\"");
    let error = read(&files[..1], "vm.csv", Options::default()).unwrap_err();
    assert!(
        error.contains("expected in this folder a CSV file with the columns vmTypeId, machineId")
    );
}

/// The file as it is published, and its export as CSV by SQLite's own command, are one trace.
#[cfg(feature = "sqlite")]
#[test]
fn packing_trace_of_azure_in_sqlite() {
    const SCHEMA: &str = "
        CREATE TABLE vm (vmId INTEGER, tenantId INTEGER, vmTypeId INTEGER, priority INTEGER, starttime REAL, endtime REAL);
        CREATE TABLE vmType (id INTEGER, vmTypeId INTEGER, machineId INTEGER, core REAL, memory REAL, hdd REAL, ssd REAL, nic REAL);
        CREATE INDEX byEnd ON vm (endtime, starttime, vmTypeId, vmId);";
    const ENDLESS: &str =
        "CREATE VIEW vm AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
        SELECT count(*) AS vmId, 7 AS vmTypeId, 0 AS starttime, 1 AS endtime FROM n";
    const ROWS: &str = "
        INSERT INTO vm VALUES (1, 1, 7, 0, -3.5, 0.5), (2, 1, 8, 1, 0.25, NULL), (3, 1, 7, 1, 0.125, 0.2500115741);
        INSERT INTO vmType VALUES (1, 7, 0, 0.5, 0.25, 0, 0.1, 1.0 / 96), (2, 7, 1, 0.25, 0.5, 0, 0.1, 0),
            (3, 8, 1, 1, 1, 1, 1, 1);";
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, statements: &[&str]| {
        let path = folder.path().join(name);
        let database = rusqlite::Connection::open(&path).unwrap();
        for statement in statements {
            database.execute_batch(statement).unwrap();
        }
        path
    };
    let read = |path: &Path, options| {
        let all = |trace: Trace| trace.arrivals.collect::<Result<Vec<Arrival>, _>>();
        let vms = format::open(path, None, options).and_then(all);
        vms.map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
    };
    let all = read(&make("packing.sqlite", &[SCHEMA, ROWS]), Options::default()).unwrap();
    let vm = "vmId,tenantId,vmTypeId,priority,starttime,endtime\n\
              1,1,7,0,-3.5,0.5\n2,1,8,1,0.25,\n3,1,7,1,0.125,0.2500115741\n";
    let types = "id,vmTypeId,machineId,core,memory,hdd,ssd,nic\n\
                 1,7,0,0.5,0.25,0.0,0.1,0.0104166666666667\n2,7,1,0.25,0.5,0.0,0.1,0.0\n3,8,1,1.0,1.0,1.0,1.0,1.0\n";
    write(&folder.path().join("csv"), "vm.csv", vm);
    write(&folder.path().join("csv"), "vmType.csv", types);
    let exported = read(&folder.path().join("csv"), Options::default()).unwrap();
    assert_eq!(all, exported);
    assert_eq!(all.len(), 3);
    assert_eq!(read(folder.path(), Options::default()).unwrap(), all, "in its folder");
    let on = Options { machine: Some(0), ..Options::default() };
    assert_eq!(read(&folder.path().join("packing.sqlite"), on).unwrap().len(), 2);

    let refused = |name: &str, statements: &[&str], message: &str| {
        let error = read(&make(name, statements), Options::default()).unwrap_err();
        assert_eq!(error, message);
    };
    refused(
        "type.db",
        &[SCHEMA, ROWS, "INSERT INTO vm VALUES (4, 1, 9, 0, 1, 2)"],
        "type.db/vm:4: vmTypeId: expected a type of the table vmType, found \"9\"",
    );
    refused(
        "text.db",
        &[SCHEMA, ROWS, "UPDATE vm SET endtime = 'soon' WHERE vmId = 2"],
        "text.db/vm:2: endtime: expected a number that is not negative, and not huge, found \"soon\"",
    );
    refused(
        "columns.db",
        &[SCHEMA, ROWS, "DROP INDEX byEnd", "ALTER TABLE vm DROP COLUMN endtime"],
        "columns.db: expected a table vm with the columns vmId, vmTypeId, starttime, endtime, \
         found in it vmId, tenantId, vmTypeId, priority, starttime",
    );
    refused(
        "tables.db",
        &[SCHEMA, ROWS, "DROP TABLE vmType"],
        "tables.db: expected a table vmType with the columns vmTypeId, machineId, core, memory, hdd, ssd, nic, \
         found the tables vm",
    );
    refused(
        "view.db",
        &[SCHEMA, ROWS, "DROP TABLE vm", ENDLESS],
        "view.db: expected a table vm with the columns vmId, vmTypeId, starttime, endtime, found the tables vmType",
    );
    let bytes = std::fs::read(folder.path().join("packing.sqlite")).unwrap();
    write(folder.path(), "cut", &bytes[..bytes.len() / 2]);
    let error = read(&folder.path().join("cut"), Options::default()).unwrap_err();
    assert!(
        error.starts_with("cut: cannot read the file: database disk image is malformed"),
        "{error}"
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&bytes).unwrap();
    write(folder.path(), "a.gz", gzip.finish().unwrap());
    let error = read(&folder.path().join("a.gz"), Options::default()).unwrap_err();
    assert_eq!(error, "a.gz: expected an SQLite file that is not compressed");
}

/// Eight pages that each have the next one 31 times below them: more rows than anybody has time for.
#[cfg(feature = "sqlite")]
#[test]
fn rows_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.sqlite");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "PRAGMA page_size = 512;
             CREATE TABLE vm (vmId INTEGER, vmTypeId INTEGER, starttime REAL, endtime REAL);
             CREATE TABLE vmType (vmTypeId INTEGER, machineId INTEGER, core REAL, memory REAL, hdd REAL, ssd REAL, nic REAL);
             INSERT INTO vm VALUES (1, 7, 0, 1);
             INSERT INTO vmType VALUES (7, 0, 1, 1, 1, 1, 1);
             CREATE TABLE filler (bytes BLOB);
             INSERT INTO filler VALUES (zeroblob(8000));",
        )
        .unwrap();
    drop(database);
    let mut bytes = std::fs::read(&path).unwrap();
    let page = |number: usize| (number - 1) * 512;
    // The table of VMs has page 2 for its only one. A copy of that comes last, below eight inner pages.
    let last = bytes.len() / 512;
    bytes.copy_within(page(2)..page(3), page(last));
    for level in 0..8 {
        let (at, below) = (if level == 0 { 2 } else { last - 8 + level }, last - 7 + level);
        let cells: Vec<u16> = (0..30).map(|cell| 512 - 5 * (cell + 1)).collect();
        // An inner page of a table: its kind, no gaps, 30 cells, where those begin, and what is right of them.
        let mut image = vec![5, 0, 0, 0, 30];
        image.extend(cells[29].to_be_bytes());
        image.push(0);
        image.extend((below as u32).to_be_bytes());
        image.extend(cells.iter().flat_map(|cell| cell.to_be_bytes()));
        image.resize(512, 0);
        for cell in cells {
            let cell = usize::from(cell);
            image[cell..cell + 4].copy_from_slice(&(below as u32).to_be_bytes());
            image[cell + 4] = 1;
        }
        bytes[page(at)..page(at + 1)].copy_from_slice(&image);
    }
    std::fs::write(&path, bytes).unwrap();
    let all = |trace: Trace| trace.arrivals.collect::<Result<Vec<Arrival>, _>>();
    let error = format::open(&path, None, Options::default()).and_then(all).unwrap_err();
    let expected = "bomb.sqlite: its table vm has more rows than its bytes can hold";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn vmtables_of_azure() {
    let row = "x,s,d,600,900,9,5,8,Unknown,4,32\nx,s,d,0,2700,9,5,8,Unknown,>24,>64\n";
    let expected = [(0, Some(2700), vec![30_000, 71_680]), (600, Some(900), vec![4000, 32_768])];
    assert_eq!(vms(row), expected, "in order of time");
    let prepared = "vmid,subscriptionid,deploymentid,vmcreated,vmdeleted,vmcategory,vmcorecountbucket,vmmemorybucket\n\
                    0,0,0,1,3,1,16,32\n";
    assert_eq!(vms(prepared), [(300, Some(900), vec![16_000, 32_768])]);
    refused(
        "x,s,d,600,300,9,5,8,U,4,32\n",
        "trace:1: vmdeleted: expected a time that is not before",
    );
    refused("x,s,d,6,9,9,5,8,U,4,32\nx,s,d,6\n", "trace:2: row: expected at least 11 fields");
    refused("x,s,d,6,9,9,5,8,U,four,32\n", "trace:1: vmcorecount: expected a number");
}

#[test]
fn events_of_huawei() {
    let header = "vmid,cpu,memory,time,type\n";
    let text = format!("{header}0,4,16,0.0,0\n1,8,16,2.5,0\n0,4,16,3,1\n0,1,1,4,0\n");
    let expected = [
        (0, Some(3000), vec![4000, 16_384]),
        (2500, None, vec![8000, 16_384]),
        (4000, None, vec![1000, 1024]),
    ];
    assert_eq!(vms(&text), expected);
    refused(
        &format!("{header}0,4,16,0,0\n0,4,16,1,0\n"),
        "trace:3: vmid: expected a VM that is not there",
    );
    refused(&format!("{header}0,4,16,0,1\n"), "trace:2: vmid: expected a VM that came before");
    refused(
        &format!("{header}0,4,16,5,0\n1,4,16,4,0\n"),
        "trace:3: time: expected events in order",
    );
    refused(&format!("{header}0,4,16,5,2\n"), "trace:2: type: expected 0 or 1, found \"2\"");
    refused(
        &format!("{header}0,-4,16,5,0\n"),
        "trace:2: cpu: expected a number that is not negative",
    );
}

#[test]
fn task_events_of_google() {
    let task = |time: u64, task: u64, event: u64| {
        format!("{time},,7,{task},1,{event},u,0,9,0.125,0.25,,0\n")
    };
    let text: String = [
        task(0, 0, 0),
        task(5, 0, 1),
        task(6, 1, 0),
        task(7, 1, 5), // killed before it was scheduled
        task(9, 0, 2),
        task(12, 0, 1),
        task(20, 0, 8),
        task(u64::MAX >> 1, 0, 4), // after the trace
    ]
    .concat();
    let share = vec![125_000_000, 250_000_000, 0];
    assert_eq!(vms(&text), [(5, Some(9), share.clone()), (12, None, share)]);
    let (trace, _) = read(&[("t", &text)], "t", Options::default()).unwrap();
    assert_eq!(trace.end, Some(20));
    refused(&(task(5, 0, 0) + &task(4, 1, 0)), "trace:2: time: expected events in order of time");
    refused(&task(5, 0, 9), "trace:1: event type: expected an event type from 0 to 8, found \"9\"");
}

#[test]
fn pods_of_alibaba() {
    let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";
    let text =
        format!("{header}a,12000,16384,1,460,,LS,Running,5,9,5\nb,1000,2,2,1000,,LS,Pending,3,,\n");
    assert_eq!(
        vms(&text),
        [(3, None, vec![1000, 2, 2000]), (5, Some(9), vec![12_000, 16_384, 460])]
    );
    refused(
        &format!("{header}a,1,1,0,0,,LS,Running,5,4,5\n"),
        "trace:2: deletion_time: expected a time",
    );
    refused(
        &format!("{header}a,1.5,1,0,0,,LS,Running,5,4,5\n"),
        "trace:2: cpu_milli: expected an integer",
    );
}

#[test]
fn samples_of_bitbrains_and_tasks_of_opendc() {
    let header = "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tMemory capacity provisioned [KB]\n";
    let file = |rows: &str| format!("{header}{rows}");
    let (one, two) =
        (file("600;\t2;\t5000;\t2048.5\n900;\t4;\t5000;\t1024\n"), file("300;\t1;\t9;\t1024.0\n"));
    let files = [("10.csv", &one[..]), ("2.csv", &two[..])];
    let (_, read_vms) = read(&files, "", Options::default()).unwrap();
    assert_eq!(read_vms, [(300, Some(600), vec![1000, 1]), (600, Some(1200), vec![4000, 3])]);
    assert_eq!(vms(&one), [(600, Some(1200), vec![4000, 3])]);
    refused(&file("9;1;1;1\n8;1;1;1\n"), "trace:3: Timestamp [ms]: expected samples in order");
    refused(
        "Timestamp [ms];\tcores\n",
        "trace:1: header: expected columns Timestamp [ms], CPU cores",
    );
    let tasks =
        "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n9,50,100,2,2926.5,2049\n";
    assert_eq!(vms(tasks), [(50, Some(150), vec![2000, 3])]);
}

#[test]
fn temporal_bin_packing() {
    let (trace, vms) =
        read(&[("t", "2\t100\t0\t0\n0\t5\t51\t70\n1\t3\t9\t100\n")], "t", Options::default())
            .unwrap();
    assert_eq!(vms, [(3, Some(9), vec![100]), (5, Some(51), vec![70])]);
    assert_eq!((trace.host.unwrap()[0], trace.ticks_per_day), (100, 1));
    refused("2 100 0 0\n0 5 51 70\n", "the first line promises 2 items, there are 1");
    refused(
        "1 100 0 0\n0 5 51 101\n",
        "trace:2: size: expected at most the capacity 100, found \"101\"",
    );
    refused("1 100 0 0\n0 5 4 1\n", "trace:2: end: expected a time from 5, the start, on");
    refused("1 100 0 0\n0 5 4\n", "trace:2: item: expected four integers");
}

#[test]
fn standard_workload_format() {
    let job = |rest: &str| format!("; Version: 2\n\n{rest}\n");
    let text = job("1 10 5 100 4 -1 2048 8 200 -1 1 1 1 1 1 1 -1 -1\n\
                    2 12 -1 -1 -1 -1 -1 8 200 -1 5 1 1 1 1 1 -1 -1\n\
                    3 11 0 7 -1 3.5 -1 2 200 1024 1 1 1 1 1 1 -1 -1");
    assert_eq!(vms(&text), [(10, Some(110), vec![4000, 8]), (11, Some(18), vec![2000, 2])]);
    refused(&job("1 10 5"), "trace:3: job: expected 18 numbers");
    refused(
        &job("1 -10 5 100 4 -1 2048 8 200 -1 1 1 1 1 1 1 -1 -1"),
        "trace:3: submit time: expected a time that is not negative, found \"-10\"",
    );
    refused(
        &job("1 10 5 x 4 -1 2048 8 200 -1 1 1 1 1 1 1 -1 -1"),
        "trace:3: run time: expected a number",
    );
}

#[test]
fn compressed_files_are_read_as_they_are() {
    let text = "1 100 0 0\r\n0 5 51 70\r\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = ruzstd::encoding::compress_to_vec(text.as_bytes(), level);
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("a.gz", gzip.finish().unwrap()), ("a.zst", zstd)] {
        write(folder.path(), name, &bytes);
        let open = |name| format::open(&folder.path().join(name), None, Options::default());
        let vms: Vec<Arrival> = open(name).unwrap().arrivals.map(Result::unwrap).collect();
        assert_eq!(vms.len(), 1, "{name}");
        write(folder.path(), "cut", &bytes[..bytes.len() / 2]);
        let cut = open("cut").map(|trace| trace.arrivals.count());
        assert!(cut.is_err(), "{name}: a file that breaks off");
    }
}

#[test]
fn what_is_no_trace_is_refused() {
    refused("hello world\n", "expected a trace in one of the formats azure-v1-flavors,");
    refused("", "found \"\"");
    let folder = tempfile::tempdir().unwrap();
    let open =
        |name: &str, format| format::open(&folder.path().join(name), format, Options::default());
    assert!(open("", None).unwrap_err().to_string().contains("found a folder"));
    assert!(open("none", None).unwrap_err().to_string().contains("cannot read the file"));
    write(folder.path(), "a", "1 100 0 0\n0 5 51 70\n");
    let error = open("a", Some("swif")).unwrap_err().to_string();
    assert!(
        error.contains("there is no format \"swif\"; the formats are azure-v1-flavors"),
        "{error}"
    );
    assert_eq!(open("a", Some("tbpp")).unwrap().arrivals.count(), 1);
    let error = open("a", Some("azure_v1_flavors")).unwrap_err().to_string();
    assert!(error.contains("expected lifetimes beside it"), "{error}");
    // No reader panics on what is meant for another.
    for format in FORMATS {
        let _ = open("a", Some(format.name)).map(|trace| trace.arrivals.count());
        let _ = open("", Some(format.name)).map(|trace| trace.arrivals.count());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a file holds, it is read or refused.
    #[test]
    fn nothing_panics(
        head in prop::sample::select(vec![
            "", "; swf\n", "vmid,cpu,memory,time,type\n", "name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time\n",
            "Timestamp [ms];CPU cores;Memory capacity provisioned [KB]\n", "id,submission_time,duration,cpu_count,mem_capacity\n",
            "vmid,subscriptionid,deploymentid,vmcreated,vmdeleted,vmcorecountbucket,vmmemorybucket\n",
        ]),
        body in "([0-9]{1,2}|-1|[0-9]{19}|[,; \n]{1,3}|[a-zA-Z.|>-]){0,80}",
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "t", format!("{head}{body}"));
        for format in FORMATS {
            let path = folder.path().join("t");
            if let Ok(trace) = format::open(&path, Some(format.name), Options::default()) {
                trace.arrivals.take_while(Result::is_ok).for_each(drop);
            }
        }
    }
}
