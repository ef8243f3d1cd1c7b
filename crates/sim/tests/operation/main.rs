//! A cluster in operation, through its engine.

mod allocation;
mod engine;
mod moves;
mod support;
