//! Minimum bin slack.

use vmpack_bounds::{finish, give_up};
use vmpack_model::packing::{Instance, Packing, Pattern, Placement};
use vmpack_model::{Budget, Kind, Method, Observer, Outcome, Unsupported};

use crate::fill::{Contents, Filler};
use crate::tables::table_bytes;

/// Minimum bin slack: fills one host after the other as well as possible, around the largest VM
/// left.
///
/// The rule of Gupta and Ho (1999) in the form MBS' of Fleszar and Hindi (2002), which fixes the
/// largest remaining VM into the host first. The fill of greatest worth (a sum of loads weighted by
/// scarcity) comes from a dynamic program over reachable loads (the subset-sum kernel
/// [`SubsetSums`](crate::knapsack::SubsetSums)) if, after division by the greatest common divisors
/// of the demands, there are at most 2^22 loads and the table fits the memory limit; otherwise, and
/// for VMs with alternatives, from a lexicographic search of at most 200,000 steps. Of several host
/// types the one whose fill costs least per worth is opened, as long as stock lasts. A fill is
/// repeated while its VMs and the stock last, so time and memory grow with the VM types and the
/// logarithm of their counts, not with the VMs.
///
/// Past the end of the budget (its work counts fills) the rest is placed without search.
///
/// # References
/// Gupta, Ho, *A new heuristic algorithm for the one-dimensional bin-packing problem*, Production
/// Planning and Control 10 (1999); Fleszar, Hindi, *New heuristics for one-dimensional
/// bin-packing*, Computers and Operations Research 29 (2002).
#[derive(Clone, Copy, Debug)]
pub struct MinimumBinSlack;

impl Method<Packing> for MinimumBinSlack {
    fn name(&self) -> &'static str {
        "mbs"
    }

    fn kind(&self) -> Kind {
        Kind::DynamicProgramming
    }

    fn summary(&self) -> &'static str {
        "minimum bin slack: each host gets the largest VM left and the best fill around it"
    }

    fn reference(&self) -> &'static str {
        "Gupta, Ho (1999), A new heuristic algorithm for the one-dimensional bin-packing problem; \
         MBS' of Fleszar, Hindi (2002), New heuristics for one-dimensional bin-packing"
    }

    fn supports(&self, _instance: &Instance) -> Result<(), Unsupported> {
        Ok(())
    }

    fn solve(
        &self,
        instance: &Instance,
        budget: &Budget,
        observer: &mut dyn Observer,
    ) -> Outcome<Packing> {
        let mut filler = Filler::new(instance, table_bytes(budget));
        let mut state = State::new(instance, &filler);
        let mut fills = 0;
        let mut patterns = Vec::new();
        while let Some(vm) = state.largest() {
            let Some(choice) = state.choose(&mut filler, vm, budget, &mut fills) else {
                return give_up(instance, observer).with_counter("fills", fills);
            };
            let hosts = state.take(&choice);
            patterns.push((Pattern { host: choice.host, vms: choice.contents }, hosts));
        }
        finish(instance, Placement::from_patterns(patterns), observer)
            .with_counter("fills", fills)
            .with_counter("exact-fills", u64::from(filler.is_exact()))
    }
}

/// A host type and what to put on a host of it.
struct Choice {
    host: usize,
    contents: Contents,
    worth: u128,
}

/// What is left of VMs and hosts.
struct State<'a> {
    instance: &'a Instance,
    remaining: Vec<u64>,
    stock: Vec<u64>,
    /// VM types by falling worth of their cheapest alternative; those before `next` are used up.
    order: Vec<usize>,
    next: usize,
}

impl<'a> State<'a> {
    fn new(instance: &'a Instance, filler: &Filler) -> Self {
        let worth = |vm: usize| {
            let rows = instance.vms()[vm].rows.clone();
            rows.map(|row| filler.worth().of(instance.demand(row))).min()
        };
        let mut order: Vec<usize> = (0..instance.vms().len()).collect();
        order.sort_by_cached_key(|&vm| (std::cmp::Reverse(worth(vm)), vm));
        Self {
            instance,
            remaining: instance.vms().iter().map(|vm| vm.count).collect(),
            stock: instance.hosts().iter().map(|host| host.stock.unwrap_or(u64::MAX)).collect(),
            order,
            next: 0,
        }
    }

