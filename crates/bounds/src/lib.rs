//! Combinatorial lower bounds for vector packing, each with a certificate
