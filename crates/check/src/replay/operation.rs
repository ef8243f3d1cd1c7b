//! Replays of a whole cluster in operation.

use super::isolation::{Guardian, Isolation};
use super::load::Power;
use super::{Audit, Deed, Derived, Fault, Matrix, Step, ensure};

/// What the scenario says of hosts and VMs.
#[derive(Clone, Debug)]
pub struct Operation {
    /// CPU and memory of each host.
    pub hosts: Matrix,
    /// What each host draws.
    pub power: Vec<Power>,
    /// CPU and memory that each VM asks for.
    pub vms: Matrix,
    /// When each VM is asked for, and how long it lives at most; both in milliseconds.
    pub lives: Vec<(u64, Option<u64>)>,
    /// When the replay ends, in milliseconds.
    pub end: u64,
    /// Whether hosts may fail.
    pub hosts_fail: bool,
    /// Who may be where, if anything says so.
    pub isolation: Option<Isolation>,
}

/// Follows the log of a replay, with times in milliseconds, and derives its metrics.
///
/// The energy follows only within limits: not below the idle power of every host over the time in which it had VMs, unless
/// hosts fail, and not above the full power of all hosts over all time.
///
/// # Errors
/// If the log cannot be true: see [`Audit::step`]; a VM comes before it is asked for or leaves when its life is not
/// over; one that is down moves, or one that is not starts anew; an action breaks a rule on who may be where.
pub fn derive(asked: &Operation, log: &[Step]) -> Result<Derived, Fault> {
    let mut audit = Audit::new(&asked.hosts, &asked.vms);
    let mut placed = vec![None; asked.vms.len()];
    let mut down = vec![false; asked.vms.len()];
    let mut guardian = asked.isolation.as_ref().map(Guardian::new);
    let mut migrations = 0;
    for step in log {
        audit.step(step)?;
        guardian.as_mut().map_or(Ok(()), |guardian| guardian.step(step))?;
        let &Step { time, vm, what } = step;
        let index = vm as usize;
        let (start, life) = asked.lives[index];
        match what {
            Deed::Placed(_) => {
                ensure(time >= start, || {
                    format!("VM {vm} is placed at {time}, before it is asked for at {start}")
                })?;
                placed[index] = Some(time);
            }
            Deed::Left => {
                let since = placed[index].unwrap_or(time);
                let is_due = life.is_some_and(|life| time == since + life.max(1));
                ensure(is_due || down[index], || {
                    format!("VM {vm} came at {since}, leaves at {time}, and lives {life:?} ms")
                })?;
            }
            Deed::Moved => migrations += 1,
            Deed::Down => {
                ensure(asked.hosts_fail, || format!("VM {vm} is down, and no host fails"))?;
                down[index] = true;
            }
            Deed::Restarts(_) | Deed::Returns => {
                ensure(std::mem::take(&mut down[index]), || {
                    format!("VM {vm} starts anew at {time}, and was not down")
                })?;
            }
            Deed::Moves(_) => {
                ensure(!down[index], || format!("VM {vm} moves at {time}, and is down"))?;
            }
            Deed::Stays | Deed::Reserves(..) => {}
        }
    }
    let totals = audit.finish(asked.end)?;
    let mut derived = Derived::default();
    let came = asked.lives.iter().filter(|&&(start, _)| start < asked.end).count();
    derived.metric("vms", came as f64);
    derived.metric("migrations", f64::from(migrations));
    // Tenths of a watt x milliseconds, and kilowatt hours.
    let kwh = |energy: u128| energy as f64 / 3.6e10;
    let hosts = asked.power.iter().zip(&totals.on_time);
    let idle: u128 = hosts.map(|(power, &time)| u128::from(power.idle) * u128::from(time)).sum();
    let full: u128 =
        asked.power.iter().map(|power| u128::from(power.full) * u128::from(asked.end)).sum();
    derived.range("energy_kwh", if asked.hosts_fail { 0.0 } else { kwh(idle) }, kwh(full));
    if let Some(guardian) = guardian {
        derived.metric("exposure_pair_hours", guardian.exposure(asked.end) as f64 / 3.6e6);
    }
    Ok(derived)
}
