//! The guard: limits and lockouts for apps that keep codes or other second factors of their own.

use super::{Caller, Decided, Service, ServiceError, client::Client};
use crate::{
    event::Kind,
    policy::{Outcome, Refusal, Subject},
    store::{check::Checked, guard::Guarded},
};

/// Whom a guard call is about.
#[derive(Debug)]
pub struct GuardCall {
    /// Who.
    pub subject: Subject,
    /// What for.
    pub purpose: String,
    /// The end user's side.
    pub client: Client,
}

/// A request that may go on.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// What the tightest quota still allows; `None` = no quota.
    pub sends_left: Option<u32>,
    /// ms until another may be made.
    pub resend_in: u64,
}

/// How a subject stands after a failure or success. Times in ms since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Stands {
    /// Failures left before a lock.
    pub attempts_left: u32,
    /// End of the lock that this failure began, and Redis's clock.
    pub lock: Option<(u64, u64)>,
}

impl Service {
    fn guarded<'a>(&self, caller: Caller<'_>, call: &'a GuardCall) -> Result<(Guarded<'a>, Vec<u8>), ServiceError> {
        self.not_behind()?;
        let subject = self.index.subject(caller.tenant, &call.subject);
        let network = self.network(caller.tenant, call.client.ip);
        let whom = (&subject, Some(call.subject.spelling()));
        let context = self.context(caller, whom, &call.purpose, (network.as_ref(), &call.client));
        let network = network.filter(|_| self.network_sends());
        Ok((Guarded { subject, purpose: &call.purpose, network }, context))
    }

    /// Decides about a request and records it.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was recorded is unknown.
    pub async fn guard_request(
        &self,
        caller: Caller<'_>,
        call: &GuardCall,
    ) -> Result<Decided<Result<Allowed, Refusal>>, ServiceError> {
        let (guarded, context) = self.guarded(caller, call)?;
        let policy = self.policy.of(&call.purpose);
        let tag = self.index.purpose(&call.purpose);
        let asked = self.asked_to_send(Kind::Request, guarded.subject, tag.0, guarded.network);
        let words = (caller, &*call.purpose);
        let gathered = |owner| self.gathered_context(words, (&guarded.subject, guarded.network.as_ref()), owner);
        let again = self.refused_sends.again(&asked, self.policy.lockout.max_failures, gathered);
        let (sent, owner) = match again {
            Some((sent, owner)) => (sent, Some(owner)),
            None => (self.store.guard_request(&guarded, &context).await?, None),
        };
        let mut gauges = self.send_gauges(policy, &sent);
        match owner {
            Some(owner) => self.refused_again(owner, &mut gauges),
            None => self.refused_sends.note(&asked, &sent),
        }
        let decision = if sent.outcome == Outcome::Recorded {
            let sends_left = sent.subject.0.into_iter().chain(sent.network.0).min();
            Ok(Allowed { sends_left, resend_in: sent.wait })
        } else {
            let refusal = Refusal::new(sent.outcome, sent.wait, &self.policy, policy);
            Err(refusal.locked(sent.locked.0, sent.locked.1))
        };
        Ok(Decided { decision, gauges, replayed: false })
    }

    /// Records a failure.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was recorded is unknown.
    pub async fn guard_failure(
        &self,
        caller: Caller<'_>,
        call: &GuardCall,
    ) -> Result<Decided<Result<Stands, Refusal>>, ServiceError> {
        let (guarded, context) = self.guarded(caller, call)?;
        let checked = self.store.guard_failure(&guarded, &context).await?;
        if checked.outcome == Outcome::WrongCodeLocks {
            self.metrics.lockouts.inc();
        }
        if matches!(checked.outcome, Outcome::WrongCode | Outcome::WrongCodeLocks) {
            self.count_network(checked.network.0);
        }
        Ok(self.stands(call, &checked))
    }

    /// Clears the failures that [`Service::guard_failure`] recorded for this purpose.
    ///
    /// # Errors
    /// [`ServiceError`]: whether they were cleared is unknown.
    pub async fn guard_success(
        &self,
        caller: Caller<'_>,
        call: &GuardCall,
    ) -> Result<Decided<Result<Stands, Refusal>>, ServiceError> {
        let (guarded, context) = self.guarded(caller, call)?;
        let checked = self.store.guard_success(&guarded, &context).await?;
        Ok(self.stands(call, &checked))
    }

    fn stands(&self, call: &GuardCall, checked: &Checked) -> Decided<Result<Stands, Refusal>> {
        let decision = match checked.outcome {
            rule @ (Outcome::SubjectDisabled | Outcome::SubjectLocked | Outcome::IpBlocked) => {
                let wait = checked.ends.saturating_sub(checked.now);
                let refusal = Refusal::new(rule, wait, &self.policy, self.policy.of(&call.purpose));
                Err(refusal.locked(checked.locked.0, checked.locked.1))
            }
            outcome => Ok(Stands {
                attempts_left: checked.attempts_left,
                lock: (outcome == Outcome::WrongCodeLocks).then_some((checked.locked.0, checked.now)),
            }),
        };
        Decided { decision, gauges: self.check_gauges(checked), replayed: false }
    }
}
