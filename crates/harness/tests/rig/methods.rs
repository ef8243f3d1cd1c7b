//! Packing methods that put every VM on a host of its own, and on the way do what no method should.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use vmpack_model::packing::{Instance, Packing, Pattern, Placement};
use vmpack_model::{
    Bound, Budget, Kind, Method, Observer, Outcome, Registry, Status, Unsupported, Value,
};

/// What a method does beside packing.
type Deed = fn(&Instance, &Budget, Outcome<Packing>) -> Outcome<Packing>;

/// A method by its name and its deed.
struct Rigged {
    name: &'static str,
    deed: Deed,
}

const METHODS: &[&dyn Method<Packing>] = &[
    &Rigged { name: "one-per-host", deed: |_, _, honest| honest },
    &Rigged {
        name: "seeded",
        deed: |_, budget, honest| honest.with_counter("seed", budget.seed()),
    },
    &Rigged { name: "picky", deed: |_, _, honest| honest },
    &Rigged { name: "slow", deed: slow },
    &Rigged { name: "liar", deed: liar },
    &Rigged { name: "sleeper", deed: sleeper },
    &Rigged { name: "punctual", deed: punctual },
    &Rigged { name: "burner", deed: burner },
    &Rigged { name: "obedient", deed: obedient },
    &Rigged { name: "hoarder", deed: hoarder },
    &Rigged { name: "giant", deed: giant },
    &Rigged { name: "abort", deed: |_, _, _| std::process::abort() },
    &Rigged { name: "segfault", deed: segfault },
    &Rigged { name: "panic", deed: |_, _, _| panic!("out of ideas") },
    &Rigged { name: "parent", deed: parent },
    &Rigged { name: "deserter", deed: deserter },
    &Rigged { name: "daemon", deed: daemon },
    &Rigged {
        name: "daemon-sleeper",
        deed: |instance, budget, honest| {
            sleeper(instance, budget, daemon(instance, budget, honest))
        },
    },
    &Rigged { name: "burst", deed: burst },
    &Rigged { name: "family", deed: family },
    &Rigged { name: "chatty", deed: chatty },
    &Rigged { name: "boaster", deed: |_, _, honest| Outcome { status: Status::Optimal, ..honest } },
];

pub(crate) fn registry() -> Registry {
    Registry { packing: METHODS.to_vec(), allocation: Vec::new() }
}

impl Method<Packing> for Rigged {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Greedy
    }

    fn summary(&self) -> &'static str {
        "Opens a host for every VM"
    }

    fn reference(&self) -> &'static str {
        "none"
    }

    fn supports(&self, instance: &Instance) -> Result<(), Unsupported> {
        if self.name == "picky" && instance.dimensions() > 1 {
            let dimensions = instance.dimensions();
            return Err(Unsupported(format!("needs one resource, the instance has {dimensions}")));
        }
        Ok(())
    }

    fn randomised(&self) -> bool {
        self.name == "seeded"
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let hosts = instance
            .vms()
            .iter()
            .map(|vm| (Pattern { host: 0, vms: vec![(vm.rows.start, 1)] }, vm.count));
        let placement = Placement::from_patterns(hosts);
        let cost = Value::from(placement.cost(instance));
        observer.incumbent(cost);
        (self.deed)(instance, budget, Outcome::feasible(placement, cost))
    }
}

fn slow(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    std::thread::sleep(Duration::from_millis(100));
    honest
}

/// Claims a cost of one less, and that it is proved.
fn liar(_: &Instance, _: &Budget, mut outcome: Outcome<Packing>) -> Outcome<Packing> {
    if let Some(solved) = &mut outcome.solved {
        solved.cost = Value::from(solved.cost.ratio() - 1);
        let bound = Bound::claimed(solved.cost);
        return outcome.with_bound(bound);
    }
    outcome
}

fn sleeper(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    std::thread::sleep(Duration::from_mins(1));
    honest
}

/// Uses all its time, and stops.
fn punctual(_: &Instance, budget: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    std::thread::sleep(budget.remaining().unwrap_or_default());
    honest
}

fn burner(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(5) {
        std::hint::spin_loop();
    }
    honest
}

/// Burns until it is asked to stop.
fn obedient(_: &Instance, budget: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    while !budget.exhausted() {
        std::hint::spin_loop();
    }
    honest
}

/// Takes memory bit by bit, so that no request is large.
fn hoarder(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    let mut hoard = Vec::new();
    while hoard.len() < 1000 {
        hoard.push(vec![1_u8; 1 << 22]);
        std::thread::sleep(Duration::from_millis(2));
    }
    std::hint::black_box(&hoard);
    honest
}

/// Asks for more than there can be.
fn giant(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    std::hint::black_box(vec![1_u8; 1 << 40]);
    honest
}

fn segfault(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    // Rust's handler looks for a stack overflow and returns; only the next signal is deadly.
    let kill = "while kill -SEGV $PPID; do sleep 0.1; done";
    let _ = Command::new("sh").args(["-c", kill]).status();
    honest
}

/// A process that sleeps longer than any test, with its number in the file that `RIG_PID` names. It
/// keeps the pipe to the harness open.
fn start_child() {
    let child = Command::new("sleep").arg("300").stdin(Stdio::null()).spawn();
    if let (Ok(child), Some(file)) = (child, std::env::var_os("RIG_PID")) {
        let _ = std::fs::write(file, child.id().to_string());
    }
}

/// Hangs together with its child.
fn parent(instance: &Instance, budget: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    start_child();
    sleeper(instance, budget, honest)
}

/// Answers and leaves its child behind.
fn deserter(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    start_child();
    honest
}

/// Leaves a process behind that began a session of its own, so that it is in no group of ours, and whose
/// parent is dead, so that it is nobody's child. It keeps the pipes to the harness open.
fn daemon(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    let script = "(setsid sh -c 'echo $$ > \"$RIG_PID.part\"; mv \"$RIG_PID.part\" \"$RIG_PID\"; exec sleep 300' &)";
    let _ = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).status();
    let file = std::env::var_os("RIG_PID").map(std::path::PathBuf::from).unwrap_or_default();
    while !file.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    honest
}

/// Has a child take much more memory than it ever holds itself, in less time than anybody looks twice.
fn burst(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    let script = "head -c 400000000 /dev/zero | tail -n 1 > /dev/null";
    let _ = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).status();
    honest
}

/// Burns CPU time in a child that it does not wait for.
fn family(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    let child = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn();
    if let Ok(child) = child {
        let stat = format!("/proc/{}/stat", child.id());
        let runs = || std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z "));
        while runs() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    honest
}

/// Prints more on standard error than a pipe holds.
fn chatty(_: &Instance, _: &Budget, honest: Outcome<Packing>) -> Outcome<Packing> {
    for line in 0..20_000 {
        eprintln!("working on it: {line}");
    }
    honest
}
