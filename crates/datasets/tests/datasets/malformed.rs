//! Whatever is wrong with a file, the message says where, and what was expected.

use std::path::Path;

use vmpack_datasets::read_file;

/// The message for a file of that name and content, without the directory.
fn message(name: &str, content: &[u8]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::write(&path, content).expect("written");
    let error = read_file(&path, None).expect_err(name).to_string();
    let prefix = format!("{}/", directory.path().display());
    error.strip_prefix(&prefix).expect("the path comes first").to_owned()
}

#[track_caller]
fn check(name: &str, content: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(message(name, content.as_ref()), expected);
}

#[test]
fn numbers_of_text_formats() {
    check(
        "truncated.txt",
        "3\n10\n4\n5\n",
        "truncated.txt:5: size of item 3 of 3: expected an integer from 1 to 10 (the capacity), \
         found the end of the file (read as bpp)",
    );
    check(
        "garbage.txt",
        "2\n10\n4\n5\n6\n",
        "garbage.txt:5: end of the file: expected nothing after item 2, found 6 (read as bpp)",
    );
    check(
        "negative.vbp",
        "2\n10 10\n2\n1 2 1\n3 -4 1\n",
        "negative.vbp:5: size 2 of item 2 of 2: expected an integer from 0 to 10 (the capacity), \
         found the negative number -4 (read as vbp)",
    );
    check(
        "oversized.txt",
        "2\n10\n4 2\n11 3\n",
        "oversized.txt:4: size 2 of 2: expected an integer from 1 to 10 (the capacity), found 11 \
         (read as csp)",
    );
    check(
        "word.txt",
        "5\n10\n4\n5\nsix\n7\n8\n",
        "word.txt:5: size of item 3 of 5: expected an integer from 1 to 10 (the capacity), found \
         \"six\" (read as bpp)",
    );
    check(
        "decimal.txt",
        "2\n10\n4.5\n5\n",
        "decimal.txt:3: size of item 1 of 2: expected an integer from 1 to 10 (the capacity), \
         found the number 4.5 with a fraction or exponent (read as bpp)",
    );
    check(
        "overflow.txt",
        "1\n18446744073709551616\n1\n",
        "overflow.txt:2: capacity: expected an integer of at least 1, found 18446744073709551616, \
         which exceeds 2^64 - 1 (read as bpp)",
    );
    check(
        "zero.vbp",
        "2\n10 0\n1\n1 0 1\n",
        "zero.vbp:2: capacity 2 of 2: expected an integer of at least 1, found 0 (read as vbp)",
    );
    check(
        "absurd.txt",
        "18446744073709551615\n10\n4\n5\n",
        "absurd.txt:5: size of item 3 of 18446744073709551615: expected an integer from 1 to 10 \
         (the capacity), found the end of the file (read as bpp)",
    );
    check(
        "no-items.vbp",
        "1\n10\n0\n1 1\n",
        "no-items.vbp:3: number of sizes: expected an integer of at least 1, found 0 (read as vbp)",
    );
}

#[test]
fn totals_beyond_64_bits() {
    check(
        "count.txt",
        "2\n10\n1 18446744073709551615\n2 1\n",
        "count.txt:4: the number of items: expected a sum below 2^64, found a greater one (read as \
         csp)",
    );
    check(
        "size.txt",
        "1\n1000\n1000 18446744073709552\n",
        "size.txt:3: the total size of the items: expected a sum below 2^64, found a greater one \
         (read as csp)",
    );
    // One less just fits.
    let format = vmpack_datasets::format("csp").expect("a format");
    format.read(b"1\n1000\n1000 18446744073709551\n", "").expect("valid");
}

#[test]
fn bins_of_several_types() {
    check(
        "availability.mvp",
        "1\n1\n10 1 -2\n1\n1 1\n3\n",
        "availability.mvp:3: availability of bin type 1 of 1: expected an integer of at least 0, or \
         -1 for no limit, found the negative number -2 (read as mvp)",
    );
    check(
        "fits-nowhere.mvp",
        "2\n2\n10 5 1 -1\n5 10 1 -1\n1\n2 1\n11 1\n9 9\n",
        "fits-nowhere.mvp:8: item 1 of 1: expected an alternative that fits one of the bin types, \
         found 2 that fit none, the last being 9 9 (read as mvp)",
    );
    check(
        "nothing.mvp",
        "2\n1\n0 0 1 -1\n1\n1 1\n0 0\n",
        "nothing.mvp:3: capacities of bin type 1 of 1: expected one above 0, found only 0 (read as \
         mvp)",
    );
    check(
        "oversized.txt",
        "2\n10 1 10\n8 1 8\n1\n11 1\n",
        "oversized.txt:5: size 1 of 1: expected an integer from 1 to 10 (the largest capacity), \
         found 11 (read as vscsp)",
    );
    check(
        "cost.txt",
        "1\n10 1 18446744073709551615\n1\n1 2\n",
        "cost.txt: the instance as a whole: expected parts that belong together, found the total \
         cost of one host of the dearest type per VM exceeds 2^64 - 1 (read as vscsp)",
    );
}

