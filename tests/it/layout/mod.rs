//! What lies in Redis and what is called there, byte for byte.

mod clock;
mod event;
mod library;
mod store;
