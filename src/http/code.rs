//! The codes of refusals: which there are, their status and their title.

use hyper::StatusCode;

/// Why a call was refused, as `code` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request cannot be read.
    Malformed,
    /// No key, or one that is not known.
    Unauthenticated,
    /// Known or not, the caller may not do this here.
    Forbidden,
    /// Nothing has this path or id.
    NotFound,
    /// The path exists, but not for this method.
    MethodNotAllowed,
    /// The first request with this `Idempotency-Key` is still being answered.
    RequestInProgress,
    /// The body is longer than `OTP_MAX_BODY_BYTES`.
    TooLarge,
    /// The body is not declared to be JSON.
    UnsupportedMediaType,
    /// The request's head is too long or has too many lines.
    HeadersTooLarge,
    /// A field is missing, unknown, or holds what it must not.
    InvalidField,
    /// The presented code cannot be one.
    InvalidCode,
    /// The `Idempotency-Key` came before with another body.
    IdempotencyKeyReused,
    /// The pause between two sends is not over.
    ResendCooldown,
    /// The subject's send quota is used up.
    QuotaSubject,
    /// The network's send quota is used up.
    QuotaIp,
    /// The subject is locked.
    SubjectLocked,
    /// The network has failed too often.
    IpBlocked,
    /// The subject stays locked until an operator acts.
    SubjectDisabled,
    /// The store cannot be asked or did not answer in time.
    StoreUnavailable,
    /// The hash queue is too long.
    Overloaded,
    /// The audit trail cannot keep up.
    AuditBacklog,
    /// Our own fault.
    Internal,
}

impl Code {
    /// Every code with its name, status and title: the table of the interface's document.
    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => ("malformed", S::BAD_REQUEST, "Not understood"),
            Self::Unauthenticated => ("unauthenticated", S::UNAUTHORIZED, "Key needed"),
            Self::Forbidden => ("forbidden", S::FORBIDDEN, "Not allowed"),
            Self::NotFound => ("not_found", S::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => ("method_not_allowed", S::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::RequestInProgress => ("request_in_progress", S::CONFLICT, "Still being answered"),
            Self::TooLarge => ("too_large", S::PAYLOAD_TOO_LARGE, "Body too large"),
            Self::UnsupportedMediaType => ("unsupported_media_type", S::UNSUPPORTED_MEDIA_TYPE, "JSON needed"),
            Self::HeadersTooLarge => {
                ("headers_too_large", S::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request headers too large")
            }
            Self::InvalidField => ("invalid_field", S::UNPROCESSABLE_ENTITY, "Invalid field"),
            Self::InvalidCode => ("invalid_code", S::UNPROCESSABLE_ENTITY, "Not a code"),
            Self::IdempotencyKeyReused => ("idempotency_key_reused", S::UNPROCESSABLE_ENTITY, "Key used before"),
            Self::ResendCooldown => ("resend_cooldown", S::TOO_MANY_REQUESTS, "Too soon"),
            Self::QuotaSubject => ("quota_subject", S::TOO_MANY_REQUESTS, "Too many codes"),
            Self::QuotaIp => ("quota_ip", S::TOO_MANY_REQUESTS, "Too many codes"),
            Self::SubjectLocked => ("subject_locked", S::TOO_MANY_REQUESTS, "Locked"),
            Self::IpBlocked => ("ip_blocked", S::TOO_MANY_REQUESTS, "Too many failures"),
            Self::SubjectDisabled => ("subject_disabled", S::TOO_MANY_REQUESTS, "Disabled"),
            Self::StoreUnavailable => ("store_unavailable", S::SERVICE_UNAVAILABLE, "Not available"),
            Self::Overloaded => ("overloaded", S::SERVICE_UNAVAILABLE, "Too busy"),
            Self::AuditBacklog => ("audit_backlog", S::SERVICE_UNAVAILABLE, "Audit trail is behind"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Our own fault"),
        }
    }

    /// The code as it stands in an answer, and as a metric's label.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status that goes with it.
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// A few words that never change.
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}
