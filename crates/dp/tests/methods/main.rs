//! The methods against brute force and known optima, judged by the checker.

mod allocation;
mod packing;
