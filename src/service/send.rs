//! Sending: draws a code, has the store decide, and hands it out.

use std::borrow::Cow;

use rand::Rng;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::{
    Caller, Decision, Idempotency, Service, ServiceError, SpeltSubject,
    client::{Client, Named},
    decided::Decided,
    deliver::Queued,
    denial_cache::DenialKeys,
    destination::{Charges, Destination},
    risk::Whose,
    time::rfc3339,
};
use crate::{
    delivery::address::masked,
    event::Kind,
    policy::{Outcome, Subject, code::Shape},
    risk::{Score, profile::Profile},
    secret::{AnswerKey, ArgonCost, Code, Generation, HashScheme, argon},
    store::{
        Answer, CallKeys,
        check::Found,
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
    /// The end user's side.
    pub client: Client,
    /// Whether the app knows this subject. If not, all is as ever, but the code will never verify.
    pub known: bool,
    /// The caller's `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
    /// Where the code goes; `None` where the caller delivers it.
    pub destination: Option<Destination>,
}

/// The answer to a send.
#[derive(Debug, Serialize)]
pub struct Issued {
    /// Its id.
    pub id: String,
    status: &'static str,
    purpose: String,
    channel: Cow<'static, str>,
    /// Where the code goes, masked, and how far it is, where we deliver it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Queued>,
    /// For the caller to deliver; `None` where we do, and in an answer that is given again after the code has ended.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    code: Option<Code>,
    expires_at: String,
    /// Seconds, as below.
    expires_in: u64,
    resend_in: u64,
    /// What the tightest quota still allows; `None` = no quota.
    sends_left: Option<u32>,
    /// Wrong codes before a lock.
    attempts_left: u32,
    /// How much the client is like the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<Score>,
}

fn exposed<S: Serializer>(code: &Option<Code>, json: S) -> Result<S::Ok, S::Error> {
    code.as_ref().map(Code::expose).serialize(json)
}

/// A code on its way to the store.
struct Draft<'a> {
    candidate: Candidate<'a>,
    digest: [u8; 16],
    extra: CallKeys,
    sealed: Vec<u8>,
    context: Vec<u8>,
}

impl Service {
    /// Issues a code, or says why not.
    ///
    /// # Errors
    /// [`ServiceError`]: no code was issued that anyone could check.
    pub async fn send(&self, caller: Caller<'_>, mut call: SendCall) -> Result<Decision<Issued>, ServiceError> {
        self.not_behind()?;
        let policy = self.policy.of(&call.purpose);
        let spelt = self.spelt(caller, &call.subject);
        let SpeltSubject { subject, spelling } = spelt;
        let tag = self.index.purpose(&call.purpose);
        let network = self.network(caller.tenant, call.client.ip);
        let limited = network.filter(|_| self.network_sends());
        let keys = DenialKeys::new(Kind::Send, subject, tag.0, limited);
        let barred_for_good = call.destination.as_ref().is_some_and(|to| self.is_denied(to));
        if call.idempotency.is_none()
            && !barred_for_good
            && let Some(denied) = self.denied(&self.refused_sends, &keys, caller, &call.purpose)
        {
            return Ok(denied);
        }
        let ticket = self.delivery_ticket(call.destination.as_ref())?;
        let own = call.destination.as_mut().and_then(|to| to.code.take());
        let (code, secret, generation) = draw(&policy.shape, call.known, own);
        let (charges, barred) = match &call.destination {
            Some(to) => Some(Box::pin(self.charge(caller, &subject, to, generation)).await?).unzip(),
            None => (None, None),
        };
        let name = || self.named(&call.subject);
        let about = |to: &Destination| to.about(&subject, caller.tenant, name(), &call.purpose, call.known);
        let outgoing = self.outgoing(ticket, call.destination.as_ref().map(about), subject, generation, &code)?;
        let (kid, digest) = self.peppers.get().seal(caller.tenant, tag, spelling, &secret);
        let candidate = Candidate {
            subject,
            purpose: &call.purpose,
            generation,
            spelling,
            length: policy.shape.length,
            alphabet: policy.shape.alphabet_tag(),
            kid,
            message: outgoing.as_ref().map_or(&[], |outgoing| &outgoing.packed),
        };
        let answer = self.answer(caller, "send", &subject, call.idempotency.as_ref());
        let sealed = match &answer {
            Some((key, _)) if outgoing.is_none() => {
                key.seal(&generation, code.expose()).ok_or(ServiceError::Internal)?
            }
            _ => Vec::new(),
        };
        let draft = Draft {
            candidate,
            digest,
            extra: CallKeys {
                network: limited,
                answer: answer.as_ref().map(|(_, reference)| *reference),
                barred: barred.flatten(),
            },
            sealed,
            context: self.context(
                caller,
                &subject,
                Some(Named::subject(&call.subject).sent(call.destination.as_ref(), call.known)),
                &call.purpose,
                network.as_ref(),
                &call.client,
            ),
        };
        let (answered, profile) = self.beside_profile(&subject, self.issue(draft)).await;
        // Of what may have been issued it stays charged.
        let is_issued = |sent: &Sent| sent.outcome == Outcome::Issued;
        let issued = match &answered {
            Ok(answer) => matches!(answer, Answer::New(sent) if is_issued(sent)),
            Err(error) => matches!(error, ServiceError::Store(error) if !error.undone()),
        };
        charges.filter(|_| !issued).into_iter().for_each(Charges::give_back);
        let (sent, code, replayed) = match answered? {
            Answer::New(sent) => (sent, Some(code), false),
            Answer::Replayed(sent, sealed) => {
                let code = answer.as_ref().and_then(|(key, _)| reopen(key, &sent, &sealed));
                (sent, code, true)
            }
            Answer::KeyReused => return Err(ServiceError::KeyReused),
            Answer::InProgress => return Err(ServiceError::InProgress),
        };
        if !is_issued(&sent) {
            if !replayed {
                self.refused_sends.note(&keys, &sent);
            }
            return Ok(self.refused(&sent, &call.purpose, replayed));
        }
        self.count_send(&sent, call.known, replayed);
        if let Some(to) = call.destination.as_ref().filter(|to| call.known && !replayed && !to.test) {
            self.count_sent_to(to);
        }
        if let Some(outgoing) = outgoing.filter(|_| !replayed) {
            outgoing.start(&sent);
        }
        let issue = Found {
            generation: sent.generation.ok_or(ServiceError::Internal)?,
            length: policy.shape.length,
            expires: sent.expires,
            lifetime: limits::millis(policy.lifetime),
            epoch: sent.epoch,
            alphabet: policy.shape.alphabet_tag(),
        };
        let id = self.id(&spelt, call.purpose, &issue, Some(&call.subject));
        let way = call.destination.as_ref().and_then(Destination::first);
        let whose = Whose { caller, subject: &subject, network: network.as_ref(), client: &call.client };
        // Of somebody whom the app does not know nothing was ever learned.
        let profile = profile.map(|profile| if call.known { profile } else { Profile::default() });
        let issued = Issued {
            risk: self.told(&whose, profile, sent.now, false),
            id: self.ids.seal(caller.tenant, &id).ok_or(ServiceError::Internal)?,
            status: "pending",
            purpose: id.purpose,
            channel: way.map_or(Cow::Borrowed("return"), |way| Cow::Owned(way.channel.clone())),
            to: way.map(|way| masked(&way.to)),
            delivery: way.map(|_| Queued { state: Outcome::Queued }),
            code: code.filter(|_| call.destination.is_none()),
            expires_at: rfc3339(sent.expires),
            expires_in: sent.expires.saturating_sub(sent.now).div_ceil(1000),
            resend_in: sent.wait.div_ceil(1000),
            sends_left: sent.sends_left(),
            attempts_left: sent.attempts_left,
        };
        Ok(Decision { outcome: Ok(issued), limits: sent.gauges(&self.policy, policy), replayed })
    }

