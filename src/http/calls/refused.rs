//! Refusals of the policy and outages of the store become problems here, and only here.

use crate::{
    http::{Code, Problem},
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
    let waiting = |code| Problem::waiting(code, refusal.wait_ms.unwrap_or(0));
    let problem = match refusal.rule {
        Outcome::ResendCooldown => waiting(Code::ResendCooldown),
        Outcome::QuotaSubject => waiting(Code::QuotaSubject),
        Outcome::QuotaIp => waiting(Code::QuotaIp),
        Outcome::DestinationNotAllowed => Code::DestinationNotAllowed.into(),
        Outcome::QuotaRecipient => waiting(Code::QuotaRecipient),
        Outcome::QuotaDestination => waiting(Code::QuotaDestination),
        Outcome::IpBlocked => waiting(Code::IpBlocked),
        Outcome::SubjectDisabled => Code::SubjectDisabled.into(),
        Outcome::SubjectLocked => waiting(Code::SubjectLocked)
            .locked(rfc3339(refusal.locked_until.unwrap_or_default()), refusal.lock_level.unwrap_or_default()),
        _ => Code::Internal.into(),
    };
    problem.reaching(refusal.limit)
}

/// The same problem in words for operators, where the store gave no answer to a call that `acts` on somebody or only shows.
pub fn for_operators(problem: Problem, acts: bool) -> Problem {
    const ACTS: &str = "Redis did not answer in time, or refused: whether this was done is unknown, and to do it again does no \
                        harm. /readyz and the sidecar's log say how it stands. Try again in {wait}.";
    const SHOWS: &str = "Redis did not answer in time, or refused: nothing can be shown. /readyz and the sidecar's log say how \
                         it stands. Try again in {wait}.";
    match problem.code() {
        Code::StoreUnavailable => {
            Problem::waiting_with(Code::StoreUnavailable, STORE_RETRY_MS, if acts { ACTS } else { SHOWS })
        }
        _ => problem,
    }
}

/// Nothing of an outage's cause, which is for the log.
impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        const AT_ONCE: &str = "Too many codes of this user are being checked right now. Try again.";
        const EXPORTING: &str = "Another export goes on, and there is one at a time. Try again in {wait}.";
        match error {
            ServiceError::Store(StoreError::Overloaded) | ServiceError::Overloaded => {
                Self::waiting(Code::Overloaded, OVERLOAD_RETRY_MS)
            }
            ServiceError::Exporting => Self::waiting_with(Code::Overloaded, OVERLOAD_RETRY_MS, EXPORTING),
            ServiceError::Store(error) => {
                tracing::debug!(%error, "store did not decide");
                Self::waiting(Code::StoreUnavailable, STORE_RETRY_MS)
            }
            ServiceError::Late => Self::waiting(Code::StoreUnavailable, STORE_RETRY_MS),
            ServiceError::AuditBacklog => Self::waiting(Code::AuditBacklog, BACKLOG_RETRY_MS),
            ServiceError::KeyReused => Code::IdempotencyKeyReused.into(),
            ServiceError::InProgress => Code::RequestInProgress.into(),
            ServiceError::TooManyAtOnce => Self::saying(Code::RequestInProgress, AT_ONCE),
            ServiceError::InvalidCode => Self::from(Code::InvalidCode).about("code"),
            ServiceError::NotApproved => {
                Self::invalid_field("reason", "Only of an approved verification it can be said that it was its user.")
            }
            ServiceError::UnknownVerification => Self::saying(Code::NotFound, "No verification has this id."),
            ServiceError::Internal => Code::Internal.into(),
        }
    }
}
