//! Amounts with what they leave free and what they cover.

use vmpack_model::allocation::{Instance, Objective};

/// Stands for an amount without limit; instances hold numbers up to `2^48` only.
pub(super) const UNLIMITED: i64 = i64::MAX;

/// Whole amounts between reservations and limits, within host capacities; service demands may be unmet.
/// *Variable* `v` is the amount of resource `v % d` of VM `v / d`.
#[derive(Clone, Debug)]
pub(super) struct State<'a> {
    instance: &'a Instance,
    amounts: Vec<i64>,
    /// Hosts x resources.
    free: Vec<i64>,
    /// Per service, what is given beyond the demand; negative if it is unmet.
    surplus: Vec<i128>,
    /// Per variable, the services that it serves with its coefficients, and nothing else.
    columns: Vec<Vec<(usize, i64)>>,
}

impl<'a> State<'a> {
    /// Every VM gets its reservation. These must fit the hosts.
    pub(super) fn at_reservations(instance: &'a Instance) -> Self {
        let d = instance.resources().len();
        let free =
            (0..instance.hosts().len() * d).map(|at| instance.capacity(at / d, at % d) as i64);
        let mut columns = vec![Vec::new(); instance.vms().len() * d];
        for (j, service) in instance.services().iter().enumerate() {
            for term in service.terms.iter().filter(|term| term.coefficient != 0) {
                columns[term.vm * d + term.resource].push((j, term.coefficient));
            }
        }
        let mut state = Self {
            instance,
            amounts: vec![0; columns.len()],
            free: free.collect(),
            surplus: instance.services().iter().map(|s| -i128::from(s.required)).collect(),
            columns,
        };
        for v in 0..state.amounts.len() {
            state.change(v, state.reservation(v));
        }
        state
    }

    /// The instance.
    pub(super) fn instance(&self) -> &'a Instance {
        self.instance
    }

    /// The number of resources.
    pub(super) fn resources(&self) -> usize {
        self.instance.resources().len()
    }

    /// All amounts, VMs x resources.
    pub(super) fn amounts(&self) -> &[i64] {
        &self.amounts
    }

    /// The services that a variable serves, with its coefficients.
    pub(super) fn column(&self, v: usize) -> &[(usize, i64)] {
        &self.columns[v]
    }

    /// What service `j` gets beyond its demand.
    pub(super) fn surplus(&self, j: usize) -> i128 {
        self.surplus[j]
    }

    /// Whether all service demands are met.
    pub(super) fn is_feasible(&self) -> bool {
        self.surplus.iter().all(|&surplus| surplus >= 0)
    }

    /// The unit cost of a variable; zero in the utility form.
    pub(super) fn unit_cost(&self, v: usize) -> i64 {
        match self.instance.objective() {
            Objective::Cost(costs) => costs[[v / self.resources(), v % self.resources()]],
            Objective::Utility(_) => 0,
        }
    }

    /// The least amount.
    pub(super) fn reservation(&self, v: usize) -> i64 {
        self.instance.reservation(v / self.resources(), v % self.resources()) as i64
    }

    /// What is left of the host capacity that the variable draws on; `None` without a host.
    pub(super) fn free(&self, v: usize) -> Option<i64> {
        self.draws_on(v).map(|at| self.free[at])
    }

    /// How far a variable can rise within limit and host capacity; may be [`UNLIMITED`].
    pub(super) fn room(&self, v: usize) -> i64 {
        let limit = self.instance.limit(v / self.resources(), v % self.resources());
        let to_limit = limit.map_or(UNLIMITED, |limit| limit as i64 - self.amounts[v]);
        to_limit.min(self.free(v).unwrap_or(UNLIMITED))
    }

    /// How far a variable can rise until a service that is met no longer is; may be [`UNLIMITED`].
    pub(super) fn rise_within_surplus(&self, v: usize) -> i64 {
        self.within_surplus(v, 1)
    }

    /// How far a variable can fall until a service that is met no longer is; may be [`UNLIMITED`].
    pub(super) fn fall_within_surplus(&self, v: usize) -> i64 {
        self.within_surplus(v, -1)
    }

    fn within_surplus(&self, v: usize, sign: i64) -> i64 {
        let harmed = self.columns[v].iter().filter(|&&(j, a)| a * sign < 0 && self.surplus[j] >= 0);
        let steps = harmed.map(|&(j, a)| self.surplus[j] / i128::from(a.abs()));
        steps.min().map_or(UNLIMITED, |steps| i64::try_from(steps).unwrap_or(UNLIMITED))
    }

    /// Changes a variable; the caller keeps to its room.
    pub(super) fn change(&mut self, v: usize, by: i64) {
        self.amounts[v] += by;
        if let Some(at) = self.draws_on(v) {
            self.free[at] -= by;
        }
        for &(j, a) in &self.columns[v] {
            self.surplus[j] += i128::from(a) * i128::from(by);
        }
    }

    fn draws_on(&self, v: usize) -> Option<usize> {
        let d = self.resources();
        self.instance.vms()[v / d].host.map(|host| host * d + v % d)
    }
}
