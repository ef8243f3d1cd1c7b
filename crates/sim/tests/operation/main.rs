//! A cluster in operation, through its engine.

mod allocation;
mod edge;
mod engine;
mod faults;
mod interference;
mod isolation;
mod monitoring;
mod moves;
#[path = "../../../../tests/skip.rs"]
mod skip;
mod support;
mod traces;
