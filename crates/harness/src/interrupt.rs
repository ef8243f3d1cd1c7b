//! Asking a run to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that stops an experiment: runs under way are killed and not recorded, no others are started.
/// Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// A flag that Ctrl-C, a request to terminate (SIGTERM) and a closed terminal (SIGHUP) set. A second
    /// such signal ends the program at once, and with it all children.
    ///
    /// # Errors
    /// If the program has a handler for these signals already.
    pub fn on_signals() -> Result<Self, ctrlc::Error> {
        let interrupt = Self::default();
        let flag = interrupt.clone();
        let installed = ctrlc::try_set_handler(move || {
            if flag.is_set() {
                // 128 + SIGINT, as shells report it.
                std::process::exit(130);
            }
            flag.set();
        });
        match installed {
            // Whoever started us (`nohup`, a script in the background) has these signals ignored, and
            // means it.
            Err(ctrlc::Error::MultipleHandlers) => {}
            other => other?,
        }
        Ok(interrupt)
    }

    /// Asks to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
