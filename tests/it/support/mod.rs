//! What the tests stand on.

pub mod address;
pub mod answer;
pub mod client;
pub mod keys;
pub mod launch;
pub mod metrics;
pub mod monitor;
pub mod process;
pub mod redis;
pub mod rig;
pub mod sidecar;
pub mod wait;

pub use address::Address;
pub use answer::Answer;
pub use client::{Client, Issued, nth_wrong_code, wrong_code_than};
pub use metrics::Metrics;
pub use monitor::Monitor;
pub use redis::{Redis, RedisOptions};
pub use rig::Rig;
pub use sidecar::Sidecar;
