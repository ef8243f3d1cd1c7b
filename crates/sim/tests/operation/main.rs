//! A cluster in operation, through its engine.

mod edge;
mod allocation;
mod engine;
mod faults;
mod moves;
mod interference;
mod isolation;
mod monitoring;
mod support;
