//! Checking: which verification is meant, whether the code could be one, and what the store decided.

use super::{Caller, Decided, Service, ServiceError};
use crate::{
    audit::event,
    policy::{Gauge, Outcome, Refusal, Subject, code::Shape, refusal::seconds_up},
    secret::{Id, Reference},
    store::check::{Checked, Target},
};

/// A code to be checked.
#[derive(Debug)]
pub struct CheckCall {
    /// The id that the caller gave.
    pub id: Option<String>,
    /// The subject that the caller gave.
    pub subject: Option<Subject>,
    /// The purpose that the caller gave.
    pub purpose: Option<String>,
    /// The code as the user typed it.
    pub code: zeroize::Zeroizing<String>,
    /// The end user's address.
    pub ip: Option<std::net::IpAddr>,
}

/// The verdict on a code. Times in ms since 1970.
#[derive(Debug)]
pub struct Verdict {
    /// [`Outcome::Approved`], one of the wrong-code outcomes, or the state of a verification that was not pending.
    pub outcome: Outcome,
    /// The verification's id, once approved.
    pub id: Option<String>,
    /// Wrong codes left before a lock.
    pub attempts_left: u32,
    /// End of the lock that this failure began, and Redis's clock.
    pub lock: Option<(u64, u64)>,
}

/// How a check ends when the store was asked or did not need to be.
#[derive(Debug)]
pub enum CheckOutcome {
    /// The code was decided about.
    Verdict(Verdict),
    /// A rule refused.
    Refused(Refusal),
    /// It could not be a code: 422.
    InvalidCode,
}

/// The purpose of a call that names none.
pub const DEFAULT_PURPOSE: &str = "login";

/// Where a code must fit.
struct Meant {
    subject: Reference,
    purpose: String,
    spelling: crate::secret::Spelling,
    id: Option<Id>,
}

impl Service {
    /// Checks a code.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing was verified.
    pub async fn check(&self, caller: Caller<'_>, call: CheckCall) -> Result<Decided<CheckOutcome>, ServiceError> {
        let meant = self.meant(caller, &call);
        let purpose = meant.as_ref().map(|m| m.purpose.as_str()).or(call.purpose.as_deref()).unwrap_or(DEFAULT_PURPOSE);
        let shape = &self.policy.of(purpose).shape;
        let length = meant.as_ref().and_then(|m| m.id.as_ref()).map_or(shape.length, |id| id.length);
        let Some((code, shaped)) = typed(shape, &call.code, length, meant.as_ref().is_some_and(|m| m.id.is_none()))
        else {
            return Ok(bare(CheckOutcome::InvalidCode));
        };
        let Some(meant) = meant else {
            self.metrics.lookups.of("miss").inc();
            return Ok(bare(CheckOutcome::Verdict(Verdict {
                outcome: Outcome::NotFound,
                id: None,
                attempts_left: u32::from(self.policy.lockout.max_failures),
                lock: None,
            })));
        };
        let tag = self.index.purpose(&meant.purpose);
        let target = Target {
            subject: meant.subject,
            purpose: &meant.purpose,
            tag,
            spelling: meant.spelling,
            issue: meant.id.as_ref().map(|id| (id.generation, id.forgotten_at())),
        };
        let digests = self.peppers.candidates(caller.tenant, tag, meant.spelling, code);
        let network = self.network(caller.tenant, call.ip);
        let context =
            event::context(&meant.subject, caller.request_id, caller.tenant, &meant.purpose, network.as_ref());
        let form = (u8::try_from(code.len()).unwrap_or(u8::MAX), shaped);
        let checked = self.store.check(&target, form, &digests, &context).await?;
        self.count(&checked);
        let gauges = self.check_gauges(&checked);
        let decision = match checked.outcome {
            Outcome::InvalidCode => return Ok(bare(CheckOutcome::InvalidCode)),
            rule @ (Outcome::SubjectDisabled | Outcome::SubjectLocked) => {
                let wait = checked.locked.0.saturating_sub(checked.now);
                let refusal = Refusal::new(rule, wait, &self.policy, self.policy.of(&meant.purpose));
                CheckOutcome::Refused(refusal.locked(checked.locked.0, checked.locked.1))
            }
            outcome => CheckOutcome::Verdict(Verdict {
                outcome,
                id: if outcome == Outcome::Approved { self.id_of(caller, &meant, &checked, call.id) } else { None },
                attempts_left: checked.attempts_left,
                lock: (outcome == Outcome::WrongCodeLocks).then_some((checked.locked.0, checked.now)),
            }),
        };
        Ok(Decided { decision, gauges })
    }

