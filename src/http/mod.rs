//! HTTP, from the listening socket to a checked request, and from an answer or a refusal back to bytes.
//!
//! A connection's way: [`listen`] → [`connections`] (is there room?) → `timed` (what does it wait for?) → TLS → hyper, which
//! reads HTTP/1 and 2 → `answer` → the handler. A request's way in a handler: [`request_id`] → [`auth`] → [`body`] →
//! [`fields`] → … → [`reply`], or a [`Problem`] at any step.
//!
//! What hyper refuses before a handler sees it is answered with an empty body: a head that is no HTTP (400), one that is
//! over 32 KiB or 100 lines, an HTTP/2 header list over 16 KiB (431).

mod activity;
pub mod admission;
mod answer;
pub mod auth;
pub mod body;
pub mod calls;
pub mod code;
mod connection;
pub mod connections;
pub mod console;
pub mod content;
pub mod descriptors;
mod doors;
pub mod fields;
pub mod inbound;
pub mod json;
pub mod limits;
pub mod listen;
pub mod openapi;
pub mod panics;
pub mod parameters;
pub mod problem;

pub mod reply;
pub mod request_id;
pub mod runbooks;
pub mod server;
pub mod site;
mod timed;
mod twilio;
pub mod wait;

pub use auth::{Authenticator, Hosts};
pub use body::{BodyLimits, read_body};
pub use code::Code;
pub use connections::Connections;
pub use descriptors::raise_descriptor_limit;
pub use fields::Fields;
pub use inbound::Inbound;
pub use limits::Limits;
pub use listen::{Bound, ListenError, Listener};
pub use panics::log_panics_without_content;
pub use parameters::Parameters;
pub use problem::Problem;
pub use reply::Reply;
pub use request_id::RequestId;
pub use server::{Drained, serve};
