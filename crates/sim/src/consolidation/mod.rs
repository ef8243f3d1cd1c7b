//! Dynamic consolidation: running VMs whose load changes, moved between hosts to save energy.
