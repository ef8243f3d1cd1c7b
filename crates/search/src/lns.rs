//! Large-neighbourhood search.

use std::cmp::Reverse;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vmpack_model::packing::{Instance, Packing, Placement};
use vmpack_model::{Budget, Kind, Method, NullObserver, Observer, Outcome, Status, Unsupported, Value};

use crate::part::Part;
use crate::repair::scalar_sizes;

#[derive(Clone, Copy, Debug)]
pub struct LargeNeighbourhood;

impl Method<Packing> for LargeNeighbourhood {
    fn name(&self) -> &'static str {
        "lns"
    }
    fn kind(&self) -> Kind {
        Kind::ColumnGeneration
    }
    fn summary(&self) -> &'static str {
        "frees a few hosts and packs their VMs again by column generation"
    }
    fn reference(&self) -> &'static str {
        "Shaw (1998)"
    }
    fn supports(&self, _instance: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }
    fn randomised(&self) -> bool {
        true
    }
    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let Some(start) = vmpack_greedy::start(instance, budget) else {
            return vmpack_bounds::give_up(instance, observer);
        };
        observer.incumbent(Value::from(start.cost(instance)));
        let (best, rounds) = search(instance, start, budget, observer);
        vmpack_bounds::finish(instance, best, observer).with_counter("rounds", rounds)
    }
}

fn env(n: &str, d: f64) -> f64 {
    std::env::var(n).ok().and_then(|s| s.parse().ok()).unwrap_or(d)
}

fn search(
    instance: &Instance,
    mut best: Placement,
    budget: &Budget,
    observer: &mut dyn Observer,
) -> (Placement, u64) {
    let lower = vmpack_bounds::best(instance).map_or(0, |b| b.value.ceil() as u64);
    let mut rng = ChaCha8Rng::seed_from_u64(budget.seed());
    let sizes = scalar_sizes(instance);
    let mut wanted = env("SIZE", 50.0);
    let mut rounds = 0;
    let lanes = crate::lanes::Lanes::new(instance).expect("supp");
    let mut cost = best.cost(instance);
    let (mut full, mut won) = (0, 0);
    while cost > lower && !budget.exhausted() {
        rounds += 1;
        let t0=std::time::Instant::now();
        (best, _) = crate::cns::descend(instance, &lanes, best, lower, env("PAT", 10000.0) as u64, budget, &mut rng, observer);
        cost = best.cost(instance);
        if env("DBG", 0.0) > 1.0 { dbg_log(format!("cns {:?} {}", t0.elapsed(), cost)); }
        if cost <= lower { break; }
        let chosen = choose(&best, &sizes, wanted as u64, rounds, &mut rng);
        let part = Part::new(instance, &best, &chosen);
        let t0=std::time::Instant::now(); let _=vmpack_bounds::best(&part.instance); if env("DBG",0.0)>1.0 { dbg_log(format!("bounds {:?}", t0.elapsed()));}
        let mut sub = Budget::default().with_work(env("WORK", 20000.0) as u64);
        if let Some(r) = budget.remaining() {
            sub = sub.with_time(r);
        }
        let Ok(outcome) = vmpack_branch_price::improve(&part.instance, &part.placement, &sub, &mut NullObserver) else {
            break;
        };
        if env("DBG",0.0)>1.0 { dbg_log(format!("{:?} vms {} cost {} -> {:?} {:?} {:?}", t0.elapsed(), part.instance.total_vms(), part.placement.cost(&part.instance), outcome.solved.as_ref().map(|s| s.cost), outcome.status, outcome.counters)); }
        let done = outcome.status == Status::Optimal;
        if done { full += 1; wanted *= 1.02; } else { wanted *= 0.98; }
        if let Some(solved) = outcome.solved {
            let anew = part.replace(&solved.solution);
            let c = anew.cost(instance);
            if c < cost {
                won += 1;
                observer.incumbent(Value::from(c));
            }
            cost = c;
            best = anew;
        }
    }
    if env("DBG", 0.0) > 0.0 { dbg_log(format!("rounds {rounds} optimal {full} won {won} wanted {wanted}")); }
    (best, rounds)
}

fn choose(placement: &Placement, sizes: &[u64], wanted: u64, round: u64, rng: &mut ChaCha8Rng) -> Vec<u64> {
    let patterns = &placement.patterns;
    let mut chosen = vec![0; patterns.len()];
    let hosts: u64 = placement.hosts_opened();
    let ends: Vec<u64> = patterns.iter().scan(0, |s, (_, h)| { *s += h; Some(*s) }).collect();
    let load = |p: usize| patterns[p].0.vms.iter().map(|&(r, n)| sizes[r] * n).sum::<u64>();
    let draw = |rng: &mut ChaCha8Rng| { let x = rng.random_range(0..hosts); ends.partition_point(|&e| e <= x) };
    let mut vms = 0;
    let mut count = 0;
    let mut misses = 0;
    while vms < wanted && count < hosts && misses < 1000 {
        let mut p = draw(rng);
        if round % 2 == 0 {
            for _ in 0..2 {
                let q = draw(rng);
                if chosen[q] < patterns[q].1 && Reverse(load(q)) > Reverse(load(p)) { p = q; }
            }
        }
        if chosen[p] == patterns[p].1 { misses += 1; continue; }
        chosen[p] += 1;
        count += 1;
        vms += patterns[p].0.vms.iter().map(|&(_, n)| n).sum::<u64>();
    }
    chosen
}

fn dbg_log(s: String) { use std::io::Write; let _ = writeln!(std::fs::OpenOptions::new().append(true).create(true).open("/tmp/dev/search/dbg.log").unwrap(), "{s}"); }
