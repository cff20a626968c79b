//! Getting: a verification as it is now.

use serde::Serialize;

use super::{Caller, Service, ServiceError, deliver::Delivery, time::rfc3339};
use crate::policy::Outcome;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// How it stands.
    #[serde(skip)]
    pub outcome: Outcome,
    id: String,
    status: &'static str,
    purpose: String,
    channel: String,
    expires_at: String,
    /// Seconds while it is pending, else 0.
    expires_in: u64,
    attempts_left: u32,
    /// What became of its message, where we deliver it.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Delivery>,
}

impl Service {
    /// Looks at a verification of this id.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn get(&self, caller: Caller<'_>, id: &str) -> Result<Verification, ServiceError> {
        let verification = self.verification(caller, id)?;
        let seen = self.store.get(&self.target(&verification)).await?;
        let left = verification.expires.saturating_sub(seen.now).div_ceil(1000);
        let delivery = seen.message.map(|held| Delivery::new(held, None));
        Ok(Verification {
            outcome: seen.state,
            id: id.to_owned(),
            status: word(seen.state)?,
            purpose: verification.purpose,
            channel: delivery.as_ref().map_or("return", Delivery::channel).to_owned(),
            expires_at: rfc3339(verification.expires),
            expires_in: if seen.state == Outcome::Pending { left } else { 0 },
            attempts_left: seen.attempts_left,
            delivery,
        })
    }
}

/// A state as this call and `cancel` name it: here a used code says `approved`, because nobody is let in by asking.
pub(super) fn word(state: Outcome) -> Result<&'static str, ServiceError> {
    match state {
        Outcome::NotFound => Err(ServiceError::UnknownVerification),
        Outcome::Used => Ok("approved"),
        other => Ok(other.label()),
    }
}
