//! Columns of values: words by their place in a list, numbers no longer than anybody reads them.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

/// A column of words that come again and again.
#[derive(Serialize)]
pub(super) struct Words<'a> {
    words: Vec<&'a str>,
    codes: Vec<usize>,
}

impl<'a> FromIterator<&'a str> for Words<'a> {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let (mut words, mut codes) = (Vec::new(), Vec::new());
        for text in texts {
            let place = *places.entry(text).or_insert_with(|| {
                words.push(text);
                words.len() - 1
            });
            codes.push(place);
        }
        Self { words, codes }
    }
}

/// A measured number, written with nine significant figures: enough for means that agree with those of exact ones in what
/// tables show of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rounded(pub(super) f64);

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = rounded(self.0, 9);
        if value.fract() == 0.0 && value.abs() < 9e15 {
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

/// The nearest number of so many significant figures.
pub(super) fn rounded(value: f64, figures: usize) -> f64 {
    format!("{value:.0$e}", figures - 1).parse().unwrap_or(value)
}

/// At most `most` of the places from 0 to `length`, the first and the last among them, evenly spread.
pub(super) fn thinned(length: usize, most: usize) -> Vec<usize> {
    if length <= most || most < 2 {
        return (0..length).collect();
    }
    (0..most).map(|k| k * (length - 1) / (most - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_ends() {
        let text = |value: f64| serde_json::to_string(&Rounded(value)).expect("a number");
        assert_eq!(text(0.123_456_789_123), "0.123456789");
        assert_eq!(text(2.0), "2");
        assert_eq!(text(12_345_678_912.0), "12345678900");
        assert_eq!(thinned(3, 8), [0, 1, 2]);
        assert_eq!(thinned(100, 4), [0, 33, 66, 99]);
        let words: Words<'_> = ["b", "a", "b"].into_iter().collect();
        assert_eq!((words.words, words.codes), (vec!["b", "a"], vec![0, 1, 0]));
    }
}
