//! Verdicts, by one number each in functions, events and metrics.

use super::numbered;

numbered! {
    /// What a script decided. 0–9 are states of a verification, 10–19 what a call did, 20–29 refusals, 30–40 what is
    /// said of a call itself, 41–49 what is suspicious.
    #[derive(Default)]
    enum Outcome;

    /// A code is out and may still be checked.
    Pending = 0, "pending";
    /// The right code came; it works no more.
    Used = 1, "used";
    /// A newer code took its place.
    Superseded = 2, "superseded";
    /// The app called it off.
    Canceled = 3, "canceled";
    /// A lock of its subject ended it.
    Burnt = 4, "burnt";
    /// Its lifetime is over, or it was made void.
    Expired = 5, "expired";
    /// There is no such verification, or none any more.
    NotFound = 6, "not_found";
    /// A code was issued.
    Issued = 10, "issued";
    /// The right code: the one success of its verification.
    Approved = 11, "approved";
    /// A wrong code, charged to the subject.
    WrongCode = 12, "wrong_code";
    /// The wrong code that reached the limit.
    WrongCodeLocks = 13, "wrong_code_locks";
    /// The wrong code that reached the hard stop.
    WrongCodeDisables = 14, "wrong_code_disables";
    /// Not a code of that length: not compared, not counted.
    InvalidCode = 15, "invalid_code";
    /// A request of an app with codes of its own was let through.
    #[default]
    Recorded = 16, "recorded";
    /// Limits are spent; the code is yet to be stored.
    Reserved = 17, "reserved";
    /// Charged; the code is yet to be compared.
    Claimed = 18, "claimed";
    /// Charged and never compared: its sidecar was gone.
    Unsettled = 19, "unsettled";
    /// Stopped until an operator acts.
    SubjectDisabled = 20, "subject_disabled";
    /// A lock is running.
    SubjectLocked = 21, "subject_locked";
    /// Too many failures from one network.
    IpBlocked = 22, "ip_blocked";
    /// The pause between two sends.
    ResendCooldown = 23, "resend_cooldown";
    /// Sends per subject are spent.
    QuotaSubject = 24, "quota_subject";
    /// Sends per network are spent.
    QuotaIp = 25, "quota_ip";
    /// No code may go to such a number.
    DestinationNotAllowed = 26, "destination_not_allowed";
    /// Sends to this recipient are spent.
    QuotaRecipient = 27, "quota_recipient";
    /// Codes to such numbers that nobody proved are too many.
    QuotaDestination = 28, "quota_destination";
    /// Answered before under the same `Idempotency-Key`.
    Replayed = 30, "replayed";
    /// The `Idempotency-Key` came before with another body.
    KeyReused = 31, "idempotency_key_reused";
    /// The first call with this `Idempotency-Key` is still being answered.
    InProgress = 32, "request_in_progress";
    /// The code reached its user.
    Delivered = 33, "delivered";
    /// The code did not reach its user.
    Failed = 34, "failed";
    /// The user did not ask for the code.
    Reported = 35, "reported";
    /// The provider took the message that carries the code.
    Accepted = 36, "accepted";
    /// The code ended before its message was taken.
    Dropped = 37, "dropped";
    /// The message that carries the code is under way.
    Queued = 38, "queued";
    /// The message was one to a test recipient: nothing was sent.
    Test = 39, "test";
    /// A user was asked for more, and gave it.
    Confirmed = 40, "confirmed";
    /// A sign-in with a high score.
    SignIn = 41, "sign_in";
    /// One from a place that its user cannot have come to.
    Travel = 42, "travel";
    /// Strangers who fail from one network.
    Spraying = 43, "spraying";
    /// Many networks that fail at one subject.
    Guessing = 44, "guessing";
    /// Many sends to one subject that were refused.
    Bombing = 45, "bombing";
    /// More of something than at this hour on other days.
    Burst = 46, "burst";
}
