//! Trails that were tampered with.

mod kinds;
mod several;
