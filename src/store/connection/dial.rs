//! Dialling: to a server of known address, or to whichever the Sentinels call primary.
//!
//! The stock managers for Sentinel and Cluster take neither time-outs nor certificates that change; this one makes each
//! connection by the stock manager of a single server, once it knows the address.

use std::sync::Arc;

use deadpool::managed::{Manager, Metrics, Pool, RecycleResult, Timeouts};
use deadpool_redis::Runtime;
use redis::{ConnectionAddr, aio::MultiplexedConnection};

use super::{access::Access, host_port::HostPort, sentinel::Sentinels};
use crate::store::{StoreError, failover::ReplicationInfo};

/// How many connections may be in the making at once: one a link.
const MAKING: usize = 2;

/// Where a connection leads.
pub(super) enum To {
    /// To the one server at this address.
    Only(ConnectionAddr),
    /// To a server of a cluster, which says itself what it is not in charge of.
    Member(ConnectionAddr),
    /// To whichever is the primary.
    Primary(Arc<Sentinels>),
}

/// What makes connections.
pub(super) struct Dial {
    access: Access,
    to: To,
}

/// A connection, and where it leads.
pub(super) struct Dialled {
    pub(super) redis: MultiplexedConnection,
    /// `None` where there is but one place.
    pub(super) place: Option<HostPort>,
}

impl Manager for Dial {
    type Type = Dialled;
    type Error = StoreError;

    async fn create(&self) -> Result<Dialled, StoreError> {
        let (address, place) = match &self.to {
            To::Only(address) | To::Member(address) => (address.clone(), None),
            To::Primary(sentinels) => {
                let place = sentinels.primary().await?;
                (self.access.address(&place), Some(place))
            }
        };
        let mut redis = self.access.connect(address).await?;
        // Asked at once, since a server that speaks TLS takes a connection without it, and only ends it at the first word.
        let found = ReplicationInfo::ask(&mut redis).await.map_err(|error| error.of_first_word(self.access.tls()))?;
        if !found.primary && !matches!(self.to, To::Member(_)) {
            return Err(StoreError::Refused("READONLY".into()));
        }
        Ok(Dialled { redis, place })
    }

    async fn recycle(&self, _: &mut Dialled, _: &Metrics) -> RecycleResult<StoreError> {
        // Nothing ever comes back: a link takes what it is given for good.
        Ok(())
    }
}

/// Makes a pool of connections.
///
/// # Errors
/// [`StoreError::Unusable`] if there can be no pool.
pub(super) fn pool(access: &Access, to: To) -> Result<Pool<Dial>, StoreError> {
    let timeout = Some(access.timeout());
    Pool::builder(Dial { access: access.clone(), to })
        .max_size(MAKING)
        .timeouts(Timeouts { wait: timeout, create: timeout, recycle: timeout })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| StoreError::Unusable("REDIS_URL cannot be used".into()))
}
