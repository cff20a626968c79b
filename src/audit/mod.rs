//! The trail: what happened, written by the script that made it happen, carried out by an exporter.

pub mod event;
pub mod exporter;
