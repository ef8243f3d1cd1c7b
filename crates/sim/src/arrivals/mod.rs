//! Arrivals and departures: VMs that come, stay for a while, and leave.
