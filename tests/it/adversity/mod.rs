//! By hazard: what must hold when things go wrong.

mod at_rest;
mod claim;
mod constant_time;
mod damaged;
mod decoy_timing;
mod disk;
pub mod faults;
mod floods;
mod hash_queue;
mod idempotency;
mod isolated;
mod memory;
mod oom;
mod outage;
mod race;
mod reserve;
mod restart;
mod rolling;
mod shutdown;
mod streams;
mod tls;
mod trail;
mod unfit;
mod window;
mod wire;
