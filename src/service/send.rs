//! Sending: draws a code, has the store decide, and hands it out.

use std::net::IpAddr;

use super::{Caller, Decided, Service, ServiceError};
use crate::{
    audit::event,
    policy::{Gauge, Outcome, PurposePolicy, Refusal, Subject, refusal::seconds_up},
    secret::{Code, Generation, Id},
    store::{
        limits,
        send::{Candidate, Sent},
    },
};

/// A request for a code.
#[derive(Debug)]
pub struct SendCall {
    /// For whom.
    pub subject: Subject,
    /// What for.
    pub purpose: String,
    /// The end user's address.
    pub ip: Option<IpAddr>,
}

/// A code on its way. Times in ms since 1970.
#[derive(Debug)]
pub struct Issued {
    /// The verification's id.
    pub id: String,
    /// The code, for the caller to deliver.
    pub code: Code,
    /// When it expires.
    pub expires_at: u64,
    /// Redis's clock.
    pub now: u64,
    /// ms until another may be asked for.
    pub resend_in: u64,
    /// What the tightest quota still allows; `None` = no quota.
    pub sends_left: Option<u32>,
    /// Wrong codes before a lock.
    pub attempts_left: u32,
}

impl Service {
    /// Issues a code, or says why not.
    ///
    /// # Errors
    /// [`ServiceError`]: no code was issued that anyone could check.
    pub async fn send(
        &self,
        caller: Caller<'_>,
        call: SendCall,
    ) -> Result<Decided<Result<Issued, Refusal>>, ServiceError> {
        let policy = self.policy.of(&call.purpose);
        let (code, generation) = {
            let mut rng = rand::rng();
            (Code::draw(&policy.shape, &mut rng), Generation::draw(&mut rng))
        };
        let subject = self.index.subject(caller.tenant, &call.subject);
        let spelling = self.index.spelling(caller.tenant, &call.subject);
        let tag = self.index.purpose(&call.purpose);
        let network = self.network(caller.tenant, call.ip);
        let candidate = Candidate {
            subject,
            network: network.filter(|_| self.policy.ip_sends.is_some()),
            purpose: &call.purpose,
            tag,
            generation,
            spelling,
            length: policy.shape.length,
            sealed: self.peppers.seal(caller.tenant, tag, spelling, code.expose()),
        };
        let context = event::context(&subject, caller.request_id, caller.tenant, &call.purpose, network.as_ref());
        let sent = self.store.send(&candidate, &context).await?;
        let gauges = self.send_gauges(policy, &sent);
        if sent.outcome != Outcome::Issued {
            let refusal = Refusal::new(sent.outcome, sent.wait, &self.policy, policy);
            return Ok(Decided { decision: Err(refusal.locked(sent.locked.0, sent.locked.1)), gauges });
        }
        if sent.resend {
            self.metrics.resends.inc();
        }
        let id = Id {
            reference: subject,
            spelling,
            purpose: call.purpose,
            length: policy.shape.length,
            generation,
            epoch: sent.epoch,
            expires: sent.expires,
            lifetime: limits::millis(policy.lifetime),
        };
        let issued = Issued {
            id: self.ids.seal(caller.tenant, &id).ok_or(ServiceError::Internal)?,
            code,
            expires_at: sent.expires,
            now: sent.now,
            resend_in: sent.wait,
            sends_left: sent.subject.0.into_iter().chain(sent.network.0).min(),
            attempts_left: sent.attempts_left,
        };
        Ok(Decided { decision: Ok(issued), gauges })
    }

    fn send_gauges(&self, policy: &PurposePolicy, sent: &Sent) -> Vec<Gauge> {
        let mut gauges = Vec::with_capacity(3);
        let mut quota = |name, quota: Option<crate::policy::Quota>, (left, reset): (Option<u32>, u64)| {
            if let (Some(quota), Some(left)) = (quota, left) {
                let window = seconds_up(quota.window);
                gauges.push(Gauge { name, max: quota.max, window, left, reset: reset.div_ceil(1000) });
            }
        };
        quota("subject", policy.sends, sent.subject);
        quota("ip", self.policy.ip_sends, sent.network);
        if !policy.cooldown.is_zero() {
            let window = seconds_up(policy.cooldown);
            let left = u32::from(sent.pause == 0);
            gauges.push(Gauge { name: "cooldown", max: 1, window, left, reset: sent.pause.div_ceil(1000) });
        }
        gauges
    }
}
