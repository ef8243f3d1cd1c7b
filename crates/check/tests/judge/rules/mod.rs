//! Placement rules: planted violations of each form, and all placements of tiny instances.

mod naive;
mod oracle;
mod planted;
