//! What the sidecar promises, checked on the built binary over a real Redis: `behaviour` by noun, `adversity` by
//! hazard, `readme` by what the README says, `support` to start, talk to, hurt and stop both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adversity;
mod behaviour;
mod readme;
mod support;
