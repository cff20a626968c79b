//! The answer to a check.

use serde::Serialize;

use crate::{policy::Outcome, risk::Score, service::time::rfc3339, store::check::Checked};

/// The answer to a check: the verdict on a code.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// [`Outcome::Approved`], one of the wrong-code outcomes, or the state of a verification that was not pending.
    #[serde(skip)]
    pub outcome: Outcome,
    valid: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
    /// Seconds until it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// Where the code went that was right, where we delivered it: an address that is proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Of a right code: how much the client is like the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk: Option<Score>,
}

impl Verdict {
    pub(super) fn new(outcome: Outcome, id: Option<String>) -> Self {
        let (status, reason) = match outcome {
            Outcome::Approved => ("approved", None),
            Outcome::WrongCode => ("pending", Some("wrong_code")),
            Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => ("locked", Some("wrong_code")),
            Outcome::Used => ("used", Some("already_used")),
            Outcome::Burnt => ("burnt", Some("too_many_failures")),
            other => (other.label(), Some(other.label())),
        };
        let valid = outcome == Outcome::Approved;
        Self {
            outcome,
            valid,
            status,
            id,
            reason,
            attempts_left: None,
            locked_until: None,
            retry_after: None,
            to: None,
            risk: None,
        }
    }

    pub(super) fn of(checked: &Checked, id: Option<String>, to: Option<String>) -> Self {
        let verdict = Self::new(checked.outcome, id);
        let until = checked.lock.until;
        let locks = checked.outcome == Outcome::WrongCodeLocks;
        Self {
            attempts_left: (verdict.reason == Some("wrong_code")).then_some(checked.attempts_left),
            locked_until: locks.then(|| rfc3339(until)),
            retry_after: locks.then(|| until.saturating_sub(checked.now).div_ceil(1000)),
            to,
            ..verdict
        }
    }
}
