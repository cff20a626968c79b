//! What is allowed, as plain data and pure functions: no I/O, no clock, no tokio, redis or hyper.

pub mod characters;
pub mod code;
pub mod destination;
pub mod gauge;
pub mod limit;
pub mod lockout;
pub mod network;
mod numbered;
mod opaque;
pub mod outcome;
pub mod pace;
pub mod purpose;
pub mod refusal;
pub mod subject;

pub use destination::{Destinations, Prefixes};
pub use gauge::Gauge;
pub use limit::Quota;
pub use lockout::LockoutPolicy;
pub use network::Network;
pub(crate) use numbered::numbered;
pub(crate) use opaque::opaque;
pub use outcome::Outcome;
pub use purpose::{Policy, PurposePolicy};
pub use refusal::Refusal;
pub use subject::Subject;
