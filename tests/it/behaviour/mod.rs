//! By noun: what the contract says.

mod auth;
mod bad_code;
mod bad_input;
mod bad_subject;
mod cancel;
mod check;
mod embedded;
mod embedded_start;
mod events;
mod get;
mod history;
mod idempotency;
mod ip_limits;
mod lockout;
mod metrics;
mod normalisation;
mod presets;
mod progressive;
mod purposes;
mod ratelimit_headers;
mod refusals;
mod request_ids;
mod send;
mod status;
mod store_access;
