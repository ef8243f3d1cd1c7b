//! Clusters and VMs to test with.

use vmpack_sim::arrivals::{Demand, MAX_RESOURCES, POLICIES, Predictor, policy};
use vmpack_sim::operation::{
    Action, ByPolicy, Controller, Engine, Event, Host, Hosts, Incident, Ledger, Observer, Setting,
    Simple, Source, State, Time, Totals, Usage, Vm,
};
use vmpack_sim::power::ML110_G4;

/// One minute.
pub(crate) const MINUTE: u64 = 60_000;

/// An amount of CPU and memory.
pub(crate) fn demand(cpu: u64, memory: u64) -> Demand {
    let mut demand = [0; MAX_RESOURCES];
    (demand[0], demand[1]) = (cpu, memory);
    demand
}

/// So many hosts of this size, two to a rack.
pub(crate) fn hosts(count: usize, cpu: u64, memory: u64) -> Hosts {
    let host = |number: usize| Host {
        capacity: demand(cpu, memory),
        power: ML110_G4,
        rack: (number / 2) as u32,
        site: 0,
    };
    Hosts::new((0..count).map(host).collect(), 2)
}

/// A placement rule by name.
pub(crate) fn placer(name: &str, hosts: &Hosts) -> ByPolicy {
    let predictor = Predictor::new(0.0, 0);
    let named = policy::named(name).expect("a policy");
    assert!(POLICIES.iter().any(|policy| policy.name == name));
    ByPolicy((named.build)(policy::Setting {
        fleet: hosts.fleet(),
        least: &[0; MAX_RESOURCES],
        predictor: &predictor,
        ticks_per_day: 86_400_000,
        seed: 0,
    }))
}

/// A VM whose CPU use changes every `step`.
pub(crate) fn varying(start: u64, end: u64, request: Demand, step: u64, cpu: &[u32]) -> Vm {
    let usage = Some(Usage::new(step, 1, cpu.to_vec()));
    Vm { usage, ..Vm::steady("varying", start, Some(end), request) }
}

/// An engine with first fit, simple migrations over 1 Gbit/s, checked at every instant.
pub(crate) fn engine<'a>(setting: Setting, hosts: &'a Hosts, vms: &'a [Vm]) -> Engine<'a> {
    let mover = Box::new(Simple::new(125_000_000));
    Engine::new(setting, hosts, vms, Box::new(placer("first-fit", hosts)), mover).checked()
}

/// Remembers every event.
#[derive(Debug, Default)]
pub(crate) struct Log(pub(crate) Vec<Event>);

impl Observer for Log {
    fn event(&mut self, event: &Event, _: &State<'_>) {
        self.0.push(*event);
    }
}

/// Runs an engine and returns its sums and events.
pub(crate) fn run<'a>(
    build: impl FnOnce(Engine<'a>) -> Engine<'a>,
    engine: Engine<'a>,
    ledger: &'a mut Ledger,
    log: &'a mut Log,
) {
    build(engine).observed(ledger).observed(log).run();
}

/// What first fit makes of these VMs.
pub(crate) fn totals(setting: Setting, hosts: &Hosts, vms: &[Vm]) -> (Totals, Vec<Event>) {
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    run(|engine| engine, engine(setting, hosts, vms), &mut ledger, &mut log);
    (*ledger.totals(), log.0)
}

/// Does things at times.
pub(crate) struct Script(pub(crate) Vec<(Time, Action)>);

impl Controller for Script {
    fn due(&self) -> Option<Time> {
        self.0.first().map(|&(time, _)| time)
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        while self.due().is_some_and(|due| due <= state.now()) {
            actions.push(self.0.remove(0).1);
        }
    }
}

/// Incidents at times.
pub(crate) struct Fate(pub(crate) Vec<(Time, Incident)>);

impl Source for Fate {
    fn due(&self) -> Option<Time> {
        self.0.first().map(|&(time, _)| time)
    }

    fn next(&mut self) -> Option<Incident> {
        Some(self.0.remove(0).1)
    }
}
