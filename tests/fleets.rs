//! Fleets with placement rules: generated, solved, paired, reported.

use crate::support::{records, vmpack};

/// A small fleet with every rule at once is solved, and its record leads to the run on the same fleet without.
#[test]
fn a_fleet_with_all_rules_is_solved_and_the_report_says_what_they_cost() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "suite.toml",
        "description = \"one fleet\"\n[[generate]]\ngenerator = \"fleet-rules\"\nseeds = [2]\n\
         parameters = { vms = 10, types = 2, tenants = 2, groups = 1, sites = 1, racks = 1, rules = \
         [\"none\", \"all\", \"at-most\"] }\n",
    );
    write(
        "e.toml",
        "name = \"fleets\"\ndatasets = [\"suite.toml\"]\nmethods = [\"assignment-highs\"]\n\
         [limits]\nwall_s = 600\n",
    );
    let out = folder.path().join("out");
    let mut run = vmpack();
    run.arg("run").arg(folder.path().join("e.toml")).arg("--report").arg("--out").arg(&out);
    run.assert().success();
    let records = records(&out);
    assert_eq!(records.len(), 3);
    let plain = records.iter().find(|record| record["rules"].is_null()).unwrap();
    for record in &records {
        assert_eq!(record["answer"]["status"], "optimal", "{record}");
        assert_eq!(record["answer"]["judgement"]["verdict"], "correct", "{record}");
        if record != plain {
            assert_eq!(record["rules"]["plain"], plain["instance_hash"]);
        }
    }
    let prices = std::fs::read_to_string(out.join("tables/rule-prices.csv")).unwrap();
    let rows: Vec<Vec<&str>> = prices.lines().map(|line| line.split(',').collect()).collect();
    let all = "at-most + overcommit + reserve + restrict + separate + spread + survive + together";
    let named: Vec<&str> = rows[1..].iter().map(|row| row[2]).collect();
    // In one site there is no latency.
    assert_eq!(named, ["at-most", all]);
    assert!(out.join("figures/rule-prices-packing.png").exists());
    assert!(out.join("figures/rule-prices-packing.pdf").exists());
    let paper = std::fs::read_to_string(out.join("tables/methods.tex")).unwrap();
    let again = format!("% vmpack report {}\n", out.display());
    assert!(paper.contains("e.toml --report --out ") && paper.contains(&again), "{paper}");
}
