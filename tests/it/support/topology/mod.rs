//! Several servers that are one store: Sentinel's and Cluster's, with and without TLS, and wires between them that can be
//! cut.

pub mod cable;
pub mod certificates;
pub mod cluster;
pub mod migration;
pub mod pool;
pub mod sentinel;
pub mod valkey;
pub mod watcher;
