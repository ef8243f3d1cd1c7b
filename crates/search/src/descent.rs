//! From one placement to a cheaper one: hosts are closed or exchanged, and their VMs find other places.

use rand::{Rng, RngExt};
use vmpack_model::Unsupported;
use vmpack_model::packing::Instance;

use crate::lanes::{Lanes, Packed};
use crate::part::Part;
use crate::partial::Partial;
use crate::repair::Repair;
use crate::run::Run;

/// No more VMs are looked at one by one at a time.
const MOST_VMS: u64 = 20_000;
/// Demand vectors may take so many words.
const MOST_WORDS: usize = 16;
/// Steps of the first attempts to exchange hosts, and how many attempts fail before later ones take twice as many.
const ATTEMPT: u64 = 100;
const ATTEMPTS: u64 = 200;
/// Steps of a search in a part of a large fleet.
const PART_STEPS: u64 = 20_000;
/// An offer takes about as long as a step for so many hosts.
const STEPS_PER_OFFER: u64 = 4;
/// So many hosts are closed at once at most.
const MOST_CLOSED: usize = 3;

/// Says why vectors of the instance cannot be packed into words, if so.
pub(crate) fn check_lanes(instance: &Instance) -> Result<(), Unsupported> {
    let few = Lanes::new(instance).is_some_and(|lanes| lanes.words() <= MOST_WORDS);
    few.then_some(()).ok_or_else(|| {
        Unsupported(format!("demand vectors take more than {MOST_WORDS} words of 64 bits"))
    })
}

/// The search for cheaper placements by single VMs.
pub(crate) struct Descent {
    lanes: Lanes,
}

impl Descent {
    /// For an instance that [`check_lanes`] accepts.
    pub(crate) fn new(instance: &Instance) -> Self {
        Self { lanes: Lanes::new(instance).expect("checked before") }
    }

    /// Improves the best placement until `patience` steps in a row bring nothing or the run is over.
    pub(crate) fn improve(&mut self, run: &mut Run<'_>, patience: u64) {
        match self.lanes.words() {
            0 | 1 => self.improve_in::<1>(run, patience),
            2 => self.improve_in::<2>(run, patience),
            3 | 4 => self.improve_in::<4>(run, patience),
            5..=8 => self.improve_in::<8>(run, patience),
            _ => self.improve_in::<MOST_WORDS>(run, patience),
        }
    }

    fn improve_in<const W: usize>(&self, run: &mut Run<'_>, patience: u64) {
        if run.instance.total_vms() <= MOST_VMS {
            self.descend::<W>(run, None, patience);
            return;
        }
        let mut last = run.work;
        while !run.is_over() && run.work - last < patience {
            let part = run.part(MOST_VMS);
            if self.descend::<W>(run, Some(&part), PART_STEPS.min(patience)) {
                last = run.work;
            }
        }
    }

    /// Improves the best placement, or a part of it; whether it became cheaper.
    fn descend<const W: usize>(
        &self,
        run: &mut Run<'_>,
        part: Option<&Part>,
        patience: u64,
    ) -> bool {
        let before = run.cost();
        let instance = part.map_or(run.instance, |part| &part.instance);
        let placement = part.map_or(run.best(), |part| &part.placement);
        let partial = Partial::new(instance, &self.lanes, placement);
        let mut repair: Repair<W> = Repair::new(instance, partial);
        let identical = instance.hosts().len() == 1;
        let capacities: Vec<Packed<W>> =
            (0..instance.hosts().len()).map(|t| self.lanes.pack(instance.capacity(t))).collect();
        let mut known = repair.partial.clone();
        let cost = |partial: &Partial<W>| -> u64 {
            partial.hosts().iter().map(|host| instance.hosts()[host.kind].cost).sum()
        };
        let rest = before - cost(&known);
        let offer = |partial: &Partial<W>, run: &mut Run<'_>| {
            let anew = partial.placement();
            run.offer(match part {
                Some(part) => part.replace(&anew),
                None => anew,
            });
        };
        let (mut last, mut offered, mut failures) = (0, 0, 0);
        while !run.is_over() && repair.steps - last < patience {
            let steps = if identical {
                patience
            } else {
                ATTEMPT.saturating_mul(1 << (failures / ATTEMPTS).min(32)).min(patience)
            };
            let plan = if identical {
                emptiest(&repair).map(|host| (vec![host], None))
            } else {
                exchange(instance, &repair, &mut run.rng)
            };
            // An attempt that ends before its first step counts as one, lest the search never end.
            repair.steps += 1;
            run.work += 1;
            let Some((closed, opened)) = plan else {
                if identical {
                    break;
                }
                continue;
            };
            close(&mut repair, closed);
            if let Some(kind) = opened {
                repair.partial.open(kind, capacities[kind]);
            }
            repair.forget();
            let (start, end) = (repair.steps, repair.steps.saturating_add(steps));
            let (budget, work) = (run.budget, run.work);
            let go_on = |now: u64| now < end && !budget.exhausted_after(work + (now - start));
            let placed = repair.run(&mut run.rng, go_on);
            run.work += repair.steps - start;
            run.count("steps", repair.steps - start);
            if placed {
                known.clone_from(&repair.partial);
                (last, failures) = (repair.steps, 0);
                run.announce(rest + cost(&known));
                if last - offered >= known.hosts().len() as u64 / STEPS_PER_OFFER {
                    offer(&known, run);
                    offered = last;
                }
            } else {
                repair.partial.clone_from(&known);
                failures += 1;
            }
        }
        if offered < last {
            offer(&known, run);
        }
        run.cost() < before
    }
}

