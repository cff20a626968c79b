//! The guard: limits and lockouts for apps that keep codes or other second factors of their own.

use serde::Serialize;

use super::{
    Caller, Decision, Service, ServiceError,
    client::{Client, Named},
    decided::is_refusal,
    denial_cache::DenialKeys,
    time::rfc3339,
};
use crate::{
    event::Kind,
    policy::{Outcome, Subject},
    store::{check::Checked, guard::Guarded},
};

/// What a guard call is about.
#[derive(Debug)]
pub struct GuardCall {
    /// Who.
    pub subject: Subject,
    /// What for.
    pub purpose: String,
    /// The end user's side.
    pub client: Client,
}

/// The answer to a request that may go on.
#[derive(Debug, Serialize)]
pub struct Allowed {
    allowed: bool,
    /// What the tightest quota still allows; `None` = no quota.
    sends_left: Option<u32>,
    /// Seconds until another may be made.
    resend_in: u64,
}

/// The answer to a failure or success: how the subject stands then.
#[derive(Debug, Serialize)]
pub struct GuardResult {
    locked: bool,
    /// Failures left before a lock.
    attempts_left: u32,
    /// Of the lock that this failure began.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
    /// Seconds until it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Service {
    fn guarded<'a>(&self, caller: Caller<'_>, call: &'a GuardCall) -> Result<(Guarded<'a>, Vec<u8>), ServiceError> {
        self.not_behind()?;
        let subject = self.index.subject(caller.tenant, &call.subject);
        let network = self.network(caller.tenant, call.client.ip);
        let named = Some(Named::subject(&call.subject));
        let context = self.context(caller, &subject, named, &call.purpose, network.as_ref(), &call.client);
        let network = network.filter(|_| self.network_sends());
        Ok((Guarded { subject, purpose: &call.purpose, network }, context))
    }

    /// Decides about a request and records it.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was recorded is unknown.
    pub async fn guard_request(&self, caller: Caller<'_>, call: &GuardCall) -> Result<Decision<Allowed>, ServiceError> {
        let (guarded, event) = self.guarded(caller, call)?;
        let tag = self.index.purpose(&call.purpose);
        let keys = DenialKeys::new(Kind::Request, guarded.subject, tag.0, guarded.network);
        if let Some(denied) = self.denied(&self.refused_sends, &keys, caller, &call.purpose) {
            return Ok(denied);
        }
        let sent = self.store.guard_request(&guarded, &event).await?;
        self.refused_sends.note(&keys, &sent);
        if sent.outcome != Outcome::Recorded {
            return Ok(self.refused(&sent, &call.purpose, false));
        }
        let sends_left = sent.sends_left();
        let allowed = Allowed { allowed: true, sends_left, resend_in: sent.wait.div_ceil(1000) };
        Ok(self.answered(allowed, &sent, &call.purpose, false))
    }

    /// Records a failure.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was recorded is unknown.
    pub async fn guard_failure(
        &self,
        caller: Caller<'_>,
        call: &GuardCall,
    ) -> Result<Decision<GuardResult>, ServiceError> {
        let (guarded, context) = self.guarded(caller, call)?;
        let checked = self.store.guard_failure(&guarded, &context).await?;
        if checked.outcome == Outcome::WrongCodeLocks {
            self.metrics.lockouts.inc();
        }
        if matches!(checked.outcome, Outcome::WrongCode | Outcome::WrongCodeLocks) {
            self.count_network(checked.network_limit.left);
        }
        Ok(self.result(call, &checked))
    }

    /// Clears the failures that [`Service::guard_failure`] recorded for this purpose.
    ///
    /// # Errors
    /// [`ServiceError`]: whether they were cleared is unknown.
    pub async fn guard_success(
        &self,
        caller: Caller<'_>,
        call: &GuardCall,
    ) -> Result<Decision<GuardResult>, ServiceError> {
        let (guarded, context) = self.guarded(caller, call)?;
        let checked = self.store.guard_success(&guarded, &context).await?;
        Ok(self.result(call, &checked))
    }

    fn result(&self, call: &GuardCall, checked: &Checked) -> Decision<GuardResult> {
        if is_refusal(checked.outcome) {
            return self.refused(checked, &call.purpose, false);
        }
        let locks = checked.outcome == Outcome::WrongCodeLocks;
        let result = GuardResult {
            locked: locks,
            attempts_left: checked.attempts_left,
            locked_until: locks.then(|| rfc3339(checked.lock.until)),
            retry_after: locks.then(|| checked.lock.until.saturating_sub(checked.now).div_ceil(1000)),
        };
        self.answered(result, checked, &call.purpose, false)
    }
}
