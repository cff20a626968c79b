//! Everything at once, for as long as one likes: several apps over two sidecars, one for each way to hash, and one
//! Redis, while processes are killed and frozen, scripts forgotten and connections cut: nothing grows, and nobody takes any of
//! it for data that went back. `make soak` runs it for `SOAK_MINUTES`, and [`flood`] for `FLOOD_MINUTES`; `make test` for a
//! minute, and ten seconds.

mod app;
mod book;
mod chaos;
mod flood;
mod gauge;
mod world;

use std::time::Duration;

const SEED: &str = "SOAK_SEED";
const MINUTES: &str = "SOAK_MINUTES";
const DEFAULT_MINUTES: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[test]
fn it_holds_for_a_minute() {
    world::soak(Duration::from_secs(60), 0x5eed);
}

/// The seed is printed, and `SOAK_SEED` sets it: it decides what is asked and hurt, though not when each meets the other.
#[test]
#[ignore = "takes SOAK_MINUTES (60): make soak"]
fn it_holds_for_long() {
    let minutes = number(MINUTES).unwrap_or(DEFAULT_MINUTES);
    world::soak(Duration::from_secs(60 * minutes), number(SEED).unwrap_or_else(rand::random));
}