/// The host whose VMs are smallest in sum, if there are several.
fn emptiest<const W: usize>(repair: &Repair<W>) -> Option<u32> {
    let hosts = repair.partial.hosts().len() as u32;
    // The last host cannot be done without.
    (0..hosts).filter(|_| hosts > 1).min_by_key(|&host| repair.load(host))
}

/// Closes hosts, the last ones first, since they take the places of those before.
fn close<const W: usize>(repair: &mut Repair<W>, mut hosts: Vec<u32>) {
    hosts.sort_unstable();
    while let Some(host) = hosts.pop() {
        repair.partial.close(host);
    }
}

/// Random hosts to close, and perhaps a host type of which to open one, so that the cost falls; `None` if what
/// was drawn leads to none.
fn exchange<const W: usize>(
    instance: &Instance,
    repair: &Repair<W>,
    rng: &mut impl Rng,
) -> Option<(Vec<u32>, Option<usize>)> {
    let hosts = repair.partial.hosts();
    let number = rng.random_range(1..=MOST_CLOSED.min(hosts.len()));
    let mut closed: Vec<u32> = Vec::with_capacity(number);
    for _ in 0..number {
        let draws = [(); 2].map(|()| rng.random_range(0..hosts.len() as u32));
        let host = draws.into_iter().min_by_key(|&host| repair.load(host))?;
        if !closed.contains(&host) {
            closed.push(host);
        }
    }
    let saved: u64 =
        closed.iter().map(|&host| instance.hosts()[hosts[host as usize].kind].cost).sum();
    let in_use = |t: usize| {
        let open = hosts.iter().filter(|host| host.kind == t).count();
        (open - closed.iter().filter(|&&host| hosts[host as usize].kind == t).count()) as u64
    };
    let offers = |t: usize, k: usize| u128::from(instance.capacity(t)[k]);
    let suffices = |opened: Option<usize>| {
        (0..instance.dimensions()).all(|k| {
            let all: u128 = hosts.iter().map(|host| offers(host.kind, k)).sum();
            let gone: u128 = closed.iter().map(|&h| offers(hosts[h as usize].kind, k)).sum();
            let demanded = instance.vms().iter().map(|vm| {
                let least = vm.rows.clone().map(|row| instance.demand(row)[k]).min();
                u128::from(least.unwrap_or(0)) * u128::from(vm.count)
            });
            all - gone + opened.map_or(0, |t| offers(t, k)) >= demanded.sum::<u128>()
        })
    };
    let cheaper = (0..instance.hosts().len()).filter(|&t| {
        let host = &instance.hosts()[t];
        host.cost < saved && host.stock.is_none_or(|stock| in_use(t) < stock)
    });
    let mut choices: Vec<Option<usize>> = cheaper.map(Some).collect();
    if saved > 0 {
        choices.push(None);
    }
    choices.retain(|&opened| suffices(opened));
    if choices.is_empty() || hosts.len() == closed.len() && choices == [None] {
        return None;
    }
    let opened = choices[rng.random_range(0..choices.len())];
    (opened.is_some() || hosts.len() > closed.len()).then_some((closed, opened))
}
