//! I4: no window of a quota's length has more sends that were told than the quota, of a subject or of an IP; and none the
//! length of the pause more than one.
//!
//! What a failover took is not counted with what came after it, as deploy/docs/operate.md says.

use std::collections::BTreeMap;

use super::{Act, Broken, acts};
use crate::simulation::history::{Call, Effect, History, Told};

pub fn check(history: &History) -> Vec<Broken> {
    let sends = acts(history, |call| matches!(call.told, Told::Issued { .. } | Told::Requested));
    let limits = history.limits;
    let subject = |call: &Call| call.asked.subject.clone();
    let mut broken = most(history, &sends, "sends of a subject", limits.sends, subject);
    broken.extend(most(history, &sends, "sends within a subject's pause", (1, limits.pause), subject));
    broken.extend(most(history, &sends, "sends of an IP", limits.ip_sends, |call| call.asked.ip.clone()));
    broken
}

fn most(
    history: &History,
    sends: &[Act],
    what: &str,
    (quota, window): (usize, u64),
    of: impl Fn(&Call) -> String,
) -> Vec<Broken> {
    let mut groups: BTreeMap<String, Vec<&Act>> = BTreeMap::new();
    for send in sends {
        groups.entry(of(send.call)).or_default().push(send);
    }
    let over = |group: &Vec<&Act>| {
        group.iter().find_map(|first| {
            let within: Vec<&Call> = group
                .iter()
                .filter(|send| send.from >= first.from && send.to < first.from + window)
                .filter(|send| !lost(history, send, first.from + window))
                .map(|send| send.call)
                .collect();
            (within.len() > quota).then(|| {
                let what = format!("{} {what} in {window} µs, {quota} are allowed", within.len());
                Broken::new("I4", what, &within)
            })
        })
    };
    groups.values().filter_map(over).collect()
}

/// Whether a failover before the end of the window may have taken it.
fn lost(history: &History, send: &Act, end: u64) -> bool {
    history.effects().any(|effect| match effect {
        Effect::Failover { from, switch, to, .. } => send.to >= *from && send.from <= *to && end > *switch,
        Effect::Outage { .. } => false,
    })
}
