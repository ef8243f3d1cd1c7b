//! Migrations under way together, against closed forms and a model of their own.

use proptest::prelude::*;
use vmpack_sim::migration::{
    Completed, Limits, LinkError, Migrations, PreCopy, Settings, Transfer,
};

const GB: u64 = 1_000_000_000;
/// Bytes per second of a link of 1 Gbit/s.
const GIGABIT: u64 = 125_000_000;

fn pre_copy(model: PreCopy, limits: Limits) -> Settings {
    Settings { model: model, limits, most: u64::MAX }
}

/// Lets all migrations end; asking at every time that is named.
fn run(migrations: &mut Migrations) -> Vec<Completed> {
    let mut ended = Vec::new();
    while let Some(next) = migrations.next() {
        ended.extend(migrations.finished(next));
    }
    assert_eq!(migrations.counts(), (0, 0));
    ended
}

#[test]
fn one_that_starts_later_slows_those_under_way_and_speeds_them_up_when_it_ends() {
    let model = PreCopy { threshold: 0, rounds: 9, resume: 0 };
    let mut migrations = Migrations::new(&[1000; 4], pre_copy(model, Limits::NONE)).unwrap();
    let idle = Transfer { vm: 0, from: 0, to: 1, memory: 10_000, dirty: 0 };
    migrations.start(0, idle);
    migrations.start(2000, Transfer { vm: 1, to: 2, memory: 3000, ..idle });
    migrations.start(2000, Transfer { vm: 2, from: 3, to: 2, memory: 500, ..idle });
    let ended = run(&mut migrations);
    // From 2 s on each has 500 bytes/s; the third ends at 3 s, which frees nothing for the second, whose source is
    // as busy. The second ends at 8 s; the first has 5000 left then.
    let ends: Vec<_> = ended.iter().map(|one| (one.vm, one.ended)).collect();
    assert_eq!(ends, [(2, 3000), (1, 8000), (0, 13_000)]);
}

#[test]
fn a_cap_leaves_the_rest_of_the_link_unused() {
    let model = PreCopy { threshold: 0, rounds: 9, resume: 0 };
    let settings = Settings { most: 100, ..pre_copy(model, Limits::NONE) };
    let mut migrations = Migrations::new(&[1000; 2], settings).unwrap();
    migrations.start(0, Transfer { vm: 0, from: 0, to: 1, memory: 1000, dirty: 0 });
    assert_eq!(run(&mut migrations)[0].ended, 10_000);
}

#[test]
fn those_beyond_the_limit_wait_in_order() {
    let model = PreCopy { threshold: 0, rounds: 9, resume: 0 };
    let limits = Limits { per_host: 1, in_all: 2 };
    let mut migrations = Migrations::new(&[1000; 8], pre_copy(model, limits)).unwrap();
    let hosts = [(0, 1), (1, 2), (3, 4), (5, 6), (0, 7)];
    for (vm, (from, to)) in hosts.into_iter().enumerate() {
        migrations.start(0, Transfer { vm, from, to, memory: 1000, dirty: 0 });
    }
    assert_eq!(migrations.counts(), (2, 3));
    let started: Vec<_> =
        run(&mut migrations).iter().map(|one| (one.vm, one.started, one.ended)).collect();
    let expected = [(0, 0, 1000), (2, 0, 1000), (1, 1000, 2000), (3, 1000, 2000), (4, 2000, 3000)];
    assert_eq!(started, expected);
}

#[test]
fn a_cancelled_migration_tells_what_it_sent_and_makes_way() {
    let model = PreCopy { threshold: 0, rounds: 9, resume: 0 };
    let limits = Limits { per_host: 1, in_all: 9 };
    let mut migrations = Migrations::new(&[1000; 3], pre_copy(model, limits)).unwrap();
    let idle = Transfer { vm: 0, from: 0, to: 1, memory: 5000, dirty: 0 };
    for vm in 0..3 {
        migrations.start(0, Transfer { vm, ..idle });
    }
    assert_eq!(migrations.cancel(1500, 0), Some(1500));
    assert_eq!(migrations.cancel(1500, 2), Some(0), "it waited");
    assert_eq!(migrations.cancel(1500, 2), None);
    let ended = run(&mut migrations);
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].vm, ended[0].started, ended[0].ended), (1, 1500, 6500));
}

#[test]
fn a_link_that_carries_nothing_is_refused() {
    let refused = Migrations::new(&[5, 0], Settings::default()).unwrap_err();
    assert_eq!(refused, LinkError { host: 1 });
}

#[derive(Clone, Debug)]
struct Case {
    links: Vec<u64>,
    settings: Settings,
    /// When each is asked for.
    asked: Vec<(u64, Transfer)>,
}

