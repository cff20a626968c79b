//! Refusals of the policy and outages of the store become problems here, and only here.

use super::time::rfc3339;
use crate::{
    http::{LimitFacts, Problem},
    policy::{Outcome, Refusal},
    service::ServiceError,
    store::StoreError,
};

/// How long callers are asked to wait when the store does not answer: it is looked for several times a second, so sooner
/// than a second from now it may be back.
const STORE_RETRY_MS: u64 = 1000;

/// How long callers are asked to wait when the hash queue is too long: four times the longest queue.
const OVERLOAD_RETRY_MS: u64 = 1000;

/// How long callers are asked to wait while the audit trail is too far behind: somebody has to make room first.
const BACKLOG_RETRY_MS: u64 = 10_000;

/// The problem that tells a refusal.
pub fn refusal(refusal: &Refusal) -> Problem {
    let wait = refusal.wait_ms.unwrap_or(0);
    let problem = match refusal.rule {
        Outcome::ResendCooldown => Problem::resend_cooldown(wait),
        Outcome::QuotaSubject => Problem::quota_subject(wait),
        Outcome::QuotaIp => Problem::quota_ip(wait),
        Outcome::IpBlocked => Problem::ip_blocked(wait),
        Outcome::SubjectDisabled => Problem::subject_disabled(),
        Outcome::SubjectLocked => Problem::subject_locked(
            wait,
            rfc3339(refusal.locked_until.unwrap_or_default()),
            refusal.lock_level.unwrap_or_default(),
        ),
        _ => Problem::internal(),
    };
    match refusal.limit {
        Some(limit) => problem.with_limit(LimitFacts { name: limit.name, max: limit.max, window: limit.window }),
        None => problem,
    }
}

/// The problem that tells an outage: nothing of its cause, which is for the log.
pub fn outage(error: &ServiceError) -> Problem {
    match error {
        ServiceError::Store(StoreError::Overloaded) => Problem::overloaded(OVERLOAD_RETRY_MS),
        ServiceError::Store(error) => {
            tracing::debug!(%error, "store did not decide");
            Problem::store_unavailable(STORE_RETRY_MS)
        }
        ServiceError::Late => Problem::store_unavailable(STORE_RETRY_MS),
        ServiceError::AuditBacklog => Problem::audit_backlog(BACKLOG_RETRY_MS),
        ServiceError::Overloaded => Problem::overloaded(OVERLOAD_RETRY_MS),
        ServiceError::KeyReused => Problem::idempotency_key_reused(),
        ServiceError::InProgress => Problem::request_in_progress(),
        ServiceError::TooManyAtOnce => Problem::comparisons_in_progress(),
        ServiceError::Internal => Problem::internal(),
    }
}
