//! HTTP to others: one request over a connection of its own, within one time-out, and signatures as Standard Webhooks has them.

mod client;
mod endpoint;
mod signer;
mod stream;

pub use client::{Answer, Client, Lost};
pub use endpoint::Endpoint;
pub use signer::Signer;
pub use stream::{Stream, connect};
