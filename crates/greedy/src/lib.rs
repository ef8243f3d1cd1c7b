//! Constructive rules for packing and allocation
