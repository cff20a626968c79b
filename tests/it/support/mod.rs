//! What the tests stand on.

pub mod address;
pub mod answer;
pub mod chance;
pub mod client;
pub mod keys;
pub mod launch;
pub mod ledger;
pub mod load;
pub mod metrics;
pub mod monitor;
pub mod process;
pub mod proxy;
pub mod rank_sum;
pub mod redis;
pub mod resp;
pub mod rig;
pub mod scheme;
pub mod sidecar;
pub mod swarm;
pub mod traffic;
pub mod wait;
mod wire;

pub use address::Address;
pub use answer::Answer;
pub use chance::Chance;
pub use client::{Client, Issued, wrong_code_than};
pub use load::Load;
pub use metrics::Metrics;
pub use monitor::Monitor;
pub use proxy::{Fault, Proxy};
pub use redis::{Redis, RedisOptions};
pub use rig::Rig;
pub use sidecar::Sidecar;
pub use swarm::Swarm;
pub use traffic::Traffic;
