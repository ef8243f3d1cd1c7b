//! What others published about classes of instances: figures as data, each file with its source.

use std::sync::LazyLock;

use serde::Deserialize;

/// The files, in the order in which tables show them; one line each.
const FILES: &[&str] = &[
    include_str!("../../../datasets/published/da-silva-schouery-2025.toml"),
    include_str!("../../../datasets/published/baldacci-2024.toml"),
    include_str!("../../../datasets/published/mommessin-2025.toml"),
];

/// All published figures.
pub(crate) static PUBLISHED: LazyLock<Vec<Publication>> = LazyLock::new(|| {
    let read = |text: &&str| toml::from_str(text).expect("tests read the published figures");
    FILES.iter().map(read).collect()
});

/// A publication with its figures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publication {
    /// Authors and year, as tables name it.
    pub(crate) name: String,
    /// Where it appeared.
    pub(crate) citation: String,
    /// What was run, with threads and limit.
    pub(crate) solver: String,
    /// On what.
    pub(crate) machine: String,
    /// Where the figures are from.
    pub(crate) origin: String,
    classes: Vec<PublishedFigures>,
}

impl Publication {
    /// What it says about a class.
    pub(crate) fn figures(&self, class: &str) -> Option<&PublishedFigures> {
        self.classes.iter().find(|figures| figures.class == class)
    }
}

/// What a publication says about a class; what it does not say is absent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishedFigures {
    class: String,
    /// The number of instances that it was run on.
    pub(crate) instances: u64,
    /// How many of them were proved optimal.
    pub(crate) proved: Option<u64>,
    /// The mean of the time in seconds.
    pub(crate) mean_s: Option<f64>,
    /// The median.
    pub(crate) median_s: Option<f64>,
    /// The greatest; the limit if not all were proved.
    pub(crate) max_s: Option<f64>,
    /// The sum of costs above the sum of optima (lower bounds where they are open), as a share of it.
    pub(crate) excess: Option<f64>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_figures_are_read_and_plausible() {
        for publication in PUBLISHED.iter() {
            let mut classes = BTreeSet::new();
            for figures in &publication.classes {
                let class = &figures.class;
                assert!(classes.insert(class), "{} has {class} twice", publication.name);
                assert!(figures.proved.is_none_or(|proved| proved <= figures.instances), "{class}");
                let times = [Some(0.0), figures.mean_s, figures.max_s];
                assert!(times.iter().flatten().is_sorted(), "{class}: {times:?}");
                assert!(figures.median_s <= figures.max_s, "{class}");
                assert!(figures.proved.is_some() || figures.excess.is_some(), "{class}");
            }
        }
        let record = PUBLISHED[0].figures("ANI 1002").expect("the hardest class");
        assert_eq!((record.proved, record.mean_s), (Some(44), Some(140.0)));
        assert!(PUBLISHED[0].figures("ANI").is_none());
    }

    #[test]
    fn all_of_the_library_is_covered() {
        let instances: u64 = PUBLISHED[0].classes.iter().map(|figures| figures.instances).sum();
        let proved: u64 = PUBLISHED[0].classes.iter().filter_map(|figures| figures.proved).sum();
        assert_eq!((instances, proved), (6195, 6170));
    }
}
