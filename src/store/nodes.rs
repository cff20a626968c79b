//! Which primary holds which bucket: all of them the same one, or in a cluster as its slots lie.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Mutex, task::JoinSet};

use super::{
    StoreError,
    connect::{Access, To},
    map::Map,
    node::{self, Node},
    sentinel::Sentinels,
    server::{Place, Server, Topology},
    slots::{Answer, Slots},
};
use crate::event::{BUCKETS, Bucket};

/// Between two questions where the slots lie, however many calls found them elsewhere.
const REFRESH: Duration = Duration::from_millis(100);
/// Primaries that are remembered beside those that hold a bucket: those that one was found at in between.
const SPARE: usize = 64;

/// See the module.
pub(super) struct Nodes {
    access: Access,
    kind: Kind,
    map: RwLock<Arc<Map>>,
    refreshed: Mutex<Option<Instant>>,
    suspected: AtomicBool,
}

enum Kind {
    Single,
    Sentinel(Arc<Sentinels>),
    Cluster(Vec<Place>),
}

impl Nodes {
    /// Those of `server`; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] if there can be no connection.
    pub(super) fn new(server: &Server, timeout: Duration) -> Result<Self, StoreError> {
        let access = Access::new(server, timeout);
        let of_one = |node| Map { nodes: vec![node], of: [Some(0); BUCKETS] };
        let (kind, map) = match &server.topology {
            Topology::Single(address) => (Kind::Single, of_one(node::only(&access, To::Address(address.clone()))?)),
            Topology::Sentinel { sentinels, primary, settings } => {
                let asked = Arc::new(Sentinels::new(&access.with(settings.clone()), sentinels, primary.clone()));
                let node = node::only(&access, To::Primary(Arc::clone(&asked)))?;
                (Kind::Sentinel(asked), of_one(node))
            }
            Topology::Cluster(seeds) => (Kind::Cluster(seeds.clone()), Map { nodes: Vec::new(), of: [None; BUCKETS] }),
        };
        let map = RwLock::new(Arc::new(map));
        Ok(Self { access, kind, map, refreshed: Mutex::default(), suspected: AtomicBool::default() })
    }

    /// Whether buckets may lie with different primaries.
    pub(super) fn clustered(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }

    /// Whether Sentinels say which the primary is.
    pub(super) fn watched(&self) -> bool {
        matches!(self.kind, Kind::Sentinel(_))
    }

