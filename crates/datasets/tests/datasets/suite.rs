//! Suites: the built-in ones, and files of one's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vmpack_datasets::{SUITES, Source, load, suite, suites};
use vmpack_model::{AnyInstance, Family, Reference, Value};

const NOWHERE: &str = "no/such/directory";

#[test]
fn built_in_suites_are_read_and_described() {
    for (name, description) in suites() {
        assert!(!description.is_empty());
        let suite = suite(name, Path::new(NOWHERE)).expect("a built-in suite");
        assert_eq!(suite.name, name);
        let names: BTreeSet<&str> = suite.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names.len(), suite.entries.len());
        // A million VMs that were made once need not be made again.
        for entry in suite.entries.iter().filter(|_| name != "fleet-individual") {
            assert_eq!(load(&entry.source).expect("it was generated before").name(), entry.name);
        }
    }
    assert_eq!(suites().count(), SUITES.len());
}

#[test]
fn generated_suites_hold_what_they_promise() {
    let count = |name: &str, family: Family| {
        let suite = suite(name, Path::new(NOWHERE)).expect("a built-in suite");
        assert!(suite.missing.is_empty());
        let instances = suite.entries.iter().map(|entry| load(&entry.source).expect("generated"));
        instances.filter(|instance| instance.family() == family).count()
    };
    for (name, packing, allocation) in [("tiny", 9, 4), ("smoke", 40, 12), ("comparison", 6, 3)] {
        assert!(count(name, Family::Packing) >= packing, "{name}");
        assert!(count(name, Family::Allocation) >= allocation, "{name}");
    }
    let tiny = suite("tiny", Path::new(NOWHERE)).expect("a built-in suite");
    for entry in tiny.entries {
        match load(&entry.source).expect("generated") {
            AnyInstance::Packing(instance) => assert!(instance.total_vms() <= 20, "{}", entry.name),
            AnyInstance::Allocation(instance) => assert!(instance.vms().len() <= 4),
        }
    }
}

#[test]
fn planted_optima_become_references() {
    let suite = suite("smoke", Path::new(NOWHERE)).expect("a built-in suite");
    let planted = suite.entries.iter().find(|entry| entry.name.starts_with("planted-d2-hosts10"));
    let reference = planted.expect("in the suite").reference.clone().expect("planted");
    assert_eq!((reference.cost, reference.proved), (Value::from(10_u64), true));
    let uniform = suite.entries.iter().find(|entry| entry.name.starts_with("falkenauer-uniform"));
    assert_eq!(uniform.expect("in the suite").reference, None);
}

#[test]
fn an_absent_data_directory_is_said_and_no_error() {
    for name in ["demo-real", "smoke-subset"] {
        let suite = suite(name, Path::new(NOWHERE)).expect("a built-in suite");
        assert!(suite.entries.is_empty());
        assert!(!suite.missing.is_empty());
        for sentence in suite.missing {
            let start = "The data directory no/such/directory does not exist: no ";
            assert!(sentence.starts_with(start) && sentence.ends_with('.'), "{sentence}");
        }
    }
}

/// A data directory of our own, and a suite file over it.
struct World(tempfile::TempDir);

impl World {
    fn new(suite: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let world = Self(directory);
        for set in ["old", "new"] {
            for i in 0..10 {
                world.write(&format!("data/{set}/x{i}.txt"), &format!("2\n10\n{}\n4\n", 1 + i % 9));
            }
        }
        world.write(
            "data/best.csv",
            "file,cost,proved,where\nold/x0.txt,2,yes,paper\nold/x5.txt,7/2,No,\nx7,,no,\n",
        );
        world.write(
            "data/list.tsv",
            "path\tkind\nnew/x3.txt\tbins\nnew/x4.txt\tcost\ngone.txt\tbins\n",
        );
        world.write("mine.toml", suite);
        world
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        std::fs::write(path, content).expect("written");
    }

    fn suite(&self) -> Result<vmpack_datasets::Suite, vmpack_datasets::SuiteError> {
        let path = self.0.path().join("mine.toml");
        suite(path.to_str().expect("a path in UTF-8"), &self.0.path().join("data"))
    }

    fn error(suite: &str) -> String {
        let world = Self::new(suite);
        let message = world.suite().expect_err("refused").to_string();
        message.replace(world.0.path().to_str().expect("a path in UTF-8"), "")
    }
}

