//! Checking: which verification is meant, whether the code could be one, and what the store decided.

mod count;
mod verdict;

use std::time::Instant;

pub use verdict::Verdict;

use super::{
    Caller, DEFAULT_PURPOSE, Decision, Idempotency, Service, ServiceError,
    client::{self, Client, Named},
    compare::{Attempt, Spelt},
    denial_cache::Scope,
    risk::Whose,
    suppressed::refused,
};
use crate::{
    policy::{
        Gauge, Outcome, Refusal, Subject,
        code::{Shape, TypedCode},
    },
    secret::{HashScheme, Id, Reference, Spelling},
    store::{
        Answer, CallKeys,
        check::{Checked, CodeFormat},
        target::Target,
    },
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
    /// What the user typed.
    pub code: TypedCode,
    /// The end user's side.
    pub client: Client,
    /// The caller's `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
}

/// Where a code must fit.
struct ResolvedTarget {
    subject: Reference,
    purpose: String,
    spelling: Spelling,
    id: Option<Id>,
}

impl Service {
    /// Checks a code.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing was verified.
    pub async fn check(&self, caller: Caller<'_>, call: CheckCall) -> Result<Decision<Verdict>, ServiceError> {
        let id = call.id.as_ref().and_then(|id| self.verification(caller, id).ok());
        let purpose = id.as_ref().map(|id| id.purpose.as_str()).or(call.purpose.as_deref()).unwrap_or(DEFAULT_PURPOSE);
        let by_subject = call.id.is_none();
        let issued_alphabet = id.as_ref().map(|id| id.alphabet);
        let (respelled, form) = shaped(&self.policy.of(purpose).shape, &call.code, id.as_ref());
        if !form.matches_policy && !by_subject {
            return Err(ServiceError::InvalidCode);
        }
        self.not_behind()?;
        let meant = self.resolve_target(caller, &call, id);
        let network = self.network(caller.tenant, call.client.ip);
        let limited = network.filter(|_| self.policy.ip_failures.is_some());
        let Some(meant) = meant else { return Box::pin(self.check_nobodys(caller, limited)).await };
        let target = Target {
            subject: meant.subject,
            purpose: &meant.purpose,
            tag: self.index.purpose(&meant.purpose),
            spelling: meant.spelling,
            issue: meant.id.as_ref().map(|id| (id.generation, id.forgotten_at())),
        };
        let asked = self.denial_keys_of_check(&target, form, limited);
        if let (None, Some(asked)) = (&call.idempotency, &asked) {
            let context =
                |scope| self.suppressed_context(caller, &meant.purpose, &meant.subject, limited.as_ref(), scope);
            if let Some((checked, scope)) = self.refused_checks.lookup(asked, self.policy.lockout.max_failures, context)
            {
                let mut refused = self.refused_check(&checked, &meant.purpose, false);
                self.count_suppressed(scope, &mut refused.limits);
                return Ok(refused);
            }
        }
        let answer = self.answer(caller, "check", &meant.subject, call.idempotency.as_ref());
        let extra = CallKeys { network: limited, answer: answer.map(|(_, reference)| reference), barred: None };
        let named = call.subject.as_ref().map(Named::subject);
        let named = named.or(meant.id.as_ref().and_then(Named::id));
        let context = self.context(caller, &meant.subject, named, &meant.purpose, network.as_ref(), &call.client);
        let attempt = Attempt {
            tenant: caller.tenant,
            target: &target,
            code: Spelt { typed: &call.code, respelled: &respelled, issued_alphabet },
            form,
            extra: &extra,
            context: &context,
        };
        let (answered, profile) = self.beside_profile(&meant.subject, self.attempt(&attempt)).await;
        let (checked, replayed) = match answered? {
            Answer::New(checked) => (checked, false),
            Answer::Replayed(checked, _) => (checked, true),
            Answer::KeyReused => return Err(ServiceError::KeyReused),
            Answer::InProgress => return Err(ServiceError::InProgress),
        };
        self.count_check(&checked, replayed);
        match &asked {
            Some(asked) if refused(checked.outcome) && !replayed => self.refused_checks.note(asked, &checked),
            _ if matches!(checked.outcome, Outcome::Approved | Outcome::Superseded) => self.forget(&meant.subject),
            _ => {}
        }
        let id = match checked.outcome {
            Outcome::InvalidCode => return Err(ServiceError::InvalidCode),
            Outcome::InProgress => return Err(ServiceError::TooManyAtOnce),
            outcome if refused(outcome) => return Ok(self.refused_check(&checked, &meant.purpose, replayed)),
            Outcome::Approved => self.id_of(caller, &meant, call.subject.as_ref(), &checked, call.id),
            _ => None,
        };
        let found = checked.found.as_ref();
        let to = found.and_then(|found| self.proven(found.generation, &checked.proven, replayed));
        if checked.outcome == Outcome::WrongCodeLocks && !replayed {
            self.tell_locked(&target, &checked);
        }
        let whose = Whose { caller, subject: &meant.subject, network: network.as_ref(), client: &call.client };
        let profile = profile.filter(|_| checked.outcome == Outcome::Approved);
        let risk = self.told(&whose, profile, checked.now, true);
        let mut verdict = Verdict::of(&checked, id, to);
        verdict.risk = risk;
        Ok(Decision { outcome: Ok(verdict), limits: self.check_gauges(&checked), replayed })
    }

