//! Where the searches begin.

pub(crate) use vmpack_greedy::start;
