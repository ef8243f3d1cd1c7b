//! What files mean, and what is said of those that mean nothing.

use super::*;

fn parse(text: &str) -> Result<Experiment, String> {
    Experiment::parse(Path::new("dir/e.toml"), text).map_err(|error| error.to_string())
}

fn texts(names: &[Named]) -> Vec<&str> {
    names.iter().map(|name| name.text.as_str()).collect()
}

#[test]
fn a_plain_experiment_is_one_block() {
    let text = "name = 'demo'\ndatasets = ['smoke']\nmethods = ['ff',\n 'bf']\n\
                seeds = [1, 2]\nlimits = { wall_s = 2, memory_mb = 500 }\n";
    let experiment = parse(text).expect("valid");
    assert_eq!(experiment.name, "demo");
    assert_eq!(experiment.hash, blake3::hash(text.as_bytes()).to_hex().to_string());
    let [block] = &experiment.blocks[..] else { panic!("one block") };
    assert_eq!(texts(&block.datasets), ["smoke"]);
    assert_eq!(texts(&block.methods), ["ff", "bf"]);
    assert_eq!(block.methods[1].place.to_string(), "dir/e.toml:4");
    assert_eq!(block.seeds, [1, 2]);
    let limits = block.limits;
    assert_eq!((limits.wall_s, limits.memory_bytes), (2.0, Some(500_000_000)));
    assert_eq!((limits.cpu_s, limits.work, limits.threads), (None, None, 1));
}

#[test]
fn blocks_inherit_what_they_leave_out() {
    let experiment = parse(
        "name = 'demo'\ndatasets = ['smoke']\nlimits = { wall_s = 2, threads = 2 }\n\
         [[runs]]\nmethods = ['ff']\n\
         [[runs]]\nmethods = ['arc-flow']\ndatasets = ['tiny']\nlimits = { wall_s = 9 }\n",
    )
    .expect("valid");
    let [first, second] = &experiment.blocks[..] else { panic!("two blocks") };
    assert_eq!((texts(&first.datasets), first.limits.wall_s), (vec!["smoke"], 2.0));
    assert_eq!((texts(&second.datasets), second.limits.wall_s), (vec!["tiny"], 9.0));
    assert_eq!(second.limits.threads, 2);
    assert_eq!(first.seeds, [0]);
}

#[test]
fn repetitions_are_inherited_like_seeds() {
    let experiment = parse(
        "name = 'demo'\ndatasets = ['d']\nlimits = { wall_s = 2 }\nrepeats = 5\nwarm_up = 2\n\
         pin = true\n[[runs]]\nmethods = ['ff']\n[[runs]]\nmethods = ['bf']\nrepeats = 3\n\
         [[replays]]\ntraces = ['t']\n",
    )
    .expect("valid");
    let repeats: Vec<u64> = experiment.blocks.iter().map(|block| block.repeats).collect();
    assert_eq!((&repeats[..], experiment.replays[0].repeats), (&[5, 3][..], 5));
    assert_eq!((experiment.warm_up, experiment.pin), (2, true));
    let plain = "name = 'x'\ndatasets = ['d']\nmethods = ['m']\n[limits]\nwall_s = 1\n";
    let plain = parse(plain).expect("valid");
    assert_eq!((plain.blocks[0].repeats, plain.warm_up, plain.pin), (1, 0, false));
}

#[test]
fn a_sample_given_later_replaces_that_of_the_top_alone() {
    let mut experiment = parse(
        "name = 'demo'\ndatasets = ['d']\nlimits = { wall_s = 2 }\nsample = 9\n\
         solutions = 'proved'\n[[runs]]\nmethods = ['ff']\n\
         [[runs]]\nmethods = ['bf']\nsample = 2\n",
    )
    .expect("valid");
    assert_eq!(experiment.solutions, Solutions::Proved);
    let samples = |e: &Experiment| e.blocks.iter().map(|b| b.sample).collect::<Vec<_>>();
    assert_eq!(samples(&experiment), [Some(9), Some(2)]);
    experiment.set_sample(None);
    assert_eq!(samples(&experiment), [None, Some(2)]);
}