    fn refused_check(&self, checked: &Checked, purpose: &str, replayed: bool) -> Decision<Verdict> {
        let wait = checked.ends.saturating_sub(checked.now);
        let refusal = Refusal::new(checked.outcome, wait, &self.policy, self.policy.of(purpose));
        let outcome = Err(refusal.locked(checked.lock.until, checked.lock.level));
        Decision { outcome, limits: self.check_gauges(checked), replayed }
    }

    /// A lock that a success ended, a replaced code whose claim began it, or an act of an operator: nothing of it is given again.
    pub(super) fn forget(&self, subject: &Reference) {
        let now = Instant::now();
        self.refused_sends.forget(subject, now);
        self.refused_checks.forget(subject, now);
    }

    /// One call where the digest is there at once; claim and settlement where comparing takes time. A code may have been
    /// stored either way, whatever is configured now.
    async fn attempt(&self, attempt: &Attempt<'_>) -> Result<Answer<Checked>, ServiceError> {
        if let (HashScheme::Hmac, Some(code)) = (self.scheme, attempt.only_spelling()) {
            let target = attempt.target;
            let digests = self.peppers.get().candidates(attempt.tenant, target.tag, target.spelling, code);
            let checked = self.store.check(target, attempt.form, &digests, attempt.extra, attempt.context).await?;
            if !matches!(&checked, Answer::New(checked) if checked.outcome == Outcome::Claimed) {
                return Ok(checked);
            }
        }
        let ticket = self.hashing.ticket()?;
        // In memory of its own: what is compared at once carries no room for it.
        Box::pin(self.claim_and_settle(attempt, ticket)).await
    }

    /// An id that is not ours, or does not fit what stands beside it: known without asking, and charged to its network.
    async fn check_nobodys(
        &self,
        caller: Caller<'_>,
        network: Option<Reference>,
    ) -> Result<Decision<Verdict>, ServiceError> {
        self.metrics.lookups.of("miss").inc();
        let outcome = Ok(Verdict::new(Outcome::NotFound, None));
        let Some(network) = network else {
            self.coalesce_unknown_id(caller);
            return Ok(Decision { outcome, limits: Vec::new(), replayed: false });
        };
        let asked = Self::denial_keys_of_unknown_id(network);
        let context = |_| client::nobodys(caller, "", Some(&network));
        let again = self.refused_checks.lookup(&asked, 0, context);
        let checked = match &again {
            Some((checked, _)) => checked.clone(),
            None => self.store.ip_failure(&network, &context(Scope::Network)).await?,
        };
        let limits: Vec<Gauge> = self.ip_gauge(checked.network_limit).into_iter().collect();
        if checked.outcome == Outcome::IpBlocked {
            match again {
                Some(_) => self.metrics.refused_again.inc(),
                None => self.refused_checks.note(&asked, &checked),
            }
            let wait = checked.ends.saturating_sub(checked.now);
            let refusal = Refusal::new(checked.outcome, wait, &self.policy, &self.policy.default);
            return Ok(Decision { outcome: Err(refusal), limits, replayed: false });
        }
        self.count_network(checked.network_limit.left);
        Ok(Decision { outcome, limits, replayed: false })
    }

    /// The verification that a call means, as far as it can be known without the store; `None` where an id is not ours, or
    /// disagrees with the subject or purpose beside it.
    fn resolve_target(&self, caller: Caller<'_>, call: &CheckCall, id: Option<Id>) -> Option<ResolvedTarget> {
        let named = call
            .subject
            .as_ref()
            .map(|s| (self.index.subject(caller.tenant, s), self.index.spelling(caller.tenant, s)));
        if call.id.is_none() {
            let (subject, spelling) = named?;
            let purpose = call.purpose.clone().unwrap_or_else(|| DEFAULT_PURPOSE.to_owned());
            return Some(ResolvedTarget { subject, purpose, spelling, id: None });
        }
        let id = id?;
        let agrees = named.is_none_or(|named| named == (id.reference, id.spelling))
            && call.purpose.as_ref().is_none_or(|purpose| *purpose == id.purpose);
        agrees.then(|| ResolvedTarget {
            subject: id.reference,
            purpose: id.purpose.clone(),
            spelling: id.spelling,
            id: Some(id),
        })
    }

    fn id_of(
        &self,
        caller: Caller<'_>,
        meant: &ResolvedTarget,
        subject: Option<&Subject>,
        checked: &Checked,
        given: Option<String>,
    ) -> Option<String> {
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
                alphabet: found.alphabet,
                subject: subject.map_or_else(String::new, |subject| self.named(subject)),
            };
            self.ids.seal(caller.tenant, &id)
        })
    }
}

/// The code as the configured alphabet spells it, and its form. With an id, its length and alphabet are known; where only
/// the subject is, a code of another form may still be the one that was issued before the configuration changed: the store
/// decides. An id that is not ours is taken for one of a code that would be issued now.
fn shaped(shape: &Shape, code: &TypedCode, id: Option<&Id>) -> (TypedCode, CodeFormat) {
    let respelled = shape.respelled(code);
    let (length, alphabet, of_alphabet) = (code.length(), shape.alphabet_tag(), shape.spells(respelled.expose()));
    let shaped = match id {
        Some(id) => length == id.length && (of_alphabet || id.alphabet != alphabet),
        None => length == shape.length && of_alphabet,
    };
    (respelled, CodeFormat { length, matches_policy: shaped, of_alphabet, alphabet })
}
