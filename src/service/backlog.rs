//! The trail's backlog: an alarm beyond the soft limit, and beyond the hard one no more sends and checks, or no more of the
//! oldest events.

use std::sync::atomic::{AtomicU8, Ordering};

use super::{Service, ServiceError};
use crate::{
    config::{AuditConfig, WhenFull},
    event::{Bucket, EventContext, NOBODY},
    metrics::Metrics,
};

/// Beyond the hard limit nothing is taken in until the backlog is down to this part of it, so that it does not go back and
/// forth.
const AGAIN_AT: (u64, u64) = (9, 10);

/// How the backlog stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum State {
    Well,
    Soft,
    Hard,
}

/// See the module.
#[derive(Debug)]
pub struct Backlog {
    soft: u64,
    hard: u64,
    when_full: WhenFull,
    state: AtomicU8,
}

impl Backlog {
    /// A backlog that is well until it is looked at. Its limits are told to `metrics`, so that alarms go by them.
    pub fn new(config: &AuditConfig, metrics: &Metrics) -> Self {
        let AuditConfig { soft, hard, when_full, .. } = *config;
        for (name, limit) in [("soft", soft), ("hard", hard)] {
            metrics.audit_limits.of(name).set(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        Self { soft, hard, when_full, state: AtomicU8::new(State::Well as u8) }
    }

    fn is(&self, state: State) -> bool {
        self.state.load(Ordering::Relaxed) == state as u8
    }

    /// What so many events are, coming from the state before.
    fn judge(&self, waiting: u64) -> State {
        let (part, of) = AGAIN_AT;
        let again = (u128::from(self.hard) * u128::from(part) / u128::from(of)) as u64;
        if waiting > self.hard || (self.is(State::Hard) && waiting > again) {
            State::Hard
        } else if waiting > self.soft {
            State::Soft
        } else {
            State::Well
        }
    }
}

impl Service {
    /// Refuses what would write another event while the trail is too far behind.
    ///
    /// # Errors
    /// [`ServiceError::AuditBacklog`].
    pub(super) fn not_behind(&self) -> Result<(), ServiceError> {
        let full = self.backlog.when_full == WhenFull::Refuse && self.backlog.is(State::Hard);
        if full { Err(ServiceError::AuditBacklog) } else { Ok(()) }
    }

    /// Looks how many events wait, once a second; in between it may grow by what the store takes in that time.
    pub async fn watch_backlog(&self, sidecar: &str) {
        let Ok(waiting) = self.store.backlog().await else { return };
        let sum = waiting.iter().map(|(_, waiting)| waiting).sum();
        self.metrics.audit_backlog.set(i64::try_from(sum).unwrap_or(i64::MAX));
        let (now, soft, hard) = (self.backlog.judge(sum), self.backlog.soft, self.backlog.hard);
        let before = self.backlog.state.swap(now as u8, Ordering::Relaxed);
        match (before == now as u8, now) {
            (true, _) => {}
            (false, State::Well) => tracing::info!(waiting = sum, "the audit trail keeps up again"),
            (false, State::Soft) => tracing::warn!(waiting = sum, soft, "the audit trail is behind"),
            (false, State::Hard) => tracing::error!(waiting = sum, hard, "the audit trail is too far behind"),
        }
        if now == State::Hard && self.backlog.when_full == WhenFull::Shed {
            self.shed(&waiting, sidecar).await;
        }
    }

    async fn shed(&self, waiting: &[(Bucket, u64)], sidecar: &str) {
        let (part, of) = AGAIN_AT;
        let keep = self.backlog.hard / of * part / waiting.len().max(1) as u64;
        let context = EventContext { actor: sidecar, ..EventContext::about(&NOBODY) }.packed();
        for &(bucket, waiting) in waiting {
            match self.store.shed(bucket, waiting, keep, &context).await {
                Ok(gone) => self.metrics.audit_shed.inc_by(gone),
                Err(error) => return tracing::warn!(%error, "events cannot be given up"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_hard_limit_it_must_fall_a_good_bit_before_it_is_well() {
        let backlog = Backlog { soft: 50, hard: 100, when_full: WhenFull::Refuse, state: AtomicU8::new(0) };
        assert_eq!([50, 51, 100, 101].map(|n| backlog.judge(n)), [State::Well, State::Soft, State::Soft, State::Hard]);
        backlog.state.store(State::Hard as u8, Ordering::Relaxed);
        assert_eq!([100, 91, 90, 50].map(|n| backlog.judge(n)), [State::Hard, State::Hard, State::Soft, State::Well]);
    }
}
