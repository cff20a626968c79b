//! The service: what each call means, between the callers' words and the store's numbers. One file per noun.
//!
//! Knows the limits, the keys and the store; nothing of HTTP. An answer is the struct that is serialised, a refusal a value,
//! an outage a [`ServiceError`].

pub mod admin;
pub mod backlog;
pub mod cancel;
pub mod check;
pub mod client;
mod compare;
pub mod decided;
pub mod deliver;
pub mod delivery;
pub mod denial_cache;
pub mod destination;
pub mod find;
pub mod get;
pub mod guard;
pub mod hashing;
pub mod idempotency;
pub mod looks;
pub mod loopback;
pub mod risk;
pub mod send;
pub mod shared;
pub mod status;
pub mod suppressed;
pub use crate::event::time;

use std::{net::IpAddr, sync::Arc};

pub use idempotency::Idempotency;
use tokio::sync::Semaphore;

use crate::{
    config::AuditConfig,
    delivery::Outbox,
    metrics::Metrics,
    policy::{Gauge, Network, Policy, Refusal, Subject},
    renewable::Renewable,
    risk::Risk,
    secret::{AuditKey, HashScheme, Id, IndexKey, Kid, PepperRing, Reference, Spelling, WhoSealer, id::IdSealer},
    store::{
        Store, StoreError,
        check::{Checked, Found},
        send::Sent,
        target::Target,
    },
};
use backlog::Backlog;
use denial_cache::DenialCache;
use hashing::{Hashing, Overloaded};
use loopback::LoopbackWatch;
use suppressed::Suppressed;

/// The purpose of a call that names none.
pub const DEFAULT_PURPOSE: &str = "login";

/// All that the calls share.
#[derive(Debug)]
pub struct Service {
    policy: Policy,
    scheme: HashScheme,
    index: IndexKey,
    ids: IdSealer,
    peppers: Renewable<PepperRing>,
    who: WhoSealer,
    /// Whether personal fields are kept.
    names: bool,
    backlog: Backlog,
    /// How long personal fields are kept, ms.
    retention_ms: u64,
    audit: Arc<AuditKey>,
    hashing: Hashing,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    refused_sends: DenialCache<Sent>,
    refused_checks: DenialCache<Checked>,
    suppressed: Suppressed,
    reads: admin::Reads,
    loopback: LoopbackWatch,
    /// One export at a time: each reads every trail.
    exporting: Arc<Semaphore>,
    /// Delivers codes; `None` where callers do.
    outbox: Option<Arc<Outbox>>,
    /// What is learned of sign-ins, and where clients are; `None` where neither is asked for.
    risk: Option<Arc<Risk>>,
}

/// On whose behalf a call is made.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The tenant that the key names.
    pub tenant: &'a str,
    /// The request's id, for the event.
    pub request_id: &'a str,
}

/// Whose codes, by which spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SpeltSubject {
    subject: Reference,
    spelling: Spelling,
}

/// What was decided, how full the limits are after it, and whether it was before under the same `Idempotency-Key`.
#[derive(Debug)]
pub struct Decision<T> {
    /// The answer, or the rule that refused.
    pub outcome: Result<T, Refusal>,
    /// One per limit that is on.
    pub limits: Vec<Gauge>,
    /// Whether this is an answer that was given before.
    pub replayed: bool,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store did not decide.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hash queue is too long; nothing was spent or charged.
    #[error("the hash queue is too long")]
    Overloaded,
    /// Another export goes on.
    #[error("another export goes on")]
    Exporting,
    /// The audit trail is too far behind; nothing was spent or charged.
    #[error("the audit trail is too far behind")]
    AuditBacklog,
    /// The comparison took so long that its claim had lapsed.
    #[error("a comparison came too late")]
    Late,
    /// The `Idempotency-Key` came before with another body.
    #[error("idempotency key reused")]
    KeyReused,
    /// The first call with this `Idempotency-Key` is still being answered.
    #[error("request in progress")]
    InProgress,
    /// As many codes of one subject as can be are being compared; nothing was charged.
    #[error("too many comparisons at once")]
    TooManyAtOnce,
    /// What was presented cannot be a code; nothing was compared or charged.
    #[error("not a code")]
    InvalidCode,
    /// The verification is none that was approved.
    #[error("not approved")]
    NotApproved,
    /// No such verification: not of ours, not of this tenant, or forgotten.
    #[error("no such verification")]
    UnknownVerification,
    /// Nothing that should ever be seen: an id that cannot be sealed.
    #[error("internal")]
    Internal,
}

