//! The vmpack command.
fn main() {}
