//! Real instances with published optima, where the data directory is present.

use crate::skip::data_with;
use crate::support::{records, vmpack};

/// Every packing file of the smoke subset by methods of each kind: never a cost below a proved optimum,
/// never a bound above it, every verdict `Correct`.
#[test]
fn no_answer_contradicts_a_published_optimum() {
    let Some(data) = data_with("bpplib") else { return };
    let folder = tempfile::tempdir().unwrap();
    let experiment = folder.path().join("subset.toml");
    let mixed_integer = if cfg!(feature = "highs") {
        r#""assignment-highs", "arc-flow", "reflect""#
    } else {
        r#""assignment-microlp""#
    };
    let text = format!(
        "name = \"subset\"\n\
         description = \"Published optima\"\n\
         datasets = [\"smoke-subset\"]\n\
         methods = [\"ffd-l2\", \"dot-product\", \"mbs\", {mixed_integer}]\n\
         [limits]\n\
         cpu_s = 1.0\nwall_s = 100\n"
    );
    std::fs::write(&experiment, text).unwrap();
    let out = folder.path().join("out");
    vmpack()
        .env("VMPACK_DATA", data)
        .args(["run", "--jobs", "2", "--out"])
        .args([&out, &experiment])
        .assert()
        .success();
    let (mut answers, mut optima) = (0, 0);
    for record in records(&out) {
        let reference = &record["reference"];
        assert_eq!(reference["proved"], true, "{record}");
        let optimum = reference["cost"].as_f64().unwrap();
        let answer = &record["answer"];
        if let Some(bound) = answer["lower_bound"].as_f64() {
            assert!(bound <= optimum, "{record}");
        }
        let Some(cost) = answer["judgement"]["cost"].as_f64() else { continue };
        assert_eq!(answer["judgement"]["verdict"], "correct", "{record}");
        assert!(cost >= optimum, "{record}");
        if answer["status"] == "optimal" {
            assert!((cost - optimum).abs() < 0.5, "{record}");
            optima += 1;
        }
        answers += 1;
    }
    assert!(answers > 300, "only {answers} answers");
    assert!(optima > 100, "only {optima} of the answers were proved optimal");
}
