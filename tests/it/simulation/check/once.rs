//! I1: at most one check of a verification is ever approved; a repetition with the same `Idempotency-Key` is that one. And
//! one key leads to one code.

use std::collections::BTreeMap;

use super::{Act, Broken, acts};
use crate::simulation::history::{Effect, History, Told};

pub fn check(history: &History) -> Vec<Broken> {
    let mut of: BTreeMap<&str, Vec<Act>> = BTreeMap::new();
    for act in acts(history, |call| matches!(call.told, Told::Approved(_))) {
        if let Told::Approved(id) = &act.call.told {
            of.entry(id).or_default().push(act);
        }
    }
    let twice = of.values().filter(|all| all.len() > 1);
    let mut broken: Vec<Broken> = twice
        .map(|all| Broken::new("I1", "a code was approved twice", &all.iter().map(|act| act.call).collect::<Vec<_>>()))
        .collect();
    let keyless = history.calls.iter().filter(|call| call.replayed && call.asked.key.is_none());
    broken.extend(keyless.map(|call| Broken::new("I1", "an answer was given again to a call without a key", &[call])));
    broken.extend(keys(history));
    broken
}

/// What a failover took may be issued once more.
fn keys(history: &History) -> Vec<Broken> {
    let lost = |act: &Act| {
        history.effects().any(|effect| match effect {
            Effect::Failover { from, to, .. } => act.to >= *from && act.from <= *to,
            Effect::Outage { .. } => false,
        })
    };
    let mut first: BTreeMap<&str, Act> = BTreeMap::new();
    let mut broken = Vec::new();
    for call in history.calls.iter().filter(|call| call.asked.key.is_some()) {
        let (Some(key), Told::Issued { id, .. }) = (&call.asked.key, &call.told) else { continue };
        let act = Act { call, from: history.done_from(call), to: call.end };
        match first.get(&**key) {
            Some(other) => {
                let same = matches!(&other.call.told, Told::Issued { id: known, .. } if known == id);
                if !same && !lost(other) && !lost(&act) {
                    broken.push(Broken::new("I1", "one key, two codes", &[other.call, call]));
                }
            }
            None => {
                first.insert(key, act);
            }
        }
    }
    broken
}
