//! Contenders end to end: shell scripts that answer, lie, hang, crash, flood and leave children behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock::{eventually, given_time};
use crate::support::{records, vmpack};

/// Two items of 6 and three of 3 for hosts of 10: three hosts are needed, two by volume.
const ITEMS: &str = "1\n10\n2\n6 2\n3 3\n";

/// Fills the hosts as no other way does with three of them.
const HOSTS: &str = "echo 'host 0 x2: 0 1'; echo 'host 0: 1'";

/// Limits that nobody reaches who ends by himself.
const ROOMY: &str = "wall_s = 100";

/// A limit of CPU time that comes before that of wall time, also where others have the cores.
const BURNT: &str = "wall_s = 200, cpu_s = 0.5";

/// A folder with an instance and contenders that are lines of shell.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("items.vbp", ITEMS);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Describes a contender that runs the script with instance, solution, seed and time as `$1` to `$4`.
    fn contender(&self, name: &str, script: &str, more: &str) -> PathBuf {
        self.write(&format!("{name}.sh"), script);
        let words = r#"["sh", "{here}/NAME.sh", "{instance}", "{solution}", "{seed}", "{wall_s}"]"#;
        // Who is given no file for the solution prints it.
        let words = if script.contains("$2") { words } else { &words.replace("{solution}", "-") };
        let command = words.replace("NAME", name);
        let text = format!("name = {name:?}\ncommand = {command}\ninput = \"vbp\"\n{more}");
        self.write(&format!("{name}.toml"), &text)
    }

    /// The record of a contender's run on the instance.
    fn record(&self, name: &str, limits: &str) -> Value {
        let text = format!(
            "name = \"one\"\ndatasets = [\"items.vbp\"]\nmethods = [\"{name}.toml\"]\n\
             limits = {{ {limits} }}\n"
        );
        let experiment = self.write("one.toml", &text);
        let out = tempfile::tempdir_in(self.path()).unwrap();
        let started = Instant::now();
        vmpack().arg("run").arg(experiment).arg("--out").arg(out.path()).output().unwrap();
        assert!(started.elapsed() < Duration::from_secs(200), "{name} holds everybody up");
        records(out.path()).pop().unwrap()
    }

    fn judged(&self, script: &str, more: &str) -> Value {
        self.contender("x", script, more);
        let record = self.record("x", ROOMY);
        assert_eq!(record["termination"]["kind"], "completed", "{record}");
        assert_eq!(record["kind"], "external");
        record["answer"].clone()
    }

    /// How its run ended, and why.
    fn ended(&self, script: &str, limits: &str) -> (Value, Value) {
        self.contender("x", script, "");
        let record = self.record("x", limits);
        assert_eq!(record["answer"], Value::Null, "{record}");
        (record["termination"].clone(), record["cause"].clone())
    }

    /// Waits until the process whose number is in the file is dead.
    fn is_buried(&self, file: &str) {
        let id = fs::read_to_string(self.path().join(file)).unwrap();
        let status = || fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        let lives = || status().rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'));
        eventually("the end of what a run started", || !lives());
    }
}

fn verdict(answer: &Value) -> &str {
    answer["judgement"]["verdict"].as_str().unwrap()
}

#[test]
fn a_placement_is_judged_like_a_methods() {
    let answer = Folder::new().judged(&format!("{HOSTS}; echo bound 3; echo status optimal"), "");
    assert_eq!(verdict(&answer), "correct", "{answer}");
    assert_eq!((&answer["status"], &answer["lower_bound"]), (&"optimal".into(), &3.into()));
    assert_eq!(answer["judgement"]["cost"], 3);
    assert_eq!(answer["judgement"]["certified"], false, "nobody saw a certificate");

    // The same in the file, without a word.
    let answer = Folder::new().judged(&format!("({HOSTS}) > $2"), "");
    assert_eq!((verdict(&answer), &answer["status"]), ("correct", &"feasible".into()));
}