    /// One call to the store where the digest is there at once; two, with the hash between them, where it takes time.
    async fn issue(&self, draft: Draft<'_>) -> Result<Answer<Sent>, ServiceError> {
        match self.scheme {
            HashScheme::Hmac => {
                let Draft { candidate, digest, extra, sealed, context } = &draft;
                Ok(self.store.send(candidate, digest, extra, sealed, context).await?)
            }
            // In memory of its own: what is hashed at once carries no room for it.
            HashScheme::Argon2id(cost) => Box::pin(self.reserve_and_store(draft, cost)).await,
        }
    }

    async fn reserve_and_store(&self, draft: Draft<'_>, cost: ArgonCost) -> Result<Answer<Sent>, ServiceError> {
        let Draft { candidate, digest, extra, sealed, context } = draft;
        let ticket = self.hashing.ticket()?;
        let (sent, reservation) = match self.store.reserve(&candidate, &extra, &context).await? {
            (Answer::New(sent), reservation) if sent.outcome == Outcome::Reserved => (sent, reservation),
            (otherwise, _) => return Ok(otherwise),
        };
        // Of the code that it replaces, so that one hash of what is typed tells both; where pepper and cost are still ours.
        let replaced = sent.replaces.strip_prefix(&candidate.kid);
        let salt = replaced.and_then(|stored| argon::salt_of(stored, cost)).unwrap_or_else(rand::random);
        let hash = move |scratch: &mut argon::Scratch| argon::hash(scratch, cost, salt, &digest);
        let hash = self.hashing.run(ticket, hash).await?.ok_or(ServiceError::Internal)?;
        let stored = self.store.store(&candidate, &hash, &reservation, &extra, &sealed, &context).await?;
        Ok(Answer::New(stored))
    }

    fn count_send(&self, sent: &Sent, known: bool, replayed: bool) {
        if replayed {
            self.metrics.replays.of("send").inc();
            return;
        }
        if sent.resend {
            self.metrics.resends.inc();
        }
        if !known {
            self.metrics.decoys.inc();
        }
    }
}

/// A code, and what is hashed in its place: the code itself, or for a decoy a secret that nobody can type.
fn draw(shape: &Shape, known: bool, own: Option<Zeroizing<String>>) -> (Code, Zeroizing<String>, Generation) {
    let mut rng = rand::rng();
    let (code, generation) = (Code::draw(shape, &mut rng), Generation::draw(&mut rng));
    let code = own.map_or(code, Code::again);
    // Drawn for both, so that both take the same time.
    let nobodys = Zeroizing::new(format!("decoy {:032x}", u128::from_be_bytes(random(&mut rng))));
    let secret = if known { Zeroizing::new(code.expose().to_owned()) } else { nobodys };
    (code, secret, generation)
}

fn random<const N: usize>(rng: &mut impl Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn reopen(key: &AnswerKey, sent: &Sent, sealed: &[u8]) -> Option<Code> {
    key.open(sent.generation.as_ref()?, sealed).map(Code::again)
}
