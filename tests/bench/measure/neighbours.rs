//! What calls that hash nothing take while as many as can be are hashed.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    Asked, Measurement, Scenario,
    closed::watched,
    scenario::{Ready, all_meant},
};
use crate::{
    client::Client,
    work::{Call, Calls},
};

/// Looks a second: few, so that they show what others do to them.
const LOOKS: f64 = 500.0;
/// Of hashing at once.
const TURN: Duration = Duration::from_millis(100);

/// Looks at the status of users of `scenario`, which hashes; beside sends on as many connections as keep all its threads
/// busy, or alone.
pub fn neighbours(name: impl Into<String>, scenario: Scenario, hashing: bool) -> Measurement {
    let scenario = Scenario { asked: Asked::Fresh(Call::STATUS), ..scenario.hashing() };
    Measurement::new(name, move |budget| {
        let Ready { rig, mut client, mut work } = scenario.ready_at(LOOKS, budget);
        let (start, over) = (Instant::now(), AtomicBool::new(!hashing));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut others =
                    Client::connect(&rig.address, scenario.connections.min(budget.at_once)).expect("connections");
                let mut sends = Calls::fresh_after(Call::SEND, 1_000_000);
                // Where the looks fail, nobody says that it is over.
                while !over.load(Ordering::Relaxed) && start.elapsed() < 2 * budget.lasts {
                    all_meant(others.closed(&mut sends, TURN));
                }
            });
            let sample = watched(&rig, || all_meant(client.open(&mut *work, LOOKS, budget.lasts)));
            over.store(true, Ordering::Relaxed);
            sample
        })
    })
}