#[test]
fn a_solution_file_brings_its_certificate() {
    let folder = Folder::new();
    let instance = folder.path().join("items.vbp");
    let honest = folder.path().join("honest.json");
    vmpack()
        .arg("solve")
        .arg(&instance)
        .args(["--method", "dp-counts", "--solution"])
        .arg(&honest)
        .assert()
        .success();
    let answer = folder.judged(&format!("cp {} $2", honest.display()), "");
    assert_eq!(verdict(&answer), "correct", "{answer}");
    assert_eq!(answer["judgement"]["cost"], 3);
    let (termination, _) = Folder::new().ended("echo '{\"format\": 7' > $2", ROOMY);
    assert!(termination["message"].to_string().contains("is no answer"), "{termination}");
}

#[test]
fn false_claims_are_found() {
    for (script, expected) in [
        (format!("{HOSTS}; echo cost 2"), "wrong-cost"),
        ("echo 'host 0: 0x2 1x3'; echo cost 1".to_owned(), "infeasible"),
        ("echo 'host 0 x2: 0 1'".to_owned(), "infeasible"),
        (format!("{HOSTS}; echo 'host 0: 1'"), "infeasible"),
        (format!("{HOSTS}; echo bound 4"), "bound-above-cost"),
        (format!("{HOSTS}; echo bound 2; echo status optimal"), "inconsistent"),
        (format!("{HOSTS}; echo status infeasible"), "inconsistent"),
    ] {
        let answer = Folder::new().judged(&script, "");
        assert_eq!(verdict(&answer), expected, "{script}: {answer}");
    }
}

/// Numbers without a placement are shown, but neither believed nor counted.
#[test]
fn numbers_alone_are_unverifiable() {
    let patterns =
        "[output]\ncost = 'total: (\\d+)'\nbound = 'least (\\S+)'\noptimal = 'Proved!'\n";
    let folder = Folder::new();
    let answer = folder.judged("echo total: 4; echo total: 3, least 2.5; echo Proved!", patterns);
    assert_eq!(verdict(&answer), "unverifiable", "{answer}");
    assert_eq!((&answer["status"], &answer["claimed_cost"]), (&"optimal".into(), &3.into()));
    assert_eq!(answer["lower_bound"], "5/2");
    assert_eq!(answer["judgement"]["cost"], Value::Null);
    let (file, instance) = (folder.path().join("x.toml"), folder.path().join("items.vbp"));
    let output = vmpack().arg("solve").arg(&instance).arg("--method").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("a cost of 3 is claimed, but no solution shown"), "{text}");

    // Nothing at all is no answer, and infeasible rests on its word.
    let answer = Folder::new().judged("echo I tried", patterns);
    assert_eq!((verdict(&answer), &answer["status"]), ("no-answer", &"unknown".into()));
    let answer = Folder::new().judged("echo status infeasible", "");
    assert_eq!((verdict(&answer), &answer["status"]), ("correct", &"infeasible".into()));
    assert_eq!(answer["judgement"]["certified"], false);
}

#[test]
fn every_way_to_fail_is_recorded() {
    for (script, limits, kind, cause, message) in [
        ("kill -SEGV $$", ROOMY, "crashed", None, ""),
        ("echo no licence >&2; exit 3", ROOMY, "failed", Some("exit-code"), "no licence"),
        (&format!("{HOSTS}; exit 3"), ROOMY, "failed", Some("exit-code"), "it exited with code 3"),
        ("echo host 7: 0", ROOMY, "failed", Some("no-answer"), "found host type \"7\""),
        ("echo cost seven", ROOMY, "failed", Some("no-answer"), "output.cost: expected an integer"),
        (
            "exec yes",
            ROOMY,
            "failed",
            Some("output-limit"),
            "it printed more than an answer can be",
        ),
        ("sleep 300", "wall_s = 0.3", "timeout", Some("wall-limit"), ""),
        ("trap '' TERM XCPU; while :; do :; done", BURNT, "timeout", Some("cpu-limit"), ""),
        (&format!("sleep 20; {HOSTS}"), "wall_s = 0.3", "timeout", Some("wall-limit"), ""),
        (&format!("{HOSTS}; sleep 300"), "wall_s = 0.3", "timeout", Some("wall-limit"), ""),
    ] {
        let (termination, found) = Folder::new().ended(script, limits);
        assert_eq!(termination["kind"], kind, "{script}: {termination}");
        assert_eq!(found.as_str(), cause, "{script}: {termination}");
        let said = termination["message"].as_str().unwrap_or_default();
        assert!(said.contains(message), "{script}: {said}");
    }
}