    /// The verification that a call means, as far as it can be known without the store; `None` where an id is not ours, or
    /// disagrees with the subject or purpose beside it.
    fn meant(&self, caller: Caller<'_>, call: &CheckCall) -> Option<Meant> {
        let named = call
            .subject
            .as_ref()
            .map(|s| (self.index.subject(caller.tenant, s), self.index.spelling(caller.tenant, s)));
        let Some(id) = &call.id else {
            let (subject, spelling) = named?;
            let purpose = call.purpose.clone().unwrap_or_else(|| DEFAULT_PURPOSE.to_owned());
            return Some(Meant { subject, purpose, spelling, id: None });
        };
        let id = self.open_id(caller, id)?;
        let agrees = named.is_none_or(|named| named == (id.reference, id.spelling))
            && call.purpose.as_ref().is_none_or(|purpose| *purpose == id.purpose);
        agrees.then(|| Meant {
            subject: id.reference,
            purpose: id.purpose.clone(),
            spelling: id.spelling,
            id: Some(id),
        })
    }

    fn id_of(&self, caller: Caller<'_>, meant: &Meant, checked: &Checked, given: Option<String>) -> Option<String> {
        given.or_else(|| {
            let found = checked.found.as_ref()?;
            let id = Id {
                reference: meant.subject,
                spelling: meant.spelling,
                purpose: meant.purpose.clone(),
                length: found.length,
                generation: found.generation,
                epoch: found.epoch,
                expires: found.expires,
                lifetime: found.lifetime,
            };
            self.ids.seal(caller.tenant, &id)
        })
    }

    fn count(&self, checked: &Checked) {
        if checked.outcome == Outcome::InvalidCode {
            return;
        }
        self.metrics.lookups.of(if checked.found.is_some() { "hit" } else { "miss" }).inc();
        match (checked.outcome, &checked.found) {
            (Outcome::Approved, Some(found)) => {
                let waited = (checked.now + u64::from(found.lifetime)).saturating_sub(found.expires);
                self.metrics.success_seconds.observe(waited as f64 / 1000.0);
            }
            (Outcome::WrongCode, _) => self.metrics.failed_checks.inc(),
            (Outcome::WrongCodeLocks, _) => {
                self.metrics.failed_checks.inc();
                self.metrics.lockouts.inc();
            }
            (Outcome::WrongCodeDisables, _) => {
                self.metrics.failed_checks.inc();
                self.metrics.disabled.inc();
            }
            _ => {}
        }
    }

    fn check_gauges(&self, checked: &Checked) -> Vec<Gauge> {
        let lockout = &self.policy.lockout;
        let reset = match checked.locked.0.saturating_sub(checked.now) {
            0 => checked.reset,
            locked => locked,
        };
        vec![Gauge {
            name: "failures",
            max: u32::from(lockout.max_failures),
            window: seconds_up(lockout.memory),
            left: checked.attempts_left,
            reset: reset.div_ceil(1000),
        }]
    }
}

/// The code without white space around it, and whether it is as long as it should be. Where only the subject is known, a
/// code of another length may still be the one that was issued before the configuration changed: the store decides.
fn typed<'a>(shape: &Shape, code: &'a str, length: u8, by_subject: bool) -> Option<(&'a str, bool)> {
    let code = shape.read(code).ok()?;
    let shaped = code.len() == usize::from(length);
    (shaped || by_subject).then_some((code, shaped))
}

fn bare(decision: CheckOutcome) -> Decided<CheckOutcome> {
    Decided { decision, gauges: Vec::new() }
}
