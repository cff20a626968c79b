//! otp-sidecar: one-time codes beside your app. The rooms, from what needs nothing to what needs all; none knows a room
//! that stands below it in this list.
//!
//! | room | what it does |
//! |---|---|
//! | [`diagnostic`], [`renewable`], [`watched`] | what is wrong with the environment; values, and files, that are replaced while we run |
//! | [`policy`] | what is allowed: subjects, codes, quotas, lockouts, outcomes; pure, no I/O, no clock |
//! | [`secret`] | codes, digests, peppers, ids, sealed names, keys of the trail |
//! | [`risk`] | how much a sign-in is like its user's: profiles, what users share, locations, rules; pure but for the location files |
//! | [`event`] | what happened, as Redis, the trail and their readers share it; buckets |
//! | [`metrics`], [`files`], [`tls`] | what is counted; files that are ours alone; certificates |
//! | [`net`] | connections to others, and HTTP over them: one request at a time, signed |
//! | [`store`] | Redis: one atomic function an operation, failover, replicas, the private server |
//! | [`learning`] | what events teach: profiles of users, suspicious patterns, bursts |
//! | [`delivery`] | messages that carry codes: the outbox's worker, templates, mail, SMS and calls by HTTP |
//! | [`config`] | the environment as one checked [`config::Config`], from one table of variables |
//! | [`telemetry`] | the log |
//! | [`audit`] | the trail: events leave Redis, are chained, signed, kept and verified |
//! | [`service`] | what each call means: hashing, the store, refusals from memory |
//! | [`sink`] | what is in the trails goes out by syslog and by webhook |
//! | [`http`] | both listeners: connections, keys, fields, answers, the OpenAPI documents |
//! | [`cli`] | the command line: `serve`, the operator's commands, `audit verify` |
//!
//! # A request's way in: `POST /v1/verifications`
//! 1. `cli::serve` reads [`config`], binds both listeners, puts a `Runtime` together, looks at the store and says ready.
//! 2. [`http::serve`] takes the connection: the cap, TLS, and the deadlines of heads, bodies and idle times are here.
//! 3. The app's handler finds the route, knows the tenant by its key ([`http::Authenticator`]), reads the body within its
//!    limit and takes its fields, each once and by name ([`http::Fields`]).
//! 4. [`service::Service`] names the subject by a keyed reference ([`secret::IndexKey`]), asks the memory of refusals,
//!    draws a code ([`policy`]), hashes it ([`secret`], beside the threads that answer) and asks the store.
//! 5. [`store::Store`] sends one function with its keys to the primary that holds the subject's bucket. `lua/send.lua`
//!    judges every limit, writes the record and the event, or refuses and says why: all or nothing.
//! 6. The outcome comes back up: [`service`] makes of it the answer, [`http`] its JSON, its headers or its problem
//!    document; [`metrics`] count it and [`telemetry`] writes its line, without a code or a name.
//! 7. Beside it, [`audit`]'s exporter takes the event out of Redis and writes it to the trail.
//!
//! A check goes the same way, but asks the store twice where codes are Argon2id hashes: *claim* charges the attempt before
//! anything is compared, *settle* says how it ended.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod audit;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod diagnostic;
pub mod event;
pub mod files;
pub mod http;
pub mod learning;
pub mod metrics;
pub mod net;
pub mod policy;
pub mod renewable;
pub mod risk;
pub mod secret;
pub mod service;
pub mod sink;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod watched;
