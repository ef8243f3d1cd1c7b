//! The policies of the study, by name.

use std::fmt;

use super::detectors::Detector;
use super::selection::Selection;

/// A policy: how VMs start and move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy {
    /// `dvfs`: VMs start on the first hosts that they fit, and never move.
    Dvfs,
    /// `best`: vmpack's own, which packs by memory and moves little.
    Best {
        /// The share of VMs that start on hosts as fast as they are, of those for which somewhat slower ones would
        /// do: 0.1 for `best`, or as in `best-1`, which spends energy on service.
        reserve: f64,
    },
    /// `thr-mmt-0.8` and the like: over-loaded hosts give VMs away, under-loaded ones are emptied, VMs are placed by
    /// power-aware best fit decreasing.
    Heuristic {
        /// When a host is over-loaded.
        detector: Detector,
        /// Which VM it gives away.
        selection: Selection,
    },
}

const SELECTIONS: [(&str, Selection); 4] = [
    ("mmt", Selection::MinimumMigrationTime),
    ("mc", Selection::MaximumCorrelation),
    ("mu", Selection::MinimumUtilisation),
    ("rs", Selection::Random),
];

/// Names of detectors, and the parameters that the study gives them.
const DETECTORS: [(&str, &str); 5] =
    [("thr", "0.8"), ("iqr", "1.5"), ("mad", "2.5"), ("lr", "1.2"), ("lrr", "1.2")];

/// The reserve of `best`.
const RESERVE: f64 = 0.1;

impl Policy {
    /// The policy of that name, with any parameter above 0.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "dvfs" => return Some(Self::Dvfs),
            "best" => return Some(Self::Best { reserve: RESERVE }),
            _ => {}
        }
        if let Some(reserve) = name.strip_prefix("best-") {
            let reserve = reserve.parse().ok().filter(|share| (0.0..=1.0).contains(share))?;
            return Some(Self::Best { reserve });
        }
        let mut parts = name.splitn(3, '-');
        let (detector, selection, parameter) = (parts.next()?, parts.next()?, parts.next()?);
        let parameter: f64 = parameter.parse().ok().filter(|&p: &f64| p.is_finite() && p > 0.0)?;
        let detector = match detector {
            "thr" => Detector::Threshold(parameter),
            "iqr" => Detector::InterquartileRange(parameter),
            "mad" => Detector::MedianAbsoluteDeviation(parameter),
            "lr" => Detector::LocalRegression { safety: parameter, robust: false },
            "lrr" => Detector::LocalRegression { safety: parameter, robust: true },
            _ => return None,
        };
        let (_, selection) = SELECTIONS.iter().find(|(name, _)| *name == selection)?;
        Some(Self::Heuristic { detector, selection: *selection })
    }

    /// The names of all policies, those of the study with their usual parameters.
    pub fn names() -> Vec<String> {
        let heuristics = DETECTORS.iter().flat_map(|(detector, parameter)| {
            SELECTIONS
                .iter()
                .map(move |(selection, _)| format!("{detector}-{selection}-{parameter}"))
        });
        ["dvfs", "best", "best-1"].map(str::to_owned).into_iter().chain(heuristics).collect()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (detector, selection) = match self {
            Self::Dvfs => return f.write_str("dvfs"),
            Self::Best { reserve: RESERVE } => return f.write_str("best"),
            Self::Best { reserve } => return write!(f, "best-{reserve}"),
            Self::Heuristic { detector, selection } => (detector, selection),
        };
        let (detector, parameter) = match detector {
            Detector::Threshold(p) => ("thr", p),
            Detector::InterquartileRange(p) => ("iqr", p),
            Detector::MedianAbsoluteDeviation(p) => ("mad", p),
            Detector::LocalRegression { safety, robust: false } => ("lr", safety),
            Detector::LocalRegression { safety, robust: true } => ("lrr", safety),
        };
        let selection = SELECTIONS.iter().find(|(_, known)| known == selection);
        let selection = selection.map_or("", |(name, _)| name);
        write!(f, "{detector}-{selection}-{parameter}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let names = Policy::names();
        assert_eq!(names.len(), 23);
        for name in names {
            let policy = Policy::named(&name).expect("a known name");
            assert_eq!(policy.to_string(), name);
        }
        for wrong in [
            "",
            "thr",
            "thr-mmt",
            "thr-mmt-",
            "thr-mmt-x",
            "thr-mmt--1",
            "thr-xx-0.8",
            "best-2",
            "best-",
        ] {
            assert_eq!(Policy::named(wrong), None, "{wrong}");
        }
    }
}
