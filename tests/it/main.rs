//! What the sidecar promises, checked on the built binary over a real Redis: `behaviour` by noun, `adversity` by
//! hazard, `model` by comparison with a plain model of the contract, `contract` by what the documents say that machines
//! read, `delivery` by what says where messages go, `mail` by relays that take mails or do not, `sms` by providers that
//! are asked over HTTP, `sink` by receivers of events, `clients` by clients and proxies that others wrote, `twilio` by
//! clients that know Twilio alone, `cli` and `config` by what a command line and an environment say, `http` by peers
//! that are slow, hasty or many, `layout` by bytes that lie in Redis, `console` by a browser at the operator's page,
//! `deploy` by what operators deploy, `readme` by what the documents say, `topology` over several servers, `trail` by
//! what is written to a trail and found in one, `policy`, `secret` and `service` case by case, without a sidecar, `risk` by what
//! it makes of sign-ins, `simulation` by what clients were told whatever went wrong, `support` to start, talk to, hurt
//! and stop both; beside them `fuzz`, inputs that nobody thought of, and `soak`, an hour of everything at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adversity;
mod behaviour;
mod cli;
mod clients;
mod config;
mod console;
mod contract;
mod delivery;
mod deploy;
#[path = "../fuzz/mod.rs"]
mod fuzz;
mod http;
mod layout;
mod mail;
#[cfg(target_os = "linux")]
mod model;
mod policy;
mod readme;
mod risk;
mod secret;
mod service;
mod simulation;
mod sink;
mod sms;
#[path = "../soak/mod.rs"]
mod soak;
mod support;
mod tls;
mod topology;
mod trail;
mod trail_format;
mod twilio;
