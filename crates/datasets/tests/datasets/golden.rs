//! Generated instances are the same on every machine and in every release.

use vmpack_datasets::{GENERATORS, Source, content_hash, load};

/// Generator, parameters, seed and the beginning of the content hash.
type Golden = (&'static str, &'static [(&'static str, &'static str)], u64, &'static str);

/// An instance of every generator, and of every branch that its parameters open.
const GOLDEN: &[Golden] = &[
    ("caprara-toth-2d", &[("class", "1"), ("n", "24")], 1, "57109dd5915205de"),
    ("caprara-toth-2d", &[("class", "7"), ("n", "24")], 1, "d3000b3bb4b59595"),
    ("caprara-toth-2d", &[("class", "8"), ("n", "24")], 1, "5dcb5fc9afe0246d"),
    ("caprara-toth-2d", &[("class", "9"), ("n", "24")], 1, "cd57274f64c3ae68"),
    ("caprara-toth-2d", &[("class", "10"), ("n", "24")], 1, "e14532e81c3854b5"),
    ("falkenauer-uniform", &[("n", "120")], 1, "69d602a377c9a2e4"),
    ("falkenauer-triplets", &[("n", "60")], 1, "f448085e0afdda9b"),
    ("cutting-stock", &[("m", "20")], 1, "946f14f89987be84"),
    ("panigrahy", &[("class", "2"), ("d", "5")], 1, "82f80b9271a99b9c"),
    ("panigrahy", &[("class", "8"), ("d", "3")], 1, "c3d3f363527c2b30"),
    ("panigrahy", &[("class", "9"), ("d", "3")], 1, "b4d9caf3213a40c2"),
    ("planted", &[("d", "3")], 18_446_744_073_709_551_615, "11f62768e6d1f1cc"),
    ("fleet", &[("vms", "1000000"), ("types", "200")], 1, "177ce0418f9bde72"),
    ("fleet", &[("vms", "1000"), ("types", "20"), ("stock", "limited")], 1, "3ff3e032a466efe1"),
    ("fleet-correlated", &[("correlation", "-80"), ("hosts", "3")], 1, "0f9cc00f2fbddb0b"),
    (
        "fleet-rules",
        &[("rules", "none"), ("stock", "limited"), ("hosts", "8")],
        1,
        "3206707bfbd5ce2a",
    ),
    ("fleet-rules", &[("strength", "soft")], 1, "7b41b7f9368d5efd"),
    ("covering", &[], 1, "3206e1f560048d2b"),
    ("allocation-cost", &[], 1, "cf0889e7827f1aed"),
    ("allocation-utility", &[("shape", "mixed")], 1, "e93ad58933ed1101"),
];

#[test]
fn content_hashes_are_as_they_always_were() {
    let mut found = Vec::new();
    for (generator, parameters, seed, _) in GOLDEN {
        let parameters = parameters.iter();
        let source = Source::Generated {
            generator: (*generator).to_owned(),
            parameters: parameters
                .map(|(name, value)| {
                    ((*name).to_owned(), vmpack_datasets::Parameter::from_text(value))
                })
                .collect(),
            seed: *seed,
        };
        found.push(content_hash(&load(&source).expect("valid parameters"))[..16].to_owned());
    }
    let expected: Vec<&str> = GOLDEN.iter().map(|(.., hash)| *hash).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_generator_is_pinned() {
    for generator in GENERATORS {
        assert!(GOLDEN.iter().any(|(name, ..)| *name == generator.name()), "{generator:?}");
    }
}
