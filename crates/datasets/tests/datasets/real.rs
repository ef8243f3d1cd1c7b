//! The real instances of the data directory, where there is one.

use std::path::{Path, PathBuf};

use vmpack_datasets::{LoadError, Source, catalog, content_hash, load, read_file, suite};
use vmpack_model::AnyInstance;

use super::recognising;
use super::skip::data_with;

fn expand(directory: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = format!("{}/{pattern}", glob::Pattern::escape(&directory.to_string_lossy()));
    glob::glob(&pattern).expect("a pattern").map(|path| path.expect("readable")).collect()
}

#[test]
fn every_file_of_the_catalogue_is_recognised_and_read() {
    let Some(directory) = data_with("bpplib") else { return };
    for source in catalog().expect("a catalogue").sources {
        for files in &source.files {
            let mut negative = 0;
            let paths = expand(&directory, &files.glob);
            assert!(paths.len() as u64 >= files.count, "{}: {}", files.glob, paths.len());
            for path in &paths {
                let content = std::fs::read(path).expect("readable");
                assert_eq!(recognising(&content), [files.format.as_str()], "{}", path.display());
                // Sizes below zero are the only fault of any of these files.
                let faulty = source.name == "vectorpack" && content.contains(&b'-');
                match read_file(path, None) {
                    Ok(AnyInstance::Packing(_)) if !faulty => {}
                    Err(LoadError::Content { error, .. }) if faulty => {
                        assert!(error.found.starts_with("the negative number -"), "{error}");
                        assert!(error.line.is_some_and(|line| line > 4), "{error}");
                        negative += 1;
                    }
                    result => panic!("{}: {result:?}", path.display()),
                }
            }
            eprintln!("{}: {} files, {negative} with negative sizes", files.glob, paths.len());
            assert_eq!(negative > 0, source.name == "vectorpack", "{}", files.glob);
        }
    }
}

#[test]
fn both_forms_of_a_bpplib_instance_have_the_same_content() {
    let Some(directory) = data_with("bpplib") else { return };
    let paths = expand(&directory, "bpplib/csp/*/*.txt");
    assert!(!paths.is_empty());
    let mut compared = 0;
    for csp in paths {
        let bpp = PathBuf::from(csp.to_string_lossy().replace("bpplib/csp", "bpplib/bpp"));
        if bpp.is_file() {
            let hash = |path: &Path| content_hash(&read_file(path, None).expect("valid"));
            assert_eq!(hash(&csp), hash(&bpp), "{}", csp.display());
            compared += 1;
        }
    }
    assert!(compared > 0);
}

#[test]
fn two_dimensional_projections_are_read() {
    let Some(directory) = data_with("bpplib") else { return };
    for path in expand(&directory, "vectorpack_2d_projection/*/*.vbp") {
        assert_eq!(recognising(&std::fs::read(&path).expect("readable")), ["vbp"]);
        read_file(&path, None).expect("valid");
    }
}

#[test]
fn suites_of_real_instances_are_complete() {
    let Some(directory) = data_with("bpplib") else { return };
    let real = suite("demo-real", &directory).expect("a built-in suite");
    assert_eq!(real.missing, Vec::<String>::new());
    assert!((35..=50).contains(&real.entries.len()), "{}", real.entries.len());
    let unknown = real.entries.iter().filter(|entry| entry.reference.is_none());
    for entry in unknown {
        let Source::File { path, .. } = &entry.source else { panic!("a file") };
        assert!(path.starts_with(directory.join("vscsp")), "{}", entry.name);
    }
    let subset = suite("smoke-subset", &directory).expect("a built-in suite");
    assert_eq!(subset.missing, Vec::<String>::new());
    assert!(subset.entries.len() >= 90, "{}", subset.entries.len());
    for entry in subset.entries.iter().chain(&real.entries) {
        let AnyInstance::Packing(instance) = load(&entry.source).expect("valid") else {
            panic!("{}: not packing", entry.name)
        };
        if instance.hosts().len() == 1 {
            // No reference may be below the volume bound.
            let needed = |k: usize| {
                let sizes = instance.demands().column(k).to_vec();
                let volume: u64 =
                    instance.vms().iter().zip(sizes).map(|(vm, s)| vm.count * s).sum();
                volume.div_ceil(instance.capacity(0)[k])
            };
            let bound = (0..instance.dimensions()).map(needed).max().expect("a dimension");
            let reference = entry.reference.as_ref().expect("published");
            assert!(reference.cost >= bound.into(), "{}", entry.name);
        }
    }
    assert!(subset.entries.iter().all(|e| e.reference.as_ref().is_some_and(|r| r.proved)));
}
