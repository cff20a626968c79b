//! The calls: from a request to the service and back, one file per noun.

pub mod admin;
pub mod answered;
pub mod app;
pub mod call;
pub mod check;
pub mod delivery;
pub(super) mod exchange;
pub mod guard;
pub mod health;
pub mod idempotency;
pub mod input;
pub mod rate_limit;
pub mod reference;
pub mod refused;
pub mod route;
pub mod send;

pub use answered::Answered;
