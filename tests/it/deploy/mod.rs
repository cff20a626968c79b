//! What an operator deploys, started for real where this kind of machine allows it, else read by its own validator.

mod alertmanager;
mod alerts;
mod alerts_end;
mod check;
mod clients;
mod compose;
pub mod daemon;
mod dashboard;
mod dashboards;
pub mod django;
mod express;
mod happenings;
mod image;
mod kubernetes;
mod kustomize;
mod nginx;
mod picture;
mod pictures;
mod prometheus;
mod release;
mod rules;
pub mod runbooks;
mod start;
mod systemd;
mod world;
mod written;
mod yaml;