#[test]
fn files_that_are_no_instances() {
    let known = "expected an instance in one of the formats json, bpp, csp, vscsp, vbp, mvp";
    let name = "if it is one of them all the same, name the format";
    check("empty.txt", "", &format!("empty.txt:1: {known}, found an empty file; {name}"));
    check(
        "noise.txt",
        b"3\n\xff\xfe\x00\x9c",
        &format!("noise.txt:2: {known}, found bytes that are not text; {name}"),
    );
    check("prose.txt", "\nHello", &format!("prose.txt:2: {known}, found \"Hello\"; {name}"));
    check(
        "numbers.txt",
        "1 2\n3 4\n",
        &format!(
            "numbers.txt:2: {known}, found 2 numbers in this line, a layout that no format has; \
             {name}"
        ),
    );
    check(
        "noise.vbp",
        b"\x80",
        "noise.vbp:1: text: expected UTF-8, found the byte 0x80 (read as vbp)",
    );
}

#[test]
fn things_that_are_no_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = read_file(directory.path(), None).expect_err("a directory").to_string();
    assert!(error.ends_with("expected a file, found a directory"), "{error}");
    let error = read_file(Path::new("no/such/file"), None).expect_err("no file").to_string();
    assert!(error.starts_with("no/such/file: cannot read the file:"), "{error}");
}

/// A valid packing instance on lines of its own.
const JSON: &str = r#"{
"format": "vmpack-instance",
"version": 1,
"family": "packing",
"name": "n",
"resources": [{"name": "cpu"}, {"name": "gpu"}],
"vms": [{"name": "a", "count": 2, "demand": {"cpu": 1, "gpu": 0}}],
"hosts": [{"name": "h", "capacity": {"cpu": 4, "gpu": 0}}]
}"#;

#[track_caller]
fn json(from: &str, to: &str, expected: &str) {
    assert!(JSON.contains(from), "{from}");
    let message = message("x.json", JSON.replace(from, to).as_bytes());
    assert_eq!(message, format!("{expected} (read as json)"));
}

#[test]
fn json_that_breaks_the_schema() {
    let schema = "expected a document of the published schema, found";
    json(
        "\"count\": 2",
        "\"count\": -2",
        &format!("x.json:7: vms[0].count: {schema} invalid value: integer `-2`, expected u64"),
    );
    json(
        "\"count\": 2",
        "\"count\": 2.5",
        &format!(
            "x.json:7: vms[0].count: {schema} invalid type: floating point `2.5`, expected u64"
        ),
    );
    json(
        "\"count\": 2",
        "\"cuont\": 2",
        &format!(
            "x.json:7: vms[0].cuont: {schema} unknown field `cuont`, expected one of `name`, \
             `count`, `demand`, `alternatives`"
        ),
    );
    json(
        "\"cpu\": 4",
        "\"cpu\": 4, \"cpu\": 5",
        &format!("x.json:8: hosts[0].capacity: {schema} the member \"cpu\" twice"),
    );
    json(
        "\"name\": \"n\",\n",
        "",
        &format!("x.json:8: the document: {schema} missing field `name`"),
    );
    json("}]\n}", "}]\n} 1", &format!("x.json:9: the document: {schema} trailing characters"));
}

#[test]
fn json_that_says_what_cannot_be() {
    json(
        "\"gpu\": 0}}],\n\"hosts",
        "\"gqu\": 0}}],\n\"hosts",
        "x.json: vms[0].demand: expected the name of a resource (\"cpu\", \"gpu\"), found \"gqu\"",
    );
    json(
        "{\"cpu\": 4, \"gpu\": 0}",
        "{\"cpu\": 4}",
        "x.json: hosts[0].capacity: expected a member for every resource: \"cpu\", \"gpu\", found \
         none for \"gpu\"",
    );
    json(
        "\"demand\": {\"cpu\": 1, \"gpu\": 0}",
        "\"alternatives\": []",
        "x.json: vms[0]: expected a demand or alternatives, found neither",
    );
    json(
        "{\"cpu\": 4, \"gpu\": 0}",
        "{\"cpu\": 0, \"gpu\": 0}",
        "x.json: hosts[0].capacity: expected one capacity above 0, found only 0",
    );
    json("\"version\": 1", "\"version\": 2", "x.json: version: expected 1, found 2");
    json(
        "vmpack-instance",
        "vmpack-solution",
        "x.json: format: expected \"vmpack-instance\", found \"vmpack-solution\"",
    );
    json(
        "{\"name\": \"gpu\"}",
        "{\"name\": \"cpu\"}",
        "x.json: vms[0].demand: expected the name of a resource (\"cpu\", \"cpu\"), found \"gpu\"",
    );
}

