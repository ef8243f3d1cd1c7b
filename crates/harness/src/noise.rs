//! Listening to what else goes on while a run is measured.

use vmpack_results::Noise;

use crate::confine::Session;
use crate::limits::own_cpu_seconds;
use crate::machine::{CoreTime, clock_mhz, core_time, family_tree};

/// Listens from when it is made.
pub(crate) struct Listener<'a> {
    session: &'a Session,
    cores: CoreTime,
    ours_s: f64,
}

impl<'a> Listener<'a> {
    /// Begins to listen.
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session, cores: core_time(), ours_s: ours(session) }
    }

    /// What was heard beside the experiment, by a run that took so long, waited so long for cores and was
    /// taken off them so often.
    pub(crate) fn heard(
        &self,
        wall_s: f64,
        waited_s: Option<f64>,
        involuntary_switches: u64,
    ) -> Noise {
        let now = core_time();
        let busy_s = now.busy_s - self.cores.busy_s;
        let mut noise = Noise {
            cores: now.cores,
            steal_s: (now.steal_s - self.cores.steal_s).max(0.0),
            others_s: (busy_s - (ours(self.session) - self.ours_s)).max(0.0),
            waited_s,
            mhz: clock_mhz(),
            disturbed: false,
        };
        noise.disturbed = !noise.disturbances(wall_s, involuntary_switches).is_empty();
        noise
    }
}

/// CPU seconds of this process and all runs that it ever started.
fn ours(session: &Session) -> f64 {
    let Some(runs) = session.cpu_seconds() else {
        // A process counts the children that it has reaped as its own.
        return family_tree(std::process::id()).iter().map(|process| process.cpu_s).sum();
    };
    own_cpu_seconds() + runs
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::confine;

    /// What this process burns is its own, what a stranger burns is not. The stranger is a child that no run
    /// started, which counts as ours until it is reaped only where no cgroup counts.
    #[test]
    fn the_work_of_others_is_told_from_ours() {
        let session = confine::session();
        if session.cpu_seconds().is_none() {
            println!("skipped: no cgroup counts CPU time here");
            return;
        }
        let listener = Listener::new(&session);
        let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let before = core_time().busy_s;
        let status = Command::new("sh").args(["-c", script]).status().expect("a shell");
        assert!(status.success());
        let burned = core_time().busy_s - before;
        let noise = listener.heard(1.0, None, 0);
        assert!(burned > 0.05, "it worked: {burned}");
        assert!(noise.others_s > 0.5 * burned, "{noise:?} of {burned}");

        let listener = Listener::new(&session);
        let (started, before) = (Instant::now(), own_cpu_seconds());
        while started.elapsed() < Duration::from_millis(300) {
            std::hint::spin_loop();
        }
        let (noise, ours) = (listener.heard(1.0, None, 0), own_cpu_seconds() - before);
        let busy = core_time().busy_s - listener.cores.busy_s;
        assert!(noise.others_s < busy - 0.8 * ours, "{noise:?}: {ours} of {busy}");
    }
}
