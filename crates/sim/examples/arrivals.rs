//! Prints what every policy makes of a trace of arrivals, with exact and with wrong lifetimes.
//!
//! ```sh
//! cargo run --release -p vmpack-sim --example arrivals -- TRACE 1100x64c256g [finished-only] [POLICY...]
//! ```

#![expect(clippy::unwrap_used, reason = "a program for developers stops where it fails")]

use std::path::Path;
use std::time::Instant;

use vmpack_sim::arrivals::format::{self, Options};
use vmpack_sim::arrivals::policy::{POLICIES, Setting};
use vmpack_sim::arrivals::{Arrival, Fleet, Predictor, Replay};

/// Standard deviations of the logarithm of predicted lifetimes.
const SIGMAS: &[f64] = &[0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 15.0];

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let finished_only = arguments.iter().position(|argument| argument == "finished-only");
    finished_only.map(|at| arguments.remove(at));
    let [path, cluster, policies @ ..] = &arguments[..] else { panic!("TRACE CLUSTER") };
    let options = Options { finished_only: finished_only.is_some(), ..Options::default() };
    let mut trace = format::open(Path::new(path), None, options).unwrap();
    let fleet = Fleet::parse(cluster, &trace.resources, trace.host.as_ref()).unwrap();
    let arrivals: Vec<Arrival> = trace.arrivals.by_ref().map(Result::unwrap).collect();
    for policy in POLICIES {
        if !policies.is_empty() && !policies.iter().any(|name| name == policy.name) {
            continue;
        }
        for &sigma in if policy.name == "lifetime" { SIGMAS } else { &SIGMAS[..1] } {
            let predictor = Predictor::new(sigma, 0);
            let setting = Setting {
                fleet: &fleet,
                least: &trace.least,
                predictor: &predictor,
                ticks_per_day: trace.ticks_per_day,
                seed: 1,
            };
            let start = Instant::now();
            let rule = (policy.build)(setting);
            let mut replay = Replay::new(&fleet, rule, predictor.clone(), trace.end);
            for arrival in &arrivals {
                replay.arrive(arrival);
            }
            let outcome = replay.finish();
            let seconds = start.elapsed().as_secs_f64();
            let days = |time: u128| time as f64 / trace.ticks_per_day as f64;
            let (time, bound) = (outcome.server_time, outcome.server_time_lower_bound);
            println!(
                "{:<12} sigma {sigma:<5} {:9.2} server days, bound {:9.2}, over {:6.2} %, peak {}, rejected {}, \
                 {} events in {seconds:.3} s",
                policy.name,
                days(time),
                days(bound),
                (time as f64 / bound as f64 - 1.0) * 100.0,
                outcome.peak_hosts,
                outcome.rejected,
                outcome.events(),
            );
        }
    }
}
