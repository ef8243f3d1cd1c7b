//! A cluster in operation, through its engine.

mod engine;
mod faults;
mod moves;
mod support;
