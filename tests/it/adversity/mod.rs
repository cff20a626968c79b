//! By hazard: what must hold when things go wrong.

mod at_rest;
mod clock;
mod faults;
mod memory;
mod oom;
mod outage;
mod race;
mod restart;
mod shutdown;
mod window;
mod wire;
