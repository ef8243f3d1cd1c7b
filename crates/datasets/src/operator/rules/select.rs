//! Words that choose VMs and hosts: `web`, `web-*`, `tenant:bank`, `rack:r1`.

use std::ops::Range;

use toml::Spanned;

use super::super::fleet::Fleet;
use super::{Wrong, wrong};
use crate::names::suggestion;

/// What words choose from.
struct Choice<'a> {
    what: &'a str,
    names: Vec<&'a str>,
    /// The prefixes of words, with what each member has of each.
    prefixes: Vec<(&'static str, Vec<&'a [String]>)>,
}

/// The VMs of a list of words, sorted: a name, a pattern of names with `*`, `tenant:T`, `group:G`, or `*` for all.
pub(super) fn vms(fleet: &Fleet, words: &[Spanned<String>]) -> Result<Vec<usize>, Wrong> {
    let vms = || fleet.vms.iter();
    let choice = Choice {
        what: "VM",
        names: vms().map(|vm| &*vm.name).collect(),
        prefixes: vec![
            ("tenant", vms().map(|vm| vm.tenant.as_slice()).collect()),
            ("group", vms().map(|vm| &*vm.groups).collect()),
        ],
    };
    choice.of(words)
}

/// The hosts of a list of words, sorted: a name, a pattern, `rack:R`, `site:S`, `label:L`, or `*` for all.
pub(super) fn hosts(fleet: &Fleet, words: &[Spanned<String>]) -> Result<Vec<usize>, Wrong> {
    let hosts = || fleet.hosts.iter();
    let choice = Choice {
        what: "host",
        names: hosts().map(|host| &*host.name).collect(),
        prefixes: vec![
            ("rack", hosts().map(|host| host.rack.as_slice()).collect()),
            ("site", hosts().map(|host| host.site.as_slice()).collect()),
            ("label", hosts().map(|host| &*host.labels).collect()),
        ],
    };
    choice.of(words)
}

impl Choice<'_> {
    fn of(&self, words: &[Spanned<String>]) -> Result<Vec<usize>, Wrong> {
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
        let chosen = |fits: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..self.names.len()).filter(|&index| fits(index)).collect()
        };
        if let Some((prefix, values, name)) = prefixed {
            let chosen = chosen(&|index| values[index].iter().any(|value| value == name));
            if chosen.is_empty() {
                let known = values.iter().copied().flatten().map(|value| &**value).collect();
                return Err((prefix, name, known));
            }
            return Ok(chosen);
        }
        let chosen = chosen(&|index| matches(word, self.names[index]));
        if chosen.is_empty() { Err((self.what, word, self.names.clone())) } else { Ok(chosen) }
    }
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
