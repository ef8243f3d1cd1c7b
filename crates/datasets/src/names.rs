//! Misspelt names.

/// The known names that a misspelt one is likely to mean, the nearest first; empty if none is near.
///
/// Near is a Damerau-Levenshtein distance of at most a third of the longer name, or one name being
/// the beginning of the other.
///
/// ```
/// use vmpack_datasets::nearest;
///
/// let known = ["ffd-l1", "ffd-l2", "bfd-l2", "arc-flow"];
/// assert_eq!(nearest("fdf-l2", known), ["ffd-l2", "bfd-l2", "ffd-l1"]);
/// assert_eq!(nearest("arc", known), ["arc-flow"]);
/// assert!(nearest("simplex", known).is_empty());
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const AT_MOST: usize = 3;
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(name, candidate);
            let allowed = name.chars().count().max(candidate.chars().count()) / 3;
            let begins =
                !name.is_empty() && (candidate.starts_with(name) || name.starts_with(candidate));
            (distance <= allowed || begins).then_some((distance, candidate))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(AT_MOST).map(|(_, candidate)| candidate).collect()
}

/// The end of a message about an unknown name: the nearest ones, or else all of them.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = nearest(name, known.iter().copied());
    if near.is_empty() {
        return format!("known are {}", known.join(", "));
    }
    let quoted: Vec<String> = near.iter().map(|near| format!("{near:?}")).collect();
    format!("did you mean {}?", quoted.join(" or "))
}
