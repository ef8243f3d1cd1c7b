//! Rules on who may be where, counted again at every instant from tenants and places alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use vmpack_model::packing::Level;
use vmpack_sim::faults::{Recovery, RecoveryPolicy};
use vmpack_sim::isolation::{Cause, Each, Group, Isolation, Keeper, Mender, Term, Watch, price};
use vmpack_sim::operation::{
    Action, Controller, Engine, Host, Hosts, Incident, Ledger, Observer, Phase, Setting, Simple,
    State, Time, Totals, Vm,
};
use vmpack_sim::power::ML110_G4;

use crate::support::{Fate, MINUTE, Script, demand, engine, placer};

const END: Time = 240;

/// Six hosts, two to a rack, three to a site.
fn hosts() -> Hosts {
    let host = |number: u32| Host {
        capacity: demand(1000, 1000),
        power: ML110_G4,
        rack: number / 2,
        site: number / 3,
    };
    Hosts::new((0..6).map(host).collect(), 2)
}

/// What a term asks of the VMs that are there now: how often it is broken.
fn broken(term: &Term, state: &State<'_>) -> usize {
    let asked = state.asked();
    let domain = |level: Level, host: usize| match level {
        Level::Host => host,
        Level::Rack => state.hosts()[host].rack as usize,
        Level::Site => state.hosts()[host].site as usize,
    };
    let places = |vm: usize| match state.vm(vm).phase {
        Phase::Migrating { from, to } => vec![from, to],
        phase => phase.host().into_iter().collect(),
    };
    // The VMs of each domain, those that migrate in both.
    let domains = |level: Level| -> Vec<Vec<usize>> {
        let is_in = |vm: usize, at: usize| places(vm).iter().any(|&host| domain(level, host) == at);
        (0..6).map(|at| (0..asked.len()).filter(|&vm| is_in(vm, at)).collect()).collect()
    };
    let tenants = |level: Level, of: &dyn Fn(u32) -> bool| -> usize {
        let distinct = |vms: Vec<usize>| {
            let tenants = vms.iter().map(|&vm| asked[vm].tenant).filter(|&tenant| of(tenant));
            tenants.collect::<BTreeSet<u32>>().len().saturating_sub(1)
        };
        domains(level).into_iter().map(distinct).sum()
    };
    let groups = |of: Group| -> Vec<Vec<usize>> {
        let key = |vm: usize| match of {
            Group::Tenant(tenant) => (asked[vm].tenant == tenant).then_some((tenant, 0)),
            Group::Each(Each::Tenant) => Some((asked[vm].tenant, 0)),
            Group::Each(Each::Service) => Some((asked[vm].tenant, asked[vm].class)),
        };
        let keys: BTreeSet<(u32, u32)> = (0..asked.len()).filter_map(key).collect();
        let of_key = |wanted| (0..asked.len()).filter(|&vm| key(vm) == Some(wanted)).collect();
        keys.into_iter().map(of_key).collect()
    };
    // How many of a group run, and in how many domains.
    let running = |vms: &[usize], level: Level| {
        let at = |&vm: &usize| match state.vm(vm).phase {
            Phase::Down { .. } => None,
            phase => phase.host().map(|host| domain(level, host)),
        };
        let at: Vec<usize> = vms.iter().filter_map(at).collect();
        (at.len(), at.iter().collect::<BTreeSet<_>>().len())
    };
    match term {
        Term::Apart { within } => tenants(*within, &|_| true),
        Term::Wall { tenants: wall, within } => tenants(*within, &|tenant| wall.contains(&tenant)),
        Term::Private { tenant, with, within } => {
            let own = |&vm: &usize| asked[vm].tenant == *tenant;
            let other = |&vm: &usize| !own(&vm) && !with.contains(&asked[vm].tenant);
            let shared = |vms: &Vec<usize>| vms.iter().any(own) && vms.iter().any(other);
            domains(*within).iter().filter(|vms| shared(vms)).count()
        }
        Term::AtMost { of, most, within } => {
            let above = |group: &Vec<usize>| -> usize {
                let here = |vms: &Vec<usize>| vms.iter().filter(|vm| group.contains(vm)).count();
                let above = |vms| here(vms).saturating_sub(*most as usize);
                domains(*within).iter().map(above).sum()
            };
            groups(*of).iter().map(above).sum()
        }
        Term::Together { of, within } => {
            groups(*of).iter().map(|vms| running(vms, *within).1.saturating_sub(1)).sum()
        }
        Term::Spread { of, least, over } => {
            let missing = |vms: &Vec<usize>| {
                let (vms, used) = running(vms, *over);
                vms.min(*least as usize).saturating_sub(used)
            };
            groups(*of).iter().map(missing).sum()
        }
        Term::AtSites { of, sites } => {
            let strays = |host: usize| !sites.contains(&state.hosts()[host].site);
            let vms = groups(*of).concat();
            vms.into_iter().flat_map(places).filter(|&host| strays(host)).count()
        }
        Term::Survive { .. } => 0,
    }
}

