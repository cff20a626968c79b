//! What the sidecar promises, checked on the built binary over a real Redis: `behaviour` by noun, `adversity` by
//! hazard, `model` by comparison with a plain model of the contract, `readme` by what the README says, `support` to
//! start, talk to, hurt and stop both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adversity;
mod behaviour;
#[cfg(target_os = "linux")]
mod model;
mod readme;
mod support;
