//! Trails in temporary directories: written, killed, opened again, kept for a while, reviewed, tampered with and verified.

mod keeper;
mod kinds;
mod parts;
mod review;
pub mod sample;
mod several;
mod tallied;
mod writing;