    /// The largest VM type of which some remain.
    fn largest(&mut self) -> Option<usize> {
        while self.order.get(self.next).is_some_and(|&vm| self.remaining[vm] == 0) {
            self.next += 1;
        }
        self.order.get(self.next).copied()
    }

    /// The host type whose fill around a VM costs least per worth; `None` if the VM fits none in
    /// stock.
    fn choose(
        &self,
        filler: &mut Filler,
        vm: usize,
        budget: &Budget,
        fills: &mut u64,
    ) -> Option<Choice> {
        let mut best: Option<Choice> = None;
        for (host, hoped) in self.candidates(filler, vm) {
            if best
                .as_ref()
                .is_some_and(|best| !self.cheaper((host, hoped), (best.host, best.worth)))
            {
                break;
            }
            let rows = self.instance.vms()[vm].rows.clone();
            let seed = rows
                .filter(|&row| self.instance.fits(row, host))
                .min_by_key(|&row| filler.worth().of(self.instance.demand(row)))?;
            let hurry = budget.exhausted_after(*fills);
            let contents = filler.fill(host, seed, &self.remaining, hurry);
            *fills += 1;
            let worth = self.worth(filler, &contents);
            if best.as_ref().is_none_or(|best| self.cheaper((host, worth), (best.host, best.worth)))
            {
                best = Some(Choice { host, contents, worth });
            }
        }
        best
    }

    /// Host types in stock that the VM fits, and the worth that a fill has at most; by cost per
    /// worth.
    fn candidates(&self, filler: &Filler, vm: usize) -> Vec<(usize, u128)> {
        let d = self.instance.dimensions();
        let mut demanded = vec![0_u64; d];
        for (vm, &count) in self.instance.vms().iter().zip(&self.remaining) {
            for (k, demanded) in demanded.iter_mut().enumerate() {
                let most = vm.rows.clone().map(|row| self.instance.demand(row)[k]).max();
                *demanded += most.unwrap_or(0) * count;
            }
        }
        let fits = |host: usize| {
            let mut rows = self.instance.vms()[vm].rows.clone();
            self.stock[host] > 0 && rows.any(|row| self.instance.fits(row, host))
        };
        let hoped = |host: usize| {
            let capacity = self.instance.capacity(host).iter();
            let load: Vec<u64> = capacity.zip(&demanded).map(|(&c, &x)| c.min(x)).collect();
            (host, filler.worth().of(&load).max(1))
        };
        let hosts = 0..self.instance.hosts().len();
        let mut candidates: Vec<_> = hosts.filter(|&host| fits(host)).map(hoped).collect();
        candidates.sort_by(|&a, &b| self.price(a, b).cmp(&self.price(b, a)).then(a.0.cmp(&b.0)));
        candidates
    }

    /// Whether the first host type with its worth costs less per worth than the second.
    fn cheaper(&self, a: (usize, u128), b: (usize, u128)) -> bool {
        self.price(a, b) < self.price(b, a)
    }

    /// Cost per worth of the first, on a scale common to both.
    fn price(&self, (host, _): (usize, u128), (_, other): (usize, u128)) -> u128 {
        // Only capacities beyond 2^52 have worths that the product has no room for.
        u128::from(self.instance.hosts()[host].cost) * other.min(1 << 63)
    }

    fn worth(&self, filler: &Filler, contents: &Contents) -> u128 {
        let worth = |&(row, count): &(usize, u64)| {
            filler.worth().of(self.instance.demand(row)) * u128::from(count)
        };
        contents.iter().map(worth).sum::<u128>().max(1)
    }

    /// Opens as many hosts with these contents as VMs and stock allow; returns how many.
    fn take(&mut self, choice: &Choice) -> u64 {
        let mut used: Vec<(usize, u64)> = Vec::with_capacity(choice.contents.len());
        for &(row, count) in &choice.contents {
            let vm = self.instance.type_of_row(row);
            match used.last_mut() {
                // Contents are sorted, and the rows of a type follow each other.
                Some((last, total)) if *last == vm => *total += count,
                _ => used.push((vm, count)),
            }
        }
        let stock = &mut self.stock[choice.host];
        let lasting = used.iter().map(|&(vm, count)| self.remaining[vm] / count);
        let hosts = lasting.fold(*stock, u64::min);
        for &(vm, count) in &used {
            self.remaining[vm] -= count * hosts;
        }
        // Unlimited stock is more than all VMs can use up.
        *stock -= hosts;
        hosts
    }
}
