//! A cluster in operation, through its engine.

mod edge;
mod engine;
mod interference;
mod isolation;
mod support;