/// Adds up what is broken and who is together at every instant.
struct Recount<'a> {
    terms: &'a [Term],
    next: Time,
    broken: Vec<usize>,
    pairs: usize,
}

impl<'a> Recount<'a> {
    fn new(terms: &'a [Term]) -> Self {
        Self { terms, next: 0, broken: vec![0; terms.len()], pairs: 0 }
    }
}

impl Observer for Recount<'_> {
    fn due(&self) -> Option<Time> {
        Some(self.next)
    }

    fn look(&mut self, state: &State<'_>) {
        self.next = state.now() + 1;
        for (sum, term) in self.broken.iter_mut().zip(self.terms) {
            *sum += broken(term, state);
        }
        for host in 0..6 {
            let is_here = |vm: &usize| match state.vm(*vm).phase {
                Phase::Down { .. } => false,
                Phase::Migrating { from, to } => from == host || to == host,
                phase => phase.host() == Some(host),
            };
            let here = (0..state.asked().len()).filter(is_here);
            let tenants: BTreeSet<u32> = here.map(|vm| state.asked()[vm].tenant).collect();
            self.pairs += tenants.len() * tenants.len().saturating_sub(1) / 2;
        }
    }
}

/// Starts VMs that are down elsewhere, every few milliseconds.
struct Reviver(Time);

impl Controller for Reviver {
    fn due(&self) -> Option<Time> {
        Some(self.0)
    }

    fn act(&mut self, state: &State<'_>, actions: &mut Vec<Action>) {
        self.0 = state.now() + 7;
        let down = |vm: &usize| matches!(state.vm(*vm).phase, Phase::Down { .. });
        let restart = |vm| Action::Restart { vm, to: None };
        actions.extend((0..state.asked().len()).filter(down).map(restart));
    }
}

/// VMs that come and go, moves that are asked for, and hosts that fail.
#[derive(Clone, Debug)]
struct Story {
    vms: Vec<Vm>,
    moves: Vec<(Time, Action)>,
    /// Hosts that fail, or if it says so become slow, from a time on for a while.
    fate: Vec<(Time, usize, Time, bool)>,
}

fn story(fails: bool, leaves: bool) -> impl Strategy<Value = Story> {
    let vm = (0..100_u64, 1..150_u64, 50..400_u64, 0..4_u32, 0..2_u32).prop_map(
        move |(start, life, cpu, tenant, class)| {
            let end = leaves.then_some(start + life);
            Vm { tenant, class, ..Vm::steady("", start, end, demand(cpu, 20)) }
        },
    );
    let vms = prop::collection::vec(vm, 1..14);
    let moves = prop::collection::vec((0..END, any::<prop::sample::Index>(), 0..6_usize), 0..20);
    let most = if fails { 6 } else { 1 };
    let fate = prop::collection::vec((0..END, 0..6_usize, 1..80_u64, any::<bool>()), 0..most);
    (vms, moves, fate).prop_map(|(vms, moves, fate)| {
        let action = |(time, vm, to): (Time, prop::sample::Index, usize)| {
            (time, Action::Migrate { vm: vm.index(vms.len()), to })
        };
        let mut moves: Vec<(Time, Action)> = moves.into_iter().map(action).collect();
        moves.sort_by_key(|&(time, _)| time);
        Story { vms, moves, fate }
    })
}

fn level() -> impl Strategy<Value = Level> {
    prop::sample::select(vec![Level::Host, Level::Rack, Level::Site])
}

fn group() -> impl Strategy<Value = Group> {
    prop::sample::select(vec![Group::Each(Each::Tenant), Group::Each(Each::Service)])
}

/// Terms on who shares a domain; only about tenants that there are.
fn sharing() -> impl Strategy<Value = Vec<Term>> {
    let term = prop_oneof![
        level().prop_map(|within| Term::Apart { within }),
        level().prop_map(|within| Term::Private { tenant: 0, with: vec![2], within }),
        level().prop_map(|within| Term::Wall { tenants: vec![0, 1, 3], within }),
        (group(), 1..4_u64, level()).prop_map(|(of, most, within)| Term::AtMost {
            of,
            most,
            within
        }),
        (group(), 0..2_u32).prop_map(|(of, site)| Term::AtSites { of, sites: vec![site] }),
    ];
    prop::collection::vec(term, 1..4)
}

