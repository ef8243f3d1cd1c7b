//! The external form of placement rules: names instead of indices.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use ndarray::Array2;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vmpack_model::packing::{Demand, Instance, Level, Ratio, Rule, Strength};

use super::super::ReadError;
use super::named::{list, unknown};

/// A rule: its form, what it is about, and its price if it may be broken.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub(super) enum RuleFile {
    /// The VMs run on hosts of these types only. Violations: VMs elsewhere.
    Restrict {
        /// The name of the rule.
        name: String,
        /// The names of VM types.
        vms: Vec<String>,
        /// The names of host types.
        hosts: Vec<String>,
        /// What a violation costs; absent if there may be none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<u64>,
    },
    /// No domain holds more than `most` of the VMs. Violations: VMs above it.
    AtMost {
        /// The name of the rule.
        name: String,
        /// The names of VM types.
        vms: Vec<String>,
        /// How many VMs a domain may hold.
        #[schemars(range(min = 1))]
        most: u64,
        /// The extent of a domain.
        within: LevelFile,
        /// What a violation costs; absent if there may be none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<u64>,
    },
    /// One domain holds all of the VMs. Violations: domains beyond the first.
    Together {
        /// The name of the rule.
        name: String,
        /// The names of VM types.
        vms: Vec<String>,
        /// The extent of a domain.
        within: LevelFile,
        /// What a violation costs; absent if there may be none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<u64>,
    },
    /// At least `least` domains hold some of the VMs. Violations: domains missing.
    Spread {
        /// The name of the rule.
        name: String,
        /// The names of VM types.
        vms: Vec<String>,
        /// The number of domains.
        least: u64,
        /// The extent of a domain.
        over: LevelFile,
        /// What a violation costs; absent if there may be none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<u64>,
    },
    /// No domain holds VMs of two classes. Violations: classes in a domain beyond the first.
    Separate {
        /// The name of the rule.
        name: String,
        /// Sets of names of VM types, none in two of them.
        classes: Vec<Vec<String>>,
        /// The extent of a domain.
        within: LevelFile,
        /// What a violation costs; absent if there may be none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<u64>,
    },
    /// Any so many hosts of these types may fail, and their VMs fit on the others of them.
    Survive {
        /// The name of the rule.
        name: String,
        /// The names of host types.
        hosts: Vec<String>,
        /// How many hosts may fail at once.
        #[schemars(range(min = 1))]
        failures: u64,
    },
}

/// The extent of a domain.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Level")]
pub(super) enum LevelFile {
    /// Every single host.
    Host,
    /// The hosts of a rack; a host type without one is a rack of its own.
    Rack,
    /// The hosts of a site; a host type without one is a site of its own.
    Site,
}

impl From<Level> for LevelFile {
    fn from(level: Level) -> Self {
        match level {
            Level::Host => Self::Host,
            Level::Rack => Self::Rack,
            Level::Site => Self::Site,
        }
    }
}

impl From<LevelFile> for Level {
    fn from(level: LevelFile) -> Self {
        match level {
            LevelFile::Host => Self::Host,
            LevelFile::Rack => Self::Rack,
            LevelFile::Site => Self::Site,
        }
    }
}

/// What running one VM of a type on a host of a type costs beyond the host.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Price")]
pub(super) struct PriceFile {
    /// The name of a VM type.
    vm: String,
    /// The name of a host type.
    host: String,
    /// The cost of each VM.
    price: u64,
}

/// A ratio such as `4/1`: four units sold for each that the hardware has.
#[derive(Clone, Copy, Debug)]
pub(super) struct RatioFile(pub(super) Ratio);

impl fmt::Display for RatioFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.sold, self.0.real)
    }
}

impl FromStr for RatioFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (sold, real) = text.split_once('/').unwrap_or((text, "1"));
        match (sold.parse(), real.parse()) {
            (Ok(sold), Ok(real)) if sold > 0 && real > 0 => Ok(Self(Ratio { sold, real })),
            _ => Err(format!("expected a ratio of positive integers such as 4/1, found {text:?}")),
        }
    }
}

impl Serialize for RatioFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RatioFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for RatioFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ratio".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Units sold for units of hardware, such as \"4/1\" or \"3/2\".",
            "type": "string",
            "pattern": "^[0-9]+(/[0-9]+)?$"
        })
    }
}

/// Finds VM types and host types by name.
pub(super) struct Names<'a> {
    vms: HashMap<&'a str, usize>,
    hosts: HashMap<&'a str, usize>,
    instance: &'a Instance,
}

