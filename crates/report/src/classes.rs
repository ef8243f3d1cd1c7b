//! What every method did on every class of instances, beside what others published about it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use vmpack_model::Family;
use vmpack_results::Record;
use vmpack_results::stats::{ClassFigures, class_figures};

use crate::data::Data;
use crate::published::{PUBLISHED, Publication, PublishedFigures};

/// One class of a dataset, or all of them together.
#[derive(Debug)]
pub(crate) struct Class<'a> {
    pub(crate) dataset: &'a str,
    /// The name; `None` for all classes of the dataset together.
    pub(crate) name: Option<&'a str>,
    /// By method, in the order of the report.
    pub(crate) methods: Vec<(&'a str, ClassFigures)>,
    pub(crate) published: Vec<(&'static Publication, &'static PublishedFigures)>,
}

/// The classes of a family, dataset by dataset: first all of its classes together, then each. Records of
/// instances without a class are left out.
pub(crate) fn classes<'a>(data: &Data<'a>, records: &'a [Record]) -> Vec<Class<'a>> {
    let mut datasets: BTreeMap<&str, BTreeMap<&str, Vec<&'a Record>>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.family == data.family) {
        if let Some(class) = &record.class {
            let classes = datasets.entry(&record.dataset).or_default();
            classes.entry(class).or_default().push(record);
        }
    }
    let methods = |records: &[&'a Record]| -> Vec<(&'a str, ClassFigures)> {
        let of = |name: &str| class_figures(records.iter().copied().filter(|r| r.method == name));
        let all = data.methods.iter().map(|method| (method.name, of(method.name)));
        all.filter(|(_, figures)| figures.instances > 0).collect()
    };
    let mut found = Vec::new();
    for (dataset, classes) in datasets {
        if classes.len() > 1 {
            let all = classes.values().flatten().copied().collect::<Vec<_>>();
            let published = Vec::new();
            found.push(Class { dataset, name: None, methods: methods(&all), published });
        }
        let mut names: Vec<&str> = classes.keys().copied().collect();
        names.sort_by(|a, b| natural(a, b));
        for name in names {
            let about =
                |publication: &'static Publication| Some((publication, publication.figures(name)?));
            let published = if data.family == Family::Packing {
                PUBLISHED.iter().filter_map(about).collect()
            } else {
                Vec::new()
            };
            let methods = methods(&classes[name]);
            found.push(Class { dataset, name: Some(name), methods, published });
        }
    }
    found
}

/// The publications that the classes are compared with, in the order of the tables.
pub(crate) fn cited(classes: &[Class<'_>]) -> Vec<&'static Publication> {
    let names: BTreeSet<&str> = classes
        .iter()
        .flat_map(|class| &class.published)
        .map(|(publication, _)| publication.name.as_str())
        .collect();
    PUBLISHED.iter().filter(|publication| names.contains(publication.name.as_str())).collect()
}

/// The order of names in which numbers count as numbers: `AI 202` before `AI 1003`.
fn natural(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(String, u64)> {
        let mut parts = vec![(String::new(), 0_u64)];
        for character in text.chars() {
            let last = parts.last_mut().expect("never empty");
            match character.to_digit(10) {
                Some(digit) => last.1 = last.1.saturating_mul(10).saturating_add(u64::from(digit)),
                None if last.1 == 0 => last.0.push(character),
                None => parts.push((character.to_string(), 0)),
            }
        }
        parts
    };
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_do() {
        let mut names = ["ANI 201", "AI 1003", "AI 202", "New class10", "New class9", "GI BA"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["AI 202", "AI 1003", "ANI 201", "GI BA", "New class9", "New class10"]);
    }
}
