//! What the tests stand on and a measurement needs as well.

#![allow(dead_code)]

#[path = "../it/support/address.rs"]
pub mod address;
#[path = "../it/support/keys.rs"]
pub mod keys;
#[path = "../it/support/process.rs"]
pub mod process;
#[path = "../it/support/redis/mod.rs"]
pub mod redis;
#[path = "../it/support/resp.rs"]
pub mod resp;
#[path = "../it/support/topology/mod.rs"]
pub mod topology;
#[path = "../it/support/wait.rs"]
pub mod wait;

pub use address::Address;
pub use redis::{Redis, RedisOptions};
