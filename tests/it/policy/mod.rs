//! What is allowed, case by case: plain functions, without a sidecar.

mod characters;
mod code;
mod destination;
mod network;
mod pace;
mod subject;
