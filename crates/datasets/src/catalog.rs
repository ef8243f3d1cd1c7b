//! The catalogue of public instance sets: where they come from, under which licence, and how to tell
//! that the files are the ones that are meant.

use serde::{Deserialize, Serialize};

/// The public sources that vmpack reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The sources, in the order of the file.
    #[serde(rename = "source")]
    pub sources: Vec<PublicSource>,
}

/// A public instance set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicSource {
    /// The name, which is also the directory below the data directory.
    pub name: String,
    /// What it holds.
    pub title: String,
    /// The upstream repository, `owner/name@commit`, and where in it.
    pub upstream: String,
    /// The licence, with what it forbids.
    pub licence: String,
    /// What to cite.
    pub citation: String,
    /// How many instances the whole set has.
    pub instances: u64,
    /// What is known of the optima.
    pub optima: String,
    /// The files, by format.
    pub files: Vec<CatalogFiles>,
}

/// Files of one format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogFiles {
    /// A pattern relative to the data directory.
    pub glob: String,
    /// The format.
    pub format: String,
    /// How many files the digest covers.
    pub count: u64,
    /// SHA-256 of their manifest; the head of the catalogue says how it is made.
    pub sha256: String,
    /// One of them.
    pub sample: SampleFile,
}

/// A file and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFile {
    /// Where it is, relative to the data directory.
    pub path: String,
    /// The hash.
    pub sha256: String,
}

/// The catalogue, `datasets/catalog.toml`, as it was when the program was built.
///
/// # Errors
/// If that file was no catalogue.
pub fn catalog() -> Result<Catalog, toml::de::Error> {
    toml::from_str(include_str!("../../../datasets/catalog.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_names_known_formats_and_whole_digests() {
        let catalog = catalog().expect("a catalogue");
        assert!(catalog.sources.len() >= 4);
        for source in &catalog.sources {
            for files in &source.files {
                assert!(crate::format(&files.format).is_some(), "{files:?}");
                assert!(files.glob.starts_with(&format!("{}/", source.name)), "{files:?}");
                let pattern = glob::Pattern::new(&files.glob).expect("a pattern");
                assert!(pattern.matches(&files.sample.path), "{files:?}");
                for hash in [&files.sha256, &files.sample.sha256] {
                    assert_eq!(hash.len(), 64, "{files:?}");
                }
            }
            let commit = source.upstream.split_once('@').map(|(_, commit)| commit);
            assert!(commit.is_some_and(|commit| commit.len() >= 7), "{source:?}");
        }
    }
}