fn case() -> impl Strategy<Value = Case> {
    let model = (0_u64..2000, 0_u32..6, 0_u64..40)
        .prop_map(|(threshold, rounds, resume)| PreCopy { threshold, rounds, resume });
    let limits =
        (1_usize..3, 1_usize..5).prop_map(|(per_host, in_all)| Limits { per_host, in_all });
    let links = prop::collection::vec(1000_u64..5000, 2..5);
    let asked = prop::collection::vec(
        (0_u64..3000, 0_usize..5, 1_usize..4, 1_u64..20_000, 0_u64..3000),
        1..9,
    );
    (model, limits, links, asked).prop_map(|(model, limits, links, asked)| {
        let hosts = links.len();
        let mut asked: Vec<_> = asked
            .into_iter()
            .map(|(time, from, by, memory, dirty)| {
                let (from, by) = (from % hosts, 1 + (by - 1) % (hosts - 1));
                (time, Transfer { vm: 0, from, to: (from + by) % hosts, memory, dirty })
            })
            .collect();
        asked.sort_by_key(|&(time, _)| time);
        asked.iter_mut().enumerate().for_each(|(vm, (_, transfer))| transfer.vm = vm);
        Case { links, settings: pre_copy(model, limits), asked }
    })
}

/// Asks for all, and ends them; additional questions at `also` must change nothing.
fn play(case: &Case, also: &[u64]) -> Vec<Completed> {
    let mut migrations = Migrations::new(&case.links, case.settings).unwrap();
    let (mut ended, mut also) = (Vec::new(), also.iter().copied().peekable());
    for &(time, transfer) in &case.asked {
        while let Some(next) = also.next_if(|&next| next <= time) {
            ended.extend(migrations.finished(next));
        }
        migrations.start(time, transfer);
    }
    for next in also {
        ended.extend(migrations.finished(next));
    }
    ended.extend(run(&mut migrations));
    ended
}

proptest! {
    #[test]
    fn one_alone_takes_what_the_closed_form_says(
        memory in 1_u64..8 * GB,
        dirty in 0..2 * GIGABIT,
        rounds in 0_u32..31,
        threshold in 0..GB / 10,
    ) {
        let model = PreCopy { threshold, rounds, resume: 20 };
        let mut migrations =
            Migrations::new(&[10 * GIGABIT, GIGABIT], pre_copy(model, Limits::default())).unwrap();
        migrations.start(500, Transfer { vm: 3, from: 0, to: 1, memory, dirty });
        let ended = run(&mut migrations);
        let alone = model.alone(memory, dirty, GIGABIT);
        prop_assert_eq!(ended.len(), 1);
        prop_assert_eq!(ended[0].ended - 500, alone.duration);
        prop_assert_eq!(
            (ended[0].bytes, ended[0].downtime, ended[0].rounds),
            (alone.bytes, alone.downtime, alone.rounds)
        );
    }

    /// Nothing is lost, no link carries more than it can, limits and order hold.
    #[test]
    fn laws_hold_when_many_share(case in case()) {
        let ended = play(&case, &[]);
        prop_assert_eq!(ended.len(), case.asked.len());
        for one in &ended {
            let (asked, transfer) = case.asked[one.vm];
            prop_assert!(one.asked == asked && one.started >= asked);
            prop_assert!(one.bytes >= transfer.memory, "all memory is sent");
            // Never faster than alone on the slower of its links.
            let model = case.settings.model;
            let link = case.links[transfer.from].min(case.links[transfer.to]);
            let fastest = transfer.memory * 1000 / link + model.resume;
            prop_assert!(one.ended - one.started >= fastest);
        }
        for (host, &link) in case.links.iter().enumerate() {
            for out in [true, false] {
                let crosses = |one: &&Completed| host == if out { one.from } else { one.to };
                let here: Vec<_> = ended.iter().filter(crosses).collect();
                let bytes: u64 = here.iter().map(|one| one.bytes - 1).sum();
                // A sweep over the time for which something was under way.
                let mut spans: Vec<_> = here.iter().map(|one| (one.started, one.ended)).collect();
                spans.sort_unstable();
                let (mut busy, mut until) = (0, 0);
                for (from, to) in spans {
                    busy += to.saturating_sub(from.max(until));
                    until = until.max(to);
                }
                prop_assert!(u128::from(bytes) * 1000 <= u128::from(link) * u128::from(busy));
            }
        }
        let together = |at: &Completed, of: &dyn Fn(&Completed) -> bool| {
            // A ms earlier than its end by which it has surely not ended.
            ended.iter().filter(|one| one.started <= at.started && at.started + 1 < one.ended && of(one)).count()
        };
        for one in &ended {
            prop_assert!(together(one, &|_| true) <= case.settings.limits.in_all);
            for host in [one.from, one.to] {
                let on = |other: &Completed| other.from == host || other.to == host;
                prop_assert!(together(one, &on) <= case.settings.limits.per_host);
                for other in ended.iter().filter(|other| on(other)) {
                    prop_assert!(one.vm <= other.vm || one.started >= other.started, "order");
                }
            }
        }
    }

    #[test]
    fn nothing_depends_on_how_often_one_asks(
        case in case(),
        mut also in prop::collection::vec(0_u64..20_000, 0..30),
    ) {
        also.sort_unstable();
        prop_assert_eq!(play(&case, &[]), play(&case, &also));
    }
}
