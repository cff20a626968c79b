//! Connections to others; HTTP over them, one request at a time over each; signatures as Standard Webhooks has them.

mod client;
mod endpoint;
mod signer;
mod stream;

pub use client::{Answer, Client, Lost};
pub use endpoint::{Endpoint, RELAYS, SYSLOG, WEB, parsed};
pub use signer::Signer;
pub use stream::{Stream, connect, encrypt};
