//! Placements per second by index and by linear scan, on filling and on busy clusters.
fn main() {}
