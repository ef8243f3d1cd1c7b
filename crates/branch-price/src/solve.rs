//! From an instance to an outcome.

use vmpack_lp::backend::BackendError;
use vmpack_model::packing::{
    Certificate, Instance, Packing, Pattern, Placement, Refutation, TreeNode, VmType,
};
use vmpack_model::{Bound, Budget, Observer, Outcome, Value};

use crate::dive::Dived;
use crate::duals::{Duals, Proof};
use crate::engine::{Closing, End, Engine, Until};
use crate::fleet::Fleet;
use crate::incumbent::Incumbent;
use crate::normal::Normal;
use crate::residual::Residual;
use crate::tree::Searched;

/// Tables of so many bytes are given back at leisure.
const LARGE_TABLES: u64 = 1 << 27;

/// Whether nodes are branched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// The relaxation of the whole problem alone.
    Relaxation,
    /// Relaxations that are solved ever closer to the end, each rounded by dives.
    Sketch,
    /// Dives for a cost just below that of the placement, as long as there are such.
    Below,
    /// The root and dives from it.
    Root,
    /// A tree until everything is proved.
    Tree,
}

/// Solves a supported instance, from placements if any are given, else from that of greedy rules.
pub(crate) fn solve(
    given: &Instance,
    search: Search,
    known: &[&Placement],
    budget: &Budget,
    observer: &mut dyn Observer,
) -> Outcome<Packing> {
    solve_in_parts(given, search, known, budget, observer).0
}

/// As [`solve`], and the hosts that the relaxation of the whole problem fills alike, rounded down.
pub(crate) fn solve_in_parts(
    given: &Instance,
    search: Search,
    known: &[&Placement],
    budget: &Budget,
    observer: &mut dyn Observer,
) -> (Outcome<Packing>, Placement) {
    let mut whole = Placement::default();
    if let Some(refutation) = vmpack_bounds::refute(given) {
        return (Outcome::infeasible(Some(refutation)), whole);
    }
    let demands = |vm: &VmType| vm.count > 0 && given.demand(vm.rows.start).iter().any(|&x| x > 0);
    if !given.vms().iter().any(demands) {
        // At most one host for VMs that demand nothing.
        let outcome = match vmpack_greedy::start(given, budget) {
            Some(placement) => vmpack_bounds::finish(given, placement, observer),
            None => vmpack_bounds::give_up(given, observer),
        };
        return (outcome, whole);
    }
    let normal = Normal::new(given);
    let mut lower: Option<Bound<Certificate>> = vmpack_bounds::best(given);
    let mut incumbent = Incumbent::new(&normal, observer);
    if let Some(bound) = &lower {
        incumbent.bound(in_steps(&normal, bound.value));
    }
    let mut start: Vec<Placement> =
        known.iter().map(|placement| normal.reduce(placement)).collect();
    if start.is_empty() {
        start.extend(vmpack_greedy::start(&normal.instance, budget));
    }
    for placement in &start {
        incumbent.offer(placement.clone());
    }
    let mut counters = Vec::new();
    let mut refuted = None;
    if !incumbent.is_optimal() {
        let Ok(mut engine) = Engine::new(&normal, budget, incumbent) else {
            let outcome = vmpack_bounds::give_up(given, &mut vmpack_model::NullObserver);
            return (outcome, whole);
        };
        engine.seeds = start;
        let mut solver = Solver { engine, search, certificate: None, whole: Vec::new() };
        // A failure of the linear program ends the search; what is proved so far stands.
        let ended = solver.run();
        counters = solver.engine.counters();
        counters.push(("lp-failures", u64::from(ended.is_err())));
        if let Some(bound) = solver.certificate
            && lower.as_ref().is_none_or(|known| known.value < bound.value)
        {
            lower = Some(bound);
        }
        if let Ok(Ended::Infeasible(nodes)) = ended {
            refuted = Some(nodes.map(|nodes| Refutation::Tree { nodes }));
        }
        whole = normal.restore(&Placement::from_patterns(solver.whole));
        // To give gigabytes back takes a good part of a second, for which nobody should wait.
        let tables = solver.engine.pricers;
        if tables.bytes() > LARGE_TABLES {
            std::thread::spawn(|| drop(tables));
        }
        incumbent = solver.engine.incumbent;
    }
    let outcome = match (incumbent.into_placement(), refuted) {
        (Some(reduced), _) => {
            let placement = normal.restore(&reduced);
            let cost = Value::from(placement.cost(given));
            with_bound(Outcome::feasible(placement, cost), lower)
        }
        (None, Some(refutation)) => Outcome::infeasible(refutation),
        (None, None) => with_bound(Outcome::unknown(), lower),
    };
    let counted = counters.into_iter();
    let outcome = counted.fold(outcome, |outcome, (name, count)| outcome.with_counter(name, count));
    (outcome, whole)
}

