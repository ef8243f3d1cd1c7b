//! Replays of three VMs on two hosts, whose policies claim what they like.

use vmpack_check::replay::arrivals::{Arrivals, derive};
use vmpack_check::replay::{Deed, Judged, Matrix, Step, refuted};
use vmpack_harness::{Accepted, Refusal, Replayed, Scenario, Simulator, Wanted};
use vmpack_results::{Metric, Replay};

/// The policies, with the server time that they claim and the host that they put the second VM on.
const POLICIES: [(&str, f64, u64); 3] =
    [("honest", 5.0, 1), ("liar", 4.5, 1), ("overfull", 3.0, 0)];

/// Whether it is asked for one of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rigged;

fn policy(scenario: &Scenario) -> Option<(&'static str, f64, u64)> {
    let asked = scenario.policy.as_deref();
    POLICIES.into_iter().find(|(name, ..)| Some(*name) == asked)
}

impl Simulator for Rigged {
    fn drawn<'a>(&self, trace: &'a str) -> Option<&'a str> {
        Some(trace).filter(|trace| *trace == "drawn")
    }

    fn accept(&self, scenario: &Scenario) -> Result<Accepted, Refusal> {
        let (name, ..) = policy(scenario).ok_or_else(|| Refusal::new("policy", "unheard of"))?;
        Ok(Accepted {
            policy: name.to_owned(),
            replay: Replay {
                kind: "rigged".to_owned(),
                settings: std::collections::BTreeMap::new(),
            },
            randomised: false,
            files: Vec::new(),
        })
    }

    fn replay(&self, scenario: &Scenario, wanted: Wanted) -> Result<Replayed, String> {
        let (_, claimed, second) = policy(scenario).ok_or("unheard of")?;
        let log = [
            (0, 0, Deed::Placed(0)),
            (0, 1, Deed::Placed(second)),
            (1, 2, Deed::Placed(0)),
            (2, 0, Deed::Left),
            (2, 1, Deed::Left),
            (3, 2, Deed::Left),
        ];
        let log: Vec<Step> = log.map(Step::from).into();
        let series = ("periods".to_owned(), "time_s,hosts_on\n0,2\n".to_owned());
        Ok(Replayed {
            metrics: vec![("server_days".to_owned(), Metric::real(claimed, "days"))],
            log: serde_json::value::to_raw_value(&log).map_err(|error| error.to_string())?,
            series: if wanted.series { vec![series] } else { Vec::new() },
            reading: (0.0, 0.0),
        })
    }

    fn judge(&self, _scenario: &Scenario, replayed: &Replayed) -> Result<Judged, String> {
        let (mut hosts, mut demands) = (Matrix::new(1), Matrix::new(1));
        (0..2).for_each(|_| hosts.push(&[10]));
        for vm in [6, 6, 4] {
            demands.push(&[vm]);
        }
        let lives = vec![(0, Some(2)), (0, Some(2)), (1, Some(3))];
        let end = Some(3);
        let asked = Arrivals { hosts, demands, lives, end, ticks_per_day: 1, may_wait: false };
        let log: Vec<Step> =
            serde_json::from_str(replayed.log.get()).map_err(|error| error.to_string())?;
        let claimed = replayed.metrics.iter();
        let claimed = claimed.map(|(name, metric)| (name.clone(), metric.value.to_f64())).collect();
        Ok(match derive(&asked, &log) {
            Ok(derived) => derived.judge(&claimed),
            Err(fault) => refuted(fault),
        })
    }
}
