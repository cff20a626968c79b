//! One Redis or the way to it goes wrong for a moment, under load. One file per group of hazards.

mod trial;
mod wire;
