#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use proptest::prelude::*;

use super::*;

const RESOURCES: usize = 2;

fn amounts(of: [u64; RESOURCES]) -> Demand {
    [of[0], of[1], 0, 0, 0]
}

/// Whether VMs fit on what hosts have free, by trying everything.
fn fits(vms: &[Demand], free: &mut [Demand]) -> bool {
    let Some((vm, rest)) = vms.split_first() else { return true };
    (0..free.len()).any(|host| {
        if !vmpack_cluster::covers(&free[host], vm) {
            return false;
        }
        free[host].iter_mut().zip(vm).for_each(|(free, vm)| *free -= vm);
        let all = fits(rest, free);
        free[host].iter_mut().zip(vm).for_each(|(free, vm)| *free += vm);
        all
    })
}

/// The cluster that a [`Reserve`] should know of.
#[derive(Clone)]
struct Model {
    capacity: Vec<Demand>,
    closed: Vec<bool>,
    vms: BTreeMap<usize, (usize, Demand)>,
}

impl Model {
    fn free(&self, host: usize) -> Demand {
        let mut free = self.capacity[host];
        for (of, demand) in self.vms.values().filter(|(of, _)| *of == host) {
            assert_eq!(*of, host);
            free.iter_mut()
                .zip(demand)
                .for_each(|(free, demand)| *free = free.saturating_sub(*demand));
        }
        free
    }

    fn moving(&self, failed: &[usize]) -> Vec<(usize, usize, Demand)> {
        let mine = self.vms.iter().map(|(&vm, &(host, demand))| (vm, host, demand));
        mine.filter(|(_, host, _)| failed.contains(host) && !self.closed[*host]).collect()
    }

    fn survives(&self, failed: &[usize]) -> bool {
        let hosts =
            (0..self.capacity.len()).filter(|host| !failed.contains(host) && !self.closed[*host]);
        let mut free: Vec<Demand> = hosts.map(|host| self.free(host)).collect();
        let moving: Vec<Demand> = self.moving(failed).iter().map(|(.., demand)| *demand).collect();
        fits(&moving, &mut free)
    }

    /// That a plan moves every VM of the failing hosts to hosts with room.
    fn prove(&self, failed: &[usize], plan: &Plan) {
        let mut free: Vec<Demand> = (0..self.capacity.len()).map(|host| self.free(host)).collect();
        let mut moved: Vec<(usize, usize)> = Vec::new();
        for &(vm, from, to) in &plan.moves {
            assert!(!failed.contains(&to) && !self.closed[to], "{vm} goes to a host that works");
            let demand = self.vms[&vm].1;
            assert!(vmpack_cluster::covers(&free[to], &demand), "{vm} has room on {to}");
            free[to].iter_mut().zip(&demand).for_each(|(free, demand)| *free -= demand);
            moved.push((vm, from));
        }
        moved.sort_unstable();
        let expected: Vec<_> =
            self.moving(failed).iter().map(|&(vm, host, _)| (vm, host)).collect();
        assert_eq!(moved, expected, "all VMs move");
    }
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::Hosts(1)), Just(Scope::Hosts(2)), Just(Scope::Racks(1))]
}

/// A host, a demand, and what is done.
type Step = (usize, [u64; RESOURCES], u8);

