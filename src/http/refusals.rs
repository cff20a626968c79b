//! Every refusal of the interface with its words. The words are for people and stay as they are; programs read `code`.

use std::borrow::Cow;

use super::{Problem, code::Code};

// ===== the request =====

impl Problem {
    /// 400: the request cannot be read; `detail` says why, without repeating any of it.
    pub fn malformed(detail: &'static str) -> Self {
        Self::plain(Code::Malformed, detail)
    }

    /// 401, with `WWW-Authenticate`.
    pub fn unauthenticated() -> Self {
        Self::plain(Code::Unauthenticated, "Send a valid key as \"Authorization: Bearer <key>\".")
    }

    /// 403: the key is good but not for this.
    pub fn forbidden() -> Self {
        Self::plain(Code::Forbidden, "This key may not do that.")
    }

    /// 403: without keys only callers on this machine are answered.
    pub fn forbidden_host() -> Self {
        Self::plain(
            Code::Forbidden,
            "No key is configured, so only requests to a loopback name such as localhost are answered.",
        )
    }

    /// 403: a browser sent it for a page of another site, which may have no part in what operators do.
    pub fn forbidden_site() -> Self {
        Self::plain(Code::Forbidden, "A browser sent this for another site.")
    }

    /// 404: no such path.
    pub fn not_found() -> Self {
        Self::plain(Code::NotFound, "There is nothing at this address.")
    }

    /// 404: no such verification.
    pub fn unknown_verification() -> Self {
        Self::plain(Code::NotFound, "No verification has this id.")
    }

    /// 405, with `Allow: methods`.
    pub fn method_not_allowed(methods: &'static str) -> Self {
        Self::plain(Code::MethodNotAllowed, "This address does not take that method.").allowing(methods)
    }

    /// 409: the first request with this `Idempotency-Key` has no answer yet.
    pub fn request_in_progress() -> Self {
        Self::plain(Code::RequestInProgress, "The first request with this Idempotency-Key is still being answered.")
    }

    /// 409: so many codes of this subject are being compared that one more must wait for them. Nothing was evaluated.
    pub fn comparisons_in_progress() -> Self {
        Self::plain(Code::RequestInProgress, "Too many codes of this user are being checked right now. Try again.")
    }

    /// 413: a body of more than `max` bytes.
    pub fn too_large(max: usize) -> Self {
        Self::plain(Code::TooLarge, format!("The body may have at most {max} bytes."))
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        Self::plain(Code::UnsupportedMediaType, "Send the body as application/json, in UTF-8 and not compressed.")
    }

    /// 431.
    pub fn headers_too_large() -> Self {
        Self::plain(Code::HeadersTooLarge, "The head of the request is too long or has too many lines.")
    }

    /// 422: `field` holds what it must not; `detail` says what it may hold, never what it held.
    pub fn invalid_field(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(Code::InvalidField, detail).about(field)
    }

    /// 422: a field that this call does not know. Its name is cut at 64 characters.
    pub fn unknown_field(name: &str) -> Self {
        Self::plain(Code::InvalidField, "This call has no such field.").about(name.to_owned())
    }

    /// 422: a parameter that this call does not know. Its name is cut at 64 characters.
    pub fn unknown_parameter(name: &str) -> Self {
        Self::plain(Code::InvalidField, "This call has no such parameter.").about(name.to_owned())
    }

    /// 422: a parameter that comes twice. Its name is cut at 64 characters.
    pub fn repeated_parameter(name: &str) -> Self {
        Self::plain(Code::InvalidField, "This parameter comes twice.").about(name.to_owned())
    }

    /// 422: what was presented cannot be a code. It was not compared and counts for nothing.
    pub fn invalid_code() -> Self {
        Self::plain(Code::InvalidCode, "That does not look like a code. Type it exactly as it was sent.").about("code")
    }

