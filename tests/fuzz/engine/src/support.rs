//! What starts a Redis in the tests.

#[path = "../../../it/support/process.rs"]
pub mod process;
#[path = "../../../it/support/redis/mod.rs"]
mod redis;
#[path = "../../../it/support/wait.rs"]
pub mod wait;

pub use redis::{Redis, RedisOptions};
