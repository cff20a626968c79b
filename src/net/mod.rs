//! Connections to others; HTTP over them, one request over a connection of its own; and signatures as Standard Webhooks has
//! them.

mod client;
mod endpoint;
mod signer;

pub use client::{Answer, Client, Lost};
pub use endpoint::{Endpoint, SYSLOG, Stream, WEB};
pub use signer::Signer;
