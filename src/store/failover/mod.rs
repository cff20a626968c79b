//! Failover: whose data a primary has, what that means for its buckets, and when replicas have what was written.

mod barrier;
mod confirm;
mod judge;
mod owner;
pub mod positions;
mod replicas;
mod replication;

pub(super) use barrier::Barrier;
pub use confirm::Durability;
pub(super) use owner::ANOTHERS;
pub(super) use replication::{ReplicationInfo, field, question};
