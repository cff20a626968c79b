//! The guard: limits and lockouts for apps that keep codes or other second factors of their own.

use serde::Serialize;

use super::{
    Caller, Decision, Service, ServiceError,
    client::{Client, Named},
    time::rfc3339,
};
use crate::{
    event::Kind,
    policy::{Outcome, Refusal, Subject},
    store::{check::Checked, guard::Guarded},
};

/// SubjectSelector a guard call is about.
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
        let policy = self.policy.of(&call.purpose);
        let tag = self.index.purpose(&call.purpose);
        let keys = self.denial_keys_of_send(Kind::Request, guarded.subject, tag.0, guarded.network);
        let Guarded { subject, purpose, network } = &guarded;
        let context = |scope| self.suppressed_context(caller, purpose, subject, network.as_ref(), scope);
        let again = self.refused_sends.lookup(&keys, self.policy.lockout.max_failures, context);
        let (sent, scope) = match again {
            Some((sent, scope)) => (sent, Some(scope)),
            None => (self.store.guard_request(&guarded, &event).await?, None),
        };
        let mut limits = self.send_gauges(policy, &sent);
        match scope {
            Some(scope) => self.count_suppressed(scope, &mut limits),
            None => self.refused_sends.note(&keys, &sent),
        }
        let outcome = if sent.outcome == Outcome::Recorded {
            let sends_left = sent.subject_limit.left.into_iter().chain(sent.network_limit.left).min();
            Ok(Allowed { allowed: true, sends_left, resend_in: sent.wait.div_ceil(1000) })
        } else {
            let refusal = Refusal::new(sent.outcome, sent.wait, &self.policy, policy);
            Err(refusal.locked(sent.lock.until, sent.lock.level))
        };
        Ok(Decision { outcome, limits, replayed: false })
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
        let outcome = match checked.outcome {
            rule @ (Outcome::SubjectDisabled | Outcome::SubjectLocked | Outcome::IpBlocked) => {
                let wait = checked.ends.saturating_sub(checked.now);
                let refusal = Refusal::new(rule, wait, &self.policy, self.policy.of(&call.purpose));
                Err(refusal.locked(checked.lock.until, checked.lock.level))
            }
            outcome => {
                let locked = outcome == Outcome::WrongCodeLocks;
                Ok(GuardResult {
                    locked,
                    attempts_left: checked.attempts_left,
                    locked_until: locked.then(|| rfc3339(checked.lock.until)),
                    retry_after: locked.then(|| checked.lock.until.saturating_sub(checked.now).div_ceil(1000)),
                })
            }
        };
        Decision { outcome, limits: self.check_gauges(checked), replayed: false }
    }
}
