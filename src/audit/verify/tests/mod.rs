//! Trails that were tampered with: by kind, and at random.

mod kinds;
mod random;
mod several;
