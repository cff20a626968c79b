//! Connections to others; HTTP over them, one request over a connection of its own; and signatures as Standard Webhooks has
//! them.

mod client;
mod endpoint;
mod signer;
mod stream;

pub use client::{Answer, Client, Lost};
pub use endpoint::{Endpoint, SYSLOG, WEB};
pub use signer::Signer;
pub use stream::{Stream, connect};