fn with_bound(outcome: Outcome<Packing>, bound: Option<Bound<Certificate>>) -> Outcome<Packing> {
    match bound {
        Some(bound) => outcome.with_bound(bound),
        None => outcome,
    }
}

/// A bound of the given instance in costs of the reduced one.
fn in_steps(normal: &Normal, value: Value) -> u64 {
    let up = value.ceil().max(0).unsigned_abs().div_ceil(u128::from(normal.step));
    u64::try_from(up).unwrap_or(u64::MAX)
}

/// How a run ended.
pub(crate) enum Ended {
    /// The incumbent is optimal, or the budget or the method came to its end.
    Done,
    /// The tree shows that there is no placement; its nodes, if a judge can follow them.
    Infeasible(Option<Vec<TreeNode>>),
}

pub(crate) struct Solver<'a> {
    pub(crate) engine: Engine<'a>,
    pub(crate) search: Search,
    /// The best bound that column generation proved.
    certificate: Option<Bound<Certificate>>,
    /// How often the relaxation of the whole problem uses patterns, rounded down.
    whole: Vec<(Pattern, u64)>,
}

impl Solver<'_> {
    /// Raises the bound and looks for placements until the two meet.
    fn run(&mut self) -> Result<Ended, BackendError> {
        let root = Residual::all(self.engine.instance());
        let identical = self.engine.instance().hosts().len() == 1;
        if identical && self.search == Search::Below {
            return self.descend(&root);
        }
        if self.search == Search::Sketch {
            return self.sketch(&root);
        }
        if self.search == Search::Relaxation {
            self.relax(&root)?;
            return Ok(Ended::Done);
        }
        if self.is_relaxation_needed(&root, identical)? {
            self.relax(&root)?;
        }
        if !identical {
            return self.squeeze(&root);
        }
        while !self.engine.incumbent.is_optimal() && !self.engine.is_spent() {
            let (most, aimed) = self.round_of_aims(&root)?;
            match aimed {
                Aimed::Reached => {}
                Aimed::Excluded(certificate) => {
                    if self.engine.incumbent.cost().is_none() {
                        return Ok(self.refute(certificate));
                    }
                    self.prove(most + 1, certificate);
                }
                Aimed::GivenUp => break,
            }
        }
        Ok(Ended::Done)
    }

    /// Aims below the placement until that is excluded or dives find nothing. A first bound is not asked
    /// for: whether one host less suffices shows sooner.
    fn descend(&mut self, root: &Residual) -> Result<Ended, BackendError> {
        while let Some(cost) = self.engine.incumbent.cost()
            && !self.engine.incumbent.is_optimal()
            && !self.engine.is_spent()
        {
            match self.dive_from(root, cost - 1)? {
                Aimed::Reached => {}
                Aimed::Excluded(certificate) => self.prove(cost, certificate),
                Aimed::GivenUp => break,
            }
        }
        Ok(Ended::Done)
    }

    /// Whether the relaxation of the whole problem may raise the bound by more than aiming does.
    ///
    /// On identical hosts a first aim at the bound tells: where it is not excluded, the relaxation is no
    /// better, and without room for waste that is known in a fraction of the time.
    fn is_relaxation_needed(
        &mut self,
        root: &Residual,
        identical: bool,
    ) -> Result<bool, BackendError> {
        let lower = self.engine.incumbent.lower();
        let Some(cost) = self.engine.incumbent.cost().filter(|_| identical) else {
            return Ok(true);
        };
        // The volume of several resources may be far from the truth; greedy rules that end far above it tell.
        if self.engine.instance().dimensions() > 1 && cost - lower > lower / 10 {
            return Ok(true);
        }
        Ok(match self.dive_from(root, lower)? {
            Aimed::Excluded(certificate) => {
                self.prove(lower + 1, certificate);
                !self.engine.incumbent.is_optimal()
            }
            Aimed::Reached | Aimed::GivenUp => false,
        })
    }

    /// Aims at one cost after the other until something comes of it, and says at which.
    fn round_of_aims(&mut self, root: &Residual) -> Result<(u64, Aimed), BackendError> {
        let lower = self.engine.incumbent.lower();
        let Some(cost) = self.engine.incumbent.cost() else {
            let most = self.engine.greatest_cost();
            return Ok((most, self.finish(root, most)?));
        };
        if let Some(aimed) = self.dive_at_aims(root)? {
            return Ok(aimed);
        }
        if self.engine.is_spent() {
            return Ok((lower, Aimed::GivenUp));
        }
        // Most relaxations are tight: ask whether the bound itself can be reached, which leaves no room
        // for waste, and raise it if not.
        let most = lower.min(cost - 1);
        Ok((most, self.finish(root, most)?))
    }

    /// Dives for one cost after the other between bound and placement until something comes of it, and
    /// says for which. Dives are told how dear they may become: the less, the better where they get through.
    pub(crate) fn dive_at_aims(
        &mut self,
        root: &Residual,
    ) -> Result<Option<(u64, Aimed)>, BackendError> {
        let lower = self.engine.incumbent.lower();
        let Some(cost) = self.engine.incumbent.cost() else { return Ok(None) };
        let gap = cost - lower;
        let steps = [0, gap / 64, gap / 16, gap / 4, gap / 2];
        let mut last = None;
        for most in steps.map(|step| lower + step) {
            if last != Some(most) && most < cost && !self.engine.is_spent() {
                match self.dive_from(root, most)? {
                    Aimed::GivenUp => last = Some(most),
                    aimed => return Ok(Some((most, aimed))),
                }
            }
        }
        Ok(None)
    }

    /// The relaxation of the whole problem, without any target: its bound is certified.
    fn relax(&mut self, root: &Residual) -> Result<(), BackendError> {
        let most = self.engine.greatest_cost();
        let mut best: Option<(u64, Duals, Proof, Vec<i64>)> = None;
        let instance = self.engine.instance();
        let ended =
            self.engine.generate_with(root, most, Until::Converged, &[], |duals, heaviest| {
                for proof in duals.proofs(instance, heaviest).into_iter().flatten() {
                    if let Some(lower) = duals.lower(instance, root, &proof)
                        && best.as_ref().is_none_or(|&(known, ..)| known < lower)
                    {
                        best = Some((lower, duals.clone(), proof, heaviest.to_vec()));
                    }
                }
                best.as_ref().map_or(0, |&(lower, ..)| lower)
            });
        if let Some((lower, duals, _, heaviest)) = &best
            && instance.hosts().len() > 1
        {
            self.count_hosts(root, *lower, duals, heaviest);
        }
        if let Some((lower, duals, proof, _)) = best
            && lower > self.engine.incumbent.lower()
        {
            let weights: Vec<u64> =
                (0..instance.rows()).map(|item| duals.weight(item as u32).unsigned_abs()).collect();
            let normal = self.engine.normal;
            let certificate = || {
                Some(Certificate::DualWeights {
                    weights: normal.row_weights(&weights)?,
                    scale: proof.scale,
                    prices: normal.host_prices(&proof.prices)?,
                })
            };
            self.prove(lower, certificate());
        }
        if let End::Open(relaxed) = ended? {
            self.whole = self.engine.whole_parts(&relaxed);
        }
        Ok(())
    }

    /// Raises a bound to the least cost of whole hosts that hold what the VMs weigh.
    fn count_hosts(&mut self, root: &Residual, lower: u64, duals: &Duals, heaviest: &[i64]) {
        let instance = self.engine.instance();
        let Some(most) = self.engine.incumbent.cost() else { return };
        let Some(fleet) = Fleet::new(instance, root, most) else { return };
        let Some(cost) = fleet.least_cost(duals.total(root), heaviest) else { return };
        if cost > lower {
            let prices = heaviest.iter().map(|&weight| weight.max(0).unsigned_abs()).collect();
            let closing = Closing { duals: duals.clone(), proof: Proof { scale: 0, prices } };
            self.prove(cost, self.tree_certificate(cost, vec![closing.leaf(root)]));
        }
    }

    /// Takes note that nothing costs less than `lower`.
    pub(crate) fn prove(&mut self, lower: u64, certificate: Option<Certificate>) {
        if lower <= self.engine.incumbent.lower() {
            return;
        }
        self.engine.incumbent.bound(lower);
        let value = Value::from(lower * self.engine.normal.step);
        self.certificate = Some(Bound { value, certificate });
    }

    /// Looks for a placement that costs at most `most` by dives from the root.
    fn dive_from(&mut self, root: &Residual, most: u64) -> Result<Aimed, BackendError> {
        Ok(match self.engine.generate(root, most, Until::Target, &[])? {
            End::Closed(closing) => {
                Aimed::Excluded(self.tree_certificate(most + 1, vec![closing.leaf(root)]))
            }
            // The volume bound proves the same, and was there before.
            End::TooFew => Aimed::Excluded(None),
            End::Open(relaxed) => match self.engine.dive(root, &relaxed, most)? {
                Dived::Found => Aimed::Reached,
                Dived::Stopped | Dived::Nothing => Aimed::GivenUp,
            },
            End::Found => Aimed::Reached,
            End::Unlikely | End::Stopped => Aimed::GivenUp,
        })
    }

    /// What follows if nothing costs as little as every placement does that opens no host in vain.
    pub(crate) fn refute(&self, certificate: Option<Certificate>) -> Ended {
        // Which costs these are depends on the number of VMs.
        let nodes = match certificate {
            Some(Certificate::Tree { nodes, .. }) if self.engine.normal.keeps_count() => {
                Some(nodes)
            }
            _ => None,
        };
        Ended::Infeasible(nodes)
    }

    /// Searches the tree for a placement that costs at most `most`, if the method has one.
    pub(crate) fn finish(&mut self, root: &Residual, most: u64) -> Result<Aimed, BackendError> {
        if self.search != Search::Tree {
            let known = self.engine.incumbent.cost().is_some();
            return if known { Ok(Aimed::GivenUp) } else { self.dive_from(root, most) };
        }
        self.search_from(root, most, u64::MAX)
    }

    /// Searches the tree for a placement that costs at most `most`, within so many nodes.
    pub(crate) fn search_from(
        &mut self,
        root: &Residual,
        most: u64,
        nodes: u64,
    ) -> Result<Aimed, BackendError> {
        Ok(match self.engine.search_tree(root, most, nodes)? {
            Searched::Found => Aimed::Reached,
            Searched::Excluded(nodes) => {
                Aimed::Excluded(nodes.and_then(|nodes| self.tree_certificate(most + 1, nodes)))
            }
            Searched::Stopped => Aimed::GivenUp,
        })
    }

    /// The certificate of a tree, if its items are those that a judge knows: the VM types of the given
    /// instance, or, without a branching, what they weigh.
    pub(crate) fn tree_certificate(
        &self,
        below: u64,
        mut nodes: Vec<TreeNode>,
    ) -> Option<Certificate> {
        let normal = self.engine.normal;
        // A judge limits what hosts waste where the given instance has a single type.
        if !normal.keeps_hosts() {
            return None;
        }
        if normal.keeps_vms() {
            for node in &mut nodes {
                match node {
                    TreeNode::Leaf { weights, prices, cuts, .. } => {
                        *weights = normal.scaled(weights)?;
                        for cut in cuts {
                            cut.weight = cut.weight.checked_mul(normal.step)?;
                        }
                        *prices = normal.host_prices(prices)?;
                    }
                    TreeNode::Hosts { host, .. } => *host = normal.given_host(*host),
                    TreeNode::Branch { .. } => {}
                }
            }
        } else {
            let [TreeNode::Leaf { weights, prices, cuts, .. }] = &mut nodes[..] else {
                return None;
            };
            if !cuts.is_empty() {
                return None;
            }
            *weights = normal.row_weights(weights)?;
            *prices = normal.host_prices(prices)?;
        }
        Some(Certificate::Tree { below: below.checked_mul(normal.step)?, nodes })
    }
}

