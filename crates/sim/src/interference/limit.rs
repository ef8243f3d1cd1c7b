//! Hosts where somebody would suffer too much.

use super::Matrix;
use super::crowd::Crowd;
use crate::operation::{Guard, State};

/// Keeps VMs from hosts where they, or a VM that is there, would be slowed down by more than a limit. VMs count with
/// the load that is expected of them, and on both hosts while they migrate.
#[derive(Clone, Debug)]
pub struct Limit<'a> {
    crowd: Crowd<'a>,
    /// The most that anybody may suffer beyond 1, in millionths.
    most: u64,
}

impl<'a> Limit<'a> {
    /// For so many hosts: nobody suffers more than `most` millionths beyond 1 where every VM has an `expected` load, in
    /// thousandths of what it asks for.
    ///
    /// # Panics
    /// If no load is expected.
    pub fn new(matrix: &'a Matrix, hosts: usize, expected: u64, most: u64) -> Self {
        Self { crowd: Crowd::new(matrix, hosts, expected), most }
    }
}

impl Guard for Limit<'_> {
    fn admits(&self, vm: usize, host: usize, state: &State<'_>) -> bool {
        self.crowd.worst_with(host, state.asked()[vm].class as usize) <= self.most
    }

    fn placed(&mut self, vm: usize, host: usize, state: &State<'_>) {
        self.crowd.join(host, state.asked()[vm].class as usize);
    }

    fn left(&mut self, vm: usize, host: usize, state: &State<'_>) {
        self.crowd.leave(host, state.asked()[vm].class as usize);
    }
}
