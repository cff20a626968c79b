//! Which primary holds which bucket: all of them the same one, or in a cluster as its slots lie.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Mutex, task::JoinSet};

use super::{
    access::Access,
    dial::To,
    host_port::HostPort,
    primary::Primary,
    sentinel::Sentinels,
    server::{Server, Servers},
    slots::{SlotMap, Slots},
};
use crate::{
    event::{BUCKETS, Bucket},
    store::StoreError,
};

/// Between two questions where the slots lie, however many calls found them elsewhere.
const REFRESH: Duration = Duration::from_millis(100);
/// Primaries that are remembered beside those that hold a bucket: those that one was found at in between.
const SPARE: usize = 64;

/// The topology knows the primaries, and asks again where they are.
pub(in crate::store) struct Topology {
    access: Access,
    kind: Kind,
    map: RwLock<Arc<SlotMap>>,
    refreshed: Mutex<Option<Instant>>,
    suspected: AtomicBool,
}

enum Kind {
    Single,
    Sentinel(Arc<Sentinels>),
    Cluster(Vec<HostPort>),
}

impl Topology {
    /// Prepares connections to `server`; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there can be no connection.
    pub(in crate::store) fn new(server: &Server, timeout: Duration) -> Result<Self, StoreError> {
        let access = Access::new(server, timeout);
        let (kind, map) = match &server.servers {
            Servers::Single(address) => {
                (Kind::Single, SlotMap::of_one(Primary::new(&access, None, To::Only(address.clone()))?))
            }
            Servers::Sentinel { sentinels, primary, settings } => {
                let sentinels = Arc::new(Sentinels::new(&access.with(settings.clone()), sentinels, primary.clone()));
                let primary = Primary::new(&access, None, To::Primary(Arc::clone(&sentinels)))?;
                (Kind::Sentinel(sentinels), SlotMap::of_one(primary))
            }
            Servers::Cluster(seeds) => (Kind::Cluster(seeds.clone()), SlotMap::new()),
        };
        let map = RwLock::new(Arc::new(map));
        Ok(Self { access, kind, map, refreshed: Mutex::default(), suspected: AtomicBool::default() })
    }

    /// Whether buckets may lie with different primaries.
    pub(in crate::store) fn clustered(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }

    /// Whether there is but one server, and nobody to take its place.
    pub(in crate::store) fn single(&self) -> bool {
        matches!(self.kind, Kind::Single)
    }