#[test]
fn files_are_found_thinned_out_and_known() {
    let world = World::new(
        r#"
        description = "mine"
        [[files]]
        glob = "old/*.txt"
        take = 4
        references = { table = "best.csv", key = "file", cost = "cost", proved = "proved", source = "where" }
        [[files]]
        glob = "new/*.txt"
        format = "bpp"
        names = ["x0", "x7.txt", "x99"]
        references = { table = "best.csv", key = "file", cost = "cost", proved = true }
        [[files]]
        listed = { table = "list.tsv", column = "path", only = { kind = "bins" } }
        references = { table = "none.csv", key = "a", cost = "b", proved = false }
        "#,
    );
    let suite = world.suite().expect("valid");
    assert_eq!(suite.name, "mine");
    let names: Vec<&str> = suite.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["old/x0", "x2", "x5", "old/x7", "new/x0", "new/x7", "x3"]);
    let reference = |cost: &str, proved, source: &str| {
        let cost = cost.parse().expect("a value");
        Some(Reference { cost, proved, lower_bound: None, source: source.to_owned() })
    };
    let known: Vec<Option<Reference>> =
        suite.entries.iter().map(|entry| entry.reference.clone()).collect();
    assert_eq!(known[0], reference("2", true, "paper"));
    assert_eq!(known[2], reference("7/2", false, ""));
    assert!(known.iter().enumerate().all(|(i, known)| i == 0 || i == 2 || known.is_none()));
    let path: PathBuf = world.0.path().join("data/new/x0.txt");
    assert_eq!(suite.entries[4].source, Source::File { path, format: Some("bpp".to_owned()) });
    let data = world.0.path().join("data");
    let missing: Vec<String> = ["x99", "gone.txt", "none.csv"]
        .map(|what| format!("The data directory {} has no {what}.", data.display()))
        .into();
    assert_eq!(suite.missing, missing);
}

#[test]
fn entries_have_classes_and_the_strongest_reference() {
    let world = World::new(
        r#"
        description = "mine"
        [[generate]]
        generator = "planted"
        class = "planted {d}"
        parameters = { d = [1, 2] }
        seeds = [1]
        [[files]]
        glob = "*/x[057].txt"
        class = "set {folder}"
        references = [
            { table = "best.csv", key = "file", cost = "cost", proved = "proved" },
            { table = "more.csv", key = "file", cost = "cost", proved = false, bound = "bound", only = { wanted = "1" } },
        ]
        "#,
    );
    world.write(
        "data/more.csv",
        "file,cost,bound,wanted\nold/x0.txt,1,1,1\nold/x5.txt,3,2,1\nnew/x5.txt,9,8,1\nold/x7.txt,9,8,0\n",
    );
    let entries = world.suite().expect("valid").entries;
    let told: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| (entry.class.as_deref().expect("a class"), entry.name.as_str()))
        .collect();
    assert_eq!(
        told[2..],
        [("set new", "new/x5"), ("set old", "x0"), ("set old", "old/x5")],
        "files that the second table does not want are left out"
    );
    assert_eq!((told[0].0, told[1].0), ("planted 1", "planted 2"));
    let known = |index: usize| entries[index].reference.as_ref().expect("it is in a table");
    let value = |n: u64| Value::from(n);
    let (both, proved) = (known(4), known(3));
    assert_eq!((both.cost, both.proved, both.bound()), (value(3), false, Some(value(2))));
    assert_eq!((proved.cost, proved.proved, proved.bound()), (value(2), true, Some(value(2))));
    assert_eq!(known(2).lower_bound, Some(value(8)));
}

#[test]
fn suites_of_the_exact_experiments_cover_their_sets() {
    let Some(data) = crate::skip::data_with("vectorpack") else { return };
    for (name, classes) in [
        ("exact-1d", 20),
        ("exact-gi", 4),
        ("exact-vector", 43),
        ("exact-variable", 10),
        ("open-vector", 9),
    ] {
        let suite = suite(name, &data).expect("a built-in suite");
        assert!(suite.missing.is_empty(), "{:?}", suite.missing);
        let found: BTreeSet<Option<&str>> =
            suite.entries.iter().map(|entry| entry.class.as_deref()).collect();
        assert!(!found.contains(&None));
        assert_eq!(found.len(), classes, "{name}: {found:?}");
        // Two tables about one file agree: a bound above a cost would be somebody's mistake.
        for entry in &suite.entries {
            let Some(reference) = &entry.reference else { continue };
            assert!(reference.bound().is_none_or(|b| b <= reference.cost), "{}", entry.name);
        }
    }
}

