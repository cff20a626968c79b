//! The store as several servers: the same behaviour on each kind, and what happens when servers and slots change places.

mod rights;
mod suite;
mod unsuited;
