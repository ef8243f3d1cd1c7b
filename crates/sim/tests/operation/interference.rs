//! What VMs suffer, counted again, and placement that avoids it.

use proptest::prelude::*;
use vmpack_sim::interference::{Limit, Matrix, Quietest, Slowdowns};
use vmpack_sim::operation::{
    Event, Ledger, Observer, Setting, State, Time, Totals, Usage, Vm, What,
};
use vmpack_sim::population;
use vmpack_sim::square::Square;

use crate::support::{Log, MINUTE, demand, engine, hosts, run};

fn matrix(entries: &[u64]) -> Matrix {
    let classes = entries.len().isqrt();
    let names = (0..classes).map(|class| class.to_string()).collect();
    Matrix::new(Square::new(names, entries.to_vec()))
}

fn of_class(class: u32, vm: Vm) -> Vm {
    Vm { class, ..vm }
}

#[test]
fn slowdown_by_hand() {
    // Two VMs at full load for ten minutes, then the first alone for ten: it suffers 1.3, the other 1.05.
    let hosts = hosts(1, 1000, 4096);
    let vms = [
        of_class(0, Vm::steady("a", 0, Some(20 * MINUTE), demand(500, 10))),
        of_class(1, Vm::steady("b", 0, Some(10 * MINUTE), demand(500, 10))),
    ];
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let mut slowdowns = Slowdowns::new(matrix(&[0, 300, 50, 0]));
    let setting = Setting::until(30 * MINUTE);
    let build = engine(setting, &hosts, &vms).observed(&mut slowdowns);
    run(|engine| engine, build, &mut ledger, &mut log);
    assert!((slowdowns.mean() - (1.3 + 1.05 + 1.0) / 3.0).abs() < 1e-12);
    assert!((slowdowns.notable_share() - 1.0 / 3.0).abs() < 1e-12);
    assert!((slowdowns.quantile(1000) - 1.3).abs() < 1e-9, "no more than the greatest");
    assert!((slowdowns.quantile(333) - 1.0).abs() < 1e-9);
    assert!((1.05..1.051).contains(&slowdowns.quantile(600)));
}

/// Counts what is suffered at every instant, VM by VM and pair by pair.
struct Recount<'a> {
    matrix: &'a Matrix,
    next: Time,
    sum: f64,
    time: f64,
}

