//! One timer per connection for all that may take too long on it.
//!
//! Requests do not touch the timer: it runs to the nearest time that was known when it was set, looks what has happened
//! since, and runs on. It is set anew only for something that is due earlier.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::{activity::Activity, limits::Limits};

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// The next request, for the buffers to be kept for it.
    Rest,
    /// The next request.
    Idle,
    /// The rest of a handshake, of a head, or of a TLS record while no request is in flight.
    Head,
    /// The peer's reading of what we wrote.
    Write,
}

/// See above.
#[derive(Debug)]
pub(super) struct Watchdog {
    sleep: Pin<Box<Sleep>>,
    /// When the timer was last set and to when, as [`Activity::now`] counts.
    set: u64,
    rests: bool,
}

impl Watchdog {
    pub(super) fn new(activity: &Activity, limits: &Limits) -> Self {
        let set = activity.now() + micros(limits.idle_timeout);
        Self { sleep: Box::pin(sleep_until(Instant::now() + limits.idle_timeout)), set, rests: false }
    }

    /// Whether [`Late::Rest`] is looked for from now on.
    pub(super) const fn set_rests(&mut self, rests: bool) {
        self.rests = rests;
    }

    /// Ready when something took too long; else wakes the task when that may next be so.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, activity: &Activity, limits: &Limits) -> Poll<Late> {
        loop {
            let due = due(activity, limits, self.rests);
            if let Some((at, _)) = due
                && at < self.set
            {
                self.set_to(at, activity);
            }
            ready!(self.sleep.as_mut().poll(cx));
            let now = activity.now();
            match due {
                Some((at, late)) if at <= now => return Poll::Ready(late),
                Some((at, _)) => self.set_to(at, activity),
                // A request is in flight, for as long as it takes.
                None => self.set_to(now + micros(limits.idle_timeout), activity),
            }
        }
    }

    fn set_to(&mut self, at: u64, activity: &Activity) {
        self.set = at;
        // Timers are good to a millisecond: one that rings early would only be set again.
        let wait = Duration::from_micros(at.saturating_sub(activity.now()));
        self.sleep.as_mut().reset(Instant::now() + wait);
    }
}

/// What is due next and when.
fn due(activity: &Activity, limits: &Limits, rests: bool) -> Option<(u64, Late)> {
    let stalled = match activity.stalled_since() {
        0 => None,
        since => Some((since + micros(limits.write_timeout), Late::Write)),
    };
    let quiet = activity.idle_since().map(|idle| match activity.unfinished_since() {
        0 if rests => (idle + micros(limits.rest_after.min(limits.idle_timeout)), Late::Rest),
        0 => (idle + micros(limits.idle_timeout), Late::Idle),
        // A head may lie waiting behind the request before it, which is no fault of its sender.
        head => (head.max(idle) + micros(limits.head_timeout), Late::Head),
    });
    match (stalled, quiet) {
        (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

fn micros(duration: Duration) -> u64 {
    // Bounded so that no sum with a time can overflow: 2⁶⁰ µs are 36,000 years.
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(1 << 60)
}