/// What aiming at a cost led to.
pub(crate) enum Aimed {
    /// A placement of the cost or less is known.
    Reached,
    /// There is none.
    Excluded(Option<Certificate>),
    /// Neither, and no more will be tried.
    GivenUp,
}

impl Engine<'_> {
    fn counters(&self) -> Vec<(&'static str, u64)> {
        let work = &self.counters;
        vec![
            ("columns", self.columns.len() as u64),
            ("relaxations", work.relaxations),
            ("simplex-iterations", self.restricted.iterations()),
            ("pricings", work.pricings),
            ("nodes", work.nodes),
            ("cuts", work.cuts),
            ("dives", work.dives),
            ("confined-dives", work.confined_dives),
            ("combinations", work.combinations),
            ("work", self.work()),
            ("lp-milliseconds", work.lp_micros / 1000),
            ("pricing-milliseconds", work.pricing_micros / 1000),
        ]
    }

    /// No placement that opens no host in vain costs more.
    pub(crate) fn greatest_cost(&self) -> u64 {
        let instance = self.instance();
        let vms = instance.total_vms();
        let all = instance.hosts().iter().fold(0, |sum: u64, host| {
            let hosts = host.stock.map_or(vms, |stock| stock.min(vms));
            sum.saturating_add(hosts.saturating_mul(host.cost))
        });
        let dearest = instance.hosts().iter().map(|host| host.cost).max().unwrap_or(1);
        all.min(vms.saturating_mul(dearest))
    }
}
