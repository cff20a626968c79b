//! By hazard: what must hold when things go wrong.

mod at_rest;
mod claim;
mod clock;
mod constant_time;
mod faults;
mod memory;
mod oom;
mod outage;
mod race;
mod reserve;
mod restart;
mod shutdown;
mod window;
mod wire;
