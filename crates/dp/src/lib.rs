//! Dynamic programs: knapsacks, subset sums, exact fills, packing and allocation
