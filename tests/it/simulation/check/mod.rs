//! Judges a history: by what was asked and answered alone, whatever the servers think.
//!
//! A call took effect at some moment between its begin and its end; one without an answer did so, or did not, until some
//! time after. Only what is broken wherever those moments lie is called broken.

mod codes;
mod guesses;
mod locks;
mod once;
mod outages;
mod sends;
#[cfg(test)]
mod tests;
mod trail;

pub use trail::{Event, trail};

use super::history::{Call, History, Told, What};

/// An invariant that did not hold.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Its name in the documents, or `contract`.
    pub invariant: &'static str,
    pub what: String,
    /// The calls that show it.
    pub calls: Vec<usize>,
}

impl Broken {
    fn new(invariant: &'static str, what: impl Into<String>, calls: &[&Call]) -> Self {
        Self { invariant, what: what.into(), calls: calls.iter().map(|call| call.n).collect() }
    }
}

/// All that is broken.
pub fn check(history: &History) -> Vec<Broken> {
    let judges: [fn(&History) -> Vec<Broken>; 7] =
        [contract, once::check, guesses::check, codes::check, locks::check, sends::check, outages::check];
    judges.iter().flat_map(|judge| judge(history)).collect()
}

fn contract(history: &History) -> Vec<Broken> {
    let odd = history.calls.iter().filter(|call| matches!(call.told, Told::Odd(_)));
    odd.map(|call| Broken::new("contract", "an answer that is none of the contract's", &[call])).collect()
}

/// The subjects that were asked about.
fn subjects(history: &History) -> Vec<&str> {
    let mut all: Vec<&str> = history.calls.iter().map(|call| &*call.asked.subject).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn about<'a>(history: &'a History, subject: &'a str) -> impl Iterator<Item = &'a Call> + Clone {
    history.calls.iter().filter(move |call| call.asked.subject == subject)
}

/// One act that was told, however often: the first that told of it, and between which moments it was done.
#[derive(Debug, Clone, Copy)]
struct Act<'a> {
    call: &'a Call,
    from: u64,
    to: u64,
}

/// The acts of these kinds; calls with one key are one.
fn acts<'a>(history: &'a History, is: impl Fn(&Call) -> bool) -> Vec<Act<'a>> {
    let mut all: Vec<Act<'a>> = Vec::new();
    for call in history.calls.iter().filter(|call| is(call)) {
        let same = |act: &&mut Act| {
            call.asked.key.is_some() && act.call.asked.key == call.asked.key && one(&act.call.told, &call.told)
        };
        match all.iter_mut().find(same) {
            Some(act) => act.to = act.to.min(call.end),
            None => all.push(Act { call, from: history.done_from(call), to: call.end }),
        }
    }
    all
}

/// Whether an answer may be another one given again: a code that is over is left out.
fn one(told: &Told, again: &Told) -> bool {
    match (told, again) {
        (Told::Issued { id, .. }, Told::Issued { id: other, .. }) => id == other,
        (told, again) => told == again,
    }
}

/// Whether this was asked.
fn is(call: &Call, what: What) -> bool {
    call.asked.what == what
}