#[test]
fn the_data_directory_may_be_relative() {
    let world = World::new("description = \"x\"\n[[files]]\nglob = \"samples/*.vbp\"\n");
    let path = world.0.path().join("mine.toml");
    for directory in ["./../../datasets/", "../../datasets", "./../.././datasets"] {
        let suite = suite(path.to_str().expect("a path in UTF-8"), Path::new(directory));
        let suite = suite.expect("valid");
        let names: Vec<&str> = suite.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["planted", "uniform"]);
        assert!(suite.entries.iter().all(|entry| load(&entry.source).is_ok()));
    }
}

#[test]
fn suites_that_contradict_themselves_are_refused() {
    assert!(suite("smoek", Path::new(NOWHERE)).expect_err("refused").to_string().contains(
        "there is no suite \"smoek\": expected one of tiny, smoke, comparison, demo-real"
    ));
    let error = World::error("description = \"x\"\n[[files]]\nglobe = \"*\"\n");
    assert!(error.contains("line 3") && error.contains("unknown field `globe`"), "{error}");
    assert_eq!(
        World::error("description = \"x\"\n[[files]]\ntake = 2\n"),
        "suite mine, [[files]] number 1: expected either `glob` or `listed`, found neither"
    );
    assert_eq!(
        World::error("description = \"x\"\n[[files]]\nglob = \"*\"\nformat = \"pdf\"\n"),
        "suite mine, [[files]] number 1: expected the name of a format, found \"pdf\""
    );
    assert_eq!(
        World::error(
            "description = \"x\"\n[[generate]]\ngenerator = \"planted\"\nseeds = [1, 1]\n"
        ),
        "suite mine, all blocks together: expected every instance once, found \
         planted-d2-hosts10-items4-capacity1000-s1 twice"
    );
    assert_eq!(
        World::error(
            "description = \"x\"\n[[generate]]\ngenerator = \"planted\"\nseeds = [1]\n\
             parameters = { d = [1, 0] }\n"
        ),
        "suite mine: generator planted, parameter d: expected an integer from 1 to 100, found 0"
    );
    let error = World::error(
        "description = \"x\"\n[[generate]]\ngenerator = \"planted\"\nseeds = [1]\n\
         parameters = { d = 1.5 }\n",
    );
    assert!(error.contains("an integer, a word, or a list of them"), "{error}");
    assert_eq!(
        World::error("description = \"x\"\n[[files]]\nglob = \"old/*\"\nclass = \"{dir}\"\n"),
        "suite mine, [[files]] number 1: expected a class with `{folder}`, found `{dir}`"
    );
    assert_eq!(
        World::error(
            "description = \"x\"\n[[generate]]\ngenerator = \"planted\"\nseeds = [1]\nclass = \"{m}\"\n"
        ),
        "suite mine, [[generate]] number 1: expected a class with names of the block's parameters in \
         braces, found `{m}`"
    );
    let table = |key: &str, cost: &str| {
        World::error(&format!(
            "description = \"x\"\n[[files]]\nglob = \"old/x0.txt\"\n\
             references = {{ table = \"best.csv\", key = \"{key}\", cost = \"{cost}\", proved = true }}\n"
        ))
    };
    assert_eq!(
        table("name", "cost"),
        "/data/best.csv:1: expected a column \"name\", found file, cost, proved, where"
    );
    assert_eq!(
        table("file", "proved"),
        "/data/best.csv:2: expected a cost or nothing, found \"yes\""
    );
}

#[test]
fn sources_survive_json_and_say_what_they_are() {
    let parameters = [("n".to_owned(), 6.into()), ("shape".to_owned(), "steps".into())].into();
    let generated = Source::Generated {
        generator: "allocation-utility".to_owned(),
        parameters,
        seed: u64::MAX,
    };
    assert_eq!(
        generated.to_string(),
        "allocation-utility(n=6, shape=steps) seed 18446744073709551615"
    );
    let file = Source::File { path: "a/b.txt".into(), format: Some("csp".to_owned()) };
    assert_eq!(file.to_string(), "a/b.txt as csp");
    for source in [generated, file] {
        let text = serde_json::to_string(&source).expect("serialised");
        assert_eq!(serde_json::from_str::<Source>(&text).expect("read back"), source);
    }
}