/// The limits are those of all processes together: none of these goes beyond them alone.
#[test]
fn limits_hold_for_all_descendants_together() {
    // A shell that holds a string of 40 MB.
    let hoard = "x=$(head -c 40000000 /dev/zero | tr '\\0' x); sleep 300";
    let hoards = format!("({hoard}) & ({hoard}) & ({hoard}) & wait");
    let (termination, cause) = Folder::new().ended(&hoards, "wall_s = 100, memory_mb = 100");
    assert_eq!(termination["kind"], "out-of-memory", "{termination}");
    assert_eq!(cause, "memory-limit");
    // Each is ended after a second of its own.
    let burn = "(while :; do :; done) &";
    let burn = format!("ulimit -t 1; {burn} {burn} {burn} wait");
    let (termination, cause) = Folder::new().ended(&burn, "wall_s = 200, cpu_s = 2");
    assert_eq!((&termination["kind"], cause), (&"timeout".into(), "cpu-limit".into()));
}

#[test]
fn nothing_that_was_started_outlives_the_run() {
    let here = "$(dirname $0)";
    let child = format!("sleep 300 & echo $! > {here}/child");
    // A process group of its own is not enough to escape, nor is losing the parent.
    let daemon = format!(
        "(setsid sh -c 'echo $$ > {here}/child; exec sleep 300' $0 &); \
         while ! [ -s {here}/child ]; do sleep 0.1; done; sleep 1"
    );
    for (start, ending) in [
        (&child, HOSTS),
        (&child, "sleep 300"),
        (&child, "kill -KILL $$"),
        (&daemon, HOSTS),
        (&daemon, "sleep 300"),
    ] {
        let folder = Folder::new();
        folder.contender("x", &format!("{start}\npwd > {here}/pwd\n{ending}"), "");
        let first = if ending == "sleep 300" { 2.0 } else { 50.0 };
        let (record, pwd) = given_time(first, |wall_s| {
            let record = folder.record("x", &format!("wall_s = {wall_s}"));
            // Too early to have come that far, on a slow machine.
            Some((record, fs::read_to_string(folder.path().join("pwd")).ok()?))
        });
        folder.is_buried("child");
        assert_eq!(record["answer"] != Value::Null, ending == HOSTS, "{record}");
        // It worked in a folder of its own, which is gone as well.
        assert!(!Path::new(pwd.trim()).exists(), "{pwd}");
    }
}

