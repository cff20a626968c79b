//! I3: no code is approved after it expired, was replaced, cancelled or burnt by a lock, where that was told before the check
//! was begun. And only the right code is ever approved.

use super::{Act, Broken, acts};
use crate::simulation::history::{Effect, History, SLACK, Told};

pub fn check(history: &History) -> Vec<Broken> {
    let issued = acts(history, |call| matches!(call.told, Told::Issued { .. }));
    let ends = acts(history, |call| {
        matches!(call.told, Told::Issued { .. } | Told::Canceled | Told::Wrong(Some(_)) | Told::Locked(_))
    });
    let mut broken = Vec::new();
    for check in acts(history, |call| matches!(call.told, Told::Approved(_))) {
        let Told::Approved(id) = &check.call.told else { continue };
        let known = |act: &&Act| matches!(&act.call.told, Told::Issued { id: known, .. } if known == id);
        let Some(issue) = issued.iter().filter(known).min_by_key(|act| act.to) else {
            broken.push(Broken::new("I3", "a code was approved that nobody got", &[check.call]));
            continue;
        };
        broken.extend(wrong(history, &check, issue));
        let own = ends.iter().filter(|end| end.call.asked.subject == issue.call.asked.subject && end.to < check.from);
        for end in own {
            if let Some(what) = ended(history, end, issue, id) {
                broken.push(Broken::new("I3", what, &[issue.call, end.call, check.call]));
            }
        }
    }
    broken
}

fn wrong(history: &History, check: &Act, issue: &Act) -> Option<Broken> {
    let Told::Issued { expires, id, .. } = &issue.call.told else { return None };
    // The answer that is given again may have lost its code.
    let code = history.calls.iter().find_map(|call| match &call.told {
        Told::Issued { id: known, code: Some(code), .. } if known == id => Some(code),
        _ => None,
    });
    let (asked, of) = (&check.call.asked, &issue.call.asked);
    let what = if asked.code.as_ref() != code {
        "a wrong code was approved"
    } else if (&asked.subject, asked.purpose) != (&of.subject, of.purpose) {
        "a code was approved for something else"
    } else if check.from > expires + SLACK {
        "a code was approved after it expired"
    } else {
        return None;
    };
    Some(Broken::new("I3", what, &[issue.call, check.call]))
}

/// Why the code of `issue` was over with `end`.
fn ended(history: &History, end: &Act, issue: &Act, id: &str) -> Option<&'static str> {
    let later = issue.to < end.from;
    match &end.call.told {
        Told::Issued { .. } if later && end.call.asked.purpose == issue.call.asked.purpose => {
            (!elsewhere(history, end, issue)).then_some("a code was approved after it was replaced")
        }
        Told::Canceled if end.call.asked.id.as_deref() == Some(id) => {
            (!elsewhere(history, end, issue)).then_some("a code was approved after it was cancelled")
        }
        Told::Wrong(Some(_)) | Told::Locked(_) if later => Some("a code was approved after a lock burnt it"),
        _ => None,
    }
}

/// Whether the code may be of the server that took over, and the end told by the one that was replaced and did not know yet.
/// A code of before is void.
fn elsewhere(history: &History, end: &Act, issue: &Act) -> bool {
    history.effects().any(|effect| match effect {
        Effect::Failover { switch, to, .. } => issue.to >= *switch && end.to >= *switch && end.from <= *to,
        Effect::Outage { .. } => false,
    })
}
