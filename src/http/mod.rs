//! HTTP, from the listening socket to a checked request, and from an answer or a refusal back to bytes.
//!
//! A connection's way: [`listen`] → [`connections`] (is there room?) → `channel` (TLS?) → `sniff` (which HTTP?) → `gate`
//! (HTTP/1: is each request framed soundly?) → hyper → `answer` → the handler. A request's way in a handler:
//! [`request_id`] → [`auth`] → [`body`] → [`fields`] → … → [`reply`], or a [`Problem`] at any step.
//!
//! What is refused before a handler sees it has a problem for its body too, but for one case in which h2 answers by
//! itself and with an empty body: an HTTP/2 header list that is too long (431).

mod activity;
mod answer;
pub mod auth;
pub mod body;
pub mod calls;
mod channel;
mod chunked;
pub mod code;
mod connection;
pub mod connections;
pub mod content;
pub mod descriptors;
pub mod fields;
mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod head;
pub mod inbound;
pub mod json;
pub mod limits;
pub mod listen;
pub mod openapi;
mod paced;
pub mod panics;
pub mod problem;
pub mod query;
mod records;
mod refusals;
mod refused_head;
pub mod reply;
pub mod request_id;
pub mod server;
pub mod site;
mod sniff;
pub mod wait;
mod watchdog;

#[cfg(test)]
mod tests;

pub use auth::{Authenticator, Hosts};
pub use body::{BodyLimits, read_json};
pub use code::Code;
pub use connections::Connections;
pub use descriptors::raise_descriptor_limit;
pub use fields::Fields;
pub use inbound::Inbound;
pub use limits::Limits;
pub use listen::{ListenError, Listener};
pub use panics::log_panics_without_content;
pub use problem::{LimitFacts, Problem};
pub use query::Query;
pub use reply::Reply;
pub use request_id::RequestId;
pub use server::{Drained, serve};
