//! Checking: which verification is meant, whether the code could be one, and what the store decided.

mod count;
mod verdict;

use std::time::Instant;

pub use verdict::Verdict;

use super::{
    Caller, DEFAULT_PURPOSE, Decision, Idempotency, Service, ServiceError, SpeltSubject,
    client::{self, Client, Named},
    compare::{Attempt, Spelt},
    decided::is_refusal,
    denial_cache::DenialKeys,
    risk::Whose,
};
use crate::{
    event::{Kind, NOBODY},
    policy::{
        Outcome, Subject,
        code::{Shape, TypedCode},
    },
    secret::{HashScheme, Id, Reference},
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
    spelt: SpeltSubject,
    purpose: String,
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
        let (subject, purpose) = (&meant.spelt.subject, &*meant.purpose);
        let issue = meant.id.as_ref().map(|id| (id.generation, id.forgotten_at()));
        let target = Target { issue, ..self.target_of(&meant.spelt, purpose) };
        let asked = denial_keys(&target, form, limited);
        if let (None, Some(asked)) = (&call.idempotency, &asked)
            && let Some(denied) = self.denied(&self.refused_checks, asked, caller, purpose)
        {
            return Ok(denied);
        }
        let answer = self.answer(caller, "check", subject, call.idempotency.as_ref());
        let extra = CallKeys { network: limited, answer: answer.map(|(_, reference)| reference), barred: None };
        let named = call.subject.as_ref().map(Named::subject);
        let named = named.or(meant.id.as_ref().and_then(Named::id));
        let context = self.context(caller, subject, named, purpose, network.as_ref(), &call.client);
        let attempt = Attempt {
            tenant: caller.tenant,
            target: &target,
            code: Spelt { typed: &call.code, respelled: &respelled, issued_alphabet },
            form,
            extra: &extra,
            context: &context,
        };
        let (answered, profile) = self.beside_profile(subject, self.attempt(&attempt)).await;
        let (checked, replayed) = match answered? {
            Answer::New(checked) => (checked, false),
            Answer::Replayed(checked, _) => (checked, true),
            Answer::KeyReused => return Err(ServiceError::KeyReused),
            Answer::InProgress => return Err(ServiceError::InProgress),
        };
        self.count_check(&checked, replayed);
        match &asked {
            Some(asked) if is_refusal(checked.outcome) && !replayed => self.refused_checks.note(asked, &checked),
            _ if matches!(checked.outcome, Outcome::Approved | Outcome::Superseded) => self.forget(subject),
            _ => {}
        }
        let found = checked.found.as_ref();
        let id = match checked.outcome {
            Outcome::InvalidCode => return Err(ServiceError::InvalidCode),
            Outcome::InProgress => return Err(ServiceError::TooManyAtOnce),
            outcome if is_refusal(outcome) => return Ok(self.refused(&checked, purpose, replayed)),
            Outcome::Approved => call.id.or_else(|| {
                let id = self.id(&meant.spelt, purpose.to_owned(), found?, call.subject.as_ref());
                self.ids.seal(caller.tenant, &id)
            }),
            _ => None,
        };
        let to = found.and_then(|found| self.proven(subject, found.generation, &checked.proven, replayed));
        if checked.outcome == Outcome::WrongCodeLocks && !replayed {
            self.tell_locked(&target, &checked);
        }
        let whose = Whose { caller, subject, network: network.as_ref(), client: &call.client };
        let profile = profile.filter(|_| checked.outcome == Outcome::Approved);
        let mut verdict = Verdict::of(&checked, id, to);
        verdict.risk = self.told(&whose, profile, checked.now, true);
        Ok(self.answered(verdict, &checked, purpose, replayed))
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
        let verdict = Verdict::new(Outcome::NotFound, None);
        let Some(network) = network else {
            self.coalesce_unknown_id(caller);
            return Ok(Decision { outcome: Ok(verdict), limits: Vec::new(), replayed: false });
        };
        let asked = DenialKeys::new(Kind::Check, NOBODY, [], Some(network));
        if let Some(denied) = self.denied(&self.refused_checks, &asked, caller, "") {
            return Ok(denied);
        }
        let context = client::plain(caller, &NOBODY, "", Some(&network));
        let checked = self.store.ip_failure(&network, &context).await?;
        let mut decision = if checked.outcome == Outcome::IpBlocked {
            self.refused_checks.note(&asked, &checked);
            self.refused(&checked, "", false)
        } else {
            self.count_network(checked.network_limit.left);
            self.answered(verdict, &checked, "", false)
        };
        // Failures are nobody's.
        decision.limits.retain(|gauge| gauge.name == "ip_failures");
        Ok(decision)
    }

    /// The verification that a call means, as far as it can be known without the store; `None` where an id is not ours, or
    /// disagrees with the subject or purpose beside it.
    fn resolve_target(&self, caller: Caller<'_>, call: &CheckCall, id: Option<Id>) -> Option<ResolvedTarget> {
        let named = call.subject.as_ref().map(|subject| self.spelt(caller, subject));
        if call.id.is_none() {
            let purpose = call.purpose.clone().unwrap_or_else(|| DEFAULT_PURPOSE.to_owned());
            return Some(ResolvedTarget { spelt: named?, purpose, id: None });
        }
        let id = id?;
        let spelt = SpeltSubject { subject: id.reference, spelling: id.spelling };
        let agrees = named.is_none_or(|named| named == spelt)
            && call.purpose.as_ref().is_none_or(|purpose| *purpose == id.purpose);
        agrees.then(|| ResolvedTarget { spelt, purpose: id.purpose.clone(), id: Some(id) })
    }
}

/// What a refusal of a check from memory depends on: `None` where only the store knows whether it could be a code at all.
fn denial_keys(target: &Target<'_>, form: CodeFormat, network: Option<Reference>) -> Option<DenialKeys> {
    let generation = target.issue.map(|(generation, _)| generation.0).unwrap_or_default();
    let form = form.matches_policy.then_some([form.length, 1, u8::from(form.of_alphabet), form.alphabet])?;
    let detail = target.tag.0.into_iter().chain(target.spelling.0).chain(generation).chain(form);
    Some(DenialKeys::new(Kind::Check, target.subject, detail, network))
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