#[test]
fn allocations_that_say_what_cannot_be() {
    let text = |vm: &str, services: &str| {
        format!(
            r#"{{"format": "vmpack-instance", "version": 1, "family": "allocation", "name": "n",
            "objective": "cost", "resources": [{{"name": "cpu"}}],
            "hosts": [{{"name": "h", "capacity": {{"cpu": 4}}}}],
            "vms": [{{"name": "a", {vm}}}], "services": [{services}]}}"#
        )
    };
    let check = |vm: &str, services: &str, expected: &str| {
        let message = message("x.json", text(vm, services).as_bytes());
        assert_eq!(message, format!("x.json: {expected} (read as json)"));
    };
    let cost = r#""cost": {"cpu": 1}"#;
    check(
        &format!(r#""host": "g", {cost}"#),
        "",
        "vms[0].host: expected the name of a host (\"h\"), found \"g\"",
    );
    check(r#""host": "h""#, "", "vms[0]: expected a cost, since the objective is cost, found none");
    check(
        cost,
        r#"{"name": "s", "required": 1, "terms": [{"vm": "b", "resource": "cpu", "coefficient": 1}]}"#,
        "services[0].terms[0].vm: expected the name of a VM (\"a\"), found \"b\"",
    );
    check(
        &format!(r#"{cost}, "reservation": {{"cpu": 3}}, "limit": {{"cpu": 2}}"#),
        "",
        "the instance as a whole: expected parts that belong together, found VM \"a\", \"cpu\": the \
         limit 2 is below the reservation 3",
    );
    // The text of the base is itself an instance.
    vmpack_datasets::format("json")
        .expect("a format")
        .read(text(cost, "").as_bytes(), "")
        .expect("valid");
}

/// The sentence about the instance with these rules, prices and so on.
fn ruled_message(members: &str) -> String {
    let text = format!(
        r#"{{"format": "vmpack-instance", "version": 1, "family": "packing", "name": "two",
        "resources": [{{"name": "cpu"}}], "hosts": [{{"name": "h", "capacity": {{"cpu": 8}}}}],
        "vms": [{{"name": "a", "demand": {{"cpu": 3}}}}, {{"name": "b", "demand": {{"cpu": 5}}}}],
        {members}}}"#
    );
    message("x.json", text.as_bytes())
}

#[test]
fn json_rules_that_mean_nothing() {
    let ruled = |members: &str, expected: &str| {
        let message = ruled_message(members);
        assert!(message.contains(expected), "{expected:?} is not in {message}");
    };
    let rule = |members: &str, expected: &str| {
        ruled(&format!(r#""rules": [{{"name": "r", {members}}}]"#), expected);
    };
    rule(
        r#""kind": "restrict", "vms": ["a", "c"], "hosts": ["h"]"#,
        r#"rules[0].vms[1]: expected the name of a VM type ("a", "b"), found "c""#,
    );
    rule(
        r#""kind": "restrict", "vms": ["a"], "hosts": ["x"]"#,
        r#"rules[0].hosts[0]: expected the name of a host type ("h"), found "x""#,
    );
    rule(
        r#""kind": "together", "vms": ["a", "a"], "within": "host""#,
        "rules[0].vms[1]: expected a name that does not stand there already",
    );
    rule(
        r#""kind": "separate", "classes": [["a"], ["c"]], "within": "host""#,
        "rules[0].classes[1][0]: expected the name of a VM type",
    );
    rule(r#""kind": "apart", "vms": ["a"]"#, "unknown variant `apart`, expected one of `restrict`");
    rule(r#""kind": "together", "vms": ["a"], "within": "room""#, "unknown variant `room`");
    rule(
        r#""kind": "survive", "hosts": ["h"], "failures": 1, "price": 2"#,
        "unknown field `price`",
    );
    rule(r#""kind": "at-most", "vms": ["a"], "within": "host""#, "missing field `most`");
    rule(
        r#""kind": "at-most", "vms": ["a"], "most": 0, "within": "host""#,
        "rules[0].most: expected a number above 0, found 0",
    );
    rule(
        r#""kind": "survive", "hosts": ["h"], "failures": 0"#,
        "rules[0].failures: expected a number above 0, found 0",
    );
    rule(
        r#""kind": "separate", "classes": [["a"], ["b", "b"]], "within": "host""#,
        "rules[0].classes[1][1]: expected a name that does not stand there already",
    );
    ruled(
        r#""prices": [{"vm": "a", "host": "g", "price": 1}]"#,
        "prices[0].host: expected the name of a host type",
    );
    ruled(
        r#""prices": [{"vm": "a", "host": "h", "price": 1}, {"vm": "a", "host": "h", "price": 2}]"#,
        r#"prices[1]: expected one price for a VM type on a host type, found another for "a" on "h""#,
    );
    for ratio in ["0/1", "4/0", "0", "4/1/1", "4.5", ""] {
        let message = ruled_message(&format!(r#""overcommit": {{"cpu": "{ratio}"}}"#));
        assert!(message.contains("overcommit"), "{message}");
        let expected =
            format!("expected a ratio of positive integers such as 4/1, found {ratio:?}");
        assert!(message.contains(&expected), "{message}");
    }
    ruled(
        r#""overcommit": {"gpu": "4/1"}"#,
        r#"overcommit: expected the name of a resource ("cpu")"#,
    );
}
