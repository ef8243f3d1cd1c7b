//! How far a VM may be from its users.

use super::Sites;
use crate::operation::{Guard, State};

/// Keeps VMs from sites whose latency is beyond their limit: they are refused, or wait, where none in reach has room.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a>(pub &'a Sites);

impl Guard for Reach<'_> {
    fn admits(&self, vm: usize, host: usize, state: &State<'_>) -> bool {
        self.0.reaches(&state.asked()[vm], state.hosts()[host].site as usize)
    }
}