fn groups() -> impl Strategy<Value = Vec<Term>> {
    let term = prop_oneof![
        (group(), level()).prop_map(|(of, within)| Term::Together { of, within }),
        (group(), 1..4_u64, level()).prop_map(|(of, least, over)| Term::Spread { of, least, over }),
    ];
    prop::collection::vec(term, 1..2)
}

struct Told {
    totals: Totals,
    watch: Watch,
    broken: Vec<usize>,
    pairs: usize,
}

/// Tells a story under terms, which somebody keeps or nobody. A migration takes 40 ms.
fn tell(story: &Story, terms: &[Term], kept: bool) -> Told {
    let hosts = hosts();
    // Every tenant has a VM, be it one that comes after the end.
    let mut vms = story.vms.clone();
    vms.extend((0..4).map(|tenant| Vm { tenant, ..Vm::steady("", END, None, demand(1, 1)) }));
    let rules = Arc::new(Isolation::new(terms, &vms, &hosts).expect("terms"));
    let mut fate: Vec<(Time, Incident)> = story
        .fate
        .iter()
        .flat_map(|&(time, host, until, slow)| {
            let is = |permille| Incident::Slow { host, permille };
            let (from, to) = if slow {
                (is(500), is(1000))
            } else {
                (Incident::Fail { host }, Incident::Repair { host })
            };
            [(time, from), (time + until, to)]
        })
        .collect();
    fate.sort_by_key(|&(time, _)| time);
    let (mut ledger, mut recount) = (Ledger::default(), Recount::new(terms));
    let mut watch = Watch::new(Arc::clone(&rules));
    let mover = Box::new(Simple::new(1 << 30));
    let mut build = Engine::new(
        Setting::until(END),
        &hosts,
        &vms,
        Box::new(placer("first-fit", &hosts)),
        mover,
    )
    .checked()
    .struck(Box::new(Fate(fate)))
    .controlled(Box::new(Script(story.moves.clone())))
    .controlled(Box::new(Reviver(3)))
    .controlled(Box::new(Recovery::new(RecoveryPolicy {
        check: 11,
        ..RecoveryPolicy::parse("evacuate").expect("a policy")
    })))
    .observed(&mut ledger)
    .observed(&mut watch)
    .observed(&mut recount);
    // Moves go to hosts that are on.
    let wake = (0..6).map(|host| (0, Action::Wake { host })).collect();
    build = build.controlled(Box::new(Script(wake)));
    if kept {
        let mender = Box::new(Mender::new(&rules, 5));
        build = build.guarded(Box::new(Keeper::new(&rules))).controlled(mender);
    }
    build.run();
    let (broken, pairs) = (recount.broken, recount.pairs);
    Told { totals: *ledger.totals(), watch, broken, pairs }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn who_may_not_share_never_does(story in story(true, true), terms in sharing()) {
        let told = tell(&story, &terms, true);
        prop_assert!(told.broken.iter().all(|&broken| broken == 0), "{:?}", told.broken);
        prop_assert!(told.watch.all_broken_hours() <= 0.0);
    }

    #[test]
    fn groups_hold_while_nobody_fails_or_leaves(story in story(false, false), terms in groups()) {
        let told = tell(&story, &terms, true);
        prop_assert!(told.broken.iter().all(|&broken| broken == 0), "{:?}", told.broken);
    }

    #[test]
    fn whatever_fails_no_action_breaks_a_rule(
        story in story(true, true),
        mut terms in sharing(),
        others in groups(),
    ) {
        terms.extend(others);
        let told = tell(&story, &terms, true);
        for (term, &broken) in terms.iter().zip(&told.broken) {
            let may_fail = matches!(term, Term::Spread { .. });
            prop_assert!(may_fail || broken == 0, "{term:?} is broken for {broken} ms");
        }
        prop_assert!(told.watch.broken_by_hours(Cause::Action) <= 0.0);
    }

    #[test]
    fn the_watch_counts_what_counting_anew_does(
        story in story(true, true),
        mut terms in sharing(),
        others in groups(),
        kept in any::<bool>(),
    ) {
        terms.extend(others);
        let told = tell(&story, &terms, kept);
        let hours = |sum: usize| sum as f64 / 3.6e6;
        let (exposure, broken) = (told.watch.exposure_hours(), told.watch.all_broken_hours());
        prop_assert!((exposure - hours(told.pairs)).abs() < 1e-12);
        let expected = hours(told.broken.iter().sum());
        prop_assert!((broken - expected).abs() < 1e-12, "{broken} {expected}");
        let causes = [Cause::Failure, Cause::Departure, Cause::Action];
        let by_cause: f64 = causes.map(|cause| told.watch.broken_by_hours(cause)).iter().sum();
        prop_assert!((broken - by_cause).abs() < 1e-12, "{broken} {by_cause}");
    }
}