    /// Which primary holds what.
    pub(in crate::store) fn map(&self) -> Arc<SlotMap> {
        Arc::clone(&self.map.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The primary that holds a bucket.
    ///
    /// # Errors
    /// [`StoreError::Disconnected`] while none is known.
    pub(in crate::store) async fn of(&self, bucket: Bucket) -> Result<Arc<Primary>, StoreError> {
        if let Some(primary) = self.map().of(bucket) {
            return Ok(Arc::clone(primary));
        }
        // Seldom: no call carries room for it.
        Box::pin(self.refresh()).await?;
        self.map().of(bucket).cloned().ok_or(StoreError::Disconnected)
    }

    /// Notes that a bucket was found at `place`; answers the primary there.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there can be no connection.
    pub(in crate::store) fn moved(&self, bucket: Bucket, place: &HostPort) -> Result<Arc<Primary>, StoreError> {
        self.change(|map| {
            let primary = map.at(&self.access, place)?;
            map.set(bucket, &primary);
            Ok(primary)
        })
    }

    /// The primary at `place`.
    pub(in crate::store) fn at(&self, place: &HostPort) -> Result<Arc<Primary>, StoreError> {
        self.change(|map| map.at(&self.access, place))
    }

    fn change<T>(&self, change: impl FnOnce(&mut SlotMap) -> Result<T, StoreError>) -> Result<T, StoreError> {
        change(Arc::make_mut(&mut self.map.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Has the map looked at anew, while nobody waits for it: something was not as it says.
    pub(in crate::store) fn suspect(self: &Arc<Self>) {
        if self.single() || self.suspected.swap(true, Ordering::Relaxed) {
            return;
        }
        let topology = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = topology.refresh().await {
                tracing::debug!(%error, "nobody says where the primaries are");
            }
            // Not at once again: what is down is asked for by many.
            tokio::time::sleep(REFRESH).await;
            topology.suspected.store(false, Ordering::Relaxed);
        });
    }

    /// Asks anew who holds what, unless somebody just has.
    ///
    /// # Errors
    /// [`StoreError`] if nobody could be asked.
    pub(in crate::store) async fn refresh(&self) -> Result<(), StoreError> {
        let mut refreshed = self.refreshed.lock().await;
        if refreshed.is_some_and(|at| at.elapsed() < REFRESH) {
            return Ok(());
        }
        let asked = match &self.kind {
            Kind::Single => Ok(()),
            // The one before may take writes for a while that nobody will ever see again.
            Kind::Sentinel(sentinels) => sentinels.primary().await.map(|now| {
                self.map().primaries.iter().for_each(|primary| primary.forget_but(&now));
            }),
            Kind::Cluster(seeds) => self.ask_slots(seeds).await,
        };
        // Only now: whoever waited for this answer need not ask again.
        *refreshed = Some(Instant::now());
        asked
    }

    /// Asks all servers that are known, and believes the one that knows of the latest change.
    async fn ask_slots(&self, seeds: &[HostPort]) -> Result<(), StoreError> {
        let mut asked: Vec<Arc<Primary>> = self.map().holders().into_iter().map(|held| held.primary).collect();
        for seed in seeds {
            let primary = self.at(seed)?;
            if !asked.iter().any(|known| Arc::ptr_eq(known, &primary)) {
                asked.push(primary);
            }
        }
        let mut asking = JoinSet::new();
        for primary in asked {
            asking.spawn(async move { Slots::ask(&primary).await });
        }
        let (mut best, mut last): (Option<Slots>, _) = (None, StoreError::Disconnected);
        let mut until: Option<tokio::time::Instant> = None;
        loop {
            let next = async {
                match until {
                    Some(until) => tokio::time::timeout_at(until, asking.join_next()).await.ok().flatten(),
                    None => asking.join_next().await,
                }
            };
            match next.await {
                Some(Ok(Ok(slots))) => {
                    // A server that stands still keeps nobody from the answers of the others.
                    if slots.works {
                        until.get_or_insert_with(|| tokio::time::Instant::now() + self.access.timeout() / 10);
                    }
                    if best.as_ref().is_none_or(|best| slots.knows_more_than(best)) {
                        best = Some(slots);
                    }
                }
                // What must be mended is said before what may pass.
                Some(Ok(Err(error))) if !matches!(last, StoreError::Unusable(_)) => last = error,
                Some(_) => {}
                None => break,
            }
        }
        let slots = best.ok_or(last)?;
        if Bucket::all().all(|bucket| slots.of(bucket).is_none()) {
            return Err(StoreError::Unreachable(
                "the cluster has given no slot to any primary (redis-cli --cluster check)".into(),
            ));
        }
        let before = self.map().holders();
        self.change(|map| {
            for bucket in Bucket::all() {
                if let Some(place) = slots.of(bucket) {
                    let primary = map.at(&self.access, place)?;
                    map.set(bucket, &primary);
                }
            }
            if map.primaries.len() > BUCKETS + SPARE {
                map.tidy();
            }
            Ok(())
        })?;
        let now = self.map();
        // Whoever holds nothing any more may be a replica, and a primary again another day: with other data then.
        let gone = before.iter().filter(|held| !Bucket::all().any(|bucket| now.holds(&held.primary, bucket)));
        gone.for_each(|held| held.primary.forget());
        Ok(())
    }
}

crate::policy::opaque!(Topology);