impl Observer for Recount<'_> {
    fn due(&self) -> Option<Time> {
        Some(self.next)
    }

    fn look(&mut self, state: &State<'_>) {
        self.next = state.now() + 1;
        let load = |vm: usize| state.vm(vm).granted * 1000 / state.asked()[vm].request[0];
        let runs = |vm: &usize| state.vm(*vm).phase.runs();
        for i in (0..state.asked().len()).filter(runs) {
            let beside =
                |j: &usize| *j != i && state.vm(*j).phase.host() == state.vm(i).phase.host();
            let class = |vm: usize| state.asked()[vm].class as usize;
            let others = (0..state.asked().len()).filter(runs).filter(beside);
            let added: u64 = others.map(|j| self.matrix.entry(class(i), class(j)) * load(j)).sum();
            self.sum += 1.0 + added as f64 / 1e6;
            self.time += 1.0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_mean_is_that_of_counting_at_every_instant(
        asked in prop::collection::vec((0_u64..60, 1_u64..80, 1_u64..500, 0_u32..3, 1_u32..700), 1..12),
        seed in 0_u64..100,
    ) {
        let (hosts, matrix) = (hosts(3, 1000, 4096), Matrix::drawn(3, seed));
        let vm = |&(start, life, cpu, class, most): &(u64, u64, u64, u32, u32)| Vm {
            usage: Some(Usage::new(7, 1, vec![most, most / 3, most / 2])),
            ..of_class(class, Vm::steady("", start, Some(start + life), demand(cpu, 100)))
        };
        let vms: Vec<Vm> = asked.iter().map(vm).collect();
        let mut slowdowns = Slowdowns::new(matrix.clone());
        let mut recount = Recount { matrix: &matrix, next: 0, sum: 0.0, time: 0.0 };
        engine(Setting::until(150), &hosts, &vms)
            .observed(&mut slowdowns)
            .observed(&mut recount)
            .run();
        let expected = if recount.time > 0.0 { recount.sum / recount.time } else { 1.0 };
        prop_assert!((slowdowns.mean() - expected).abs() < 1e-9);
    }
}

/// Forty VMs of four classes that come one after the other and stay, on 20 hosts.
fn crowd() -> Vec<Vm> {
    let vm = |n: u64| Vm::steady("", n, Some(HOUR), demand(250, 100));
    let mut vms: Vec<Vm> = (0..40).map(vm).collect();
    population::classes(5, 4, &mut vms);
    vms
}

const HOUR: u64 = 60 * MINUTE;

fn outcome(matrix: &Matrix, knows: bool, limit: Option<u64>) -> (Totals, Slowdowns, Vec<Event>) {
    let (hosts, vms) = (hosts(20, 1000, 4096), crowd());
    let (mut ledger, mut log) = (Ledger::default(), Log::default());
    let mut slowdowns = Slowdowns::new(matrix.clone());
    let mut build = engine(Setting::until(HOUR), &hosts, &vms).observed(&mut slowdowns);
    if knows {
        build = build.placed_by(Box::new(Quietest::new(matrix, hosts.len(), &vms, 1000)));
    }
    if let Some(most) = limit {
        build = build.guarded(Box::new(Limit::new(matrix, hosts.len(), 1000, most)));
    }
    run(|engine| engine, build, &mut ledger, &mut log);
    (*ledger.totals(), slowdowns, log.0)
}

#[test]
fn who_knows_avoids_and_pays_for_it() {
    let matrix = Matrix::drawn(4, 3);
    let (blind_totals, blind, _) = outcome(&matrix, false, None);
    assert_eq!((blind_totals.refused, blind_totals.peak_hosts), (0, 10), "first fit packs");
    let mut before = (f64::INFINITY, 0);
    for most in [300_000, 150_000, 60_000] {
        let (totals, slowdowns, _) = outcome(&matrix, true, Some(most));
        assert_eq!(totals.refused, 0);
        assert!(slowdowns.quantile(1000) <= 1.0 + most as f64 / 1e6, "the limit holds");
        assert!(slowdowns.mean() <= before.0 && totals.host_time >= before.1, "a tighter limit");
        before = (slowdowns.mean(), totals.host_time);
    }
    assert!(before.0 < blind.mean() && before.1 > blind_totals.host_time, "which has its price");
    let (_, fitting, _) = outcome(&matrix, false, Some(60_000));
    assert!(fitting.quantile(1000) <= 1.06, "the limit holds for any rule");
}

#[test]
fn the_quietest_host_is_the_one_where_least_is_added() {
    // Class 1 disturbs class 0, nobody else anybody: it goes to the host with class 1.
    let matrix = matrix(&[0, 500, 0, 0]);
    let hosts = hosts(2, 1000, 4096);
    let class = |class, cpu| of_class(class, Vm::steady("", 0, None, demand(cpu, 10)));
    let vms = [class(0, 700), class(1, 600), class(1, 200), class(0, 100)];
    let mut log = Log::default();
    engine(Setting::until(10), &hosts, &vms)
        .placed_by(Box::new(Quietest::new(&matrix, 2, &vms, 1000)))
        .observed(&mut log)
        .run();
    let placed = |vm| {
        log.0.iter().find_map(|event| match event.what {
            What::Placed { vm: other, host } if other == vm => Some(host),
            _ => None,
        })
    };
    assert_eq!([0, 1, 2, 3].map(placed), [Some(0), Some(1), Some(1), Some(0)]);
}