    /// Which primary holds what.
    pub(super) fn map(&self) -> Arc<Map> {
        Arc::clone(&self.map.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The primary that holds a bucket.
    ///
    /// # Errors
    /// [`StoreError::Disconnected`] while none is known.
    pub(super) async fn of(&self, bucket: Bucket) -> Result<Arc<Node>, StoreError> {
        if let Some(node) = self.map().of(bucket) {
            return Ok(Arc::clone(node));
        }
        // Seldom: no call carries room for it.
        Box::pin(self.refresh()).await?;
        self.map().of(bucket).cloned().ok_or(StoreError::Disconnected)
    }

    /// A bucket was found at `place`: the primary there.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] if there can be no connection.
    pub(super) fn moved(&self, bucket: Bucket, place: &Place) -> Result<Arc<Node>, StoreError> {
        self.change(|map, access| {
            let at = map.add(access, place)?;
            if let Some(of) = map.of.get_mut(usize::from(bucket.number())) {
                *of = Some(at);
            }
            map.nodes.get(at).cloned().ok_or(StoreError::Disconnected)
        })
    }

    /// The primary at `place`.
    ///
    /// # Errors
    /// As [`Nodes::moved`].
    pub(super) fn at(&self, place: &Place) -> Result<Arc<Node>, StoreError> {
        if let Some(node) = self.map().at(place).and_then(|at| self.map().nodes.get(at).cloned()) {
            return Ok(node);
        }
        self.change(|map, access| {
            let at = map.add(access, place)?;
            map.nodes.get(at).cloned().ok_or(StoreError::Disconnected)
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Map, &Access) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut map = self.map.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut changed = Map::clone(&map);
        let result = change(&mut changed, &self.access)?;
        *map = Arc::new(changed);
        Ok(result)
    }

    /// Something was not as the map says: it is looked at anew, while nobody waits for it.
    pub(super) fn suspect(self: &Arc<Self>) {
        if matches!(self.kind, Kind::Single) || self.suspected.swap(true, Ordering::Relaxed) {
            return;
        }
        let nodes = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = nodes.refresh().await {
                tracing::debug!(%error, "nobody says where the primaries are");
            }
            // Not at once again: what is down is asked for by many.
            tokio::time::sleep(REFRESH).await;
            nodes.suspected.store(false, Ordering::Relaxed);
        });
    }

    /// Asks anew who holds what, unless somebody just has.
    ///
    /// # Errors
    /// [`StoreError`] if nobody could be asked.
    pub(super) async fn refresh(&self) -> Result<(), StoreError> {
        let mut refreshed = self.refreshed.lock().await;
        if refreshed.is_some_and(|at| at.elapsed() < REFRESH) {
            return Ok(());
        }
        let asked = self.ask_all().await;
        // Only now: whoever waited for this answer need not ask again.
        *refreshed = Some(Instant::now());
        asked
    }

    async fn ask_all(&self) -> Result<(), StoreError> {
        match &self.kind {
            Kind::Single => Ok(()),
            Kind::Sentinel(sentinels) => {
                let now = sentinels.primary().await?;
                // The one before may take writes for a while that nobody will ever see again.
                self.map().nodes.iter().for_each(|node| node.forget_but(&now));
                Ok(())
            }
            Kind::Cluster(seeds) => self.ask_slots(seeds).await,
        }
    }

    /// Asks all servers that are known, and believes the one that knows of the latest change.
    async fn ask_slots(&self, seeds: &[Place]) -> Result<(), StoreError> {
        let map = self.map();
        let mut asked: Vec<Arc<Node>> = map.holders().into_iter().map(|(node, _)| Arc::clone(node)).collect();
        for seed in seeds {
            let node = self.at(seed)?;
            if !asked.iter().any(|known| Arc::ptr_eq(known, &node)) {
                asked.push(node);
            }
        }
        let mut asking = JoinSet::new();
        for node in asked {
            asking.spawn(async move { Slots::ask(&node).await });
        }
        let (mut best, mut last): (Option<Answer>, _) = (None, StoreError::Disconnected);
        let mut until: Option<tokio::time::Instant> = None;
        loop {
            let next = async {
                match until {
                    Some(until) => tokio::time::timeout_at(until, asking.join_next()).await.ok().flatten(),
                    None => asking.join_next().await,
                }
            };
            match next.await {
                Some(Ok(Ok(answer))) => {
                    // A server that stands still keeps nobody from the answers of the others.
                    if answer.works() {
                        until.get_or_insert_with(|| tokio::time::Instant::now() + self.access.timeout() / 10);
                    }
                    if best.as_ref().is_none_or(|best| answer.knows_more_than(best)) {
                        best = Some(answer);
                    }
                }
                Some(Ok(Err(error @ StoreError::Unfit(_)))) => last = error,
                Some(_) => {}
                None => break,
            }
        }
        let slots = best.ok_or(last)?.slots;
        let before = self.map();
        self.change(|map, access| {
            for bucket in Bucket::all() {
                let at = match slots.of(bucket) {
                    Some(place) => Some(map.add(access, place)?),
                    None => None,
                };
                if let (Some(of), Some(at)) = (map.of.get_mut(usize::from(bucket.number())), at) {
                    *of = Some(at);
                }
            }
            if map.nodes.len() > BUCKETS + SPARE {
                map.tidy();
            }
            Ok(())
        })?;
        let now = self.map();
        let now = now.holders();
        // Whoever holds nothing any more may be a replica, and a primary again another day: with other data then.
        let gone =
            before.holders().into_iter().filter(|(node, _)| !now.iter().any(|(held, _)| Arc::ptr_eq(held, node)));
        gone.for_each(|(node, _)| node.forget());
        Ok(())
    }
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nodes(…)")
    }
}
