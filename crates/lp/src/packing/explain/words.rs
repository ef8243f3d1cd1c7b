//! Conflicts in words.

use vmpack_model::packing::{Demand, Instance, Level};

use super::Explanation;

impl Explanation {
    /// The conflict in one sentence for a person, by the names of the instance.
    ///
    /// # Panics
    /// If the explanation is of another instance and speaks of what this one does not have.
    pub fn sentence(&self, instance: &Instance) -> String {
        let vm = |vm: usize| format!("{:?}", instance.vms()[vm].name);
        let host = |host: usize| format!("{:?}", instance.hosts()[host].name);
        let vms = self.vms.iter().map(|&(index, n)| {
            let plural = if n == 1 { "VM" } else { "VMs" };
            format!("{n} {plural} of {}", vm(index))
        });
        let resources = self.resources.iter();
        let resources = resources
            .map(|&k| format!("the capacity of hosts for {:?}", instance.resources()[k].name));
        let stock = self.stock.iter().map(|&t| {
            let n = instance.hosts()[t].stock.unwrap_or(u64::MAX);
            format!("the stock of {n} {}", host(t))
        });
        let rules = self.rules.iter().map(|&index| {
            let rule = &instance.rules().rules[index];
            format!("the rule {:?} ({})", rule.name, asks(instance, &rule.demand))
        });
        let parts: Vec<String> = vms.chain(resources).chain(stock).chain(rules).collect();
        let proved = match (parts.len(), self.irreducible) {
            (_, false) => "; not shown to be minimal",
            (1, true) => "",
            (_, true) => "; without any one of these the others can",
        };
        let verb = if parts.len() == 1 { "hold" } else { "hold together" };
        format!("{} cannot {verb}{proved}.", list(&parts, "and"))
    }
}

/// What a rule asks for.
fn asks(instance: &Instance, demand: &Demand) -> String {
    let vms = |vms: &[usize]| names(vms.iter().map(|&vm| &instance.vms()[vm].name), "or");
    let all = |vms: &[usize]| names(vms.iter().map(|&vm| &instance.vms()[vm].name), "and");
    let hosts = |hosts: &[usize]| names(hosts.iter().map(|&t| &instance.hosts()[t].name), "or");
    match demand {
        Demand::Restrict { vms, hosts: places } if places.is_empty() => {
            format!("{} on no host", all(vms))
        }
        Demand::Restrict { vms, hosts: places } => {
            format!("{} on {} only", all(vms), hosts(places))
        }
        Demand::AtMost { vms: group, most, within } => {
            format!("at most {most} of {} per {}", vms(group), place(*within))
        }
        Demand::Together { vms, within } => format!("{} in one {}", all(vms), place(*within)),
        Demand::Spread { vms, least, over } => {
            format!("{} over at least {least} {}s", all(vms), place(*over))
        }
        Demand::Separate { classes, within } => {
            let classes: Vec<String> = classes.iter().map(|class| all(class)).collect();
            format!("not in one {}: {}", place(*within), classes.join(" with "))
        }
        Demand::Survive { hosts: places, failures } => {
            format!("any {failures} of the hosts {} may fail", hosts(places))
        }
    }
}

fn place(level: Level) -> &'static str {
    match level {
        Level::Host => "host",
        Level::Rack => "rack",
        Level::Site => "site",
    }
}

/// Names in quotes; the first few of many.
fn names<'a>(names: impl Iterator<Item = &'a String>, word: &str) -> String {
    const SHOWN: usize = 4;
    let mut quoted: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    if quoted.len() > SHOWN + 1 {
        let rest = quoted.len() - SHOWN;
        quoted.truncate(SHOWN);
        quoted.push(format!("{rest} more"));
    }
    list(&quoted, word)
}

/// `a, b and c`.
fn list(items: &[String], word: &str) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} {word} {last}", others.join(", ")),
    }
}
