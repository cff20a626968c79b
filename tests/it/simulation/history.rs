//! What happened: each call, when it was begun and ended, what was asked and what came back; and each fault.
//!
//! Times are microseconds since 1970, of a clock that never goes back; Redis has the same within [`SLACK`].

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How far the clock of this history may be from Redis's, and how long a process takes to feel a signal.
pub const SLACK: u64 = 50_000;
/// A call that was not answered may have been carried out until so long after the fault that it met.
const LATE: u64 = 1_000_000;

/// Now, as histories have it.
pub fn now() -> u64 {
    static BEGAN: LazyLock<(Instant, Duration)> =
        LazyLock::new(|| (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")));
    let (at, since) = *BEGAN;
    (since + at.elapsed()).as_micros() as u64
}

/// A call of an app or of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Send,
    Check,
    Cancel,
    Report,
    /// The guard's three.
    Request,
    Failure,
    Success,
    Status,
    /// An operator's two.
    Lock,
    Unlock,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub what: What,
    pub subject: String,
    pub purpose: &'static str,
    pub ip: String,
    /// The verification that is meant.
    pub id: Option<String>,
    /// The code that is presented.
    pub code: Option<String>,
    /// `Idempotency-Key`.
    pub key: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// 503, 409 or no answer at all: it was done, or not.
    Unknown(String),
    Issued {
        id: String,
        code: Option<String>,
        expires: u64,
    },
    /// A guard's request was let through.
    Requested,
    /// The right code.
    Approved(String),
    /// A code was compared and wrong, or a guard's failure recorded; with the end of the lock that it began.
    Wrong(Option<u64>),
    /// A guard's success.
    Cleared,
    /// A code was cancelled, or reported.
    Canceled,
    /// An operator's lock; until when.
    Locked(u64),
    Unlocked,
    /// Decided, and nothing was changed: a refusal, a code that is over, a look.
    Nothing(String),
    /// Not an answer of the contract.
    Odd(String),
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// In the order in which they were begun; `sim-n` is its `X-Request-Id`.
    pub n: usize,
    /// Which sidecar was asked.
    pub sidecar: usize,
    pub start: u64,
    pub end: u64,
    pub asked: Asked,
    pub told: Told,
    /// `Idempotent-Replayed`.
    pub replayed: bool,
}

impl Call {
    /// Whether the store must have decided it, for it to be answered so.
    pub fn decided(&self) -> bool {
        !matches!(self.told, Told::Unknown(_) | Told::Nothing(_) | Told::Odd(_))
    }
}

/// What a fault does to what may be expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing answers one sidecar, or any, about these subjects, or any.
    Outage { sidecar: Option<usize>, subjects: Option<Vec<String>>, from: u64, to: u64 },
    /// Another server took over at `switch` or later: what was written from `from` on, and needs no replica, may be lost; at
    /// `to` all sidecars had put back what they had told. Sidecars in `forgot` died meanwhile and could not.
    Failover { from: u64, switch: u64, to: u64, forgot: Vec<usize> },
}

/// One fault.
#[derive(Debug, Clone)]
pub struct Fault {
    pub what: String,
    pub start: u64,
    pub end: u64,
    pub effects: Vec<Effect>,
}

/// The limits that the sidecars were given.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wrong codes before a lock.
    pub failures: usize,
    /// Sends of a subject, in a window of µs.
    pub sends: (usize, u64),
    /// Sends of an IP.
    pub ip_sends: (usize, u64),
    /// Pause between two sends of a subject, µs.
    pub pause: u64,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct History {
    /// In the order in which they were begun.
    pub calls: Vec<Call>,
    pub faults: Vec<Fault>,
    pub limits: Limits,
}

impl History {
    /// All effects of all faults.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.faults.iter().flat_map(|fault| &fault.effects)
    }

    /// When at the latest a call had its effect, if it has one.
    pub fn done_by(&self, call: &Call) -> u64 {
        if !matches!(call.told, Told::Unknown(_)) {
            return call.end;
        }
        let met = self.faults.iter().filter(|fault| fault.start <= call.end && call.start <= fault.end);
        met.map(|fault| fault.end).max().unwrap_or(0).max(call.end) + LATE
    }

    /// When it may first have had its effect: another call with the same key may have been the one that did it.
    pub fn done_from(&self, call: &Call) -> u64 {
        let Some(key) = &call.asked.key else { return call.start };
        let same = self.calls.iter().filter(|other| other.asked.key.as_ref() == Some(key));
        same.map(|other| other.start).min().unwrap_or(call.start)
    }

    /// The lines of some calls and of all that happened to the same subject around them, for people.
    pub fn excerpt(&self, about: &[usize]) -> String {
        const MOST: usize = 60;
        let of: Vec<&Call> = self.calls.iter().filter(|call| about.contains(&call.n)).collect();
        let from = of.iter().map(|call| call.start).min().unwrap_or(0).saturating_sub(300_000);
        let to = of.iter().map(|call| call.end).max().unwrap_or(u64::MAX);
        let subject = of.first().map_or("", |call| &call.asked.subject);
        let near = |call: &&Call| call.asked.subject == subject && call.end >= from && call.start <= to;
        let mark = |call: &Call| if about.contains(&call.n) { ">" } else { " " };
        let start = self.calls.first().map_or(0, |call| call.start);
        let ms = |at: u64| at.saturating_sub(start) as f64 / 1000.0;
        let mut lines: Vec<(u64, String)> = self.calls.iter().filter(near).map(|call| {
            let Call { n, sidecar, asked, told, replayed, .. } = call;
            let Asked { what, subject, purpose, ip, id, code, key } = asked;
            let id = id.as_ref().map(|id| short(id));
            let told = format!("{told:?}");
            let again = if *replayed { " (again)" } else { "" };
            let line = format!(
                "{} {:10.1}–{:9.1} ms #{n} sidecar {sidecar} {what:?} {subject}/{purpose} {ip} id {id:?} code {code:?} key {key:?}: {}{again}",
                mark(call), ms(call.start), ms(call.end), short(&told),
            );
            (call.start, line)
        }).collect();
        let over = lines.len().saturating_sub(MOST);
        if over > 0 {
            lines.retain(|(_, line)| line.starts_with('>'));
        }
        lines.extend(self.faults.iter().map(|fault| {
            let Fault { what, start, end, effects } = fault;
            (*start, format!("* {:10.1}–{:9.1} ms {what}: {effects:?}", ms(*start), ms(*end)))
        }));
        lines.sort();
        lines.into_iter().map(|(_, line)| line + "\n").collect()
    }
}

/// Long texts by their ends: ids differ in the middle of their beginnings.
fn short(text: &str) -> String {
    const MOST: usize = 120;
    text.chars().take(MOST).collect()
}
