//! Trails in temporary directories, written, killed and opened again.

mod keeper;
pub mod sample;
mod writing;
