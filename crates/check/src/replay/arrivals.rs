//! Replays of VMs that come and go.

use super::bound::Needed;
use super::{Audit, Deed, Derived, Fault, Matrix, Step, ensure};

/// What the trace says of VMs, and what the replay was asked.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// What hosts have.
    pub hosts: Matrix,
    /// What VMs demand, in the order of the trace.
    pub demands: Matrix,
    /// When each VM comes, and when it leaves if that is known; in ticks.
    pub lives: Vec<(u64, Option<u64>)>,
    /// When the trace ends; with its last event if it does not say.
    pub end: Option<u64>,
    /// Ticks per day.
    pub ticks_per_day: u64,
    /// Whether VMs may wait, or are placed when they come.
    pub may_wait: bool,
}

/// Follows the log of a replay and derives its metrics.
///
/// # Errors
/// If the log cannot be true: see [`Audit::step`]; a VM is placed before it comes, or later although nobody may wait;
/// it leaves at another time than it should, or never.
pub fn derive(asked: &Arrivals, log: &[Step]) -> Result<Derived, Fault> {
    let Arrivals { hosts, demands, lives, .. } = asked;
    let mut audit = Audit::new(hosts, demands);
    let mut needed = Needed::new(hosts);
    // When each VM that is there has to leave.
    let mut due: Vec<Option<u64>> = vec![None; lives.len()];
    let (mut placed, mut departures, mut waited) = (0_u64, 0_u64, 0_u64);
    let (mut waiting, mut longest) = (0_u128, 0);
    let mut last = 0;
    for step in log {
        audit.step(step)?;
        let Step { time, vm, what } = *step;
        let (arrival, end) = lives[vm as usize];
        last = time;
        needed.change(time, demands.row(vm as usize), what != Deed::Left);
        match what {
            Deed::Placed(_) => {
                ensure(time >= arrival, || {
                    format!("VM {vm} is placed at {time}, before {arrival}")
                })?;
                let wait = time - arrival;
                ensure(wait == 0 || asked.may_wait, || format!("VM {vm} waits until {time}"))?;
                placed += 1;
                waited += u64::from(wait > 0);
                waiting += u128::from(wait);
                longest = longest.max(wait);
                // Who would leave after the end of the trace is still there then, and then its life is not known.
                let is_within = |end: &u64| asked.end.is_none_or(|last| *end <= last);
                let end = end.filter(is_within).map(|end| end.max(arrival).saturating_add(wait));
                due[vm as usize] = end.filter(is_within);
            }
            Deed::Left => {
                let due = due[vm as usize].take();
                ensure(due == Some(time), || match due {
                    Some(due) => format!("VM {vm} leaves at {time} instead of {due}"),
                    None => format!("VM {vm} leaves at {time}, but stays to the end"),
                })?;
                departures += 1;
            }
            _ => {
                return Err(Fault(format!(
                    "VM {vm} {what:?} at {time}: nothing changes once placed"
                )));
            }
        }
    }
    if let Some((vm, due)) = due.iter().enumerate().find_map(|(vm, due)| Some((vm, (*due)?))) {
        return Err(Fault(format!("VM {vm} was to leave at {due}, and never does")));
    }
    let came = lives.iter().map(|&(arrival, _)| arrival).max().unwrap_or(0);
    let end = last.max(came).max(asked.end.unwrap_or(0));
    needed.pass(end);
    let (bound, least_peak) = needed.totals();
    let totals = audit.finish(end)?;
    let time: u128 = totals.on_time.iter().copied().map(u128::from).sum();
    let vms = lives.len() as u64;
    let days = |ticks: u128| ticks as f64 / asked.ticks_per_day as f64;
    let mut derived = Derived::default();
    derived.metric("vms", vms as f64);
    derived.metric("events", (vms + departures) as f64);
    derived.metric("server_days", days(time));
    derived.metric("server_days_lower_bound", days(bound));
    if bound > 0 {
        derived.metric("over_bound_percent", (time as f64 / bound as f64 - 1.0) * 100.0);
    }
    derived.metric("peak_hosts", totals.peak as f64);
    derived.metric("peak_hosts_lower_bound", least_peak as f64);
    if asked.may_wait {
        derived.metric("waited", waited as f64);
        derived.metric("mean_wait_s", days(waiting) * 86_400.0 / placed.max(1) as f64);
        derived.metric("longest_wait_s", days(u128::from(longest)) * 86_400.0);
    } else {
        derived.metric("rejected", (vms - placed) as f64);
    }
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts of 10; VMs of 6, 6 and 4 that come at 0, 1 and 2 and leave at 10, 20 and never; days of ten ticks.
    fn asked(hosts: usize) -> Arrivals {
        let (mut all, mut demands) = (Matrix::new(1), Matrix::new(1));
        (0..hosts).for_each(|_| all.push(&[10]));
        for vm in [6, 6, 4] {
            demands.push(&[vm]);
        }
        let lives = vec![(0, Some(10)), (1, Some(20)), (2, None)];
        Arrivals { hosts: all, demands, lives, end: Some(30), ticks_per_day: 10, may_wait: false }
    }

    fn follow(asked: &Arrivals, log: &[(u64, u64, Deed)]) -> Result<Derived, String> {
        let log: Vec<Step> = log.iter().map(|&step| step.into()).collect();
        derive(asked, &log).map_err(|fault| fault.0)
    }

    const HONEST: [(u64, u64, Deed); 5] = [
        (0, 0, Deed::Placed(0)),
        (1, 1, Deed::Placed(1)),
        (2, 2, Deed::Placed(0)),
        (10, 0, Deed::Left),
        (20, 1, Deed::Left),
    ];

    #[test]
    fn metrics_worked_by_hand() {
        let derived = follow(&asked(2), &HONEST).expect("it can be");
        let metric = |name: &str| derived.metrics[name];
        assert!((metric("server_days") - 4.9).abs() < 1e-12, "host 0 to the end, host 1 for 19");
        // Two VMs of 6 share no host: 1 host from 0 to 1, 2 to 10, then 1.
        assert!((metric("server_days_lower_bound") - 3.9).abs() < 1e-12);
        assert!((metric("peak_hosts") - 2.0).abs() < 1e-12);
        assert!((metric("events") - 5.0).abs() < 1e-12);
        assert!(metric("rejected").abs() < 1e-12);
    }

    #[test]
    fn planted_faults_are_found() {
        let refused = |at: usize, step: (u64, u64, Deed), why: &str| {
            let mut log = HONEST;
            log[at] = step;
            let said = follow(&asked(2), &log).expect_err(why);
            assert!(said.contains(why), "{said}");
        };
        refused(1, (1, 1, Deed::Placed(0)), "host 0 holds [12] of [10]");
        refused(1, (2, 1, Deed::Placed(1)), "VM 1 waits until 2");
        refused(2, (1, 2, Deed::Placed(0)), "VM 2 is placed at 1, before 2");
        refused(3, (9, 0, Deed::Left), "VM 0 leaves at 9 instead of 10");
        refused(4, (20, 2, Deed::Left), "VM 2 leaves at 20, but stays to the end");
        refused(4, (20, 2, Deed::Moves(1)), "nothing changes once placed");
        let said = follow(&asked(2), &HONEST[..4]).expect_err("one stays");
        assert!(said.contains("VM 1 was to leave at 20, and never does"), "{said}");
    }

    #[test]
    fn who_waits_lives_as_long() {
        let asked = Arrivals { may_wait: true, ..asked(1) };
        let log = [
            (0, 0, Deed::Placed(0)),
            (2, 2, Deed::Placed(0)),
            (10, 0, Deed::Left),
            (10, 1, Deed::Placed(0)),
            (29, 1, Deed::Left),
        ];
        let derived = follow(&asked, &log).expect("it can be");
        assert!((derived.metrics["mean_wait_s"] - 3.0 / 10.0 * 86_400.0).abs() < 1e-6);
        let mut log = log;
        log[4].0 = 20;
        assert!(follow(&asked, &log).is_err(), "it would live for ten ticks only");
    }
}