impl From<Overloaded> for ServiceError {
    fn from(_: Overloaded) -> Self {
        Self::Overloaded
    }
}

/// The secrets that a service works with.
#[derive(Debug)]
pub struct Secrets {
    /// Names subjects.
    pub index: IndexKey,
    /// Hashes codes.
    pub peppers: PepperRing,
    /// Seals the trail.
    pub audit: Arc<AuditKey>,
}

impl Service {
    /// Puts the parts together.
    pub fn new(
        policy: Policy,
        scheme: HashScheme,
        audit: &AuditConfig,
        secrets: Secrets,
        hashing: Hashing,
        store: Arc<Store>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let ids = IdSealer::new(&secrets.index);
        let who = WhoSealer::new(&secrets.index);
        Self {
            policy,
            scheme,
            who,
            names: audit.names,
            backlog: Backlog::new(audit, &metrics),
            retention_ms: u64::try_from(audit.retention.as_millis()).unwrap_or(u64::MAX),
            audit: secrets.audit,
            index: secrets.index,
            ids,
            peppers: Renewable::new(secrets.peppers),
            hashing,
            store,
            metrics,
            refused_sends: DenialCache::default(),
            refused_checks: DenialCache::default(),
            suppressed: Suppressed::default(),
            reads: admin::Reads::default(),
            loopback: LoopbackWatch::default(),
            exporting: Arc::new(Semaphore::new(1)),
            outbox: None,
            risk: None,
        }
    }

    /// The same where every call may come from this very machine, without a warning.
    #[must_use]
    pub fn expecting_loopback(self) -> Self {
        Self { loopback: LoopbackWatch::off(), ..self }
    }

    /// Hashes codes with other peppers from the next call on.
    pub fn renew_peppers(&self, ring: PepperRing) {
        self.outbox.iter().for_each(|outbox| outbox.renew_peppers(&ring));
        self.peppers.set(Arc::new(ring));
    }

    /// The kids of the peppers, the active one first.
    pub fn kids(&self) -> Vec<Kid> {
        self.peppers.get().kids()
    }

    /// The limits that hold.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether personal fields are kept, so that operators are told names.
    pub fn keeps_names(&self) -> bool {
        self.names
    }

    /// The store, for readiness.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Opens an id of this tenant.
    fn verification(&self, caller: Caller<'_>, id: &str) -> Result<Id, ServiceError> {
        self.ids.open(caller.tenant, id).ok_or(ServiceError::UnknownVerification)
    }

    fn network(&self, tenant: &str, ip: Option<IpAddr>) -> Option<Reference> {
        ip.inspect(|ip| self.loopback.watch(*ip))
            .map(|ip| self.index.network(tenant, &Network::of(ip, self.policy.ipv6_prefix)))
    }

    /// Whether the network's state matters to a send.
    fn network_sends(&self) -> bool {
        self.policy.ip_sends.is_some() || self.policy.ip_failures.is_some()
    }

    fn spelt(&self, caller: Caller<'_>, subject: &Subject) -> SpeltSubject {
        let Caller { tenant, .. } = caller;
        SpeltSubject { subject: self.index.subject(tenant, subject), spelling: self.index.spelling(tenant, subject) }
    }

    /// The verification of this id.
    fn target<'a>(&self, id: &'a Id) -> Target<'a> {
        let spelt = SpeltSubject { subject: id.reference, spelling: id.spelling };
        Target { issue: Some((id.generation, id.forgotten_at())), ..self.target_of(&spelt, &id.purpose) }
    }

    /// The last verification for `purpose`.
    fn target_of<'a>(&self, spelt: &SpeltSubject, purpose: &'a str) -> Target<'a> {
        let SpeltSubject { subject, spelling } = *spelt;
        Target { subject, purpose, tag: self.index.purpose(purpose), spelling, issue: None }
    }

    /// The id of a code that the store has.
    fn id(&self, spelt: &SpeltSubject, purpose: String, code: &Found, subject: Option<&Subject>) -> Id {
        Id {
            reference: spelt.subject,
            spelling: spelt.spelling,
            purpose,
            length: code.length,
            generation: code.generation,
            epoch: code.epoch,
            expires: code.expires,
            lifetime: code.lifetime,
            alphabet: code.alphabet,
            subject: subject.map_or_else(String::new, |subject| self.named(subject)),
        }
    }
}