impl<'a> Names<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        let vms = instance.vms().iter().enumerate().map(|(i, vm)| (vm.name.as_str(), i));
        let hosts = instance.hosts().iter().enumerate().map(|(t, host)| (host.name.as_str(), t));
        Self { vms: vms.collect(), hosts: hosts.collect(), instance }
    }

    fn vm(&self, field: &str, name: &str) -> Result<usize, ReadError> {
        let known = || list(self.instance.vms().iter().map(|vm| vm.name.as_str()));
        self.vms.get(name).copied().ok_or_else(|| unknown(field, "VM type", name, known()))
    }

    fn host(&self, field: &str, name: &str) -> Result<usize, ReadError> {
        let known = || list(self.instance.hosts().iter().map(|host| host.name.as_str()));
        self.hosts.get(name).copied().ok_or_else(|| unknown(field, "host type", name, known()))
    }

    /// The price matrix; `None` if there are no prices.
    pub(super) fn prices(&self, prices: &[PriceFile]) -> Result<Option<Array2<u64>>, ReadError> {
        if prices.is_empty() {
            return Ok(None);
        }
        let shape = (self.instance.vms().len(), self.instance.hosts().len());
        let mut given: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for (p, price) in prices.iter().enumerate() {
            let vm = self.vm(&format!("prices[{p}].vm"), &price.vm)?;
            let host = self.host(&format!("prices[{p}].host"), &price.host)?;
            if given.insert((vm, host), price.price).is_some() {
                return Err(ReadError {
                    line: None,
                    field: format!("prices[{p}]"),
                    expected: "one price for a VM type on a host type".to_owned(),
                    found: format!("another for {:?} on {:?}", price.vm, price.host),
                });
            }
        }
        Ok(Some(Array2::from_shape_fn(shape, |at| given.get(&at).copied().unwrap_or(0))))
    }

    pub(super) fn rule(&self, r: usize, file: RuleFile) -> Result<Rule, ReadError> {
        let vms = |member: &str, names: &[String]| {
            sorted(&format!("rules[{r}].{member}"), names, |field, name| self.vm(field, name))
        };
        let hosts = |names: &[String]| {
            sorted(&format!("rules[{r}].hosts"), names, |field, name| self.host(field, name))
        };
        let (name, demand, price) = match file {
            RuleFile::Restrict { name, vms: group, hosts: places, price } => {
                let demand = Demand::Restrict { vms: vms("vms", &group)?, hosts: hosts(&places)? };
                (name, demand, price)
            }
            RuleFile::AtMost { name, vms: group, most, within, price } => {
                positive(&format!("rules[{r}].most"), most)?;
                let vms = vms("vms", &group)?;
                (name, Demand::AtMost { vms, most, within: within.into() }, price)
            }
            RuleFile::Together { name, vms: group, within, price } => {
                let vms = vms("vms", &group)?;
                (name, Demand::Together { vms, within: within.into() }, price)
            }
            RuleFile::Spread { name, vms: group, least, over, price } => {
                let vms = vms("vms", &group)?;
                (name, Demand::Spread { vms, least, over: over.into() }, price)
            }
            RuleFile::Separate { name, classes, within, price } => {
                let class =
                    |(c, names): (usize, &Vec<String>)| vms(&format!("classes[{c}]"), names);
                let classes = classes.iter().enumerate().map(class).collect::<Result<_, _>>()?;
                (name, Demand::Separate { classes, within: within.into() }, price)
            }
            RuleFile::Survive { name, hosts: places, failures } => {
                positive(&format!("rules[{r}].failures"), failures)?;
                (name, Demand::Survive { hosts: hosts(&places)?, failures }, None)
            }
        };
        let strength = price.map_or(Strength::Hard, |price| Strength::Soft { price });
        Ok(Rule { name, demand, strength })
    }
}

fn positive(field: &str, number: u64) -> Result<(), ReadError> {
    if number > 0 {
        return Ok(());
    }
    Err(ReadError {
        line: None,
        field: field.to_owned(),
        expected: "a number above 0".to_owned(),
        found: "0".to_owned(),
    })
}

/// The indices of names in increasing order, none twice.
fn sorted(
    field: &str,
    names: &[String],
    find: impl Fn(&str, &str) -> Result<usize, ReadError>,
) -> Result<Vec<usize>, ReadError> {
    let mut found = BTreeMap::new();
    for (i, name) in names.iter().enumerate() {
        let field = format!("{field}[{i}]");
        if found.insert(find(&field, name)?, i).is_some() {
            return Err(ReadError {
                line: None,
                field,
                expected: "a name that does not stand there already".to_owned(),
                found: format!("{name:?}"),
            });
        }
    }
    Ok(found.into_keys().collect())
}

impl RuleFile {
    pub(super) fn from_rule(instance: &Instance, rule: &Rule) -> Self {
        let vms = |set: &[usize]| set.iter().map(|&i| instance.vms()[i].name.clone()).collect();
        let hosts = |set: &[usize]| set.iter().map(|&t| instance.hosts()[t].name.clone()).collect();
        let name = rule.name.clone();
        let price = match rule.strength {
            Strength::Hard => None,
            Strength::Soft { price } => Some(price),
        };
        match &rule.demand {
            Demand::Restrict { vms: group, hosts: places } => {
                Self::Restrict { name, vms: vms(group), hosts: hosts(places), price }
            }
            Demand::AtMost { vms: group, most, within } => {
                let within = (*within).into();
                Self::AtMost { name, vms: vms(group), most: *most, within, price }
            }
            Demand::Together { vms: group, within } => {
                Self::Together { name, vms: vms(group), within: (*within).into(), price }
            }
            Demand::Spread { vms: group, least, over } => {
                let over = (*over).into();
                Self::Spread { name, vms: vms(group), least: *least, over, price }
            }
            Demand::Separate { classes, within } => {
                let classes = classes.iter().map(|class| vms(class)).collect();
                Self::Separate { name, classes, within: (*within).into(), price }
            }
            Demand::Survive { hosts: places, failures } => {
                Self::Survive { name, hosts: hosts(places), failures: *failures }
            }
        }
    }
}

impl PriceFile {
    /// All prices of an instance but those of nothing.
    pub(super) fn of(instance: &Instance) -> Vec<Self> {
        let prices = instance.rules().prices.iter().flat_map(|prices| prices.indexed_iter());
        let paid = prices.filter(|&(_, &price)| price > 0);
        paid.map(|((vm, host), &price)| Self {
            vm: instance.vms()[vm].name.clone(),
            host: instance.hosts()[host].name.clone(),
            price,
        })
        .collect()
    }
}
