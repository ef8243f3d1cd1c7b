//! A cluster in operation, through its engine.

mod engine;
mod monitoring;
mod support;
