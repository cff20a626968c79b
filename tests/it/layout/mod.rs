//! What lies in Redis and what is called there, byte for byte.

mod event;
mod library;
mod store;
