//! What is asked for, and what must be answered.

mod calls;
mod check;
mod population;
mod ready;
pub mod request;
mod send;

pub use calls::{Call, Calls};
pub use check::{Check, Typed};
pub use population::{About, Population};
pub use ready::Ready;
pub use send::{Issued, Send};

/// Far from any number of users and without a divisor in common with it: going by such steps meets each user once a
/// round, and no two who are neighbours in memory after each other.
const STRIDE: usize = 7_368_787;

/// Whom the `n`-th call of many about so many users is for.
fn turn(n: usize, users: usize) -> usize {
    n.wrapping_mul(STRIDE) % users
}