#[test]
fn without_a_keeper_rules_are_broken() {
    let vm = |tenant| Vm { tenant, ..Vm::steady("", 0, Some(60), demand(100, 20)) };
    let story = Story { vms: vec![vm(0), vm(1), vm(2), vm(2)], moves: vec![], fate: vec![] };
    let each = Group::Each(Each::Tenant);
    let terms = [
        Term::Apart { within: Level::Host },
        Term::Private { tenant: 0, with: vec![], within: Level::Rack },
        Term::Wall { tenants: vec![1, 2], within: Level::Host },
        Term::AtMost { of: each, most: 1, within: Level::Host },
        Term::Spread { of: Group::Tenant(2), least: 2, over: Level::Site },
        Term::AtSites { of: each, sites: vec![1] },
    ];
    assert_eq!(tell(&story, &terms, false).broken, [120, 60, 60, 60, 60, 240]);
    let by_actions = tell(&story, &terms, false).watch.broken_by_hours(Cause::Action) * 3.6e6;
    assert_eq!(by_actions.round() as u64, 600, "all of them");
    let kept = tell(&story, &terms[..4], true);
    assert_eq!((kept.totals.refused, kept.totals.arrived), (0, 4));
    assert_eq!((kept.broken, kept.pairs), (vec![0; 4], 0));
}

#[test]
fn a_failed_host_has_its_vms_started_where_rules_allow() {
    // Tenants on hosts of their own; the host of the first fails.
    let vm = |tenant| Vm { tenant, ..Vm::steady("", 0, None, demand(100, 20)) };
    let vms = vec![vm(0), vm(0), vm(1)];
    let story = Story { vms, moves: vec![], fate: vec![(10, 0, 500, false)] };
    let together = Term::Together { of: Group::Tenant(0), within: Level::Host };
    let told = tell(&story, &[Term::Apart { within: Level::Host }, together], true);
    assert_eq!((told.broken, told.totals.refused), (vec![0, 0], 0));
    // Down from 10 to 10, when the next look comes.
    assert_eq!(told.totals.down_time, 0);
    assert!(told.totals.vm_time > 3 * 200);
}

#[test]
fn a_group_that_a_vm_left_too_close_together_is_spread_again() {
    let vm = |end| Vm::steady("", 0, end, demand(600, 20));
    let story = Story { vms: vec![vm(None), vm(Some(50)), vm(None)], moves: vec![], fate: vec![] };
    let spread = [Term::Spread { of: Group::Tenant(0), least: 2, over: Level::Rack }];
    let told = tell(&story, &spread, true);
    // The second goes to another rack, the third beside the first; 20 MiB move in 39 ms.
    assert_eq!((told.broken, told.totals.migrations), (vec![39], 1));
}

#[test]
fn a_group_starts_elsewhere_as_a_whole_or_waits() {
    let terms = [Term::Together { of: Group::Tenant(0), within: Level::Host }];
    // Two VMs of tenant 0 fill host 0, which fails for 50 ms; tenant 1 leaves room for one of them on every other host.
    let vm = |tenant, end, cpu| Vm { tenant, ..Vm::steady("", 0, end, demand(cpu, 20)) };
    let mut vms = vec![vm(0, None, 500), vm(0, None, 500)];
    vms.extend((1..6).map(|_| vm(1, None, 501)));
    let story = Story { vms: vms.clone(), moves: vec![], fate: vec![(10, 0, 50, false)] };
    let told = tell(&story, &terms, true);
    assert_eq!((told.broken, told.totals.down_time), (vec![0], 2 * 50), "both wait");
    vms[2].end = Some(20);
    let told = tell(&Story { vms, ..story }, &terms, true);
    assert_eq!(
        (told.broken, told.totals.down_time),
        (vec![0], 2 * 14),
        "both start on host 1 at 24"
    );
}

