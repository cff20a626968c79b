//! The codes of refusals: which there are, their status and their title.

use hyper::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:ident, $title:literal;)*) => {
        /// Why a call was refused, as `code` says it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order in which the interface's document lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it stands in an answer, and as a metric's label.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// A few words that never change.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    Malformed = "malformed", BAD_REQUEST, "Not understood";
    /// No key, or one that is not known.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Key needed";
    /// Known or not, the caller may not do this here.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    /// No code may go to such a number.
    DestinationNotAllowed = "destination_not_allowed", FORBIDDEN, "Not allowed there";
    /// Nothing has this path or id.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The path exists, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The first request with this `Idempotency-Key`, or as many checks of one subject as can be, are still being answered.
    RequestInProgress = "request_in_progress", CONFLICT, "Still being answered";
    /// The body is longer than `OTP_MAX_BODY_BYTES`.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "Body too large";
    /// The body is not declared to be JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "JSON needed";
    /// The request's head is too long or has too many lines.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Request headers too large";
    /// A field is missing, unknown, or holds what it must not.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "Invalid field";
    /// The presented code cannot be one.
    InvalidCode = "invalid_code", UNPROCESSABLE_ENTITY, "Not a code";
    /// The `Idempotency-Key` came before with another body.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Key used before";
    /// The pause between two sends is not over.
    ResendCooldown = "resend_cooldown", TOO_MANY_REQUESTS, "Too soon";
    /// The subject's send quota is used up.
    QuotaSubject = "quota_subject", TOO_MANY_REQUESTS, "Too many codes";
    /// The network's send quota is used up.
    QuotaIp = "quota_ip", TOO_MANY_REQUESTS, "Too many codes";
    /// Sends to this recipient are used up.
    QuotaRecipient = "quota_recipient", TOO_MANY_REQUESTS, "Too many codes";
    /// Codes to such numbers that nobody proved are too many.
    QuotaDestination = "quota_destination", TOO_MANY_REQUESTS, "Too many codes";
    /// The subject is locked.
    SubjectLocked = "subject_locked", TOO_MANY_REQUESTS, "Locked";
    /// The network has failed too often.
    IpBlocked = "ip_blocked", TOO_MANY_REQUESTS, "Too many failures";
    /// The subject stays locked until an operator acts.
    SubjectDisabled = "subject_disabled", TOO_MANY_REQUESTS, "Disabled";
    /// The store cannot be asked or did not answer in time.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "Not available";
    /// The hash queue is too long.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Too busy";
    /// The audit trail cannot keep up.
    AuditBacklog = "audit_backlog", SERVICE_UNAVAILABLE, "Audit trail is behind";
    /// Our own fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Our own fault";
}
