//! One Redis or the way to it goes wrong for a moment, under load. One file per group of hazards.

mod acl;
mod clock;
mod crash;
mod refusal;
mod server;
pub mod trial;
mod wire;
