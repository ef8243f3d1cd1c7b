//! How migrations share the links of hosts: max-min fairness by progressive filling.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The directions of every link, in bytes per second: what leaves host `h` is `2 h`, what enters it `2 h + 1`. Links are
/// full duplex.
#[derive(Clone, Debug)]
pub(super) struct Links {
    capacity: Vec<u64>,
    /// What is left of a direction, and how many flows on it have no rate yet; all 0 between calls.
    open: Vec<(u64, u64)>,
}

impl Links {
    pub(super) fn new(bytes_per_second: &[u64]) -> Self {
        let capacity: Vec<u64> = bytes_per_second.iter().flat_map(|&link| [link, link]).collect();
        Self { open: vec![(0, 0); capacity.len()], capacity }
    }

    /// The max-min fair rates of flows `(from, to)`, none above `most`, in whole bytes per second, at least 1. In
    /// `O(f log f)` for `f` flows.
    ///
    /// A share is rounded down, so that flows leave less than a byte per second each unused.
    pub(super) fn rates(&mut self, flows: &[(usize, usize)], most: u64) -> Vec<u64> {
        let mut on: Vec<(usize, usize)> = (0..flows.len())
            .flat_map(|flow| [(2 * flows[flow].0, flow), (2 * flows[flow].1 + 1, flow)])
            .collect();
        on.sort_unstable();
        for &(link, _) in &on {
            let open = &mut self.open[link];
            *open = (self.capacity[link], open.1 + 1);
        }
        let share = |open: (u64, u64)| open.0 / open.1;
        let mut rates = vec![0; flows.len()];
        let mut tightest: BinaryHeap<_> = on
            .chunk_by(|a, b| a.0 == b.0)
            .map(|flows| Reverse((share(self.open[flows[0].0]), flows[0].0)))
            .collect();
        while let Some(Reverse((seen, link))) = tightest.pop() {
            if self.open[link].1 == 0 {
                continue;
            }
            // Shares only grow as flows get their rate elsewhere.
            let now = share(self.open[link]);
            if now > seen {
                tightest.push(Reverse((now, link)));
                continue;
            }
            let rate = now.clamp(1, most.max(1));
            let first = on.partition_point(|&(other, _)| other < link);
            for &(_, flow) in on[first..].iter().take_while(|&&(other, _)| other == link) {
                if rates[flow] == 0 {
                    rates[flow] = rate;
                    for crossed in [2 * flows[flow].0, 2 * flows[flow].1 + 1] {
                        let open = &mut self.open[crossed];
                        *open = (open.0.saturating_sub(rate), open.1 - 1);
                    }
                }
            }
        }
        for &(link, _) in &on {
            self.open[link] = (0, 0);
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_bottleneck_leaves_goes_to_others() {
        let mut links = Links::new(&[100, 1000, 100, 400]);
        // Two enter host 0, and one of their sources sends another elsewhere.
        assert_eq!(links.rates(&[(1, 0), (2, 0), (1, 3)], u64::MAX), [50, 50, 400]);
        assert_eq!(links.rates(&[(1, 0), (2, 0), (1, 3)], 60), [50, 50, 60]);
        assert_eq!(links.rates(&[(0, 1), (1, 0)], u64::MAX), [100, 100], "full duplex");
        assert!(links.rates(&[], 1).is_empty());
    }

    proptest! {
        /// Rates are max-min fair if and only if each flow that is not at its limit crosses a link that is used up and
        /// on which no flow is faster.
        #[test]
        fn every_flow_has_a_bottleneck(
            capacity in prop::collection::vec(50_u64..2000, 2..7),
            flows in prop::collection::vec((0_usize..7, 0_usize..7), 0..20),
            most in 20_u64..500,
        ) {
            let hosts = capacity.len();
            let flows: Vec<_> = flows
                .into_iter()
                .map(|(from, to)| (from % hosts, to % hosts))
                .filter(|(from, to)| from != to)
                .collect();
            let rates = Links::new(&capacity).rates(&flows, most);
            let crossing = |out: bool, host: usize| {
                let rates = rates.iter().copied();
                let here: Vec<u64> = rates
                    .zip(&flows)
                    .filter(|(_, flow)| host == if out { flow.0 } else { flow.1 })
                    .map(|(rate, _)| rate)
                    .collect();
                here
            };
            for (flow, &rate) in flows.iter().zip(&rates) {
                let bottleneck = |out, host: usize| {
                    let here = crossing(out, host);
                    let used: u64 = here.iter().sum();
                    assert!(used <= capacity[host]);
                    used + here.len() as u64 > capacity[host] && here.iter().all(|&other| other <= rate)
                };
                let (out, into) = (bottleneck(true, flow.0), bottleneck(false, flow.1));
                prop_assert!(rate == most || out || into);
            }
        }
    }
}
