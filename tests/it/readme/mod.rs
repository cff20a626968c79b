//! What the README says, checked against the program: its examples are run, its tables compared.

mod block;
mod examples;
mod greeting;
mod links;
mod redis;
mod table;
mod tables;

/// The README as it stands.
const README: &str = include_str!("../../../README.md");
/// Where its examples find the app listener.
const APP: &str = "127.0.0.1:8080";
/// Where they find the admin listener.
const ADMIN: &str = "127.0.0.1:8081";
