//! Rules that the indexes of the cluster answer.

use vmpack_cluster::{Cluster, FirstFit, GreatestScore, Index, LeastCost, Measure, Scale};
use vmpack_model::packing::Instance;

use super::{Policy, Setting, Vm};

struct Indexed<I> {
    /// A host that is off is closed.
    cluster: Cluster<I>,
    resources: usize,
}

impl<I: Index + 'static> Indexed<I> {
    fn build(setting: Setting<'_>, index: I) -> Box<dyn Policy> {
        let resources = setting.fleet.resources();
        let least = &setting.least[..resources];
        let mut cluster = Cluster::new(resources, index).with_least(least);
        for capacity in setting.fleet.capacities() {
            let host = cluster.add(capacity);
            cluster.close(host);
        }
        Box::new(Self { cluster, resources })
    }
}

impl<I: Index> Policy for Indexed<I> {
    fn find(&mut self, vm: &Vm, admit: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        self.cluster.find_admitted(&vm.demand[..self.resources], admit)
    }

    fn switch_on(&mut self, host: usize) {
        self.cluster.open(host);
    }

    fn switch_off(&mut self, host: usize) {
        self.cluster.close(host);
    }

    fn place(&mut self, host: usize, vm: &Vm) {
        self.cluster.place(host, &vm.demand[..self.resources], 1);
    }

    fn remove(&mut self, _now: u64, host: usize, vm: &Vm) {
        self.cluster.take_off(host, &vm.demand[..self.resources], 1);
    }
}

pub(super) fn first_fit(setting: Setting<'_>) -> Box<dyn Policy> {
    Indexed::build(setting, FirstFit::new(&setting.fleet.largest()))
}

pub(super) fn best_fit(setting: Setting<'_>) -> Box<dyn Policy> {
    let (largest, scale) = scale(setting);
    let cost = move |free: &[u64]| scale.measure(Measure::L2, free);
    Indexed::build(setting, LeastCost::new(&largest, cost))
}

pub(super) fn worst_fit(setting: Setting<'_>) -> Box<dyn Policy> {
    let (largest, scale) = scale(setting);
    let cost = move |free: &[u64]| u128::MAX - scale.measure(Measure::L2, free);
    Indexed::build(setting, LeastCost::new(&largest, cost))
}

pub(super) fn dot_product(setting: Setting<'_>) -> Box<dyn Policy> {
    let (largest, scale) = scale(setting);
    let score = move |demand: &[u64], free: &[u64]| {
        let product = |(k, (&demand, &free))| {
            u128::from(scale.fraction(k, demand)) * u128::from(scale.fraction(k, free))
        };
        demand.iter().zip(free).enumerate().map(product).sum::<u128>()
    };
    Indexed::build(setting, GreatestScore::new(&largest, score))
}

/// The most that a host has, and shares of it.
fn scale(setting: Setting<'_>) -> (Vec<u64>, Scale) {
    let largest = setting.fleet.largest();
    let host = Instance::identical_hosts("", &largest, &[]).expect("a host without VMs");
    (largest, Scale::new(&host))
}
