//! The calls: from a request to the service and back, one file per noun.

pub mod admin;
pub mod answered;
pub mod app;
pub mod cancel;
pub mod check;
pub mod delivery;
pub mod get;
pub mod guard;
pub mod health;
pub mod idempotency;
pub mod input;
pub mod rate_limit;
pub mod reference;
pub mod refused;
pub mod route;
pub mod send;
pub mod status;
pub mod time;

pub use answered::Answered;
