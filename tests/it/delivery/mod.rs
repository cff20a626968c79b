//! What is an address, a relay, a provider, a template, a request file and a prefix, without anything being sent.

mod addresses;
mod requests;
mod templates;
mod urls;
