//! Connections: which servers there are, where the primaries are, and how one is asked.
//!
//! [`server`] reads `REDIS_URL`; [`topology`] knows which [`primary`] holds a bucket; a primary has a [`link`] a lane, each one
//! shared connection that [`dial`] makes.

mod access;
mod dial;
mod host_port;
mod link;
mod primary;
mod sentinel;
mod server;
mod slots;
mod topology;
mod url;
mod waiting;

pub use access::check_files;
pub use host_port::HostPort;
pub(super) use link::{Connection, Link};
pub(super) use primary::{Lane, Primary};
pub use server::{Server, TlsFiles};
pub(super) use slots::read_slots;
pub(super) use topology::Topology;
pub use url::SCHEMES;
