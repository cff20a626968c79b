//! What answers take at a load that does not wait for them.

use super::{
    Measurement, Scenario,
    closed::watched,
    scenario::{Ready, all_meant},
};

/// `scenario` asked `rate` times a second.
pub fn open(name: impl Into<String>, scenario: Scenario, rate: f64) -> Measurement {
    Measurement::new(name, move |budget| {
        let Ready { rig, mut client, mut work } = scenario.ready_at(rate, budget);
        watched(&rig, || all_meant(client.open(&mut *work, rate, budget.lasts)))
    })
}
