//! The README and the pages that it leads to, checked against the program: examples are run, tables compared.

pub mod block;
mod circles;
mod commands;
mod examples;
mod form;
mod greeting;
mod links;
mod pages;
mod recover;
mod redis;
mod rooms;
mod table;
mod tables;
mod typed;
mod variables;
mod way;

/// Where its examples find the app listener.
const APP: &str = "127.0.0.1:8080";
/// Where they find the admin listener.
const ADMIN: &str = "127.0.0.1:8081";
