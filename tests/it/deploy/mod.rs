//! What an operator deploys, started for real where this kind of machine allows it, else read by its own validator.

mod alertmanager;
mod alerts;
mod check;
mod daemon;
mod dashboard;
mod dashboards;
mod picture;
mod pictures;
mod prometheus;
mod rules;
mod runbooks;
mod world;
