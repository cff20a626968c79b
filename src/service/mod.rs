//! The service: what each call means, between the callers' words and the store's numbers. One file per noun.
//!
//! Knows the limits, the keys and the store; nothing of HTTP. A refusal is a value, an outage a [`StoreError`].

pub mod cancel;
pub mod check;
pub mod get;
pub mod send;
pub mod status;

use std::{net::IpAddr, sync::Arc};

use crate::{
    metrics::Metrics,
    policy::{Gauge, Network, Policy},
    secret::{Id, IndexKey, PepperRing, Reference, id::IdSealer},
    store::{Store, StoreError, check::Target},
};

/// All that the calls share.
#[derive(Debug)]
pub struct Service {
    policy: Policy,
    index: IndexKey,
    ids: IdSealer,
    peppers: PepperRing,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
}

/// On whose behalf a call is made.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The tenant that the key names.
    pub tenant: &'a str,
    /// The request's id, for the event.
    pub request_id: &'a str,
}

/// A decision, and how full the limits are after it.
#[derive(Debug)]
pub struct Decided<T> {
    /// The decision.
    pub decision: T,
    /// One per limit that is on.
    pub gauges: Vec<Gauge>,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store did not decide.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing that should ever be seen: an id that cannot be sealed.
    #[error("internal")]
    Internal,
}

impl Service {
    /// Puts the parts together.
    pub fn new(policy: Policy, index: IndexKey, peppers: PepperRing, store: Arc<Store>, metrics: Arc<Metrics>) -> Self {
        let ids = IdSealer::new(&index);
        Self { policy, index, ids, peppers, store, metrics }
    }

    /// The limits that hold.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The store, for readiness.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Opens an id of this tenant; `None` for anything else.
    pub fn open_id(&self, caller: Caller<'_>, id: &str) -> Option<Id> {
        self.ids.open(caller.tenant, id)
    }

    fn network(&self, tenant: &str, ip: Option<IpAddr>) -> Option<Reference> {
        ip.map(|ip| self.index.network(tenant, &Network::of(ip, self.policy.ipv6_prefix)))
    }

    fn target<'a>(&self, id: &'a Id) -> Target<'a> {
        Target {
            subject: id.reference,
            purpose: &id.purpose,
            tag: self.index.purpose(&id.purpose),
            spelling: id.spelling,
            issue: Some((id.generation, id.forgotten_at())),
        }
    }
}
