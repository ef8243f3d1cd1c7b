//! The section `[migration]`.

use serde::Deserialize;

use super::{Part, Scene};
use crate::operation::{Engine, Simple};

/// How live migrations progress.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Migration {
    /// The bandwidth of a host's link, in Mbit/s.
    bandwidth_mbit: u32,
}

impl Part for Migration {
    fn join<'a>(&'a mut self, engine: Engine<'a>, _: Scene<'a>) -> Result<Engine<'a>, String> {
        if self.bandwidth_mbit == 0 {
            return Err("bandwidth_mbit: expected a positive number".to_owned());
        }
        let bandwidth = u64::from(self.bandwidth_mbit) * 125_000;
        Ok(engine.moved_by(Box::new(Simple::new(bandwidth))))
    }
}