fn run(scope: Scope, capacities: &[[u64; RESOURCES]], steps: &[Step]) -> (u32, u32) {
    let capacity: Vec<Demand> = capacities.iter().map(|&of| amounts(of)).collect();
    let hosts = capacity.len();
    let racks: Vec<u32> = (0..hosts).map(|host| host as u32 / 2).collect();
    let mut reserve = Reserve::new(capacity.clone(), &racks, RESOURCES, scope).unwrap();
    let mut model = Model { capacity, closed: vec![false; hosts], vms: BTreeMap::new() };
    let (mut planned, mut possible) = (0, 0);
    for (vm, &(host, demand, what)) in steps.iter().enumerate() {
        let (host, demand) = (host % hosts, amounts(demand));
        match what {
            // Mostly VMs come if they are admitted.
            0..=5 => {
                let free = model.free(host);
                if model.closed[host] || !vmpack_cluster::covers(&free, &demand) {
                    continue;
                }
                let before = model.clone();
                let had: Vec<bool> = reserve.plans().map(|(_, plan)| plan.is_some()).collect();
                let admitted = reserve.admits(&demand, host);
                for ((failed, plan), had) in reserve.plans().zip(&had) {
                    assert!(plan.is_some() >= *had, "a question drops no plan");
                    if let Some(plan) = plan {
                        before.prove(failed, plan);
                    }
                }
                // A few come although they are not admitted.
                if admitted || what == 0 {
                    model.vms.insert(vm, (host, demand));
                    reserve.place(vm, &demand, host);
                }
                if admitted {
                    for ((failed, plan), had) in reserve.plans().zip(had) {
                        assert!(plan.is_some() || (!had && !failed.contains(&host)));
                    }
                }
            }
            6 => {
                if let Some((&vm, &(host, _))) = model.vms.iter().nth(host) {
                    model.vms.remove(&vm);
                    reserve.leave(vm, host);
                }
            }
            7 => {
                reserve.close(host);
                model.closed[host] = true;
            }
            _ => {
                reserve.open(host);
                model.closed[host] = false;
            }
        }
        for (failed, plan) in reserve.plans() {
            if let Some(plan) = plan {
                model.prove(failed, plan);
            }
        }
        reserve.survivable();
        for (failed, plan) in reserve.plans() {
            let survives = model.survives(failed);
            assert!(plan.is_none() || survives, "a plan proves it");
            possible += u32::from(survives);
            planned += u32::from(plan.is_some());
        }
    }
    (planned, possible)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn plans_are_proofs_at_every_step(
        scope in scopes(),
        capacities in prop::collection::vec([4_u64..10, 4..10], 4..6),
        steps in prop::collection::vec((0_usize..6, [0_u64..5, 1..5], 0_u8..9), 1..25),
    ) {
        run(scope, &capacities, &steps);
    }
}

#[test]
fn few_proofs_are_missed() {
    let mut stream =
        crate::arrivals::random::Stream::new(crate::arrivals::random::Component::Sizes, 1);
    let (mut planned, mut possible) = (0, 0);
    for round in 0..60 {
        let scope = [Scope::Hosts(1), Scope::Hosts(2), Scope::Racks(1)][round % 3];
        let steps: Vec<Step> = (0..14)
            .map(|_| {
                let demand = [stream.below(5), 1 + stream.below(4)];
                (stream.below(5) as usize, demand, stream.below(7) as u8)
            })
            .collect();
        let (more, of) = run(scope, &[[8, 8]; 5], &steps);
        (planned, possible) = (planned + more, possible + of);
    }
    assert!(possible > 3000, "{possible}");
    assert!(f64::from(planned) > 0.97 * f64::from(possible), "{planned} of {possible}");
}

#[test]
fn an_exact_fit_is_kept_and_not_exceeded() {
    // Three hosts of 4: when one fails, 4 + 4 are left.
    let capacity = vec![amounts([4, 4]); 3];
    let mut reserve = Reserve::new(capacity, &[0, 1, 2], RESOURCES, Scope::Hosts(1)).unwrap();
    let one = amounts([1, 1]);
    let mut vms = 0;
    for host in [0, 1, 2].into_iter().cycle().take(12) {
        if reserve.admits(&one, host) {
            reserve.place(vms, &one, host);
            vms += 1;
        }
    }
    assert_eq!(vms, 8, "8 of 12 fit on two hosts");
    assert_eq!(reserve.survivable(), (3, 3));
    reserve.place(vms, &one, 2);
    assert_eq!(reserve.survivable().1, 3);
    assert!(reserve.survivable().0 < 3);
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(Scope::parse("racks:2"), Ok(Scope::Racks(2)));
    for wrong in ["", "hosts", "hosts:0", "hosts:10", "sites:1"] {
        assert!(Scope::parse(wrong).unwrap_err().contains("expected hosts:NUMBER"), "{wrong}");
    }
    let refused = |hosts: usize, scope| {
        let racks: Vec<u32> = (0..hosts).map(|host| host as u32 / 4).collect();
        let capacity = vec![amounts([1, 1]); hosts];
        Reserve::new(capacity, &racks, RESOURCES, scope).unwrap_err()
    };
    assert!(refused(2, Scope::Hosts(2)).contains("2 of 2 may not fail"));
    assert!(refused(4, Scope::Racks(1)).contains("1 of 1 may not fail"));
    assert!(refused(1000, Scope::Hosts(2)).contains("at most 131072 cases"));
}
