//! The line form of placements: what a wrapper of ten lines can print.
//!
//! One line per host, or per number of hosts that are filled alike:
//!
//! ```text
//! host <type> [x<number>]: <item>[.<alternative>][x<count>] ...
//! ```
//!
//! Types, items and alternatives are counted from 0, in the order of the instance.

use std::collections::BTreeMap;

use vmpack_model::Value;
use vmpack_model::packing::{Instance, Pattern, Placement};

const EXPECTED: &str = "`host <type> [x<number>]: <item>[.<alternative>][x<count>] ...`";

/// The placement in the lines that begin with `host`, and what its hosts cost together; `None` if there
/// is no such line. All other lines are passed over.
///
/// # Errors
/// The line that cannot be understood, or names what the instance does not have.
pub fn placement(instance: &Instance, text: &str) -> Result<Option<(Placement, Value)>, String> {
    let mut patterns: BTreeMap<Pattern, u64> = BTreeMap::new();
    let mut cost: i128 = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let Some(rest) = line.trim().strip_prefix("host ") else { continue };
        let wrong = |reason| format!("line {number}: expected {EXPECTED}: {reason}");
        let (pattern, hosts) = filled(instance, rest).map_err(wrong)?;
        let more = i128::from(instance.hosts()[pattern.host].cost).checked_mul(hosts.into());
        cost = more
            .and_then(|more| cost.checked_add(more))
            .ok_or_else(|| wrong("the cost of all hosts exceeds 127 bits".to_owned()))?;
        let known = patterns.entry(pattern).or_default();
        *known = known
            .checked_add(hosts)
            .ok_or_else(|| wrong("the number of such hosts exceeds 64 bits".to_owned()))?;
    }
    let placement = Placement { patterns: patterns.into_iter().collect(), ..Placement::default() };
    Ok((!placement.patterns.is_empty()).then_some((placement, Value::from(cost))))
}

/// What follows `host `.
fn filled(instance: &Instance, text: &str) -> Result<(Pattern, u64), String> {
    let (head, items) = text.split_once(':').ok_or_else(|| format!("found {text:?}"))?;
    let (host, hosts) = match *head.split_whitespace().collect::<Vec<_>>() {
        [host] => (index(host, instance.hosts().len(), "host type")?, 1),
        [host, times] => {
            let hosts = times.strip_prefix('x').ok_or_else(|| format!("found {times:?}"))?;
            (index(host, instance.hosts().len(), "host type")?, positive(hosts)?)
        }
        _ => return Err(format!("found {head:?}")),
    };
    let mut vms: BTreeMap<usize, u64> = BTreeMap::new();
    for word in items.split_whitespace() {
        let (item, count) = word.split_once('x').unwrap_or((word, "1"));
        let (item, alternative) = item.split_once('.').unwrap_or((item, "0"));
        let rows = &instance.vms()[index(item, instance.vms().len(), "item")?].rows;
        let row = rows.start + index(alternative, rows.len(), "alternative")?;
        let known = vms.entry(row).or_default();
        *known = known
            .checked_add(positive(count)?)
            .ok_or_else(|| format!("the count of item {item} exceeds 64 bits"))?;
    }
    Ok((Pattern { host, vms: vms.into_iter().collect() }, hosts))
}

fn index(text: &str, len: usize, what: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&index| index < len).ok_or_else(|| match len {
        0 => format!("found {what} {text:?}, and there is none"),
        _ => format!("found {what} {text:?}, and there are 0 to {}", len - 1),
    })
}

fn positive(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|&count| count > 0)
        .ok_or_else(|| format!("found {text:?} where a positive number belongs"))
}

#[cfg(test)]
mod tests {
    use vmpack_datasets::format;
    use vmpack_model::AnyInstance;

    use super::*;

    /// Two host types of cost 100 and 130; item 1 has two alternatives.
    fn instance() -> Instance {
        let text = b"1\n2\n10 100 -1\n20 130 2\n2\n1 5\n2\n2 3\n8\n4\n";
        let mvp = format("mvp").expect("a known format");
        match mvp.read(text, "two").expect("a valid instance") {
            AnyInstance::Packing(instance) => instance,
            AnyInstance::Allocation(_) => unreachable!("the format holds packings"),
        }
    }

    #[test]
    fn lines_are_hosts_and_everything_else_is_talk() {
        let text = "reading\nhost 0 x2: 0x2 1.1\n  host 1: 1.0 0 1.1x1 0\r\nhosts opened: 3\n\
                    host 0 x1: 1.1 0 0\nhost 1:\n";
        let (found, cost) = placement(&instance(), text).expect("valid").expect("some hosts");
        let pattern = |host, vms: &[(usize, u64)]| Pattern { host, vms: vms.to_vec() };
        let expected = [
            (pattern(0, &[(0, 2), (2, 1)]), 3),
            (pattern(1, &[]), 1),
            (pattern(1, &[(0, 2), (1, 1), (2, 1)]), 1),
        ];
        assert_eq!(found.patterns, expected);
        assert_eq!(cost, Value::from(560_u64));
        let nothing = placement(&instance(), "no solution\n\n").expect("valid");
        assert_eq!(nothing, None);
    }

    #[test]
    fn lines_that_cannot_be_understood_are_named() {
        for (line, expected) in [
            ("host 2: 0", "found host type \"2\", and there are 0 to 1"),
            ("host 0: 2", "found item \"2\", and there are 0 to 1"),
            ("host 0: 0.1", "found alternative \"1\", and there are 0 to 0"),
            ("host 0: 0x-1", "found \"-1\" where a positive number belongs"),
            ("host 0: 0x0", "found \"0\" where"),
            ("host 0 x0: 0", "found \"0\" where"),
            ("host 0 2: 0", "found \"2\""),
            ("host : 0", "found \"\""),
            ("host 0 0 0: 0", "found \"0 0 0\""),
            ("host started", "found \"started\""),
            ("host 0: 0x18446744073709551615 0", "the count of item 0 exceeds 64 bits"),
        ] {
            let error = placement(&instance(), &format!("first\n{line}\n")).expect_err(line);
            assert!(error.starts_with("line 2: expected `host <type>"), "{error}");
            assert!(error.contains(expected), "{line}: {error}");
        }
        let twice = "host 0 x18446744073709551615: 0\n".repeat(2);
        let error = placement(&instance(), &twice).expect_err("too many");
        assert!(error.contains("the number of such hosts exceeds 64 bits"), "{error}");
    }
}