    /// 422: the `Idempotency-Key` came before with another body.
    pub fn idempotency_key_reused() -> Self {
        Self::plain(Code::IdempotencyKeyReused, "This Idempotency-Key was used before with another body.")
    }
}

// ===== the limits =====

impl Problem {
    /// 429: the pause between two sends is not over; `ms` = milliseconds to wait, here and below.
    pub fn resend_cooldown(ms: u64) -> Self {
        Self::waiting(Code::ResendCooldown, ms, |wait| format!("Wait {wait} before asking for another code."))
    }

    /// 429: the subject's send quota is used up.
    pub fn quota_subject(ms: u64) -> Self {
        Self::waiting(Code::QuotaSubject, ms, |wait| format!("Too many codes were asked for. Try again in {wait}."))
    }

    /// 429: the network's send quota is used up.
    pub fn quota_ip(ms: u64) -> Self {
        Self::waiting(Code::QuotaIp, ms, |wait| {
            format!("Too many codes were asked for from this network. Try again in {wait}.")
        })
    }

    /// 403: no code may go to such a number.
    pub fn destination_not_allowed() -> Self {
        Self::plain(Code::DestinationNotAllowed, "No code may be sent to this number.")
    }

    /// 429: sends to this recipient are used up.
    pub fn quota_recipient(ms: u64) -> Self {
        Self::waiting(Code::QuotaRecipient, ms, |wait| {
            format!("Too many codes went to this address. Try again in {wait}.")
        })
    }

    /// 429: codes to such numbers that nobody proved are too many.
    pub fn quota_destination(ms: u64) -> Self {
        Self::waiting(Code::QuotaDestination, ms, |wait| {
            format!("Too many codes went to numbers like this one and were never used. Try again in {wait}.")
        })
    }

    /// 429: locked until `until` (RFC 3339, UTC), as the `level`-th lock in a row.
    pub fn subject_locked(ms: u64, until: String, level: u8) -> Self {
        Self::waiting(Code::SubjectLocked, ms, |wait| format!("Too many wrong codes. Try again in {wait}."))
            .locked(until, level)
    }

    /// 429: the network has failed too often.
    pub fn ip_blocked(ms: u64) -> Self {
        Self::waiting(Code::IpBlocked, ms, |wait| {
            format!("Too many wrong codes came from this network. Try again in {wait}.")
        })
    }

    /// 429 without `Retry-After`: waiting does not help.
    pub fn subject_disabled() -> Self {
        Self::plain(Code::SubjectDisabled, "Too many wrong codes. Only an operator can lift this block.")
    }
}

// ===== ourselves =====

impl Problem {
    /// 503: the store did not answer; whether the call took effect is unknown.
    pub fn store_unavailable(ms: u64) -> Self {
        Self::waiting(Code::StoreUnavailable, ms, |wait| {
            format!("Codes cannot be sent or checked right now. Try again in {wait}.")
        })
    }

    /// 503: too many calls at once; nothing was spent.
    pub fn overloaded(ms: u64) -> Self {
        Self::waiting(Code::Overloaded, ms, |wait| format!("Too many calls at once. Try again in {wait}."))
    }

    /// 503: a connection has begun more bodies than it may hold; nothing was done for this one.
    pub fn unfinished_bodies(ms: u64) -> Self {
        Self::waiting(Code::Overloaded, ms, |wait| {
            format!("Too many bodies of this connection have begun and not ended. Send this one again in {wait}.")
        })
    }

    /// 503: events cannot be written away fast enough.
    pub fn audit_backlog(ms: u64) -> Self {
        Self::waiting(Code::AuditBacklog, ms, |wait| {
            format!("The audit trail cannot keep up, so nothing is sent or checked. Try again in {wait}.")
        })
    }

    /// 500: our own fault, about which the caller learns nothing but the request's id.
    pub fn internal() -> Self {
        Self::plain(Code::Internal, "Something went wrong here. Name the request_id when you report it.")
    }
}
