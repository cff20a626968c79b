//! Refusals of the policy and outages of the store become problems here, and only here.

use crate::{
    http::{LimitFacts, Problem},
    policy::{Outcome, Refusal},
    service::{ServiceError, time::rfc3339},
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
        Outcome::DestinationNotAllowed => Problem::destination_not_allowed(),
        Outcome::QuotaRecipient => Problem::quota_recipient(wait),
        Outcome::QuotaDestination => Problem::quota_destination(wait),
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

/// Nothing of an outage's cause, which is for the log.
impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(StoreError::Overloaded) | ServiceError::Overloaded => {
                Self::overloaded(OVERLOAD_RETRY_MS)
            }
            ServiceError::Store(error) => {
                tracing::debug!(%error, "store did not decide");
                Self::store_unavailable(STORE_RETRY_MS)
            }
            ServiceError::Late => Self::store_unavailable(STORE_RETRY_MS),
            ServiceError::AuditBacklog => Self::audit_backlog(BACKLOG_RETRY_MS),
            ServiceError::KeyReused => Self::idempotency_key_reused(),
            ServiceError::InProgress => Self::request_in_progress(),
            ServiceError::TooManyAtOnce => Self::comparisons_in_progress(),
            ServiceError::InvalidCode => Self::invalid_code(),
            ServiceError::UnknownVerification => Self::unknown_verification(),
            ServiceError::Internal => Self::internal(),
        }
    }
}