#[test]
fn what_is_not_installed_is_reported_and_no_error() {
    let folder = Folder::new();
    let absent = "name = \"absent\"\ncommand = [\"no-such-program\", \"{instance}\"]\n\
                  input = \"vbp\"\n";
    folder.write("absent.toml", absent);
    let version = "version = [\"sh\", \"-c\", \"echo it lacks a library >&2; exit 1\"]\n";
    folder.contender("crippled", HOSTS, version);
    let experiment = "name = \"two\"\ndatasets = [\"items.vbp\"]\n\
                      methods = [\"ffd-l2\", \"absent.toml\", \"crippled.toml\"]\n\
                      limits = { wall_s = 100 }\n";
    let experiment = folder.write("two.toml", experiment);
    let out = folder.path().join("out");
    vmpack().arg("run").arg(&experiment).arg("--out").arg(&out).assert().success();
    assert_eq!(records(&out).len(), 1);
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap();
    let missing = manifest["missing"].to_string();
    for expected in ["absent.toml:2: command: there is no program", "it lacks a library"] {
        assert!(missing.contains(expected), "{missing}");
    }
    let output = vmpack()
        .args(["list", "methods", "--contender"])
        .arg(folder.path().join("absent.toml"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("missing, because") && text.contains("absent.toml:2"), "{text}");
}

#[test]
fn a_contender_that_vanishes_fails_its_runs() {
    let folder = Folder::new();
    let script = folder.write("x.sh", "#!/no/such/interpreter\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let text = "name = \"x\"\ncommand = [\"{here}/x.sh\", \"{instance}\"]\ninput = \"vbp\"\n";
    folder.write("x.toml", text);
    let record = folder.record("x", ROOMY);
    assert_eq!(record["termination"]["kind"], "failed", "{record}");
    let message = record["termination"]["message"].as_str().unwrap();
    assert!(message.contains("cannot start") && message.contains("x.sh"), "{message}");
}

#[test]
fn an_experiment_mixes_methods_and_contenders() {
    let folder = Folder::new();
    // Only mvp has a place for costs and stock.
    folder.write("priced.mvp", "1\n2\n10 3 -1\n20 5 1\n2\n1 2\n6\n1 3\n3\n");
    folder.contender(
        "seeded",
        &format!("{HOSTS}; echo cost 3; echo seed $3 of $4 >&2"),
        "version = [\"echo\", \"seeded 1.0\"]\n",
    );
    let experiment = "name = \"mix\"\ndatasets = [\"items.vbp\", \"priced.mvp\"]\n\
                      methods = [\"ffd-l2\", \"seeded.toml\"]\nseeds = [1, 2]\n\
                      limits = { wall_s = 100 }\n";
    let experiment = folder.write("mix.toml", experiment);
    let out = folder.path().join("out");
    vmpack().arg("run").arg(&experiment).arg("--out").arg(&out).assert().success();
    let records = records(&out);
    let of = |method: &str| records.iter().filter(|r| r["method"] == method).count();
    assert_eq!((of("ffd-l2"), of("seeded")), (2, 2), "{records:?}");
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap();
    let version = manifest["versions"]["seeded"].as_str().unwrap();
    assert!(version.starts_with("seeded 1.0, file "), "{version}");
    assert_eq!(manifest["skipped"][0]["method"], "seeded");
    let reason = manifest["skipped"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the format vbp cannot carry this instance"), "{reason}");
    vmpack().arg("report").arg(&out).assert().success();
    let html = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("seeded") && html.contains("External programs"));
}

#[test]
fn mistakes_in_the_file_are_named() {
    let folder = Folder::new();
    let instance = folder.path().join("items.vbp");
    let valid = "name = 'x'\ncommand = ['sh', '{instance}']\ninput = 'vbp'\n";
    for (from, to, expected) in [
        ("'sh'", "'sh', '{sed}'", "x.toml:2: command: there is no placeholder {sed}"),
        ("'vbp'", "'bpv'", "x.toml:3: input: expected a format that is written"),
        ("'vbp'", "'vbp'\noutput = { cost = '(' }", "x.toml:4: output.cost: expected a regular"),
        ("'x'", "'ffd-l2'", "name: expected one that no method bears"),
        ("'sh'", "'no-such-program'", "x.toml:2: command: there is no program"),
    ] {
        let file = folder.write("x.toml", &valid.replace(from, to));
        let output =
            vmpack().arg("solve").arg(&instance).arg("--method").arg(&file).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{to}: {error}");
        assert!(error.contains(expected), "{to}: {error}");
    }
    // Two contenders of the same name are not told apart in records.
    folder.write("x.toml", valid);
    folder.write("y.toml", &format!("{valid}summary = 'another'\n"));
    let text = "name = 'e'\ndatasets = ['items.vbp']\nmethods = ['x.toml', 'y.toml']\n\
                limits = { wall_s = 1 }\n";
    let experiment = folder.write("e.toml", text);
    let output = vmpack().arg("run").arg(&experiment).args(["--out", "nowhere"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("e.toml:3: methods: two contenders have the name \"x\""), "{error}");
}
