//! Listening to what else goes on while a run is measured.

use vmpack_results::Noise;

use crate::confine::Session;
use crate::limits::own_cpu_seconds;
use crate::machine::{CoreTime, clock_mhz, core_time, family_tree};

/// Listens from when it is made.
pub(crate) struct Listener<'a> {
    session: &'a Session,
    before: Worked,
}

impl<'a> Listener<'a> {
    /// Begins to listen.
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session, before: Worked::until_now(session) }
    }

    /// What was heard beside the experiment, by a run that took so long, waited so long for cores and was
    /// taken off them so often.
    pub(crate) fn heard(
        &self,
        wall_s: f64,
        waited_s: Option<f64>,
        involuntary_switches: u64,
    ) -> Noise {
        let meanwhile = Worked::until_now(self.session).since(&self.before);
        let mut noise = Noise {
            cores: meanwhile.all.cores,
            steal_s: meanwhile.all.steal_s.max(0.0),
            others_s: meanwhile.others_s(),
            waited_s,
            mhz: clock_mhz(),
            disturbed: false,
        };
        noise.disturbed = !noise.disturbances(wall_s, involuntary_switches).is_empty();
        noise
    }
}

/// What the processors worked, and how much of it was ours.
#[derive(Clone, Copy, Debug)]
struct Worked {
    all: CoreTime,
    ours_s: f64,
}

impl Worked {
    /// Since the machine was started.
    fn until_now(session: &Session) -> Self {
        Self { all: core_time(), ours_s: ours(session) }
    }

    fn since(&self, earlier: &Self) -> Self {
        let all = CoreTime {
            cores: self.all.cores,
            busy_s: self.all.busy_s - earlier.all.busy_s,
            steal_s: self.all.steal_s - earlier.all.steal_s,
        };
        Self { all, ours_s: self.ours_s - earlier.ours_s }
    }

    /// Never negative, though the kernel counts all in ticks and ours in microseconds.
    fn others_s(&self) -> f64 {
        (self.all.busy_s - self.ours_s).max(0.0)
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

    use super::*;
    use crate::confine;
    use crate::limits::{reap, thread_cpu_seconds};

    #[test]
    fn others_worked_what_all_did_without_us() {
        let worked = |busy_s, ours_s| {
            let all = CoreTime { cores: 2, busy_s, steal_s: 0.25 };
            Worked { all, ours_s }
        };
        let meanwhile = worked(107.5, 42.0).since(&worked(100.0, 40.0));
        assert_eq!(
            (meanwhile.all.cores, meanwhile.all.steal_s, meanwhile.others_s()),
            (2, 0.0, 5.5)
        );
        let ticks_behind = worked(101.0, 41.25).since(&worked(100.0, 40.0));
        assert_eq!((ticks_behind.ours_s, ticks_behind.others_s()), (1.25, 0.0));
    }

    /// A stranger is a child that no run started: it counts as ours only where no cgroup counts. Whatever
    /// else the machine does, other tests of this process among it, adds to the one or to the other.
    #[test]
    #[expect(clippy::zombie_processes, reason = "it is reaped, and says what it used")]
    fn the_work_of_a_stranger_is_not_ours() {
        let session = confine::session();
        if session.cpu_seconds().is_none() {
            eprintln!(
                "skipped: the_work_of_a_stranger_is_not_ours: no cgroup counts CPU time here"
            );
            return;
        }
        let listener = Listener::new(&session);
        let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let child = Command::new("sh").args(["-c", script]).spawn().expect("a shell");
        let (_, stranger) = reap(child.id()).expect("a child");
        let noise = listener.heard(1.0, None, 0);
        assert!(stranger.cpu_s > 0.05, "it worked: {stranger:?}");
        assert!(noise.others_s > 0.5 * stranger.cpu_s, "{noise:?} of {stranger:?}");
    }

    #[test]
    fn the_work_of_this_process_is_ours() {
        let session = confine::session();
        let before = Worked::until_now(&session);
        let started = thread_cpu_seconds();
        while thread_cpu_seconds() < started + 0.2 {
            std::hint::spin_loop();
        }
        let meanwhile = Worked::until_now(&session).since(&before);
        // Less two ticks, by which it is told where no cgroup counts.
        assert!(meanwhile.ours_s > 0.18, "{meanwhile:?}");
    }
}
