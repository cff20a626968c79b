//! What is allowed, as plain data and pure functions: no I/O, no clock, no tokio, redis or hyper.

pub mod code;
pub mod limit;
pub mod lockout;
pub mod purpose;

pub use limit::Quota;
pub use lockout::LockoutPolicy;
pub use purpose::{Policy, PurposePolicy};
