//! Cores of their own for the runs of each worker.

use std::fs;

use crate::limits::allowed_cores;

/// Deals the cores that this process may use out to workers, so many to each: different physical cores first,
/// then the second threads of the same ones. `None` if there are too few.
pub(crate) fn deal(workers: usize, threads: u64) -> Option<Vec<Vec<usize>>> {
    let siblings = |core: &usize| {
        let file = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
        first_of_list(&fs::read_to_string(file).unwrap_or_default()).unwrap_or(*core)
    };
    deal_from(&allowed_cores(), siblings, workers, usize::try_from(threads).ok()?)
}

/// `physical` names the physical core that a logical one belongs to.
fn deal_from(
    allowed: &[usize],
    physical: impl Fn(&usize) -> usize,
    workers: usize,
    threads: usize,
) -> Option<Vec<Vec<usize>>> {
    let hosts: Vec<usize> = allowed.iter().map(physical).collect();
    let mut order: Vec<(usize, usize)> = (0..allowed.len())
        .map(|at| (hosts[..at].iter().filter(|host| **host == hosts[at]).count(), allowed[at]))
        .collect();
    order.sort_unstable();
    let cores: Vec<usize> = order.into_iter().map(|(_, core)| core).collect();
    let needed = workers.checked_mul(threads).filter(|needed| *needed <= cores.len())?;
    Some(cores[..needed].chunks(threads.max(1)).map(<[usize]>::to_vec).collect())
}

/// The first number of a list such as `0-1,8`.
fn first_of_list(text: &str) -> Option<usize> {
    text.trim().split([',', '-']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_get_physical_cores_of_their_own_as_long_as_there_are_some() {
        // Cores 0 and 4 are one, as are 1 and 5, and so on.
        let deal =
            |workers, threads| deal_from(&[0, 1, 2, 4, 5, 6], |core| core % 4, workers, threads);
        assert_eq!(deal(3, 1), Some(vec![vec![0], vec![1], vec![2]]));
        assert_eq!(deal(2, 2), Some(vec![vec![0, 1], vec![2, 4]]));
        assert_eq!(deal(1, 6), Some(vec![vec![0, 1, 2, 4, 5, 6]]));
        assert_eq!(deal(2, 4), None);
        assert_eq!(deal(usize::MAX, 2), None);
    }

    #[test]
    fn lists_of_the_kernel_are_read() {
        assert_eq!((first_of_list("3,11\n"), first_of_list("0-1\n")), (Some(3), Some(0)));
        assert_eq!(first_of_list(""), None);
        assert!(deal(1, 1).is_some(), "this process runs somewhere");
    }
}