#[test]
fn what_a_group_left_behind_is_kept_down_until_it_can_follow() {
    let terms = [Term::Together { of: Group::Tenant(0), within: Level::Host }];
    let vm = |tenant, start, end| Vm { tenant, ..Vm::steady("", start, end, demand(500, 20)) };
    // One starts on host 1; before the other does, somebody takes its room there until 100.
    let vms = vec![vm(0, 0, None), vm(0, 0, None), vm(1, 13, Some(100))];
    let moves = vec![(12, Action::Restart { vm: 0, to: Some(1) })];
    let story = Story { vms, moves, fate: vec![(11, 0, 50, false)] };
    let told = tell(&story, &terms, true);
    assert_eq!((told.broken, told.totals.down_time), (vec![0], 1 + 90), "from 11 to 12 and 101");
    // The one that started leaves at 90: the other starts on its own host at the next look, at 94.
    let mut vms = story.vms.clone();
    vms[0].end = Some(90);
    let told = tell(&Story { vms, ..story }, &terms, true);
    assert_eq!((told.broken, told.totals.down_time), (vec![0], 1 + 83));
}

#[test]
fn a_spread_that_a_failure_broke_is_mended_past_other_rules() {
    // Tenant 0 has 1000 on host 3 and twice 400 on host 0. Tenant 1, which may not be beside it, leaves room on host 2, and
    // tenant 2, which may, on hosts 4 and 5: enough for the small ones.
    let vm = |tenant, cpu| Vm { tenant, ..Vm::steady("", 0, None, demand(cpu, 20)) };
    let vms =
        vec![vm(0, 400), vm(1, 600), vm(1, 600), vm(0, 1000), vm(0, 400), vm(2, 600), vm(2, 600)];
    let terms = [
        Term::Spread { of: Group::Tenant(0), least: 2, over: Level::Rack },
        Term::Wall { tenants: vec![0, 1], within: Level::Host },
    ];
    let moves = vec![(60, Action::Suspect { host: 3 })];
    let story = Story { vms, moves, fate: vec![(50, 3, 500, false)] };
    let told = tell(&story, &terms, true);
    // From the failure to its suspicion, and while one moves to host 4, since host 2 is declined.
    assert_eq!((told.broken, told.totals.migrations), (vec![10 + 39, 0], 1));
    assert!(told.watch.broken_by_hours(Cause::Failure) > 0.0);
    assert!(told.watch.broken_by_hours(Cause::Action) <= 0.0);
}

#[test]
fn hosts_that_stand_by_take_in_what_failed() {
    let vm = || Vm::steady("", 0, None, demand(600, 20));
    let mut vms: Vec<Vm> = (0..7).map(|_| vm()).collect();
    vms[6].start = 50;
    let story = Story { vms, moves: vec![], fate: vec![(20, 3, 500, false)] };
    let told = tell(&story, &[Term::Survive { failures: 1 }], true);
    assert_eq!(told.totals.refused, 2, "one of the six hosts stands by, and later none is left");
    assert_eq!(told.totals.down_time, 4, "the VM that was down runs there from 24 on");
    let told = tell(&story, &[Term::Survive { failures: 6 - 1 }], true);
    assert_eq!(told.totals.refused, 6);
}

#[test]
fn isolation_has_its_price() {
    let hosts = hosts();
    let vms: Vec<Vm> = (0..4)
        .map(|tenant| Vm { tenant, ..Vm::steady("", 0, Some(MINUTE), demand(200, 20)) })
        .collect();
    let host_time = |terms: &[Term]| {
        let rules = Isolation::new(terms, &vms, &hosts).expect("terms");
        let mut ledger = Ledger::default();
        engine(Setting::until(2 * MINUTE), &hosts, &vms)
            .guarded(Box::new(Keeper::new(&rules)))
            .observed(&mut ledger)
            .run();
        *ledger.totals()
    };
    let apart = host_time(&[Term::Apart { within: Level::Host }]);
    assert!((price(&apart, &host_time(&[])) - 3.0).abs() < 1e-12, "four hosts for one");
}

#[test]
fn terms_that_cannot_be_are_refused() {
    let hosts = hosts();
    let vms = [Vm::steady("", 0, None, demand(1, 1))];
    let refused = |term: Term, reason: &str| {
        let error = Isolation::new(&[term], &vms, &hosts).expect_err("refused");
        assert!(error.starts_with("term 1: ") && error.contains(reason), "{error}");
    };
    let (each, within) = (Group::Each(Each::Tenant), Level::Host);
    refused(Term::Private { tenant: 3, with: vec![], within }, "tenant 3 has no VMs");
    refused(Term::AtMost { of: each, most: 0, within }, "most: expected a positive number");
    refused(Term::Spread { of: each, least: 0, over: within }, "least: expected");
    refused(Term::AtSites { of: each, sites: vec![9] }, "no host stands at site 9");
    refused(Term::Survive { failures: 6 }, "failures: expected fewer than the 6 hosts");
}
