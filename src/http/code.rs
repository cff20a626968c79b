//! The codes of refusals: which there are, their status, and their words, which are for people; programs read `code`.

use hyper::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:ident, $title:literal, $detail:literal;)*) => {
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

            /// A sentence for where a call has none that says more. `{wait}` stands for the time to wait.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    Malformed = "malformed", BAD_REQUEST, "Not understood",
        "The request cannot be read.";
    /// No key, or one that is not known.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Key needed",
        "Send a valid key as \"Authorization: Bearer <key>\".";
    /// Known or not, the caller may not do this here.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed",
        "This key may not do that.";
    /// No code may go to such a number.
    DestinationNotAllowed = "destination_not_allowed", FORBIDDEN, "Not allowed there",
        "No code may be sent to this number.";
    /// Nothing has this path or id.
    NotFound = "not_found", NOT_FOUND, "Not found",
        "There is nothing at this address.";
    /// The path exists, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "This address does not take that method.";
    /// The first request with this `Idempotency-Key`, or as many checks of one subject as can be, are still being answered.
    RequestInProgress = "request_in_progress", CONFLICT, "Still being answered",
        "The first request with this Idempotency-Key is still being answered.";
    /// The body is longer than `OTP_MAX_BODY_BYTES`.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "Body too large",
        "The body is too long.";
    /// The body is not declared to be JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "JSON needed",
        "Send the body as application/json, in UTF-8 and not compressed.";
    /// The request's head is too long or has too many lines.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Request headers too large",
        "The head of the request is too long or has too many lines.";
    /// A field is missing, unknown, or holds what it must not.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "Invalid field",
        "A field is wrong.";
    /// The presented code cannot be one.
    InvalidCode = "invalid_code", UNPROCESSABLE_ENTITY, "Not a code",
        "That does not look like a code. Type it exactly as it was sent.";
    /// The `Idempotency-Key` came before with another body.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Key used before",
        "This Idempotency-Key was used before with another body.";
    /// The pause between two sends is not over.
    ResendCooldown = "resend_cooldown", TOO_MANY_REQUESTS, "Too soon",
        "Wait {wait} before asking for another code.";
    /// The subject's send quota is used up.
    QuotaSubject = "quota_subject", TOO_MANY_REQUESTS, "Too many codes",
        "Too many codes were asked for. Try again in {wait}.";
    /// The network's send quota is used up.
    QuotaIp = "quota_ip", TOO_MANY_REQUESTS, "Too many codes",
        "Too many codes were asked for from this network. Try again in {wait}.";
    /// Sends to this recipient are used up.
    QuotaRecipient = "quota_recipient", TOO_MANY_REQUESTS, "Too many codes",
        "Too many codes went to this address. Try again in {wait}.";
    /// Codes to such numbers that nobody proved are too many.
    QuotaDestination = "quota_destination", TOO_MANY_REQUESTS, "Too many codes",
        "Too many codes went to numbers like this one and were never used. Try again in {wait}.";
    /// The subject is locked.
    SubjectLocked = "subject_locked", TOO_MANY_REQUESTS, "Locked",
        "Too many wrong codes. Try again in {wait}.";
    /// The network has failed too often.
    IpBlocked = "ip_blocked", TOO_MANY_REQUESTS, "Too many failures",
        "Too many wrong codes came from this network. Try again in {wait}.";
    /// The subject stays locked until an operator acts.
    SubjectDisabled = "subject_disabled", TOO_MANY_REQUESTS, "Disabled",
        "Too many wrong codes. Only an operator can lift this block.";
    /// The store cannot be asked or did not answer in time.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "Not available",
        "Codes cannot be sent or checked right now. Try again in {wait}.";
    /// The hash queue is too long.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Too busy",
        "Too many calls at once. Try again in {wait}.";
    /// The audit trail cannot keep up.
    AuditBacklog = "audit_backlog", SERVICE_UNAVAILABLE, "Audit trail is behind",
        "The audit trail cannot keep up, so nothing is sent or checked. Try again in {wait}.";
    /// Our own fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Our own fault",
        "Something went wrong here. Name the request_id when you report it.";
}
