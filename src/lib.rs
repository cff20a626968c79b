//! otp-sidecar: one-time codes beside your app.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod audit;
pub mod cli;
pub mod config;
pub mod event;
pub mod files;
pub mod http;
pub mod metrics;
pub mod policy;
pub mod secret;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod tls;
