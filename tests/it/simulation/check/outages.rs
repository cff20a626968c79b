//! I8: while nothing reachable can answer, nothing is done.

use super::Broken;
use crate::simulation::history::{Call, Effect, History};

pub fn check(history: &History) -> Vec<Broken> {
    let mut broken = Vec::new();
    for effect in history.effects() {
        let Effect::Outage { sidecar, subjects, from, to } = effect else { continue };
        let meanwhile = |call: &&Call| {
            call.decided()
                && call.start >= *from
                && call.end <= *to
                && sidecar.is_none_or(|sidecar| sidecar == call.sidecar)
                && subjects.as_ref().is_none_or(|subjects| subjects.contains(&call.asked.subject))
        };
        let found = history.calls.iter().filter(meanwhile);
        broken.extend(found.map(|call| Broken::new("I8", "something was done though nothing could answer", &[call])));
    }
    broken
}
