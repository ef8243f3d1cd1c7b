//! Words that choose VMs and hosts: `web`, `web-*`, `tenant:bank`, `rack:r1`.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;

use super::super::fleet::Fleet;
use super::{Wrong, wrong};
use crate::names::suggestion;

/// What words choose from.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    what: &'static str,
    names: Vec<&'a str>,
    /// The members of each name.
    named: HashMap<&'a str, Vec<usize>>,
    /// The prefixes of words, and the members that have each value.
    prefixes: Vec<(&'static str, HashMap<&'a str, Vec<usize>>)>,
}

impl<'a> Choice<'a> {
    /// The VMs of a fleet: by a name, a pattern of names with `*`, `tenant:T`, `group:G`, or `*` for all.
    pub(super) fn vms(fleet: &'a Fleet) -> Self {
        let vms = || fleet.vms.iter();
        Self::new(
            "VM",
            vms().map(|vm| &*vm.name).collect(),
            vec![
                ("tenant", members(vms().map(|vm| vm.tenant.as_slice()))),
                ("group", members(vms().map(|vm| &*vm.groups))),
            ],
        )
    }

    /// The hosts of a fleet: by a name, a pattern, `rack:R`, `site:S`, `label:L`, or `*` for all.
    pub(super) fn hosts(fleet: &'a Fleet) -> Self {
        let hosts = || fleet.hosts.iter();
        Self::new(
            "host",
            hosts().map(|host| &*host.name).collect(),
            vec![
                ("rack", members(hosts().map(|host| host.rack.as_slice()))),
                ("site", members(hosts().map(|host| host.site.as_slice()))),
                ("label", members(hosts().map(|host| &*host.labels))),
            ],
        )
    }

    fn new(
        what: &'static str,
        names: Vec<&'a str>,
        prefixes: Vec<(&'static str, HashMap<&'a str, Vec<usize>>)>,
    ) -> Self {
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, &name) in names.iter().enumerate() {
            named.entry(name).or_default().push(index);
        }
        Self { what, names, named, prefixes }
    }

    /// The members that a list of words means, sorted.
    pub(super) fn of(&self, words: &[Spanned<String>]) -> Result<Vec<usize>, Wrong> {
        let mut chosen = Vec::new();
        for word in words {
            chosen.extend(self.word(word.get_ref()).map_err(|(what, name, mut known)| {
                known.sort_unstable();
                known.dedup();
                unknown(what, name, &word.span(), &known)
            })?);
        }
        chosen.sort_unstable();
        chosen.dedup();
        Ok(chosen)
    }

    /// The members that a word means; or what kind of name it is, the name, and those there are.
    fn word<'w>(&'w self, word: &'w str) -> Result<Vec<usize>, (&'w str, &'w str, Vec<&'w str>)> {
        let prefixed = word.split_once(':').and_then(|(prefix, value)| {
            let known = self.prefixes.iter().find(|(known, _)| *known == prefix);
            known.map(|(prefix, values)| (*prefix, values, value))
        });
        if let Some((prefix, values, name)) = prefixed {
            let known = || values.keys().copied().collect();
            return values.get(name).cloned().ok_or_else(|| (prefix, name, known()));
        }
        let chosen = if word.contains('*') {
            (0..self.names.len()).filter(|&index| matches(word, self.names[index])).collect()
        } else {
            self.named.get(word).cloned().unwrap_or_default()
        };
        if chosen.is_empty() { Err((self.what, word, self.names.clone())) } else { Ok(chosen) }
    }
}

/// The members that have each value.
fn members<'a>(values: impl Iterator<Item = &'a [String]>) -> HashMap<&'a str, Vec<usize>> {
    let mut members: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, values) in values.enumerate() {
        for value in values {
            members.entry(value).or_default().push(index);
        }
    }
    members
}

/// A name that nothing bears, with those that were likely meant.
pub(super) fn unknown(what: &str, name: &str, span: &Range<usize>, known: &[&str]) -> Wrong {
    const SHOWN: usize = 12;
    let hint = match known {
        [] => "there is none".to_owned(),
        known if known.len() <= SHOWN => suggestion(name, known.iter().copied()),
        known => match &crate::names::nearest(name, known.iter().copied())[..] {
            [] => format!("there are {}", known.len()),
            [near, ..] => format!("did you mean {near:?}?"),
        },
    };
    wrong(span, what, &format!("the name of a {what} ({hint})"), format!("{name:?}"))
}

/// Whether a name fits a pattern, in which every `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name) in [
            ("web", "web"),
            ("*", ""),
            ("web-*", "web-12"),
            ("*b*b", "abcb"),
            ("a*", "a"),
            ("*-db-*", "x-db-1"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("web", "web-1"), ("web-*", "we"), ("*b*b", "ab"), ("a*a", "a"), ("", "a")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