#[test]
fn messages_name_file_line_field_and_expectation() {
    let valid = "name = 'x'\ndatasets = ['d']\nmethods = ['m']\n[limits]\nwall_s = 1\n";
    assert!(parse(valid).is_ok());
    for (from, to, line, expected) in [
        ("wall_s = 1", "wal_s = 1", 5, "unknown field `wal_s`, expected one of `wall_s`"),
        ("wall_s = 1", "wall_s = -1", 5, "limits.wall_s: expected a positive number"),
        ("wall_s = 1", "wall_s = nan", 5, "found NaN"),
        ("wall_s = 1", "wall_s = 'long'", 5, "expected f64"),
        ("wall_s = 1", "", 1, "limits.wall_s: expected a number of seconds, found none"),
        ("wall_s = 1", "wall_s = 1\nthreads = 0", 6, "limits.threads: expected a positive"),
        ("wall_s = 1", "wall_s = 1\nmemory_mb = -4", 6, "expected u64"),
        ("name = 'x'", "name = 'a b'", 1, "name: expected letters"),
        ("name = 'x'\n", "", 1, "missing field `name`"),
        ("methods = ['m']", "methods = []", 1, "methods: expected at least one"),
        ("methods = ['m']", "methods = ['m'", 4, "array"),
        ("methods = ['m']", "methods = ['m', 7]", 3, "expected a string"),
        ("methods = ['m']", "methods = ['m']\nseeds = []", 4, "seeds: expected at least one"),
        ("methods = ['m']", "methods = ['m']\nsample = 0", 4, "sample: expected a positive"),
        ("methods = ['m']", "methods = ['m']\nsolutions = 'best'", 4, "\"all\", found \"best\""),
        (
            "methods = ['m']",
            "methods = ['m']\nsolutions = true",
            4,
            "\"proved\" or \"all\", found true",
        ),
        ("methods = ['m']", "methods = ['m']\nrepeats = 0", 4, "repeats: expected a positive"),
        ("methods = ['m']", "methods = ['m']\nrepeats = 99999999999", 4, "up to 1000000, found"),
        ("methods = ['m']", "methods = ['m']\nwarm_up = -1", 4, "expected u64"),
        ("methods = ['m']", "methods = ['m']\npin = 'yes'", 4, "expected a boolean"),
    ] {
        let error = parse(&valid.replace(from, to)).expect_err(to);
        assert!(error.starts_with(&format!("dir/e.toml:{line}: ")), "{to}: {error}");
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn documented_replays_are_an_experiment() {
    let page = include_str!("../../../../FORMATS.md");
    let (_, section) = page.split_once("**Replays** stand in blocks").expect("the section");
    let (_, block) = section.split_once("```toml\n").expect("the example");
    let (block, _) = block.split_once("```").expect("its end");
    let experiment = parse(block).expect("valid");
    assert_eq!(experiment.blocks, [], "replays alone are an experiment");
    let [load, jobs] = &experiment.replays[..] else { panic!("two blocks") };
    assert_eq!(texts(&load.policies), ["best", "thr-mmt-0.8"]);
    let options: Vec<(&str, &[String])> =
        load.options.iter().map(|o| (o.name.text.as_str(), &o.values[..])).collect();
    let modes = ["corrected".to_owned(), "cloudsim303".to_owned()];
    assert_eq!(options, [("hosts", &["800".to_owned()][..]), ("mode", &modes[..])]);
    assert_eq!((load.place.line, load.series, &load.seeds[..]), (6, true, &[1, 2][..]));
    assert_eq!((jobs.policies.len(), jobs.series, &jobs.seeds[..]), (0, false, &[0][..]));
    assert!((jobs.limits.wall_s - 60.0).abs() < 1e-12, "inherited");
}
